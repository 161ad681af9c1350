//! What other programs ask for: a month of hours of a point, fifty at once, at rest and while a fleet is polled.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use jiff::Timestamp;
use reqwest::header::ACCEPT_ENCODING;
use sqlx::SqlitePool;
use system_tests::TestHost;
use tokio::task::JoinSet;
use uzel::model::{ArchiveKind, Cell, Column, DeviceId, LineId, Quality, Reason, Record, RecordKind, Value};
use uzel::store::{Config, NewDevice, NewSession, RecordBatch, Store};

use crate::meters::{Manner, Meters};
use crate::watch::number;
use crate::{made, report};

/// Clients that ask at once, each over a connection of its own.
const CLIENTS: usize = 50;

/// Points that they ask for in turn.
const POINTS: u32 = 50;

/// Hours of the month.
const HOURS: i64 = 720;

/// Columns of an hour.
const COLUMNS: u8 = 12;

/// How long is asked.
const LONG: Duration = Duration::from_secs(15);

/// Sockets of the meters that listen.
const LISTENERS: u16 = 16;

/// Until the fleet begins to be read.
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks a host at rest, then one that polls so many meters.
pub fn run(meters: u32) -> Result<()> {
    let simulated = Meters::start(LISTENERS, Manner::default())?;
    let mut host = TestHost::prepare("name,driver,line,config\n", "");
    let runtime = tokio::runtime::Runtime::new()?;
    let now = Timestamp::now().as_second();
    let begin = now / 3_600 * 3_600 - HOURS * 3_600;
    runtime.block_on(fill(&host, begin))?;
    host.spawn();
    report::head(
        "api",
        &format!("a month of hours of a point, {COLUMNS} columns, {CLIENTS} clients, {POINTS} points"),
    );
    let urls: Arc<[String]> = (1..=POINTS)
        .map(|point| url(&host, point, begin))
        .collect::<Result<_>>()?;
    let pool = runtime.block_on(host.pool());
    runtime.block_on(measure("api.rest", &urls, &pool))?;
    let mut devices = "name,driver,line,every_minutes,tasks,config\n".to_owned();
    for number in 0..meters {
        let line = simulated.address(number);
        writeln!(devices, "meter {number},vkt7,tcp:{line},1440,hourly,address=1")?;
    }
    std::fs::write(host.folder().join("fleet.csv"), devices).context("write the fleet")?;
    host.uzel(&["device", "import", "fleet.csv", "--config", "uzel.toml"]);
    runtime.block_on(until_polled(&pool))?;
    runtime.block_on(measure("api.polling", &urls, &pool))?;
    runtime.block_on(pool.close());
    ensure!(host.stop(), "the host did not end well:\n{}", host.log());
    Ok(())
}

fn url(host: &TestHost, point: u32, begin: i64) -> Result<String> {
    let at = |seconds| Timestamp::from_second(seconds).map(|at| at.to_string());
    let (from, to) = (at(begin)?, at(begin + HOURS * 3_600)?);
    let address = host.address();
    Ok(format!(
        "{address}/api/v1/points/{point}/archive?kind=hourly&from={from}&to={to}"
    ))
}

/// Sessions that ended.
async fn ended(pool: &SqlitePool) -> Result<i64> {
    let count = sqlx::query_scalar("select count(*) from session where outcome is not null");
    Ok(count.fetch_one(pool).await?)
}

async fn until_polled(pool: &SqlitePool) -> Result<()> {
    let begun = Instant::now();
    while ended(pool).await? == 0 {
        ensure!(begun.elapsed() < PATIENCE, "nobody was polled");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Has every client ask again and again, and prints how long the answers took.
async fn measure(name: &str, urls: &Arc<[String]>, pool: &SqlitePool) -> Result<()> {
    let before = ended(pool).await?;
    let begun = Instant::now();
    let mut clients = JoinSet::new();
    for place in 0..CLIENTS {
        clients.spawn(ask(urls.clone(), place, begun + LONG));
    }
    let (mut times, mut bytes) = (Vec::new(), 0);
    while let Some(done) = clients.join_next().await {
        let (took, size) = done??;
        times.extend(took);
        bytes = bytes.max(size);
    }
    let wall = begun.elapsed().as_secs_f64();
    let sessions = number(ended(pool).await? - before);
    times.sort_by(f64::total_cmp);
    let asked = number(i64::try_from(times.len())?);
    let of = |part: usize| times.get((times.len() * part / 100).min(times.len().saturating_sub(1)));
    let figure = |what: &str, value: f64, unit: &str, text: &str| {
        report::figure(&format!("{name}.{what}"), value, unit, text);
    };
    for part in [50, 99] {
        let text = format!("{part} of 100 answers were not slower; {bytes} bytes compressed");
        figure(&format!("p{part}"), of(part).copied().unwrap_or_default(), "ms", &text);
    }
    figure(
        "longest",
        times.last().copied().unwrap_or_default(),
        "ms",
        "the slowest answer",
    );
    figure("answers", asked / wall, "1/s", "answers a second");
    figure(
        "sessions",
        sessions / wall,
        "1/s",
        "sessions with meters a second meanwhile",
    );
    Ok(())
}

/// Milliseconds of the answers to one client, and the bytes of the largest.
async fn ask(urls: Arc<[String]>, place: usize, until: Instant) -> Result<(Vec<f64>, usize)> {
    let client = reqwest::Client::new();
    let (mut times, mut bytes) = (Vec::new(), 0);
    for turn in 0.. {
        if Instant::now() >= until {
            break;
        }
        // Seldom the same as another asks for at the moment.
        let Some(url) = urls.get((place + turn * 7) % urls.len().max(1)) else {
            break;
        };
        let begun = Instant::now();
        let answer = client.get(url).header(ACCEPT_ENCODING, "gzip").send().await?;
        ensure!(answer.status().is_success(), "{url} answers {}", answer.status());
        bytes = bytes.max(answer.bytes().await?.len());
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    Ok((times, bytes))
}

/// Devices that are not polled, each with the month that its point is asked for.
async fn fill(host: &TestHost, begin: i64) -> Result<()> {
    let store = Store::open(&Config { path: host.database() }).await?;
    let unpolled = |number| NewDevice {
        enabled: false,
        ..made::device(number)
    };
    store.import((1..=POINTS).map(unpolled).collect()).await?;
    let columns: Arc<[Column]> = (0..COLUMNS).map(made::column).collect();
    for device in (1..=POINTS).map(i64::from) {
        let session = NewSession {
            device: DeviceId(device),
            line: LineId(device),
            driver: "vkt7".to_owned(),
            driver_version: "1.0.0".to_owned(),
            driver_digest: "none".to_owned(),
            reason: Reason::Schedule,
            started_at: Timestamp::from_second(begin)?,
        };
        let session = store.begin_session(session).await?;
        let records: Result<Vec<_>, _> = (0..HOURS).map(|hour| record(begin, hour, device)).collect();
        let batch = RecordBatch {
            device: DeviceId(device),
            session,
            columns: columns.clone(),
            records: records?,
            resume: None,
        };
        store.put_records(batch).await?;
    }
    store.end_interrupted().await?;
    store.close().await;
    Ok(())
}

fn record(begin: i64, hour: i64, device: i64) -> Result<Record, jiff::Error> {
    let at = |hour| Timestamp::from_second(begin + hour * 3_600);
    let cell = |place: u8| Cell {
        value: Value::Fixed {
            digits: 4_000 + i64::from(place) * 300 + (hour * 37 + device * 11 + i64::from(place) * 7) % 500,
            decimals: 2,
        },
        quality: Quality::Good,
        code: None,
    };
    Ok(Record {
        kind: RecordKind::Archive(ArchiveKind::Hourly),
        starts_at: at(hour)?,
        ends_at: at(hour + 1)?,
        label: None,
        length_s: Some(3_600),
        cells: (0..COLUMNS).map(cell).collect(),
        conditions: Vec::new(),
    })
}
