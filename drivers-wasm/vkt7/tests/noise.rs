//! A line with faults: late, lost, repeated and broken answers. What the driver gives must be the truth; what it does
//! not give is no harm.

mod common;

use common::device::{ACTIVE, Device, Faults, Random, Spoiled};
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::wire::Wire;
use uzel_driver_sdk::{ArchiveKind, CivilTime, Driver, Failure, LabelRule, Row, Value, Window};
use vkt7::Vkt7;

const CONFIG: &str = r#"{"timeout_ms": 400, "quiet_ms": 100}"#;

fn at(month: u8, day: u8, hour: u8) -> CivilTime {
    CivilTime {
        year: 2024,
        month,
        day,
        hour,
        minute: 0,
        second: 0,
    }
}

/// Whether a value is the truth, which is told as bytes.
fn is_true(value: &Value, bytes: &[u8]) -> bool {
    let mut whole = [0; 8];
    whole[..bytes.len()].copy_from_slice(bytes);
    match value {
        Value::Fixed(fixed) => fixed.digits == i64::from_le_bytes(whole),
        Value::Float(float) => *float == f64::from(f32::from_le_bytes(*bytes.first_chunk().unwrap())),
        Value::Bits(bits) => *bits == u64::from(bytes == *b"*"),
        _ => false,
    }
}

/// Compares every value of a row with the device's; `held` says which elements the source has.
fn assert_row(seed: u64, source: u8, date: [u8; 4], row: &[Value], held: impl Fn(u8) -> bool) -> usize {
    let mut values = row.iter();
    let mut judged = 0;
    for (index, size) in ACTIVE.iter().filter(|(index, _)| held(*index)) {
        let truth = Device::truth(source, date, *index, *size);
        let parts: Vec<&[u8]> = if *index == 79 {
            truth.chunks(2).collect()
        } else {
            vec![&truth]
        };
        for part in parts {
            let value = values.next().unwrap();
            assert!(
                is_true(value, part),
                "seed {seed}, type {source}, {date:?}, element {index}: {value:?} is not {part:?}"
            );
            judged += 1;
        }
    }
    judged
}

fn archive(index: u8) -> bool {
    !matches!(index, 19 | 20)
}

fn totals(index: u8) -> bool {
    matches!(index, 3..=8 | 11..=13 | 17 | 18 | 25..=30 | 33..=35 | 39 | 40)
}

fn now(index: u8) -> bool {
    matches!(index, 0..=2 | 9 | 10 | 14 | 19 | 20 | 77)
}

/// Reads all there is over a line with these faults. Values judged, rows, and failed calls.
fn session(seed: u64, faults: Faults) -> (usize, usize, usize) {
    let random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut device = Device::new();
    device.holes = vec![(0, [20, 3, 24, 7]), (0, [20, 3, 24, 8]), (1, [12, 3, 24, 23])];
    let mut line = Wire::new(Spoiled { device, faults, random });
    let mut driver = Vkt7::default();
    let mut failed = 0;
    let mut identified = false;
    for _ in 0..3 {
        identified = identified || driver.identify(&mut line, CONFIG).is_ok();
    }
    if !identified {
        return (0, 0, 1);
    }
    let (mut judged, mut rows) = (0, 0);
    let mut count = |result: Result<(), Failure>| failed += usize::from(result.is_err());
    let mut out = Collected::default();
    count(driver.read_current(&mut line, &mut out));
    count(driver.read_totals(&mut line, &mut out));
    for table in &out.tables {
        assert_eq!(table.labels, LabelRule::Moment);
        let current = table.columns[0].id == "t1";
        for row in &table.rows {
            rows += 1;
            judged += match current {
                true => assert_row(seed, 4, [0, 0, 0, 4], &row.values, now),
                false => assert_row(seed, 5, [0, 0, 0, 5], &row.values, totals),
            };
        }
    }
    for (kind, source, begin, end) in [
        (ArchiveKind::Hourly, 0, at(3, 20, 0), at(3, 22, 0)),
        (ArchiveKind::Daily, 1, at(3, 10, 0), at(4, 1, 0)),
        (ArchiveKind::Monthly, 2, at(1, 1, 0), at(4, 1, 0)),
    ] {
        let mut out = Collected::default();
        count(driver.read_archive(&mut line, kind, &[Window { begin, end }], None, &mut out));
        for (window, _) in &out.absent {
            let hole = (source == 0 && *window == Window { begin: at(3, 20, 7), end: at(3, 20, 9) })
                || (source == 1 && *window == Window { begin: at(3, 12, 0), end: at(3, 13, 0) })
                // A session that ends between the two hours says less.
                || (source == 0 && window.begin == at(3, 20, 7));
            assert!(hole, "seed {seed}: absent {window:?}");
        }
        for row in out.tables.iter().flat_map(|table| &table.rows) {
            rows += 1;
            judged += assert_archive_row(seed, source, row);
        }
    }
    (judged, rows, failed)
}

fn assert_archive_row(seed: u64, source: u8, row: &Row) -> usize {
    let label = row.label.unwrap();
    let last_of_month = [31, 29, 31, 30]
        .get(usize::from(label.month) - 1)
        .copied()
        .unwrap_or(31);
    let date = match source {
        0 => [label.day, label.month, 24, label.hour],
        1 => [label.day, label.month, 24, 23],
        _ => [last_of_month, label.month, 24, 23],
    };
    let width = ACTIVE.iter().filter(|(index, _)| archive(*index)).count() + 4;
    let (own, total) = row.values.split_at(width);
    let mut judged = assert_row(seed, source, date, own, archive);
    if source == 2 {
        judged += assert_row(seed, 3, date, total, totals);
    }
    judged
}

fn all_over(seeds: std::ops::Range<u64>, faults: Faults) -> (usize, usize, usize) {
    seeds
        .map(|seed| session(seed, faults))
        .fold((0, 0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1, sum.2 + one.2))
}

#[test]
fn a_clean_line_gives_all() {
    let (_, rows, failed) = session(1, Faults::default());
    // Current, totals; 48 hours less two holes and the ten to come; 11 days less one hole; two months.
    assert_eq!((rows, failed), (2 + 36 + 10 + 2, 0));
}

#[test]
fn a_bad_line_gives_nothing_but_the_truth() {
    let bad = Faults {
        lost_request: 15,
        lost_answer: 15,
        flipped: 15,
        inserted: 10,
        dropped: 10,
        late: 20,
        repeated: 20,
    };
    let (judged, rows, failed) = all_over(0..300, bad);
    println!("bad line: {judged} values in {rows} rows, {failed} calls failed");
    assert!(rows > 300 * 50 * 9 / 10, "{rows} rows, {failed} calls failed");
}

#[test]
fn a_late_and_repeating_gateway_gives_nothing_but_the_truth() {
    let late = Faults {
        late: 150,
        repeated: 100,
        lost_request: 30,
        ..Faults::default()
    };
    let (judged, rows, failed) = all_over(1000..1300, late);
    println!("late gateway: {judged} values in {rows} rows, {failed} calls failed");
    assert!(rows > 300 * 50 / 2, "{rows} rows, {failed} calls failed");
}

#[test]
fn a_repeating_line_that_loses_requests_gives_nothing_but_the_truth() {
    let repeating = Faults {
        repeated: 200,
        lost_request: 10,
        ..Faults::default()
    };
    let (judged, rows, failed) = all_over(2000..2300, repeating);
    println!("repeating line: {judged} values in {rows} rows, {failed} calls failed");
    assert!(rows > 300 * 50 * 9 / 10, "{rows} rows, {failed} calls failed");
}
