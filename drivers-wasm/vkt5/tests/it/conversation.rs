//! Whole conversations on a line without faults, and what is no ВКТ-5.

use uzel_driver_sdk::recording::{Collected, Recording};
use uzel_driver_sdk::wire::Wire;
use uzel_driver_sdk::{
    Absence, ArchiveKind, CivilTime, Diagnostics, Driver, Failure, LineError, Quality, Value, Window, calendar,
};
use vkt5::Vkt5;

use crate::far::{Device, at, temperature};

pub fn start(device: Device) -> (Vkt5, Wire<Device>) {
    let mut line = Wire::new(device);
    let mut driver = Vkt5::default();
    driver.identify(&mut line, r#"{"address": 1}"#).unwrap();
    (driver, line)
}

pub fn read(
    driver: &mut Vkt5,
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

pub fn labels(out: &Collected) -> Vec<CivilTime> {
    let rows = out.tables.iter().flat_map(|table| &table.rows);
    rows.map(|row| row.label.unwrap()).collect()
}

#[test]
fn a_device_says_who_it_is_and_what_it_measures_now() {
    let mut line = Wire::new(Device::new());
    let mut driver = Vkt5::default();
    let identity = driver.identify(&mut line, r#"{"address": 1}"#).unwrap();
    assert_eq!((&*identity.model, identity.firmware.as_deref()), ("vkt5", Some("7.13")));
    assert_eq!(identity.serial.as_deref(), Some("1234567890123-2-7"));
    assert!(
        identity
            .details
            .contains(&("heat input 1".to_owned(), "pipes 1, 2".to_owned()))
    );
    let clock = driver.read_clock(&mut line).unwrap();
    assert_eq!((clock.shown, clock.uncertainty_ms), (at(11, 20, 10, 20), 60_003));
    let mut out = Collected::default();
    driver.read_current(&mut line, &mut out).unwrap();
    let table = &out.tables[0];
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|column| (column.point, &*column.id, &*column.unit))
        .collect();
    let of_input = |point| {
        [
            (point, "M", "t"),
            (point, "W", "GJ"),
            (point, "W1", "GJ"),
            (point, "W2", "GJ"),
        ]
    };
    let mut want = vec![
        (1, "T1", "Cel"),
        (1, "P1", "MPa"),
        (1, "M1", "t"),
        (1, "T2", "Cel"),
        (1, "P2", "MPa"),
        (1, "M2", "t"),
    ];
    want.extend(of_input(1));
    want.extend([(2, "T5", "Cel"), (2, "M5", "t")]);
    want.extend(of_input(2));
    want.extend([(0, "Tхв", "Cel"), (0, "Tнв", "Cel"), (0, "dP", "MPa")]);
    assert_eq!(columns, want);
    let row = &table.rows[0];
    let now = calendar::reckon(at(11, 20, 10, 20));
    assert_eq!(row.values[0], Value::Float(temperature(now, 1, 1).into()));
    assert_eq!(row.values[8], Value::Float(0.0), "a zero as the device has it");
    assert_eq!(row.values[10], Value::Float(temperature(now, 2, 1).into()));
    let marks: Vec<_> = row
        .marks
        .iter()
        .map(|mark| (&*columns[usize::from(mark.column)].1, mark.quality))
        .collect();
    assert_eq!(marks, [("P2", Quality::Substituted), ("Tнв", Quality::Substituted)]);
    let conditions: Vec<_> = row
        .conditions
        .iter()
        .map(|ns| {
            (
                &*ns.code,
                ns.point,
                ns.column.map(|column| columns[usize::from(column)].1),
                ns.duration_s,
            )
        })
        .collect();
    assert_eq!(
        conditions,
        [("GSit", 1, Some("M1"), None), ("Tmax 0099h", 1, Some("T2"), None)],
        "a known situation by its name, an unknown word verbatim"
    );
}

#[test]
fn totals_are_the_devices_doubles() {
    let (mut driver, mut line) = start(Device::new());
    let mut out = Collected::default();
    driver.read_totals(&mut line, &mut out).unwrap();
    let numbers: Vec<_> = out.tables[0].rows[0]
        .values
        .iter()
        .map(|value| match value {
            Value::Float(number) => *number,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        numbers,
        [
            1_001.5, 2_002.0, 100.25, 50.5, 0.0, 0.5, 1_002.5, 100.25, 50.5, 0.0, 0.5
        ]
    );
}

#[test]
fn hours_come_by_their_labels_and_what_is_not_there_is_said() {
    let mut device = Device::new();
    let hole = calendar::reckon(at(11, 19, 3, 0)) / 3_600;
    device.hole = hole..hole + 2;
    let (mut driver, mut line) = start(device);
    let out = read(
        &mut driver,
        &mut line,
        ArchiveKind::Hourly,
        at(11, 18, 0, 0),
        at(11, 20, 12, 0),
    );
    let labels = labels(&out);
    assert_eq!(labels.len(), 24 + 22 + 10);
    assert_eq!((labels[0], labels[55]), (at(11, 18, 0, 0), at(11, 20, 9, 0)));
    let gap = Window {
        begin: at(11, 19, 3, 0),
        end: at(11, 19, 5, 0),
    };
    assert_eq!(out.absent, [(gap, Absence::NeverWritten)]);
    for row in &out.tables[0].rows {
        let begin = calendar::reckon(row.label.unwrap());
        assert_eq!(row.values[0], Value::Float(temperature(begin, 1, 1).into()));
        let minutes = u32::try_from(begin / 3_600 % 7).unwrap();
        let told: Vec<_> = row
            .conditions
            .iter()
            .map(|ns| (&*ns.code, ns.point, ns.duration_s))
            .collect();
        let want = [("Gmin", 1, Some(minutes * 60)), ("Gmin", 2, Some(minutes * 60))];
        assert_eq!(told, if minutes > 0 { want.to_vec() } else { Vec::new() });
    }
    let id = |id: &str| out.tables[0].columns.iter().any(|column| column.id == id);
    assert!(id("NoCntBySit") && id("Tdisb") && !id("tнорм"));
}

#[test]
fn a_report_of_the_second_form_has_more_times() {
    let mut device = Device::new();
    device.long = true;
    let (mut driver, mut line) = start(device);
    let out = read(
        &mut driver,
        &mut line,
        ArchiveKind::Daily,
        at(11, 18, 0, 0),
        at(11, 20, 0, 0),
    );
    assert_eq!(labels(&out), [at(11, 18, 0, 0), at(11, 19, 0, 0)]);
    let columns = &out.tables[0].columns;
    let normal: Vec<_> = columns
        .iter()
        .filter(|column| column.quantity == "time-normal")
        .collect();
    assert_eq!(normal.len(), 2);
    assert_eq!((&*normal[0].id, &*normal[0].unit), ("tнорм", "min"));
}

#[test]
fn a_whole_ring_is_read_and_nothing_before_it_is_asked() {
    let (mut driver, mut line) = start(Device::new());
    let (asked, began) = (line.asked, line.now);
    let out = read(
        &mut driver,
        &mut line,
        ArchiveKind::Hourly,
        at(1, 1, 0, 0),
        at(11, 20, 12, 0),
    );
    assert_eq!(labels(&out).len(), 45 * 24);
    let before = Window {
        begin: at(1, 1, 0, 0),
        end: at(10, 6, 10, 0),
    };
    assert_eq!(out.absent, [(before, Absence::Overwritten)]);
    // The date, two questions for each heat input, two for the additional temperatures.
    assert!(line.asked - asked < 45 * 24 * 7 + 5, "{} questions", line.asked - asked);
    // The far end takes 7 ms: nothing is waited for that does not come.
    let (asked, took_ms) = (line.asked - asked, line.now - began);
    assert!(took_ms <= i64::from(asked) * 12, "{took_ms} ms for {asked} questions");
}

#[test]
fn an_empty_archive_holds_nothing() {
    let mut line = Recording::parse(concat!(
        "> 00 03 0e 00 00 01 87 33\n< 00 03 02 00 7d 45 a5\n",
        "> 00 03 0a 00 00 00 47 c3\n",
        "< 00 03 3c 00 00 00 00 ff 02 00 00 01 00 00 ff 02 00 00 00 00 00 ff 02 00 00 00 00 00 ff 00 00 01 00 03 01 00 02 01\n",
        "< 01 01 03 01 00 02 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 ff ff 00 01 b9 b3\n",
        "> 00 03 0f 00 00 00 47 0f\n< 00 83 07 00 f3 fc\n",
        "> 00 03 0b 00 00 0a c6 38\n< 00 03 0a 07 df 00 06 00 02 00 10 00 1e d5 d5\n",
        "> 00 03 14 00 00 00 41 eb\n< 00 83 05 00 f2 9c\n",
    ));
    let mut driver = Vkt5::default();
    let identity = driver.identify(&mut line, "{}").unwrap();
    assert_eq!(identity.serial, None);
    let day = |day| CivilTime {
        year: 2015,
        ..at(6, day, 0, 0)
    };
    let window = Window {
        begin: day(1),
        end: day(3),
    };
    let mut out = Collected::default();
    driver
        .read_archive(&mut line, ArchiveKind::Hourly, &[window], None, &mut out)
        .unwrap();
    let until = CivilTime { hour: 16, ..day(2) };
    let nothing = Window { end: until, ..window };
    assert_eq!(out.absent, [(nothing, Absence::NeverWritten)]);
    line.assert_spent();
}

#[test]
fn a_cut_session_goes_on_behind_its_last_row() {
    let (mut driver, mut line) = start(Device::new());
    let window = Window {
        begin: at(11, 15, 0, 0),
        end: at(11, 20, 0, 0),
    };
    let mut out = Collected::default();
    out.stop_after = Some(1);
    let stopped = driver.read_archive(&mut line, ArchiveKind::Hourly, &[window], None, &mut out);
    assert!(matches!(stopped, Err(Failure::Stopped)), "{stopped:?}");
    let first = labels(&out);
    let mut rest = Collected::default();
    driver
        .read_archive(
            &mut line,
            ArchiveKind::Hourly,
            &[window],
            out.resume.as_deref(),
            &mut rest,
        )
        .unwrap();
    let all = [first, labels(&rest)].concat();
    let want: Vec<_> = (0..120)
        .map(|hour| calendar::civil(calendar::reckon(window.begin) + hour * 3_600))
        .collect();
    assert_eq!(all, want);
}

#[test]
fn settings_are_those_of_the_pipes_and_the_regulators() {
    let mut device = Device::new();
    device.regulators = [0, 0xff];
    let (mut driver, mut line) = start(device);
    let settings = driver.read_settings(&mut line).unwrap();
    let find = |id: &str| settings.iter().find(|setting| setting.id == id).unwrap();
    assert_eq!(
        find("pipe2").value,
        Value::Text("ТВ1, water, return, T measured, P contract".to_owned())
    );
    assert_eq!(
        (&find("r1.day").value, find("r1.day").writable),
        (&Value::Float(22.0), true)
    );
    assert!(!find("r2.mon.begin").writable, "regulator 2 is not there");
    assert_eq!(find("r2.type").value, Value::Absent);
    assert_eq!(settings.len(), 3 + 2 + 2 + 4 + 28);
    assert!(matches!(
        driver.read_events(&mut line, None, &mut Collected::default()),
        Err(Failure::Unsupported(_))
    ));
}

#[test]
fn other_devices_are_refused_by_name_and_silence_is_told() {
    let version = "> 00 03 0e 00 00 01 87 33\n";
    let configuration = "> 00 03 0a 00 00 00 47 c3\n";
    let refused = |answers: &str| {
        let mut line = Recording::parse(answers);
        Vkt5::default().identify(&mut line, "{}").unwrap_err()
    };
    // A Modbus slave that knows no such register.
    let failure = refused(&format!("{version}< 00 83 02 91 31\n"));
    assert!(
        matches!(&failure, Failure::WrongDevice(what) if what.contains("error 2")),
        "{failure:?}"
    );
    // Firmware 4 and a configuration that only firmware 6 has.
    let failure = refused(&format!(
        "{version}< 00 03 02 00 04 84 47\n{configuration}< 00 03 3c 00 00 00 00 ff 02 00 00 01 00 00 ff 02 00 00 00 00 00 ff 02 00 \
         00 00 00 00 ff 00 00 01 00 03 01 00 02 01 01 01 03 01 00 02 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 ff ff 00 01 b9 b3\n"
    ));
    assert!(
        matches!(&failure, Failure::WrongDevice(what) if what.contains("firmware 4")),
        "{failure:?}"
    );
    let failure = refused(&format!("{version}~\n{version}~\n{version}~\n").replace("~\n>", "~\n~\n>"));
    assert!(matches!(failure, Failure::NoAnswer), "{failure:?}");
    let mut line = Wire::new(Device::new());
    line.far.address = 9;
    let failure = Vkt5::default().identify(&mut line, r#"{"address": 1}"#).unwrap_err();
    assert!(
        matches!(failure, Failure::NoAnswer | Failure::Line(LineError::Timeout(_))),
        "{failure:?}"
    );
}

#[test]
fn refusals_without_service_byte_and_a_line_that_hears_itself_are_understood() {
    let mut device = Device::new();
    (device.short_refusals, device.echoes) = (true, true);
    let hole = calendar::reckon(at(11, 19, 3, 0)) / 3_600;
    device.hole = hole..hole + 1;
    let (mut driver, mut line) = start(device);
    let began = (line.asked, line.now);
    let out = read(
        &mut driver,
        &mut line,
        ArchiveKind::Hourly,
        at(11, 19, 0, 0),
        at(11, 19, 6, 0),
    );
    assert_eq!((labels(&out).len(), out.absent.len()), (5, 1), "{:?}", line.notes);
    assert!(
        line.notes.iter().all(|note| !note.contains("no answer")),
        "{:?}",
        line.notes
    );
    let (asked, took_ms) = (line.asked - began.0, line.now - began.1);
    assert!(took_ms <= i64::from(asked) * 12, "{took_ms} ms for {asked} questions");
}
