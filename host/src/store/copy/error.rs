//! Why a copy was not made or not put in place.

use std::path::PathBuf;

use crate::store::lock::LockError;

/// Why there is no copy. The database is as it was.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// There is no such file.
    #[error("there is no database {path}")]
    NotThere {
        /// Which.
        path: PathBuf,
    },
    /// The name is taken.
    #[error("{path} is there already: name another file, or say --force to write over it")]
    Exists {
        /// Which.
        path: PathBuf,
    },
    /// A host has the database.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Another program has the database.
    #[error("another program has the database {path} open: close it first")]
    InUse {
        /// Which.
        path: PathBuf,
    },
    /// It is no database, or not of this program.
    #[error("{path} is no database of Uzel")]
    Foreign {
        /// Which.
        path: PathBuf,
        /// Why, where SQLite says it.
        source: Option<sqlx::Error>,
    },
    /// A newer program has written it.
    #[error("the database {path} has schema {found}, this program knows up to {known}: use the newer program")]
    Newer {
        /// Which.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Its content is not in order.
    #[error("the database {path} is damaged:\n  {}", .faults.join("\n  "))]
    Damaged {
        /// Which.
        path: PathBuf,
        /// As SQLite tells them.
        faults: Vec<String>,
    },
    /// A statement failed.
    #[error("cannot {what} {path}")]
    Database {
        /// What was attempted.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why.
        source: sqlx::Error,
    },
    /// A file operation failed.
    #[error("cannot {what} {path}")]
    File {
        /// What was attempted.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
