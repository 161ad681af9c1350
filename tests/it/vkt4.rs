//! ВКТ-4 and ВКТ-4М through the whole host: whole archives, the night's top-up, a bus, what goes wrong, bad lines.

use jiff::ToSpan as _;
use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;
use meter_sim::{Disguise, Faults, Handle, Link, Vkt4, Vkt4Builder, Vkt4Model};
use serde_json::json;
use sqlx::SqlitePool;
use system_tests::session::Read;
use system_tests::{TestHost, parts};
use uzel::model::{ArchiveKind, Outcome, RecordKind, Task};

use crate::devices::{
    ON_DEMAND, assert_no_incident, assert_whole, devices, lacking, moscow, standing_clock, stored, tcp, usual, word,
};
use crate::judge::{Judge, Model, from_store, from_taken};

const DRIVER: &str = "vkt4";
const TASKS: &str = "clock current totals hourly daily";
const KINDS: [ArchiveKind; 2] = [ArchiveKind::Hourly, ArchiveKind::Daily];
/// Where the clocks of meters stand that are read without a schedule.
const NOW: DateTime = DateTime::constant(2026, 11, 20, 10, 20, 0, 0);

/// A ВКТ-4М that has been in use for so many days.
fn young(days: i64) -> Vkt4Builder {
    let clock = standing_clock();
    let since = clock.date().saturating_sub(days.days()).at(0, 0, 0, 0);
    Vkt4::builder(Vkt4Model::Pressures).clock(clock).installed(since)
}

/// A host with one device on a line.
fn host(meter: &Handle, tasks: &str) -> TestHost {
    let line = tcp(meter);
    TestHost::start_with(&devices(&[["meter", DRIVER, &line, "", tasks, "address=1"]]), ON_DEMAND)
}

fn reading(meter: &Handle, config: serde_json::Value) -> Read {
    Read::new(parts::driver(DRIVER), tcp(meter).parse().unwrap(), config)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_read_takes_all_that_a_meter_holds_and_a_second_nothing_again() {
    let meter = young(44).seed(61).start_tcp().await.unwrap();
    let host = host(&meter, TASKS);
    let (device, pool) = (host.device("meter").await, host.pool().await);
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "complete", "{session}");
    let judge = Judge::of(Model::Vkt4, &meter);
    assert_whole(&judge, &pool, device).await;
    let moments = from_store(&pool, device, RecordKind::Current, &moscow()).await;
    assert_eq!((moments.len(), judge.wrong(&moments)), (2, Vec::new()));
    assert!(judge.held(RecordKind::Archive(ArchiveKind::Hourly)).len() > 1_000);
    let before = meter.requests();
    let again = host.read_now(device, &usual()).await;
    assert_eq!(
        (word(&again), again["records_added"].as_u64()),
        ("complete", Some(1)),
        "{again}"
    );
    let asked = meter.requests() - before;
    assert!(asked < 40, "{asked} requests to learn that nothing is new");
    assert_no_incident(&pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_days_of_hours_and_a_year_of_days_are_as_much_as_the_rings_have() {
    for (model, longer) in [
        (Vkt4Model::Pressures, false),
        (Vkt4Model::Pressures, true),
        (Vkt4Model::Vkt4, false),
    ] {
        let meter = Vkt4::builder(model).seed(62).clock(NOW);
        let meter = if longer { meter.longer() } else { meter };
        let meter = meter.start_tcp().await.unwrap();
        let read = reading(&meter, json!({}))
            .archive(ArchiveKind::Hourly, NOW.saturating_sub(60.days()), NOW)
            .archive(ArchiveKind::Daily, NOW.saturating_sub(365.days()), NOW);
        let (report, taken) = read.run().await;
        assert_eq!(report.outcome, Outcome::Complete, "{:?}", report.detail);
        let (judge, seen) = (Judge::of(Model::Vkt4, &meter), from_taken(&taken));
        assert_eq!(judge.wrong(&seen), Vec::<String>::new());
        for kind in KINDS {
            assert_eq!(judge.unread(kind, DateTime::MIN, DateTime::MAX, &seen), [], "{kind}");
        }
        let civil = |at| TimeZone::UTC.to_datetime(at);
        let absent = taken.absent.iter();
        let denied: Vec<String> = absent
            .flat_map(|(kind, span, _)| judge.denied(*kind, civil(span.start), civil(span.end)))
            .collect();
        assert_eq!(denied, Vec::<String>::new());
    }
}

/// What is amiss in the archives of each of some meters.
async fn amiss(pool: &SqlitePool, meters: &[(i64, Handle)]) -> Vec<String> {
    let mut amiss = Vec::new();
    for (device, meter) in meters {
        let (judge, all) = (Judge::of(Model::Vkt4, meter), stored(pool, *device).await);
        amiss.extend(judge.wrong(&all));
        amiss.extend(lacking(&judge, &all));
    }
    amiss
}

#[tokio::test(flavor = "multi_thread")]
async fn the_night_brings_what_is_new_and_a_clock_that_was_reset_nothing() {
    let yesterday = standing_clock().saturating_sub(1.day());
    let month = yesterday
        .date()
        .first_of_month()
        .saturating_sub(1.day())
        .at(23, 30, 0, 0);
    let mut served = Vec::new();
    // A day later; across the end of a month.
    for (seed, start, hours) in [(63, yesterday, 24), (64, month, 2)] {
        let since = start.date().saturating_sub(3.days()).at(0, 0, 0, 0);
        let meter = Vkt4::builder(Vkt4Model::Pressures)
            .seed(seed)
            .clock(start)
            .installed(since);
        served.push((hours, meter.start_tcp().await.unwrap()));
    }
    let lines: Vec<String> = served.iter().map(|(_, meter)| tcp(meter)).collect();
    // Without current values: their moment is the host's, and here a day passes within a second.
    let row = |name, line| [name, DRIVER, line, "", "clock totals hourly daily", "address=1"];
    let rows = [row("day", lines[0].as_str()), row("month", lines[1].as_str())];
    let host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let pool = host.pool().await;
    let mut meters = Vec::new();
    for ([name, ..], (hours, meter)) in rows.iter().zip(served) {
        let device = host.device(name).await;
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "complete", "{session}");
        let evening = stored(&pool, device).await.len();
        meter.clock().advance(hours * 3_600);
        host.read_now(device, &usual()).await;
        let night = host.read_now(device, &usual()).await;
        assert_eq!(word(&night), "complete", "{night}");
        assert!(
            stored(&pool, device).await.len() > evening,
            "{hours} hours bring records"
        );
        meters.push((device, meter));
    }
    assert_eq!(amiss(&pool, &meters).await, Vec::<String>::new());
    let (device, meter) = &meters[0];
    let (before, right) = (stored(&pool, *device).await.len(), meter.clock().now());
    meter.clock().set(date(2001, 1, 1).at(0, 0, 20, 0));
    for _ in 0..2 {
        let session = host.read_now(*device, &usual()).await;
        assert_eq!(stored(&pool, *device).await.len(), before, "{session}");
    }
    meter.clock().set(right.saturating_add(5.hours()));
    host.read_now(*device, &usual()).await;
    host.read_now(*device, &usual()).await;
    assert_eq!(amiss(&pool, &meters).await, Vec::<String>::new());
    assert_no_incident(&pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn meters_on_one_bus_answer_to_their_numbers() {
    let meter = |number: u8| young(1).seed(number.into()).number(number).object(number.into()).link();
    let bus = Link::bus([meter(3), meter(200)], Faults::new())
        .start_tcp()
        .await
        .unwrap();
    let line = tcp(&bus);
    let config = ["address=3", "address=200", "address=4 timeout_ms=100"];
    let rows = [
        ["one", DRIVER, &line, "000003", "clock hourly", config[0]],
        ["two", DRIVER, &line, "000200", "clock hourly", config[1]],
        ["nobody", DRIVER, &line, "", "clock", config[2]],
    ];
    let host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let pool = host.pool().await;
    for (place, [name, ..]) in rows.iter().take(2).enumerate() {
        let device = host.device(name).await;
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "complete", "{name}: {session}");
        let judge = Judge::of_place(Model::Vkt4, &bus, place);
        let hours = from_store(&pool, device, RecordKind::Archive(ArchiveKind::Hourly), &moscow()).await;
        assert_eq!(judge.wrong(&hours), Vec::<String>::new());
        assert_eq!(
            judge.unread(ArchiveKind::Hourly, DateTime::MIN, DateTime::MAX, &hours),
            []
        );
    }
    let session = host.read_now(host.device("nobody").await, &usual()).await;
    assert_eq!(word(&session), "no-answer", "{session}");
}

#[tokio::test]
async fn another_device_in_the_meters_place_is_refused_by_name() {
    let meter = young(2).start_tcp().await.unwrap();
    let totals = || reading(&meter, json!({})).serial("004711").task(Task::Totals).run();
    for (other, named) in [(Disguise::Serial, "999999"), (Disguise::Model, "type 07")] {
        meter.set_faults(Faults::new().wrong(other));
        let (report, taken) = totals().await;
        assert_eq!(report.outcome, Outcome::WrongDevice, "{:?}", report.detail);
        assert!(report.detail.unwrap().contains(named));
        assert!(taken.tables.is_empty());
    }
    meter.set_faults(Faults::new());
    assert_eq!(totals().await.0.outcome, Outcome::Complete);
    // Firmware whose records nobody has described.
    let old = young(2).version(0x21).start_tcp().await.unwrap();
    let (report, _) = reading(&old, json!({})).task(Task::Clock).run().await;
    assert_eq!(report.outcome, Outcome::Unsupported);
}

#[tokio::test]
async fn records_that_are_overwritten_while_they_are_read_are_not_made_up() {
    // Two hours pass in the middle: the ring drops its two oldest records.
    let meter = Vkt4::builder(Vkt4Model::Pressures).seed(66).clock(NOW);
    let meter = meter
        .faults(Faults::new().clock_jump(2 * 3_600, 300))
        .start_tcp()
        .await
        .unwrap();
    let before = Judge::of(Model::Vkt4, &meter);
    let read = reading(&meter, json!({})).archive(ArchiveKind::Hourly, NOW.saturating_sub(1_082.hours()), NOW);
    let (report, taken) = read.run().await;
    assert_eq!(report.outcome, Outcome::Complete, "{:?}", report.detail);
    let seen = from_taken(&taken);
    assert_eq!(before.wrong(&seen), Vec::<String>::new());
    assert_eq!(meter.clock().now(), NOW.saturating_add(2.hours()));
    let after = Judge::of(Model::Vkt4, &meter);
    let until = NOW.date().at(10, 0, 0, 0);
    assert_eq!(after.unread(ArchiveKind::Hourly, DateTime::MIN, until, &seen), []);
}

/// Lines that are tried in the ordinary run.
const SEEDS: u64 = 5;

/// A line that does a little of everything, let alone what its check byte lets pass; each seed more of something else.
fn faults(seed: u64) -> Faults {
    let faults = Faults::new().seed(seed).sly(0.02).noise(0.03).late(0.02);
    match seed % 4 {
        0 => faults.noise_in(0.03).cut(0.03).deaf(0.03).silence(0.03),
        1 => faults.late(0.08).duplicate(0.08).deaf(0.03),
        2 => faults.noise(0.12).noise_in(0.06).cut(0.04),
        _ => faults.deaf(0.07).silence(0.07).duplicate(0.03),
    }
}

/// Reads one line, says what is amiss, and whether everything was read.
async fn over(meter: Vkt4Builder, seed: u64) -> (Vec<String>, bool) {
    let midnight = NOW.date().at(0, 0, 0, 0);
    let meter = meter.faults(faults(seed)).start_tcp().await.unwrap();
    let read = reading(&meter, json!({"timeout_ms": 100, "attempts": 5}))
        .task(Task::Clock)
        .task(Task::Current)
        .task(Task::Totals)
        .archive(ArchiveKind::Hourly, midnight, NOW)
        .archive(ArchiveKind::Daily, midnight.saturating_sub(4.days()), NOW);
    let (report, taken) = read.run().await;
    let (judge, seen) = (Judge::of(Model::Vkt4, &meter), from_taken(&taken));
    let mut wrong = judge.wrong(&seen);
    let civil = |at| TimeZone::UTC.to_datetime(at);
    for (kind, span, _) in &taken.absent {
        wrong.extend(judge.denied(*kind, civil(span.start), civil(span.end)));
    }
    let shown = report.clock.map(|clock| clock.shown);
    if shown.is_some_and(|shown| shown != NOW.date().at(10, 30, 0, 0)) {
        wrong.push(format!("the clock showed {shown:?}"));
    }
    let is_complete = report.outcome == Outcome::Complete;
    if is_complete {
        let left = judge.unread(ArchiveKind::Hourly, midnight, NOW, &seen);
        wrong.extend(left.iter().map(|start| format!("complete without {start}")));
    }
    wrong.extend(report.faults.iter().map(ToString::to_string));
    (
        wrong.iter().map(|what| format!("seed {seed}: {what}")).collect(),
        is_complete,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_give_nothing_but_the_truth() {
    let set = std::env::var("UZEL_NOISE_SEEDS").ok();
    let seeds = set.map_or(SEEDS, |text| text.parse().expect("UZEL_NOISE_SEEDS is a number"));
    let hole = (date(2026, 11, 20).at(3, 0, 0, 0), date(2026, 11, 20).at(5, 0, 0, 0));
    let meter = Vkt4::builder(Vkt4Model::Pressures).seed(67).clock(NOW);
    let meter = meter.clone().history(meter.generate()).without_hours(hole.0, hole.1);
    let lines: Vec<_> = (0..seeds).map(|seed| tokio::spawn(over(meter.clone(), seed))).collect();
    let mut complete = 0;
    for line in lines {
        let (wrong, is_complete) = line.await.unwrap();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        complete += u64::from(is_complete);
    }
    assert!(
        complete * 2 > seeds,
        "{complete} of {seeds} sessions complete: too little to judge by"
    );
}
