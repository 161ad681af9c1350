//! Versions to work and back: canary, activation, rollback, quarantine, retirement.

use tracing::{info, warn};

use super::shadow::{ShadowReport, state};
use super::{CanaryPlan, Park, ParkError};
use crate::model::DriverState;
use crate::store::{Deed, DriverVersion, Step};

fn step(version: &DriverVersion, to: DriverState, deed: &Deed) -> Step {
    Step {
        digest: version.digest.clone(),
        to,
        deed: deed.clone(),
        shadow: None,
        canary: None,
    }
}

/// Why a version may not go to work without somebody's word; none: it has proven itself.
fn unproven(version: &DriverVersion) -> Option<String> {
    match version.state {
        // It did that work before.
        DriverState::Retired | DriverState::Draining => None,
        DriverState::Canary => None,
        DriverState::Shadow => {
            let report = version
                .shadow
                .clone()
                .and_then(|report| serde_json::from_value(report).ok());
            let report: ShadowReport = report.unwrap_or_default();
            (!report.is_clean()).then(|| format!("has a shadow that is not clean ({})", report.summary()))
        }
        _ => Some("has had no shadow".to_owned()),
    }
}

fn check(version: &DriverVersion, to: DriverState, overridden: bool, deed: &mut Deed) -> Result<(), ParkError> {
    if deed.why.trim().is_empty() {
        return Err(ParkError::NoReason);
    }
    if !version.state.may_become(to) {
        return Err(state(version, to));
    }
    match unproven(version) {
        Some(what) if !overridden => Err(ParkError::Unproven {
            driver: version.driver.clone(),
            version: version.version.clone(),
            what,
        }),
        Some(what) => {
            deed.why = format!("overridden, although it {what}: {}", deed.why);
            Ok(())
        }
        None => Ok(()),
    }
}

impl Park {
    /// Reads some devices with this version.
    ///
    /// # Errors
    /// It has not proven itself and nobody overrides that; another canary of the driver runs.
    pub async fn canary(
        &self,
        prefix: &str,
        mut plan: CanaryPlan,
        overridden: bool,
        mut deed: Deed,
    ) -> Result<(), ParkError> {
        let version = self.find(prefix).await?;
        check(&version, DriverState::Canary, overridden, &mut deed)?;
        plan.since_session = self.store.last_session().await?;
        let mut step = step(&version, DriverState::Canary, &deed);
        step.canary = serde_json::to_value(&plan).ok();
        self.store.move_driver_versions(vec![step]).await?;
        self.sync().await?;
        info!(driver.id = %version.driver, driver.version = %version.version, "a canary reads devices");
        Ok(())
    }

    /// Reads all devices of the driver with this version from the next session on. Running sessions end as they began.
    ///
    /// # Errors
    /// It has not proven itself and nobody overrides that.
    pub async fn activate(&self, prefix: &str, overridden: bool, mut deed: Deed) -> Result<(), ParkError> {
        let version = self.find(prefix).await?;
        check(&version, DriverState::Active, overridden, &mut deed)?;
        self.put_to_work(&version, &deed).await
    }

    /// Reads all devices of the driver with `version` in the place of the one that does.
    pub(super) async fn put_to_work(&self, version: &DriverVersion, deed: &Deed) -> Result<(), ParkError> {
        let mut steps = Vec::new();
        if let Some(before) = self.active(&version.driver).await? {
            let deed = Deed {
                who: deed.who.clone(),
                why: format!("{} takes its place: {}", version.version, deed.why),
            };
            steps.push(step(&before, DriverState::Draining, &deed));
        }
        steps.push(step(version, DriverState::Active, deed));
        self.store.move_driver_versions(steps).await?;
        self.sync().await?;
        info!(
            driver.id = %version.driver, driver.version = %version.version, driver.digest = %version.digest, who = deed.who,
            "{} {} is active", version.driver, version.version
        );
        Ok(())
    }

    /// Puts the version back to work that did it before the present one.
    ///
    /// # Errors
    /// There is none.
    pub async fn roll_back(&self, driver: &str, deed: Deed) -> Result<DriverVersion, ParkError> {
        let before = self.before(driver).await?;
        let before = before.ok_or_else(|| ParkError::NothingBefore(driver.to_owned()))?;
        self.put_to_work(&before, &deed).await?;
        Ok(before)
    }

    /// Stops a version. When it was the one that reads all devices, the one before takes its place again.
    ///
    /// # Errors
    /// It is stopped already.
    pub async fn quarantine(&self, prefix: &str, deed: Deed) -> Result<Option<DriverVersion>, ParkError> {
        let version = self.find(prefix).await?;
        if deed.why.trim().is_empty() {
            return Err(ParkError::NoReason);
        }
        if !version.state.may_become(DriverState::Quarantined) {
            return Err(state(&version, DriverState::Quarantined));
        }
        let mut steps = vec![step(&version, DriverState::Quarantined, &deed)];
        let mut before = None;
        if version.state == DriverState::Active {
            before = self.before(&version.driver).await?;
            if let Some(before) = &before {
                let deed = Deed {
                    who: deed.who.clone(),
                    why: format!("{} is quarantined", version.version),
                };
                steps.push(step(before, DriverState::Active, &deed));
            }
        }
        self.store.move_driver_versions(steps).await?;
        self.sync().await?;
        let back = before.as_ref().map(|before| before.version.clone());
        warn!(driver.id = %version.driver, driver.version = %version.version, back, why = deed.why, "a driver is quarantined");
        Ok(before)
    }

    /// Takes a version out that nothing runs with.
    ///
    /// # Errors
    /// It is at work.
    pub async fn retire(&self, prefix: &str, deed: Deed) -> Result<(), ParkError> {
        let version = self.find(prefix).await?;
        if !version.state.may_become(DriverState::Retired) {
            return Err(state(&version, DriverState::Retired));
        }
        self.store
            .move_driver_versions(vec![step(&version, DriverState::Retired, &deed)])
            .await?;
        self.sync().await
    }

    /// Revokes a component: it is stopped where it is at work, and never taken in again.
    ///
    /// # Errors
    /// The store failed.
    pub async fn revoke_digest(&self, digest: &str, deed: Deed) -> Result<(), ParkError> {
        self.store.revoke_digest(digest, deed.clone()).await?;
        let there = self.store.driver_version(digest).await?;
        if there.iter().any(|version| version.state != DriverState::Quarantined) {
            let why = format!("revoked: {}", deed.why);
            self.quarantine(digest, Deed { who: deed.who, why }).await?;
        }
        Ok(())
    }

    /// The version that reads the devices of a driver.
    pub(super) async fn active(&self, driver: &str) -> Result<Option<DriverVersion>, ParkError> {
        let versions = self.store.driver_versions().await?;
        Ok(versions
            .into_iter()
            .find(|version| version.driver == driver && version.state == DriverState::Active))
    }

    /// The version that did before; the last one of those that were not stopped.
    async fn before(&self, driver: &str) -> Result<Option<DriverVersion>, ParkError> {
        let events = self.store.driver_events(Some(driver), None, 10_000).await?;
        let versions = self.store.driver_versions().await?;
        let good = |digest: &str| {
            let fit = |version: &&DriverVersion| {
                version.digest == digest && matches!(version.state, DriverState::Draining | DriverState::Retired)
            };
            versions.iter().find(fit).cloned()
        };
        let left = events.iter().filter(|event| event.to == DriverState::Draining.word());
        Ok(left.filter_map(|event| good(&event.digest)).next())
    }
}
