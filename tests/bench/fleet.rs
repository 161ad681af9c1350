//! A fleet of ВКТ-7, end to end: `uzel serve` polls each for the day that it holds, into SQLite.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sqlx::Row as _;
use system_tests::TestHost;

use crate::meters::{COLUMNS, HOURS, Manner, Meters};
use crate::watch::{number, until_read};
use crate::{process, report};

/// Sockets that listen: a burst of new connections must not wait in one queue.
const LISTENERS: u16 = 16;

/// The goal: a day of so many meters.
const GOAL_METERS: f64 = 10_000.0;
const GOAL_S: f64 = 30.0;

/// How long a fleet may take at most, a meter.
const PATIENCE_EACH: Duration = Duration::from_millis(50);

/// Has the host read so many meters once.
pub fn run(meters: u32) -> Result<()> {
    let simulated = Meters::start(LISTENERS, Manner::default())?;
    let mut devices = "name,driver,line,every_minutes,tasks,config\n".to_owned();
    for number in 0..meters {
        let line = simulated.address(number);
        writeln!(devices, "meter {number},vkt7,tcp:{line},1440,hourly,address=1")?;
    }
    let begun = Instant::now();
    let mut host = TestHost::prepare(&devices, "");
    let imported = begun.elapsed();
    let simulated_before = process::cpu(simulated.pid())?;
    drop(host.launch());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let seen = runtime.block_on(watch(&host, meters))?;
    let pid = host.pid();
    let (cpu, memory) = (process::cpu(pid)?, process::memory_kib(pid, "VmHWM")?);
    let simulators = process::cpu(simulated.pid())? - simulated_before;
    let stopped = host.stop();
    let log = host.log();
    ensure!(stopped, "the host did not end well:\n{log}");
    let (each, wall) = (f64::from(meters.max(1)), seen.wall_s);
    report::head(
        "fleet",
        &format!("{meters} ВКТ-7, {HOURS} hours of {COLUMNS} columns each, meters on the same machine"),
    );
    let goal_s = GOAL_S * each / GOAL_METERS;
    report::goal(
        "fleet.wall",
        wall,
        "s",
        wall <= goal_s,
        &format!("{goal_s:.1} s, first session's begin to last one's end"),
    );
    report::figure("fleet.sessions", each / wall, "1/s", "sessions a second");
    report::figure("fleet.values", seen.values / wall, "1/s", "values stored a second");
    report::figure(
        "fleet.cpu",
        cpu.as_secs_f64() * 1e6 / each,
        "us",
        "processor time of the host a session",
    );
    report::figure(
        "fleet.meters_cpu",
        simulators.as_secs_f64() * 1e6 / each,
        "us",
        "processor time of the meters a session",
    );
    report::figure(
        "fleet.exchanges",
        seen.exchanges / each,
        "each",
        "questions of a session",
    );
    report::figure(
        "fleet.memory",
        memory / 1024.0,
        "MiB",
        "most resident memory of the host",
    );
    report::figure("fleet.file", seen.file_mib, "MiB", "the database file afterwards");
    report::figure(
        "fleet.import",
        imported.as_secs_f64(),
        "s",
        "uzel device import of all of them, drivers compiled before",
    );
    Ok(())
}

/// What a fleet's read came to.
struct Seen {
    wall_s: f64,
    values: f64,
    exchanges: f64,
    file_mib: f64,
}

/// Waits until every device has been read, and looks whether all is there.
async fn watch(host: &TestHost, meters: u32) -> Result<Seen> {
    let pool = host.pool().await;
    let patience = Duration::from_secs(60) + PATIENCE_EACH * meters;
    until_read(host, &pool, meters, patience).await?;
    let row = sqlx::query(
        "select count(*), sum(outcome = 'complete'), sum(records_added), sum(values_added), sum(exchanges),
             max(ended_at_ms) - min(started_at_ms), (select count(*) from record), group_concat(distinct outcome)
         from session",
    )
    .fetch_one(&pool)
    .await?;
    let [sessions, complete, added, values, exchanges, wall_ms, records] =
        [0, 1, 2, 3, 4, 5, 6].map(|column| row.get::<i64, _>(column));
    let want = i64::from(meters) * i64::try_from(HOURS)?;
    let outcomes: String = row.get(7);
    ensure!(
        complete == i64::from(meters),
        "{complete} of {sessions} sessions are complete, outcomes {outcomes}"
    );
    ensure!(
        (added, records) == (want, want),
        "{added} records were added, {records} are there, expected {want}"
    );
    pool.close().await;
    let [values, exchanges, wall_ms] = [values, exchanges, wall_ms].map(number);
    let file_mib = std::fs::metadata(host.database())?.len().div_ceil(1 << 20);
    Ok(Seen {
        wall_s: wall_ms / 1e3,
        values,
        exchanges,
        file_mib: number(i64::try_from(file_mib)?),
    })
}
