//! The drivers that are loaded, by their ids. A session takes its driver once and keeps it to its end, whatever takes its
//! place meanwhile.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use tracing::{error, info};

use super::component::Driver;
use super::engine::Runtime;
use super::load_error::LoadError;
use crate::model::DeviceId;

/// Loaded drivers.
#[derive(Debug, Default)]
pub struct Registry {
    slots: RwLock<BTreeMap<String, Slot>>,
}

/// What there is of one driver.
#[derive(Debug, Clone, Default)]
pub struct Slot {
    /// The version that reads its devices.
    pub active: Option<Arc<Driver>>,
    /// The version that reads some of them.
    pub canary: Option<(Arc<Driver>, Chosen)>,
    /// Why there is no version to read with.
    pub why_none: Option<String>,
}

impl Slot {
    /// The version that reads this device, and whether it is on trial.
    pub fn reads(&self, device: DeviceId) -> Option<(&Arc<Driver>, bool)> {
        let canary = self.canary.as_ref().filter(|(_, chosen)| chosen.has(device));
        let canary = canary.map(|(driver, _)| (driver, true));
        canary.or_else(|| Some((self.active.as_ref()?, false)))
    }
}

/// Which devices a canary reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// These.
    Devices(HashSet<DeviceId>),
    /// So many of a hundred, the same ones each time.
    Share(u8),
}

impl Chosen {
    fn has(&self, device: DeviceId) -> bool {
        match self {
            Self::Devices(devices) => devices.contains(&device),
            Self::Share(percent) => {
                let mixed = device.0.wrapping_mul(0x5851_f42d_4c95_7f2d).rotate_left(29);
                mixed.rem_euclid(100) < i64::from(*percent)
            }
        }
    }
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
        let slot = Slot {
            active: Some(driver.clone()),
            ..Slot::default()
        };
        self.set(&driver.describe.id, slot);
        driver
    }

    /// Puts this in place of what there was of a driver. Sessions that run go on with what they took.
    pub fn set(&self, id: &str, slot: Slot) {
        // A map of whole entries stays usable whoever panicked.
        self.slots
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.to_owned(), slot);
    }

    /// What there is of a driver.
    pub fn slot(&self, id: &str) -> Slot {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.get(id).cloned().unwrap_or_default()
    }

    /// The version of the driver with this id that reads its devices.
    pub fn get(&self, id: &str) -> Option<Arc<Driver>> {
        self.slot(id).active
    }

    /// The version that reads this device, and whether it is on trial.
    ///
    /// # Errors
    /// Why there is none.
    pub fn choose(&self, id: &str, device: DeviceId) -> Result<(Arc<Driver>, bool), String> {
        let slot = self.slot(id);
        let chosen = slot.reads(device).map(|(driver, on_trial)| (driver.clone(), on_trial));
        chosen.ok_or_else(|| slot.why_none.unwrap_or_else(|| format!("there is no driver {id:?}")))
    }

    /// The version of each driver that reads its devices, by id.
    pub fn list(&self) -> Vec<Arc<Driver>> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.values().filter_map(|slot| slot.active.clone()).collect()
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
