//! A second version of the contract, for tests alone: what a new version costs, and that the first one goes on beside it.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre, Linker};

use super::context::Context;
use super::contract::{Archive, Called, Contract, Exports, Guest, Port, Sink, Told};
use super::nowhere::Nowhere;
use super::{ClockReading, Driver, Identity, Runtime, Surroundings, v1};
use crate::model::{Civil, ClockRule, Setting, Value};

#[allow(missing_docs, clippy::all, reason = "generated")]
mod bindings {
    wasmtime::component::bindgen!({
        path: ["../wit/v1", "../tests/contract/v2-example"],
        world: "uzel:driver/driver@2.0.0",
        exports: { default: async },
        with: {
            "uzel:driver/types@1.0.0": crate::driver::v1::bindings::uzel::driver::types,
            "uzel:driver/line@1.0.0": crate::driver::v1::bindings::uzel::driver::line,
            "uzel:driver/host@1.0.0": crate::driver::v1::bindings::uzel::driver::host,
        },
    });
}

use bindings::exports::uzel::driver2_0_0::meter;

struct V2Example;

impl Contract for V2Example {
    fn version(&self) -> &'static str {
        "2.0.0"
    }

    /// Line and host are those of version 1, which is linked as well.
    fn add_to_linker(&self, _linker: &mut Linker<Context>) -> wasmtime::Result<()> {
        Ok(())
    }

    fn exports(&self, pre: &InstancePre<Context>) -> wasmtime::Result<Arc<dyn Exports>> {
        Ok(Arc::new(meter::GuestIndices::new(pre)?))
    }
}

impl Exports for meter::GuestIndices {
    fn load(&self, store: &mut Store<Context>, instance: &Instance) -> wasmtime::Result<Box<dyn Guest>> {
        Ok(Box::new(meter::GuestIndices::load(self, store, instance)?))
    }
}

fn none() -> Told {
    Told::Unsupported("the example has no such thing".to_owned())
}

#[async_trait]
impl Guest for meter::Guest {
    async fn describe(&self, store: &mut Store<Context>) -> wasmtime::Result<String> {
        self.call_describe(store).await
    }

    async fn identify(&self, store: &mut Store<Context>, port: Port, config: &str) -> Called<Identity> {
        let result = self.call_identify(store, port, config).await?;
        let identity = result.map(|identity| Identity {
            model: identity.model,
            serial: identity.serial,
            firmware: identity.firmware,
            details: identity
                .hardware
                .map(|hardware| ("hardware".to_owned(), hardware))
                .into_iter()
                .collect(),
        });
        Ok(identity.map_err(v1::told))
    }

    async fn read_clock(&self, _: &mut Store<Context>, _: Port) -> Called<ClockReading> {
        Ok(Err(none()))
    }

    async fn read_current(&self, store: &mut Store<Context>, port: Port, sink: Sink) -> Called<()> {
        Ok(self.call_read_current(store, port, sink).await?.map_err(v1::told))
    }

    async fn read_totals(&self, store: &mut Store<Context>, port: Port, sink: Sink) -> Called<()> {
        Ok(self.call_read_totals(store, port, sink).await?.map_err(v1::told))
    }

    async fn read_archive(&self, _: &mut Store<Context>, _: Port, _: Archive<'_>, _: Sink) -> Called<()> {
        Ok(Err(none()))
    }

    async fn read_events(&self, _: &mut Store<Context>, _: Port, _: Option<Civil>, _: Sink) -> Called<()> {
        Ok(Err(none()))
    }

    async fn read_settings(&self, _: &mut Store<Context>, _: Port) -> Called<Vec<Setting>> {
        Ok(Err(none()))
    }

    async fn set_clock(&self, _: &mut Store<Context>, _: Port, _: Civil) -> Called<()> {
        Ok(Err(none()))
    }

    async fn write_setting(&self, _: &mut Store<Context>, _: Port, _: &str, _: &Value) -> Called<()> {
        Ok(Err(none()))
    }

    async fn command(&self, _: &mut Store<Context>, _: Port, _: &str, _: &[(String, Value)]) -> Called<Value> {
        Ok(Err(none()))
    }

    async fn close(&self, store: &mut Store<Context>, port: Port) -> wasmtime::Result<()> {
        self.call_close(store, port).await
    }
}

const BOTH: &[&dyn Contract] = &[&v1::V1, &V2Example];

/// A component of the example.
const COMPONENT: &[u8] = include_bytes!("../../../tests/contract/v2-example/driver.wasm");

fn surroundings(driver: &Driver) -> Surroundings {
    Surroundings {
        port: Box::new(Nowhere),
        sink: Box::new(Nowhere),
        clock: ClockRule::Standard(jiff::tz::TimeZone::UTC),
        memory: std::collections::BTreeMap::new(),
        budget: driver.budget(),
        cancel: CancellationToken::new(),
    }
}

#[tokio::test]
async fn a_host_of_two_versions_runs_drivers_of_both() {
    let runtime = Runtime::with_contracts(None, BOTH).unwrap();
    let second = Driver::load(&runtime, COMPONENT, Path::new("second.wasm")).unwrap();
    assert_eq!((second.contract, &*second.describe.id), ("2.0.0", "second"));
    let mut running = second.start(surroundings(&second), Timestamp::now()).await.unwrap();
    let identity = running.identify(&json!({})).await.unwrap();
    assert_eq!((&*identity.model, identity.serial.as_deref()), ("m1", Some("007")));
    assert_eq!(identity.details, [("hardware".to_owned(), "A1".to_owned())]);
    running.close().await.unwrap();
    let first = Path::new("../tests/golden/v1-example.wasm");
    let first = Driver::load_file(&runtime, first).unwrap();
    assert_eq!((first.contract, &*first.describe.id), ("1.0.0", "example-rust"));
    first.start(surroundings(&first), Timestamp::now()).await.unwrap();
}

#[test]
fn a_host_without_the_version_says_what_it_has() {
    let runtime = Runtime::new(None).unwrap();
    let error = Driver::load(&runtime, COMPONENT, Path::new("second.wasm")).unwrap_err();
    let want = "the component is built for the contract uzel:driver@2.0.0, this host has 1.0.0";
    assert_eq!(error.to_string(), want);
}

/// Drivers are built outside of this repository: what they are built from stays. The vocabulary is not in the list, for
/// it may gain words: a code that a host does not know is shown as it is.
#[test]
fn the_first_version_is_frozen() {
    let list = include_str!("../../../wit/v1/FROZEN");
    for line in list.lines() {
        let (digest, name) = line.split_once("  ").unwrap();
        let bytes = std::fs::read(Path::new("../wit/v1").join(name)).unwrap();
        assert_eq!(
            super::digest(&bytes),
            digest,
            "wit/v1/{name} is released: make a folder for the next version"
        );
    }
    assert_eq!(list.lines().count(), 2);
}
