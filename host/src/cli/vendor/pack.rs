//! Packages out of projects, and signatures on them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::save::key;
use super::subject::{Sources, package, read};
use super::{VendorError, runtime};
use crate::conformance::{FORMAT as REPORT_FORMAT, Report};
use crate::driver::Driver;
use crate::limits;
use crate::package::{COMPONENT, DOCUMENTS, ENDING, PackageError, RECORDINGS, REPORT, Text, pack as zip};
use crate::park::manifest_of;

/// What is new in this version, in both languages.
const CHANGELOG: &str = "changelog.toml";

/// A package that was made.
pub(super) struct Packed {
    name: String,
    bytes: Vec<u8>,
}

/// Packs a project; the manifest says what the component says of itself. `report` need not be there.
pub(super) fn pack(
    folder: &Path,
    sources: Sources,
    report: &Path,
    key_file: Option<&Path>,
) -> Result<Packed, VendorError> {
    let signer = key_file.map(key).transpose()?;
    let Sources {
        component: bytes,
        file: component,
        recordings,
    } = sources;
    let driver = Driver::load(&runtime(&component)?, &bytes, &component).map_err(|source| VendorError::Load {
        file: component.clone(),
        source,
    })?;
    let manifest = manifest_of(&driver, changelog(&folder.join(CHANGELOG))?);
    let mut files = BTreeMap::from([(COMPONENT.to_owned(), bytes)]);
    for (name, bytes) in recordings {
        files.insert(format!("{RECORDINGS}{name}"), bytes);
    }
    for file in documents(folder)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        files.insert(
            format!("{DOCUMENTS}{name}"),
            read(&file, limits::DRIVER_DOCUMENT_BYTES)?,
        );
    }
    if report.is_file() {
        files.insert(REPORT.to_owned(), report_of(report, &driver)?);
    }
    let name = format!("{}-{}.{ENDING}", manifest.id, manifest.version);
    let bytes = zip(manifest, &files, signer.as_ref()).map_err(|source| refused(folder, source))?;
    Ok(Packed { name, bytes })
}

/// Writes it into a folder. Gives its file.
pub(super) fn keep(packed: &Packed, folder: &Path) -> Result<PathBuf, VendorError> {
    let file = folder.join(&packed.name);
    write(&file, &packed.bytes)?;
    Ok(file)
}

/// Signs a package in place. Gives the public key.
pub(super) fn sign(file: &Path, key_file: &Path) -> Result<String, VendorError> {
    let signer = key(key_file)?;
    let package = package(file)?;
    let packed = zip(package.manifest, &package.files, Some(&signer)).map_err(|source| refused(file, source))?;
    write(file, &packed)?;
    Ok(signer.public())
}

fn refused(file: &Path, source: PackageError) -> VendorError {
    VendorError::Package {
        file: file.to_owned(),
        source,
    }
}

fn changelog(file: &Path) -> Result<Text, VendorError> {
    let bytes = read(file, limits::CHANGELOG_BYTES)?;
    toml::from_slice(&bytes).map_err(|error| VendorError::Content {
        file: file.to_owned(),
        text: format!("expected ru = \"…\" and en = \"…\": {}", error.message()),
    })
}

/// README.md and what lies in docs/.
fn documents(folder: &Path) -> Result<Vec<PathBuf>, VendorError> {
    let docs = folder.join("docs");
    let mut files: Vec<PathBuf> = [folder.join("README.md")]
        .into_iter()
        .filter(|file| file.is_file())
        .collect();
    if docs.is_dir() {
        for entry in fs::read_dir(&docs).map_err(VendorError::file(docs.display()))? {
            files.push(entry.map_err(VendorError::file(docs.display()))?.path());
        }
    }
    files.retain(|file| file.is_file());
    Ok(files)
}

/// A report, if it is about this component.
fn report_of(file: &Path, driver: &Driver) -> Result<Vec<u8>, VendorError> {
    let bytes = read(file, 1 << 20)?;
    let content = |text: String| VendorError::Content {
        file: file.to_owned(),
        text,
    };
    let report: Report = serde_json::from_slice(&bytes).map_err(|error| content(error.to_string()))?;
    if report.format != REPORT_FORMAT || report.component != *driver.digest {
        return Err(content(format!(
            "it is a report of component {}, the project's is {}: run `uzel driver test --json report.json` again",
            report.component, driver.digest
        )));
    }
    Ok(bytes)
}

/// Whole or not at all.
fn write(file: &Path, bytes: &[u8]) -> Result<(), VendorError> {
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, file));
    written.map_err(VendorError::file(file.display()))
}
