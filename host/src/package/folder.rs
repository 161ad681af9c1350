//! A package as a plain folder with the same names: for a vendor at work.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::{Package, PackageError, bound};
use crate::limits;

/// Reads a folder.
///
/// # Errors
/// As for a package file. What the folder has beside a package's names is refused too: it would be left out unseen.
pub fn read_folder(folder: &Path) -> Result<Package, PackageError> {
    let mut files = BTreeMap::new();
    collect(folder, "", &mut files)?;
    Package::of(files)
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<(), PackageError> {
    let read = |file: &Path| {
        let file = file.to_owned();
        move |source| PackageError::Read { file, source }
    };
    for entry in fs::read_dir(folder).map_err(read(folder))? {
        let entry = entry.map_err(read(folder))?;
        let path = entry.path();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().map_err(read(&path))?;
        if kind.is_dir() && prefix.is_empty() {
            collect(&path, &format!("{name}/"), files)?;
            continue;
        }
        if !kind.is_file() {
            return Err(PackageError::NotPlain { name });
        }
        let most = bound(&name)?;
        let length = entry.metadata().map_err(read(&path))?.len();
        if length > u64::try_from(most).unwrap_or(u64::MAX) {
            return Err(PackageError::Large { name, most });
        }
        if files.len() >= limits::DRIVER_PACKAGE_FILES {
            return Err(PackageError::Many { got: files.len() + 1 });
        }
        files.insert(name, fs::read(&path).map_err(read(&path))?);
    }
    Ok(())
}
