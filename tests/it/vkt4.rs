//! ВКТ-4 and ВКТ-4М through the whole host: whole archives, a bus, firmware that is not known.

use jiff::ToSpan as _;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use meter_sim::{Faults, Handle, Link, Vkt4, Vkt4Builder, Vkt4Model};
use serde_json::json;
use system_tests::session::Read;
use system_tests::{TestHost, parts};
use uzel::model::{ArchiveKind, Outcome, RecordKind, Task};

use crate::devices::{ON_DEMAND, assert_no_incident, assert_whole, devices, moscow, standing_clock, tcp, usual, word};
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
    // The moment of each of two inputs is new, unless the second is the same as before.
    let added = again["records_added"].as_u64().unwrap();
    assert!(word(&again) == "complete" && added <= 2, "{again}");
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
async fn firmware_whose_records_nobody_has_described_is_refused() {
    let old = young(2).version(0x21).start_tcp().await.unwrap();
    let (report, _) = reading(&old, json!({})).task(Task::Clock).run().await;
    assert_eq!(report.outcome, Outcome::Unsupported);
}
