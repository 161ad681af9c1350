//! A mixed fleet, end to end: a third each of ВКТ-7, СПТ943 and M-Bus heat meters, each with 24 hours and a day to read.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Result, ensure};
use jiff::Timestamp;
use sqlx::Row as _;
use system_tests::TestHost;

use crate::earlier::{self, DAYS, HOURS};
use crate::meters::{MODELS, Manner, Meters};
use crate::watch::{number, until_read};
use crate::{process, report};

/// Sockets that listen, as many of each model: a burst of new connections must not wait in one queue.
const LISTENERS: u16 = 6 * MODELS;

/// Sessions open at once when answers take their time.
const OPEN: u32 = 10_000;

/// The goals: a day of so many meters without delay, and the memory of so many open sessions.
const GOAL_METERS: f64 = 10_000.0;
const GOAL_S: f64 = 30.0;
const GOAL_MIB: f64 = 1_024.0;

/// An M-Bus meter gives all that it holds in one readout: a second day, without which nothing says that the first is one.
const MBUS_DAYS_BESIDE: i64 = 1;

/// How long a fleet may take at most, a meter.
const PATIENCE_EACH: Duration = Duration::from_millis(60);

/// Has the host read the last day of so many meters, whose answers take so long.
pub fn run(meters: u32, answer_ms: u64) -> Result<()> {
    let manner = Manner {
        mixed: true,
        answer_ms,
        ..Manner::default()
    };
    let simulated = Meters::start(LISTENERS, manner)?;
    let open = if answer_ms == 0 { 2_000 } else { OPEN };
    let allowed = process::allow_sessions(open);
    let mut host = TestHost::prepare(
        &devices(&simulated, meters)?,
        &format!("[polling]\nsessions = {open}\n"),
    );
    let since = earlier::read(&host.database(), simulated.clock)?;
    let empty_bytes = std::fs::metadata(host.database())?.len();
    let simulated_before = process::cpu(simulated.pid())?;
    drop(host.launch());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let seen = runtime.block_on(watch(&host, meters, since))?;
    let pid = host.pid();
    let (cpu, memory) = (process::cpu(pid)?, process::memory_kib(pid, "VmHWM")? / 1024.0);
    let simulators = process::cpu(simulated.pid())? - simulated_before;
    ensure!(host.stop(), "the host did not end well:\n{}", host.log());
    // The log of what was written last is a part of the file only now.
    let grown_bytes = std::fs::metadata(host.database())?.len().saturating_sub(empty_bytes);
    let (each, wall, name) = (f64::from(meters.max(1)), seen.wall_s, format!("poll.{answer_ms}ms"));
    report::head(
        "poll",
        &format!(
            "{meters} meters of {MODELS} kinds, {HOURS} hours and {DAYS} day each, answers after {answer_ms} ms, at most {open} \
             sessions at once, vm.max_map_count allows {allowed}"
        ),
    );
    let figure =
        |what: &str, value: f64, unit: &str, text: &str| report::figure(&format!("{name}.{what}"), value, unit, text);
    let goal = |what: &str, value: f64, unit: &str, holds: bool, text: &str| {
        report::goal(&format!("{name}.{what}"), value, unit, holds, text);
    };
    if answer_ms == 0 {
        let goal_s = GOAL_S * each / GOAL_METERS;
        let text = format!("{goal_s:.1} s, first session's begin to last one's end");
        goal("wall", wall, "s", wall <= goal_s, &text);
        figure("memory", memory, "MiB", "most resident memory of the host");
        figure("open", seen.most_open, "each", "most sessions open at once");
    } else {
        figure("wall", wall, "s", "first session's begin to last one's end");
        let text = "1 GiB, most resident memory of the host";
        goal("memory", memory, "MiB", memory < GOAL_MIB, text);
        let want = f64::from(open.min(meters));
        let text = format!("{want} sessions open at once, none refused");
        goal("open", seen.most_open, "each", seen.most_open >= want, &text);
    }
    figure("sessions", each / wall, "1/s", "sessions a second");
    figure("values", seen.values / wall, "1/s", "values stored a second");
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / each;
    figure("cpu", micros(cpu), "us", "processor time of the host a session");
    figure(
        "meters_cpu",
        micros(simulators),
        "us",
        "processor time of the meters a session",
    );
    figure("exchanges", seen.exchanges / each, "each", "questions of a session");
    figure(
        "retries",
        seen.retries,
        "each",
        "questions asked again, of all sessions",
    );
    #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
    let grown_bytes = grown_bytes as f64;
    figure(
        "file",
        grown_bytes / seen.values,
        "B",
        "of the database file a value, journal and traces too",
    );
    figure(
        "archive",
        seen.archive_bytes / seen.values,
        "B",
        "of it records, values and their indexes",
    );
    Ok(())
}

/// The fleet as a table to import. The clocks are not asked for: they stand, and a device whose clock is found to be off
/// by so much is read once more.
fn devices(simulated: &Meters, meters: u32) -> Result<String> {
    let mut devices = "name,driver,line,every_minutes,tasks,config\n".to_owned();
    for number in 0..meters {
        let line = simulated.address(number);
        let (driver, config) = match number % u32::from(MODELS) {
            0 => ("vkt7", "address=1"),
            1 => ("logika-m4", "address=1 wake=fast"),
            _ => ("mbus", "address=1"),
        };
        writeln!(devices, "meter {number},{driver},tcp:{line},1440,hourly daily,{config}")?;
    }
    Ok(devices)
}

/// What a fleet's read came to.
struct Seen {
    wall_s: f64,
    values: f64,
    exchanges: f64,
    retries: f64,
    most_open: f64,
    archive_bytes: f64,
}

/// Waits until every device has been read by a session that began after `since`, and looks whether all is there.
async fn watch(host: &TestHost, meters: u32, since: Timestamp) -> Result<Seen> {
    let pool = host.pool().await;
    let patience = Duration::from_secs(120) + PATIENCE_EACH * meters;
    until_read(host, &pool, meters, patience).await?;
    let since_ms = since.as_millisecond();
    let row = sqlx::query(
        "select count(*), sum(outcome = 'complete'), max(ended_at_ms) - min(started_at_ms), sum(values_added),
             sum(exchanges), sum(retries), group_concat(distinct outcome) from session where started_at_ms > ?",
    )
    .bind(since_ms)
    .fetch_one(&pool)
    .await?;
    let [sessions, complete, wall_ms, values, exchanges, retries] =
        [0, 1, 2, 3, 4, 5].map(|column| row.get::<i64, _>(column));
    let outcomes: String = row.get(6);
    ensure!(
        (complete, sessions) == (i64::from(meters), i64::from(meters)),
        "{complete} of {sessions} sessions are complete, outcomes {outcomes}"
    );
    let brought: Vec<(String, i64, i64, i64)> = sqlx::query_as(
        "select driver, hours, days, count(*) from (
             select device.driver, sum(kind = 'hourly') as hours, sum(kind = 'daily') as days
             from device join record on device_id = device.id where current = 1 group by device.id)
         group by driver, hours, days",
    )
    .fetch_all(&pool)
    .await?;
    let is_whole = |(driver, hours, days, _): &&(String, i64, i64, i64)| {
        let beside = if driver == "mbus" { MBUS_DAYS_BESIDE } else { 0 };
        (*hours, *days) == (HOURS, DAYS + beside)
    };
    let whole: i64 = brought.iter().filter(is_whole).map(|(.., devices)| devices).sum();
    ensure!(
        whole == i64::from(meters),
        "{whole} of {meters} devices have exactly {HOURS} hours and {DAYS} day; driver, hours, days, devices: {brought:?}"
    );
    let most_open = sqlx::query_scalar(
        "select max(running) from (select sum(step) over (order by at, step) as running from (
             select started_at_ms as at, 1 as step from session where started_at_ms > ?1
             union all select ended_at_ms, -1 from session where started_at_ms > ?1))",
    )
    .bind(since_ms)
    .fetch_one(&pool)
    .await?;
    let archive_bytes = sqlx::query_scalar(
        "select coalesce(sum(pgsize), 0) from dbstat where aggregate = true and name in (
             select name from sqlite_schema where tbl_name in ('record', 'value'))",
    )
    .fetch_one(&pool)
    .await?;
    pool.close().await;
    let [wall_ms, values, exchanges, retries] = [wall_ms, values, exchanges, retries].map(number);
    let [most_open, archive_bytes] = [most_open, archive_bytes].map(number);
    Ok(Seen {
        wall_s: wall_ms / 1e3,
        values,
        exchanges,
        retries,
        most_open,
        archive_bytes,
    })
}
