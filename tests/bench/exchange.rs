//! Processor time of one question and its answer, and of a whole session: the same driver natively and in the sandbox.

use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use jiff::civil::DateTime;
use serde_json::json;
use system_tests::parts;
use system_tests::session::Read;
use uzel::driver::check_config;
use uzel::model::{ArchiveKind, LineAddress, Outcome};

use crate::meters::{Manner, Meters};
use crate::{native, process, report};

/// The two kinds take turns, so that a busy neighbour disturbs both alike.
const TURNS: u32 = 6;

/// Processor time and questions of a number of sessions.
#[derive(Default)]
struct Sum {
    cpu: Duration,
    sessions: u32,
    questions: u64,
}

/// Reads a day of 24 hours with 20 columns, so many sessions of each kind.
pub fn run(sessions: u32, at_once: u32) -> Result<()> {
    let meters = Meters::start(4, Manner::default())?;
    let bench = Bench::new(&meters, at_once.max(1))?;
    // What is only done once is not counted: caches, buffers, threads.
    bench.natively(at_once)?;
    bench.sandboxed(at_once)?;
    let (mut native, mut sandbox) = (Sum::default(), Sum::default());
    for _ in 0..TURNS {
        add(&mut native, bench.natively(sessions / TURNS)?);
        add(&mut sandbox, bench.sandboxed(sessions / TURNS)?);
    }
    report::head(
        "exchange",
        "a day of a ВКТ-7 over TCP, processor time of the reading side",
    );
    for (name, sum) in [("native", &native), ("sandbox", &sandbox)] {
        let what = format!("user and system, {name}");
        report::figure(&format!("{name}.exchange"), micros(sum.cpu, sum.questions), "us", &what);
        let whole = format!(
            "a session of {} questions, {name}",
            sum.questions / u64::from(sum.sessions)
        );
        report::figure(
            &format!("{name}.session"),
            micros(sum.cpu, sum.sessions.into()),
            "us",
            &whole,
        );
    }
    let ratio = micros(sandbox.cpu, sandbox.questions) / micros(native.cpu, native.questions);
    report::goal(
        "exchange.ratio",
        ratio,
        "",
        ratio <= 1.5,
        "sandbox at most 1.5 times native",
    );
    Ok(())
}

fn add(sum: &mut Sum, more: Sum) {
    sum.cpu += more.cpu;
    sum.sessions += more.sessions;
    sum.questions += more.questions;
}

#[allow(clippy::cast_precision_loss, reason = "a figure for people")]
fn micros(time: Duration, count: u64) -> f64 {
    time.as_secs_f64() * 1e6 / count.max(1) as f64
}

struct Bench {
    addresses: Vec<String>,
    day: (DateTime, DateTime),
    config: serde_json::Value,
    /// With the defaults filled in, as the host gives it to the driver.
    whole_config: String,
    runtime: tokio::runtime::Runtime,
}

impl Bench {
    fn new(meters: &Meters, at_once: u32) -> Result<Self> {
        let config = json!({ "address": 1 });
        let describe = &parts::driver("vkt7").describe;
        let whole_config = check_config(describe, &config)
            .map_err(|fault| anyhow!("{fault}"))?
            .to_string();
        Ok(Self {
            addresses: (0..at_once).map(|number| meters.address(number)).collect(),
            day: crate::meters::day(meters.clock),
            config,
            whole_config,
            runtime: tokio::runtime::Runtime::new()?,
        })
    }

    /// A thread for each session that is open at once.
    fn natively(&self, sessions: u32) -> Result<Sum> {
        let (each, before) = (self.each(sessions), process::cpu(std::process::id())?);
        let done = std::thread::scope(|scope| {
            let work = |address: &str| -> Result<u64> {
                (0..each)
                    .map(|_| native::session(address, &self.whole_config, self.day))
                    .sum()
            };
            let threads: Vec<_> = self
                .addresses
                .iter()
                .map(|address| scope.spawn(move || work(address)))
                .collect();
            let ended = |thread: std::thread::ScopedJoinHandle<'_, _>| thread.join().expect("no session panics");
            threads.into_iter().map(ended).collect::<Result<Vec<u64>>>()
        })?;
        self.sum(each, done, before)
    }

    /// A task for each session that is open at once, on the runtime that the host has, too.
    fn sandboxed(&self, sessions: u32) -> Result<Sum> {
        let (each, before) = (self.each(sessions), process::cpu(std::process::id())?);
        let done = self.runtime.block_on(async {
            let work = |address: String| {
                let (config, day) = (self.config.clone(), self.day);
                async move {
                    let mut questions = 0;
                    for _ in 0..each {
                        questions += session(&address, config.clone(), day).await?;
                    }
                    Ok(questions)
                }
            };
            let tasks: Vec<_> = self
                .addresses
                .iter()
                .map(|address| tokio::spawn(work(address.clone())))
                .collect();
            let mut done = Vec::new();
            for task in tasks {
                done.push(task.await?);
            }
            done.into_iter().collect::<Result<Vec<u64>>>()
        })?;
        self.sum(each, done, before)
    }

    fn each(&self, sessions: u32) -> u32 {
        sessions.div_ceil(u32::try_from(self.addresses.len()).unwrap_or(u32::MAX))
    }

    fn sum(&self, each: u32, questions: Vec<u64>, before: Duration) -> Result<Sum> {
        Ok(Sum {
            cpu: process::cpu(std::process::id())? - before,
            sessions: each * u32::try_from(questions.len())?,
            questions: questions.into_iter().sum(),
        })
    }
}

async fn session(address: &str, config: serde_json::Value, day: (DateTime, DateTime)) -> Result<u64> {
    let address = LineAddress::Tcp(address.to_owned());
    let read = Read::new(parts::driver("vkt7"), address, config).archive(ArchiveKind::Hourly, day.0, day.1);
    let (report, taken) = read.run().await;
    let rows: usize = taken.tables.iter().map(|table| table.records.len()).sum();
    ensure!(
        report.outcome == Outcome::Complete && rows == 24,
        "{}, {rows} rows: {:?}",
        report.outcome,
        report.detail
    );
    Ok(report.usage.exchanges.into())
}
