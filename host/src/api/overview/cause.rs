//! Why a node is in its state.

use jiff::Timestamp;

use crate::model::{ArchiveKind, Outcome, RecordKind};
use crate::store::query::{Abnormal, Failing, Situation};

/// Why a node is in its state, as a code with what belongs to it: the client has the words.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::api) enum Cause {
    /// Sessions end so.
    Outcome {
        /// How.
        outcome: Outcome,
        /// What exactly was wrong.
        detail: Option<String>,
        /// Sessions since the last that brought something.
        attempts: u32,
        /// Version of the driver of the last of them.
        driver_version: String,
        /// Name and address of the line.
        line: (String, String),
        /// End of the last session that brought something.
        contact_at: Option<Timestamp>,
        /// The last of them.
        session: i64,
    },
    /// An archive ends too long ago.
    Late {
        /// Which.
        archive: ArchiveKind,
        /// Where it ends.
        last_end: Timestamp,
        /// How the last session ended that brought nothing, when it did.
        outcome: Option<Outcome>,
    },
    /// No session has brought anything yet.
    NeverRead {
        /// How the last session ended; none: there was none.
        outcome: Option<Outcome>,
        /// What exactly was wrong.
        detail: Option<String>,
    },
    /// The newest record has abnormal situations.
    Abnormal {
        /// Of which archive.
        archive: RecordKind,
        /// Start and end of the record.
        interval: (Timestamp, Timestamp),
        /// The session that brought it.
        session: i64,
        /// In the order of the record, at least one.
        situations: Vec<Situation>,
    },
    /// It has no device that is polled.
    NoDevice,
    /// Nothing is wrong.
    Nothing,
}

impl Cause {
    pub(super) fn failing(failing: &Failing, attempts: u32) -> Self {
        Self::Outcome {
            outcome: failing.outcome,
            detail: failing.detail.clone(),
            attempts,
            driver_version: failing.driver_version.clone(),
            line: failing.line.clone(),
            contact_at: failing.contact_at,
            session: failing.session,
        }
    }

    pub(super) fn abnormal(abnormal: &Abnormal) -> Self {
        Self::Abnormal {
            archive: abnormal.kind,
            interval: (abnormal.starts_at, abnormal.ends_at),
            session: abnormal.session,
            situations: abnormal.situations.clone(),
        }
    }

    /// The code.
    pub(in crate::api) fn code(&self) -> &'static str {
        match self {
            Self::Outcome { .. } => "outcome",
            Self::Late { .. } => "late",
            Self::NeverRead { .. } => "never-read",
            Self::Abnormal { .. } => "abnormal",
            Self::NoDevice => "no-device",
            Self::Nothing => "nothing",
        }
    }

    /// What tells this trouble from another of the same state: who knows of the one does not know of the other.
    pub(in crate::api) fn occurrence(&self) -> String {
        match self {
            // An address that is now unreachable and now silent is one trouble.
            Self::Outcome { outcome, .. } if outcome.is_no_connection() => "no-connection".to_owned(),
            Self::Outcome { outcome, .. } => outcome.word().to_owned(),
            Self::Abnormal { situations, .. } => {
                let mut words: Vec<&str> = situations.iter().map(word).collect();
                words.sort_unstable();
                words.dedup();
                words.join(" ")
            }
            other => other.code().to_owned(),
        }
    }
}

fn word(situation: &Situation) -> &str {
    situation.category.as_deref().unwrap_or(&situation.code)
}
