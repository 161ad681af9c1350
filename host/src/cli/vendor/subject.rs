//! What a vendor points at: a component, a package, a folder with a package's names, or a project.

use std::fs;
use std::path::{Path, PathBuf};

use super::VendorError;
use crate::limits;
use crate::package::{self, Package};
use crate::project;

/// A component and recordings.
pub(super) struct Sources {
    pub(super) component: Vec<u8>,
    pub(super) file: PathBuf,
    pub(super) recordings: Vec<(String, Vec<u8>)>,
}

/// Reads what `file` is; `component` is that of a project, `more` are recordings by themselves.
pub(super) fn sources(file: &Path, component: Option<&Path>, more: &[PathBuf]) -> Result<Sources, VendorError> {
    let mut sources = if project::is_project(file) {
        project(file, component)?
    } else {
        plain(file)?
    };
    for file in more {
        sources.recordings.push(recording(file)?);
    }
    Ok(sources)
}

/// What a project has built and recorded.
pub(super) fn project(folder: &Path, component: Option<&Path>) -> Result<Sources, VendorError> {
    let file = match component {
        Some(component) => component.to_owned(),
        None => project::component(folder)?,
    };
    Ok(Sources {
        component: read(&file, limits::COMPONENT_BYTES)?,
        file,
        recordings: recordings(&folder.join("recordings"))?,
    })
}

/// A component or a package.
fn plain(file: &Path) -> Result<Sources, VendorError> {
    if !file.is_dir() {
        let bytes = read(file, limits::DRIVER_PACKAGE_BYTES)?;
        if !bytes.starts_with(b"PK") {
            return Ok(Sources {
                component: bytes,
                file: file.to_owned(),
                recordings: Vec::new(),
            });
        }
    }
    let package = package(file)?;
    let recordings = package.recordings();
    Ok(Sources {
        file: file.to_owned(),
        recordings: recordings
            .map(|(name, bytes)| (name.to_owned(), bytes.to_vec()))
            .collect(),
        component: package.component().to_vec(),
    })
}

/// A package, as a file or as a folder.
pub(super) fn package(file: &Path) -> Result<Package, VendorError> {
    let read = if file.is_dir() {
        package::read_folder(file)
    } else {
        package::unpack(&read(file, limits::DRIVER_PACKAGE_BYTES)?)
    };
    read.map_err(|source| VendorError::Package {
        file: file.to_owned(),
        source,
    })
}

/// The recordings of a folder by name, which need not be there.
fn recordings(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, VendorError> {
    let mut files = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder).map_err(VendorError::file(folder.display()))? {
            files.push(entry.map_err(VendorError::file(folder.display()))?.path());
        }
    }
    files.retain(|file| file.extension().is_some_and(|ending| ending == "uzel-reading"));
    files.sort();
    files.iter().map(|file| recording(file)).collect()
}

fn recording(file: &Path) -> Result<(String, Vec<u8>), VendorError> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok((name, read(file, limits::PACKAGE_BYTES)?))
}

/// A file of at most so many bytes.
pub(super) fn read(file: &Path, most: usize) -> Result<Vec<u8>, VendorError> {
    let length = fs::metadata(file).map_err(VendorError::file(file.display()))?.len();
    if length > u64::try_from(most).unwrap_or(u64::MAX) {
        return Err(VendorError::Content {
            file: file.to_owned(),
            text: format!("it has {length} bytes, at most {most} may be"),
        });
    }
    fs::read(file).map_err(VendorError::file(file.display()))
}
