//! СПЕ543 through the whole host: every archive whole, what is said to be absent, the channels that are named.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::DateTime;
use meter_sim::{Handle, Spbus, SpbusBuilder};
use serde_json::{Value as Json, json};
use system_tests::parts;
use system_tests::session::{Read, Taken};
use uzel::model::{ArchiveKind, Outcome, RecordKind, Task};

use crate::devices::tcp;
use crate::judge::{HALF_HOURS, Judge, Model, from_taken};

const NOW: DateTime = DateTime::constant(2026, 11, 20, 10, 40, 0, 0);

async fn read(meter: SpbusBuilder, config: Json, days: i64) -> (Handle, Taken) {
    let meter = meter.clock(NOW).start_tcp().await.unwrap();
    let read = Read::new(parts::driver("logika-spbus"), tcp(&meter).parse().unwrap(), config);
    let read = read.task(Task::Current).task(Task::Totals);
    let midnight = NOW.date().at(0, 0, 0, 0);
    let read = read.archive(HALF_HOURS, midnight.saturating_sub(days.days()), NOW);
    let read = read.archive(ArchiveKind::Daily, NOW.saturating_sub(40.days()), NOW);
    let read = read.archive(ArchiveKind::Monthly, NOW.saturating_sub(400.days()), NOW);
    let (report, taken) = read.run().await;
    assert_eq!(
        (report.outcome, report.faults.as_slice()),
        (Outcome::Complete, &[][..]),
        "{:?}",
        report.detail
    );
    (meter, taken)
}

#[tokio::test]
async fn half_hours_days_and_months_are_read_whole() {
    let night = NOW.date();
    let meter = Spbus::spe543()
        .seed(101)
        .settlement(25, 10)
        .without_hours(night.at(3, 0, 0, 0), night.at(5, 0, 0, 0));
    let (meter, taken) = read(meter, json!({"address": 1}), 3).await;
    let seen = from_taken(&taken);
    let judge = Judge::of(Model::Spe, &meter);
    assert_eq!(judge.wrong(&seen), Vec::<String>::new());
    for (kind, days) in [(HALF_HOURS, 3), (ArchiveKind::Daily, 40), (ArchiveKind::Monthly, 400)] {
        let from = NOW.saturating_sub(days.days());
        assert_eq!(judge.unread(kind, from, DateTime::MAX, &seen), [], "{kind}");
        let read = seen.iter().filter(|one| one.kind == RecordKind::Archive(kind));
        assert!(read.count() > 10, "{kind}");
    }
    // The hours without a record, and none that has one.
    let civil = |at| jiff::tz::TimeZone::UTC.to_datetime(at);
    let absent = taken.absent.iter().filter(|(kind, ..)| *kind == HALF_HOURS);
    let absent: Vec<_> = absent
        .map(|(_, span, _)| (civil(span.start), civil(span.end)))
        .collect();
    assert_eq!(absent, [(night.at(3, 0, 0, 0), night.at(5, 0, 0, 0))]);
    let current = seen.iter().find(|one| one.kind == RecordKind::Current).unwrap();
    assert_eq!(current.conditions, [(18, "16".to_owned(), None)]);
}

#[tokio::test]
async fn only_named_channels_are_read() {
    let (meter, taken) = read(Spbus::spe543().seed(102), json!({"channels": "к18 г1"}), 1).await;
    let seen = from_taken(&taken);
    let ids: BTreeSet<&str> = seen
        .iter()
        .flat_map(|one| &one.cells)
        .map(|cell| cell.id.split('.').next().unwrap())
        .collect();
    assert_eq!(ids, BTreeSet::from(["ТрД", "г1", "к18"]));
    let halves = seen.iter().filter(|one| one.kind == RecordKind::Archive(HALF_HOURS));
    assert_eq!(halves.count(), 48 + 21);
    let requests = meter.requests();
    assert!(requests < 350, "{requests} requests: two a record");
}
