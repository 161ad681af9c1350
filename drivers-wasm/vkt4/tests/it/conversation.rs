//! Conversations with a scripted meter: who is asked how, and what becomes of the answers.

use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::wire::Wire;
use uzel_driver_sdk::{
    Absence, ArchiveKind, CivilTime, Diagnostics, Driver, Failure, LabelRule, Quality, Value, Window,
};
use vkt4::Vkt4;

use crate::corpus::{bytes, rows};
use crate::script::{Script, march};

pub fn identified(meter: &mut Wire<Script>) -> Vkt4 {
    let mut driver = Vkt4::default();
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
fn a_meter_is_selected_once_and_says_who_it_is() {
    let mut meter = Script::new();
    let mut driver = Vkt4::default();
    let identity = driver.identify(&mut meter, "{}").unwrap();
    assert_eq!(identity.model, "vkt4m-3");
    assert_eq!(
        (identity.serial.as_deref(), identity.firmware.as_deref()),
        (Some("123456"), Some("4.2"))
    );
    let clock = driver.read_clock(&mut meter).unwrap();
    let middle = CivilTime {
        minute: 30,
        ..march(21, 14)
    };
    assert_eq!(clock.shown, middle);
    assert!(clock.uncertainty_ms > 1_800_000, "minutes are not told");
    assert_eq!(meter.far.woken, 1);
    meter.now += 25_000;
    driver.read_clock(&mut meter).unwrap();
    assert_eq!(meter.far.woken, 2, "half a minute later it has forgotten");
    assert_eq!(driver.read_settings(&mut meter).unwrap().len(), 8);
}

#[test]
fn hours_come_with_their_labels_and_what_is_not_held_is_said() {
    let mut meter = Script::new();
    meter.far.missing = [(21, 8), (21, 9), (21, 13)].into();
    let out = read(&mut meter, ArchiveKind::Hourly, march(21, 5), march(21, 20));
    assert_eq!(labels(&out), [(21, 5), (21, 6), (21, 7), (21, 10), (21, 11), (21, 12)]);
    assert_eq!(out.tables[0].labels, LabelRule::IntervalStart);
    let gap = Window {
        begin: march(21, 8),
        end: march(21, 10),
    };
    // Of 13 h nothing is said: the hour has just ended. 14 h runs and is not asked for.
    assert_eq!(out.absent, [(gap, Absence::NeverWritten)]);
    assert!(meter.far.asked.iter().all(|asked| asked[0] != 0x42 || asked[5] <= 13));
}

#[test]
fn days_begin_at_midnight_and_not_before_the_archive_does() {
    let mut meter = Script::new();
    // The archive begins on 18 March at 10 h.
    meter.far.current[2..5].copy_from_slice(&[3, 18, 10]);
    let out = read(&mut meter, ArchiveKind::Daily, march(15, 7), march(21, 14));
    assert_eq!(labels(&out), [(18, 0), (19, 0), (20, 0)]);
    let before = Window {
        begin: march(15, 7),
        end: march(18, 0),
    };
    assert_eq!(out.absent, [(before, Absence::NeverWritten)]);
}

#[test]
fn what_the_ring_has_lost_is_not_asked_for() {
    let mut meter = Script::new();
    meter.far.current[..5].copy_from_slice(&[0x07, 0xe7, 1, 1, 0]);
    let january = CivilTime {
        month: 1,
        ..march(1, 0)
    };
    let out = read(
        &mut meter,
        ArchiveKind::Hourly,
        january,
        CivilTime {
            month: 2,
            ..march(1, 0)
        },
    );
    assert_eq!(out.absent.len(), 1);
    assert_eq!(out.absent[0].1, Absence::Overwritten);
    assert!(meter.far.asked.iter().all(|asked| asked[0] != 0x42));
}

#[test]
fn a_cut_reading_goes_on_behind_its_last_row() {
    let mut meter = Script::new();
    let mut driver = identified(&mut meter);
    let windows = [Window {
        begin: march(19, 0),
        end: march(21, 14),
    }];
    let mut first = Collected::default();
    first.stop_after = Some(1);
    let cut = driver.read_archive(&mut meter, ArchiveKind::Hourly, &windows, None, &mut first);
    assert!(matches!(cut, Err(Failure::Stopped)), "{cut:?}");
    let mut second = Collected::default();
    driver
        .read_archive(
            &mut meter,
            ArchiveKind::Hourly,
            &windows,
            first.resume.as_deref(),
            &mut second,
        )
        .unwrap();
    let all = [labels(&first), labels(&second)].concat();
    let want: Vec<_> = (19..=21)
        .flat_map(|day| (0..24).map(move |hour| (day, hour)))
        .take(62)
        .collect();
    assert_eq!(all, want);
}

#[test]
fn every_other_device_is_refused_by_name() {
    let mut other = Script::new();
    other.far.kind = 7;
    let said = Vkt4::default().identify(&mut other, "{}");
    assert!(
        matches!(&said, Err(Failure::WrongDevice(text)) if text.contains("type 07")),
        "{said:?}"
    );
    for (version, want) in [(0x21, "version 21"), (0x51, "hardware 5")] {
        let mut other = Script::new();
        other.far.settings[0] = version;
        let said = Vkt4::default().identify(&mut other, "{}");
        assert!(
            matches!(&said, Err(Failure::Unsupported(text)) if text.contains(want)),
            "{said:?}"
        );
    }
    let mut deaf = Script::new();
    deaf.far.device = 9;
    let said = Vkt4::default().identify(&mut deaf, "{}");
    assert!(matches!(said, Err(Failure::NoAnswer)), "{said:?}");
}

#[test]
fn a_refusal_and_a_record_of_another_length_end_the_reading() {
    let mut meter = Script::new();
    meter.far.refuses = vec![0x42];
    let mut driver = identified(&mut meter);
    let windows = [Window {
        begin: march(21, 5),
        end: march(21, 8),
    }];
    let mut out = Collected::default();
    let said = driver.read_archive(&mut meter, ArchiveKind::Hourly, &windows, None, &mut out);
    assert!(
        matches!(&said, Err(Failure::Refused(text)) if text.contains("C4")),
        "{said:?}"
    );
    meter.far.refuses.clear();
    meter.far.record.push(0);
    let said = driver.read_archive(&mut meter, ArchiveKind::Hourly, &windows, None, &mut out);
    assert!(
        matches!(&said, Err(Failure::Unsupported(text)) if text.contains("78 bytes")),
        "{said:?}"
    );
    meter.far.record.extend([0; 4]);
    driver
        .read_archive(&mut meter, ArchiveKind::Hourly, &windows, None, &mut out)
        .unwrap();
    assert_eq!(labels(&out).len(), 3, "one firmware has 82 bytes");
    let said = driver.read_archive(&mut meter, ArchiveKind::Monthly, &windows, None, &mut out);
    assert!(matches!(said, Err(Failure::Unsupported(_))), "{said:?}");
}

#[test]
fn totals_have_the_hour_and_pressures_the_moment() {
    let mut meter = Script::new();
    let mut driver = identified(&mut meter);
    let mut totals = Collected::default();
    driver.read_totals(&mut meter, &mut totals).unwrap();
    assert_eq!(rows(&totals)[0].label, Some(march(21, 14)));
    assert_eq!(rows(&totals)[0].values[0], Value::Float(15_004.0));
    let mut current = Collected::default();
    driver.read_current(&mut meter, &mut current).unwrap();
    assert_eq!((rows(&current)[0].label, rows(&current)[0].marks.len()), (None, 0));
    // The same meter without sensors: what it calls pressures stands in the contract.
    meter.far.settings[0] = 0x32;
    let mut driver = identified(&mut meter);
    let mut current = Collected::default();
    driver.read_current(&mut meter, &mut current).unwrap();
    let marks = &rows(&current)[0].marks;
    assert!(
        marks.len() == 4 && marks.iter().all(|mark| mark.quality == Quality::Substituted),
        "{marks:?}"
    );
}

#[test]
fn an_old_meter_has_no_current_values_and_totals_of_now() {
    let mut meter = Script::new();
    meter.far.settings = vec![0x12, 3, 0, 0, 0, 25];
    meter.far.current.truncate(10);
    meter.far.totals.truncate(24);
    meter.far.record = bytes("hourly_vkt4").1[10..54].to_vec();
    let mut driver = Vkt4::default();
    let identity = driver.identify(&mut meter, "{}").unwrap();
    assert_eq!((identity.model.as_str(), identity.serial), ("vkt4", None));
    let said = driver.read_current(&mut meter, &mut Collected::default());
    assert!(matches!(said, Err(Failure::Unsupported(_))), "{said:?}");
    let mut totals = Collected::default();
    driver.read_totals(&mut meter, &mut totals).unwrap();
    assert_eq!((rows(&totals)[0].label, rows(&totals)[0].values.len()), (None, 6));
    let windows = [Window {
        begin: march(21, 5),
        end: march(21, 6),
    }];
    let mut hours = Collected::default();
    driver
        .read_archive(&mut meter, ArchiveKind::Hourly, &windows, None, &mut hours)
        .unwrap();
    assert_eq!(hours.tables[0].columns.len(), 4 + 4 + 4 + 2 + 2, "no heat");
}
