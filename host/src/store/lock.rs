//! One host a database: a lock that the kernel takes back when the host ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// Held by the host that polls, and by what must not run beside one. The file of the lock stays; only the lock on it
/// says something.
#[derive(Debug)]
pub struct HostLock {
    _file: File,
}

/// The lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody has it.
    #[error("a host uses the database {path}: stop it first")]
    Taken {
        /// Of the database.
        path: PathBuf,
    },
    /// The file of the lock cannot be made or locked.
    #[error("cannot lock {path}")]
    File {
        /// Of the lock.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl HostLock {
    /// Takes the lock of the database at `path`, or says at once that somebody has it.
    pub fn take(path: &Path) -> Result<Self, LockError> {
        let name = beside(path, ".lock");
        let failed = |source| LockError::File {
            path: name.clone(),
            source,
        };
        let mut options = OpenOptions::new();
        let file = options
            .create(true)
            .truncate(false)
            .write(true)
            .open(&name)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Taken { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

/// The file beside `path` whose name goes on with `ending`.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
