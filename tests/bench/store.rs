//! Values into the store by its public API, as sessions bring them, beside the same rows by a bare prepared statement.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use jiff::{SignedDuration, Timestamp};
use uzel::model::{ArchiveKind, Cell, Column, DeviceId, LineId, Quality, Reason, Record, RecordKind, Value};
use uzel::store::{Config, NewSession, RecordBatch, Store};

use crate::bare::Bare;
use crate::{made, process, report};

/// Columns of a record.
const COLUMNS: u8 = 20;
/// Records of a batch: a day of hours.
const HOURS: i64 = 24;
/// Batches of a device, one after the other.
const DAYS: i64 = 4;

/// Stores four days of so many devices, all devices at once.
pub fn run(devices: u32) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let values = f64::from(devices) * 20.0 * 24.0 * 4.0;
    let path = folder.path().join("store.sqlite");
    let cpu = process::cpu(std::process::id())?;
    let ours_s = runtime.block_on(ours(&Config { path: path.clone() }, devices))?;
    let cpu = process::cpu(std::process::id())? - cpu;
    let mut bare = Bare::open(&folder.path().join("bare.sqlite"), &path)?;
    let bare_s = by_statement(&mut bare, devices)?;
    report::head(
        "store",
        &format!("{values:.0} values of {devices} devices at once, {HOURS} x {COLUMNS} a batch"),
    );
    report::figure(
        "store.values",
        values / ours_s,
        "1/s",
        "through Store::put_records, each batch durable",
    );
    report::figure(
        "store.cpu",
        cpu.as_secs_f64() * 1e9 / values,
        "ns",
        "processor time a value, with making the devices",
    );
    report::figure(
        "bare.values",
        values / bare_s,
        "1/s",
        "prepared inserts of the same rows, SQLite's C interface",
    );
    let ratio = bare_s / ours_s;
    report::goal(
        "store.ratio",
        ratio,
        "",
        ratio >= 0.5,
        "at least half of the bare inserts' speed",
    );
    Ok(())
}

/// Seconds that the batches took, from the first to the last.
async fn ours(config: &Config, devices: u32) -> Result<f64> {
    let store = Store::open(config).await?;
    let imported = store.import((0..devices).map(made::device).collect()).await?;
    let begun = Instant::now();
    let tasks: Vec<_> = imported
        .iter()
        .map(|imported| tokio::spawn(session(store.clone(), imported.device)))
        .collect();
    for task in tasks {
        task.await??;
    }
    let took = begun.elapsed().as_secs_f64();
    store.close().await;
    Ok(took)
}

async fn session(store: Store, device: DeviceId) -> Result<()> {
    let session = NewSession {
        device,
        line: LineId(device.0),
        driver: "bench".to_owned(),
        driver_version: "1.0.0".to_owned(),
        driver_digest: "none".to_owned(),
        reason: Reason::Schedule,
        started_at: Timestamp::now(),
    };
    let session = store.begin_session(session).await?;
    let columns: Arc<[Column]> = (0..COLUMNS).map(made::column).collect();
    for day in 0..DAYS {
        let records = (0..HOURS).map(|hour| record(day * HOURS + hour)).collect();
        let batch = RecordBatch {
            device,
            session,
            columns: columns.clone(),
            records,
            resume: None,
        };
        let stored = store.put_records(batch).await?;
        ensure!(stored.added == 24, "{stored:?}, expected 24 new records");
    }
    Ok(())
}

/// Seconds for the same rows in one transaction.
fn by_statement(bare: &mut Bare, devices: u32) -> Result<f64> {
    let begun = Instant::now();
    bare.execute("begin immediate")?;
    let mut record_id = 0;
    for device in 1..=i64::from(devices) {
        for hour in 0..DAYS * HOURS {
            record_id += 1;
            let record = record(hour);
            bare.insert_record(record_id, device, &record)?;
            for column in (0..COLUMNS).map(i64::from) {
                bare.insert_value(record_id, device * i64::from(COLUMNS) + column, number(hour, column))?;
            }
        }
    }
    bare.execute("commit")?;
    Ok(begun.elapsed().as_secs_f64())
}

/// The record of an hour since the begin of a year.
pub fn record(hour: i64) -> Record {
    let at = |hour: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(491_000 + hour);
    let cell = |column| Cell {
        value: Value::Fixed {
            digits: digits(hour, column),
            decimals: 2,
        },
        quality: Quality::Good,
        code: None,
    };
    Record {
        kind: RecordKind::Archive(ArchiveKind::Hourly),
        starts_at: at(hour),
        ends_at: at(hour + 1),
        label: Some(jiff::tz::TimeZone::UTC.to_datetime(at(hour))),
        length_s: None,
        cells: (0..COLUMNS).map(i64::from).map(cell).collect(),
        conditions: Vec::new(),
    }
}

fn digits(hour: i64, column: i64) -> i64 {
    4_000 + (hour * 37 + column * 101) % 5_000
}

#[allow(clippy::cast_precision_loss, reason = "four digits")]
fn number(hour: i64, column: i64) -> f64 {
    digits(hour, column) as f64 / 100.0
}
