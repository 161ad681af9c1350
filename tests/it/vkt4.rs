//! ВКТ-4 and ВКТ-4М through the whole host: whole archives, the night's top-up, a bus, what goes wrong, bad lines.

use jiff::ToSpan as _;
use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;
use meter_sim::{Disguise, Faults, Handle, Link, Vkt4, Vkt4Builder, Vkt4Model};
use serde_json::json;
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

/// Reads, lets the meter's clock go on, and reads again.
async fn top_up(meter: Vkt4Builder, start: DateTime, hours: i64) {
    let since = start.date().saturating_sub(3.days()).at(0, 0, 0, 0);
    let meter = meter.clock(start).installed(since).start_tcp().await.unwrap();
    let host = host(&meter, TASKS);
    let (device, pool) = (host.device("meter").await, host.pool().await);
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "complete", "{session}");
    let evening = stored(&pool, device).await;
    meter.clock().advance(hours * 3_600);
    host.read_now(device, &usual()).await;
    let night = host.read_now(device, &usual()).await;
    assert_eq!(word(&night), "complete", "{night}");
    let (judge, morning) = (Judge::of(Model::Vkt4, &meter), stored(&pool, device).await);
    assert_eq!(judge.wrong(&morning), Vec::<String>::new());
    let amiss = lacking(&judge, &morning);
    assert!(amiss.is_empty(), "from {start} on:\n{}", amiss.join("\n"));
    assert!(morning.len() > evening.len(), "{hours} hours bring records");
    assert_no_incident(&pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_night_brings_what_is_new_across_midnight_and_the_end_of_a_month() {
    let meter = |seed| Vkt4::builder(Vkt4Model::Pressures).seed(seed);
    let yesterday = standing_clock().saturating_sub(1.day());
    top_up(meter(63), yesterday, 24).await;
    let month = yesterday.date().first_of_month().saturating_sub(1.day());
    top_up(meter(64), month.at(23, 30, 0, 0), 2).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn another_device_in_the_meters_place_is_refused_by_name() {
    let meter = young(2).start_tcp().await.unwrap();
    let line = tcp(&meter);
    let row = ["meter", DRIVER, &line, "004711", "clock totals", "address=1"];
    let host = TestHost::start_with(&devices(&[row]), ON_DEMAND);
    let (device, pool) = (host.device("meter").await, host.pool().await);
    for (other, named) in [(Disguise::Serial, "999999"), (Disguise::Model, "type 07")] {
        meter.set_faults(Faults::new().wrong(other));
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "wrong-device", "{session}");
        assert!(session["detail"].as_str().unwrap().contains(named), "{session}");
        assert_eq!(stored(&pool, device).await.len(), 0);
    }
    meter.set_faults(Faults::new());
    assert_eq!(word(&host.read_now(device, &usual()).await), "complete");
    // Firmware whose records nobody has described.
    let old = young(2).version(0x21).start_tcp().await.unwrap();
    let (report, _) = reading(&old, json!({})).task(Task::Clock).run().await;
    assert_eq!(report.outcome, Outcome::Unsupported);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_reset_places_nothing() {
    let right = standing_clock();
    let meter = young(3).seed(65).start_tcp().await.unwrap();
    let host = host(&meter, "clock hourly daily");
    let (device, pool) = (host.device("meter").await, host.pool().await);
    host.read_now(device, &usual()).await;
    let before = stored(&pool, device).await.len();
    meter.clock().set(date(2001, 1, 1).at(0, 0, 20, 0));
    for _ in 0..2 {
        let session = host.read_now(device, &usual()).await;
        assert_eq!(stored(&pool, device).await.len(), before, "{session}");
    }
    meter.clock().set(right.saturating_add(5.hours()));
    host.read_now(device, &usual()).await;
    host.read_now(device, &usual()).await;
    let (judge, all) = (Judge::of(Model::Vkt4, &meter), stored(&pool, device).await);
    assert_eq!(judge.wrong(&all), Vec::<String>::new());
    assert_eq!(lacking(&judge, &all), Vec::<String>::new());
    assert_no_incident(&pool).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_give_nothing_but_the_truth() {
    let set = std::env::var("UZEL_NOISE_SEEDS").ok();
    let seeds = set.map_or(SEEDS, |text| text.parse().expect("UZEL_NOISE_SEEDS is a number"));
    let hole = (date(2026, 11, 20).at(3, 0, 0, 0), date(2026, 11, 20).at(5, 0, 0, 0));
    let meter = Vkt4::builder(Vkt4Model::Pressures).seed(67).clock(NOW);
    let history = meter.generate();
    let mut complete = 0;
    for seed in 0..seeds {
        let meter = meter.clone().history(history.clone()).without_hours(hole.0, hole.1);
        let meter = meter.faults(faults(seed)).start_tcp().await.unwrap();
        let read = reading(&meter, json!({"timeout_ms": 100, "attempts": 5}))
            .task(Task::Clock)
            .task(Task::Current)
            .task(Task::Totals)
            .archive(ArchiveKind::Hourly, date(2026, 11, 20).at(0, 0, 0, 0), NOW)
            .archive(ArchiveKind::Daily, date(2026, 11, 16).at(0, 0, 0, 0), NOW);
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
        if report.outcome == Outcome::Complete {
            complete += 1;
            let left = judge.unread(ArchiveKind::Hourly, date(2026, 11, 20).at(0, 0, 0, 0), NOW, &seen);
            wrong.extend(left.iter().map(|start| format!("complete without {start}")));
        }
        wrong.extend(report.faults.iter().map(ToString::to_string));
        assert!(wrong.is_empty(), "seed {seed}:\n{}\n{}", wrong.join("\n"), report.trace);
    }
    assert!(
        complete * 2 > seeds,
        "{complete} of {seeds} sessions complete: too little to judge by"
    );
}
