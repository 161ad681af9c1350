//! Who is read when: keeps the clock of every device, starts jobs, takes commands.

mod asked;
mod due;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::collect::Config;
use crate::collect::handle::{Board, Command};
use crate::collect::job::{Done, Job, Tools, carry_out};
use crate::collect::plan::{Current, Planned};
use crate::collect::queue::Queue;
use crate::driver::{Registry, Weight};
use crate::limits;
use crate::model::{DeviceId, LineId, Outcome, SessionId};
use crate::schedule::{Past, Read};
use crate::session::{Desk, Transport, sessions_allowed};
use crate::store::Store;

/// How long polling rests after the store could not take something.
const STORAGE_REST: Duration = Duration::from_secs(10);

/// A device whose clock is so far ahead of what its session was planned by may hold more intervals than were asked for.
const OTHER_CLOCK_MS: i64 = 30 * 60 * 1_000;

/// The loop and what it knows.
pub struct Collector {
    tools: Tools,
    config: Config,
    devices: HashMap<DeviceId, Planned>,
    past: HashMap<DeviceId, Past>,
    due: BTreeSet<(Timestamp, DeviceId)>,
    due_at: HashMap<DeviceId, Timestamp>,
    queue: Queue<Job>,
    current: HashMap<DeviceId, Current>,
    jobs: JoinSet<Done>,
    /// Tests of connections that run.
    trials: JoinSet<()>,
    /// Whose job each task is, and how often our clock had been set when it began.
    tasks: HashMap<tokio::task::Id, (DeviceId, LineId, u64)>,
    begun: mpsc::UnboundedSender<(DeviceId, SessionId)>,
    sessions: Option<mpsc::UnboundedReceiver<(DeviceId, SessionId)>>,
    job_number: u64,
    rest_until: Option<Instant>,
    /// Whether polling rests because the storage takes nothing.
    is_paused: bool,
    /// When it last did.
    paused_at: Option<Timestamp>,
    /// Of the devices as they were last taken from the store.
    revision: i64,
    /// When both clocks were last looked at: that of the world and that which nobody sets.
    looked_at: (Timestamp, Instant),
    /// How often our clock was set.
    clock_sets: u64,
    /// Running jobs of each group.
    groups: HashMap<i64, u32>,
    /// Running jobs of big drivers.
    big: usize,
}

/// A device as its next session is found.
fn read<'a>(planned: &'a Planned, past: &'a Past) -> Read<'a> {
    Read {
        device: planned.device.id,
        schedule: &planned.device.schedule,
        zone: &planned.device.time_zone,
        past,
    }
}

/// Whether the device's group may have one more session.
fn has_room(running: &HashMap<i64, u32>, planned: &Planned) -> bool {
    planned.device.group.as_ref().is_none_or(|group| {
        let most = group.sessions.unwrap_or(u32::MAX);
        running.get(&group.id).copied().unwrap_or_default() < most
    })
}

/// Whether a device's driver brings an interpreter.
fn is_big(registry: &Registry, planned: &Planned) -> bool {
    let chosen = registry.choose(&planned.device.driver, planned.device.id);
    chosen.is_ok_and(|(driver, _)| driver.weight == Weight::Big)
}

impl Collector {
    /// A collector that has not begun.
    pub fn new(
        store: Store,
        registry: Arc<Registry>,
        transport: Arc<Transport>,
        board: Arc<Board>,
        config: Config,
    ) -> Self {
        board.set_transport(transport.clone());
        let desk = Arc::new(Desk::new(most_sessions(&config)));
        let looked_at = (store.now(), Instant::now());
        let wall = Duration::from_secs(config.session_s);
        // One message a session, taken at once: bounded by the sessions.
        let (begun, sessions) = mpsc::unbounded_channel();
        Self {
            tools: Tools {
                store,
                registry,
                desk,
                transport,
                board,
                tally: Arc::default(),
                wall,
                stopping: CancellationToken::new(),
            },
            config,
            devices: HashMap::new(),
            past: HashMap::new(),
            due: BTreeSet::new(),
            due_at: HashMap::new(),
            queue: Queue::default(),
            current: HashMap::new(),
            jobs: JoinSet::new(),
            trials: JoinSet::new(),
            tasks: HashMap::new(),
            begun,
            sessions: Some(sessions),
            job_number: 0,
            rest_until: None,
            is_paused: false,
            paused_at: None,
            revision: 0,
            looked_at,
            clock_sets: 0,
            groups: HashMap::new(),
            big: 0,
        }
    }

    /// Polls until `cancel`; then ends the running sessions and comes back within a few seconds.
    pub async fn run(mut self, mut commands: mpsc::Receiver<Command>, cancel: CancellationToken) {
        let Some(mut sessions) = self.sessions.take() else {
            return;
        };
        self.tools.stopping = cancel.clone();
        self.reload().await;
        let mut look = tokio::time::interval(Duration::from_secs(self.config.look_s.max(1)));
        loop {
            self.tools.board.turn();
            self.look_at_clock();
            self.start_jobs();
            let wake_at = self.wake_at();
            tokio::select! {
                biased;
                () = cancel.cancelled() => break,
                Some(command) = commands.recv() => self.command(command).await,
                Some((device, session)) = sessions.recv() => {
                    if let Some(current) = self.current.get_mut(&device) {
                        current.session = Some(session);
                    }
                }
                Some(done) = self.jobs.join_next_with_id() => self.done(done),
                Some(_) = self.trials.join_next() => {}
                _ = look.tick() => self.look().await,
                () = sleep_until(wake_at) => self.enqueue_due(),
            }
        }
        self.shut_down().await;
    }

    async fn shut_down(&mut self) {
        for current in self.current.values() {
            current.cancel.cancel();
        }
        let running = self.jobs.len();
        if running > 0 {
            info!(sessions = running, "ending {running} sessions");
        }
        while let Some(done) = self.jobs.join_next_with_id().await {
            self.done(done);
        }
        // Nothing of a test is kept.
        self.trials.shutdown().await;
    }

    /// Starts jobs while there are slots and free lines, and a storage that takes what they bring.
    fn start_jobs(&mut self) {
        // Looked at in every turn of the loop, which comes at least as often as it looks at the devices.
        let is_paused = self.tools.store.is_paused();
        if is_paused {
            self.paused_at = Some(self.tools.store.now());
        }
        if is_paused != self.is_paused {
            self.is_paused = is_paused;
            if is_paused {
                warn!("polling rests until the storage takes data again");
            } else {
                info!("polling goes on");
            }
        }
        if is_paused || self.rest_until.is_some_and(|until| until > Instant::now()) {
            return;
        }
        self.rest_until = None;
        while self.jobs.len() < self.tools.desk.most() {
            let (groups, registry) = (&self.groups, &self.tools.registry);
            let big_may = self.big < self.config.big_sessions;
            let may = |job: &Job| has_room(groups, &job.planned) && (big_may || !is_big(registry, &job.planned));
            let Some((line, mut job)) = self.queue.pop(may) else {
                return;
            };
            let id = job.planned.device.id;
            // Somebody may have changed it while it waited.
            if let Some(planned) = self.devices.get(&id) {
                job.planned = planned.clone();
            }
            self.tools.board.set_waiting(id, None);
            let past = self.past.get(&id).cloned().unwrap_or_default();
            if job.asked.is_none() {
                job.due = read(&job.planned, &past).due(self.tools.store.now());
            }
            job.probe = past.failures >= limits::PROBE_AFTER && past.outcome.is_some_and(Outcome::is_no_connection);
            job.done = past.done;
            let Some(current) = self.current.get_mut(&id) else {
                self.queue.free(line);
                continue;
            };
            let group = job.planned.device.group.as_ref().map(|group| group.id);
            current.group = group;
            let is_big = is_big(&self.tools.registry, &job.planned);
            current.is_big = is_big;
            let (tools, cancel, begun) = (self.tools.clone(), current.cancel.clone(), self.begun.clone());
            let task = self.jobs.spawn(carry_out(tools, job, cancel, move |session| {
                // The receiver lives as long as the collector.
                let _ = begun.send((id, session));
            }));
            self.tasks.insert(task.id(), (id, line, self.clock_sets));
            if let Some(group) = group {
                *self.groups.entry(group).or_default() += 1;
            }
            self.set_big(self.big + usize::from(is_big));
        }
        self.show_waiting();
    }

    /// Says how many devices wait for their line or for room.
    #[allow(clippy::cast_precision_loss, reason = "a gauge of devices")]
    fn show_waiting(&self) {
        let waiting = self.current.len().saturating_sub(self.tasks.len());
        metrics::gauge!("uzel_sessions_waiting").set(waiting as f64);
    }

    #[allow(clippy::cast_precision_loss, reason = "a gauge of sessions")]
    fn set_big(&mut self, big: usize) {
        self.big = big;
        metrics::gauge!("uzel_sessions_big_running").set(big as f64);
    }

    fn done(&mut self, done: Result<(tokio::task::Id, Done), tokio::task::JoinError>) {
        let (task, done) = match done {
            Ok((task, done)) => (task, Some(done)),
            Err(error) => {
                // A job that panicked is a fault of ours; its device is read again in its time.
                error!(%error, "a job ended badly");
                (error.id(), None)
            }
        };
        let Some((id, line, clock_sets)) = self.tasks.remove(&task) else {
            return;
        };
        self.queue.free(line);
        if let Some(current) = self.current.remove(&id) {
            if let Some(running) = current.group.and_then(|group| self.groups.get_mut(&group)) {
                *running = running.saturating_sub(1);
            }
            self.set_big(self.big.saturating_sub(current.is_big.into()));
        }
        let done = done.unwrap_or_else(|| Done {
            started_at: self.tools.store.now(),
            outcome: Outcome::Interrupted,
            offset_ms: None,
            model: None,
            tells_of_device: true,
            control: None,
            schedule_done: None,
        });
        let mut read_again = false;
        if let Some(planned) = self.devices.get_mut(&id) {
            // What was measured by a clock that was set since is of no use.
            let measured = done.offset_ms.filter(|_| clock_sets == self.clock_sets);
            let ahead_ms = measured.map_or(0, |ms| ms.saturating_sub(planned.offset_ms.unwrap_or(0)));
            // Once only: a clock that is otherwise each time would be read without end.
            planned.read_again = ahead_ms >= OTHER_CLOCK_MS && !planned.read_again;
            read_again = planned.read_again;
            planned.offset_ms = measured.or(planned.offset_ms);
            if done.model.is_some() && planned.device.model.is_none() {
                Arc::make_mut(&mut planned.device).model = done.model;
            }
        }
        // A pause is over when the storage says so. What else it refuses it may refuse again.
        let by_pause =
            done.outcome == Outcome::Storage && self.paused_at.is_some_and(|paused_at| paused_at >= done.started_at);
        if done.outcome == Outcome::Storage && !by_pause {
            warn!(
                "polling rests for {} s: the store could not take something",
                STORAGE_REST.as_secs()
            );
            self.rest_until = Some(Instant::now() + STORAGE_REST);
        }
        if !done.tells_of_device {
            self.set_due(id, self.tools.store.now());
            return;
        }
        let past = self.past.entry(id).or_default();
        past.failures = match done.outcome {
            Outcome::Complete | Outcome::Partial => 0,
            // The device did nothing wrong.
            Outcome::Storage if by_pause => past.failures,
            _ => past.failures.saturating_add(1),
        };
        (past.started_at, past.outcome) = (Some(done.started_at), Some(done.outcome));
        if let Some(entries) = done.schedule_done.filter(|_| !read_again) {
            past.done = entries;
        }
        self.set_due(id, self.tools.store.now());
    }
}

/// How many sessions may be open at once, as configured and as the kernel allows.
fn most_sessions(config: &Config) -> usize {
    let allowed = sessions_allowed();
    if config.sessions > allowed {
        warn!(
            wanted = config.sessions,
            allowed, "at most {allowed} sessions at once: vm.max_map_count allows no more"
        );
    }
    config.sessions.min(allowed).max(1)
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
