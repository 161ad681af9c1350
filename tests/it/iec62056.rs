//! Meters of IEC 62056-21 through the whole host and over bad lines: one of mode C, one that sends telegrams of P1.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use meter_sim::{Disguise, Faults, Iec, Link};
use serde_json::{Value as Json, json};
use system_tests::session::Read;
use system_tests::{TestHost, parts};
use uzel::model::{ArchiveKind, LineAddress, Outcome, RecordKind, Task};

use crate::devices::{
    ON_DEMAND, assert_no_incident, assert_whole, devices, moscow, standing_clock, stored, tcp, usual, word,
};
use crate::judge::{Judge, Model, Seen, from_store, from_taken, values};

/// Where the meters' clocks stand: a month has just ended.
const NOW: DateTime = DateTime::constant(2026, 11, 1, 0, 20, 0, 0);
const WHAT: &str = "clock current totals hourly monthly";

#[tokio::test(flavor = "multi_thread")]
async fn a_first_read_takes_all_and_the_night_what_is_new() {
    let clock = standing_clock();
    let installed = clock.date().saturating_sub(jiff::Span::new().days(70)).at(0, 0, 0, 0);
    let meter = Iec::meter()
        .seed(5)
        .clock(clock)
        .installed(installed)
        .start_tcp()
        .await
        .unwrap();
    let row = ["flat", "iec62056-21", &tcp(&meter), "12345678", WHAT, "parity=line"];
    let host = TestHost::start_with(&devices(&[row]), ON_DEMAND);
    let (device, pool) = (host.device("flat").await, host.pool().await);
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "complete", "{session}");
    let judge = Judge::of(Model::Iec, &meter);
    assert_whole(&judge, &pool, device).await;
    let hours = judge.held(RecordKind::Archive(ArchiveKind::Hourly)).len();
    assert!(hours > 60 * 24, "{hours} hours");
    let moments = from_store(&pool, device, RecordKind::Current, &moscow()).await;
    assert_eq!((moments.len(), judge.wrong(&moments)), (2, Vec::new()));

    // A month passes its end, midnight with it.
    meter.clock().advance(24 * 3_600);
    host.read_now(device, &usual()).await;
    let before = meter.requests();
    let again = host.read_now(device, &usual()).await;
    assert_eq!(word(&again), "complete", "{again}");
    let asked = meter.requests() - before;
    assert!(asked < 30, "{asked} requests to learn that nothing is new");
    let judge = Judge::of(Model::Iec, &meter);
    let is_new = |record: &Seen| record.end > clock;
    let recent: Vec<Seen> = stored(&pool, device).await.into_iter().filter(is_new).collect();
    assert!(recent.len() >= 19, "{} records are new", recent.len());
    assert_eq!(judge.wrong(&recent), Vec::<String>::new());
    let lacking = judge.unread(ArchiveKind::Hourly, clock, DateTime::MAX, &recent);
    assert_eq!(lacking, Vec::<DateTime>::new());
    assert_no_incident(&pool).await;

    for (disguise, named) in [(Disguise::Serial, "99999999"), (Disguise::Model, "EK280")] {
        meter.set_faults(Faults::new().wrong(disguise));
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "wrong-device", "{session}");
        assert!(session["detail"].as_str().unwrap().contains(named), "{session}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_changes_nothing_that_was_read() {
    let clock = standing_clock();
    let installed = clock.date().saturating_sub(jiff::Span::new().days(4)).at(0, 0, 0, 0);
    let meter = Iec::meter()
        .seed(6)
        .clock(clock)
        .installed(installed)
        .start_tcp()
        .await
        .unwrap();
    let row = ["set", "iec62056-21", &tcp(&meter), "12345678", WHAT, "parity=line"];
    let host = TestHost::start_with(&devices(&[row]), ON_DEMAND);
    let (device, pool) = (host.device("set").await, host.pool().await);
    assert_eq!(word(&host.read_now(device, &usual()).await), "complete");
    let judge = Judge::of(Model::Iec, &meter);
    assert_whole(&judge, &pool, device).await;
    // While the registers are read, and for a session.
    meter.set_faults(Faults::new().clock_jump(-7_200, meter.requests() + 2));
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "complete", "{session}");
    meter.set_faults(Faults::new().clock_jump(7_200, 0));
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "complete", "{session}");
    assert_whole(&judge, &pool, device).await;
    assert_no_incident(&pool).await;
}

/// One session over a line: outcome and what is wrong.
async fn session(link: Link, config: Json, is_asked: bool) -> (Outcome, Vec<Seen>, Vec<String>) {
    let meter = link.start_tcp().await.unwrap();
    let line = LineAddress::Tcp(meter.addr().to_string());
    let mut read = Read::new(parts::driver("iec62056-21"), line, config)
        .task(Task::Clock)
        .task(Task::Current)
        .task(Task::Totals);
    if is_asked {
        for (kind, from) in WINDOWS {
            read = read.archive(kind, from, NOW);
        }
    }
    let (report, taken) = read.run().await;
    let judge = Judge::of(Model::Iec, &meter);
    let seen = from_taken(&taken);
    let mut wrong: Vec<String> = judge
        .wrong(&seen)
        .into_iter()
        // What two readouts did not agree on is left out.
        .filter(|wrong| !wrong.contains("quality: Absent"))
        .collect();
    for (kind, span, _) in &taken.absent {
        let civil = |at| TimeZone::UTC.to_datetime(at);
        wrong.extend(judge.denied(*kind, civil(span.start), civil(span.end)));
    }
    if is_asked && report.outcome == Outcome::Complete {
        for (kind, from) in WINDOWS {
            let left = judge.unread(kind, from, NOW, &seen);
            wrong.extend(left.iter().map(|start| format!("complete without {kind} {start}")));
        }
    }
    wrong.extend(
        report
            .faults
            .iter()
            .map(|fault| format!("fault of the driver: {fault}")),
    );
    if !wrong.is_empty() {
        wrong.push(report.trace.clone());
    }
    (report.outcome, seen, wrong)
}

const WINDOWS: [(ArchiveKind, DateTime); 2] = [
    (ArchiveKind::Hourly, DateTime::constant(2026, 10, 20, 5, 0, 0, 0)),
    (ArchiveKind::Monthly, DateTime::constant(2026, 6, 1, 0, 0, 0, 0)),
];

fn seeds() -> u64 {
    let set = std::env::var("UZEL_NOISE_SEEDS").ok();
    set.map_or(5, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("UZEL_NOISE_SEEDS is {text:?}, expected a number"))
    })
}

/// A line that loses, delays and repeats, or one that damages.
fn faults(seed: u64) -> Faults {
    let faults = Faults::new().seed(seed);
    match seed % 2 {
        0 => faults.late(0.06).duplicate(0.05).deaf(0.03).silence(0.03),
        _ => faults.noise(0.08).noise_in(0.05).cut(0.03).sly(0.02).late(0.02),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_give_nothing_but_the_truth() {
    let asked = |parity_bits: bool, faults| {
        let meter = Iec::meter().seed(7).clock(NOW).faults(faults);
        if parity_bits {
            meter.parity_bits().link()
        } else {
            meter.link()
        }
    };
    let mut sessions = tokio::task::JoinSet::new();
    for (parity_bits, parity) in [(false, "line"), (true, "bytes")] {
        let config = json!({"parity": parity, "timeout_ms": 150, "attempts": 5});
        let (outcome, seen, wrong) = session(asked(parity_bits, Faults::new()), config.clone(), true).await;
        assert_eq!(
            (outcome, wrong),
            (Outcome::Complete, Vec::new()),
            "{parity}: a good line"
        );
        let good = values(&seen);
        for seed in 0..seeds() {
            let config = config.clone();
            sessions.spawn(async move {
                let (_, seen, wrong) = session(asked(parity_bits, faults(seed)), config, true).await;
                assert!(wrong.is_empty(), "{parity}, seed {seed}:\n{}", wrong.join("\n"));
                (values(&seen), good)
            });
        }
    }
    for unchecked in [false, true] {
        for seed in 0..seeds() {
            let meter = Iec::p1()
                .clock(NOW)
                .every(Duration::from_millis(60))
                .faults(faults(seed));
            let link = if unchecked {
                meter.unchecked().link()
            } else {
                meter.link()
            };
            let config = json!({"mode": "listen", "listen_s": 5});
            sessions.spawn(async move {
                let (_, seen, wrong) = session(link, config, false).await;
                assert!(wrong.is_empty(), "P1, seed {seed}:\n{}", wrong.join("\n"));
                (values(&seen), 4)
            });
        }
    }
    let (mut read, mut most) = (0, 0);
    while let Some(one) = sessions.join_next().await {
        let (values, good) = one.unwrap();
        (read, most) = (read + values, most + good);
    }
    println!("{read} of {most} values over bad lines");
    assert!(read * 2 > most, "{read} of {most} values are too little to judge by");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_serial_port_follows_the_speed_of_the_meter() {
    let meter = Iec::meter().clock(NOW).newest_first().start_pty().unwrap();
    let line = LineAddress::Serial(meter.path().display().to_string());
    let config = json!({"verify": false});
    let read = Read::new(parts::driver("iec62056-21"), line, config)
        .task(Task::Clock)
        .task(Task::Totals);
    let (report, taken) = read.archive(ArchiveKind::Hourly, WINDOWS[0].1, NOW).run().await;
    assert_eq!(
        report.outcome,
        Outcome::Complete,
        "{:?}\n{}",
        report.detail,
        report.trace
    );
    let judge = Judge::of(Model::Iec, &meter);
    assert_eq!(judge.wrong(&from_taken(&taken)), Vec::<String>::new());
    for settings in ["300-7E1", "9600-7E1"] {
        assert!(report.trace.contains(settings), "no {settings} in\n{}", report.trace);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn telegrams_are_heard_and_another_meter_is_refused() {
    let clock = standing_clock();
    let meter = Iec::p1()
        .clock(clock)
        .every(Duration::from_millis(200))
        .start_tcp()
        .await
        .unwrap();
    let row = [
        "p1",
        "iec62056-21",
        &tcp(&meter),
        "12345678",
        "clock current totals",
        "mode=listen",
    ];
    let host = TestHost::start_with(&devices(&[row]), ON_DEMAND);
    let (device, pool) = (host.device("p1").await, host.pool().await);
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "complete", "{session}");
    let seen = from_store(&pool, device, RecordKind::Current, &moscow()).await;
    assert_eq!(
        (seen.len(), Judge::of(Model::Iec, &meter).wrong(&seen)),
        (2, Vec::new())
    );
    meter.set_faults(Faults::new().wrong(Disguise::Serial));
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "wrong-device", "{session}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_address_is_silence_and_a_wrong_password_a_refusal() {
    let meter = Iec::meter().clock(NOW).password("1234").start_tcp().await.unwrap();
    let read = async |config: Json| {
        let line = LineAddress::Tcp(meter.addr().to_string());
        let read = Read::new(parts::driver("iec62056-21"), line, config).task(Task::Clock);
        let (report, taken) = read.archive(ArchiveKind::Hourly, WINDOWS[0].1, NOW).run().await;
        (report.outcome, taken.absent.len(), report.detail.unwrap_or_default())
    };
    let config = |address: &str, password: &str| json!({"address": address, "password": password, "parity": "line", "timeout_ms": 100, "attempts": 2});
    assert_eq!(read(config("87654321", "")).await.0, Outcome::NoAnswer);
    assert_eq!(read(config("12345678", "1234")).await.0, Outcome::Complete);
    let (outcome, denied, detail) = read(config("12345678", "4321")).await;
    assert_eq!((outcome, denied), (Outcome::Partial, 0), "{detail}");
    assert!(detail.contains("password"), "{detail}");
}
