//! Taking a package in: uploaded, verified, compiled, self-tested.

use std::sync::Arc;

use tracing::{info, warn};

use super::code::apart;
use super::evidence::{Evidence, evidence};
use super::{Park, ParkError, compile, selftest, trust};
use crate::driver;
use crate::foreign::shown;
use crate::model::{Actor, DriverState};
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
    /// What the conformance kit found, as the package says.
    pub report: Option<Evidence>,
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
                let why = shown(&format!("{}: {error}", deed.why));
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
        // Others go to work and back meanwhile: compiling takes its time.
        let _one = self.installing.lock().await;
        let (manifest, digest) = (&package.manifest, driver::digest(package.component()));
        let (signed_by, report) = self.judged(package, &digest, granted, &deed).await?;
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
            report: report.as_ref().and_then(|report| serde_json::to_value(report).ok()),
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
        let why = verified(signed_by.as_deref(), report.as_ref());
        self.step(&digest, DriverState::Verified, &deed.who, why).await?;
        match self.prove(package, &digest, &deed).await {
            Ok(recordings) => {
                info!(driver.id = %manifest.id, driver.version = %manifest.version, driver.digest = %digest, "a driver was installed");
                Ok(Installed {
                    digest,
                    driver: manifest.id.clone(),
                    version: manifest.version.clone(),
                    recordings,
                    signed_by,
                    report,
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

    /// Who signed a package that may be taken in, and what it says of its own trial.
    async fn judged(
        &self,
        package: &Package,
        digest: &str,
        granted: &[String],
        deed: &Deed,
    ) -> Result<(Option<String>, Option<Evidence>), ParkError> {
        let keys = self.store.vendor_keys().await?;
        let revoked = self.store.revoked_digest(digest).await?;
        let known = trust::Known {
            keys: &keys,
            revoked: revoked.as_deref(),
            digest,
            granted,
            unsigned: self.rules.unsigned,
            now: self.store.now(),
        };
        let judged = match (trust::judge(package, known)?, evidence(package, digest)) {
            (Err(refusal), _) => Err(ParkError::from(refusal)),
            (Ok(_), Err(text)) => Err(ParkError::Report(text)),
            (Ok(signed_by), Ok(report)) => Ok((signed_by, report)),
        };
        if let Err(error) = &judged {
            self.refused(package, digest, &error.to_string(), deed).await?;
        }
        judged
    }

    /// Writes down that a package was not taken in.
    async fn refused(&self, package: &Package, digest: &str, text: &str, deed: &Deed) -> Result<(), ParkError> {
        let manifest = &package.manifest;
        warn!(driver.id = %manifest.id, driver.version = %manifest.version, refusal = text, "a driver was refused");
        let deed = Deed {
            who: deed.who.clone(),
            why: shown(&format!("{}: {text}", deed.why)),
        };
        let refused = self
            .store
            .driver_refused(&manifest.id, &manifest.version, digest, deed)
            .await;
        Ok(refused?)
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

    pub(super) async fn step(&self, digest: &str, to: DriverState, who: &Actor, why: String) -> Result<(), ParkError> {
        let step = Step {
            digest: digest.to_owned(),
            to,
            deed: Deed {
                who: who.clone(),
                why: shown(&why),
            },
            shadow: None,
            canary: None,
        };
        Ok(self.store.move_driver_versions(vec![step]).await?)
    }
}

/// What is known of a package before anything of it runs.
fn verified(signed_by: Option<&str>, report: Option<&Evidence>) -> String {
    let signed = signed_by.map_or("nobody".to_owned(), |id| format!("key {id}"));
    let tried = report.map_or("no report of the conformance kit".to_owned(), Evidence::summary);
    format!("signed by {signed}, {tried}")
}
