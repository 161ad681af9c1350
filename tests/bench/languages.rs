//! What the example drivers cost by their languages: bytes, time to compile, memory of a session.

use std::io::Read as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use system_tests::parts;
use system_tests::session::Read;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use uzel::driver::Driver;
use uzel::model::LineAddress;

use crate::{process, report};

/// Sessions that wait at once, apart from one that pays for what all have together.
const SESSIONS: u32 = 16;

const PATIENCE: Duration = Duration::from_secs(60);

/// Measures each example driver that is built.
pub fn run() -> Result<()> {
    report::head("languages", "the example driver in each language");
    let runtime = Runtime::new()?;
    for language in ["rust", "c", "javascript", "python"] {
        let file = parts::example_file(language);
        let engine = uzel::driver::Runtime::new(None)?;
        let begun = Instant::now();
        let driver = Arc::new(Driver::load_file(&engine, &file).with_context(|| language.to_owned())?);
        let took = begun.elapsed();
        let bytes = u32::try_from(driver.size_bytes).map_or(f64::MAX, f64::from);
        let name = |what: &str| format!("languages.{language}.{what}");
        report::figure(&name("size"), bytes / 1_024.0, "KiB", "the component");
        report::figure(&name("compile"), took.as_secs_f64(), "s", "once, then the code is kept");
        let (memory, start) = memory(&runtime, &driver)?;
        report::figure(
            &name("memory"),
            memory,
            "KiB",
            "resident, of a session that waits for its meter",
        );
        report::figure(
            &name("start"),
            start,
            "ms",
            "from the session's begin to its first question",
        );
    }
    Ok(())
}

/// Resident memory of one session, KiB, and how long it takes to its first question, milliseconds.
fn memory(runtime: &Runtime, driver: &Arc<Driver>) -> Result<(f64, f64)> {
    let (address, asked) = silent_meter()?;
    let open = || {
        let read = Read::new(driver.clone(), LineAddress::Tcp(address.clone()), json!({"address": 1}));
        let cancel = read.cancel.clone();
        (runtime.spawn(read.run()), cancel)
    };
    let wait = |count: u32| {
        (0..count)
            .try_for_each(|_| asked.recv_timeout(PATIENCE))
            .context("a question")
    };
    let mut opened: Vec<(_, CancellationToken)> = vec![open()];
    wait(1)?;
    let pid = std::process::id();
    let before = process::memory_kib(pid, "VmRSS")?;
    let begun = Instant::now();
    opened.push(open());
    wait(1)?;
    let start = begun.elapsed();
    opened.extend((1..SESSIONS).map(|_| open()));
    wait(SESSIONS - 1)?;
    let after = process::memory_kib(pid, "VmRSS")?;
    opened.iter().for_each(|(_, cancel)| cancel.cancel());
    for (task, _) in opened {
        let (report, _) = runtime.block_on(task)?;
        ensure!(
            report.usage.exchanges > 0,
            "a session asked nothing: {:?}",
            report.detail
        );
    }
    Ok(((after - before) / f64::from(SESSIONS), start.as_secs_f64() * 1_000.0))
}

/// The address of a meter that never answers, and a word for each first question.
fn silent_meter() -> Result<(String, Receiver<()>)> {
    let listener = TcpListener::bind("127.0.0.1:0").context("listen")?;
    let address = listener.local_addr()?.to_string();
    let (told, asked) = channel();
    std::thread::spawn(move || {
        for mut line in listener.incoming().flatten() {
            let told = told.clone();
            std::thread::spawn(move || {
                let mut bytes = [0; 64];
                let mut is_first = true;
                while line.read(&mut bytes).is_ok_and(|count| count > 0) {
                    // Nobody waits for a word when the figures are taken.
                    if std::mem::take(&mut is_first) && told.send(()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    Ok((address, asked))
}
