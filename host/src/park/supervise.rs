//! The host's own eye on its drivers: canaries are promoted or taken back, versions that fall too often are stopped, those
//! that nothing runs with any more are retired.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::judge::{self, CanaryPlan, Counts, Ruling};
use super::{Park, ParkError};
use crate::limits;
use crate::model::DriverState;
use crate::store::{Deed, DriverSession, DriverVersion};

/// How often it looks when nothing wakes it.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Sessions of a version that are read at once.
const SESSIONS: u32 = 1_000;

/// Sessions with the version beside a canary to which its failures are compared.
const BESIDE: i64 = 2_000;

/// Looks until `cancel`. `wake` is told whenever something may have changed.
pub async fn supervise<T: Clone>(park: Arc<Park>, mut wake: broadcast::Receiver<T>, cancel: CancellationToken) {
    let mut watch = Watch::default();
    let mut tick = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = tick.tick() => {}
        }
        // However many woke it: one look sees all. A sender that is gone ends with the host.
        while !matches!(
            wake.try_recv(),
            Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed)
        ) {}
        if let Err(error) = watch.look(&park).await {
            error!(%error, "the drivers could not be looked at");
        }
    }
}

/// What was seen before.
#[derive(Default)]
struct Watch {
    revision: Option<i64>,
    /// The last session seen of each version at work, and its sessions of the window.
    seen: HashMap<String, (i64, Vec<DriverSession>)>,
}

fn by_uzel(why: String) -> Deed {
    Deed {
        who: "uzel".to_owned(),
        why,
    }
}

impl Watch {
    async fn look(&mut self, park: &Park) -> Result<(), ParkError> {
        let revision = park.store.drivers_revision().await?;
        if self.revision.replace(revision) != Some(revision) {
            park.sync().await?;
        }
        let versions = park.store.driver_versions().await?;
        for version in &versions {
            match version.state {
                DriverState::Active => self.active(park, version).await?,
                DriverState::Canary => canary(park, version, &versions).await?,
                DriverState::Draining if park.sessions_with(version).await == 0 => {
                    park.retire(&version.digest, by_uzel("its last session has ended".to_owned()))
                        .await?;
                }
                _ => {}
            }
        }
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
        Ruling::Promote(why) => park.activate(&version.digest, false, by_uzel(why)).await,
        Ruling::Stop(why) => park.quarantine(&version.digest, by_uzel(why)).await.map(drop),
    }
}
