//! The registry follows the store.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, MutexGuard, PoisonError};

use tracing::{error, warn};

use super::standing::{active, to_work};
use super::{CanaryPlan, Park, ParkError};
use crate::driver::{Chosen, Driver, Slot};
use crate::model::{Actor, DeviceId, DriverState};
use crate::store::{Deed, DriverVersion, Standing, Step, Subject};

/// Versions whose code is kept beside the one at work.
const KEPT_BEFORE: usize = 2;

/// Of which revisions of the store the registry is.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// All of it, at least.
    whole: Option<i64>,
    /// What it has of each driver.
    of_driver: BTreeMap<String, i64>,
}

impl Park {
    /// Takes the drivers that were loaded from the folder for versions as well: a new one goes to work when its driver has
    /// none, or only one from a file that is not there any more.
    ///
    /// # Errors
    /// The store failed.
    pub async fn take_folder(&self) -> Result<(), ParkError> {
        let there = self.registry.list();
        let digests: Arc<BTreeSet<String>> = Arc::new(there.iter().map(|driver| driver.digest.to_string()).collect());
        for driver in &there {
            self.code().put_of_folder(driver.clone());
        }
        for driver in there {
            let version = self.of_folder(&driver);
            let (digest, id) = (version.digest.clone(), version.driver.clone());
            let deed = Deed {
                who: Actor {
                    who: "uzel".to_owned(),
                    ..Actor::host()
                },
                why: version.why.clone(),
            };
            let is_new = self.store.add_driver_version(version, Vec::new(), deed.clone()).await?;
            let digests = digests.clone();
            let judge = move |standing: &Standing| {
                let is_gone = |active: &DriverVersion| active.origin != "package" && !digests.contains(&active.digest);
                let is_free =
                    active(&standing.versions).map_or(is_new, |active| active.digest != digest && is_gone(active));
                let version = standing.versions.iter().find(|version| version.digest == digest);
                let version = version.filter(|version| is_free && version.state.may_become(DriverState::Active));
                Ok(version.map_or_else(Vec::new, |version| to_work(standing, version, &deed)))
            };
            self.decide(Subject::Driver(id), judge).await?;
        }
        self.sync().await
    }

    fn of_folder(&self, driver: &Driver) -> DriverVersion {
        let now = self.store.now();
        let granted = driver.interfaces().iter().filter(|name| **name != "meter");
        DriverVersion {
            digest: driver.digest.to_string(),
            driver: driver.describe.id.clone(),
            version: driver.describe.version.clone(),
            vendor: driver.describe.vendor.clone(),
            origin: driver.file.display().to_string(),
            manifest: None,
            signed_by: None,
            granted: granted.map(ToString::to_string).collect(),
            state: DriverState::SelfTested,
            since: now,
            why: format!("it lies in the folder of drivers, {}", driver.file.display()),
            installed_at: now,
            report: None,
            shadow: None,
            canary: None,
        }
    }

    /// Decides about a driver. The store has it first, then the registry: what a crash between them leaves is read by
    /// the next start. Gives the versions that moved.
    pub(super) async fn decide(
        &self,
        subject: Subject,
        judge: impl Fn(&Standing) -> Result<Vec<Step>, ParkError> + Send + Sync + 'static,
    ) -> Result<Vec<DriverVersion>, ParkError> {
        let decided = self.store.decide_driver(subject, judge).await??;
        let (before, after) = decided.revisions;
        self.show(&decided.versions.iter().collect::<Vec<_>>(), after).await;
        let mut shown = self.shown();
        if shown.whole == Some(before) {
            shown.whole = Some(after);
        }
        drop(shown);
        Ok(decided.moved)
    }

    /// Makes the registry what the store says, unless it is.
    ///
    /// # Errors
    /// The store failed. A version that cannot be loaded is told, and its driver has the reason instead.
    pub async fn sync(&self) -> Result<(), ParkError> {
        // What is read after it may be newer, and is then shown as older than it is: it is shown once more at worst.
        let revision = self.store.drivers_revision().await?;
        if self.shown().whole >= Some(revision) {
            return Ok(());
        }
        let versions = self.store.driver_versions().await?;
        for of_driver in by_driver(&versions).values() {
            self.show(of_driver, revision).await;
        }
        let mut shown = self.shown();
        shown.whole = shown.whole.max(Some(revision));
        Ok(())
    }

    /// Loads the code of the versions before those at work, so that going back takes no time after a start either.
    pub(super) async fn load_before(&self, versions: &[DriverVersion]) {
        for of_driver in by_driver(versions).values() {
            for version in before(of_driver) {
                if let Err(failure) = self.loaded(version).await {
                    warn!(driver.id = %version.driver, driver.version = %version.version, %failure, "a version could not go back to work");
                }
            }
        }
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        // Numbers stay usable whoever panicked.
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes what the registry has of a driver what its versions say, unless it is of a later revision.
    async fn show(&self, versions: &[&DriverVersion], revision: i64) {
        let Some(id) = versions.first().map(|version| version.driver.as_str()) else {
            return;
        };
        let slot = self.slot(versions).await;
        let mut shown = self.shown();
        if shown.of_driver.get(id).is_some_and(|later| *later > revision) {
            return;
        }
        shown.of_driver.insert(id.to_owned(), revision);
        self.registry.set(id, slot);
        let at_work = versions.iter().filter(|version| is_at_work(version));
        let kept = at_work.copied().chain(before(versions));
        self.code()
            .keep(id, &kept.map(|version| version.digest.as_str()).collect());
    }

    async fn slot(&self, versions: &[&DriverVersion]) -> Slot {
        let mut slot = Slot::default();
        for version in versions.iter().filter(|version| is_at_work(version)) {
            let driver = match self.loaded(version).await {
                Ok(driver) => driver,
                Err(failure) => {
                    error!(driver.id = %version.driver, driver.version = %version.version, %failure, "a version cannot be loaded");
                    slot.why_none = Some(failure.to_string());
                    continue;
                }
            };
            let plan = version.canary.clone().filter(|_| version.state == DriverState::Canary);
            if version.state == DriverState::Active {
                slot.active = Some(driver);
            } else if let Some(plan) = plan.and_then(|plan| serde_json::from_value(plan).ok()) {
                slot.canary = Some((driver, chosen(&plan)));
            }
        }
        let stopped = versions
            .iter()
            .find(|version| version.state == DriverState::Quarantined);
        if let (None, Some(stopped)) = (&slot.active, stopped) {
            slot.why_none = Some(format!(
                "driver {} {} is quarantined: {}",
                stopped.driver, stopped.version, stopped.why
            ));
        }
        slot
    }
}

fn is_at_work(version: &DriverVersion) -> bool {
    matches!(version.state, DriverState::Active | DriverState::Canary)
}

/// The versions that read the devices before, the last first: as many as may have to go back to work, and those whose
/// sessions run.
fn before<'a>(versions: &[&'a DriverVersion]) -> impl Iterator<Item = &'a DriverVersion> {
    let mut before: Vec<&DriverVersion> = versions
        .iter()
        .copied()
        .filter(|version| matches!(version.state, DriverState::Draining | DriverState::Retired))
        .collect();
    before.sort_by_key(|version| std::cmp::Reverse(version.since));
    let numbered = before.into_iter().enumerate();
    numbered
        .filter(|(number, version)| *number < KEPT_BEFORE || version.state == DriverState::Draining)
        .map(|(_, version)| version)
}

fn by_driver(versions: &[DriverVersion]) -> BTreeMap<&str, Vec<&DriverVersion>> {
    let mut of: BTreeMap<&str, Vec<&DriverVersion>> = BTreeMap::new();
    for version in versions {
        of.entry(version.driver.as_str()).or_default().push(version);
    }
    of
}

fn chosen(plan: &CanaryPlan) -> Chosen {
    if plan.devices.is_empty() {
        Chosen::Share(plan.share_percent)
    } else {
        Chosen::Devices(HashSet::from_iter(plan.devices.iter().copied().map(DeviceId)))
    }
}
