//! A driver that breaks its contract, by mistake or on purpose, ends its own session by name. Other sessions on the
//! same engine do not notice.

mod cases;
pub mod inside;
mod peer;
mod refused;

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::{DateTime, date};
use meter_sim::Vkt7;
use serde_json::json;
use system_tests::parts;
use system_tests::session::{Read, Taken};
use tokio::task::JoinSet;
use uzel::driver::Driver;
use uzel::model::{ArchiveKind, LineAddress, Outcome, Task};
use uzel::session::Report;

use crate::judge::{Judge, Model, from_taken};
use cases::{Case, cases};

/// Honest sessions beside the others.
const HONEST: u64 = 10;

/// The guest of `tests/hostile/misbehave`.
fn misbehave() -> Arc<Driver> {
    let file = parts::hostile_file("misbehave");
    Arc::new(Driver::load_file(parts::runtime(), &file).unwrap_or_else(|error| panic!("{error}")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn misbehaviour_ends_its_own_session_and_no_other() {
    let misbehave = misbehave();
    let line = peer::silent().await;
    let mut sessions = JoinSet::new();
    for case in cases() {
        sessions.spawn(commit(misbehave.clone(), line.clone(), case));
    }
    for growing in [inside::growing_one_table(), inside::growing_many_tables()] {
        sessions.spawn(grow_tables(growing, line.clone()));
    }
    for seed in 1..=HONEST {
        sessions.spawn(read_honestly(seed));
    }
    let wrong: Vec<_> = sessions.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is wrong with the session of one act.
async fn commit(driver: Arc<Driver>, line: LineAddress, case: Case) -> Vec<String> {
    let config = json!({ "how": case.how });
    let begin = date(2026, 1, 1).at(5, 0, 0, 0);
    let mut read = Read::new(driver, line, config);
    (case.budget)(&mut read.budget);
    for task in case.first {
        read = read.task(*task);
    }
    let read = read.archive(
        ArchiveKind::Hourly,
        begin,
        begin.saturating_add(jiff::Span::new().hours(3)),
    );
    let (report, taken) = read.run().await;
    case.wrong(&report, &taken)
}

/// Tables can be grown by hand-written code only, so these are components of their own.
async fn grow_tables(component: Vec<u8>, line: LineAddress) -> Vec<String> {
    let driver = Driver::load(parts::runtime(), &component, "tables.wasm".as_ref());
    let driver = Arc::new(driver.unwrap_or_else(|error| panic!("{error}")));
    let (report, _) = Read::new(driver, line, json!({ "how": "tables" })).run().await;
    let detail = report.detail.unwrap_or_default();
    let is_right = report.outcome == Outcome::LimitMemory && detail.ends_with("table elements, at most 20000 may");
    let wrong = format!("tables: {} {detail}", report.outcome);
    if is_right { Vec::new() } else { vec![wrong] }
}

/// What is wrong with a day of hours of a meter that is read as it should be.
async fn read_honestly(seed: u64) -> Vec<String> {
    const NOW: DateTime = date(2026, 11, 20).at(10, 20, 0, 0);
    let meter = Vkt7::builder()
        .seed(seed)
        .serial(format!("{seed:08}"))
        .clock(NOW)
        .start_tcp()
        .await;
    let meter = meter.expect("a free port");
    let line = LineAddress::Tcp(meter.addr().to_string());
    let (from, to) = (date(2026, 11, 19).at(10, 0, 0, 0), date(2026, 11, 20).at(10, 0, 0, 0));
    let read = Read::new(parts::driver("vkt7"), line, json!({ "address": 1 })).serial(&format!("{seed:08}"));
    let read = read
        .task(Task::Clock)
        .task(Task::Current)
        .archive(ArchiveKind::Hourly, from, to);
    let (report, taken) = read.run().await;
    let (judge, seen) = (Judge::of(Model::Vkt7, &meter), from_taken(&taken));
    let mut wrong = judge.wrong(&seen);
    wrong.extend(
        judge
            .unread(ArchiveKind::Hourly, from, to, &seen)
            .iter()
            .map(|start| format!("{start} is not read")),
    );
    if report.outcome != Outcome::Complete || !report.faults.is_empty() {
        wrong.push(format!("{} {:?} {:?}", report.outcome, report.detail, report.faults));
    }
    meter.shutdown().await;
    wrong
        .iter()
        .map(|what| format!("honest session {seed}: {what}"))
        .collect()
}

/// Sessions that would last for ever, cancelled when the other end of the line has heard that the act began.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_session_ends_whatever_the_driver_does() {
    let misbehave = misbehave();
    for how in ["loop", "hidden-loop", "sleep", "deaf"] {
        let (line, heard) = peer::listening().await;
        let mut read = Read::new(misbehave.clone(), line, json!({ "how": how })).task(Task::Current);
        // Without the cancel the session would end with another outcome.
        read.budget.wall = Duration::from_secs(60);
        read.budget.cpu_ticks = 1_000;
        let cancel = read.cancel.clone();
        let session = tokio::spawn(read.run());
        heard.await.expect("the act begins");
        cancel.cancel();
        let (report, _): (Report, Taken) = session.await.expect("the session comes back");
        assert_eq!(report.outcome, Outcome::Cancelled, "{how}: {:?}", report.detail);
    }
}
