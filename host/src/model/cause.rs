//! Where a failed session is to be mended: a closed list of groups of outcomes.

use super::Outcome;
use super::archive::UnknownWord;

/// Whom to call when a session failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The way to the meter: network, converter, port.
    Line,
    /// A modem, ours or that of the meter, or its operator.
    Modem,
    /// The line is open, and the meter says nothing: power, wiring, address, speed.
    MeterSilent,
    /// The meter answers with a refusal: password, access, something that it does not have.
    MeterRefuses,
    /// Answers come damaged: interference, collisions, settings of the line.
    Garbled,
    /// Another device answers than the one expected.
    WrongDevice,
    /// The driver.
    Driver,
    /// A limit that was set: time, bytes, memory, sessions at once.
    Limit,
    /// A person, or the shutdown of the host.
    Cancelled,
    /// The host: its configuration, its storage, its end.
    Host,
}

impl Cause {
    /// Every cause.
    pub const ALL: &[Self] = &[
        Self::Line,
        Self::Modem,
        Self::MeterSilent,
        Self::MeterRefuses,
        Self::Garbled,
        Self::WrongDevice,
        Self::Driver,
        Self::Limit,
        Self::Cancelled,
        Self::Host,
    ];

    /// The word that API and screen use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Modem => "modem",
            Self::MeterSilent => "meter-silent",
            Self::MeterRefuses => "meter-refuses",
            Self::Garbled => "garbled",
            Self::WrongDevice => "wrong-device",
            Self::Driver => "driver",
            Self::Limit => "limit",
            Self::Cancelled => "cancelled",
            Self::Host => "host",
        }
    }

    /// Whether it says nothing of the device and the way to it: such sessions do not count when either is judged.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Cancelled | Self::Host)
    }
}

impl std::str::FromStr for Cause {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .iter()
            .copied()
            .find(|cause| cause.word() == word)
            .ok_or_else(|| UnknownWord {
                what: "cause",
                got: word.to_owned(),
                expected: "one of the list in model/cause.rs",
            })
    }
}

impl Outcome {
    /// Where it is to be mended; none: the session gave what was asked, or the part of it that the meter has.
    pub fn cause(self) -> Option<Cause> {
        Some(match self {
            Self::Complete | Self::Partial => return None,
            Self::NoRoute | Self::LineRefused | Self::LineBusy | Self::LineClosed => Cause::Line,
            Self::NoCarrier | Self::ModemSilent | Self::ModemFault => Cause::Modem,
            Self::NoAnswer => Cause::MeterSilent,
            Self::Refused => Cause::MeterRefuses,
            Self::Garbled => Cause::Garbled,
            Self::WrongDevice => Cause::WrongDevice,
            Self::Unsupported | Self::DriverTrap | Self::DriverFault => Cause::Driver,
            Self::LimitCpu
            | Self::LimitMemory
            | Self::LimitTime
            | Self::LimitBytes
            | Self::LimitRows
            | Self::LimitLog
            | Self::NoSlot => Cause::Limit,
            Self::Cancelled => Cause::Cancelled,
            Self::BadConfig | Self::Storage | Self::Interrupted => Cause::Host,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_an_outcome_and_its_word_comes_back() {
        for cause in Cause::ALL {
            assert_eq!(cause.word().parse(), Ok(*cause));
            assert!(
                Outcome::ALL.iter().any(|outcome| outcome.cause() == Some(*cause)),
                "{cause:?}"
            );
        }
    }
}
