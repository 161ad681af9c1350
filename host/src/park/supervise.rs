//! The host's own eye on its drivers: canaries are promoted or taken back, versions that fall too often are stopped, those
//! that nothing runs with any more are retired.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::TryRecvError;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::judge::{self, CanaryPlan, Counts, Ruling};
use super::{Park, ParkError};
use crate::limits;
use crate::model::{Actor, DriverState};
use crate::store::{Deed, DriverSession, DriverVersion};

/// How often it looks when nothing wakes it.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Sessions of a version that are read at once.
const SESSIONS: u32 = 1_000;

/// Sessions with the version beside a canary to which its failures are compared.
const BESIDE: i64 = 2_000;

/// Looks until `cancel`. `wake` is told whenever something may have changed: without that, and while nobody decides
/// anything, one number is read.
pub async fn supervise<T: Clone>(park: Arc<Park>, mut wake: broadcast::Receiver<T>, cancel: CancellationToken) {
    let mut watch = Watch::default();
    let mut tick = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = tick.tick() => {}
        }
        // However many woke it: one look sees all. A sender that is gone ends with the host.
        while !matches!(wake.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {
            watch.is_due = true;
        }
        if let Err(error) = watch.look(&park).await {
            error!(%error, "the drivers could not be looked at");
        }
    }
}

/// What was seen before.
#[derive(Default)]
struct Watch {
    /// The revision of the store that [`Watch::versions`] are of.
    revision: Option<i64>,
    versions: Vec<DriverVersion>,
    /// Whether there may be sessions that were not looked at.
    is_due: bool,
    /// The last session seen of each version at work, and its sessions of the window.
    seen: HashMap<String, (i64, Vec<DriverSession>)>,
}

fn by_uzel(why: String) -> Deed {
    Deed {
        who: Actor {
            who: "uzel".to_owned(),
            ..Actor::host()
        },
        why,
    }
}

impl Watch {
    async fn look(&mut self, park: &Park) -> Result<(), ParkError> {
        let revision = park.store.drivers_revision().await?;
        if self.revision != Some(revision) {
            park.sync().await?;
            self.versions = park.store.driver_versions().await?;
            self.revision = Some(revision);
            self.is_due = true;
            park.load_before(&self.versions).await;
        }
        let versions = self.versions.clone();
        for version in &versions {
            match version.state {
                DriverState::Active if self.is_due => self.active(park, version).await?,
                DriverState::Canary if self.is_due => canary(park, version, &versions).await?,
                DriverState::Draining if !park.is_run(version) => {
                    let why = "its last session has ended".to_owned();
                    park.retire(&version.digest, by_uzel(why)).await?;
                }
                _ => {}
            }
        }
        self.is_due = false;
        let at_work = |digest: &String| {
            let mut found = versions.iter();
            found.any(|version| version.digest == *digest && version.state == DriverState::Active)
        };
        self.seen.retain(|digest, _| at_work(digest));
        Ok(())
    }

    async fn active(&mut self, park: &Park, version: &DriverVersion) -> Result<(), ParkError> {
        if !self.seen.contains_key(&version.digest) {
            let last = park.store.last_session().await?;
            let first = last.saturating_sub(i64::from(SESSIONS));
            self.seen.insert(version.digest.clone(), (first, Vec::new()));
        }
        let Some((after, window)) = self.seen.get_mut(&version.digest) else {
            return Ok(());
        };
        let new = park.store.sessions_of_driver(&version.digest, *after, SESSIONS).await?;
        let Some(last) = new.last() else { return Ok(()) };
        *after = last.id;
        window.extend(new);
        let reach = SignedDuration::try_from(limits::QUARANTINE_WINDOW).unwrap_or_default();
        let from = park.store.now().saturating_sub(reach).unwrap_or(jiff::Timestamp::MIN);
        // What was before the version came to work here is not its window.
        window.retain(|session| session.ended_at >= from.max(version.since));
        if let Ruling::Stop(why) = judge::active(window) {
            park.quarantine(&version.digest, by_uzel(why)).await?;
        }
        Ok(())
    }
}

async fn canary(park: &Park, version: &DriverVersion, versions: &[DriverVersion]) -> Result<(), ParkError> {
    let Some(plan) = version
        .canary
        .clone()
        .and_then(|plan| serde_json::from_value::<CanaryPlan>(plan).ok())
    else {
        return Ok(());
    };
    let sessions = park
        .store
        .sessions_of_driver(&version.digest, plan.since_session, SESSIONS)
        .await?;
    let active = versions
        .iter()
        .find(|other| other.driver == version.driver && other.state == DriverState::Active);
    let beside = match active {
        Some(active) => {
            let after = plan.since_session - BESIDE;
            Counts::of(&park.store.sessions_of_driver(&active.digest, after, SESSIONS).await?)
        }
        None => Counts::default(),
    };
    match judge::canary(&plan, &sessions, beside) {
        Ruling::GoesOn => Ok(()),
        Ruling::Promote(why) => park.activate(&version.digest, false, by_uzel(why)).await.map(drop),
        Ruling::Stop(why) => park.quarantine(&version.digest, by_uzel(why)).await.map(drop),
    }
}
