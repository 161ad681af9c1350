//! Taking a package in: uploaded, verified, compiled, self-tested.

use std::sync::Arc;

use tracing::{info, warn};

use super::code::apart;
use super::{Park, ParkError, compile, selftest, trust};
use crate::driver;
use crate::model::DriverState;
use crate::package::{Package, unpack};
use crate::store::{Deed, DriverVersion, Step};

/// A version that was taken in and has proven itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// SHA-256 of its component.
    pub digest: String,
    /// Id of the driver.
    pub driver: String,
    /// Its version.
    pub version: String,
    /// Recordings that came out as they were recorded.
    pub recordings: usize,
    /// Number of the key that signed it.
    pub signed_by: Option<String>,
}

impl Park {
    /// Takes the bytes of a package file in.
    ///
    /// # Errors
    /// Why not. A package that was refused leaves its trace in what was done, one that fails its tests is quarantined.
    pub async fn install(&self, bytes: &[u8], granted: &[String], deed: Deed) -> Result<Installed, ParkError> {
        let whole = bytes.to_vec();
        match apart(move || unpack(&whole)).await? {
            Ok(package) => self.take_in(&package, bytes, granted, deed).await,
            Err(error) => {
                let why = format!("{}: {error}", deed.why);
                let who = deed.who;
                self.store.driver_refused("", "", "", Deed { who, why }).await?;
                Err(error.into())
            }
        }
    }

    async fn take_in(
        &self,
        package: &Package,
        bytes: &[u8],
        granted: &[String],
        deed: Deed,
    ) -> Result<Installed, ParkError> {
        let _one = self.installing.lock().await;
        let (manifest, digest) = (&package.manifest, driver::digest(package.component()));
        let keys = self.store.vendor_keys().await?;
        let revoked = self.store.revoked_digest(&digest).await?;
        let known = trust::Known {
            keys: &keys,
            revoked: revoked.as_deref(),
            digest: &digest,
            granted,
            unsigned: self.rules.unsigned,
            now: self.store.now(),
        };
        let signed_by = match trust::judge(package, known)? {
            Ok(signed_by) => signed_by,
            Err(refusal) => {
                warn!(driver.id = %manifest.id, driver.version = %manifest.version, %refusal, "a driver was refused");
                let why = format!("{}: {refusal}", deed.why);
                let deed = Deed { who: deed.who, why };
                self.store
                    .driver_refused(&manifest.id, &manifest.version, &digest, deed)
                    .await?;
                return Err(refusal.into());
            }
        };
        let installed = |state| ParkError::Installed {
            driver: manifest.id.clone(),
            version: manifest.version.clone(),
            state,
        };
        if let Some(there) = self.store.driver_version(&digest).await?.pop() {
            return Err(installed(there.state));
        }
        let now = self.store.now();
        let version = DriverVersion {
            digest: digest.clone(),
            driver: manifest.id.clone(),
            version: manifest.version.clone(),
            vendor: manifest.vendor.clone(),
            origin: "package".to_owned(),
            manifest: serde_json::to_value(manifest).ok(),
            signed_by: signed_by.clone(),
            granted: manifest.interfaces.clone(),
            state: DriverState::Uploaded,
            since: now,
            why: deed.why.clone(),
            installed_at: now,
            shadow: None,
            canary: None,
        };
        if !self
            .store
            .add_driver_version(version, bytes.to_vec(), deed.clone())
            .await?
        {
            return Err(installed(DriverState::Uploaded));
        }
        let signed = signed_by
            .as_deref()
            .map_or("nobody".to_owned(), |id| format!("key {id}"));
        self.step(&digest, DriverState::Verified, &deed.who, format!("signed by {signed}"))
            .await?;
        match self.prove(package, &digest, &deed).await {
            Ok(recordings) => {
                info!(driver.id = %manifest.id, driver.version = %manifest.version, driver.digest = %digest, "a driver was installed");
                Ok(Installed {
                    digest,
                    driver: manifest.id.clone(),
                    version: manifest.version.clone(),
                    recordings,
                    signed_by,
                })
            }
            Err(error) => {
                warn!(driver.id = %manifest.id, driver.version = %manifest.version, %error, "a driver failed its tests");
                self.step(&digest, DriverState::Quarantined, &deed.who, error.to_string())
                    .await?;
                Err(error)
            }
        }
    }

    async fn prove(&self, package: &Package, digest: &str, deed: &Deed) -> Result<usize, ParkError> {
        compile::compile(&self.program, &self.cache, package.component())
            .await
            .map_err(ParkError::Compile)?;
        self.step(
            digest,
            DriverState::Compiled,
            &deed.who,
            "compiled within its limits".to_owned(),
        )
        .await?;
        let driver = self.load(package.component().to_vec()).await;
        let driver = Arc::new(driver.map_err(|error| ParkError::SelfTest(error.to_string()))?);
        selftest::says_the_same(package, &driver).map_err(ParkError::SelfTest)?;
        let count = selftest::recordings(package, &driver)
            .await
            .map_err(ParkError::SelfTest)?;
        let why = format!("{count} recordings came out as they were recorded");
        self.step(digest, DriverState::SelfTested, &deed.who, why).await?;
        Ok(count)
    }

    pub(super) async fn step(&self, digest: &str, to: DriverState, who: &str, why: String) -> Result<(), ParkError> {
        let step = Step {
            digest: digest.to_owned(),
            to,
            deed: Deed {
                who: who.to_owned(),
                why,
            },
            shadow: None,
            canary: None,
        };
        Ok(self.store.move_driver_versions(vec![step]).await?)
    }
}
