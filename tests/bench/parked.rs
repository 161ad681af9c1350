//! Memory and mappings of sessions that wait for their meters: each holds a socket, a sandbox and a driver in a call.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;
use system_tests::parts;
use system_tests::session::Read;
use tokio_util::sync::CancellationToken;
use uzel::model::{LineAddress, Outcome};

use crate::meters::{Manner, Meters};
use crate::{process, report};

/// Longer than it takes to open them all.
const PATIENCE: Duration = Duration::from_secs(60);

/// Opens so many sessions with meters that never answer.
pub fn run(sessions: u32) -> Result<()> {
    let mut meters = Meters::start(
        16,
        Manner {
            silent: true,
            ..Manner::default()
        },
    )?;
    let runtime = tokio::runtime::Runtime::new()?;
    // The first session pays for what all have together.
    let (warm, cancel) = open(&runtime, &meters, 0);
    await_questions(&mut meters, 1)?;
    let pid = std::process::id();
    let before = (process::memory_kib(pid, "VmRSS")?, process::mappings(pid)?);
    let opened: Vec<_> = (1..=sessions).map(|number| open(&runtime, &meters, number)).collect();
    let begun = Instant::now();
    await_questions(&mut meters, u64::from(sessions) + 1)?;
    let took = begun.elapsed();
    let after = (process::memory_kib(pid, "VmRSS")?, process::mappings(pid)?);
    cancel.cancel();
    opened.iter().for_each(|(_, cancel)| cancel.cancel());
    for (task, _) in opened.into_iter().chain([(warm, cancel)]) {
        let outcome = runtime.block_on(task)?;
        ensure!(
            outcome == Outcome::Cancelled,
            "a session ended {outcome}, expected cancelled"
        );
    }
    let each = |all: f64| all / f64::from(sessions.max(1));
    report::head(
        "parked",
        &format!("{sessions} sessions that wait in a read of their sandboxed driver"),
    );
    let memory = each(after.0 - before.0);
    report::goal(
        "parked.memory",
        memory,
        "KiB",
        memory <= 80.0,
        "at most 80 KiB of resident memory each",
    );
    let mappings = each(f64::from(u32::try_from(after.1.saturating_sub(before.1))?));
    let reserved = uzel::limits::MAPPINGS_A_SESSION;
    let holds = mappings <= f64::from(u32::try_from(reserved)?);
    report::goal(
        "parked.mappings",
        mappings,
        "each",
        holds,
        &format!("at most the {reserved} that the host reserves"),
    );
    report::figure(
        "parked.opened",
        took.as_secs_f64(),
        "s",
        "from the first to the last question of all",
    );
    Ok(())
}

type Opened = (tokio::task::JoinHandle<Outcome>, CancellationToken);

fn open(runtime: &tokio::runtime::Runtime, meters: &Meters, number: u32) -> Opened {
    let config = json!({ "address": 1, "timeout_ms": 60_000, "attempts": 1 });
    let read = Read::new(parts::driver("vkt7"), LineAddress::Tcp(meters.address(number)), config);
    let cancel = read.cancel.clone();
    (runtime.spawn(async move { read.run().await.0.outcome }), cancel)
}

fn await_questions(meters: &mut Meters, count: u64) -> Result<()> {
    let begun = Instant::now();
    while meters.questions()? < count {
        ensure!(
            begun.elapsed() < PATIENCE,
            "{} of {count} sessions have asked",
            meters.questions()?
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
