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
use super::env::{Budget, LimitHit, Port};
use super::guard::{Busy, Guard, came_back, count_tick};
use super::judge::{CallError, Failure, ended, judge};
use super::nowhere::Nowhere;
use super::v1::bindings::uzel::driver::types;
use super::v1::{self, civil_from, civil_to, kind_to};
use crate::limits;
use crate::model::{ArchiveKind, Civil, ClockRule, Outcome, RecordKind, Setting};

/// An instance that serves one session.
pub struct Running {
    store: Store<Context>,
    meter: v1::meter::Guest,
    diagnostics: Option<v1::diagnostics::Guest>,
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
        let mut store = Store::new(driver.runtime().engine(), Context::new(surroundings, started_at));
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
        let meter = driver.meter().load(&mut store, &instance).map_err(words)?;
        let diagnostics = driver
            .diagnostics()
            .map(|indices| indices.load(&mut store, &instance))
            .transpose()
            .map_err(words)?;
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
            meter,
            diagnostics,
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
                ..Budget::default()
            },
            cancel: CancellationToken::new(),
        };
        // Nothing in here waits: without a runtime of its own the future is ready or yields for the next tick.
        futures::executor::block_on(async {
            let running = Self::start(driver, surroundings, Timestamp::now()).await;
            let mut running = running.map_err(|(_, text)| text)?;
            let Self { store, meter, .. } = &mut running;
            let result = meter.call_describe(&mut *store).await;
            result.map_err(|error| ended(store.data(), &error).1)
        })
    }

    fn port(&self) -> Resource<PortHandle> {
        Resource::new_borrow(self.port.rep())
    }

    fn sink(&self) -> Resource<SinkHandle> {
        Resource::new_borrow(self.sink.rep())
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
        let Self { store, meter, busy, .. } = self;
        let guard = Guard::of(store.data());
        let result = guard.run(busy, meter.call_identify(&mut *store, port, &config)).await;
        let identity = judge(self.store.data(), result)?;
        let text = |text: &str| v1::text_from(text, limits::TEXT_BYTES);
        Ok(Identity {
            model: text(&identity.model),
            serial: identity.serial.as_deref().map(text),
            firmware: identity.firmware.as_deref().map(text),
            details: identity
                .details
                .iter()
                .take(64)
                .map(|(key, value)| (text(key), text(value)))
                .collect(),
        })
    }

    /// The meter's clock.
    pub async fn read_clock(&mut self) -> Result<ClockReading, CallError> {
        self.begin(RecordKind::Current);
        let port = self.port();
        let Self { store, meter, busy, .. } = self;
        let guard = Guard::of(store.data());
        let result = guard.run(busy, meter.call_read_clock(&mut *store, port)).await;
        let reading = judge(self.store.data(), result)?;
        let fault = |text: String| {
            CallError::Failure(Failure {
                outcome: Outcome::DriverFault,
                text,
                line_usable: true,
            })
        };
        let shown = civil_from(reading.shown).map_err(|text| fault(format!("clock: {text}")))?;
        let at = Timestamp::from_millisecond(reading.at)
            .map_err(|_| fault(format!("clock: {} ms is no instant", reading.at)))?;
        Ok(ClockReading {
            shown,
            at,
            uncertainty_ms: reading.uncertainty_ms,
        })
    }

    /// Tells the sink how far the device's clock is ahead of ours.
    pub fn clock_seen(&mut self, offset_ms: i64) {
        self.store.data_mut().sink.clock_seen(offset_ms);
    }

    /// Current values to the sink.
    pub async fn read_current(&mut self) -> Result<(), CallError> {
        self.begin(RecordKind::Current);
        let (port, sink) = (self.port(), self.sink());
        let Self { store, meter, busy, .. } = self;
        let guard = Guard::of(store.data());
        let result = guard.run(busy, meter.call_read_current(&mut *store, port, sink)).await;
        judge(self.store.data(), result)
    }

    /// Integrators to the sink.
    pub async fn read_totals(&mut self) -> Result<(), CallError> {
        self.begin(RecordKind::Totals);
        let (port, sink) = (self.port(), self.sink());
        let Self { store, meter, busy, .. } = self;
        let guard = Guard::of(store.data());
        let result = guard.run(busy, meter.call_read_totals(&mut *store, port, sink)).await;
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
        let windows: Vec<_> = windows
            .iter()
            .map(|(begin, end)| types::Window {
                begin: civil_to(*begin),
                end: civil_to(*end),
            })
            .collect();
        let (port, sink) = (self.port(), self.sink());
        let Self { store, meter, busy, .. } = self;
        let guard = Guard::of(store.data());
        let call = meter.call_read_archive(&mut *store, port, kind_to(kind), &windows, resume.as_deref(), sink);
        let result = guard.run(busy, call).await;
        judge(self.store.data(), result)
    }

    /// The device's journal to the sink. None: the driver has no such interface.
    pub async fn read_events(&mut self, since: Option<Civil>) -> Option<Result<(), CallError>> {
        self.begin(RecordKind::Current);
        let (port, sink) = (self.port(), self.sink());
        let Self {
            store,
            diagnostics,
            busy,
            ..
        } = self;
        let diagnostics = diagnostics.as_ref()?;
        let since = since.map(civil_to);
        let guard = Guard::of(store.data());
        let result = guard
            .run(busy, diagnostics.call_read_events(&mut *store, port, since, sink))
            .await;
        Some(judge(self.store.data(), result))
    }

    /// The device's settings. None: the driver has no such interface.
    pub async fn read_settings(&mut self) -> Option<Result<Vec<Setting>, CallError>> {
        self.begin(RecordKind::Current);
        let port = self.port();
        let Self {
            store,
            diagnostics,
            busy,
            ..
        } = self;
        let diagnostics = diagnostics.as_ref()?;
        let guard = Guard::of(store.data());
        let result = guard.run(busy, diagnostics.call_read_settings(&mut *store, port)).await;
        let settings = match judge(self.store.data(), result) {
            Ok(settings) => settings,
            Err(error) => return Some(Err(error)),
        };
        let mut taken = Vec::new();
        for setting in settings.into_iter().take(limits::SETTINGS) {
            match v1::setting_from(setting) {
                Ok(setting) => taken.push(setting),
                Err(text) => self.store.data_mut().fault(text),
            }
        }
        Some(Ok(taken))
    }

    /// Leaves the device as it was found.
    pub async fn close(&mut self) -> Result<(), CallError> {
        self.begin(RecordKind::Current);
        let port = self.port();
        let Self { store, meter, busy, .. } = self;
        let guard = Guard::of(store.data());
        let result = guard.run(busy, meter.call_close(&mut *store, port)).await;
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
