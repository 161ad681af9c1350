//! The example driver in each of its languages reads the same invented meter; one that was built long ago still does.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::ToSpan as _;
use jiff::civil::DateTime;
use meter_sim::{Disguise, Faults, Handle, Primer};
use serde_json::json;
use system_tests::session::{Read, Taken};
use system_tests::{TestHost, parts};
use uzel::driver::{Cache, Driver, Runtime, Weight};
use uzel::model::{Absence, ArchiveKind, LineAddress, Outcome, RecordKind, Task};
use uzel::session::Report;

use crate::devices::{ON_DEMAND, assert_no_incident, devices, moscow, standing_clock, stored, tcp, usual, word};
use crate::judge::{Judge, Model, from_store, from_taken};
use crate::replay::uzel;

const CLOCK: DateTime = DateTime::constant(2026, 2, 1, 10, 20, 30, 0);
const HOURLY: ArchiveKind = ArchiveKind::Hourly;

#[tokio::test(flavor = "multi_thread")]
async fn rust_reads_the_meter() {
    reads_the_meter("rust", Weight::Small).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c_reads_the_meter() {
    reads_the_meter("c", Weight::Small).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn javascript_reads_the_meter() {
    let host = reads_the_meter("javascript", Weight::Big).await;
    big_drivers_wait_for_their_turn(&host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_reads_the_meter() {
    reads_the_meter("python", Weight::Big).await;
}

/// Through the whole host, then in every condition of the line.
async fn reads_the_meter(language: &str, weight: Weight) -> TestHost {
    let file = parts::example_file(language);
    let host = whole_host_reads(&file, &format!("example-{language}")).await;
    // An interpreter takes seconds to compile, which the host has done.
    let engine = Runtime::new(Some(Cache::open(&host.folder().join("cache")).unwrap())).unwrap();
    let driver = Driver::load_file(&engine, &file).unwrap_or_else(|error| panic!("{language}: {error}"));
    let driver = Arc::new(driver);
    assert_eq!((driver.weight, driver.contract), (weight, "1.0.0"));
    tokio::join!(
        bears_a_bad_line(&driver),
        tells_what_is_absent(&driver),
        tells_how_a_session_ended(&driver)
    );
    host
}

/// A first read takes all, a second nothing again.
async fn whole_host_reads(file: &PathBuf, id: &str) -> TestHost {
    let meter = Primer::builder()
        .seed(7)
        .clock(standing_clock())
        .start_tcp()
        .await
        .unwrap();
    let line = tcp(&meter);
    let row = [
        "meter",
        id,
        &line,
        "00012345",
        "clock current totals hourly",
        "address=1",
    ];
    let host = TestHost::start_with_drivers(std::slice::from_ref(file), &devices(&[row]), ON_DEMAND);
    let (device, pool) = (host.device("meter").await, host.pool().await);
    let first = host.read_now(device, &usual()).await;
    assert_eq!(word(&first), "complete", "{id}: {first}");
    let before = meter.requests();
    let second = host.read_now(device, &usual()).await;
    assert_eq!(word(&second), "complete", "{id}: {second}");
    let asked = meter.requests() - before;
    assert!(asked < 10, "{id}: {asked} requests to learn that nothing is new");
    let judge = Judge::of(Model::Primer, &meter);
    let seen = stored(&pool, device).await;
    let wrong = judge.wrong(&seen);
    assert!(wrong.is_empty(), "{id}: {}", wrong.join("\n"));
    let held = judge.held(RecordKind::Archive(HOURLY));
    // The oldest may be beyond the ring's depth by the host's clock, which is ahead.
    let unread = judge.unread(HOURLY, held[2].start, DateTime::MAX, &seen);
    assert_eq!(unread, Vec::<DateTime>::new(), "{id}");
    for kind in [RecordKind::Current, RecordKind::Totals] {
        let moments = from_store(&pool, device, kind, &moscow()).await;
        assert!(!moments.is_empty(), "{id}: no {kind}");
        assert_eq!(judge.wrong(&moments), Vec::<String>::new(), "{id}");
    }
    assert_no_incident(&pool).await;
    host
}

async fn read(driver: &Arc<Driver>, meter: &Handle, from: DateTime) -> (Report, Taken) {
    let line = LineAddress::Tcp(meter.addr().to_string());
    let read = Read::new(driver.clone(), line, json!({"address": 1}));
    read.task(Task::Clock).archive(HOURLY, from, CLOCK).run().await
}

/// Every value is right, or it is not there.
async fn bears_a_bad_line(driver: &Arc<Driver>) {
    let faults = Faults::new()
        .seed(5)
        .noise(0.1)
        .noise_in(0.05)
        .duplicate(0.1)
        .late(0.05)
        .cut(0.03);
    let meter = Primer::builder()
        .seed(8)
        .clock(CLOCK)
        .faults(faults)
        .start_tcp()
        .await
        .unwrap();
    let (report, taken) = read(driver, &meter, CLOCK.saturating_sub(50.hours())).await;
    let judge = Judge::of(Model::Primer, &meter);
    let seen = from_taken(&taken);
    let wrong = judge.wrong(&seen);
    assert!(wrong.is_empty(), "{driver:?}: {}", wrong.join("\n"));
    assert!(
        seen.len() > 20,
        "{driver:?}: {} hours came, {:?}",
        seen.len(),
        report.outcome
    );
    assert!(report.usage.retries > 0, "{driver:?}: nothing was asked again");
}

/// Hours without power, hours that the ring has gone past, hours before the meter was there.
async fn tells_what_is_absent(driver: &Arc<Driver>) {
    let told = async |meter: &Handle| {
        let (report, taken) = read(driver, meter, CLOCK.date().saturating_sub(3.days()).at(0, 0, 0, 0)).await;
        assert_eq!(report.outcome, Outcome::Complete, "{driver:?}: {:?}", report.detail);
        let judge = Judge::of(Model::Primer, meter);
        let lacking = judge.unread(HOURLY, DateTime::MIN, DateTime::MAX, &from_taken(&taken));
        assert_eq!(lacking, Vec::<DateTime>::new(), "{driver:?}");
        let why: Vec<Absence> = taken.absent.iter().map(|(_, _, why)| *why).collect();
        let has = |wanted| why.contains(&wanted);
        (
            has(Absence::Overwritten),
            has(Absence::NeverWritten),
            has(Absence::DeviceOff),
        )
    };
    let full = Primer::builder().seed(9).clock(CLOCK).start_tcp().await.unwrap();
    assert_eq!(told(&full).await, (true, false, true), "{driver:?}");
    let installed = CLOCK.saturating_sub(1.day());
    let young = Primer::builder()
        .seed(9)
        .clock(CLOCK)
        .installed(installed)
        .start_tcp()
        .await
        .unwrap();
    assert_eq!(told(&young).await, (false, true, true), "{driver:?}");
}

/// Silence, another device, a line that drops: each has its name.
async fn tells_how_a_session_ended(driver: &Arc<Driver>) {
    let cases = [
        (Faults::new().silence(1.0), Outcome::NoAnswer),
        (Faults::new().cut(1.0), Outcome::Garbled),
        (Faults::new().wrong(Disguise::Model), Outcome::WrongDevice),
        (Faults::new().drop_after_bytes(600), Outcome::LineClosed),
    ];
    for (faults, want) in cases {
        let meter = Primer::builder()
            .clock(CLOCK)
            .faults(faults.clone())
            .start_tcp()
            .await
            .unwrap();
        let (report, taken) = read(driver, &meter, CLOCK.saturating_sub(1.day())).await;
        assert_eq!(report.outcome, want, "{driver:?} with {faults:?}: {:?}", report.detail);
        // What was read before the line dropped is not lost.
        let rows = from_taken(&taken).len();
        assert_eq!(
            rows > 0,
            want == Outcome::LineClosed,
            "{driver:?} with {faults:?}: {rows} rows"
        );
    }
}

/// Of three sessions of a driver with an interpreter, all due at once, one runs; others do not wait for them.
async fn big_drivers_wait_for_their_turn(compiled: &TestHost) {
    let slow = || Faults::new().delay(Duration::from_millis(20));
    let mut meters = Vec::new();
    for seed in 1..=4 {
        meters.push(
            Primer::builder()
                .seed(seed)
                .clock(standing_clock())
                .faults(slow())
                .start_tcp()
                .await
                .unwrap(),
        );
    }
    let lines: Vec<String> = meters.iter().map(tcp).collect();
    let names: Vec<String> = (0..lines.len()).map(|number| format!("meter-{number}")).collect();
    let row = |number: usize| -> [&str; 6] {
        let driver = if number == 3 { "example-c" } else { "example-javascript" };
        [&names[number], driver, &lines[number], "", "clock hourly", "address=1"]
    };
    let drivers = ["c", "javascript"].map(parts::example_file);
    // All are due at the same moment.
    let rows: Vec<_> = (0..lines.len()).map(row).collect();
    let cache = compiled.folder().join("cache");
    let config = format!("cache = '{}'\n[polling]\nbig_sessions = 1", cache.display());
    let host = TestHost::start_with_drivers(&drivers, &devices(&rows), &config);
    for name in &names {
        let session = host.session_ended(host.device(name).await).await;
        assert_eq!(word(&session), "complete", "{name}: {session}");
    }
    let query = "select started_at_ms, ended_at_ms from session where driver = 'example-javascript' order by 1";
    let spans: Vec<(i64, i64)> = sqlx::query_as(query).fetch_all(&host.pool().await).await.unwrap();
    assert!(spans.len() >= 3, "{spans:?}");
    for pair in spans.windows(2) {
        assert!(
            pair[1].0 >= pair[0].1,
            "two sessions of a big driver ran at once: {spans:?}"
        );
    }
}

/// The component was built when version 1 of the contract was new; every later host runs it.
#[tokio::test(flavor = "multi_thread")]
async fn a_driver_of_the_first_contract_still_reads_its_meter() {
    let driver = parts::golden_file("v1-example.wasm");
    whole_host_reads(&driver, "example-rust").await;
    let folder = tempfile::tempdir().unwrap();
    let trace = parts::golden_file("v1-example.txt");
    let (trace, file) = (trace.to_str().unwrap(), driver.to_str().unwrap());
    let words = ["replay", trace, "--driver", file, "--format", "csv"];
    let (code, text, complaints) = uzel(folder.path(), &words);
    assert_eq!(code, 0, "{complaints}{text}");
    let want = std::fs::read_to_string(parts::golden_file("v1-example.csv")).unwrap();
    assert_eq!(text, want);
}
