//! Meters of the extended M4 dialect through the whole host: what each model has, the night's top-up, both dialects on a
//! line, journals, a clock that is set.

use jiff::ToSpan as _;
use jiff::civil::{DateTime, date};
use meter_sim::{Faults, Link, M4, M4Builder, M4Model, SimClock, Spt};
use serde_json::json;
use system_tests::session::Read;
use system_tests::{TestHost, parts};
use uzel::model::{ArchiveKind, ClockOutcome, ClockPolicy, Outcome, RecordKind, Task};
use uzel::session::SetClock;

use crate::devices::{
    ON_DEMAND, assert_no_incident, assert_whole, devices, lacking, moscow, standing_clock, stored, tcp, usual, word,
};
use crate::judge::{Judge, Model, from_store, from_taken};

const DRIVER: &str = "logika-m4";
const TASKS: &str = "clock current totals hourly daily monthly";
const MODELS: [(&str, M4Model); 7] = [
    ("СПТ940", M4Model::Spt940),
    ("СПТ941.20", M4Model::Spt941_20),
    ("СПТ943rev3", M4Model::Spt943rev3),
    ("СПТ944", M4Model::Spt944),
    ("СПГ740", M4Model::Spg740),
    ("СПГ742", M4Model::Spg742),
    ("ЛГК410", M4Model::Lgk410),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_first_read_of_every_model_takes_all_it_has_and_a_second_nothing_again() {
    let clock = standing_clock();
    let mut served = Vec::new();
    for (name, model) in MODELS {
        let meter = M4::builder(model).seed(61).clock(clock);
        // One of them has been in use for long.
        let days = if model == M4Model::Spt941_20 { 20 } else { 3 };
        let installed = clock.date().saturating_sub(days.days()).at(0, 0, 0, 0);
        let meter = meter.installed(installed);
        served.push((name, meter.settlement(25, 10).start_tcp().await.unwrap()));
    }
    let lines: Vec<String> = served.iter().map(|(_, meter)| tcp(meter)).collect();
    let rows: Vec<_> = served
        .iter()
        .zip(&lines)
        .map(|((name, _), line)| {
            let tasks = if *name == "ЛГК410" { "current totals" } else { TASKS };
            [*name, DRIVER, line, "55150", tasks, "address=1 wake=fast"]
        })
        .collect();
    let host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let pool = host.pool().await;
    for (name, meter) in &served {
        let device = host.device(name).await;
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "complete", "{name}: {session}");
        let judge = Judge::of(Model::Tagged, meter);
        if *name != "ЛГК410" {
            assert_whole(&judge, &pool, device).await;
            let moments = from_store(&pool, device, RecordKind::Current, &moscow()).await;
            assert_eq!(
                (moments.is_empty(), judge.wrong(&moments)),
                (false, Vec::new()),
                "{name}"
            );
            let totals = from_store(&pool, device, RecordKind::Totals, &moscow()).await;
            assert_eq!((totals.is_empty(), judge.wrong(&totals)), (false, Vec::new()), "{name}");
        }
        let before = meter.requests();
        let again = host.read_now(device, &usual()).await;
        let asked = meter.requests() - before;
        let added = again["records_added"].as_u64().unwrap();
        assert!(word(&again) == "complete" && added <= 3, "{name}: {again}");
        assert!(asked < 80, "{name}: {asked} requests to learn that nothing is new");
    }
    assert_no_incident(&pool).await;
}

/// Reads the meters, lets their clocks go on by hours, and reads them again.
async fn top_up(meters: [(&'static str, M4Builder, DateTime, i64); 4]) {
    let mut served = Vec::new();
    for (name, meter, start, hours) in meters {
        let installed = start.date().saturating_sub(3.days()).at(0, 0, 0, 0);
        let meter = meter.clock(start).installed(installed).start_tcp().await.unwrap();
        served.push((name, meter, start, hours));
    }
    let lines: Vec<String> = served.iter().map(|(_, meter, ..)| tcp(meter)).collect();
    let rows = served.iter().zip(&lines);
    let rows: Vec<_> = rows
        .map(|((name, ..), line)| [*name, DRIVER, line, "", TASKS, "address=1 wake=fast"])
        .collect();
    let host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let pool = host.pool().await;
    for (name, meter, start, hours) in &served {
        let device = host.device(name).await;
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "complete", "{name}: {session}");
        let evening = stored(&pool, device).await;
        assert_eq!(Judge::of(Model::Tagged, meter).wrong(&evening), Vec::<String>::new());
        meter.clock().advance(hours * 3_600);
        host.read_now(device, &usual()).await;
        let night = host.read_now(device, &usual()).await;
        assert_eq!(word(&night), "complete", "{name}: {night}");
        let (judge, morning) = (Judge::of(Model::Tagged, meter), stored(&pool, device).await);
        assert_eq!(judge.wrong(&morning), Vec::<String>::new());
        let amiss = lacking(&judge, &morning);
        assert!(amiss.is_empty(), "{name} from {start} on:\n{}", amiss.join("\n"));
        assert!(morning.len() > evening.len(), "{name}: {hours} hours bring records");
    }
    assert_no_incident(&pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_night_brings_what_is_new_across_every_kind_of_midnight() {
    let yesterday = standing_clock().saturating_sub(1.day());
    let settling = yesterday.date().at(9, 59, 0, 0).saturating_sub(1.day());
    let month = yesterday.date().first_of_month().saturating_sub(1.day());
    let settled = month.with().day(25).build().unwrap();
    let gas = M4::builder(M4Model::Spg742).seed(67).settlement(25, 8);
    top_up([
        ("a day", M4::spt943rev3().seed(64), yesterday, 24),
        ("into ЧР", M4::spt941_20().seed(65).settlement(1, 10), settling, 1),
        ("month end", M4::spt943rev3().seed(66), month.at(23, 30, 0, 0), 2),
        ("into СР", gas, settled.at(7, 40, 0, 0), 1),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn meters_of_both_dialects_share_a_line() {
    let clock = standing_clock();
    let since = clock.date().saturating_sub(1.day()).at(0, 0, 0, 0);
    let bus = [
        M4::spt941_20()
            .seed(71)
            .network(3)
            .serial(3_003)
            .clock(clock)
            .installed(since)
            .link(),
        Spt::spt943()
            .seed(72)
            .network(4)
            .serial(4_004)
            .clock(clock)
            .installed(since)
            .link(),
        M4::builder(M4Model::Spt944)
            .seed(73)
            .network(5)
            .serial(5_005)
            .clock(clock)
            .installed(since)
            .link(),
    ];
    let bus = Link::bus(bus, Faults::new()).start_tcp().await.unwrap();
    let line = tcp(&bus);
    let tasks = "clock current hourly";
    let rows = [
        ["first", DRIVER, &line, "3003", tasks, "address=3 wake=fast"],
        ["second", DRIVER, &line, "4004", tasks, "address=4 wake=fast"],
        ["third", DRIVER, &line, "5005", tasks, "address=5 wake=fast"],
        [
            "nobody",
            DRIVER,
            &line,
            "",
            "clock",
            "address=7 timeout_ms=100 attempts=1",
        ],
    ];
    let host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let pool = host.pool().await;
    for (place, model) in [Model::Tagged, Model::Spt943, Model::Tagged].into_iter().enumerate() {
        let device = host.device(rows[place][0]).await;
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "complete", "{session}");
        let judge = Judge::of_place(model, &bus, place);
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

#[tokio::test]
async fn a_year_of_days_and_sixty_days_of_hours_take_few_questions_even_while_records_are_overwritten() {
    let now = date(2026, 11, 20).at(10, 20, 0, 0);
    let meter = M4::spt941_20().seed(76).clock(now);
    // Two hours pass in the middle: the ring drops its two oldest records.
    let meter = meter
        .faults(Faults::new().clock_jump(2 * 3_600, 100))
        .start_tcp()
        .await
        .unwrap();
    let before = Judge::of(Model::Tagged, &meter);
    let config = json!({"address": 1, "wake": "fast"});
    let read = Read::new(parts::driver(DRIVER), tcp(&meter).parse().unwrap(), config);
    let read = read.archive(ArchiveKind::Hourly, now.saturating_sub(60.days()), now);
    let (report, taken) = read
        .archive(ArchiveKind::Daily, now.saturating_sub(365.days()), now)
        .run()
        .await;
    assert_eq!(report.outcome, Outcome::Complete, "{:?}", report.detail);
    assert_eq!(meter.clock().now(), now.saturating_add(2.hours()));
    let seen = from_taken(&taken);
    assert_eq!(before.wrong(&seen), Vec::<String>::new());
    let from = now.saturating_sub(60.days());
    assert_eq!(
        before.unread(ArchiveKind::Hourly, from, now.date().at(10, 0, 0, 0), &seen),
        []
    );
    let from = now.saturating_sub(365.days());
    assert_eq!(
        before.unread(ArchiveKind::Daily, from, now.date().at(0, 0, 0, 0), &seen),
        []
    );
    let denied: Vec<String> = taken
        .absent
        .iter()
        .flat_map(|(kind, span, _)| {
            let civil = |at| jiff::tz::TimeZone::UTC.to_datetime(at);
            before.denied(*kind, civil(span.start), civil(span.end))
        })
        .collect();
    assert_eq!(denied, Vec::<String>::new());
    let records = u64::try_from(seen.len()).unwrap();
    assert!(
        meter.requests() * 4 < records,
        "{} requests for {records} records",
        meter.requests()
    );
}

#[tokio::test]
async fn journals_and_settings_come_with_their_texts() {
    let now = date(2026, 11, 20).at(10, 20, 0, 0);
    let meter = M4::spt943rev3()
        .seed(77)
        .clock(now)
        .inputs(1)
        .start_tcp()
        .await
        .unwrap();
    let config = json!({"wake": "fast"});
    let read = Read::new(parts::driver(DRIVER), tcp(&meter).parse().unwrap(), config);
    let (report, taken) = read.task(Task::Events).task(Task::Settings).run().await;
    assert_eq!(
        (report.outcome, report.faults.as_slice()),
        (Outcome::Complete, &[][..]),
        "{:?}",
        report.detail
    );
    let with = |code: &str| taken.events.iter().filter(|event| event.code == code).count();
    assert!(with("НС21") > 1, "{:?}", taken.events);
    let mut changes = taken.events.iter().filter(|event| event.code == "ИЗМ");
    assert!(changes.any(|event| event.text == "Выполнен ПУСК"), "{:?}", taken.events);
}

#[tokio::test]
async fn a_clock_is_set_where_it_may_be() {
    let now = DateTime::constant(2026, 11, 20, 14, 20, 7, 0);
    let shown = now.saturating_add(jiff::SignedDuration::from_secs(90));
    for (is_writable, want) in [(true, ClockOutcome::Set), (false, ClockOutcome::Failed)] {
        let meter = M4::spt941_20().clock(SimClock::fixed(shown));
        let meter = if is_writable { meter.writable() } else { meter };
        let meter = meter.start_tcp().await.unwrap();
        let Ok(ClockPolicy::Set(limits)) = "beyond 30s within 10m".parse() else {
            panic!("the policy is one")
        };
        let config = json!({"wake": "fast"});
        let read = Read::new(parts::driver(DRIVER), tcp(&meter).parse().unwrap(), config);
        let set_clock = SetClock { limits, set_at: None };
        let (report, _) = read.task(Task::Clock).set_clock(set_clock, now).run().await;
        let setting = report.clock_setting.unwrap();
        assert_eq!(setting.outcome, want, "{:?}", report.detail);
        let off_s = meter.clock().now().duration_since(now).as_secs();
        assert_eq!((0..=3).contains(&off_s), is_writable, "{off_s}");
    }
}
