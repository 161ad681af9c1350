//! `uzel key`: keys that sign readings.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::signing::{self, KeyError};

/// Why there is no new key.
#[derive(Debug, thiserror::Error)]
pub enum NewKeyError {
    /// None could be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It could not be kept. A key that is there is never written over.
    #[error("key file {file}")]
    Write {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Makes a key: the secret one in `file`, for its owner only, the public one beside it and on `out`.
pub fn new(file: &Path, out: &mut (dyn Write + Send)) -> Result<(), NewKeyError> {
    let (secret, public, line) = signing::new_key()?;
    let mut beside = file.as_os_str().to_owned();
    beside.push(".pub");
    let beside = PathBuf::from(beside);
    write(file, &secret, 0o600)?;
    write(&beside, &public, 0o644)?;
    writeln!(
        out,
        "{} keeps the secret key: whoever has it signs in your name\n\
         whoever is to take your readings puts the public key into his configuration:\n\n[import]\nkeys = [\"{line}\"]",
        file.display()
    )
    .map_err(|source| NewKeyError::Write {
        file: file.to_owned(),
        source,
    })
}

fn write(file: &Path, text: &str, mode: u32) -> Result<(), NewKeyError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(mode).open(file);
    opened
        .and_then(|mut opened| opened.write_all(text.as_bytes()))
        .map_err(|source| NewKeyError::Write {
            file: file.to_owned(),
            source,
        })
}
