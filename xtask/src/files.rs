//! Small file operations with errors that name the file.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};

/// Writes `bytes` unless the file already holds them, so that its time of change means something.
///
/// The file is replaced at once, so a reader never sees half of it. Returns whether it was written.
///
/// # Errors
/// The folder or the file cannot be written.
pub fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<bool> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(false);
    }
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).with_context(|| format!("cannot make the folder {}", dir.display()))?;
    }
    let part = path.with_added_extension(format!("{}.part", std::process::id()));
    fs::write(&part, bytes).with_context(|| format!("cannot write {}", part.display()))?;
    fs::rename(&part, path).with_context(|| format!("cannot replace {}", path.display()))?;
    Ok(true)
}

/// The files under `folder` whose names end in `.extension`, sorted.
///
/// # Errors
/// A folder cannot be read.
pub fn under(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// When anything under `path` last changed. A folder counts as well: it changes when a file goes.
pub fn newest(path: &Path) -> Option<SystemTime> {
    let meta = fs::symlink_metadata(path).ok()?;
    let inside = if meta.is_dir() { fs::read_dir(path).ok() } else { None };
    let inside = inside
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| newest(&entry.path()))
        .max();
    meta.modified().ok().max(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_bytes_leave_the_file_as_it_was() {
        let dir = std::env::temp_dir().join(format!("uzel-xtask-{}", std::process::id()));
        let path = dir.join("a/b.wasm");
        let changed: Vec<_> = [&b"one"[..], b"one", b"two"]
            .iter()
            .map(|bytes| write_if_changed(&path, bytes).unwrap())
            .collect();
        assert_eq!(
            (changed, fs::read(&path).unwrap()),
            (vec![true, false, true], b"two".to_vec())
        );
        fs::remove_dir_all(dir).unwrap();
    }
}
