//! Driver packages: a component, what it says of itself, the vendor's recordings and documents, and his signature, in one
//! file. `docs/driver-package.md` describes the format.

mod archive;
mod folder;
mod manifest;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

pub use archive::{pack, unpack};
pub use folder::read_folder;
pub use manifest::{ASKABLE, FORMAT, FORMAT_VERSION, FileSum, Manifest, Text, version};

use crate::limits;
use crate::signing::KeyError;

/// The manifest's name.
pub const MANIFEST: &str = "manifest.json";

/// Its signature's.
pub const SIGNATURE: &str = "manifest.json.minisig";

/// The component's.
pub const COMPONENT: &str = "driver.wasm";

/// The folder of recordings: readings as `uzel read --save` writes them.
pub const RECORDINGS: &str = "recordings/";

/// The folder of documents.
pub const DOCUMENTS: &str = "docs/";

/// The report of the conformance kit.
pub const REPORT: &str = "report.json";

/// What a package file is called.
pub const ENDING: &str = "uzel-driver";

/// A package whose files are those that its manifest names. Who signed it is for others to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// What it says of itself.
    pub manifest: Manifest,
    /// The bytes that are signed.
    pub signed: Vec<u8>,
    /// Text of the signature.
    pub signature: Option<String>,
    /// Every file but manifest and signature, by its name.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Package {
    /// The component.
    pub fn component(&self) -> &[u8] {
        self.files.get(COMPONENT).map(Vec::as_slice).unwrap_or_default()
    }

    /// The bytes of a package file with the same manifest and signature.
    ///
    /// # Errors
    /// It is too large.
    pub fn to_bytes(&self) -> Result<Vec<u8>, PackageError> {
        archive::zipped(&self.files, &self.signed, self.signature.as_deref())
    }

    /// The recordings, by name.
    pub fn recordings(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let files = self.files.iter();
        files.filter_map(|(name, bytes)| Some((name.strip_prefix(RECORDINGS)?, bytes.as_slice())))
    }

    /// Takes files for a package, after its bounds and its manifest.
    ///
    /// # Errors
    /// The first thing that is wrong.
    fn of(mut files: BTreeMap<String, Vec<u8>>) -> Result<Self, PackageError> {
        let missing = |name: &str| PackageError::Missing { name: name.to_owned() };
        let signed = files.remove(MANIFEST).ok_or_else(|| missing(MANIFEST))?;
        let signature = files.remove(SIGNATURE);
        let signature = signature.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let manifest = Manifest::parse(&signed)?;
        if let Some(name) = files.keys().find(|name| !manifest.files.contains_key(*name)) {
            return Err(PackageError::NotNamed { name: name.clone() });
        }
        for (name, want) in &manifest.files {
            let bytes = files.get(name).ok_or_else(|| missing(name))?;
            let got = sum(bytes);
            if got != *want {
                return Err(PackageError::Digest {
                    name: name.clone(),
                    got: got.sha256,
                    want: want.sha256.clone(),
                });
            }
        }
        if !files.contains_key(COMPONENT) {
            return Err(missing(COMPONENT));
        }
        Ok(Self {
            manifest,
            signed,
            signature,
            files,
        })
    }
}

/// Length and digest of a file.
pub fn sum(bytes: &[u8]) -> FileSum {
    FileSum {
        bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        sha256: Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// Whether a package may have a file of this name, and how long that may be.
fn bound(name: &str) -> Result<usize, PackageError> {
    let refused = || PackageError::Name {
        got: name.chars().take(120).collect(),
    };
    let is_plain = |part: &str| {
        let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        !part.is_empty() && part.len() <= 80 && !part.starts_with('.') && part.bytes().all(is_name)
    };
    match name {
        MANIFEST => return Ok(limits::DRIVER_MANIFEST_BYTES),
        SIGNATURE => return Ok(4_096),
        COMPONENT => return Ok(limits::COMPONENT_BYTES),
        REPORT => return Ok(1 << 20),
        _ => {}
    }
    let of = |folder| name.strip_prefix(folder).is_some_and(is_plain);
    if of(RECORDINGS) {
        Ok(limits::PACKAGE_BYTES)
    } else if of(DOCUMENTS) {
        Ok(limits::DRIVER_DOCUMENT_BYTES)
    } else {
        Err(refused())
    }
}

/// Why a package is refused, or cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The whole file is too large.
    #[error("the package has {got} bytes, at most {} may be", limits::DRIVER_PACKAGE_BYTES)]
    Size {
        /// Its size.
        got: u64,
    },
    /// It is no zip.
    #[error("the file is no driver package: {text}")]
    Zip {
        /// What is wrong.
        text: String,
    },
    /// A file or folder could not be read.
    #[error("{file}")]
    Read {
        /// Which.
        file: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A name that no package has.
    #[error(
        "the package has a file {got:?}, expected only {MANIFEST}, {SIGNATURE}, {COMPONENT}, {REPORT}, and plain names \
         in {RECORDINGS} and {DOCUMENTS}"
    )]
    Name {
        /// The name.
        got: String,
    },
    /// Something else than a file.
    #[error("{name} is a link or a device, expected a plain file")]
    NotPlain {
        /// Which.
        name: String,
    },
    /// The same name twice.
    #[error("the package has {name} twice")]
    Twice {
        /// Which.
        name: String,
    },
    /// Too many files.
    #[error("the package has {got} files, at most {} may be", limits::DRIVER_PACKAGE_FILES)]
    Many {
        /// How many.
        got: usize,
    },
    /// A file unpacks to too much.
    #[error("{name} has more than {most} bytes")]
    Large {
        /// Which.
        name: String,
        /// How many it may have.
        most: usize,
    },
    /// All files together unpack to too much.
    #[error("the package unpacks to more than {} bytes", limits::DRIVER_UNPACKED_BYTES)]
    Unpacked,
    /// A file is not there.
    #[error("the package has no {name}")]
    Missing {
        /// Which.
        name: String,
    },
    /// A file that the manifest does not name.
    #[error("{name} is not named in {MANIFEST}")]
    NotNamed {
        /// Which.
        name: String,
    },
    /// A file is not the one that the manifest names.
    #[error("{name} has SHA-256 {got}, {MANIFEST} says {want}")]
    Digest {
        /// Which.
        name: String,
        /// As it is.
        got: String,
        /// As it must be.
        want: String,
    },
    /// The manifest cannot be read.
    #[error("{MANIFEST} cannot be read: {text}")]
    Manifest {
        /// Why.
        text: String,
    },
    /// The manifest is of another program.
    #[error("{MANIFEST} is of {format:?} version {version}, expected {FORMAT:?} version {FORMAT_VERSION}")]
    Format {
        /// Its format.
        format: String,
        /// Its version.
        version: String,
    },
    /// The manifest says the right things in another form.
    #[error("{MANIFEST} is not in its canonical form: sorted keys, no spaces, one line feed at the end")]
    NotCanonical,
    /// A word of the manifest is none.
    #[error("{MANIFEST}: {key} is {got:?}, expected {want}")]
    Field {
        /// Which.
        key: &'static str,
        /// What it says.
        got: String,
        /// What may stand.
        want: &'static str,
    },
    /// It could not be signed.
    #[error("the package could not be signed")]
    Sign(#[from] KeyError),
}
