//! Whole conversations with the simulated meter.

use dlms::Dlms;
use meter_sim::{DlmsBuilder, DlmsQuirk, DlmsTransport};
use uzel_driver_sdk::calendar::{DAY, HOUR, civil, days, reckon};
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{
    Absence, ArchiveKind, CivilTime, Configure, Driver, Failure, Fixed, LabelRule, Row, Value, Window,
};

use conversations::{Simulated, Wire};

/// Where the meters' clocks stand: a month has just ended.
pub fn now() -> i64 {
    days(2026, 11, 1) * DAY + 20 * 60
}

pub fn builder() -> DlmsBuilder {
    meter_sim::Dlms::builder().clock(jiff_time(civil(now()))).seed(3)
}

pub fn jiff_time(at: CivilTime) -> jiff::civil::DateTime {
    let small = |number: u8| i8::try_from(number).unwrap();
    let date = jiff::civil::date(i16::try_from(at.year).unwrap(), small(at.month), small(at.day));
    date.at(small(at.hour), small(at.minute), small(at.second), 0)
}

pub fn wire(builder: DlmsBuilder) -> Wire<Simulated> {
    Wire::new(Simulated::new(builder.link()))
}

pub fn window(from: i64, to: i64) -> Window {
    Window {
        begin: civil(from),
        end: civil(to),
    }
}

/// Identifies and reads one archive.
pub fn read(line: &mut Wire<Simulated>, config: &str, kind: ArchiveKind, from: i64, to: i64) -> Collected {
    let mut driver = Dlms::default();
    let identity = driver
        .identify(line, config)
        .unwrap_or_else(|failure| panic!("{failure:?}\n{}", line.notes.join("\n")));
    assert_eq!(identity.model, "dlms");
    let mut out = Collected::default();
    driver
        .read_archive(line, kind, &[window(from, to)], None, &mut out)
        .unwrap_or_else(|failure| panic!("{failure:?}\n{}", line.notes.join("\n")));
    driver.close(line);
    out
}

pub fn rows(out: &Collected) -> Vec<&Row> {
    out.tables.iter().flat_map(|table| &table.rows).collect()
}

/// What the meter holds of an archive in a span, as labels and numbers.
pub fn held(builder: &DlmsBuilder, kind: ArchiveKind, from: i64, to: i64) -> Vec<(i64, Vec<i64>)> {
    let kind = match kind {
        ArchiveKind::Hourly => meter_sim::TruthKind::Hourly,
        ArchiveKind::Daily => meter_sim::TruthKind::Daily,
        _ => meter_sim::TruthKind::Monthly,
    };
    let seconds = |at: jiff::civil::DateTime| {
        let small = |number: i8| number.unsigned_abs();
        reckon(CivilTime {
            year: at.year().unsigned_abs(),
            month: small(at.month()),
            day: small(at.day()),
            hour: small(at.hour()),
            minute: small(at.minute()),
            second: small(at.second()),
        })
    };
    let truth = builder
        .clone()
        .link()
        .start_wire(|| std::time::Duration::ZERO)
        .0
        .truth(kind)
        .into_iter();
    truth
        .filter(|record| (from..to).contains(&seconds(record.start)))
        .map(|record| {
            let numbers = record.values.iter().map(|value| value.digits.unwrap().0);
            (seconds(record.end), numbers.collect())
        })
        .collect()
}

pub fn got(out: &Collected) -> Vec<(i64, Vec<i64>)> {
    let number = |value: &Value| match value {
        Value::Fixed(Fixed { digits, decimals: 0 }) => *digits,
        Value::Bits(bits) => i64::try_from(*bits).unwrap(),
        other => panic!("{other:?}"),
    };
    rows(out)
        .iter()
        .map(|row| (reckon(row.label.unwrap()), row.values.iter().map(number).collect()))
        .collect()
}

#[test]
fn who_answers_is_told_and_its_clock_and_registers_are_read() {
    let mut line = wire(builder());
    let mut driver = Dlms::default();
    let identity = driver.identify(&mut line, "{}").unwrap();
    assert_eq!(identity.serial.as_deref(), Some("40512345"));
    assert_eq!(identity.firmware.as_deref(), Some("1.04"));
    assert_eq!(identity.details[0].1, "SIM0000040512345");
    let clock = driver.read_clock(&mut line).unwrap();
    assert_eq!(reckon(clock.shown), now());
    assert!(clock.uncertainty_ms < 1_100, "{}", clock.uncertainty_ms);

    let mut out = Collected::default();
    driver.read_current(&mut line, &mut out).unwrap();
    driver.read_totals(&mut line, &mut out).unwrap();
    let [current, totals] = out.tables.as_slice() else {
        panic!("{:?}", out.tables)
    };
    let told = |table: &uzel_driver_sdk::recording::Table| -> Vec<(String, String, u8)> {
        let columns = table.columns.iter();
        columns
            .map(|column| (column.id.clone(), column.unit.clone(), column.tariff))
            .collect()
    };
    let want = |rows: &[(&str, &str, u8)]| -> Vec<(String, String, u8)> {
        rows.iter()
            .map(|(id, unit, tariff)| ((*id).to_owned(), (*unit).to_owned(), *tariff))
            .collect()
    };
    assert_eq!(
        told(current),
        want(&[
            ("1.0.32.7.0", "V", 0),
            ("1.0.31.7.0", "A", 0),
            ("1.0.14.7.0", "Hz", 0),
            ("1.0.1.7.0", "W", 0)
        ])
    );
    assert_eq!(
        told(totals),
        want(&[
            ("1.0.1.8.0", "Wh", 0),
            ("1.0.1.8.1", "Wh", 1),
            ("1.0.1.8.2", "Wh", 2),
            ("1.0.3.8.0", "varh", 0)
        ])
    );
    assert!(matches!(
        current.rows[0].values[0],
        Value::Fixed(Fixed {
            decimals: 1,
            digits: 2_250..=2_350
        })
    ));
    driver.close(&mut line);
    assert_eq!(line.written.last().unwrap()[5], 0x53, "the link is left disconnected");
}

#[test]
fn archives_come_whole_over_every_transport_and_with_every_shortening() {
    let spans = [
        (ArchiveKind::Hourly, now() - 6 * DAY, now()),
        (ArchiveKind::Daily, now() - 40 * DAY, now()),
        (ArchiveKind::Monthly, now() - 300 * DAY, now()),
    ];
    let plain = builder().pdu(300);
    let wrapper = builder().transport(DlmsTransport::Wrapper);
    let cases = [
        ("hdlc", plain.clone(), "{}"),
        ("wrapper", wrapper.clone(), r#"{"framing": "wrapper"}"#),
        ("compact", plain.clone().compact(), "{}"),
        ("longer frames", builder(), r#"{"frame_bytes": 1024}"#),
        (
            "by the tag of a date-time",
            plain.clone().quirk(DlmsQuirk::Tagged),
            "{}",
        ),
        ("by number", plain.clone().quirk(DlmsQuirk::NoRanges), "{}"),
        (
            "not selected",
            wrapper.quirk(DlmsQuirk::NoSelection),
            r#"{"framing": "wrapper"}"#,
        ),
        ("no list", plain.clone().quirk(DlmsQuirk::NoList), "{}"),
        ("on a bus", plain.address(77), r#"{"physical": 77}"#),
    ];
    for (name, builder, config) in cases {
        for (kind, from, to) in spans {
            let mut line = wire(builder.clone());
            let out = read(&mut line, config, kind, from, to);
            let want = held(&builder, kind, from, to);
            assert!(!want.is_empty());
            assert_eq!(got(&out), want, "{name} {kind:?}");
            assert_eq!(out.tables[0].labels, LabelRule::IntervalEnd);
        }
    }
}

#[test]
fn what_the_meter_does_not_hold_is_said_with_its_reason() {
    let begun = days(2026, 10, 20) * DAY;
    let builder = builder().installed(jiff_time(civil(begun)));
    let mut line = wire(builder.clone());
    let (from, to) = (begun - 2 * DAY, now() + 2 * HOUR);
    let out = read(&mut line, "{}", ArchiveKind::Hourly, from, to);
    let mut told: Vec<(i64, i64)> = out
        .absent
        .iter()
        .map(|(window, why)| {
            assert_eq!(*why, Absence::NeverWritten);
            (reckon(window.begin), reckon(window.end))
        })
        .collect();
    let rows = got(&out);
    assert_eq!(rows, held(&builder, ArchiveKind::Hourly, from, to));
    // Rows and absences together are the window up to the hour that runs.
    told.extend(rows.iter().map(|(label, _)| (label - HOUR, *label)));
    told.sort_unstable();
    let mut until = from;
    for (begin, end) in told {
        assert_eq!(begin, until);
        until = end;
    }
    assert_eq!(until, now() - 20 * 60);

    let mut full = wire(crate::meter::builder());
    let early = now() - 80 * DAY;
    let out = read(&mut full, "{}", ArchiveKind::Hourly, early, early + DAY);
    assert!(rows_of(&out).is_empty());
    assert_eq!(out.absent, [(window(early, early + DAY), Absence::Overwritten)]);
}

fn rows_of(out: &Collected) -> Vec<i64> {
    got(out).into_iter().map(|(label, _)| label).collect()
}

#[test]
fn an_hour_after_a_break_of_power_says_so() {
    let builder = builder();
    let (from, to) = (now() - 60 * DAY, now());
    let out = read(&mut wire(builder), "{}", ArchiveKind::Hourly, from, to);
    let told: Vec<_> = rows(&out)
        .iter()
        .flat_map(|row| &row.conditions)
        .map(|one| (one.code.as_str(), one.category.as_deref(), one.column))
        .collect();
    assert!(
        !told.is_empty() && told.iter().all(|one| *one == ("bit 7", Some("power-off"), Some(0))),
        "{told:?}"
    );
}

#[test]
fn a_cut_reading_goes_on_where_it_was_cut() {
    let builder = builder();
    let (from, to) = (now() - 12 * DAY, now());
    let mut line = wire(builder.clone());
    let mut driver = Dlms::default();
    driver.identify(&mut line, "{}").unwrap();
    let mut first = Collected::default();
    first.stop_after = Some(2);
    let windows = [window(from, to)];
    let cut = driver.read_archive(&mut line, ArchiveKind::Hourly, &windows, None, &mut first);
    assert_eq!(cut, Err(Failure::Stopped));
    let token = first.resume.clone().unwrap();
    let mut rest = Collected::default();
    driver
        .read_archive(&mut line, ArchiveKind::Hourly, &windows, Some(&token), &mut rest)
        .unwrap();
    let all = [got(&first), got(&rest)].concat();
    assert_eq!(
        all,
        held(&builder, ArchiveKind::Hourly, from, to),
        "no row twice and none missing"
    );
}

#[test]
fn the_list_of_objects_is_kept_for_the_device() {
    let mut line = wire(builder());
    read(&mut line, "{}", ArchiveKind::Daily, now() - 3 * DAY, now());
    let first = line.written.len();
    line.written.clear();
    read(&mut line, "{}", ArchiveKind::Daily, now() - 3 * DAY, now());
    assert!(line.written.len() < first, "{} then {}", first, line.written.len());
    assert!(line.memory.contains_key("objects/1"));
}

#[test]
fn the_clock_is_set_and_read_again() {
    let mut line = wire(builder());
    let mut driver = Dlms::default();
    driver.identify(&mut line, "{}").unwrap();
    let wanted = civil(now() + 3_700);
    driver.set_clock(&mut line, wanted).unwrap();
    let shown = reckon(driver.read_clock(&mut line).unwrap().shown);
    assert!((shown - now() - 3_700).abs() < 5, "{shown}");
    assert!(matches!(
        driver.write_setting(&mut line, "x", Value::Absent),
        Err(Failure::Unsupported(_))
    ));
}

#[test]
fn wrong_devices_and_wrong_addresses_are_named_or_silent() {
    let refused = |builder: DlmsBuilder, config: &str| {
        let mut line = wire(builder);
        let mut driver = Dlms::default();
        let failure = driver.identify(&mut line, config).unwrap_err();
        driver.close(&mut line);
        failure
    };
    let named = refused(builder(), r#"{"device_name": "LGZ"}"#);
    assert!(
        matches!(&named, Failure::WrongDevice(text) if text.contains("SIM00000")),
        "{named:?}"
    );
    assert_eq!(refused(builder().address(5), r#"{"physical": 6}"#), Failure::NoAnswer);
    assert_eq!(refused(builder(), r#"{"framing": "wrapper"}"#), Failure::NoAnswer);
    let wrapper = builder().transport(DlmsTransport::Wrapper);
    assert_eq!(refused(wrapper, "{}"), Failure::NoAnswer);
}

#[test]
fn an_archive_that_no_profile_holds_is_refused_with_what_there_is() {
    let mut line = wire(builder());
    let mut driver = Dlms::default();
    driver.identify(&mut line, "{}").unwrap();
    let mut out = Collected::default();
    let windows = [window(now() - DAY, now())];
    let refused = driver.read_archive(&mut line, ArchiveKind::EveryMinutes(30), &windows, None, &mut out);
    assert!(
        matches!(&refused, Err(Failure::Unsupported(text)) if text.contains("1.0.99.1.0 has a period of 3600 s")),
        "{refused:?}"
    );
}
