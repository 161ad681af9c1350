//! ВКТ-5 through the whole host: whole rings, the night's top-up, what goes wrong, bad lines.

use jiff::ToSpan as _;
use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;
use meter_sim::{Disguise, Faults, Handle, Vkt5, Vkt5Builder, Vkt5Firmware};
use serde_json::json;
use system_tests::session::Read;
use system_tests::{TestHost, parts};
use uzel::model::{ArchiveKind, Outcome, RecordKind, Task};

use crate::devices::{
    ON_DEMAND, amiss, assert_no_incident, assert_whole, devices, moscow, standing_clock, stored, tcp, usual, word,
};
use crate::judge::{Judge, Model, Seen, from_store, from_taken, values};

const DRIVER: &str = "vkt5";
const TASKS: &str = "clock current totals hourly daily";
const NOW: DateTime = DateTime::constant(2026, 11, 20, 10, 20, 0, 0);
const KINDS: [ArchiveKind; 2] = [ArchiveKind::Hourly, ArchiveKind::Daily];

/// A host with one device on a line.
fn host(meter: &Handle, serial: &str, tasks: &str) -> TestHost {
    let line = tcp(meter);
    TestHost::start_with(
        &devices(&[["meter", DRIVER, &line, serial, tasks, "address=1 pause_ms=0"]]),
        ON_DEMAND,
    )
}

/// In use for so many days.
fn young(days: i64) -> Vkt5Builder {
    let clock = standing_clock();
    Vkt5::builder()
        .clock(clock)
        .installed(clock.date().saturating_sub(days.days()).at(0, 0, 0, 0))
}

fn read_of(meter: &Handle) -> Read {
    let config = json!({"address": 1, "timeout_ms": 100, "pause_ms": 0, "attempts": 4});
    Read::new(parts::driver(DRIVER), tcp(meter).parse().unwrap(), config)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_read_takes_all_that_there_is_and_a_second_nothing_again() {
    let meters = [
        ("new", young(12).seed(31).two_inputs().regulators().second_report()),
        ("old", young(3).seed(32).firmware(Vkt5Firmware::Old)),
    ];
    let mut served = Vec::new();
    for (name, meter) in meters {
        served.push((name, meter.start_tcp().await.unwrap()));
    }
    let lines: Vec<String> = served.iter().map(|(_, meter)| tcp(meter)).collect();
    let rows: Vec<_> = served
        .iter()
        .zip(&lines)
        .map(|((name, _), line)| [*name, DRIVER, line, "", TASKS, "address=1 pause_ms=0"])
        .collect();
    let host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let pool = host.pool().await;
    for (name, meter) in &served {
        let device = host.device(name).await;
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "complete", "{name}: {session}");
        let judge = Judge::of(Model::Vkt5, meter);
        assert_whole(&judge, &pool, device).await;
        // What it measures now, and its totals.
        let moments = from_store(&pool, device, RecordKind::Current, &moscow()).await;
        assert_eq!((moments.len(), judge.wrong(&moments)), (2, Vec::new()), "{name}");
        let before = meter.requests();
        let again = host.read_now(device, &usual()).await;
        let asked = meter.requests() - before;
        assert_eq!(
            (word(&again), again["records_added"].as_u64()),
            ("complete", Some(0)),
            "{name}: {again}"
        );
        assert!(asked < 40, "{name}: {asked} requests to learn that nothing is new");
    }
    let judge = Judge::of(Model::Vkt5, &served[0].1);
    let hours = judge.held(RecordKind::Archive(ArchiveKind::Hourly));
    assert!(hours.len() >= 288 && hours.iter().any(|hour| !hour.conditions.is_empty()));
    assert_no_incident(&pool).await;
}

/// Reads, lets the meter's clock go on, and reads again.
async fn top_up(meter: Vkt5Builder, start: DateTime, hours: i64) {
    let meter = meter
        .clock(start)
        .installed(start.date().saturating_sub(3.days()).at(0, 0, 0, 0));
    let meter = meter.start_tcp().await.unwrap();
    let host = host(&meter, "", TASKS);
    let (device, pool) = (host.device("meter").await, host.pool().await);
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "complete", "{session}");
    let evening = stored(&pool, device).await;
    meter.clock().advance(hours * 3_600);
    host.read_now(device, &usual()).await;
    let night = host.read_now(device, &usual()).await;
    assert_eq!(word(&night), "complete", "{night}");
    let (judge, morning) = (Judge::of(Model::Vkt5, &meter), stored(&pool, device).await);
    let amiss = amiss(&judge, &morning);
    assert!(amiss.is_empty(), "from {start} on:\n{}", amiss.join("\n"));
    assert!(morning.len() > evening.len(), "{hours} hours bring records");
    assert_no_incident(&pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_night_brings_what_is_new_across_midnight_and_the_end_of_a_month() {
    let yesterday = standing_clock().saturating_sub(1.day());
    top_up(Vkt5::builder().seed(33), yesterday, 24).await;
    let month = yesterday.date().first_of_month().saturating_sub(1.day());
    top_up(Vkt5::builder().seed(34).two_inputs(), month.at(23, 30, 0, 0), 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_device_in_the_meters_place_is_refused_by_name() {
    let meter = young(2).start_tcp().await.unwrap();
    let host = host(&meter, "0000000000000-0-7", "clock totals");
    let (device, pool) = (host.device("meter").await, host.pool().await);
    for (other, named) in [(Disguise::Serial, "0-99"), (Disguise::Model, "no ВКТ-5")] {
        meter.set_faults(Faults::new().wrong(other));
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "wrong-device", "{session}");
        assert!(session["detail"].as_str().unwrap().contains(named), "{session}");
        let count = sqlx::query_scalar::<_, i64>("select count(*) from record where device_id = ?");
        assert_eq!(
            count.bind(device).fetch_one(&pool).await.unwrap(),
            0,
            "what another device counted"
        );
    }
    meter.set_faults(Faults::new());
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "complete", "{session}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_reset_places_nothing() {
    let right = standing_clock();
    let meter = young(3).seed(35).start_tcp().await.unwrap();
    let host = host(&meter, "", "clock hourly daily");
    let (device, pool) = (host.device("meter").await, host.pool().await);
    host.read_now(device, &usual()).await;
    let before = stored(&pool, device).await.len();
    meter.clock().set(date(2000, 1, 1).at(0, 0, 20, 0));
    for _ in 0..2 {
        let session = host.read_now(device, &usual()).await;
        assert_eq!(stored(&pool, device).await.len(), before, "{session}");
    }
    meter.clock().set(right.saturating_add(5.hours()));
    let sessions = [
        host.read_now(device, &usual()).await,
        host.read_now(device, &usual()).await,
    ];
    let amiss = amiss(&Judge::of(Model::Vkt5, &meter), &stored(&pool, device).await);
    assert!(amiss.is_empty(), "{}\n{sessions:?}", amiss.join("\n"));
    assert_no_incident(&pool).await;
}

#[tokio::test]
async fn a_wrong_address_is_silence() {
    let meter = Vkt5::builder().address(9).clock(NOW).start_tcp().await.unwrap();
    let (report, _) = read_of(&meter).task(Task::Clock).run().await;
    assert_eq!(report.outcome, Outcome::NoAnswer, "{:?}", report.detail);
}

#[tokio::test]
async fn records_that_are_overwritten_while_they_are_read_are_not_made_up() {
    // Two hours pass in the middle: the ring drops its two oldest records.
    let meter = Vkt5::builder().seed(36).clock(NOW);
    let meter = meter
        .faults(Faults::new().clock_jump(2 * 3_600, 30))
        .start_tcp()
        .await
        .unwrap();
    let before = Judge::of(Model::Vkt5, &meter);
    let until = NOW.saturating_sub(1_060.hours());
    let (report, taken) = read_of(&meter)
        .archive(ArchiveKind::Hourly, NOW.saturating_sub(1_080.hours()), until)
        .run()
        .await;
    assert_eq!(report.outcome, Outcome::Complete, "{:?}", report.detail);
    let seen = from_taken(&taken);
    assert_eq!(before.wrong(&seen), Vec::<String>::new());
    let after = Judge::of(Model::Vkt5, &meter);
    let until = until.date().at(until.hour(), 0, 0, 0);
    assert_eq!(after.unread(ArchiveKind::Hourly, DateTime::MIN, until, &seen), []);
}

#[tokio::test]
async fn a_year_of_days_and_sixty_days_of_hours_are_asked_for_once() {
    let meter = Vkt5::builder().seed(37).clock(NOW).start_tcp().await.unwrap();
    let (report, taken) = read_of(&meter)
        .archive(ArchiveKind::Hourly, NOW.saturating_sub(60.days()), NOW)
        .archive(ArchiveKind::Daily, NOW.saturating_sub(365.days()), NOW)
        .run()
        .await;
    assert_eq!(report.outcome, Outcome::Complete, "{:?}", report.detail);
    let (judge, seen) = (Judge::of(Model::Vkt5, &meter), from_taken(&taken));
    assert_eq!((seen.len(), judge.wrong(&seen)), (1_080 + 45, Vec::new()));
    for kind in KINDS {
        assert_eq!(judge.unread(kind, DateTime::MIN, DateTime::MAX, &seen), [], "{kind}");
    }
    assert_eq!(denied(&judge, &taken), Vec::<String>::new());
    // The date, values and situations of the heat input, those of the additional temperatures.
    assert!(
        meter.requests() < (1_080 + 45) * 5 + 20,
        "{} requests",
        meter.requests()
    );
}

#[tokio::test]
async fn settings_come_with_the_regulators() {
    let meter = Vkt5::builder().regulators().clock(NOW).start_tcp().await.unwrap();
    let (report, _) = read_of(&meter).task(Task::Settings).run().await;
    assert_eq!(
        (report.outcome, report.faults.as_slice()),
        (Outcome::Complete, &[][..]),
        "{:?}",
        report.detail
    );
    let settings = report.settings.unwrap();
    let has = |id: &str, writable| {
        let mut settings = settings.iter();
        settings.any(|setting| setting.id == id && setting.writable == writable)
    };
    assert!(
        has("r1.day", true) && has("r2.sun.end", true) && has("pipe5", false),
        "{settings:?}"
    );
}

fn denied(judge: &Judge, taken: &system_tests::session::Taken) -> Vec<String> {
    let civil = |at| TimeZone::UTC.to_datetime(at);
    let spans = taken.absent.iter();
    spans
        .flat_map(|(kind, span, _)| judge.denied(*kind, civil(span.start), civil(span.end)))
        .collect()
}

fn seeds() -> u64 {
    let set = std::env::var("UZEL_NOISE_SEEDS").ok();
    set.map_or(6, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("UZEL_NOISE_SEEDS is {text:?}, expected a number"))
    })
}

/// A line full of noise, a gateway that is late and repeats itself, a line that loses much, in turn.
fn faults(seed: u64) -> Faults {
    let faults = Faults::new().seed(seed);
    match seed % 3 {
        0 => faults.noise(0.06).noise_in(0.04).cut(0.03).late(0.02),
        1 => faults.late(0.07).duplicate(0.07).deaf(0.03),
        _ => faults.deaf(0.05).silence(0.05).late(0.04).noise(0.01),
    }
}

/// One session over a line: how it ended, what was read, what is wrong.
async fn session(faults: Faults) -> (Outcome, Vec<Seen>, Vec<String>) {
    let hole = (NOW.date().at(3, 0, 0, 0), NOW.date().at(5, 0, 0, 0));
    let meter = Vkt5::builder()
        .seed(38)
        .clock(NOW)
        .two_inputs()
        .without_hours(hole.0, hole.1);
    let meter = meter.faults(faults).start_tcp().await.unwrap();
    let windows = [
        (ArchiveKind::Hourly, NOW.date().at(2, 0, 0, 0)),
        (ArchiveKind::Daily, NOW.date().saturating_sub(3.days()).at(0, 0, 0, 0)),
    ];
    let mut read = read_of(&meter).task(Task::Clock).task(Task::Current).task(Task::Totals);
    for (kind, from) in windows {
        read = read.archive(kind, from, NOW);
    }
    let (report, taken) = read.run().await;
    let (judge, seen) = (Judge::of(Model::Vkt5, &meter), from_taken(&taken));
    let mut wrong = judge.wrong(&seen);
    wrong.extend(denied(&judge, &taken));
    if let Some(clock) = report.clock
        && clock.shown != NOW
    {
        wrong.push(format!("the clock showed {}, it stands at {NOW}", clock.shown));
    }
    if report.outcome == Outcome::Complete {
        for (kind, from) in windows {
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

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_give_nothing_but_the_truth() {
    let (outcome, seen, wrong) = session(Faults::new()).await;
    assert_eq!((outcome, wrong), (Outcome::Complete, Vec::new()), "a good line");
    let good = values(&seen);
    let mut sessions = tokio::task::JoinSet::new();
    for seed in 0..seeds() {
        sessions.spawn(async move {
            let (_, seen, wrong) = session(faults(seed)).await;
            assert!(wrong.is_empty(), "seed {seed}:\n{}", wrong.join("\n"));
            values(&seen)
        });
    }
    let (mut read, mut most) = (0, 0);
    while let Some(one) = sessions.join_next().await {
        (read, most) = (read + one.unwrap(), most + good);
    }
    println!("{read} of {most} values over bad lines");
    assert!(read * 2 > most, "{read} of {most} values are too little to judge by");
}
