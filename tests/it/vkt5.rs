//! ВКТ-5 through the whole host: whole rings, regulators.

use jiff::ToSpan as _;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use meter_sim::{Handle, Vkt5, Vkt5Builder, Vkt5Firmware};
use serde_json::json;
use system_tests::session::Read;
use system_tests::{TestHost, parts};
use uzel::model::{ArchiveKind, Outcome, RecordKind, Task};

use crate::devices::{ON_DEMAND, assert_no_incident, assert_whole, devices, moscow, standing_clock, tcp, usual, word};
use crate::judge::{Judge, Model, from_store, from_taken};

const DRIVER: &str = "vkt5";
const TASKS: &str = "clock current totals hourly daily";
const NOW: DateTime = DateTime::constant(2026, 11, 20, 10, 20, 0, 0);
const KINDS: [ArchiveKind; 2] = [ArchiveKind::Hourly, ArchiveKind::Daily];

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
