//! The registry follows the store.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use tracing::{error, info};

use super::{CanaryPlan, Park, ParkError};
use crate::driver::{Chosen, Driver, Slot};
use crate::model::{DeviceId, DriverState};
use crate::package::unpack;
use crate::store::{Deed, DriverVersion};

/// Versions whose code is kept beside the one at work.
const KEPT_BEFORE: usize = 2;

/// What is loaded.
#[derive(Debug, Default)]
pub struct Known {
    /// By digest.
    loaded: BTreeMap<String, Arc<Driver>>,
    /// Those of the folder, which can be had from nowhere else.
    of_folder: BTreeMap<String, Arc<Driver>>,
}

impl Park {
    /// Takes the drivers that were loaded from the folder for versions as well: a new one goes to work when its driver has
    /// none, or only one from a file that is not there any more.
    ///
    /// # Errors
    /// The store failed.
    pub async fn take_folder(&self) -> Result<(), ParkError> {
        let there = self.registry.list();
        let digests: BTreeSet<String> = there.iter().map(|driver| driver.digest.to_string()).collect();
        {
            let mut known = self.turn.lock().await;
            for driver in &there {
                known.of_folder.insert(driver.digest.to_string(), driver.clone());
            }
        }
        for driver in there {
            let (who, now) = ("uzel".to_owned(), self.store.now());
            let why = format!("it lies in the folder of drivers, {}", driver.file.display());
            let version = DriverVersion {
                digest: driver.digest.to_string(),
                driver: driver.describe.id.clone(),
                version: driver.describe.version.clone(),
                vendor: driver.describe.vendor.clone(),
                origin: driver.file.display().to_string(),
                manifest: None,
                signed_by: None,
                granted: driver
                    .interfaces()
                    .iter()
                    .filter(|name| **name != "meter")
                    .map(ToString::to_string)
                    .collect(),
                state: DriverState::SelfTested,
                since: now,
                why: why.clone(),
                installed_at: now,
                report: None,
                shadow: None,
                canary: None,
            };
            let digest = version.digest.clone();
            let id = version.driver.clone();
            let deed = Deed { who, why };
            let is_new = self.store.add_driver_version(version, Vec::new(), deed.clone()).await?;
            let active = self.active(&id).await?;
            let is_gone = |active: &DriverVersion| active.origin != "package" && !digests.contains(&active.digest);
            match active {
                Some(active) if active.digest == digest => {}
                Some(active) if !is_gone(&active) => {}
                None if !is_new => {}
                _ => {
                    let version = self.find(&digest).await?;
                    self.put_to_work(&version, &deed).await?;
                }
            }
        }
        self.sync().await
    }

    /// Makes the registry what the store says.
    ///
    /// # Errors
    /// The store failed. A version that cannot be loaded is told, and its driver has the reason instead.
    pub async fn sync(&self) -> Result<(), ParkError> {
        let versions = self.store.driver_versions().await?;
        let mut known = self.turn.lock().await;
        let ids: BTreeSet<&str> = versions.iter().map(|version| version.driver.as_str()).collect();
        let mut used = BTreeSet::new();
        for id in ids {
            let of_driver: Vec<&DriverVersion> = versions.iter().filter(|version| version.driver == id).collect();
            let slot = self.slot(&of_driver, &mut known).await;
            let before = slot.before.iter();
            let canary = slot.canary.iter().map(|(driver, _)| driver);
            used.extend(
                before
                    .chain(&slot.active)
                    .chain(canary)
                    .map(|driver| driver.digest.to_string()),
            );
            self.registry.set(id, slot);
        }
        // Code that nothing can need soon is freed when its last session ends.
        known.loaded.retain(|digest, _| used.contains(digest));
        Ok(())
    }

    async fn slot(&self, versions: &[&DriverVersion], known: &mut Known) -> Slot {
        let mut slot = Slot::default();
        for version in versions {
            let role = version.state;
            if !matches!(role, DriverState::Active | DriverState::Canary) {
                continue;
            }
            let driver = match self.of_version(version, known).await {
                Ok(driver) => driver,
                Err(failure) => {
                    error!(driver.id = %version.driver, driver.version = %version.version, %failure, "a version cannot be loaded");
                    slot.why_none = Some(failure.to_string());
                    continue;
                }
            };
            if role == DriverState::Active {
                slot.active = Some(driver);
            } else if let Some(plan) = version
                .canary
                .clone()
                .and_then(|plan| serde_json::from_value(plan).ok())
            {
                slot.canary = Some((driver, chosen(&plan)));
            }
        }
        if slot.active.is_none()
            && let Some(stopped) = versions
                .iter()
                .find(|version| version.state == DriverState::Quarantined)
        {
            slot.why_none = Some(format!(
                "driver {} {} is quarantined: {}",
                stopped.driver, stopped.version, stopped.why
            ));
        }
        let mut before: Vec<&&DriverVersion> = versions
            .iter()
            .filter(|version| matches!(version.state, DriverState::Draining | DriverState::Retired))
            .collect();
        before.sort_by_key(|version| std::cmp::Reverse(version.since));
        for version in before.into_iter().take(KEPT_BEFORE) {
            // One that never worked here is loaded when it is wanted.
            let there = known
                .loaded
                .get(&version.digest)
                .or(known.of_folder.get(&version.digest));
            slot.before.extend(there.cloned());
        }
        slot
    }

    /// The component of a version, loaded.
    ///
    /// # Errors
    /// It is not there, or cannot be loaded.
    pub(super) async fn loaded(&self, version: &DriverVersion) -> Result<Arc<Driver>, ParkError> {
        let mut known = self.turn.lock().await;
        self.of_version(version, &mut known).await
    }

    async fn of_version(&self, version: &DriverVersion, known: &mut Known) -> Result<Arc<Driver>, ParkError> {
        if let Some(driver) = known
            .loaded
            .get(&version.digest)
            .or(known.of_folder.get(&version.digest))
        {
            return Ok(driver.clone());
        }
        let Some(package) = self.store.driver_package(&version.digest).await? else {
            return Err(ParkError::SelfTest(format!(
                "{} {} came from {}, which is not there any more",
                version.driver, version.version, version.origin
            )));
        };
        let package = unpack(&package)?;
        let load = |source| ParkError::Load {
            driver: version.driver.clone(),
            version: version.version.clone(),
            source,
        };
        let driver = self.load(package.component().to_vec()).await.map_err(load)?;
        let driver = Arc::new(driver.restricted(&version.granted));
        info!(driver.id = %version.driver, driver.version = %version.version, driver.digest = %version.digest, "loaded driver {} {}", version.driver, version.version);
        known.loaded.insert(version.digest.clone(), driver.clone());
        Ok(driver)
    }

    /// How many hold this version beside the park and the registry: sessions that run with it.
    pub(super) async fn sessions_with(&self, version: &DriverVersion) -> usize {
        let known = self.turn.lock().await;
        let (loaded, of_folder) = (known.loaded.get(&version.digest), known.of_folder.get(&version.digest));
        let Some(driver) = loaded.or(of_folder) else { return 0 };
        let kept = self.registry.slot(&version.driver).before;
        let kept = kept.iter().filter(|kept| kept.digest == driver.digest).count();
        // One here, one or none in the registry, one in the copy of its slot just taken.
        Arc::strong_count(driver).saturating_sub(1 + 2 * kept)
    }
}

fn chosen(plan: &CanaryPlan) -> Chosen {
    if plan.devices.is_empty() {
        Chosen::Share(plan.share_percent)
    } else {
        Chosen::Devices(HashSet::from_iter(plan.devices.iter().copied().map(DeviceId)))
    }
}
