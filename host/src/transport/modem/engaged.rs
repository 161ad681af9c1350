//! A modem that somebody uses: hung up and given back to its pool at the end, whatever the end is.

use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use tokio_util::task::TaskTracker;
use tracing::warn;

use super::engine::Modem;
use super::fault::Fault;
use super::pool::{Lease, Pool};

/// A modem with its port open, and the right to use it.
#[derive(Debug)]
pub(super) struct Engaged {
    parts: Option<(Modem, Lease)>,
    /// How long it was in calls for those who had it before in the same call.
    before: Duration,
    /// How long it was in calls for us, once it is given back or handed on.
    on_line: Duration,
    /// Ends in the background what is dropped.
    hang_ups: TaskTracker,
}

impl Engaged {
    pub(super) fn new(modem: Modem, lease: Lease, hang_ups: TaskTracker) -> Self {
        Self {
            parts: Some((modem, lease)),
            before: Duration::ZERO,
            on_line: Duration::ZERO,
            hang_ups,
        }
    }

    /// None: it was given back.
    pub(super) fn modem(&mut self) -> Option<&mut Modem> {
        self.parts.as_mut().map(|(modem, _)| modem)
    }

    /// How long it was in calls for us.
    pub(super) fn on_line(&self) -> Duration {
        match self.parts {
            Some(_) => self.age().saturating_sub(self.before),
            None => self.on_line,
        }
    }

    /// How long it was in calls for anybody.
    pub(super) fn age(&self) -> Duration {
        self.parts.as_ref().map_or(Duration::ZERO, |(modem, _)| modem.on_line())
    }

    /// Its pool. None: it was given back.
    pub(super) fn pool(&self) -> Option<Arc<Pool>> {
        self.parts.as_ref().map(|(_, lease)| lease.pool())
    }

    /// What ends in the background.
    pub(super) fn hang_ups(&self) -> TaskTracker {
        self.hang_ups.clone()
    }

    /// The modem in its call for somebody else: from now on its time is theirs.
    pub(super) fn hand_on(&mut self) -> Self {
        self.on_line = self.on_line();
        Self {
            before: self.age(),
            parts: self.parts.take(),
            on_line: Duration::ZERO,
            hang_ups: self.hang_ups.clone(),
        }
    }

    /// Hangs up and gives the modem back. Dropped on the way, it goes on in the background.
    pub(super) async fn end(&mut self) {
        let Some((modem, _)) = &mut self.parts else { return };
        let ended = modem.hang_up().await;
        self.give_back(ended);
    }

    /// As [`Self::end`], with a modem that could not do what it was told.
    pub(super) async fn end_faulty(&mut self, fault: Fault) {
        let Some((modem, _)) = &mut self.parts else { return };
        // It is at fault in any case; this is only for the far end's sake.
        let _ = modem.hang_up().await;
        self.give_back(Err(fault));
    }

    fn give_back(&mut self, ended: Result<(), Fault>) {
        self.on_line = self.on_line();
        let Some((modem, lease)) = self.parts.take() else {
            return;
        };
        give_back(modem, lease, ended);
    }
}

fn give_back(modem: Modem, lease: Lease, ended: Result<(), Fault>) {
    // Operators count begun seconds.
    let seconds = u64::try_from(modem.on_line().as_millis().div_ceil(1_000)).unwrap_or_default();
    let pool = lease.pool();
    pool.fared.was_on_line(seconds);
    counter!("uzel_modem_on_line_seconds_total", "pool" => pool.name.clone()).increment(seconds);
    // The port is free before the pool says so.
    drop(modem);
    lease.release(ended.err().map(|fault| fault.to_string()));
}

impl Drop for Engaged {
    fn drop(&mut self) {
        let Some((mut modem, lease)) = self.parts.take() else {
            return;
        };
        // At once, for the case that nothing else comes to run any more.
        let has_dtr = modem.port.set_dtr(false);
        if tokio::runtime::Handle::try_current().is_err() {
            warn!("modem {} is cut without being hung up: the host ends", modem.name());
            return;
        }
        self.hang_ups.spawn(async move {
            if has_dtr {
                modem.raise_dtr().await;
            }
            let ended = modem.hang_up().await;
            give_back(modem, lease, ended);
        });
    }
}
