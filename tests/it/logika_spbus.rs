//! Meters of the magistral protocol through the whole host: whole rings, the night's top-up, several behind one, what
//! goes wrong.

use jiff::ToSpan as _;
use jiff::civil::{DateTime, date};
use meter_sim::{Disguise, Faults, Handle, Link, SimClock, Spbus, SpbusBuilder};
use serde_json::json;
use system_tests::session::Read;
use system_tests::{TestHost, parts};
use uzel::model::{ArchiveKind, ClockOutcome, ClockPolicy, Outcome, RecordKind, Task};
use uzel::session::SetClock;

use crate::devices::{
    ON_DEMAND, assert_no_incident, assert_whole, devices, lacking, moscow, standing_clock, stored, tcp, usual, word,
};
use crate::judge::{Judge, Model, from_store, from_taken};

const DRIVER: &str = "logika-spbus";
const TASKS: &str = "clock current totals hourly daily monthly";

/// A host with one device on a line.
fn host(meter: &Handle, serial: &str, tasks: &str, config: &str) -> TestHost {
    let line = tcp(meter);
    TestHost::start_with(&devices(&[["meter", DRIVER, &line, serial, tasks, config]]), ON_DEMAND)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_read_takes_whole_rings_and_a_second_nothing_again() {
    let clock = standing_clock();
    let meters = [
        ("heat", "", Spbus::spt961().seed(81).settlement(25, 10)),
        ("totals", "address=1", Spbus::spt962().seed(82)),
        ("gas", "address=1 source=5", Spbus::spg761().seed(83)),
    ];
    let mut served = Vec::new();
    for (name, config, meter) in meters {
        served.push((name, config, meter.clock(clock).start_tcp().await.unwrap()));
    }
    let lines: Vec<String> = served.iter().map(|(.., meter)| tcp(meter)).collect();
    let rows = served.iter().zip(&lines);
    let rows: Vec<_> = rows
        .map(|((name, config, _), line)| [*name, DRIVER, line, "", TASKS, *config])
        .collect();
    let host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let pool = host.pool().await;
    for (name, _, meter) in &served {
        let device = host.device(name).await;
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "complete", "{name}: {session}");
        let judge = Judge::of(Model::Spbus, meter);
        assert_whole(&judge, &pool, device).await;
        let moments = from_store(&pool, device, RecordKind::Current, &moscow()).await;
        assert_eq!((moments.len(), judge.wrong(&moments)), (2, Vec::new()), "{name}");
        let before = meter.requests();
        let again = host.read_now(device, &usual()).await;
        let asked = meter.requests() - before;
        // Of full rings the oldest, now that the meter's clock is known: two hours, and a day if it is behind midnight.
        let added = again["records_added"].as_u64().unwrap();
        assert!(word(&again) == "complete" && added <= 3, "{name}: {again}");
        assert!(asked < 60, "{name}: {asked} requests to learn that nothing is new");
    }
    let judge = Judge::of(Model::Spbus, &served[0].2);
    let held = |kind| judge.held(RecordKind::Archive(kind)).len();
    assert!(
        held(ArchiveKind::Hourly) > 1_000 && held(ArchiveKind::Daily) == 360,
        "rings are full"
    );
    assert_no_incident(&pool).await;
}

/// Reads, lets the meter's clock go on, and reads again.
async fn top_up(meter: SpbusBuilder, start: DateTime, hours: i64) {
    let meter = meter
        .clock(start)
        .installed(start.date().saturating_sub(3.days()).at(0, 0, 0, 0));
    let meter = meter.start_tcp().await.unwrap();
    let host = host(&meter, "", TASKS, "address=1");
    let (device, pool) = (host.device("meter").await, host.pool().await);
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "complete", "{session}");
    let evening = stored(&pool, device).await;
    assert_eq!(Judge::of(Model::Spbus, &meter).wrong(&evening), Vec::<String>::new());
    meter.clock().advance(hours * 3_600);
    host.read_now(device, &usual()).await;
    let night = host.read_now(device, &usual()).await;
    assert_eq!(word(&night), "complete", "{night}");
    let (judge, morning) = (Judge::of(Model::Spbus, &meter), stored(&pool, device).await);
    assert_eq!(judge.wrong(&morning), Vec::<String>::new());
    let amiss = lacking(&judge, &morning);
    assert!(amiss.is_empty(), "from {start} on:\n{}", amiss.join("\n"));
    assert!(morning.len() > evening.len(), "{hours} hours bring records");
    assert_no_incident(&pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_night_brings_what_is_new_across_every_kind_of_midnight() {
    let yesterday = standing_clock().saturating_sub(1.day());
    top_up(Spbus::spt961().seed(84), yesterday, 24).await;
    // Into the settlement hour of the day before.
    top_up(
        Spbus::spt961().seed(85).settlement(1, 10),
        yesterday.date().at(9, 59, 0, 0).saturating_sub(1.day()),
        1,
    )
    .await;
    // Across the end of a month, as deep in the past as the rings allow.
    let month = yesterday.date().first_of_month().saturating_sub(1.day());
    top_up(Spbus::spt962().seed(86), month.at(23, 30, 0, 0), 2).await;
    // The settlement day of the month before.
    let settled = month.with().day(25).build().unwrap();
    top_up(Spbus::spt961().seed(87).settlement(25, 8), settled.at(7, 40, 0, 0), 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn meters_behind_one_another_answer_for_themselves() {
    let clock = standing_clock();
    let meter = |address: u8| {
        let meter = Spbus::spt961()
            .seed(90 + u64::from(address))
            .address(address)
            .serial(format!("1-0000{address}-0000"));
        meter
            .clock(clock)
            .installed(clock.date().saturating_sub(1.day()).at(0, 0, 0, 0))
    };
    let bus = [
        meter(3).reluctant(1).link(),
        meter(4).behind_gateway().link(),
        meter(16).behind_gateway().link(),
    ];
    let bus = Link::bus(bus, Faults::new()).start_tcp().await.unwrap();
    let line = tcp(&bus);
    let rows = [
        [
            "at the end",
            DRIVER,
            &line,
            "1-00003-0000",
            "clock current hourly",
            "address=3",
        ],
        [
            "behind it",
            DRIVER,
            &line,
            "1-00004-0000",
            "clock current hourly",
            "address=4",
        ],
        [
            "and behind",
            DRIVER,
            &line,
            "1-000016-0000",
            "clock current hourly",
            "address=16",
        ],
        ["nobody", DRIVER, &line, "", "clock", "address=7 timeout_ms=100"],
    ];
    let host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let pool = host.pool().await;
    for (place, [name, ..]) in rows.iter().take(3).enumerate() {
        let device = host.device(name).await;
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "complete", "{name}: {session}");
        let judge = Judge::of_place(Model::Spbus, &bus, place);
        let hours = from_store(&pool, device, RecordKind::Archive(ArchiveKind::Hourly), &moscow()).await;
        assert_eq!(judge.wrong(&hours), Vec::<String>::new());
        assert_eq!(
            judge.unread(ArchiveKind::Hourly, DateTime::MIN, DateTime::MAX, &hours),
            []
        );
    }
    let device = host.device("nobody").await;
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "no-answer", "{session}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_device_in_the_meters_place_is_refused_by_name() {
    let meter = Spbus::spt961().clock(standing_clock()).start_tcp().await.unwrap();
    let host = host(&meter, "1-00123-0000", "clock totals", "address=1");
    let (device, pool) = (host.device("meter").await, host.pool().await);
    for (other, outcome, named) in [
        (Disguise::Serial, "wrong-device", "9-99999-0000"),
        (Disguise::Model, "wrong-device", "544v01"),
    ] {
        meter.set_faults(Faults::new().wrong(other));
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), outcome, "{session}");
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
    let meter = Spbus::spt961()
        .seed(95)
        .installed(right.date().saturating_sub(3.days()).at(0, 0, 0, 0));
    let meter = meter.clock(right).start_tcp().await.unwrap();
    let host = host(&meter, "", "clock hourly daily", "address=1");
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
    let (judge, all) = (Judge::of(Model::Spbus, &meter), stored(&pool, device).await);
    let mut amiss = judge.wrong(&all);
    amiss.extend([ArchiveKind::Hourly, ArchiveKind::Daily].iter().flat_map(|kind| {
        let unread = judge.unread(*kind, DateTime::MIN, DateTime::MAX, &all);
        unread
            .into_iter()
            .map(|start| format!("{start} is missing"))
            .collect::<Vec<_>>()
    }));
    assert!(amiss.is_empty(), "{}\n{sessions:?}", amiss.join("\n"));
    assert_no_incident(&pool).await;
}

#[tokio::test]
async fn records_that_are_overwritten_while_they_are_read_are_not_made_up() {
    let now = date(2026, 11, 20).at(10, 20, 0, 0);
    let meter = Spbus::spt961().seed(96).clock(now);
    // Two hours pass in the middle: the ring drops its two oldest records.
    let meter = meter
        .faults(Faults::new().clock_jump(2 * 3_600, 300))
        .start_tcp()
        .await
        .unwrap();
    let read = Read::new(
        parts::driver(DRIVER),
        tcp(&meter).parse().unwrap(),
        json!({"address": 1}),
    );
    let before = Judge::of(Model::Spbus, &meter);
    let (report, taken) = read
        .archive(ArchiveKind::Hourly, now.saturating_sub(1_080.hours()), now)
        .run()
        .await;
    assert_eq!(report.outcome, Outcome::Complete, "{:?}", report.detail);
    let seen = from_taken(&taken);
    assert_eq!(before.wrong(&seen), Vec::<String>::new());
    assert_eq!(meter.clock().now(), now.saturating_add(2.hours()));
    let after = Judge::of(Model::Spbus, &meter);
    assert_eq!(
        after.unread(ArchiveKind::Hourly, DateTime::MIN, now.date().at(10, 0, 0, 0), &seen),
        []
    );
}

#[tokio::test]
async fn journal_and_settings_come_with_their_texts() {
    let now = date(2026, 11, 20).at(10, 20, 0, 0);
    let meter = Spbus::spt961().seed(97).clock(now).start_tcp().await.unwrap();
    let read = Read::new(parts::driver(DRIVER), tcp(&meter).parse().unwrap(), json!({}));
    let (report, taken) = read.task(Task::Events).task(Task::Settings).run().await;
    assert_eq!(
        (report.outcome, report.faults.as_slice()),
        (Outcome::Complete, &[][..]),
        "{:?}",
        report.detail
    );
    let with = |code: &str| taken.events.iter().filter(|event| event.code == code).count();
    assert!(with("71") > 1 && with("tп") == 1, "{:?}", taken.events);
    let mut about = taken.events.iter().filter(|event| event.code == "71");
    assert!(about.all(|event| event.text.contains("п1-У1")), "{:?}", taken.events);
    assert_eq!(with("71") % 2, 0, "each began and ended");
}

#[tokio::test]
async fn a_clock_is_set_where_it_may_be() {
    let now = DateTime::constant(2026, 11, 20, 14, 20, 7, 0);
    let shown = now.saturating_add(jiff::SignedDuration::from_secs(90));
    for (is_writable, want) in [(true, ClockOutcome::Set), (false, ClockOutcome::Failed)] {
        let meter = Spbus::spt961().clock(SimClock::fixed(shown));
        let meter = if is_writable { meter.writable() } else { meter };
        let meter = meter.start_tcp().await.unwrap();
        let Ok(ClockPolicy::Set(limits)) = "beyond 30s within 10m".parse() else {
            panic!("the policy is one")
        };
        let read = Read::new(parts::driver(DRIVER), tcp(&meter).parse().unwrap(), json!({}));
        let set_clock = SetClock { limits, set_at: None };
        let (report, _) = read.task(Task::Clock).set_clock(set_clock, now).run().await;
        let setting = report.clock_setting.unwrap();
        assert_eq!(setting.outcome, want, "{:?}", report.detail);
        let off_s = meter.clock().now().duration_since(now).as_secs();
        assert_eq!((0..=3).contains(&off_s), is_writable, "{off_s}");
    }
}

#[tokio::test]
async fn a_year_of_days_and_sixty_days_of_hours_are_asked_for_once() {
    let now = date(2026, 11, 20).at(10, 20, 0, 0);
    let meter = Spbus::spt962().seed(98).clock(now).start_tcp().await.unwrap();
    let read = Read::new(
        parts::driver(DRIVER),
        tcp(&meter).parse().unwrap(),
        json!({"address": 1}),
    );
    let read = read.archive(ArchiveKind::Hourly, now.saturating_sub(60.days()), now);
    let (report, taken) = read
        .archive(ArchiveKind::Daily, now.saturating_sub(365.days()), now)
        .run()
        .await;
    assert_eq!(report.outcome, Outcome::Complete, "{:?}", report.detail);
    let (judge, seen) = (Judge::of(Model::Spbus, &meter), from_taken(&taken));
    assert_eq!(judge.wrong(&seen), Vec::<String>::new());
    for kind in [ArchiveKind::Hourly, ArchiveKind::Daily] {
        assert_eq!(judge.unread(kind, DateTime::MIN, DateTime::MAX, &seen), [], "{kind}");
    }
    let denied: Vec<String> = taken
        .absent
        .iter()
        .flat_map(|(kind, span, _)| {
            let civil = |at| jiff::tz::TimeZone::UTC.to_datetime(at);
            judge.denied(*kind, civil(span.start), civil(span.end))
        })
        .collect();
    assert_eq!(denied, Vec::<String>::new());
    let records = u64::try_from(seen.len()).unwrap();
    let holes = 60;
    assert!(
        meter.requests() < records + holes,
        "{} requests for {records} records",
        meter.requests()
    );
}
