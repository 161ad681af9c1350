//! СПЕ543 through the whole host: every archive whole, what is said to be absent, the channels that are named.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::DateTime;
use meter_sim::{Handle, Spbus, SpbusBuilder, TruthKind, TruthRecord};
use serde_json::{Value as Json, json};
use system_tests::parts;
use system_tests::session::{Read, Taken};
use uzel::model::{ArchiveKind, Outcome, RecordKind, Task};

use crate::devices::tcp;
use crate::judge::{Seen, from_taken};

const NOW: DateTime = DateTime::constant(2026, 11, 20, 10, 40, 0, 0);
const HALF_HOURS: ArchiveKind = ArchiveKind::EveryMinutes(30);
const KINDS: [(RecordKind, TruthKind); 5] = [
    (RecordKind::Current, TruthKind::Current),
    (RecordKind::Totals, TruthKind::TotalsNow),
    (RecordKind::Archive(HALF_HOURS), TruthKind::Hourly),
    (RecordKind::Archive(ArchiveKind::Daily), TruthKind::Daily),
    (RecordKind::Archive(ArchiveKind::Monthly), TruthKind::Monthly),
];

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

/// Name, channel, tariff, unit and value of everything in a record; the truth names the tariff and the unit only by what
/// the value is called.
type Cell = (String, u8, u8, &'static str, Option<u64>);

fn held(record: &TruthRecord) -> BTreeSet<Cell> {
    let cells = record.values.iter().map(|value| {
        let name = value.name.rsplit('.').next().unwrap();
        let tariff = name.strip_prefix('W').and_then(|rest| rest.parse().ok()).unwrap_or(0);
        let unit = if name.starts_with('P') { "kW" } else { "kWh" };
        (
            value.name.to_owned(),
            value.input,
            tariff,
            unit,
            value.value.map(f64::to_bits),
        )
    });
    cells.collect()
}

fn told(seen: &Seen) -> BTreeSet<Cell> {
    // The tariff of now is the device's own.
    let cells = seen.cells.iter().filter(|cell| cell.id != "ТрД").map(|cell| {
        let unit = if cell.unit == "kW" { "kW" } else { "kWh" };
        assert!(["kW", "kWh"].contains(&cell.unit.as_str()), "{cell:?}");
        (
            cell.id.clone(),
            cell.input,
            cell.tariff,
            unit,
            cell.value.map(f64::to_bits),
        )
    });
    cells.collect()
}

/// The records of a kind of which the meter's agree with none.
fn wrong(meter: &Handle, seen: &[Seen], kind: RecordKind, truth: TruthKind) -> Vec<String> {
    let truth = meter.truth(truth);
    let of_kind = seen.iter().filter(|one| one.kind == kind);
    let is_wrong = |one: &&Seen| {
        let same = truth
            .iter()
            .find(|record| (record.start, record.end) == (one.start, one.end));
        same.is_none_or(|record| held(record) != told(one))
    };
    of_kind.filter(is_wrong).map(|one| format!("{one:?}")).collect()
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
    for (kind, truth) in KINDS {
        assert_eq!(wrong(&meter, &seen, kind, truth), Vec::<String>::new(), "{kind}");
    }
    let starts = |kind| -> BTreeSet<DateTime> {
        let of_kind = seen.iter().filter(|one| one.kind == RecordKind::Archive(kind));
        of_kind.map(|one| one.start).collect()
    };
    for (kind, truth, days) in [
        (HALF_HOURS, TruthKind::Hourly, 3),
        (ArchiveKind::Daily, TruthKind::Daily, 40),
        (ArchiveKind::Monthly, TruthKind::Monthly, 400),
    ] {
        let from = NOW.saturating_sub(days.days());
        let truth = meter.truth(truth).into_iter().map(|record| record.start);
        let truth: BTreeSet<DateTime> = truth.filter(|start| *start >= from).collect();
        assert!(truth.len() > 10 && truth.is_subset(&starts(kind)), "{kind}");
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
