//! Why the store could not do it.

use std::path::PathBuf;
use std::sync::Arc;

use super::import::ImportFault;
use super::keep::Refusal;
use super::pause::PauseCause;
use crate::model::archive::UnknownWord;

/// Why the store could not do it. Cheap to clone: one failed commit answers everyone who waited for it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened or created.
    #[error("cannot open the database {path}")]
    Open {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: Arc<sqlx::Error>,
    },
    /// A newer program has written it.
    #[error("the database {path} has schema {found}, this program knows up to {known}: use the newer program")]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// A migration failed, or is not the one that was applied.
    #[error("cannot bring the database {path} to the schema of this program")]
    Migrate {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: Arc<sqlx::migrate::MigrateError>,
    },
    /// The disk is full, failing or read-only, or another program keeps the file locked. Worth trying again later.
    #[error("the storage cannot take it: {what}")]
    Unavailable {
        /// What was attempted.
        what: &'static str,
        /// Which of the few ways in which a storage can fail.
        cause: PauseCause,
        /// Why.
        source: Arc<sqlx::Error>,
    },
    /// A query failed.
    #[error("cannot {what}")]
    Query {
        /// What was attempted.
        what: &'static str,
        /// Why.
        source: Arc<sqlx::Error>,
    },
    /// What was given has not the shape that it must have.
    #[error("{what} is {got}, expected {want}")]
    Malformed {
        /// What.
        what: &'static str,
        /// As given.
        got: String,
        /// As it must be.
        want: String,
    },
    /// The file holds a word that this program does not know.
    #[error("the database holds a word that is not known")]
    Word {
        /// Which.
        #[from]
        source: UnknownWord,
    },
    /// The file holds a text that cannot be read.
    #[error("the database holds {what} {got:?}, which cannot be read")]
    Text {
        /// What it should be.
        what: &'static str,
        /// What is there.
        got: String,
    },
    /// An import has faults; nothing was imported.
    #[error("{}", import_text(.0))]
    Import(Vec<ImportFault>),
    /// What somebody wanted is not done; nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

fn import_text(faults: &[ImportFault]) -> String {
    match faults {
        [] => "nothing was imported".to_owned(),
        [fault] => fault.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more faults)", rest.len()),
    }
}

impl StoreError {
    /// Whether the storage is at fault and not what was asked: the caller keeps its data and tries again later.
    pub fn is_storage_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// What `what` ran into.
    pub(super) fn of(what: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| {
            let cause = match &source {
                sqlx::Error::Database(error) => error
                    .code()
                    .and_then(|code| code.parse::<i32>().ok())
                    .and_then(PauseCause::of_code),
                sqlx::Error::PoolTimedOut => Some(PauseCause::Locked),
                sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => Some(PauseCause::Failing),
                _ => None,
            };
            let source = Arc::new(source);
            match cause {
                Some(cause) => Self::Unavailable { what, cause, source },
                None => Self::Query { what, source },
            }
        }
    }
}
