//! The way from outside to the collector: asks for a read, watches sessions. Carries commands, never records.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use jiff::Timestamp;
use tokio::sync::{broadcast, mpsc, oneshot};

use super::trial::{Trial, Trials};
use super::{Config, ControlJob};
use crate::limits;
use crate::model::{AccountId, DeviceId, LineId, Outcome, Reason, RecordKind, SessionId, Span, Task};
use crate::session::{Door, ModemPool, Resting, Transport};
use crate::store::NewDevice;

/// A session as those who watch see it.
#[derive(Debug, Clone)]
pub struct Live {
    /// The session.
    pub session: SessionId,
    /// Device and its name.
    pub device: (DeviceId, Arc<str>),
    /// Line and its name.
    pub line: (LineId, Arc<str>),
    /// Driver and its version.
    pub driver: (Arc<str>, Arc<str>),
    /// Why it runs.
    pub reason: Reason,
    /// When it began.
    pub started_at: Timestamp,
    /// `open`, `identify`, a task's word, `close`.
    pub phase: Arc<str>,
    /// Steps done of this phase.
    pub done: u32,
    /// Steps of this phase; 0 when unknown.
    pub total: u32,
    /// Bytes to the meter.
    pub bytes_sent: u64,
    /// Bytes from the meter.
    pub bytes_received: u64,
    /// Questions asked.
    pub exchanges: u32,
    /// Records new in the store.
    pub records_added: u64,
    /// How it ended; none while it runs.
    pub outcome: Option<Outcome>,
    /// What exactly was wrong.
    pub detail: Option<String>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// What happens, as it happens.
#[derive(Debug, Clone)]
pub enum LiveEvent {
    /// A session started, went on or ended.
    Session(Box<Live>),
    /// New records are durable.
    Records {
        /// Whose.
        device: DeviceId,
        /// Which archive.
        kind: RecordKind,
        /// How many.
        added: u64,
        /// End of the last of them.
        last_end: Timestamp,
        /// Which session brought them.
        session: SessionId,
    },
}

/// A read that a person or program asks for.
#[derive(Debug, Clone)]
pub struct ReadNow {
    /// Of which device.
    pub device: DeviceId,
    /// What; empty: what its schedule reads.
    pub what: Vec<Task>,
    /// Which part of the archives; none: its gaps.
    pub span: Option<Span>,
}

/// A tunnel that somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewTunnel {
    /// To which device.
    pub device: DeviceId,
    /// How long, from when its line is free.
    pub minutes: u32,
    /// Where those who use it connect; port 0: any.
    pub listen: SocketAddr,
}

/// Why a command was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandleError {
    /// There is no such device, or it is disabled.
    #[error("device {0} is not there or is disabled")]
    NoDevice(DeviceId),
    /// It is being read, or waits for its line.
    #[error("device {0} is being read or waits for its line")]
    AlreadyReading(DeviceId),
    /// The session does not run.
    #[error("session {0} does not run")]
    NoSession(SessionId),
    /// There is no port for a tunnel.
    #[error("no port can be opened at {0} for a tunnel: {1}")]
    NoPort(SocketAddr, String),
    /// The device has no tunnel.
    #[error("device {0} has no tunnel")]
    NoTunnel(DeviceId),
    /// Too many connections are tried.
    #[error(
        "{} connections are tried, which is the most at once: try again in a minute",
        limits::TRIALS
    )]
    TooManyTrials,
    /// Too many commands wait.
    #[error("too many commands wait, at most {} may", limits::COMMANDS)]
    Busy,
    /// The collector has ended.
    #[error("the collector has ended")]
    Ended,
}

/// A command on its way to the collector.
#[derive(Debug)]
pub enum Command {
    /// Read a device now. Answers with the number of the job.
    ReadNow(ReadNow, oneshot::Sender<Result<u64, HandleError>>),
    /// Let a program of somebody's talk to a device. Answers with the address to connect to.
    Tunnel(NewTunnel, oneshot::Sender<Result<SocketAddr, HandleError>>),
    /// Look at a device to change it, or change it. Answers with the number of the job.
    Control(ControlJob, oneshot::Sender<Result<u64, HandleError>>),
    /// Try a connection.
    Try(Arc<Trial>),
    /// End a tunnel, open or waiting for its line.
    CloseTunnel(DeviceId, oneshot::Sender<Result<(), HandleError>>),
    /// End a session within 2 s.
    Cancel(SessionId, oneshot::Sender<Result<(), HandleError>>),
    /// Devices were added or changed in the store.
    Reload,
    /// The configuration changed. Running sessions go on.
    Configure(Config),
    /// Modems are connected again, by `LISTENER/IDENTITY`: devices that waited for them are read.
    CameBack(HashSet<String>),
}

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    board: Arc<Board>,
}

/// The running sessions, and who is told.
#[derive(Debug)]
pub struct Board {
    running: Mutex<BTreeMap<SessionId, Live>>,
    due: Mutex<BTreeMap<DeviceId, Timestamp>>,
    /// Devices whose turn has come and that wait, with the lines that they wait for.
    waiting: Mutex<HashMap<DeviceId, LineId>>,
    transport: OnceLock<Arc<Transport>>,
    trials: Trials,
    /// Tunnels by device; those that are gone stay until the next one is opened.
    doors: Mutex<HashMap<DeviceId, Weak<Door>>>,
    events: broadcast::Sender<LiveEvent>,
    turns: AtomicU64,
}

impl Handle {
    /// A handle, its board, and the commands that arrive through it.
    pub fn new() -> (Self, Arc<Board>, mpsc::Receiver<Command>) {
        let (commands, received) = mpsc::channel(limits::COMMANDS);
        let (events, _) = broadcast::channel(limits::LIVE_EVENTS);
        let board = Arc::new(Board {
            running: Mutex::default(),
            due: Mutex::default(),
            waiting: Mutex::default(),
            transport: OnceLock::new(),
            trials: Trials::default(),
            doors: Mutex::default(),
            events,
            turns: AtomicU64::new(0),
        });
        (
            Self {
                commands,
                board: board.clone(),
            },
            board,
            received,
        )
    }

    /// Asks for a read. The job number comes back as soon as the job is queued.
    pub async fn read_now(&self, read: ReadNow) -> Result<u64, HandleError> {
        self.ask(|reply| Command::ReadNow(read, reply)).await
    }

    /// Asks for a step of changing a device.
    pub async fn control(&self, job: ControlJob) -> Result<u64, HandleError> {
        self.ask(|reply| Command::Control(job, reply)).await
    }

    /// Tries to reach a device that is not kept. Gives the number of the test.
    pub async fn try_device(&self, device: NewDevice, asked_by: Option<AccountId>) -> Result<u64, HandleError> {
        let trial = self.board.trials.put(device, asked_by, Timestamp::now());
        let trial = trial.ok_or(HandleError::TooManyTrials)?;
        let id = trial.id;
        let sent = self.commands.send(Command::Try(trial)).await;
        sent.map(|()| id).map_err(|_| HandleError::Ended)
    }

    /// A test of late.
    pub fn trial(&self, id: u64) -> Option<Arc<Trial>> {
        self.board.trials.get(id)
    }

    /// Opens a port behind which the device answers. Gives the address to connect to.
    pub async fn tunnel(&self, tunnel: NewTunnel) -> Result<SocketAddr, HandleError> {
        self.ask(|reply| Command::Tunnel(tunnel, reply)).await
    }

    /// Ends a tunnel, open or waiting for its line.
    pub async fn close_tunnel(&self, device: DeviceId) -> Result<(), HandleError> {
        self.ask(|reply| Command::CloseTunnel(device, reply)).await
    }

    /// The tunnel to a device, open or waiting for its line.
    pub fn door(&self, device: DeviceId) -> Option<Arc<Door>> {
        self.board.door(device)
    }

    /// Ends a running session within 2 s.
    pub async fn cancel(&self, session: SessionId) -> Result<(), HandleError> {
        self.ask(|reply| Command::Cancel(session, reply)).await
    }

    /// Says that devices were added or changed in the store.
    pub async fn reload(&self) -> Result<(), HandleError> {
        self.commands
            .send(Command::Reload)
            .await
            .map_err(|_| HandleError::Ended)
    }

    /// Takes over a changed configuration. Running sessions go on.
    pub async fn configure(&self, config: Config) -> Result<(), HandleError> {
        self.commands
            .send(Command::Configure(config))
            .await
            .map_err(|_| HandleError::Ended)
    }

    /// Says that modems are connected again, by `LISTENER/IDENTITY`.
    pub async fn came_back(&self, callers: HashSet<String>) -> Result<(), HandleError> {
        self.commands
            .send(Command::CameBack(callers))
            .await
            .map_err(|_| HandleError::Ended)
    }

    /// How often the collector's loop turned: a number that stands still means that it hangs.
    pub fn turns(&self) -> u64 {
        self.board.turns.load(Ordering::Relaxed)
    }

    /// The running sessions, oldest first.
    pub fn running(&self) -> Vec<Live> {
        self.board.lock().values().cloned().collect()
    }

    /// When a device is read next; none: not by schedule, or it is being read.
    pub fn next_at(&self, device: DeviceId) -> Option<Timestamp> {
        self.board
            .due
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&device)
            .copied()
    }

    /// Devices whose turn has come and that wait, with the lines that they wait for.
    pub fn waiting(&self) -> HashMap<DeviceId, LineId> {
        let waiting = self.board.waiting.lock();
        waiting.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tunnels, open or waiting for their lines, by device.
    pub fn doors(&self) -> Vec<(DeviceId, Arc<Door>)> {
        let doors = self.board.doors.lock().unwrap_or_else(PoisonError::into_inner);
        let alive = doors
            .iter()
            .filter_map(|(device, door)| Some((*device, door.upgrade()?)));
        alive.collect()
    }

    /// Pools of modems of ours.
    pub fn modem_pools(&self) -> Vec<ModemPool> {
        let transport = self.board.transport.get();
        transport
            .map(|transport| transport.modems().pools())
            .unwrap_or_default()
    }

    /// Modems that rest because they were at fault.
    pub fn resting_modems(&self) -> Vec<Resting> {
        let transport = self.board.transport.get();
        transport
            .map(|transport| transport.modems().resting())
            .unwrap_or_default()
    }

    /// What happens from now on. A slow reader loses the oldest events and is told so.
    pub fn subscribe(&self) -> broadcast::Receiver<LiveEvent> {
        self.board.events.subscribe()
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, HandleError>>) -> Command,
    ) -> Result<T, HandleError> {
        let (reply, answer) = oneshot::channel();
        self.commands.try_send(command(reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => HandleError::Busy,
            mpsc::error::TrySendError::Closed(_) => HandleError::Ended,
        })?;
        answer.await.map_err(|_| HandleError::Ended)?
    }
}

impl Board {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<SessionId, Live>> {
        // The map stays whole whoever panicked: every change is one insert or one remove.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows a session; one with an outcome leaves the board.
    pub fn show(&self, live: Live) {
        let running = {
            let mut running = self.lock();
            if live.outcome.is_some() {
                running.remove(&live.session);
            } else {
                running.insert(live.session, live.clone());
            }
            running.len()
        };
        #[allow(clippy::cast_precision_loss, reason = "a gauge of sessions")]
        metrics::gauge!("uzel_sessions_running").set(running as f64);
        self.tell(LiveEvent::Session(Box::new(live)));
    }

    /// Says what opens the lines, once.
    pub fn set_transport(&self, transport: Arc<Transport>) {
        // A second collector on one board would be a mistake that costs only this news.
        let _ = self.transport.set(transport);
    }

    /// Makes a tunnel known while it lives.
    pub fn set_door(&self, device: DeviceId, door: &Arc<Door>) {
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        doors.retain(|_, door| door.strong_count() > 0);
        doors.insert(device, Arc::downgrade(door));
    }

    /// The tunnel to a device.
    pub fn door(&self, device: DeviceId) -> Option<Arc<Door>> {
        let doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        doors.get(&device).and_then(Weak::upgrade)
    }

    /// The collector's loop turned.
    pub fn turn(&self) {
        self.turns.fetch_add(1, Ordering::Relaxed);
    }

    /// Says when a device is read next.
    pub fn set_due(&self, device: DeviceId, at: Option<Timestamp>) {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        match at {
            Some(at) => due.insert(device, at),
            None => due.remove(&device),
        };
    }

    /// Says for which line a device waits; none: it waits no more.
    pub fn set_waiting(&self, device: DeviceId, line: Option<LineId>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match line {
            Some(line) => waiting.insert(device, line),
            None => waiting.remove(&device),
        };
    }

    /// Tells of new records.
    pub fn tell(&self, event: LiveEvent) {
        // Nobody listening is no fault.
        let _ = self.events.send(event);
    }

    /// How many sessions run.
    pub fn running(&self) -> usize {
        self.lock().len()
    }
}
