//! The file of a portable reading: a zip of fixed names, each bounded, none trusted before its digest is.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};

use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::manifest::{FORMAT, FileSum, Manifest, VERSION};
use super::{Reading, read, rows};
use crate::foreign::unprintable;
use crate::limits;
use crate::signing::{KeyError, Signer, Verdict, verify};

const MANIFEST: &str = "manifest.json";
const SIGNATURE: &str = "manifest.json.minisig";
const RECORDS: &str = "records.jsonl";
const EVENTS: &str = "events.jsonl";
const SETTINGS: &str = "settings.jsonl";
const ABSENCES: &str = "absences.jsonl";
const TRACE: &str = "trace.txt";

/// Every name that a package may have.
const NAMES: [&str; 7] = [MANIFEST, SIGNATURE, RECORDS, EVENTS, SETTINGS, ABSENCES, TRACE];

/// Why a package is refused, or cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The whole file is too large.
    #[error("the package has {got} bytes, at most {} may be", limits::PACKAGE_BYTES)]
    Size {
        /// Its size.
        got: usize,
    },
    /// It is no zip.
    #[error("the file is no package: {text}")]
    Zip {
        /// What is wrong.
        text: String,
    },
    /// A file that no package has.
    #[error("the package has a file {got:?}, expected only {}", NAMES.join(", "))]
    Name {
        /// Its name.
        got: String,
    },
    /// The same file twice, or more files than there are names.
    #[error("the package has {got} files, at most {} may be", NAMES.len())]
    Many {
        /// How many.
        got: usize,
    },
    /// A file unpacks to too much.
    #[error("{name} unpacks to more than {} bytes", limits::PACKAGE_FILE_BYTES)]
    Large {
        /// Which.
        name: String,
    },
    /// A file is not there.
    #[error("the package has no {name}")]
    Missing {
        /// Which.
        name: String,
    },
    /// Nobody signed it.
    #[error("the package is not signed, expected {SIGNATURE} by one of the keys of import.keys")]
    Unsigned,
    /// Somebody signed it whom nobody here trusts.
    #[error("the package is signed by key {id}, which is not among import.keys")]
    Untrusted {
        /// His key.
        id: String,
    },
    /// The signature is not of this manifest.
    #[error("the signature is not over this {MANIFEST}: {text}")]
    Signature {
        /// What is wrong.
        text: String,
    },
    /// A key of ours cannot be used.
    #[error("a key cannot be used")]
    Key(#[from] KeyError),
    /// Written by another program, or another version.
    #[error("{MANIFEST} is of {format:?} version {version}, expected {FORMAT:?} version {VERSION}")]
    Version {
        /// Its format.
        format: String,
        /// Its version.
        version: String,
    },
    /// A text in the manifest would do more than stand there when a screen shows it.
    #[error("{MANIFEST} has control characters in {text:?}")]
    Control {
        /// The text.
        text: String,
    },
    /// The manifest cannot be read.
    #[error("{MANIFEST} cannot be read")]
    Manifest {
        /// Why.
        source: serde_json::Error,
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
    /// A file that the manifest does not name.
    #[error("{name} is not named in {MANIFEST}")]
    NotNamed {
        /// Which.
        name: String,
    },
    /// A line of a file is wrong.
    #[error("{name}, line {line}: {text}")]
    Line {
        /// Which file.
        name: &'static str,
        /// From 1.
        line: usize,
        /// What is wrong.
        text: String,
    },
}

/// Whose packages are taken.
#[derive(Debug, Clone, Copy)]
pub enum Trust<'a> {
    /// Those that one of these keys signed.
    Keys(&'a [String]),
    /// Also those that nobody signed.
    KeysOrUnsigned(&'a [String]),
    /// Anybody's: nothing is stored.
    Anybody,
}

/// A package that was taken.
#[derive(Debug)]
pub struct Package {
    /// Who, when, where.
    pub manifest: Manifest,
    /// SHA-256 of the manifest: the package's identity.
    pub digest: String,
    /// The trusted key that signed it.
    pub signed_by: Option<String>,
    /// What was read.
    pub reading: Reading,
}

/// SHA-256 in hex.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of a package. `manifest.files` is filled in.
pub fn pack(mut manifest: Manifest, reading: &Reading, signer: Option<&Signer>) -> Result<Vec<u8>, PackageError> {
    FORMAT.clone_into(&mut manifest.format);
    manifest.version = VERSION;
    let mut files = BTreeMap::from([
        (RECORDS, rows::write_tables(&reading.tables)),
        (EVENTS, rows::write_events(&reading.events)),
        (SETTINGS, rows::write_settings(&reading.settings)),
        (ABSENCES, rows::write_absences(&reading.absent)),
        (TRACE, reading.trace.clone().into_bytes()),
    ]);
    let sum = |bytes: &Vec<u8>| FileSum {
        bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        sha256: digest(bytes),
    };
    manifest.files = files
        .iter()
        .map(|(name, bytes)| ((*name).to_owned(), sum(bytes)))
        .collect();
    let text = serde_json::to_vec_pretty(&manifest).map_err(|source| PackageError::Manifest { source })?;
    if let Some(signer) = signer {
        files.insert(SIGNATURE, signer.sign(&text, "reading of a meter")?.into_bytes());
    }
    files.insert(MANIFEST, text);
    if let Some((name, _)) = files.iter().find(|(_, bytes)| bytes.len() > limits::PACKAGE_FILE_BYTES) {
        let name = (*name).to_owned();
        return Err(PackageError::Large { name });
    }
    let packed = zipped(&files).map_err(zip_fault)?;
    if packed.len() > limits::PACKAGE_BYTES {
        return Err(PackageError::Size { got: packed.len() });
    }
    Ok(packed)
}

fn zipped(files: &BTreeMap<&str, Vec<u8>>) -> Result<Vec<u8>, zip::result::ZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name, SimpleFileOptions::default())?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

fn zip_fault(error: impl std::fmt::Display) -> PackageError {
    PackageError::Zip {
        text: error.to_string(),
    }
}

/// Reads a package and checks all of it. Nothing of a refused package is given.
pub fn unpack(bytes: &[u8], trust: Trust<'_>) -> Result<Package, PackageError> {
    if bytes.len() > limits::PACKAGE_BYTES {
        return Err(PackageError::Size { got: bytes.len() });
    }
    let files = unzipped(bytes)?;
    let missing = |name: &str| PackageError::Missing { name: name.to_owned() };
    let manifest_text = files.get(MANIFEST).ok_or_else(|| missing(MANIFEST))?;
    let signed_by = judge(manifest_text, files.get(SIGNATURE).map(Vec::as_slice), trust)?;
    let manifest = manifest(manifest_text)?;
    for name in files.keys().filter(|name| !matches!(**name, MANIFEST | SIGNATURE)) {
        if !manifest.files.contains_key(*name) {
            return Err(PackageError::NotNamed {
                name: (*name).to_owned(),
            });
        }
    }
    for (name, sum) in &manifest.files {
        let bytes = files.get(name.as_str()).ok_or_else(|| missing(name))?;
        let got = digest(bytes);
        if got != sum.sha256 {
            let (name, want) = (name.clone(), sum.sha256.clone());
            return Err(PackageError::Digest { name, got, want });
        }
    }
    let file = |name: &'static str| {
        let bytes = files.get(name).ok_or_else(|| missing(name))?;
        std::str::from_utf8(bytes).map_err(|error| PackageError::Line {
            name,
            line: bytes.iter().take(error.valid_up_to()).filter(|b| **b == b'\n').count() + 1,
            text: error.to_string(),
        })
    };
    let trace = file(TRACE)?;
    if trace.len() > limits::TRACE_FILE_BYTES {
        let text = format!("{} bytes, at most {} may be", trace.len(), limits::TRACE_FILE_BYTES);
        let (name, line) = (TRACE, 1);
        return Err(PackageError::Line { name, line, text });
    }
    let of = |name| move |(line, text)| PackageError::Line { name, line, text };
    let reading = Reading {
        tables: read::tables(file(RECORDS)?).map_err(of(RECORDS))?,
        events: read::events(file(EVENTS)?).map_err(of(EVENTS))?,
        settings: read::settings(file(SETTINGS)?).map_err(of(SETTINGS))?,
        absent: read::absences(file(ABSENCES)?).map_err(of(ABSENCES))?,
        trace: trace.to_owned(),
    };
    Ok(Package {
        digest: digest(manifest_text),
        manifest,
        signed_by,
        reading,
    })
}

/// The files by their names, each read up to its bound whatever the zip says of its length.
fn unzipped(bytes: &[u8]) -> Result<BTreeMap<&'static str, Vec<u8>>, PackageError> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(zip_fault)?;
    if zip.len() > NAMES.len() {
        return Err(PackageError::Many { got: zip.len() });
    }
    let mut files = BTreeMap::new();
    for index in 0..zip.len() {
        let file = zip.by_index(index).map_err(zip_fault)?;
        let got = String::from_utf8_lossy(file.name_raw()).into_owned();
        let Some(name) = NAMES.into_iter().find(|name| *name == got) else {
            return Err(PackageError::Name { got });
        };
        let most = u64::try_from(limits::PACKAGE_FILE_BYTES).unwrap_or(u64::MAX);
        let mut content = Vec::new();
        file.take(most + 1).read_to_end(&mut content).map_err(zip_fault)?;
        if content.len() > limits::PACKAGE_FILE_BYTES {
            return Err(PackageError::Large { name: got });
        }
        if files.insert(name, content).is_some() {
            return Err(PackageError::Many { got: zip.len() });
        }
    }
    Ok(files)
}

/// The trusted key that signed; none when nobody did and that is allowed.
fn judge(manifest: &[u8], signature: Option<&[u8]>, trust: Trust<'_>) -> Result<Option<String>, PackageError> {
    let (keys, unsigned) = match trust {
        Trust::Anybody => return Ok(None),
        Trust::Keys(keys) => (keys, false),
        Trust::KeysOrUnsigned(keys) => (keys, true),
    };
    let Some(signature) = signature else {
        return if unsigned {
            Ok(None)
        } else {
            Err(PackageError::Unsigned)
        };
    };
    let signature = String::from_utf8_lossy(signature);
    match verify(manifest, &signature, keys)? {
        Verdict::Signed(id) => Ok(Some(id)),
        Verdict::Unknown(id) => Err(PackageError::Untrusted { id }),
        Verdict::Broken(text) => Err(PackageError::Signature { text }),
    }
}

fn manifest(text: &[u8]) -> Result<Manifest, PackageError> {
    let fault = |source| PackageError::Manifest { source };
    let plain: serde_json::Value = serde_json::from_slice(text).map_err(fault)?;
    let (format, version) = (&plain["format"], &plain["version"]);
    if format != FORMAT || version != VERSION {
        return Err(PackageError::Version {
            format: format.as_str().unwrap_or_default().to_owned(),
            version: version.to_string(),
        });
    }
    if let Some(text) = unprintable(&plain) {
        let text = text.chars().take(60).collect();
        return Err(PackageError::Control { text });
    }
    serde_json::from_value(plain).map_err(fault)
}
