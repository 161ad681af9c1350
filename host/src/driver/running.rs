//! One instance at work: the calls of one session.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use wasmtime::component::Resource;
use wasmtime::{Store, Trap};

use super::component::Driver;
use super::context::{Context, PortHandle, SinkHandle, Surroundings, Usage};
use super::contract::{Archive, Guest};
use super::env::{Budget, LimitHit, Port};
use super::guard::{Busy, Guard, came_back, count_tick};
use super::judge::{CallError, ended, judge};
use super::nowhere::Nowhere;
use crate::model::{ArchiveKind, Civil, ClockRule, Outcome, RecordKind, Setting, Value};

/// An instance that serves one session.
pub struct Running {
    store: Store<Context>,
    guest: Box<dyn Guest>,
    interfaces: Box<[&'static str]>,
    port: Resource<PortHandle>,
    sink: Resource<SinkHandle>,
    busy: Arc<Busy>,
}

/// Who answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// A model of `describe`.
    pub model: String,
    /// Serial number.
    pub serial: Option<String>,
    /// Firmware version.
    pub firmware: Option<String>,
    /// For people.
    pub details: Vec<(String, String)>,
}

/// What a device's clock showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockReading {
    /// In meter time.
    pub shown: Civil,
    /// At this instant of ours.
    pub at: Timestamp,
    /// Give or take.
    pub uncertainty_ms: u32,
}

/// What is left of a session.
pub struct Finished {
    /// What it used.
    pub usage: Usage,
    /// Processor time of the guest and of the host's part of its calls.
    pub busy: Duration,
    /// The line, to be given back.
    pub port: Box<dyn Port>,
    /// Faults of the driver that did not end the session.
    pub faults: Vec<String>,
    /// The wire trace.
    pub trace: String,
    /// What the driver wants remembered, when it changed.
    pub memory: Option<BTreeMap<String, Vec<u8>>>,
}

impl Running {
    /// The error says what the failure means for the session: without a limit that was hit or a trap of the driver's
    /// own code it is a shortage of ours.
    pub(super) async fn start(
        driver: &Driver,
        surroundings: Surroundings,
        started_at: Timestamp,
    ) -> Result<Self, (Outcome, String)> {
        let words = |error: wasmtime::Error| (Outcome::NoSlot, format!("{error:#}"));
        let mut store = Store::new(driver.engine(), Context::new(surroundings, started_at));
        // What a call carries lies in the guest's memory. Lists and texts there may overlap; here they do not, and
        // must not become more for it.
        store.set_hostcall_fuel(store.data().budget.memory_bytes);
        store.limiter(|context| context);
        store.epoch_deadline_callback(|mut store| count_tick(store.data_mut()));
        store.set_epoch_deadline(1);
        let instance = match driver.pre().instantiate_async(&mut store).await {
            Ok(instance) => instance,
            Err(error) if error.is::<Trap>() || error.is::<LimitHit>() => return Err(ended(store.data(), &error)),
            Err(error) => return Err(words(error)),
        };
        let guest = driver.exports().load(&mut store, &instance).map_err(words)?;
        let port = store
            .data_mut()
            .table
            .push(PortHandle)
            .map_err(|error| words(error.into()))?;
        let sink = store
            .data_mut()
            .table
            .push(SinkHandle)
            .map_err(|error| words(error.into()))?;
        let busy = store.data().busy.clone();
        Ok(Self {
            store,
            guest,
            interfaces: driver.interfaces().into(),
            port,
            sink,
            busy,
        })
    }

    /// `describe()` of a component that is being loaded, on an instance without line and sink. Blocks.
    pub(super) fn describe(driver: &Driver) -> Result<String, String> {
        let surroundings = Surroundings {
            port: Box::new(Nowhere),
            sink: Box::new(Nowhere),
            clock: ClockRule::Standard(jiff::tz::TimeZone::UTC),
            memory: BTreeMap::new(),
            budget: Budget {
                // A description waits for nothing, and there may be no runtime to wait with.
                calls: 0,
                cpu_ticks: 200,
                ..driver.budget()
            },
            cancel: CancellationToken::new(),
        };
        // Nothing in here waits: without a runtime of its own the future is ready or yields for the next tick.
        futures::executor::block_on(async {
            let running = Self::start(driver, surroundings, Timestamp::now()).await;
            let mut running = running.map_err(|(_, text)| text)?;
            let Self { store, guest, .. } = &mut running;
            let result = guest.describe(store).await;
            result.map_err(|error| ended(store.data(), &error).1)
        })
    }

    fn port(&self) -> Resource<PortHandle> {
        Resource::new_borrow(self.port.rep())
    }

    fn sink(&self) -> Resource<SinkHandle> {
        Resource::new_borrow(self.sink.rep())
    }

    /// Whether the driver has this interface and may be asked for it.
    fn may(&self, interface: &str) -> bool {
        self.interfaces.contains(&interface)
    }

    fn begin(&mut self, kind: RecordKind) {
        let context = self.store.data_mut();
        context.kind = kind;
        context.declared = None;
        context.refused = false;
        // The engine ticked on while this instance had nothing to do.
        context.parked = true;
        self.store.set_epoch_deadline(1);
    }

    /// Starts the conversation. `config` has passed [`super::check_config`].
    pub async fn identify(&mut self, config: &serde_json::Value) -> Result<Identity, CallError> {
        self.begin(RecordKind::Current);
        let (config, port) = (config.to_string(), self.port());
        let Self { store, guest, busy, .. } = self;
        let guard = Guard::of(store.data());
        let result = guard.run(busy, guest.identify(store, port, &config)).await;
        judge(self.store.data(), result)
    }

    /// The meter's clock.
    pub async fn read_clock(&mut self) -> Result<ClockReading, CallError> {
        self.begin(RecordKind::Current);
        let port = self.port();
        let Self { store, guest, busy, .. } = self;
        let guard = Guard::of(store.data());
        let result = guard.run(busy, guest.read_clock(store, port)).await;
        judge(self.store.data(), result)
    }

    /// Tells the sink how far the device's clock is ahead of ours.
    pub fn clock_seen(&mut self, offset_ms: i64) {
        self.store.data_mut().sink.clock_seen(offset_ms);
    }

    /// Current values to the sink.
    pub async fn read_current(&mut self) -> Result<(), CallError> {
        self.begin(RecordKind::Current);
        let (port, sink) = (self.port(), self.sink());
        let Self { store, guest, busy, .. } = self;
        let guard = Guard::of(store.data());
        let result = guard.run(busy, guest.read_current(store, port, sink)).await;
        judge(self.store.data(), result)
    }

    /// Integrators to the sink.
    pub async fn read_totals(&mut self) -> Result<(), CallError> {
        self.begin(RecordKind::Totals);
        let (port, sink) = (self.port(), self.sink());
        let Self { store, guest, busy, .. } = self;
        let guard = Guard::of(store.data());
        let result = guard.run(busy, guest.read_totals(store, port, sink)).await;
        judge(self.store.data(), result)
    }

    /// Archive records to the sink.
    pub async fn read_archive(
        &mut self,
        kind: ArchiveKind,
        windows: &[(Civil, Civil)],
        resume: Option<Vec<u8>>,
    ) -> Result<(), CallError> {
        self.begin(RecordKind::Archive(kind));
        let archive = Archive {
            kind,
            windows,
            resume: resume.as_deref(),
        };
        let (port, sink) = (self.port(), self.sink());
        let Self { store, guest, busy, .. } = self;
        let guard = Guard::of(store.data());
        let result = guard.run(busy, guest.read_archive(store, port, archive, sink)).await;
        judge(self.store.data(), result)
    }

    /// The device's journal to the sink. None: the driver has no such interface.
    pub async fn read_events(&mut self, since: Option<Civil>) -> Option<Result<(), CallError>> {
        if !self.may("diagnostics") {
            return None;
        }
        self.begin(RecordKind::Current);
        let (port, sink) = (self.port(), self.sink());
        let Self { store, guest, busy, .. } = self;
        let guard = Guard::of(store.data());
        let result = guard.run(busy, guest.read_events(store, port, since, sink)).await;
        Some(judge(self.store.data(), result))
    }

    /// The device's settings. None: the driver has no such interface.
    pub async fn read_settings(&mut self) -> Option<Result<Vec<Setting>, CallError>> {
        if !self.may("diagnostics") {
            return None;
        }
        self.begin(RecordKind::Current);
        let port = self.port();
        let Self { store, guest, busy, .. } = self;
        let guard = Guard::of(store.data());
        let result = guard.run(busy, guest.read_settings(store, port)).await;
        Some(judge(self.store.data(), result))
    }

    /// Sets the meter's clock to meter time `to`, which holds at the time of the call. None: the driver has no such
    /// interface.
    pub async fn set_clock(&mut self, to: Civil) -> Option<Result<(), CallError>> {
        if !self.may("configure") {
            return None;
        }
        self.begin(RecordKind::Current);
        let port = self.port();
        let Self { store, guest, busy, .. } = self;
        let guard = Guard::of(store.data());
        let result = guard.run(busy, guest.set_clock(store, port, to)).await;
        Some(judge(self.store.data(), result))
    }

    /// Writes a setting. None: the driver has no such interface.
    pub async fn write_setting(&mut self, id: &str, value: &Value) -> Option<Result<(), CallError>> {
        if !self.may("configure") {
            return None;
        }
        self.begin(RecordKind::Current);
        let port = self.port();
        let Self { store, guest, busy, .. } = self;
        let guard = Guard::of(store.data());
        let result = guard.run(busy, guest.write_setting(store, port, id, value)).await;
        Some(judge(self.store.data(), result))
    }

    /// Has the driver act through the device. None: the driver has no such interface.
    pub async fn command(&mut self, name: &str, arguments: &[(String, Value)]) -> Option<Result<Value, CallError>> {
        if !self.may("control") {
            return None;
        }
        self.begin(RecordKind::Current);
        let port = self.port();
        let Self { store, guest, busy, .. } = self;
        let guard = Guard::of(store.data());
        let result = guard.run(busy, guest.command(store, port, name, arguments)).await;
        Some(judge(self.store.data(), result))
    }

    /// Leaves the device as it was found.
    pub async fn close(&mut self) -> Result<(), CallError> {
        self.begin(RecordKind::Current);
        let port = self.port();
        let Self { store, guest, busy, .. } = self;
        let guard = Guard::of(store.data());
        let result = guard.run(busy, guest.close(store, port)).await;
        came_back(self.store.data(), result)
    }

    /// Lets the session take so long in all.
    pub fn set_wall(&mut self, wall: Duration) {
        self.store.data_mut().budget.wall = wall;
    }

    /// What has been used so far.
    pub fn usage(&self) -> &Usage {
        &self.store.data().usage
    }

    /// The time, as the driver is told it: noted in the trace, so that what is made of it can be made again.
    pub fn now(&mut self) -> Timestamp {
        self.store.data_mut().now()
    }

    /// Milliseconds since the session started.
    pub fn at_ms(&self) -> u64 {
        self.store.data().at_ms()
    }

    /// Ends the instance; what it learned and wrote is left.
    pub fn finish(self) -> Finished {
        let Self { store, busy, .. } = self;
        let context = store.into_data();
        let mut faults = context.faults;
        if context.faults_more > 0 {
            faults.push(format!("and {} more", context.faults_more));
        }
        let memory = context.memory_changed.then_some(context.memory);
        Finished {
            usage: context.usage,
            port: context.port,
            busy: busy.time(),
            faults,
            trace: context.trace.into_text(),
            memory,
        }
    }
}
