//! A mixed fleet, end to end: a third each of ВКТ-7, СПТ943 and M-Bus heat meters.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Result, ensure};
use sqlx::Row as _;
use system_tests::TestHost;

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

/// How long a fleet may take at most, a meter.
const PATIENCE_EACH: Duration = Duration::from_millis(60);

/// Has the host read so many meters once: the hours of a day and the day, of an M-Bus meter its months.
pub fn run(meters: u32, answer_ms: u64) -> Result<()> {
    let manner = Manner {
        mixed: true,
        answer_ms,
        ..Manner::default()
    };
    let simulated = Meters::start(LISTENERS, manner)?;
    let mut devices = "name,driver,line,every_minutes,tasks,config\n".to_owned();
    for number in 0..meters {
        let (line, tasks) = (simulated.address(number), "clock hourly daily");
        let (driver, tasks, config) = match number % u32::from(MODELS) {
            0 => ("vkt7", tasks, "address=1"),
            1 => ("logika-m4", tasks, "address=1 wake=fast"),
            _ => ("mbus", "current monthly", "address=1"),
        };
        writeln!(devices, "meter {number},{driver},tcp:{line},1440,{tasks},{config}")?;
    }
    let open = if answer_ms == 0 { 2_000 } else { OPEN };
    let mut host = TestHost::prepare(&devices, &format!("[polling]\nsessions = {open}\n"));
    drop(host.launch());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let seen = runtime.block_on(watch(&host, meters))?;
    let pid = host.pid();
    let (cpu, memory) = (process::cpu(pid)?, process::memory_kib(pid, "VmHWM")?);
    ensure!(host.stop(), "the host did not end well:\n{}", host.log());
    let (each, wall, name) = (f64::from(meters.max(1)), seen.wall_s, format!("poll.{answer_ms}ms"));
    report::head(
        "poll",
        &format!("{meters} meters of {MODELS} kinds, answers after {answer_ms} ms, at most {open} sessions at once"),
    );
    let figure =
        |what: &str, value: f64, unit: &str, text: &str| report::figure(&format!("{name}.{what}"), value, unit, text);
    if answer_ms == 0 {
        let goal_s = GOAL_S * each / GOAL_METERS;
        let text = format!("{goal_s:.1} s, first session's begin to last one's end");
        report::goal(&format!("{name}.wall"), wall, "s", wall <= goal_s, &text);
        figure("memory", memory / 1024.0, "MiB", "most resident memory of the host");
    } else {
        figure("wall", wall, "s", "first session's begin to last one's end");
        let memory = memory / 1024.0;
        report::goal(
            &format!("{name}.memory"),
            memory,
            "MiB",
            memory < GOAL_MIB,
            "1 GiB, most resident memory of the host",
        );
    }
    figure("sessions", each / wall, "1/s", "sessions a second");
    figure("values", seen.values / wall, "1/s", "values stored a second");
    figure(
        "cpu",
        cpu.as_secs_f64() * 1e6 / each,
        "us",
        "processor time of the host a session",
    );
    figure("open", seen.most_open, "each", "most sessions open at once");
    figure(
        "file",
        seen.file_bytes / seen.values,
        "B",
        "of the database file a value",
    );
    Ok(())
}

/// What a fleet's read came to.
struct Seen {
    wall_s: f64,
    values: f64,
    most_open: f64,
    file_bytes: f64,
}

/// Waits until every device has been read, and looks whether all is well.
async fn watch(host: &TestHost, meters: u32) -> Result<Seen> {
    let pool = host.pool().await;
    let patience = Duration::from_secs(120) + PATIENCE_EACH * meters;
    until_read(host, &pool, meters, patience).await?;
    let row = sqlx::query(
        "select count(*), sum(outcome = 'complete'), max(ended_at_ms) - min(started_at_ms),
             (select count(*) from value), group_concat(distinct outcome) from session",
    )
    .fetch_one(&pool)
    .await?;
    let [sessions, complete, wall_ms, values] = [0, 1, 2, 3].map(|column| row.get::<i64, _>(column));
    let outcomes: String = row.get(4);
    ensure!(
        (complete, sessions) == (i64::from(meters), i64::from(meters)),
        "{complete} of {sessions} sessions are complete, outcomes {outcomes}"
    );
    let most_open = sqlx::query_scalar(
        "select max(running) from (select sum(step) over (order by at, step) as running from (
             select started_at_ms as at, 1 as step from session union all select ended_at_ms, -1 from session))",
    )
    .fetch_one(&pool)
    .await?;
    pool.close().await;
    let file_bytes = i64::try_from(std::fs::metadata(host.database())?.len())?;
    let [wall_ms, values, most_open, file_bytes] = [wall_ms, values, most_open, file_bytes].map(number);
    Ok(Seen {
        wall_s: wall_ms / 1e3,
        values,
        most_open,
        file_bytes,
    })
}
