//! What the driver says to a device that answers, and what it gives: whole conversations on a line without faults.

mod common;

use common::device::Device;
use uzel_driver_sdk::recording::{Collected, Recording};
use uzel_driver_sdk::wire::{FarEnd, Wire};
use uzel_driver_sdk::{
    Absence, ArchiveKind, CivilTime, Control, Diagnostics, Driver, Failure, Fixed, Instant, Quality, Value, Window,
};
use vkt7::Vkt7;

fn at(year: u16, month: u8, day: u8, hour: u8) -> CivilTime {
    CivilTime {
        year,
        month,
        day,
        hour,
        minute: 0,
        second: 0,
    }
}

fn start(device: Device, config: &str) -> (Vkt7, Wire<Device>) {
    let mut line = Wire::new(device);
    let mut driver = Vkt7::default();
    driver.identify(&mut line, config).unwrap();
    (driver, line)
}

fn archive(
    driver: &mut Vkt7,
    line: &mut Wire<Device>,
    kind: ArchiveKind,
    begin: CivilTime,
    end: CivilTime,
) -> Collected {
    let mut out = Collected::default();
    driver
        .read_archive(line, kind, &[Window { begin, end }], None, &mut out)
        .unwrap();
    out
}

fn labels(out: &Collected) -> Vec<CivilTime> {
    out.tables
        .iter()
        .flat_map(|table| &table.rows)
        .map(|row| row.label.unwrap())
        .collect()
}

#[test]
fn a_whole_session_reads_as_this() {
    let mut device = Device::new();
    device.holes = vec![(0, [21, 3, 24, 1])];
    let mut line = Wire::new(device);
    let mut driver = Vkt7::default();
    let identity = driver.identify(&mut line, "{}").unwrap();
    let clock = driver.read_clock(&mut line).unwrap();
    assert_eq!((clock.shown.minute, clock.uncertainty_ms), (30, 1025));
    let mut out = Collected::default();
    driver.read_current(&mut line, &mut out).unwrap();
    driver.read_totals(&mut line, &mut out).unwrap();
    let day = Window {
        begin: at(2024, 3, 21, 0),
        end: at(2024, 3, 21, 4),
    };
    driver
        .read_archive(&mut line, ArchiveKind::Hourly, &[day], None, &mut out)
        .unwrap();
    driver.close(&mut line);
    let columns = out.tables.iter().map(|table| {
        let columns = table.columns.iter();
        let one = columns.map(|c| {
            format!(
                "{}:{} {} [{}] {:?} {:?}",
                c.point, c.id, c.quantity, c.unit, c.aggregate, c.decimals
            )
        });
        (
            table.rows.iter().map(|row| row.label).collect::<Vec<_>>(),
            one.collect::<Vec<_>>(),
        )
    });
    let columns: Vec<_> = columns.collect();
    insta::assert_debug_snapshot!((identity, &line.notes, columns, &out.absent));
}

#[test]
fn the_first_exchanges_are_these_bytes() {
    let mut line = Recording::parse(include_str!("../recordings/identify.txt"));
    let identity = Vkt7::default().identify(&mut line, r#"{"address": 1}"#).unwrap();
    assert_eq!(
        (identity.serial.as_deref(), identity.firmware.as_deref()),
        (Some("00247792"), Some("2.7"))
    );
    line.assert_spent();
}

#[test]
fn the_running_hour_and_day_are_never_asked() {
    let (mut driver, mut line) = start(Device::new(), "{}");
    let hours = archive(
        &mut driver,
        &mut line,
        ArchiveKind::Hourly,
        at(2024, 3, 21, 12),
        at(2024, 4, 1, 0),
    );
    assert_eq!(labels(&hours), [at(2024, 3, 21, 12), at(2024, 3, 21, 13)]);
    let days = archive(
        &mut driver,
        &mut line,
        ArchiveKind::Daily,
        at(2024, 3, 20, 0),
        at(2024, 4, 1, 0),
    );
    assert_eq!(labels(&days), [at(2024, 3, 20, 0)]);
    let months = archive(
        &mut driver,
        &mut line,
        ArchiveKind::Monthly,
        at(2024, 2, 1, 0),
        at(2024, 5, 1, 0),
    );
    assert_eq!(labels(&months), [at(2024, 2, 1, 0)]);
    assert!(hours.absent.is_empty() && days.absent.is_empty() && months.absent.is_empty());
}

#[test]
fn what_the_device_does_not_hold_is_said_with_its_reason() {
    let mut device = Device::new();
    device.holes = vec![(0, [2, 3, 24, 1]), (0, [2, 3, 24, 2]), (1, [5, 1, 24, 23])];
    let (mut driver, mut line) = start(device, "{}");
    let hours = archive(
        &mut driver,
        &mut line,
        ArchiveKind::Hourly,
        at(2024, 2, 29, 20),
        at(2024, 3, 2, 4),
    );
    let window = |begin, end| Window { begin, end };
    let want = [
        // The ring holds 48 days and the archive begins 20 days ago: the device was started then.
        (window(at(2024, 2, 29, 20), at(2024, 3, 1, 0)), Absence::NeverWritten),
        (window(at(2024, 3, 2, 1), at(2024, 3, 2, 3)), Absence::Refused),
    ];
    assert_eq!(hours.absent, want);
    assert_eq!(labels(&hours).len(), 26);
    let mut full = Device::new();
    full.hourly_from = at(2024, 2, 2, 14);
    let (mut driver, mut line) = start(full, "{}");
    let hours = archive(
        &mut driver,
        &mut line,
        ArchiveKind::Hourly,
        at(2024, 2, 2, 12),
        at(2024, 2, 2, 16),
    );
    assert_eq!(
        hours.absent,
        [(window(at(2024, 2, 2, 12), at(2024, 2, 2, 14)), Absence::Overwritten)]
    );
    assert_eq!(labels(&hours), [at(2024, 2, 2, 14), at(2024, 2, 2, 15)]);
}

#[test]
fn report_months_carry_their_end_and_the_totals_at_it() {
    let (mut driver, mut line) = start(Device::new(), r#"{"report_day": 25}"#);
    let out = archive(
        &mut driver,
        &mut line,
        ArchiveKind::Monthly,
        at(2023, 12, 1, 0),
        at(2024, 3, 1, 0),
    );
    let rows = &out.tables[0].rows;
    let ends: Vec<_> = rows
        .iter()
        .map(|row| (row.label.unwrap(), row.other_end.unwrap()))
        .collect();
    let want = [
        (at(2023, 12, 26, 0), at(2024, 1, 26, 0)),
        (at(2024, 1, 26, 0), at(2024, 2, 26, 0)),
    ];
    assert_eq!(ends, want);
    let column = |id: &str| {
        out.tables[0]
            .columns
            .iter()
            .position(|column| column.id == id && column.point == 1)
            .unwrap()
    };
    let truth = |source, index| Device::truth(source, [25, 1, 24, 23], index, 4);
    for (id, source, index) in [("V1", 2, 3), ("V1 итог", 3, 3), ("Qо итог", 3, 12)] {
        let digits = i64::from(i32::from_le_bytes(*truth(source, index).first_chunk().unwrap()));
        let Value::Fixed(fixed) = &rows[0].values[column(id)] else {
            panic!("{id}")
        };
        assert_eq!(fixed.digits, digits, "{id}");
    }
}

#[test]
fn a_changed_scheme_is_read_anew_and_declared_anew() {
    let mut device = Device::new();
    device.active = vec![(0, 2), (1, 2)];
    let (mut driver, mut line) = start(device, "{}");
    let mut out = Collected::default();
    let window = |hour| Window {
        begin: at(2024, 3, 20, hour),
        end: at(2024, 3, 20, hour + 2),
    };
    driver
        .read_archive(&mut line, ArchiveKind::Hourly, &[window(0)], None, &mut out)
        .unwrap();
    line.far.scheme_changes = vec![vec![(0, 2), (1, 2), (3, 4)]];
    driver
        .read_archive(&mut line, ArchiveKind::Hourly, &[window(2)], None, &mut out)
        .unwrap();
    let shape: Vec<_> = out
        .tables
        .iter()
        .map(|table| (table.columns.len(), table.rows.len()))
        .collect();
    assert_eq!(shape, [(2, 2), (3, 2)]);
}

#[test]
fn units_of_both_server_versions_are_read() {
    for counted in [true, false] {
        let mut device = Device::new();
        device.counted_units = counted;
        let (mut driver, mut line) = start(device, "{}");
        let settings = driver.read_settings(&mut line).unwrap();
        let unit = settings.iter().find(|setting| setting.id == "unit_48").unwrap();
        assert_eq!(unit.value, Value::Text("кг/см2".to_owned()), "counted {counted}");
        let outputs = settings.iter().find(|setting| setting.id == "outputs").unwrap();
        assert_eq!(outputs.value, Value::Bits(2));
    }
}

#[test]
fn an_element_that_is_not_active_is_absent_with_the_meter_s_word() {
    let (mut driver, mut line) = start(Device::new(), r#"{"elements": "0 2:0 21", "confirm": false}"#);
    let mut out = Collected::default();
    driver.read_current(&mut line, &mut out).unwrap();
    let row = &out.tables[0].rows[0];
    assert!(
        matches!(row.values.as_slice(), [Value::Fixed(_), Value::Absent, Value::Absent]),
        "{row:?}"
    );
    let marks: Vec<_> = row
        .marks
        .iter()
        .map(|mark| (mark.column, mark.quality, mark.code.as_deref()))
        .collect();
    assert_eq!(
        marks,
        [(1, Quality::Absent, Some("04")), (2, Quality::Absent, Some("04"))]
    );
}

#[test]
fn outputs_are_set_and_read_back() {
    let (mut driver, mut line) = start(Device::new(), "{}");
    let one = Value::Fixed(Fixed { digits: 1, decimals: 0 });
    let set = driver
        .command(&mut line, "set-outputs", &[("out1".to_owned(), one.clone())])
        .unwrap();
    assert_eq!((set, line.far.outputs), (Value::Bits(3), [1, 1]));
    let cases = [
        ("set-clock", vec![], "command"),
        ("set-outputs", vec![("out3".to_owned(), one)], "argument"),
        (
            "set-outputs",
            vec![("out1".to_owned(), Value::Bits(2))],
            "expected 0 or 1",
        ),
    ];
    for (name, arguments, want) in cases {
        let Err(Failure::Unsupported(text)) = driver.command(&mut line, name, &arguments) else {
            panic!("{name}")
        };
        assert!(text.contains(want), "{text}");
    }
}

#[test]
fn a_cut_session_goes_on_behind_the_last_stored_row() {
    let window = Window {
        begin: at(2024, 3, 18, 0),
        end: at(2024, 3, 20, 0),
    };
    let (mut driver, mut line) = start(Device::new(), "{}");
    let mut cut = Collected::default();
    cut.stop_after = Some(1);
    let stopped = driver.read_archive(&mut line, ArchiveKind::Hourly, &[window], None, &mut cut);
    assert_eq!(stopped, Err(Failure::Stopped));
    let mut rest = Collected::default();
    let resume = cut.resume.as_deref();
    driver
        .read_archive(&mut line, ArchiveKind::Hourly, &[window], resume, &mut rest)
        .unwrap();
    let hours: Vec<_> = [labels(&cut), labels(&rest)]
        .concat()
        .iter()
        .map(|label| (label.day, label.hour))
        .collect();
    let want: Vec<_> = [18, 19]
        .into_iter()
        .flat_map(|day| (0..24).map(move |hour| (day, hour)))
        .collect();
    assert_eq!(hours, want);
    let mut all = Collected::default();
    driver
        .read_archive(&mut line, ArchiveKind::Hourly, &[window], Some(b"nonsense"), &mut all)
        .unwrap();
    assert_eq!(labels(&all).len(), 48);
}

#[test]
fn silence_and_noise_have_their_own_failures() {
    let mut silent = Recording::parse(&"> ffff00103FFF0000CC800000006454\n~\n~\n".repeat(2));
    let failure = Vkt7::default().identify(&mut silent, r#"{"attempts": 2}"#).unwrap_err();
    assert_eq!(failure, Failure::NoAnswer);
    let mut noisy = Recording::parse("> ffff00103FFF0000CC800000006454\n< 00 10 3F FF 00 00 FD FD");
    let failure = Vkt7::default().identify(&mut noisy, r#"{"attempts": 1}"#).unwrap_err();
    let Failure::Garbled(text) = failure else {
        panic!("{failure:?}")
    };
    assert!(text.starts_with("check sum is 0xfdfd"), "{text}");
}

/// Answers each request with a byte every ten milliseconds, for twenty seconds.
struct Babble;

impl FarEnd for Babble {
    fn answer(&mut self, _: &[u8], _: Instant) -> Vec<(Instant, Vec<u8>)> {
        (1..2_000).map(|tick| (tick * 10, vec![0x55])).collect()
    }
}

#[test]
fn a_line_that_never_falls_silent_is_given_up() {
    let mut line = Wire::new(Babble);
    let failure = Vkt7::default()
        .identify(&mut line, r#"{"timeout_ms": 400}"#)
        .unwrap_err();
    assert_eq!(failure, Failure::Garbled("the line never falls silent".to_owned()));
    assert_eq!(line.asked, 1);
}
