//! The drivers that are loaded, by their ids. A session takes its driver once and keeps it to its end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use tracing::{error, info};

use super::component::Driver;
use super::engine::Runtime;
use super::load_error::LoadError;

/// Loaded drivers.
#[derive(Debug, Default)]
pub struct Registry {
    drivers: RwLock<BTreeMap<String, Arc<Driver>>>,
}

/// Why a folder of drivers cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// It could not be read.
    #[error("driver folder {folder}")]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// One of its files is no driver.
    #[error("driver {file}")]
    Load {
        /// Which.
        file: PathBuf,
        /// Why.
        source: LoadError,
    },
    /// Two files have one id.
    #[error("drivers {first} and {second} both have the id {id:?}: one of them must go")]
    Twice {
        /// The id.
        id: String,
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
}

impl Registry {
    /// Puts a driver in place of the one with the same id.
    pub fn put(&self, driver: Driver) -> Arc<Driver> {
        let driver = Arc::new(driver);
        let id = driver.describe.id.clone();
        // A map of whole entries stays usable whoever panicked.
        self.drivers
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, driver.clone());
        driver
    }

    /// The driver with this id.
    pub fn get(&self, id: &str) -> Option<Arc<Driver>> {
        self.drivers
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .cloned()
    }

    /// All of them, by id.
    pub fn list(&self) -> Vec<Arc<Driver>> {
        self.drivers
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }

    /// Loads every `*.wasm` of a folder. One that does not load is told and left out: the others work.
    /// Blocks while it compiles.
    pub fn load_folder(&self, runtime: &Runtime, folder: &Path) -> Result<Vec<RegistryError>, RegistryError> {
        let fault = |source| RegistryError::Folder {
            folder: folder.to_owned(),
            source,
        };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(fault)? {
            let path = entry.map_err(fault)?.path();
            if path.extension().is_some_and(|extension| extension == "wasm") {
                files.push(path);
            }
        }
        files.sort();
        let mut refused = Vec::new();
        for file in files {
            match Driver::load_file(runtime, &file) {
                Err(source) => {
                    error!(file = %file.display(), %source, "driver was not loaded");
                    refused.push(RegistryError::Load { file, source });
                }
                Ok(driver) => {
                    let id = driver.describe.id.clone();
                    if let Some(first) = self.get(&id) {
                        error!(driver.id = %id, first = %first.file.display(), second = %file.display(), "two drivers have one id");
                        refused.push(RegistryError::Twice {
                            id,
                            first: first.file.clone(),
                            second: file,
                        });
                        continue;
                    }
                    let driver = self.put(driver);
                    info!(
                        driver.id = %id,
                        driver.version = %driver.describe.version,
                        driver.digest = %driver.digest,
                        "loaded driver {id} {} from {}", driver.describe.version, file.display(),
                    );
                }
            }
        }
        Ok(refused)
    }
}
