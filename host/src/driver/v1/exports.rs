//! The exports of a component of version 1, called in the model's words.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre, Linker};

use super::bindings::exports::uzel::driver::{configure, control, diagnostics, meter};
use super::bindings::uzel::driver::types;
use super::convert::{civil_from, civil_to, kind_to, setting_from, text_from, value_from, value_to};
use crate::driver::context::Context;
use crate::driver::contract::{Archive, Called, Contract, Exports, Guest, Port, Sink, Told};
use crate::driver::{ClockReading, Identity};
use crate::limits;
use crate::model::{Civil, Setting, Value};

/// Details of an identity that are taken; a driver that gives more says nothing more.
const DETAILS: usize = 64;

/// Version 1 of the contract.
pub struct V1;

impl Contract for V1 {
    fn version(&self) -> &'static str {
        "1.0.0"
    }

    fn add_to_linker(&self, linker: &mut Linker<Context>) -> wasmtime::Result<()> {
        super::add_to_linker(linker)
    }

    fn exports(&self, pre: &InstancePre<Context>) -> wasmtime::Result<Arc<dyn Exports>> {
        Ok(Arc::new(Indices {
            meter: meter::GuestIndices::new(pre)?,
            diagnostics: diagnostics::GuestIndices::new(pre).ok(),
            configure: configure::GuestIndices::new(pre).ok(),
            control: control::GuestIndices::new(pre).ok(),
        }))
    }
}

struct Indices {
    meter: meter::GuestIndices,
    diagnostics: Option<diagnostics::GuestIndices>,
    configure: Option<configure::GuestIndices>,
    control: Option<control::GuestIndices>,
}

impl Exports for Indices {
    fn load(&self, store: &mut Store<Context>, instance: &Instance) -> wasmtime::Result<Box<dyn Guest>> {
        let (diagnostics, configure) = (self.diagnostics.as_ref(), self.configure.as_ref());
        let control = self.control.as_ref();
        Ok(Box::new(Loaded {
            meter: self.meter.load(&mut *store, instance)?,
            diagnostics: diagnostics
                .map(|indices| indices.load(&mut *store, instance))
                .transpose()?,
            configure: configure
                .map(|indices| indices.load(&mut *store, instance))
                .transpose()?,
            control: control.map(|indices| indices.load(&mut *store, instance)).transpose()?,
        }))
    }
}

struct Loaded {
    meter: meter::Guest,
    diagnostics: Option<diagnostics::Guest>,
    configure: Option<configure::Guest>,
    control: Option<control::Guest>,
}

#[async_trait]
impl Guest for Loaded {
    async fn describe(&self, store: &mut Store<Context>) -> wasmtime::Result<String> {
        self.meter.call_describe(store).await
    }

    async fn identify(&self, store: &mut Store<Context>, port: Port, config: &str) -> Called<Identity> {
        let result = self.meter.call_identify(store, port, config).await?;
        Ok(result.map(identity).map_err(told))
    }

    async fn read_clock(&self, store: &mut Store<Context>, port: Port) -> Called<ClockReading> {
        let result = self.meter.call_read_clock(store, port).await?;
        Ok(result.map_err(told).and_then(clock))
    }

    async fn read_current(&self, store: &mut Store<Context>, port: Port, sink: Sink) -> Called<()> {
        Ok(self.meter.call_read_current(store, port, sink).await?.map_err(told))
    }

    async fn read_totals(&self, store: &mut Store<Context>, port: Port, sink: Sink) -> Called<()> {
        Ok(self.meter.call_read_totals(store, port, sink).await?.map_err(told))
    }

    async fn read_archive(
        &self,
        store: &mut Store<Context>,
        port: Port,
        archive: Archive<'_>,
        sink: Sink,
    ) -> Called<()> {
        let windows = archive.windows.iter().map(|(begin, end)| types::Window {
            begin: civil_to(*begin),
            end: civil_to(*end),
        });
        let (windows, kind): (Vec<_>, _) = (windows.collect(), kind_to(archive.kind));
        let call = self
            .meter
            .call_read_archive(store, port, kind, &windows, archive.resume, sink);
        Ok(call.await?.map_err(told))
    }

    async fn read_events(
        &self,
        store: &mut Store<Context>,
        port: Port,
        since: Option<Civil>,
        sink: Sink,
    ) -> Called<()> {
        let Some(diagnostics) = &self.diagnostics else {
            return Ok(Err(lacks("diagnostics")));
        };
        let call = diagnostics.call_read_events(store, port, since.map(civil_to), sink);
        Ok(call.await?.map_err(told))
    }

    async fn read_settings(&self, store: &mut Store<Context>, port: Port) -> Called<Vec<Setting>> {
        let Some(diagnostics) = &self.diagnostics else {
            return Ok(Err(lacks("diagnostics")));
        };
        let settings = match diagnostics.call_read_settings(&mut *store, port).await? {
            Ok(settings) => settings,
            Err(failure) => return Ok(Err(told(failure))),
        };
        let mut taken = Vec::new();
        for setting in settings.into_iter().take(limits::SETTINGS) {
            match setting_from(setting) {
                Ok(setting) => taken.push(setting),
                Err(text) => store.data_mut().fault(text),
            }
        }
        Ok(Ok(taken))
    }

    async fn set_clock(&self, store: &mut Store<Context>, port: Port, to: Civil) -> Called<()> {
        let Some(configure) = &self.configure else {
            return Ok(Err(lacks("configure")));
        };
        Ok(configure.call_set_clock(store, port, civil_to(to)).await?.map_err(told))
    }

    async fn write_setting(&self, store: &mut Store<Context>, port: Port, id: &str, value: &Value) -> Called<()> {
        let Some(configure) = &self.configure else {
            return Ok(Err(lacks("configure")));
        };
        let written = configure.call_write_setting(store, port, id, &value_to(value)).await?;
        Ok(written.map_err(told))
    }

    async fn command(
        &self,
        store: &mut Store<Context>,
        port: Port,
        name: &str,
        arguments: &[(String, Value)],
    ) -> Called<Value> {
        let Some(control) = &self.control else {
            return Ok(Err(lacks("control")));
        };
        let given = arguments.iter().map(|(name, value)| (name.clone(), value_to(value)));
        let given: Vec<_> = given.collect();
        let answer = match control.call_command(store, port, name, &given).await? {
            Ok(answer) => value_from(answer),
            Err(failure) => return Ok(Err(told(failure))),
        };
        Ok(answer.map_err(|text| Told::Fault(format!("answer of command {name:?}: {text}"))))
    }

    async fn close(&self, store: &mut Store<Context>, port: Port) -> wasmtime::Result<()> {
        self.meter.call_close(store, port).await
    }
}

fn lacks(interface: &str) -> Told {
    Told::Unsupported(format!("the driver does not export {interface} as the contract has it"))
}

fn identity(identity: meter::Identity) -> Identity {
    let text = |text: &str| text_from(text, limits::TEXT_BYTES);
    let details = identity.details.iter().take(DETAILS);
    Identity {
        model: text(&identity.model),
        serial: identity.serial.as_deref().map(text),
        firmware: identity.firmware.as_deref().map(text),
        details: details.map(|(key, value)| (text(key), text(value))).collect(),
    }
}

fn clock(reading: meter::ClockReading) -> Result<ClockReading, Told> {
    let shown = civil_from(reading.shown).map_err(|text| Told::Fault(format!("clock: {text}")))?;
    let at = Timestamp::from_millisecond(reading.at)
        .map_err(|_| Told::Fault(format!("clock: {} ms is no instant", reading.at)))?;
    Ok(ClockReading {
        shown,
        at,
        uncertainty_ms: reading.uncertainty_ms,
    })
}

/// A failure of the contract.
pub fn told(failure: types::Failure) -> Told {
    match failure {
        types::Failure::NoAnswer => Told::NoAnswer,
        types::Failure::Garbled(why) => Told::Garbled(why),
        types::Failure::Refused(why) => Told::Refused(why),
        types::Failure::WrongDevice(who) => Told::WrongDevice(who),
        types::Failure::Unsupported(what) => Told::Unsupported(what),
        types::Failure::Config(what) => Told::Config(what),
        types::Failure::Line(types::LineError::Timeout(bytes)) => Told::Timeout(bytes.len()),
        types::Failure::Line(types::LineError::Closed) => Told::Closed,
        types::Failure::Line(types::LineError::Budget) => Told::Budget,
        types::Failure::Line(types::LineError::Denied) => Told::Denied,
        types::Failure::Line(types::LineError::Stopped) | types::Failure::Stopped => Told::Stopped,
    }
}
