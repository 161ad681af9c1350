//! Meters of the magistral protocol through the whole host: whole rings, several behind one, a journal, a clock that is set.

use jiff::ToSpan as _;
use jiff::civil::{DateTime, date};
use meter_sim::{Faults, Link, SimClock, Spbus};
use serde_json::json;
use system_tests::session::Read;
use system_tests::{TestHost, parts};
use uzel::model::{ArchiveKind, ClockOutcome, ClockPolicy, LineAddress, Outcome, RecordKind, Task};
use uzel::session::SetClock;

use crate::devices::{ON_DEMAND, assert_no_incident, assert_whole, devices, moscow, standing_clock, tcp, usual, word};
use crate::judge::{Judge, Model, from_store, from_taken};

const DRIVER: &str = "logika-spbus";
const TASKS: &str = "clock current totals hourly daily monthly";

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

#[tokio::test]
async fn a_meters_own_port_is_opened_and_read_at_its_speed() {
    let now = date(2026, 11, 20).at(10, 20, 0, 0);
    let meter = Spbus::spt961().seed(96).clock(now).own_port(19_200);
    let meter = meter.start_pty().unwrap();
    let line = LineAddress::Serial(meter.path().display().to_string());
    let kind = ArchiveKind::Hourly;
    let from = now.saturating_sub(8.hours());
    let read = Read::new(
        parts::driver(DRIVER),
        line,
        json!({"opening": "iec1107", "timeout_ms": 2_000}),
    );
    let (report, taken) = read.task(Task::Clock).archive(kind, from, now).run().await;
    assert_eq!(
        (report.outcome, report.faults.as_slice()),
        (Outcome::Complete, &[][..]),
        "{:?}",
        report.detail
    );
    let (judge, seen) = (Judge::of(Model::Spbus, &meter), from_taken(&taken));
    assert_eq!(judge.wrong(&seen), Vec::<String>::new());
    assert_eq!(judge.unread(kind, from, now, &seen), []);
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
