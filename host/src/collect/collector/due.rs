//! When each device is read next: their clocks follow the store, ours, and what was read.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::{Collector, read};
use crate::collect::job::{Asked, Job};
use crate::collect::plan::{Current, Planned};
use crate::model::{DeviceId, LineId};
use crate::schedule::{Due, Past};

/// From so many seconds on a clock that went otherwise than time was set; less is how machines follow their time servers.
const CLOCK_SET_S: i64 = 10;

impl Collector {
    /// Takes the devices anew when somebody changed them.
    pub(super) async fn look(&mut self) {
        match self.tools.store.devices_revision().await {
            Ok(revision) if revision == self.revision => {}
            Ok(revision) => {
                self.reload().await;
                self.revision = revision;
            }
            Err(error) => error!(%error, "the revision of the devices could not be read"),
        }
    }

    /// When somebody set our clock, what is due and how far the devices' clocks are ahead was reckoned by the old one.
    pub(super) fn look_at_clock(&mut self) {
        let (now, instant) = (self.tools.store.now(), Instant::now());
        let (then, before) = std::mem::replace(&mut self.looked_at, (now, instant));
        let passed = SignedDuration::try_from(instant.duration_since(before)).unwrap_or(SignedDuration::MAX);
        let set = then.duration_until(now) - passed;
        if set.as_secs().abs() >= CLOCK_SET_S {
            let (seconds, set_ms) = (set.as_secs(), i64::try_from(set.as_millis()).unwrap_or_default());
            warn!(seconds, "the clock of this machine was set by {seconds} s");
            self.clock_sets += 1;
            for planned in self.devices.values_mut() {
                planned.offset_ms = planned.offset_ms.map(|offset_ms| offset_ms.saturating_sub(set_ms));
            }
            self.set_all_due();
        }
    }

    pub(super) fn set_all_due(&mut self) {
        let (now, devices) = (self.tools.store.now(), Vec::from_iter(self.devices.keys().copied()));
        for id in devices {
            self.set_due(id, now);
        }
    }

    /// Takes the devices from the store anew; running jobs go on.
    pub(super) async fn reload(&mut self) {
        let plan = match self.tools.store.poll_plan().await {
            Ok(plan) => plan,
            Err(error) => {
                error!(%error, "the devices could not be read from the store");
                return;
            }
        };
        let old = std::mem::take(&mut self.devices);
        self.due.clear();
        self.due_at.clear();
        for device in plan {
            let id = device.id;
            let known = old.get(&id);
            self.past.entry(id).or_insert(Past {
                started_at: device.last_session_started_at,
                outcome: device.last_outcome,
                failures: device.failures_in_row,
                done: device.schedule_done.clone(),
            });
            // A changed device is tried at once: somebody may have mended it.
            let changed =
                known.is_some_and(|known| known.device.config != device.config || known.device.routes != device.routes);
            if changed {
                self.past.insert(id, Past::default());
            }
            let planned = Planned {
                offset_ms: known.and_then(|known| known.offset_ms),
                read_again: known.is_some_and(|known| known.read_again),
                device: Arc::new(device),
            };
            self.devices.insert(id, planned);
        }
        self.drop_waiting();
        self.set_all_due();
    }

    /// Jobs that wait for devices which are out of use are not carried out; the others go on with what is said now.
    fn drop_waiting(&mut self) {
        let running: HashSet<DeviceId> = self.tasks.values().map(|(id, ..)| *id).collect();
        let devices = &self.devices;
        let is_gone = |id: &DeviceId| devices.get(id).is_none_or(|planned| !planned.device.enabled);
        self.queue.drop_where(|job| is_gone(&job.planned.device.id));
        self.current.retain(|id, _| running.contains(id) || !is_gone(id));
    }

    /// Decides when a device is read next.
    pub(super) fn set_due(&mut self, id: DeviceId, now: Timestamp) {
        if let Some(at) = self.due_at.remove(&id) {
            self.due.remove(&(at, id));
        }
        self.tools.board.set_due(id, None);
        let (Some(planned), Some(past)) = (self.devices.get(&id), self.past.get(&id)) else {
            return;
        };
        if !self.config.scheduled || !planned.device.enabled || self.current.contains_key(&id) {
            return;
        }
        let Some(at) = read(planned, past).next_at(now) else {
            return;
        };
        self.due.insert((at, id));
        self.due_at.insert(id, at);
        self.tools.board.set_due(id, Some(at));
    }

    pub(super) fn wake_at(&self) -> Option<Instant> {
        let next = self.due.first().map(|(at, _)| {
            let wait = self.tools.store.now().duration_until(*at);
            Instant::now() + Duration::try_from(wait).unwrap_or(Duration::ZERO)
        });
        let rest = self.rest_until.filter(|until| *until > Instant::now());
        match (next, rest) {
            (Some(next), Some(rest)) => Some(next.max(rest)),
            (next, rest) => next.or(rest),
        }
    }

    /// Moves what is due into the queue of its line.
    pub(super) fn enqueue_due(&mut self) {
        let now = self.tools.store.now();
        while let Some((at, id)) = self.due.first().copied() {
            if at > now {
                break;
            }
            self.due.remove(&(at, id));
            self.due_at.remove(&id);
            if let Some(planned) = self.devices.get(&id).cloned() {
                self.enqueue(planned, None);
            }
        }
    }

    pub(super) fn enqueue(&mut self, planned: Planned, asked: Option<Asked>) {
        let line = planned.line().unwrap_or(LineId(0));
        let id = planned.device.id;
        // From now on it has its place: it is not due again before this job has ended.
        let cancel = CancellationToken::new();
        let current = Current {
            session: None,
            cancel,
            group: None,
            is_big: false,
        };
        self.current.insert(id, current);
        let urgent = asked.is_some();
        let job = Job {
            planned,
            asked,
            due: Due::default(),
            done: HashMap::new(),
            probe: false,
        };
        self.tools.board.set_waiting(id, Some(line));
        self.queue.push(line, job, urgent);
    }
}
