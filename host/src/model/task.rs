//! What a session is asked to do.

use std::fmt;
use std::str::FromStr;

use super::archive::{ArchiveKind, UnknownWord};

/// One thing to read from a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Task {
    /// The clock beside ours.
    Clock,
    /// What it measures now.
    Current,
    /// Its integrators.
    Totals,
    /// The gaps of one archive.
    Archive(ArchiveKind),
    /// Its own journal.
    Events,
    /// Its settings.
    Settings,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clock => f.write_str("clock"),
            Self::Current => f.write_str("current"),
            Self::Totals => f.write_str("totals"),
            Self::Archive(kind) => kind.fmt(f),
            Self::Events => f.write_str("events"),
            Self::Settings => f.write_str("settings"),
        }
    }
}

impl FromStr for Task {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "clock" => Ok(Self::Clock),
            "current" => Ok(Self::Current),
            "totals" => Ok(Self::Totals),
            "events" => Ok(Self::Events),
            "settings" => Ok(Self::Settings),
            _ => word.parse().map(Self::Archive).map_err(|_| UnknownWord {
                what: "task",
                got: word.to_owned(),
                expected: "clock, current, totals, events, settings or an archive kind (hourly, daily, monthly, …)",
            }),
        }
    }
}

/// Why a session was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Its time had come.
    Schedule,
    /// A person or program asked for it.
    ReadNow,
    /// Somebody's own program talks to the device.
    Tunnel,
    /// Somebody looks at it to change it, or changes it.
    Control,
    /// It was read at the site without a line to here, and brought by hand.
    ByHand,
}

impl Reason {
    /// The word that store, API and screen use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::ReadNow => "read-now",
            Self::Tunnel => "tunnel",
            Self::Control => "control",
            Self::ByHand => "by-hand",
        }
    }
}
