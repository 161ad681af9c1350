//! Compiled code, kept in a private folder so that a start costs milliseconds.
//!
//! wasmtime trusts what it deserialises, so nothing is loaded that this process, or an earlier one of the same user, did
//! not write: the folder belongs to the user alone, and each file begins with the SHA-256 of its rest.
#![allow(
    unsafe_code,
    reason = "deserialising compiled code is unsafe by nature; `load` says why it holds"
)]

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tracing::warn;
use wasmtime::Engine;
use wasmtime::component::Component;

const DIGEST_BYTES: usize = 32;

/// A folder of compiled code.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

/// Why a folder cannot hold compiled code.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It could not be made or looked at.
    #[error("cache folder {folder}")]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others could write into it.
    #[error(
        "cache folder {folder} has mode {mode:o} and owner {owner}, expected 700 and owner {user}: \
         compiled code is only taken from a folder that nobody else can write"
    )]
    NotPrivate {
        /// Which.
        folder: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// Its owner's number.
        owner: u32,
        /// Our number.
        user: u32,
    },
}

impl Cache {
    /// Takes the folder, and makes it when it is not there. Refuses one that others can write.
    pub fn open(folder: &Path) -> Result<Self, CacheError> {
        let fault = |source| CacheError::Folder {
            folder: folder.to_owned(),
            source,
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(fault)?;
        let meta = fs::symlink_metadata(folder).map_err(fault)?;
        let user = fs::metadata("/proc/self").map_err(fault)?.uid();
        let (mode, owner) = (meta.mode() & 0o777, meta.uid());
        if !meta.is_dir() || mode & 0o077 != 0 || owner != user {
            return Err(CacheError::NotPrivate {
                folder: folder.to_owned(),
                mode,
                owner,
                user,
            });
        }
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    fn path(&self, engine: &Engine, digest: &str) -> PathBuf {
        // The key holds everything that makes compiled code usable: wasmtime's version, settings, processor.
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        self.folder.join(format!("{digest}-{:016x}.cwasm", hasher.finish()))
    }

    /// The compiled code of a component, if it is there and whole.
    pub(super) fn load(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let path = self.path(engine, digest);
        let bytes = fs::read(&path).ok()?;
        let (head, code) = bytes.split_at_checked(DIGEST_BYTES)?;
        if Sha256::digest(code)[..] != *head {
            warn!(path = %path.display(), "compiled code is damaged, compiling again");
            return None;
        }
        // SAFETY: the file is in a folder that only this user can write, was written by `save` of this program, is
        // whole by its digest, and its name holds the compatibility hash of this engine.
        match unsafe { Component::deserialize(engine, code) } {
            Ok(component) => Some(component),
            Err(error) => {
                warn!(path = %path.display(), %error, "compiled code is not usable, compiling again");
                None
            }
        }
    }

    /// Keeps compiled code. A failure costs time at the next start, nothing else.
    pub(super) fn save(&self, engine: &Engine, digest: &str, component: &Component) {
        let path = self.path(engine, digest);
        if let Err(error) = write(&path, component) {
            warn!(path = %path.display(), %error, "compiled code was not kept");
        }
    }
}

fn write(path: &Path, component: &Component) -> std::io::Result<()> {
    let code = component.serialize().map_err(std::io::Error::other)?;
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)?;
    file.write_all(&Sha256::digest(&code))?;
    file.write_all(&code)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn a_folder_that_others_can_write_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let error = Cache::open(folder.path()).unwrap_err();
        assert!(error.to_string().contains("has mode 777"), "{error}");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        Cache::open(folder.path()).unwrap();
    }

    #[test]
    fn compiled_code_is_found_again_and_damage_is_not_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("code")).unwrap();
        let engine = Engine::default();
        let component = Component::new(&engine, EMPTY_COMPONENT).unwrap();
        assert!(cache.load(&engine, "d").is_none());
        cache.save(&engine, "d", &component);
        assert!(cache.load(&engine, "d").is_some());
        let path = cache.path(&engine, "d");
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(cache.load(&engine, "d").is_none());
    }
}
