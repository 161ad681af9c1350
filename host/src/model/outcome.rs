//! How a session ends: a closed list, so that each failure tells whom to call.

use super::archive::UnknownWord;

macro_rules! outcomes {
    ($($(#[$doc:meta])* $member:ident = $word:literal,)+) => {
        /// How a session ended.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Outcome { $($(#[$doc])* $member,)+ }

        impl Outcome {
            /// Every outcome.
            pub const ALL: &[Self] = &[$(Self::$member,)+];

            /// The word that store, API and screen use.
            pub fn word(self) -> &'static str {
                match self { $(Self::$member => $word,)+ }
            }
        }
    };
}

outcomes! {
    /// Everything that was asked was given.
    Complete = "complete",
    /// Something that was asked was not given; the rest is stored.
    Partial = "partial",
    /// The address cannot be reached, or the port is not there.
    NoRoute = "no-route",
    /// The far end refused the connection, or the port is taken by another program.
    LineRefused = "line-refused",
    /// Someone else uses the line: an engaged number, a converter that serves another.
    LineBusy = "line-busy",
    /// The far modem took the call and gave no carrier, or lost it while dialling.
    NoCarrier = "no-carrier",
    /// The far modem does not answer the call, or has not called in.
    ModemSilent = "modem-silent",
    /// No modem of ours can call: it does not answer, or has no network.
    ModemFault = "modem-fault",
    /// The line was closed in the middle.
    LineClosed = "line-closed",
    /// The line is open, the meter silent.
    NoAnswer = "no-answer",
    /// Bytes came that no retry made whole.
    Garbled = "garbled",
    /// Another device answered.
    WrongDevice = "wrong-device",
    /// The device answered with a refusal.
    Refused = "refused",
    /// The driver or the model cannot do what was asked.
    Unsupported = "unsupported",
    /// The configuration of the device is not usable.
    BadConfig = "bad-config",
    /// The driver's code trapped.
    DriverTrap = "driver-trap",
    /// The driver broke the contract, or there is no such driver.
    DriverFault = "driver-fault",
    /// The driver used up its processor time.
    LimitCpu = "limit-cpu",
    /// The driver asked for more memory than it may have.
    LimitMemory = "limit-memory",
    /// The session took longer than it may.
    LimitTime = "limit-time",
    /// More bytes than a session may move.
    LimitBytes = "limit-bytes",
    /// More rows or events than a session may give.
    LimitRows = "limit-rows",
    /// More log lines and notes than a session may write.
    LimitLog = "limit-log",
    /// Too many sessions are open at once.
    NoSlot = "no-slot",
    /// A person or the shutdown stopped it.
    Cancelled = "cancelled",
    /// The store could not take the records.
    Storage = "storage",
    /// The host ended in the middle; found at the next start.
    Interrupted = "interrupted",
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

impl std::str::FromStr for Outcome {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .iter()
            .copied()
            .find(|outcome| outcome.word() == word)
            .ok_or_else(|| UnknownWord {
                what: "outcome",
                got: word.to_owned(),
                expected: "one of the list in model/outcome.rs",
            })
    }
}

impl Outcome {
    /// Whether the driver is to blame: such sessions count against its version.
    pub fn blames_driver(self) -> bool {
        matches!(
            self,
            Self::DriverTrap
                | Self::DriverFault
                | Self::LimitCpu
                | Self::LimitMemory
                | Self::LimitBytes
                | Self::LimitRows
                | Self::LimitLog
        )
    }

    /// Whether the meter never came to speak.
    pub fn is_no_connection(self) -> bool {
        matches!(
            self,
            Self::NoRoute
                | Self::LineRefused
                | Self::LineBusy
                | Self::NoCarrier
                | Self::ModemSilent
                | Self::ModemFault
                | Self::LineClosed
                | Self::NoAnswer
                | Self::Garbled
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back() {
        for outcome in Outcome::ALL {
            assert_eq!(outcome.word().parse(), Ok(*outcome));
        }
    }
}
