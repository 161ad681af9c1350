//! Between the generated bindings and the traits that drivers implement.

use std::cell::RefCell;
use std::marker::PhantomData;

use crate::bindings::configure::exports::uzel::driver::configure as configure_export;
use crate::bindings::control::exports::uzel::driver::control as control_export;
use crate::bindings::diagnostics::exports::uzel::driver::diagnostics as diagnostics_export;
use crate::bindings::exports::uzel::driver::meter as meter_export;
use crate::bindings::uzel::driver::{host, line};
use crate::sink::judge;
use crate::{
    Absence, ArchiveKind, CivilTime, ClockReading, Column, Configure, Control, Diagnostics, Driver, Event, Failure,
    Identity, Instant, LabelRule, Level, LineError, Medium, Port, Reading, Row, Setting, Settings, Sink, Value, Window,
};

/// The component's face of a driver `D`: [`export_driver!`](crate::export_driver) exports it.
pub struct Shell<D>(PhantomData<D>);

/// Where the one driver value of an instance lives between calls.
pub trait Instance: Driver {
    /// Runs `work` on the value of this instance.
    fn with<R>(work: impl FnOnce(&mut Self) -> R) -> R;
}

/// Holds a driver value: the macro makes one for each exported driver.
pub struct Slot<D>(RefCell<Option<D>>);

impl<D: Driver> Slot<D> {
    /// An empty slot.
    pub const fn new() -> Self {
        Self(RefCell::new(None))
    }

    /// Runs `work` on the value, made by `Default` on first use. An instance is entered by one call at a time.
    pub fn with<R>(&self, work: impl FnOnce(&mut D) -> R) -> R {
        work(self.0.borrow_mut().get_or_insert_with(D::default))
    }
}

impl<D: Driver> Default for Slot<D> {
    fn default() -> Self {
        Self::new()
    }
}

struct HostPort<'a>(&'a line::Port);

impl Port for HostPort<'_> {
    fn medium(&self) -> Medium {
        self.0.medium()
    }
    fn write(&mut self, bytes: &[u8]) -> Result<(), LineError> {
        self.0.write(bytes)
    }
    fn read(&mut self, how: Reading) -> Result<Vec<u8>, LineError> {
        self.0.read(how)
    }
    fn exchange(&mut self, bytes: &[u8], how: Reading) -> Result<Vec<u8>, LineError> {
        self.0.exchange(bytes, how)
    }
    fn purge(&mut self) -> u32 {
        self.0.purge()
    }
    fn configure(&mut self, settings: Settings) -> Result<(), LineError> {
        self.0.configure(settings)
    }
    fn now(&self) -> Instant {
        host::now()
    }
    fn sleep(&mut self, ms: u32) {
        host::sleep(ms);
    }
    fn log(&mut self, level: Level, text: &str) {
        host::log(level, text);
    }
    fn note(&mut self, text: &str) {
        host::note(text);
    }
    fn recall(&self, key: &str) -> Option<Vec<u8>> {
        host::recall(key)
    }
    fn remember(&mut self, key: &str, value: &[u8]) -> Result<(), String> {
        host::remember(key, value)
    }
}

struct HostSink<'a>(&'a host::Sink);

impl Sink for HostSink<'_> {
    fn declare(&mut self, columns: &[Column], labels: LabelRule) -> Result<(), Failure> {
        self.0.declare(columns, labels).map_err(Failure::Unsupported)
    }
    fn rows(&mut self, rows: &[Row], resume: Option<&[u8]>) -> Result<(), Failure> {
        judge(self.0.rows(rows, resume))
    }
    fn absent(&mut self, window: Window, why: Absence) -> Result<(), Failure> {
        judge(self.0.absent(window, why))
    }
    fn events(&mut self, events: &[Event]) -> Result<(), Failure> {
        judge(self.0.events(events))
    }
    fn progress(&mut self, done: u32, total: u32) {
        self.0.progress(done, total);
    }
}

impl<D: Instance> meter_export::Guest for Shell<D> {
    fn describe() -> String {
        D::describe().to_owned()
    }
    fn identify(port: &line::Port, config: String) -> Result<Identity, Failure> {
        D::with(|driver| driver.identify(&mut HostPort(port), &config))
    }
    fn read_clock(port: &line::Port) -> Result<ClockReading, Failure> {
        D::with(|driver| driver.read_clock(&mut HostPort(port)))
    }
    fn read_current(port: &line::Port, out: &host::Sink) -> Result<(), Failure> {
        D::with(|driver| driver.read_current(&mut HostPort(port), &mut HostSink(out)))
    }
    fn read_totals(port: &line::Port, out: &host::Sink) -> Result<(), Failure> {
        D::with(|driver| driver.read_totals(&mut HostPort(port), &mut HostSink(out)))
    }
    fn read_archive(
        port: &line::Port,
        kind: ArchiveKind,
        windows: Vec<Window>,
        resume: Option<Vec<u8>>,
        out: &host::Sink,
    ) -> Result<(), Failure> {
        D::with(|driver| {
            driver.read_archive(
                &mut HostPort(port),
                kind,
                &windows,
                resume.as_deref(),
                &mut HostSink(out),
            )
        })
    }
    fn close(port: &line::Port) {
        D::with(|driver| driver.close(&mut HostPort(port)));
    }
}

impl<D: Instance + Diagnostics> diagnostics_export::Guest for Shell<D> {
    fn read_events(port: &line::Port, since: Option<CivilTime>, out: &host::Sink) -> Result<(), Failure> {
        D::with(|driver| driver.read_events(&mut HostPort(port), since, &mut HostSink(out)))
    }
    fn read_settings(port: &line::Port) -> Result<Vec<Setting>, Failure> {
        D::with(|driver| driver.read_settings(&mut HostPort(port)))
    }
}

impl<D: Instance + Configure> configure_export::Guest for Shell<D> {
    fn set_clock(port: &line::Port, to: CivilTime) -> Result<(), Failure> {
        D::with(|driver| driver.set_clock(&mut HostPort(port), to))
    }
    fn write_setting(port: &line::Port, id: String, value: Value) -> Result<(), Failure> {
        D::with(|driver| driver.write_setting(&mut HostPort(port), &id, value))
    }
}

impl<D: Instance + Control> control_export::Guest for Shell<D> {
    fn command(port: &line::Port, name: String, arguments: Vec<(String, Value)>) -> Result<Value, Failure> {
        D::with(|driver| driver.command(&mut HostPort(port), &name, &arguments))
    }
}

/// Exports a driver as a component: `export_driver!(Vkt7)`, with the optional interfaces it implements behind it:
/// `export_driver!(Vkt7, diagnostics, configure, control)`. Does nothing outside `wasm32`.
#[macro_export]
macro_rules! export_driver {
    ($driver:ty $(, $interface:ident)*) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code)]
        mod exported {
            use super::*;

            thread_local! {
                static DRIVER: $crate::Slot<$driver> = const { $crate::Slot::new() };
            }

            impl $crate::Instance for $driver {
                fn with<R>(work: impl FnOnce(&mut Self) -> R) -> R {
                    DRIVER.with(|slot| slot.with(work))
                }
            }

            type Exported = $crate::Shell<$driver>;
            $crate::bindings::export_meter!(Exported with_types_in $crate::bindings);
            $($crate::export_driver!(@ $interface);)*
        }
    };
    (@ diagnostics) => {
        $crate::bindings::diagnostics::export_diagnostics!(Exported with_types_in $crate::bindings::diagnostics);
    };
    (@ configure) => {
        $crate::bindings::configure::export_configure!(Exported with_types_in $crate::bindings::configure);
    };
    (@ control) => {
        $crate::bindings::control::export_control!(Exported with_types_in $crate::bindings::control);
    };
}
