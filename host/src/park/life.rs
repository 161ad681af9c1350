//! Versions to work and back: canary, activation, rollback, quarantine, retirement.

use tracing::{info, warn};

use super::standing::{before, check, may_become, one, says_why, step, to_quarantine, to_work};
use super::{CanaryPlan, Counts, Park, ParkError};
use crate::model::DriverState;
use crate::store::{Deed, DriverVersion, Standing, Step, Subject};

/// Sessions of a canary that are counted: as many as its judge looks at.
const CANARY_SESSIONS: u32 = 1_000;

impl Park {
    /// Reads some devices with this version.
    ///
    /// # Errors
    /// It has not proven itself and nobody overrides that; another canary of the driver runs; it cannot be loaded.
    pub async fn canary(
        &self,
        prefix: &str,
        plan: CanaryPlan,
        overridden: bool,
        deed: Deed,
    ) -> Result<DriverVersion, ParkError> {
        self.ready(prefix, DriverState::Canary, overridden, &deed).await?;
        let asked = prefix.to_owned();
        let judge = move |standing: &Standing| {
            let version = one(&asked, &standing.meant)?;
            let deed = check(version, DriverState::Canary, overridden, &deed)?;
            let plan = CanaryPlan {
                since_session: standing.last_session,
                ..plan.clone()
            };
            Ok(vec![Step {
                canary: serde_json::to_value(&plan).ok(),
                ..step(version, DriverState::Canary, &deed)
            }])
        };
        let moved = self.decide(Subject::Digest(prefix.to_owned()), judge).await?;
        let version = last(moved, prefix)?;
        info!(driver.id = %version.driver, driver.version = %version.version, "a canary reads devices");
        Ok(version)
    }

    /// What the sessions of a canary came to so far; none: the version is no canary.
    ///
    /// # Errors
    /// The store failed.
    pub async fn canary_counts(&self, version: &DriverVersion) -> Result<Option<Counts>, ParkError> {
        let plan = version.canary.clone().filter(|_| version.state == DriverState::Canary);
        let Some(plan) = plan.and_then(|plan| serde_json::from_value::<CanaryPlan>(plan).ok()) else {
            return Ok(None);
        };
        let sessions = self
            .store
            .sessions_of_driver(&version.digest, plan.since_session, CANARY_SESSIONS)
            .await?;
        Ok(Some(Counts::of(&sessions)))
    }

    /// Reads all devices of the driver with this version from the next session on. Running sessions end as they began.
    ///
    /// # Errors
    /// It has not proven itself and nobody overrides that; it cannot be loaded.
    pub async fn activate(&self, prefix: &str, overridden: bool, deed: Deed) -> Result<DriverVersion, ParkError> {
        self.ready(prefix, DriverState::Active, overridden, &deed).await?;
        let asked = prefix.to_owned();
        let judge = move |standing: &Standing| {
            let version = one(&asked, &standing.meant)?;
            let deed = check(version, DriverState::Active, overridden, &deed)?;
            Ok(to_work(standing, version, &deed))
        };
        let moved = self.decide(Subject::Digest(prefix.to_owned()), judge).await?;
        let version = last(moved, prefix)?;
        tell(&version);
        Ok(version)
    }

    /// Puts the version back to work that did it before the present one.
    ///
    /// # Errors
    /// There is none.
    pub async fn roll_back(&self, driver: &str, deed: Deed) -> Result<DriverVersion, ParkError> {
        let id = driver.to_owned();
        let judge = move |standing: &Standing| {
            let before = before(standing).ok_or_else(|| ParkError::NothingBefore(id.clone()))?;
            Ok(to_work(standing, before, &deed))
        };
        let moved = self.decide(Subject::Driver(driver.to_owned()), judge).await?;
        let version = last(moved, driver)?;
        tell(&version);
        Ok(version)
    }

    /// Stops a version. When it was the one that reads all devices, the one before takes its place again. Gives the
    /// version, and that one.
    ///
    /// # Errors
    /// It is stopped already.
    pub async fn quarantine(
        &self,
        prefix: &str,
        deed: Deed,
    ) -> Result<(DriverVersion, Option<DriverVersion>), ParkError> {
        let asked = prefix.to_owned();
        let judge = move |standing: &Standing| {
            let version = one(&asked, &standing.meant)?;
            says_why(&deed)?;
            may_become(version, DriverState::Quarantined)?;
            Ok(to_quarantine(standing, version, &deed))
        };
        let mut moved = self.decide(Subject::Digest(prefix.to_owned()), judge).await?;
        let back = if moved.len() > 1 { moved.pop() } else { None };
        let version = last(moved, prefix)?;
        let instead = back.as_ref().map(|back| back.version.as_str());
        warn!(driver.id = %version.driver, driver.version = %version.version, instead, why = version.why, "a driver is quarantined");
        Ok((version, back))
    }

    /// Takes a version out that nothing runs with.
    ///
    /// # Errors
    /// It is at work.
    pub async fn retire(&self, prefix: &str, deed: Deed) -> Result<DriverVersion, ParkError> {
        let asked = prefix.to_owned();
        let judge = move |standing: &Standing| {
            let version = one(&asked, &standing.meant)?;
            may_become(version, DriverState::Retired)?;
            Ok(vec![step(version, DriverState::Retired, &deed)])
        };
        let moved = self.decide(Subject::Digest(prefix.to_owned()), judge).await?;
        last(moved, prefix)
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

    /// Loads the code of a version that is to go to work, so that it is there when that is decided.
    async fn ready(&self, prefix: &str, to: DriverState, overridden: bool, deed: &Deed) -> Result<(), ParkError> {
        if self.code().is_loaded(prefix) {
            return Ok(());
        }
        let version = self.find(prefix).await?;
        check(&version, to, overridden, deed)?;
        self.loaded(&version).await.map(drop)
    }
}

/// The version that the last step moved.
fn last(mut moved: Vec<DriverVersion>, subject: &str) -> Result<DriverVersion, ParkError> {
    moved.pop().ok_or_else(|| ParkError::NoVersion(subject.to_owned()))
}

fn tell(version: &DriverVersion) {
    info!(
        driver.id = %version.driver, driver.version = %version.version, driver.digest = %version.digest,
        "{} {} is active", version.driver, version.version
    );
}
