//! Why the storage takes nothing, and since when.

use jiff::Timestamp;
use tokio::sync::watch;

/// Why the storage takes nothing: a closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseCause {
    /// There is no room left.
    Full,
    /// Another program keeps the file locked.
    Locked,
    /// The file or its file system can only be read.
    ReadOnly,
    /// Reading or writing fails, or the file is not there any more.
    Failing,
}

impl PauseCause {
    /// Every cause.
    pub const ALL: &[Self] = &[Self::Full, Self::Locked, Self::ReadOnly, Self::Failing];

    /// The word that the API and the log use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Locked => "locked",
            Self::ReadOnly => "read-only",
            Self::Failing => "failing",
        }
    }

    /// The cause behind a result code of SQLite (<https://www.sqlite.org/rescode.html>); none when the code speaks of
    /// the query and not of the storage.
    pub(super) fn of_code(code: i32) -> Option<Self> {
        match code & 0xff {
            // FULL.
            13 => Some(Self::Full),
            // BUSY, LOCKED.
            5 | 6 => Some(Self::Locked),
            // READONLY.
            8 => Some(Self::ReadOnly),
            // NOMEM, IOERR, CANTOPEN.
            7 | 10 | 14 => Some(Self::Failing),
            _ => None,
        }
    }
}

/// The storage takes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Why.
    pub cause: PauseCause,
    /// What the last try ran into.
    pub detail: String,
    /// When the first write was refused.
    pub since: Timestamp,
}

/// The state as those who wait for it see it; none: writes succeed.
pub(super) type State = watch::Receiver<Option<Pause>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_sqlite_that_speak_of_the_storage_have_a_cause() {
        // SQLITE_FULL, SQLITE_BUSY_SNAPSHOT, SQLITE_READONLY_DBMOVED, SQLITE_IOERR_WRITE, SQLITE_CONSTRAINT_UNIQUE.
        let causes = [13, 517, 1_032, 778, 2_067].map(|code| PauseCause::of_code(code).map(PauseCause::word));
        assert_eq!(
            causes,
            [Some("full"), Some("locked"), Some("read-only"), Some("failing"), None]
        );
    }
}
