//! What happens when a meter or a line behaves, one case each.

use logika_m4::LogikaM4;
use logika_m4::legacy::interval::window;
use uzel_driver_sdk::calendar::{DAY, HOUR, civil, seconds};
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{
    Absence, ArchiveKind, Configure, Diagnostics, Driver, Failure, Fixed, LabelRule, Medium, Quality, Value, Window,
};

use crate::meter::Meter;
use crate::noise::{CONFIG, at, put, spt943};

fn identified(meter: &mut Meter, config: &str) -> LogikaM4 {
    let mut driver = LogikaM4::default();
    driver.identify(meter, config).unwrap();
    driver
}

fn hours(driver: &mut LogikaM4, meter: &mut Meter, windows: &[Window], resume: Option<&[u8]>) -> Collected {
    let mut out = Collected::default();
    driver
        .read_archive(meter, ArchiveKind::Hourly, windows, resume, &mut out)
        .unwrap();
    out
}

#[test]
fn another_model_is_named_and_refused() {
    let got = LogikaM4::default().identify(&mut Meter::new([1, 2, 3], 0), CONFIG);
    assert!(
        matches!(&got, Err(Failure::WrongDevice(text)) if text == "unknown device (01 02 03) answered"),
        "{got:?}"
    );
}

#[test]
fn silence_is_no_answer_and_costs_what_was_configured() {
    let mut meter = spt943();
    let got = LogikaM4::default().identify(&mut meter, r#"{"address": 6, "timeout_ms": 1000, "attempts": 2}"#);
    assert!(matches!(got, Err(Failure::NoAnswer)), "{got:?}");
    let waited_ms = uzel_driver_sdk::Port::now(&meter);
    assert!((2_000..6_000).contains(&waited_ms), "{waited_ms} ms");
}

#[test]
fn anybody_answers_the_address_255() {
    let mut meter = spt943();
    identified(&mut meter, r#"{"address": 255, "timeout_ms": 1000}"#);
}

#[test]
fn a_meter_that_forgot_the_session_is_woken_again() {
    let mut meter = spt943();
    let mut driver = identified(&mut meter, CONFIG);
    uzel_driver_sdk::Port::sleep(&mut meter, 130_000);
    driver.read_clock(&mut meter).unwrap();
    assert!(
        !meter.notes.iter().any(|note| note.contains("not trusted")),
        "{:?}",
        meter.notes
    );
}

#[test]
fn an_hour_is_labelled_with_its_end_and_a_day_ends_at_the_report_hour() {
    let mut meter = spt943();
    let mut driver = identified(&mut meter, CONFIG);
    let midnight = [window(at(2024, 3, 13, 23, 0), at(2024, 3, 14, 0, 0))];
    let read = hours(&mut driver, &mut meter, &midnight, None);
    let table = &read.tables[0];
    assert_eq!(table.labels, LabelRule::IntervalEnd);
    assert_eq!(
        table.rows[0].label.map(|label| seconds(label).unwrap()),
        Some(at(2024, 3, 14, 0, 0))
    );

    let mut days = Collected::default();
    // Seconds matter: a day that began before the window is not in it.
    let window = [window(at(2024, 3, 12, 10, 1), at(2024, 3, 15, 0, 0))];
    driver
        .read_archive(&mut meter, ArchiveKind::Daily, &window, None, &mut days)
        .unwrap();
    let labels: Vec<i64> = days.tables[0]
        .rows
        .iter()
        .map(|row| seconds(row.label.unwrap()).unwrap())
        .collect();
    assert_eq!(labels, [at(2024, 3, 14, 10, 0), at(2024, 3, 15, 10, 0)]);
    assert!(days.absent.is_empty());
}

#[test]
fn the_running_interval_is_not_asked_for_and_not_said_to_be_absent() {
    let mut meter = spt943();
    let mut driver = identified(&mut meter, CONFIG);
    // It is 10:20 and some seconds.
    let read = hours(
        &mut driver,
        &mut meter,
        &[window(at(2024, 3, 15, 9, 0), at(2024, 3, 16, 0, 0))],
        None,
    );
    assert_eq!((read.tables[0].rows.len(), read.absent.len()), (1, 0));
    let read = hours(
        &mut driver,
        &mut meter,
        &[window(at(2024, 3, 15, 10, 0), at(2024, 3, 16, 0, 0))],
        None,
    );
    assert!(read.tables.is_empty() && read.absent.is_empty());
}

#[test]
fn a_record_that_may_not_be_written_yet_is_left_for_the_next_session() {
    let mut meter = spt943();
    // Hour 20 of the meter has no record: it is 20 s after its end.
    meter.clock = at(2024, 3, 13, 7, 0);
    let mut driver = identified(&mut meter, CONFIG);
    let read = hours(
        &mut driver,
        &mut meter,
        &[window(at(2024, 3, 13, 5, 0), at(2024, 3, 13, 7, 0))],
        None,
    );
    assert_eq!((read.tables[0].rows.len(), read.absent.len()), (1, 0));
}

#[test]
fn neighbouring_hours_without_a_record_are_one_absence_and_what_the_ring_left_behind_is_not_asked_for() {
    let mut meter = spt943();
    let mut driver = identified(&mut meter, CONFIG);
    let asked = meter.understood;
    let read = hours(
        &mut driver,
        &mut meter,
        &[window(at(2015, 1, 1, 0, 0), at(2023, 12, 16, 0, 0))],
        None,
    );
    // Twice 1 080 hours back from 2024-03-15 10:20 begins 2023-12-16 11:00.
    assert_eq!(read.absent.len(), 1);
    let (gap, why) = &read.absent[0];
    assert_eq!(
        (seconds(gap.begin), seconds(gap.end)),
        (Some(at(2015, 1, 1, 0, 0)), Some(at(2023, 12, 16, 0, 0)))
    );
    assert_eq!(*why, Absence::Overwritten);
    assert!(meter.understood - asked < 10, "{} questions", meter.understood - asked);

    let read = hours(
        &mut driver,
        &mut meter,
        &[window(at(2024, 3, 13, 4, 0), at(2024, 3, 13, 14, 0))],
        None,
    );
    let (gap, why) = &read.absent[0];
    assert_eq!((read.absent.len(), *why), (1, Absence::NeverWritten));
    assert_eq!(
        (seconds(gap.begin), seconds(gap.end)),
        (Some(at(2024, 3, 13, 6, 0)), Some(at(2024, 3, 13, 11, 0)))
    );
    assert_eq!(read.tables[0].rows.len(), 5);
}

#[test]
fn an_input_without_a_record_leaves_empty_cells_and_one_that_is_not_in_use_no_columns() {
    let mut meter = spt943();
    let mut driver = identified(&mut meter, CONFIG);
    // Hour 40 has no record of ТВ2.
    let end = at(2024, 3, 12, 11, 0) + 40 * HOUR;
    let read = hours(&mut driver, &mut meter, &[window(end - 2 * HOUR, end)], None);
    let row = &read.tables[0].rows[1];
    assert_eq!(row.values.len(), 36);
    assert!(row.values[18..].iter().all(|value| matches!(value, Value::Absent)));
    assert_eq!(
        row.marks
            .iter()
            .filter(|mark| mark.code.as_deref() == Some("21 03"))
            .count(),
        18
    );

    meter.records.retain(|(_, input, _), _| *input == 1);
    let mut driver = identified(&mut meter, CONFIG);
    let read = hours(&mut driver, &mut meter, &[window(end - 2 * HOUR, end)], None);
    assert_eq!(
        (
            read.tables.len(),
            read.tables[0].columns.len(),
            read.tables[0].rows.len()
        ),
        (1, 18, 2)
    );
}

#[test]
fn a_cut_reading_goes_on_behind_what_was_stored() {
    let mut meter = spt943();
    let mut driver = identified(&mut meter, CONFIG);
    let windows = [
        window(at(2024, 3, 14, 0, 0), at(2024, 3, 14, 3, 0)),
        window(at(2024, 3, 13, 20, 0), at(2024, 3, 14, 0, 0)),
    ];
    let mut all = hours(&mut driver, &mut meter, &windows, None);
    assert_eq!(
        (all.tables[0].rows.len(), all.resume.take()),
        (7, Some(b"m4/1 1 1710370800".to_vec()))
    );
    let rest = hours(&mut driver, &mut meter, &windows, Some(b"m4/1 1 1710363600"));
    let labels: Vec<_> = rest.tables[0].rows.iter().map(|row| row.label.unwrap().hour).collect();
    assert_eq!(labels, [23, 0], "20 and 21 of the second window were stored");
    for foreign in [&b"m4/1 1 0"[..], b"another driver's token"] {
        assert_eq!(
            hours(&mut driver, &mut meter, &windows, Some(foreign)).tables[0]
                .rows
                .len(),
            if foreign.starts_with(b"m4") { 4 } else { 7 }
        );
    }
}

#[test]
fn rows_that_were_read_are_kept_when_the_meter_falls_silent() {
    let mut meter = spt943();
    let mut driver = identified(&mut meter, r#"{"address": 5, "timeout_ms": 1000, "attempts": 2}"#);
    let end = at(2024, 3, 14, 8, 0);
    meter.records.remove(&(0x48, 1, [124, 3, 14, 8]));
    // A record of a wrong length is no record.
    meter.records.insert((0x48, 1, [124, 3, 14, 8]), vec![0; 40]);
    let mut out = Collected::default();
    let windows = [window(end - 4 * HOUR, end)];
    let got = driver.read_archive(&mut meter, ArchiveKind::Hourly, &windows, None, &mut out);
    assert!(matches!(got, Err(Failure::Garbled(_))), "{got:?}");
    assert_eq!(out.tables[0].rows.len(), 3);
}

#[test]
fn a_month_archive_that_the_meter_refuses_is_unsupported() {
    let mut meter = spt943();
    let mut driver = identified(&mut meter, CONFIG);
    let windows = [window(at(2024, 1, 1, 0, 0), at(2024, 3, 1, 0, 0))];
    let got = driver.read_archive(
        &mut meter,
        ArchiveKind::Monthly,
        &windows,
        None,
        &mut Collected::default(),
    );
    assert!(
        matches!(&got, Err(Failure::Unsupported(text)) if text.contains("4D with 21 00")),
        "{got:?}"
    );
    let got = driver.read_archive(
        &mut meter,
        ArchiveKind::Yearly,
        &windows,
        None,
        &mut Collected::default(),
    );
    assert!(matches!(got, Err(Failure::Unsupported(_))), "{got:?}");
    assert!(matches!(
        driver.read_events(&mut meter, None, &mut Collected::default()),
        Err(Failure::Unsupported(_))
    ));
}

#[test]
fn months_are_believed_once_one_was_read() {
    let mut meter = spt943();
    meter.has_months = true;
    let mut driver = identified(&mut meter, CONFIG);
    let windows = [window(at(2023, 12, 1, 0, 0), at(2024, 3, 1, 0, 0))];
    let mut nothing = Collected::default();
    let got = driver.read_archive(&mut meter, ArchiveKind::Monthly, &windows, None, &mut nothing);
    assert!(
        matches!(&got, Err(Failure::Unsupported(text)) if text.contains("no month answered")),
        "{got:?}"
    );
    assert!(nothing.absent.is_empty());

    let mut record = vec![0; 68];
    put(&mut record, 60, 744.0);
    meter.records.insert((0x4d, 1, [124, 1, 0, 0]), record);
    let mut months = Collected::default();
    driver
        .read_archive(&mut meter, ArchiveKind::Monthly, &windows, None, &mut months)
        .unwrap();
    let row = &months.tables[0].rows[0];
    let ends = [row.other_end, row.label].map(|end| seconds(end.unwrap()).unwrap());
    assert_eq!(ends, [at(2023, 12, 25, 10, 0), at(2024, 1, 25, 10, 0)], "СР 25, ЧР 10");
    assert_eq!(
        (months.tables[0].rows.len(), months.absent.len()),
        (1, 1),
        "February follows and is missing"
    );
}

#[test]
fn totals_are_flash_plus_growth_and_never_straddle_an_hour() {
    let mut meter = spt943();
    // 59:50: the reading waits for the next hour and its first seconds.
    meter.clock = at(2024, 3, 15, 10, 59) + 50;
    let mut driver = identified(&mut meter, CONFIG);
    let mut out = Collected::default();
    driver.read_totals(&mut meter, &mut out).unwrap();
    let row = &out.tables[0].rows[0];
    let label = seconds(row.label.unwrap()).unwrap();
    assert!(
        (at(2024, 3, 15, 11, 0) + 15..at(2024, 3, 15, 11, 1)).contains(&label),
        "{:?}",
        row.label
    );
    let number = |bytes: &[u8]| f64::from(logika_m4::numbers::r32(bytes.try_into().unwrap()));
    let want = 256.0 + number(&meter.flash[0x424e..0x4252]) + number(&meter.ram[0x520..0x524]);
    assert!(
        matches!(row.values[0], Value::Float(got) if got == want),
        "{:?}, expected {want}",
        row.values[0]
    );
    // Qг of ТВ2 straddles two pages.
    let at = 0x677b + 64;
    let whole = f64::from(i32::from_le_bytes(meter.flash[at..at + 4].try_into().unwrap()));
    let want = whole + number(&meter.flash[at + 4..at + 8]) + number(&meter.ram[0x568 + 32..0x568 + 36]);
    assert!(
        matches!(row.values[17], Value::Float(got) if got == want),
        "{:?}, expected {want}",
        row.values[17]
    );
    assert_eq!(out.tables[0].columns[17].id, "Qг");
}

#[test]
fn a_sensor_out_of_range_is_marked_and_a_missing_one_is_absent() {
    let mut meter = spt943();
    meter.ram[0x200..0x204].copy_from_slice(&[0x01, 0x0c, 0x20, 0]);
    put(&mut meter.ram, 0x218, -238.5);
    put(&mut meter.ram, 0x21c, 175.0);
    put(&mut meter.ram, 0x210, 0.0);
    let mut driver = identified(&mut meter, CONFIG);
    let mut out = Collected::default();
    driver.read_current(&mut meter, &mut out).unwrap();
    let (columns, row) = (&out.tables[0].columns, &out.tables[0].rows[0]);
    let place = |id: &str| {
        columns
            .iter()
            .position(|column| column.id == id && column.point == 1)
            .unwrap()
    };
    let mark = |id: &str| {
        let mark = row.marks.iter().find(|mark| usize::from(mark.column) == place(id));
        mark.map(|mark| (mark.quality, mark.code.as_deref().unwrap()))
    };
    assert_eq!(mark("t1"), Some((Quality::Absent, "НС10")));
    assert_eq!(mark("t2"), Some((Quality::Doubtful, "НС11")));
    assert_eq!(mark("dt"), Some((Quality::Absent, "t1, t2")));
    assert_eq!(mark("P1"), Some((Quality::Absent, "0")));
    assert_eq!(mark("G1"), None);
    assert!(matches!(row.values[place("t2")], Value::Float(175.0)));
    for id in ["t1", "dt", "P1"] {
        assert!(matches!(row.values[place(id)], Value::Absent), "{id}");
    }
    let said: Vec<_> = row
        .conditions
        .iter()
        .map(|one| {
            (
                one.code.as_str(),
                one.category.as_deref(),
                one.point,
                one.column.map(usize::from),
            )
        })
        .collect();
    let want = [
        ("НС00", Some("battery"), 0, None),
        ("НС10", Some("functional-failure"), 1, Some(place("t1"))),
        ("НС11", Some("functional-failure"), 1, Some(place("t2"))),
        ("НС21", Some("mass-imbalance"), 1, None),
    ];
    assert_eq!(said[..4], want);
}

#[test]
fn settings_are_listed_with_units_and_digits_as_typed() {
    let mut meter = spt943();
    meter.set(0x520 + 16 * (62 - 50), "0.025");
    let mut driver = identified(&mut meter, CONFIG);
    let settings = driver.read_settings(&mut meter).unwrap();
    assert_eq!(settings.len(), 21 + 2 * 31);
    let find = |id: &str| settings.iter().find(|setting| setting.id == id).unwrap();
    assert!(matches!(
        find("СР").value,
        Value::Fixed(Fixed {
            digits: 25,
            decimals: 0
        })
    ));
    assert!(matches!(
        find("ТВ2.СП").value,
        Value::Fixed(Fixed { digits: 9, decimals: 0 })
    ));
    assert!(matches!(
        find("ТВ1.C1").value,
        Value::Fixed(Fixed {
            digits: 25,
            decimals: 3
        })
    ));
    assert!(matches!(&find("ДО").value, Value::Text(text) if text == "15-03-24"));
    assert!(matches!(find("КД").value, Value::Absent), "never set");
    assert_eq!(find("ТВ1.Pк1").unit.as_deref(), Some("MPa"));
    assert_eq!(
        (find("ДО").writable, find("NT").writable, find("СР").writable),
        (false, false, true)
    );
}

#[test]
fn a_written_setting_is_read_back() {
    let mut meter = spt943();
    let mut driver = identified(&mut meter, CONFIG);
    driver
        .write_setting(&mut meter, "СР", Value::Fixed(Fixed { digits: 1, decimals: 0 }))
        .unwrap();
    assert_eq!(&meter.flash[0x200 + 48..0x200 + 60], b"\x01\xff\xff\xff1       ");
    let missing = driver.write_setting(&mut meter, "ТВ3.СП", Value::Text("1".to_owned()));
    assert!(matches!(missing, Err(Failure::Unsupported(_))), "{missing:?}");
    let clock = driver.write_setting(&mut meter, "ТО", Value::Text("10-00-00".to_owned()));
    assert!(matches!(clock, Err(Failure::Unsupported(_))), "{clock:?}");
    meter.write_protected = true;
    let got = driver.write_setting(&mut meter, "ЧР", Value::Text("0".to_owned()));
    assert!(
        matches!(&got, Err(Failure::Refused(text)) if text.contains("write protected")),
        "{got:?}"
    );
}

#[test]
fn the_clock_is_set_and_read_back() {
    let mut meter = spt943();
    let mut driver = identified(&mut meter, CONFIG);
    let wanted = at(2024, 3, 16, 0, 0) + 30;
    let begun = uzel_driver_sdk::Port::now(&meter) / 1_000;
    driver.set_clock(&mut meter, civil(wanted)).unwrap();
    let off = meter.shows() - (wanted + uzel_driver_sdk::Port::now(&meter) / 1_000 - begun);
    assert!(off.abs() <= 1, "{off} s off");
    let settled = driver.read_clock(&mut meter).unwrap();
    assert_eq!(seconds(settled.shown).unwrap().div_euclid(DAY), wanted.div_euclid(DAY));
}

#[test]
fn a_serial_line_is_raised_and_put_back() {
    let mut meter = spt943();
    meter.medium = Medium::Serial;
    let mut driver = identified(
        &mut meter,
        r#"{"address": 5, "timeout_ms": 1000, "baud": 2400, "speed": 19200}"#,
    );
    assert_eq!(meter.bauds, (19_200, 19_200));
    // Longer than the meter holds the raised speed: it went back, and is found there.
    uzel_driver_sdk::Port::sleep(&mut meter, 11_000);
    driver.read_clock(&mut meter).unwrap();
    assert_eq!(meter.bauds, (2_400, 2_400));
    driver.close(&mut meter);

    let mut driver = identified(
        &mut meter,
        r#"{"address": 5, "timeout_ms": 1000, "baud": 2400, "speed": 9600}"#,
    );
    assert_eq!(meter.bauds, (9_600, 9_600));
    driver.close(&mut meter);
    assert_eq!(meter.bauds, (2_400, 2_400));
}
