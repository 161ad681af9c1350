//! Versions of the contract: what the host needs of one, and which one a component is built for.
//!
//! A version is a module that implements [`Contract`] and stands in [`CONTRACTS`]; everything else of the host speaks in
//! the model's words. A released module is not changed.

use std::sync::Arc;

use async_trait::async_trait;
use wasmtime::component::{Instance, InstancePre, Linker, Resource};
use wasmtime::{Engine, Store};

use super::context::{Context, PortHandle, SinkHandle};
use super::{ClockReading, Identity, LoadError, v1};
use crate::model::{ArchiveKind, Civil, Setting, Value};

/// What the host speaks, oldest first.
pub(super) const CONTRACTS: &[&dyn Contract] = &[&v1::V1];

/// The interface that every driver exports; its version is the component's.
const METER: &str = "uzel:driver/meter@";

/// A version of the contract.
pub(super) trait Contract: Send + Sync {
    /// `MAJOR.MINOR.PATCH`: it serves every component of the same major version that asks for no more.
    fn version(&self) -> &'static str;
    /// Gives components what this version says the host offers.
    fn add_to_linker(&self, linker: &mut Linker<Context>) -> wasmtime::Result<()>;
    /// Finds what a component exports.
    fn exports(&self, pre: &InstancePre<Context>) -> wasmtime::Result<Arc<dyn Exports>>;
}

/// What a component exports, found before it runs.
pub(super) trait Exports: Send + Sync {
    /// The same in an instance.
    fn load(&self, store: &mut Store<Context>, instance: &Instance) -> wasmtime::Result<Box<dyn Guest>>;
}

/// How a call came back: an error means that the instance is gone.
pub(super) type Called<T> = wasmtime::Result<Result<T, Told>>;

/// The exports of an instance, in the model's words. What of them may be called the driver's list of interfaces says.
#[async_trait]
pub(super) trait Guest: Send + Sync {
    async fn describe(&self, store: &mut Store<Context>) -> wasmtime::Result<String>;
    async fn identify(&self, store: &mut Store<Context>, port: Port, config: &str) -> Called<Identity>;
    async fn read_clock(&self, store: &mut Store<Context>, port: Port) -> Called<ClockReading>;
    async fn read_current(&self, store: &mut Store<Context>, port: Port, sink: Sink) -> Called<()>;
    async fn read_totals(&self, store: &mut Store<Context>, port: Port, sink: Sink) -> Called<()>;
    async fn read_archive(
        &self,
        store: &mut Store<Context>,
        port: Port,
        archive: Archive<'_>,
        sink: Sink,
    ) -> Called<()>;
    async fn read_events(&self, store: &mut Store<Context>, port: Port, since: Option<Civil>, sink: Sink)
    -> Called<()>;
    async fn read_settings(&self, store: &mut Store<Context>, port: Port) -> Called<Vec<Setting>>;
    async fn set_clock(&self, store: &mut Store<Context>, port: Port, to: Civil) -> Called<()>;
    async fn write_setting(&self, store: &mut Store<Context>, port: Port, id: &str, value: &Value) -> Called<()>;
    async fn command(
        &self,
        store: &mut Store<Context>,
        port: Port,
        name: &str,
        arguments: &[(String, Value)],
    ) -> Called<Value>;
    async fn close(&self, store: &mut Store<Context>, port: Port) -> wasmtime::Result<()>;
}

/// The port, lent for a call.
pub(super) type Port = Resource<PortHandle>;

/// The sink, lent for a call.
pub(super) type Sink = Resource<SinkHandle>;

/// What is to be read of an archive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Archive<'a> {
    /// Which.
    pub kind: ArchiveKind,
    /// Meter time, begin and end.
    pub windows: &'a [(Civil, Civil)],
    /// The token of a session that was cut.
    pub resume: Option<&'a [u8]>,
}

/// Why a driver did not do its work, as it tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// Nothing came.
    NoAnswer,
    /// What was wrong with the last answer.
    Garbled(String),
    /// The device's refusal.
    Refused(String),
    /// Who answered instead.
    WrongDevice(String),
    /// What it cannot do.
    Unsupported(String),
    /// What is wrong with the configuration.
    Config(String),
    /// The deadline passed; so many bytes had come.
    Timeout(usize),
    /// The far end went away.
    Closed,
    /// A budget is spent.
    Budget,
    /// The line cannot do what was asked.
    Denied,
    /// It was told to stop and did.
    Stopped,
    /// It gave something that is nothing: what.
    Fault(String),
}

/// The contract that a component with these imports and exports is built for. None: it says nothing of any, and is
/// judged by the newest.
pub(super) fn chosen<'a>(
    contracts: &[&'static dyn Contract],
    imports: impl Iterator<Item = &'a str>,
    exports: impl Iterator<Item = &'a str>,
) -> Result<&'static dyn Contract, LoadError> {
    let exported = exports.filter_map(|name| name.strip_prefix(METER)).next();
    let imported = || {
        imports
            .filter_map(|name| name.strip_prefix("uzel:driver/")?.split_once('@'))
            .next()
    };
    let Some(got) = exported.or_else(|| imported().map(|(_, version)| version)) else {
        return contracts.last().copied().ok_or_else(|| version(contracts, "none"));
    };
    let major = |version: &'a str| version.split('.').next().unwrap_or_default();
    let found = contracts
        .iter()
        .find(|contract| major(contract.version()) == major(got));
    found.copied().ok_or_else(|| version(contracts, got))
}

fn version(contracts: &[&'static dyn Contract], got: &str) -> LoadError {
    let have: Vec<_> = contracts.iter().map(|contract| contract.version()).collect();
    LoadError::Version {
        got: got.to_owned(),
        have: have.join(", "),
    }
}

/// A linker with what all `contracts` offer.
pub(super) fn linker(engine: &Engine, contracts: &[&'static dyn Contract]) -> wasmtime::Result<Linker<Context>> {
    let mut linker = Linker::new(engine);
    for contract in contracts {
        contract.add_to_linker(&mut linker)?;
    }
    Ok(linker)
}
