//! The code of versions: loaded once, kept while something may need it, freed when its last session ends.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, MutexGuard, PoisonError};

use tokio::task::JoinError;
use tracing::info;

use super::{Park, ParkError};
use crate::driver::{Driver, LoadError};
use crate::package::unpack;
use crate::store::DriverVersion;

/// What is loaded, by digest.
#[derive(Debug, Default)]
pub(super) struct Code {
    loaded: BTreeMap<String, Arc<Driver>>,
    /// Those of the folder, which can be had from nowhere else.
    of_folder: BTreeMap<String, Arc<Driver>>,
}

impl Code {
    /// The component with this digest.
    pub(super) fn get(&self, digest: &str) -> Option<&Arc<Driver>> {
        self.loaded.get(digest).or_else(|| self.of_folder.get(digest))
    }

    /// Whether a component is loaded whose digest begins so.
    pub(super) fn is_loaded(&self, prefix: &str) -> bool {
        let digests = self.loaded.keys().chain(self.of_folder.keys());
        digests.into_iter().any(|digest| digest.starts_with(prefix))
    }

    /// Keeps a component of the folder.
    pub(super) fn put_of_folder(&mut self, driver: Arc<Driver>) {
        self.of_folder.insert(driver.digest.to_string(), driver);
    }

    /// Of a driver's components only these are kept; the others are freed when their last session ends.
    pub(super) fn keep(&mut self, driver: &str, digests: &BTreeSet<&str>) {
        self.loaded
            .retain(|digest, loaded| loaded.describe.id != driver || digests.contains(digest.as_str()));
    }
}

/// Does what keeps a processor busy away from the threads that serve sessions.
///
/// # Errors
/// It panicked.
pub(super) async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
    tokio::task::spawn_blocking(work).await
}

impl Park {
    /// What is loaded; held for no longer than a look.
    pub(super) fn code(&self) -> MutexGuard<'_, Code> {
        // Maps of whole entries stay usable whoever panicked.
        self.code.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The component of a version, loaded. Nothing waits for it but who asks.
    ///
    /// # Errors
    /// It is not there, or cannot be loaded.
    pub(super) async fn loaded(&self, version: &DriverVersion) -> Result<Arc<Driver>, ParkError> {
        if let Some(driver) = self.code().get(&version.digest) {
            return Ok(driver.clone());
        }
        let Some(package) = self.store.driver_package(&version.digest).await? else {
            return Err(ParkError::SelfTest(format!(
                "{} {} came from {}, which is not there any more",
                version.driver, version.version, version.origin
            )));
        };
        let package = apart(move || unpack(&package)).await??;
        let load = |source| ParkError::Load {
            driver: version.driver.clone(),
            version: version.version.clone(),
            source,
        };
        let driver = self.load(package.component().to_vec()).await.map_err(load)?;
        let driver = Arc::new(driver.restricted(&version.granted));
        info!(driver.id = %version.driver, driver.version = %version.version, driver.digest = %version.digest, "loaded driver {} {}", version.driver, version.version);
        // Whoever was first: sessions of one version share one code.
        let mut code = self.code();
        Ok(code.loaded.entry(version.digest.clone()).or_insert(driver).clone())
    }

    /// Loads a component from the code that was compiled before.
    pub(super) async fn load(&self, component: Vec<u8>) -> Result<Driver, LoadError> {
        let runtime = self.runtime.clone();
        let loaded = apart(move || Driver::load(&runtime, &component, Path::new("package"))).await;
        loaded.unwrap_or_else(|error| {
            let text = error.to_string();
            Err(LoadError::Engine { text })
        })
    }

    /// Whether sessions run with this version, which nothing else puts to work any more.
    pub(super) fn is_run(&self, version: &DriverVersion) -> bool {
        let code = self.code();
        // One is held here.
        code.get(&version.digest)
            .is_some_and(|driver| Arc::strong_count(driver) > 1)
    }
}
