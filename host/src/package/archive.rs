//! The package as a zip: names from a short list, each file bounded whatever the zip says of it.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::{MANIFEST, Manifest, Package, PackageError, SIGNATURE, bound, sum};
use crate::limits;
use crate::signing::Signer;

/// The bits of a Unix mode that say what an entry is, and those of a plain file.
const KIND: u32 = 0o170_000;
const PLAIN: u32 = 0o100_000;

/// Makes a package of `files`, signed when there is a signer. `manifest.files` is filled in.
///
/// # Errors
/// A name or a length that no package may have.
pub fn pack(
    mut manifest: Manifest,
    files: &BTreeMap<String, Vec<u8>>,
    signer: Option<&Signer>,
) -> Result<Vec<u8>, PackageError> {
    manifest.files = files.iter().map(|(name, bytes)| (name.clone(), sum(bytes))).collect();
    let signed = manifest.canonical()?;
    Manifest::parse(&signed)?;
    for (name, bytes) in files {
        let most = bound(name)?;
        if bytes.len() > most {
            let name = name.clone();
            return Err(PackageError::Large { name, most });
        }
    }
    let signature = signer
        .map(|signer| signer.sign(&signed, "driver of a meter"))
        .transpose()?;
    zipped(files, &signed, signature.as_deref())
}

/// The zip of these files with manifest and signature.
pub(super) fn zipped(
    files: &BTreeMap<String, Vec<u8>>,
    signed: &[u8],
    signature: Option<&str>,
) -> Result<Vec<u8>, PackageError> {
    let mut all: BTreeMap<&str, &[u8]> = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    all.insert(MANIFEST, signed);
    all.extend(signature.map(|signature| (SIGNATURE, signature.as_bytes())));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in all {
        zip.start_file(name, SimpleFileOptions::default()).map_err(fault)?;
        zip.write_all(bytes).map_err(fault)?;
    }
    let packed = zip.finish().map_err(fault)?.into_inner();
    if packed.len() > limits::DRIVER_PACKAGE_BYTES {
        let got = u64::try_from(packed.len()).unwrap_or(u64::MAX);
        return Err(PackageError::Size { got });
    }
    Ok(packed)
}

fn fault(error: impl std::fmt::Display) -> PackageError {
    PackageError::Zip {
        text: error.to_string(),
    }
}

/// Reads the bytes of a package file.
///
/// # Errors
/// The first thing that is wrong; nothing of such a file is given.
pub fn unpack(bytes: &[u8]) -> Result<Package, PackageError> {
    if bytes.len() > limits::DRIVER_PACKAGE_BYTES {
        let got = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        return Err(PackageError::Size { got });
    }
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(fault)?;
    if zip.len() > limits::DRIVER_PACKAGE_FILES {
        return Err(PackageError::Many { got: zip.len() });
    }
    // The reader keeps the last of two entries with one name; their count in the directory tells.
    let listed = entries(bytes);
    if listed != zip.len() {
        return Err(PackageError::Twice {
            name: "one of its names".to_owned(),
        });
    }
    let (mut files, mut unpacked) = (BTreeMap::new(), 0);
    for index in 0..zip.len() {
        let file = zip.by_index(index).map_err(fault)?;
        let name = String::from_utf8_lossy(file.name_raw()).into_owned();
        let most = bound(&name)?;
        if !file.is_file() || file.unix_mode().is_some_and(|mode| !matches!(mode & KIND, 0 | PLAIN)) {
            return Err(PackageError::NotPlain { name });
        }
        let mut content = Vec::new();
        let take = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        file.take(take).read_to_end(&mut content).map_err(fault)?;
        if content.len() > most {
            return Err(PackageError::Large { name, most });
        }
        unpacked += content.len();
        if unpacked > limits::DRIVER_UNPACKED_BYTES {
            return Err(PackageError::Unpacked);
        }
        if files.insert(name.clone(), content).is_some() {
            return Err(PackageError::Twice { name });
        }
    }
    Package::of(files)
}

/// How many entries the directory at the end of a zip says that it has; 0 when there is none
/// (APPNOTE.TXT 6.3.10, 4.3.16: end of central directory record).
fn entries(bytes: &[u8]) -> usize {
    const END: &[u8] = b"PK\x05\x06";
    let found = bytes.windows(END.len()).rposition(|window| window == END);
    let count = found.and_then(|at| bytes.get(at + 10..at + 12));
    count
        .and_then(|count| count.try_into().ok())
        .map_or(0, |count| usize::from(u16::from_le_bytes(count)))
}
