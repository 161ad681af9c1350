//! Conversations with a scripted meter: who is asked how, and what becomes of the answers.

use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::wire::Wire;
use uzel_driver_sdk::{Absence, ArchiveKind, CivilTime, Diagnostics, Driver, Failure, LabelRule, Row, Value, Window};
use vkt9::Vkt9;

use crate::script::{Script, march};

pub fn rows(collected: &Collected) -> Vec<Row> {
    collected.tables.iter().flat_map(|table| table.rows.clone()).collect()
}

fn identified(meter: &mut Wire<Script>) -> Vkt9 {
    let mut driver = Vkt9::default();
    driver.identify(meter, r#"{"timeout_ms": 1000}"#).unwrap();
    driver
}

fn read(meter: &mut Wire<Script>, kind: ArchiveKind, begin: CivilTime, end: CivilTime) -> Collected {
    let mut out = Collected::default();
    let windows = [Window { begin, end }];
    identified(meter)
        .read_archive(meter, kind, &windows, None, &mut out)
        .unwrap();
    out
}

fn labels(out: &Collected) -> Vec<(u8, u8)> {
    let labels = rows(out).into_iter().map(|row| row.label.unwrap());
    labels.map(|label| (label.day, label.hour)).collect()
}

#[test]
fn a_meter_says_who_it_is_with_and_without_a_count() {
    let mut meter = Script::new();
    let mut driver = Vkt9::default();
    let identity = driver.identify(&mut meter, "{}").unwrap();
    assert_eq!(
        (identity.model.as_str(), identity.serial.as_deref()),
        ("vkt9", Some("123456"))
    );
    assert_eq!(identity.firmware.as_deref(), Some("2.1"));
    assert_eq!(identity.details, [("type".to_owned(), "VKT9".to_owned())]);
    let clock = driver.read_clock(&mut meter).unwrap();
    assert_eq!((clock.shown.hour, clock.shown.minute, clock.shown.second), (14, 30, 45));
    meter.far.who.insert(0, 8);
    let again = Vkt9::default().identify(&mut meter, "{}").unwrap();
    assert_eq!(again.details, identity.details);
    meter.far.busy = 2;
    assert_eq!(driver.read_settings(&mut meter).unwrap().len(), 5);
}

#[test]
fn another_modbus_device_is_refused() {
    let mut other = Script::new();
    other.far.stranger = true;
    let said = Vkt9::default().identify(&mut other, "{}");
    assert!(
        matches!(&said, Err(Failure::WrongDevice(text)) if text.contains("42h")),
        "{said:?}"
    );
}

#[test]
fn hours_follow_each_other_page_by_page() {
    let mut meter = Script::new();
    meter.far.pages.retain(|page| !matches!(page, (21, 8 | 9)));
    let out = read(&mut meter, ArchiveKind::Hourly, march(21, 5), march(21, 20));
    assert_eq!(labels(&out), [5, 6, 7, 10, 11, 12, 13].map(|hour| (21, hour)));
    assert_eq!(out.tables[0].labels, LabelRule::IntervalStart);
    let gap = Window {
        begin: march(21, 8),
        end: march(21, 10),
    };
    assert_eq!(out.absent, [(gap, Absence::NeverWritten)]);
    // The volumes say which system and which hour they are of.
    let columns = &out.tables[0].columns;
    let volume = |row: &Row, point: u8| {
        let at = columns
            .iter()
            .position(|column| (column.id.as_str(), column.point) == ("V1", point));
        row.values[at.unwrap()].clone()
    };
    for row in rows(&out) {
        let hour = row.label.unwrap().hour;
        for (point, flag) in [(1, 0x10), (2, 0x20)] {
            let want = f32::from_le_bytes([flag, hour, 21, 0x42]);
            assert_eq!(volume(&row, point), Value::Float(want.into()));
        }
    }
}

#[test]
fn a_system_that_is_not_there_has_no_columns_and_a_longer_block_is_read() {
    let mut meter = Script::new();
    meter.far.second = false;
    meter.far.longer = 6;
    meter.far.unit = 1;
    let out = read(&mut meter, ArchiveKind::Hourly, march(21, 5), march(21, 7));
    assert_eq!(labels(&out), [(21, 5), (21, 6)]);
    let columns = &out.tables[0].columns;
    assert!(columns.iter().all(|column| column.point < 2));
    let unit = |id: &str| columns.iter().find(|column| column.id == id).unwrap().unit.clone();
    assert_eq!((unit("Qо").as_str(), unit("V1").as_str()), ("GJ", "m3"));
}

#[test]
fn days_are_whole_and_what_runs_is_not_read() {
    let mut meter = Script::new();
    meter.far.pages = vec![(18, 24), (19, 24), (20, 24), (21, 24)];
    let out = read(&mut meter, ArchiveKind::Daily, march(16, 0), march(22, 0));
    assert_eq!(labels(&out), [(18, 0), (19, 0), (20, 0)]);
    let before = Window {
        begin: march(16, 0),
        end: march(18, 0),
    };
    assert_eq!(out.absent, [(before, Absence::NeverWritten)]);
}

#[test]
fn what_leads_nowhere_ends() {
    let mut circle = Script::new();
    circle.far.pages = vec![(21, 5), (21, 6), (21, 6), (21, 7)];
    let mut out = Collected::default();
    let windows = [Window {
        begin: march(21, 5),
        end: march(21, 9),
    }];
    let said = identified(&mut circle).read_archive(&mut circle, ArchiveKind::Hourly, &windows, None, &mut out);
    assert!(
        matches!(&said, Err(Failure::Garbled(text)) if text.contains("not behind")),
        "{said:?}"
    );
    assert_eq!(labels(&out).len(), 2, "what was read before is kept");
    assert!(out.absent.is_empty());
    let mut strange = Script::new();
    strange.far.pages = vec![(21, 40)];
    let said = identified(&mut strange).read_archive(&mut strange, ArchiveKind::Hourly, &windows, None, &mut out);
    assert!(matches!(said, Err(Failure::Garbled(_))), "{said:?}");
    let said = identified(&mut strange).read_archive(&mut strange, ArchiveKind::Monthly, &windows, None, &mut out);
    assert!(matches!(said, Err(Failure::Unsupported(_))), "{said:?}");
}

#[test]
fn a_cut_reading_goes_on_behind_its_last_row() {
    let mut meter = Script::new();
    let mut driver = identified(&mut meter);
    let windows = [Window {
        begin: march(20, 0),
        end: march(21, 14),
    }];
    let mut first = Collected::default();
    first.stop_after = Some(1);
    let cut = driver.read_archive(&mut meter, ArchiveKind::Hourly, &windows, None, &mut first);
    assert!(matches!(cut, Err(Failure::Stopped)), "{cut:?}");
    let mut second = Collected::default();
    let resume = first.resume.clone();
    driver
        .read_archive(
            &mut meter,
            ArchiveKind::Hourly,
            &windows,
            resume.as_deref(),
            &mut second,
        )
        .unwrap();
    assert_eq!([labels(&first), labels(&second)].concat(), meter.far.pages);
}
