//! Versions of a driver that change places: what one swap takes, and what it takes from those who read meanwhile.

use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use jiff::Timestamp;
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::json;
use system_tests::package::{component, package};
use system_tests::{TestHost, parts};

use crate::meters::{Manner, Meters};
use crate::report;
use crate::watch::{number, until_read};

/// Meters that are read while versions change places.
const METERS: u32 = 3_000;

/// Sockets that listen.
const LISTENERS: u16 = 16;

/// Between two swaps.
const PAUSE: Duration = Duration::from_millis(250);

/// What a load came to.
#[derive(Default)]
struct Load {
    sessions_a_s: f64,
    /// Milliseconds of each call that put a version in the place of another.
    swaps_ms: Vec<f64>,
    /// The same of those that went back.
    rollbacks_ms: Vec<f64>,
    /// From before the call to the begin of the first session with the new version.
    first_session_ms: Vec<f64>,
}

/// Measures swaps with and without a load, and the load with and without swaps.
pub fn run() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let compile = compile()?;
    let (plain, _) = runtime.block_on(load(false))?;
    let (swapped, installed) = runtime.block_on(load(true))?;
    report::head(
        "swap",
        &format!("{METERS} ВКТ-7 are read while two versions of their driver change places"),
    );
    let median = |times: &[f64]| {
        let mut times = times.to_vec();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let first = median(&swapped.first_session_ms);
    report::goal(
        "swap.first_session",
        first,
        "ms",
        first < 50.0,
        "under 50 ms, from the call to the first session that began",
    );
    report::figure(
        "swap.activate",
        median(&swapped.swaps_ms),
        "ms",
        "the call that puts a version to work",
    );
    report::figure(
        "swap.rollback",
        median(&swapped.rollbacks_ms),
        "ms",
        "the call that goes back",
    );
    report::figure(
        "swap.install",
        installed,
        "ms",
        "a package: verified, compiled apart, tested",
    );
    report::figure(
        "swap.compile",
        compile.0,
        "ms",
        "the compiling process alone, start and end included",
    );
    report::figure(
        "swap.compile_memory",
        compile.1,
        "MiB",
        "most resident memory of the compiling process",
    );
    report::figure(
        "swap.load",
        plain.sessions_a_s,
        "1/s",
        "sessions a second without swaps",
    );
    report::figure(
        "swap.load_swapped",
        swapped.sessions_a_s,
        "1/s",
        "the same with a swap each 250 ms",
    );
    let ratio = swapped.sessions_a_s / plain.sessions_a_s;
    report::goal("swap.ratio", ratio, "", ratio >= 0.95, "at least 0.95");
    Ok(())
}

/// Milliseconds and MiB of the process that compiles the driver.
fn compile() -> Result<(f64, f64)> {
    let folder = tempfile::tempdir()?;
    let cache = folder.path().join("cache");
    let begun = Instant::now();
    let status = Command::new(parts::uzel())
        .args(["driver", "compile"])
        .arg(parts::driver_file("vkt7"))
        .arg("--into")
        .arg(&cache)
        .status()?;
    ensure!(status.success(), "the driver does not compile");
    let took = begun.elapsed();
    let peak_kib = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss();
    Ok((took.as_secs_f64() * 1e3, number(peak_kib) / 1024.0))
}

async fn load(swaps: bool) -> Result<(Load, f64)> {
    let simulated = Meters::start(LISTENERS, Manner::default())?;
    let mut devices = "name,driver,line,every_minutes,tasks,config\n".to_owned();
    for number in 0..METERS {
        writeln!(
            devices,
            "meter {number},vkt7,tcp:{},1440,hourly,address=1",
            simulated.address(number)
        )?;
    }
    let mut host = TestHost::start_with(&devices, "unsigned = true\n[polling]\nscheduled = false");
    let (mut digests, mut installed) = (Vec::new(), 0.0);
    for name in ["one", "two"] {
        let begun = Instant::now();
        digests.push(install(&host, name).await?);
        installed = begun.elapsed().as_secs_f64() * 1e3;
    }
    for digest in &digests {
        activate(&host, digest).await?;
    }
    ensure!(host.stop(), "the host did not end well");
    let file = host.folder().join("uzel.toml");
    let config = std::fs::read_to_string(&file)?.replace("scheduled = false", "sessions = 500");
    std::fs::write(&file, config)?;
    host.spawn();
    // Two of them: while a version changes place, the other one may be in the middle of a question.
    let (waiting, pool) = (host.pool().await, host.pool().await);
    let mut load = Load::default();
    let mut ended = Box::pin(until_read(&host, &waiting, METERS, Duration::from_secs(300)));
    let mut swap = 0;
    loop {
        tokio::select! {
            result = &mut ended => break result?,
            () = tokio::time::sleep(PAUSE), if swaps => {
                // Every other one goes back, so both ways are measured; what is active is the other one each time.
                let (before_ms, begun) = (Timestamp::now().as_millisecond(), Instant::now());
                let digest = digests.get(swap % 2).context("two versions")?;
                if swap % 2 == 0 {
                    activate(&host, digest).await?;
                    load.swaps_ms.push(begun.elapsed().as_secs_f64() * 1e3);
                } else {
                    let (status, answer) = host.post("/api/v1/drivers/vkt7/rollback", &json!({"why": "measured"})).await;
                    ensure!(status == 200, "rollback: {answer}");
                    load.rollbacks_ms.push(begun.elapsed().as_secs_f64() * 1e3);
                }
                swap += 1;
                let first: Option<i64> = {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    sqlx::query_scalar("select min(started_at_ms) from session where driver_digest = ? and started_at_ms >= ?")
                        .bind(digest)
                        .bind(before_ms)
                        .fetch_one(&pool)
                        .await?
                };
                load.first_session_ms.extend(first.map(|first| number(first - before_ms)));
            }
        }
    }
    drop(ended);
    waiting.close().await;
    let wall_ms: i64 = sqlx::query_scalar("select max(ended_at_ms) - min(started_at_ms) from session")
        .fetch_one(&pool)
        .await?;
    let hurt: i64 = sqlx::query_scalar("select count(*) from session where outcome <> 'complete'")
        .fetch_one(&pool)
        .await?;
    ensure!(hurt == 0, "{hurt} sessions are not complete");
    pool.close().await;
    ensure!(host.stop(), "the host did not end well");
    load.sessions_a_s = f64::from(METERS) / (number(wall_ms) / 1e3);
    Ok((load, installed))
}

async fn install(host: &TestHost, name: &str) -> Result<String> {
    let url = format!("{}/api/v1/drivers/versions?grant=diagnostics,control", host.address());
    let answer = reqwest::Client::new()
        .post(&url)
        .body(package(&component(name), None))
        .send()
        .await?;
    let answer: serde_json::Value = serde_json::from_str(&answer.text().await?)?;
    let digest = answer["digest"]
        .as_str()
        .with_context(|| format!("not installed: {answer}"))?;
    Ok(digest.to_owned())
}

async fn activate(host: &TestHost, digest: &str) -> Result<()> {
    let path = format!("/api/v1/drivers/versions/{digest}/activate");
    let (status, answer) = host.post(&path, &json!({"why": "measured", "override": true})).await;
    ensure!(status == 200, "activate: {answer}");
    Ok(())
}
