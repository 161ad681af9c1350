//! The store with a real file.

mod callers;
mod clock;
mod control;
mod copy;
mod driver_hour;
mod drivers;
mod failure;
mod feed;
mod import;
mod keep;
mod property;
mod prune;
mod records;
mod sessions;
mod views;
mod webhook;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;

use super::{
    Config, Counters, NewDevice, NewPoint, NewRoute, NewSession, NewSite, PackedTrace, RecordBatch, SessionEnd, Store,
    StoreError,
};
use crate::model::{
    Aggregate, ArchiveKind, Cell, Column, DeviceId, LineAddress, LineId, Outcome, Quality, Reason, Record, RecordKind,
    Schedule, SessionId, Task, Value,
};

pub(super) const HOUR: i64 = 3600;

/// A store in a folder of its own, with one device that is being read.
pub(super) struct Fixture {
    pub(super) dir: TempDir,
    pub(super) store: Store,
    pub(super) device: DeviceId,
    pub(super) session: SessionId,
}

impl Fixture {
    pub(super) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&dir).await.unwrap();
        let device = store.add_device(&new_device("boiler-7", 1)).await.unwrap().device;
        let session = begin(&store, device).await;
        Self {
            dir,
            store,
            device,
            session,
        }
    }

    pub(super) fn batch(&self, columns: &Arc<[Column]>, records: Vec<Record>) -> RecordBatch {
        RecordBatch {
            device: self.device,
            session: self.session,
            columns: columns.clone(),
            records,
            resume: None,
        }
    }

    /// One number from the file.
    pub(super) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.store.readers).await.unwrap()
    }

    /// The first column of every row, as text.
    pub(super) async fn texts(&self, sql: &'static str) -> Vec<String> {
        sqlx::query_scalar(sql).fetch_all(&self.store.readers).await.unwrap()
    }
}

pub(super) async fn open(dir: &TempDir) -> Result<Store, StoreError> {
    Store::open(&Config {
        path: dir.path().join("uzel.sqlite"),
    })
    .await
}

pub(super) fn new_device(name: &str, port: u16) -> NewDevice {
    NewDevice {
        name: name.to_owned(),
        driver: "hm1".to_owned(),
        organisation: "Heat networks".to_owned(),
        site: NewSite {
            name: "School 5".to_owned(),
            address: Some("1 Lesnaya".to_owned()),
            time_zone: "Europe/Moscow".to_owned(),
            latitude: Some(55.7),
            longitude: Some(37.6),
        },
        node: "Basement".to_owned(),
        routes: vec![NewRoute {
            line: None,
            address: LineAddress::Tcp(format!("127.0.0.1:{port}")),
            settings: None,
            options: None,
        }],
        serial: None,
        model: None,
        enabled: true,
        clock_rule: None,
        clock_policy: None,
        config: json!({ "address": 1 }),
        schedule: Schedule::every(60, vec![Task::Clock, Task::Archive(ArchiveKind::Hourly)]).ok(),
        group: None,
        points: vec![NewPoint {
            input: 1,
            name: "Heating".to_owned(),
            resource: "heat".to_owned(),
            purpose: "commercial".to_owned(),
        }],
    }
}

pub(super) async fn begin(store: &Store, device: DeviceId) -> SessionId {
    store.begin_session(new_session(device)).await.unwrap()
}

pub(super) fn new_session(device: DeviceId) -> NewSession {
    NewSession {
        device,
        line: LineId(1),
        driver: "hm1".to_owned(),
        driver_version: "1.0.0".to_owned(),
        driver_digest: "d1".to_owned(),
        reason: Reason::Schedule,
        started_at: at(0),
    }
}

/// A trace that takes more than 600,000 bytes in the store: noise does not become smaller.
fn long_trace() -> PackedTrace {
    let mut text = String::from("0 < ");
    let mut noise = 1u64;
    for _ in 0..100_000 {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        text.push_str(&format!("{:08x}{:08x}", noise >> 32, noise >> 29 & 0xffff_ffff));
    }
    PackedTrace::from(text.as_str())
}

pub(super) fn session_end(session: SessionId, outcome: Outcome) -> SessionEnd {
    SessionEnd {
        session,
        tells_of_device: true,
        schedule_done: None,
        ended_at: at(5),
        outcome,
        detail: None,
        identity: None,
        phases: Vec::new(),
        counters: Counters::default(),
        faults: Vec::new(),
        trace: PackedTrace::default(),
        asked: None,
        clock: None,
    }
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 / HOUR * HOUR + seconds).unwrap()
}

pub(super) fn column(id: &str, point: u8, decimals: Option<u8>) -> Column {
    Column {
        id: id.to_owned(),
        quantity: "temperature".to_owned(),
        unit: "Cel".to_owned(),
        point,
        tariff: 0,
        pipe: Some("supply".to_owned()),
        aggregate: Aggregate::Mean,
        decimals,
    }
}

pub(super) fn fixed(digits: i64) -> Cell {
    Cell {
        value: Value::Fixed { digits, decimals: 2 },
        quality: Quality::Good,
        code: None,
    }
}

pub(super) fn hour(index: i64, cells: Vec<Cell>) -> Record {
    Record {
        kind: RecordKind::Archive(ArchiveKind::Hourly),
        starts_at: at(index * HOUR),
        ends_at: at((index + 1) * HOUR),
        label: Some("2026-11-20T14:00:00".parse().unwrap()),
        length_s: None,
        cells,
        conditions: Vec::new(),
    }
}
