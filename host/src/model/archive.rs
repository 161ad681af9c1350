//! Kinds of archive, and intervals.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

/// One ring of interval records in a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ArchiveKind {
    /// Intervals of an hour.
    Hourly,
    /// Intervals of a day, from report hour to report hour.
    Daily,
    /// Decades of a month: 1st, 11th, 21st.
    TenDays,
    /// Intervals of a month, from report day to report day.
    Monthly,
    /// Intervals of a year.
    Yearly,
    /// Any other fixed interval, minutes, 1 to 1440.
    EveryMinutes(u16),
}

/// What a record is: of an archive, or of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// One interval of an archive.
    Archive(ArchiveKind),
    /// What the device measured at one moment.
    Current,
    /// The device's integrators at one moment.
    Totals,
}

/// Which end of its interval a label names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelRule {
    /// The label is the start.
    IntervalStart,
    /// The label is the end.
    IntervalEnd,
    /// The row holds at one moment.
    Moment,
}

/// Why a device has no records for a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Absence {
    /// It never wrote them.
    NeverWritten,
    /// Its ring has gone past them.
    Overwritten,
    /// It was off.
    DeviceOff,
    /// It refuses to say.
    Refused,
}

/// From `start` to `end`, `end` not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Included.
    pub start: Timestamp,
    /// Not included.
    pub end: Timestamp,
}

impl Span {
    /// Whether `instant` lies in the span.
    pub fn contains(&self, instant: Timestamp) -> bool {
        self.start <= instant && instant < self.end
    }

    /// Whether all of `other` lies in the span.
    pub fn covers(&self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// A word that names no member of its list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{got:?} is no {what}, expected {expected}")]
pub struct UnknownWord {
    /// What was looked for.
    pub what: &'static str,
    /// What was given.
    pub got: String,
    /// The words that there are.
    pub expected: &'static str,
}

impl fmt::Display for ArchiveKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hourly => f.write_str("hourly"),
            Self::Daily => f.write_str("daily"),
            Self::TenDays => f.write_str("ten-days"),
            Self::Monthly => f.write_str("monthly"),
            Self::Yearly => f.write_str("yearly"),
            Self::EveryMinutes(minutes) => write!(f, "minutes-{minutes}"),
        }
    }
}

impl FromStr for ArchiveKind {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let unknown = || UnknownWord {
            what: "archive kind",
            got: word.to_owned(),
            expected: "hourly, daily, ten-days, monthly, yearly or minutes-1 to minutes-1440",
        };
        match word {
            "hourly" => Ok(Self::Hourly),
            "daily" => Ok(Self::Daily),
            "ten-days" => Ok(Self::TenDays),
            "monthly" => Ok(Self::Monthly),
            "yearly" => Ok(Self::Yearly),
            _ => {
                let minutes = word
                    .strip_prefix("minutes-")
                    .and_then(|m| m.parse().ok())
                    .ok_or_else(unknown)?;
                if (1..=1440).contains(&minutes) {
                    Ok(Self::EveryMinutes(minutes))
                } else {
                    Err(unknown())
                }
            }
        }
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Archive(kind) => kind.fmt(f),
            Self::Current => f.write_str("current"),
            Self::Totals => f.write_str("totals"),
        }
    }
}

impl FromStr for RecordKind {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "current" => Ok(Self::Current),
            "totals" => Ok(Self::Totals),
            _ => word.parse().map(Self::Archive),
        }
    }
}

impl Absence {
    /// The word that store, API and screen use.
    pub fn word(self) -> &'static str {
        match self {
            Self::NeverWritten => "never-written",
            Self::Overwritten => "overwritten",
            Self::DeviceOff => "device-off",
            Self::Refused => "refused",
        }
    }
}

impl FromStr for Absence {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        [Self::NeverWritten, Self::Overwritten, Self::DeviceOff, Self::Refused]
            .into_iter()
            .find(|absence| absence.word() == word)
            .ok_or_else(|| UnknownWord {
                what: "absence",
                got: word.to_owned(),
                expected: "never-written, overwritten, device-off or refused",
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back() {
        for word in [
            "hourly",
            "daily",
            "ten-days",
            "monthly",
            "yearly",
            "minutes-30",
            "current",
            "totals",
        ] {
            assert_eq!(word.parse::<RecordKind>().unwrap().to_string(), word);
        }
        for word in ["", "hour", "minutes-0", "minutes-1441", "minutes-x"] {
            assert!(word.parse::<RecordKind>().is_err(), "{word}");
        }
    }
}
