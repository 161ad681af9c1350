//! Who is read when: keeps the clock of every device, starts jobs, takes commands.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::handle::{Board, Command, HandleError, NewTunnel, ReadNow};
use super::job::{Asked, Done, Job, Tools, carry_out};
use super::plan::{Current, Planned};
use super::queue::Queue;
use super::trial;
use super::{Config, ControlJob};
use crate::driver::{Registry, Weight};
use crate::limits;
use crate::model::{DeviceId, LineAddress, LineId, Outcome, SessionId};
use crate::schedule::{Due, Past, Read};
use crate::session::{Desk, Door, Transport, sessions_allowed};
use crate::store::Store;

/// How long polling rests after the store could not take something.
const STORAGE_REST: Duration = Duration::from_secs(10);

/// From so many seconds on a clock that went otherwise than time was set; less is how machines follow their time servers.
const CLOCK_SET_S: i64 = 10;

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

    /// Takes the devices anew when somebody changed them.
    async fn look(&mut self) {
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
    fn look_at_clock(&mut self) {
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

    fn set_all_due(&mut self) {
        let (now, devices) = (self.tools.store.now(), Vec::from_iter(self.devices.keys().copied()));
        for id in devices {
            self.set_due(id, now);
        }
    }

    /// Takes the devices from the store anew; running jobs go on.
    async fn reload(&mut self) {
        let plan = match self.tools.store.poll_plan().await {
            Ok(plan) => plan,
            Err(error) => {
                error!(%error, "the devices could not be read from the store");
                return;
            }
        };
        let now = self.tools.store.now();
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
        for id in Vec::from_iter(self.devices.keys().copied()) {
            self.set_due(id, now);
        }
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
    fn set_due(&mut self, id: DeviceId, now: Timestamp) {
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

    fn wake_at(&self) -> Option<Instant> {
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
    fn enqueue_due(&mut self) {
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

    fn enqueue(&mut self, planned: Planned, asked: Option<Asked>) {
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

    async fn command(&mut self, command: Command) {
        match command {
            Command::ReadNow(read, reply) => {
                let answer = self.read_now(read);
                // Who asked may have gone.
                let _ = reply.send(answer);
            }
            Command::Tunnel(tunnel, reply) => {
                let answer = self.tunnel(&tunnel);
                let _ = reply.send(answer);
            }
            Command::Control(control, reply) => {
                let answer = self.control(control);
                let _ = reply.send(answer);
            }
            Command::CloseTunnel(device, reply) => {
                let answer = self.close_tunnel(device);
                let _ = reply.send(answer);
            }
            Command::Cancel(session, reply) => {
                let found = self.current.values().find(|current| current.session == Some(session));
                let answer = found
                    .map(|current| current.cancel.cancel())
                    .ok_or(HandleError::NoSession(session));
                let _ = reply.send(answer);
            }
            Command::Try(trial) => {
                self.trials.spawn(trial::carry_out(self.tools.clone(), trial));
            }
            Command::Reload => self.reload().await,
            Command::Configure(config) => self.configure(config),
            Command::CameBack(callers) => self.came_back(&callers),
        }
    }

    fn configure(&mut self, config: Config) {
        self.tools.desk.resize(most_sessions(&config));
        self.tools.wall = Duration::from_secs(config.session_s);
        self.config = config;
        self.set_all_due();
    }

    /// Devices that were not reached because their modem was away wait no longer.
    fn came_back(&mut self, callers: &HashSet<String>) {
        let now = self.tools.store.now();
        let behind = |planned: &Planned| {
            let mut routes = planned.device.routes.iter();
            routes.any(|route| matches!(&route.address, LineAddress::Incoming(address) if callers.contains(address)))
        };
        let mut waited = Vec::new();
        for (id, past) in &mut self.past {
            if past.outcome == Some(Outcome::ModemSilent) && self.devices.get(id).is_some_and(behind) {
                (past.outcome, past.failures) = (None, 0);
                waited.push(*id);
            }
        }
        for id in waited {
            self.set_due(id, now);
        }
    }

    fn read_now(&mut self, read: ReadNow) -> Result<u64, HandleError> {
        let planned = self.askable(read.device)?;
        self.enqueue(planned, Some(Asked::Read(read)));
        self.job_number += 1;
        Ok(self.job_number)
    }

    fn tunnel(&mut self, tunnel: &NewTunnel) -> Result<SocketAddr, HandleError> {
        let planned = self.askable(tunnel.device)?;
        let door = Door::open(tunnel.listen, tunnel.minutes);
        let door = Arc::new(door.map_err(|error| HandleError::NoPort(tunnel.listen, error.to_string()))?);
        self.tools.board.set_door(tunnel.device, &door);
        let address = door.address();
        self.enqueue(planned, Some(Asked::Tunnel(door)));
        Ok(address)
    }

    fn control(&mut self, control: ControlJob) -> Result<u64, HandleError> {
        let planned = self.askable(control.device)?;
        self.enqueue(planned, Some(Asked::Control(Arc::new(control))));
        self.job_number += 1;
        Ok(self.job_number)
    }

    /// Ends a tunnel that is open, or that waits for its line.
    fn close_tunnel(&mut self, device: DeviceId) -> Result<(), HandleError> {
        if self.tools.board.door(device).is_none() {
            return Err(HandleError::NoTunnel(device));
        }
        if self.tasks.values().any(|(running, ..)| *running == device) {
            let current = self.current.get(&device).ok_or(HandleError::NoTunnel(device))?;
            current.cancel.cancel();
        } else {
            self.queue.drop_where(|job| job.planned.device.id == device);
            self.tools.board.set_waiting(device, None);
            self.current.remove(&device);
            self.set_due(device, Timestamp::now());
        }
        Ok(())
    }

    /// A device that nobody reads or waits for, taken out of its schedule until this is done.
    fn askable(&mut self, id: DeviceId) -> Result<Planned, HandleError> {
        if self.current.contains_key(&id) {
            return Err(HandleError::AlreadyReading(id));
        }
        let planned = self.devices.get(&id).filter(|planned| planned.device.enabled).cloned();
        let planned = planned.ok_or(HandleError::NoDevice(id))?;
        if self.current.len() >= limits::JOBS_WAITING {
            return Err(HandleError::Busy);
        }
        if let Some(at) = self.due_at.remove(&id) {
            self.due.remove(&(at, id));
        }
        Ok(planned)
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
