//! A year of hours of one point, twelve series: read, sent, on the screen. The meter was replaced in the middle of it.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use reqwest::header::ACCEPT_ENCODING;
use sqlx::{ConnectOptions as _, Connection as _};
use system_tests::TestHost;
use uzel::model::{
    Aggregate, ArchiveKind, Cell, Column, Condition, DeviceId, Effect, LineId, Quality, Reason, Record, RecordKind,
    Value,
};
use uzel::store::{Config, NewSession, RecordBatch, Store};

use crate::report;
use crate::web::browser;

/// Hours of a year.
const HOURS: i64 = 8_760;
/// Hours of a batch, and of a session.
const BATCH: i64 = 24;
/// How often is measured: the middle one counts.
const TIMES: usize = 9;

/// Quantity, unit, pipe, name, mean, swing and decimals of the columns; sums are those whose unit is an amount.
type Made = (
    &'static str,
    &'static str,
    Option<&'static str>,
    &'static str,
    f64,
    f64,
    u8,
);
const COLUMNS: [Made; 12] = [
    ("temperature", "Cel", Some("supply"), "t1", 78.0, 22.0, 2),
    ("temperature", "Cel", Some("return"), "t2", 48.0, 9.0, 2),
    ("temperature-difference", "Cel", None, "dt", 30.0, 13.0, 2),
    ("mass", "t", Some("supply"), "M1", 4.9, 0.3, 3),
    ("mass", "t", Some("return"), "M2", 4.8, 0.3, 3),
    ("volume", "m3", Some("supply"), "V1", 5.0, 0.3, 3),
    ("volume", "m3", Some("return"), "V2", 4.9, 0.3, 3),
    ("pressure", "kgf/cm2", Some("supply"), "P1", 6.1, 0.4, 2),
    ("pressure", "kgf/cm2", Some("return"), "P2", 4.6, 0.3, 2),
    ("mass", "t", Some("makeup"), "Mg", 0.1, 0.1, 3),
    ("heat-energy", "Gcal", None, "Q", 0.15, 0.09, 4),
    ("time", "h", None, "work", 1.0, 0.0, 2),
];

/// Fills a database, serves it, and measures.
pub fn run() -> Result<()> {
    let row = |name: &str, port| format!("{name},vkt7,tcp:127.0.0.1:{port},School,Node,Heating,{name},address=1\n");
    let devices = format!(
        "name,driver,line,site,node,point,serial,config\n{}{}",
        row("00100", 1),
        row("00200", 2)
    );
    let mut host = TestHost::prepare(&devices, "[polling]\nscheduled = false");
    let runtime = tokio::runtime::Runtime::new()?;
    let now = Timestamp::now().as_second();
    let begin = now / 3600 * 3600 - HOURS * 3600;
    runtime.block_on(fill(&host.database(), begin))?;
    runtime.block_on(replace(&host, begin + HOURS / 2 * 3600))?;
    host.spawn();
    let at = |seconds| Timestamp::from_second(seconds).map(|at| at.to_string());
    let (from, to) = (at(begin)?, at(begin + HOURS * 3600)?);
    let query = format!("/api/v1/points/1/archive?kind=hourly&from={from}&to={to}");
    let url = format!("{}{query}", host.address());
    report::head(
        "web",
        "a year of hours of a point, 12 series, two meters one after the other",
    );
    let (bytes, read_ms) = runtime.block_on(fetch(&url))?;
    report::goal(
        "point.bytes",
        bytes / 1000.0,
        "kB",
        bytes < 500_000.0,
        "below 500 kB, compressed",
    );
    report::figure("point.answer", read_ms, "ms", "from the question to its last byte");
    let book = format!(
        "{}/api/v1/points/1/archive.xlsx?kind=hourly&from={from}&to={to}",
        host.address()
    );
    let (bytes, took_ms) = runtime.block_on(fetch(&book))?;
    report::figure(
        "point.xlsx",
        took_ms,
        "ms",
        &format!("the same as a workbook of {:.0} kB", bytes / 1000.0),
    );
    on_screen(
        &host,
        &format!("/points/1?kind=hourly&from={}&to={}", &from[..10], &to[..10]),
    )?;
    host.stop();
    Ok(())
}

/// Bytes of the answer as they go over the line, and the milliseconds of the middle try.
async fn fetch(url: &str) -> Result<(f64, f64)> {
    let client = reqwest::Client::new();
    let (mut bytes, mut times) = (0.0, Vec::new());
    for _ in 0..TIMES {
        let begun = Instant::now();
        let answer = client.get(url).header(ACCEPT_ENCODING, "gzip").send().await?;
        ensure!(answer.status().is_success(), "{url} answers {}", answer.status());
        let body = answer.bytes().await?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        bytes = f64::from(u32::try_from(body.len())?);
    }
    times.sort_by(f64::total_cmp);
    Ok((bytes, times.get(TIMES / 2).copied().unwrap_or_default()))
}

/// In a headless browser.
fn on_screen(host: &TestHost, path: &str) -> Result<()> {
    let Some(said) = browser::run("point.mjs", &[host.address(), path])? else {
        return Ok(());
    };
    let shown = said.number("shown ")?;
    report::goal(
        "point.screen",
        shown,
        "ms",
        shown < 500.0,
        "below 500 ms, from opening the year to chart and table on the screen",
    );
    report::figure(
        "point.cold",
        said.number("cold ")?,
        "ms",
        "the same with the application itself to be loaded",
    );
    report::figure(
        "point.pan",
        said.number("pan ")?,
        "ms",
        "the longest frame while the year is panned and zoomed",
    );
    Ok(())
}

async fn fill(path: &Path, begin: i64) -> Result<()> {
    let store = Store::open(&Config { path: path.to_owned() }).await?;
    for (device, hours) in [(1, 0..HOURS / 2), (2, HOURS / 2..HOURS)] {
        let columns: Arc<[Column]> = COLUMNS.map(|column| declared(column, device)).into();
        for day in hours.step_by(usize::try_from(BATCH)?) {
            let session = store
                .begin_session(NewSession {
                    device: DeviceId(device),
                    line: LineId(device),
                    driver: "vkt7".to_owned(),
                    driver_version: "1.0.0".to_owned(),
                    driver_digest: "none".to_owned(),
                    reason: Reason::Schedule,
                    started_at: Timestamp::from_second(begin + (day + BATCH) * 3600)?,
                })
                .await?;
            // Three days of March were never read.
            let is_there = |hour: &i64| !(2_000..2_072).contains(hour);
            let records = (day..day + BATCH)
                .filter(is_there)
                .map(|hour| record(begin, hour))
                .collect();
            let batch = RecordBatch {
                device: DeviceId(device),
                session,
                columns: columns.clone(),
                records,
                resume: None,
            };
            store.put_records(batch).await?;
        }
    }
    store.close().await;
    Ok(())
}

/// The second device takes the point over.
async fn replace(host: &TestHost, at: i64) -> Result<()> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(host.database());
    let mut file = options.connect().await.context("open the database")?;
    for sql in [
        "update device_point set valid_to = $1 where device_id = 1",
        "update device_point set valid_from = $1 where device_id = 2",
    ] {
        sqlx::query(sql)
            .bind(at)
            .execute(&mut file)
            .await
            .context("replace the meter")?;
    }
    file.close().await.context("close the database")?;
    Ok(())
}

/// The makers call their columns otherwise.
fn declared((quantity, unit, pipe, name, _, _, decimals): Made, device: i64) -> Column {
    Column {
        id: if device == 1 {
            name.to_owned()
        } else {
            format!("{name}'")
        },
        quantity: quantity.to_owned(),
        unit: unit.to_owned(),
        point: 1,
        tariff: 0,
        pipe: pipe.map(str::to_owned),
        aggregate: if matches!(unit, "t" | "m3" | "Gcal" | "h") {
            Aggregate::Sum
        } else {
            Aggregate::Mean
        },
        decimals: Some(decimals),
    }
}

/// An hour of a mild and of a cold season, with the noise that a meter has in its last digits.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "made-up numbers"
)]
fn record(begin: i64, hour: i64) -> Record {
    let at = |hour: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(begin + hour * 3600);
    let season = (hour as f64 / HOURS as f64 * std::f64::consts::TAU).cos();
    let day = (hour as f64 / 24.0 * std::f64::consts::TAU).sin();
    let mut noise = u64::try_from(hour)
        .unwrap_or_default()
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let cells = COLUMNS.map(|(.., mean, swing, decimals)| {
        noise = noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let jitter = (noise >> 40) as f64 / (1u64 << 24) as f64 - 0.5;
        let value = mean + swing * (0.8 * season + 0.15 * day + 0.1 * jitter);
        Cell {
            value: Value::Fixed {
                digits: (value * 10f64.powi(decimals.into())).round() as i64,
                decimals,
            },
            quality: Quality::Good,
            code: None,
        }
    });
    // Six hours of every second week.
    let is_abnormal = hour % 336 < 6;
    let conditions = is_abnormal.then(|| Condition {
        code: "02".to_owned(),
        category: None,
        effect: Some(Effect::Counted),
        point: 1,
        column: Some(10),
        duration_s: None,
    });
    Record {
        kind: RecordKind::Archive(ArchiveKind::Hourly),
        starts_at: at(hour),
        ends_at: at(hour + 1),
        label: Some(jiff::tz::TimeZone::UTC.to_datetime(at(hour))),
        length_s: None,
        cells: cells.to_vec(),
        conditions: conditions.into_iter().collect(),
    }
}
