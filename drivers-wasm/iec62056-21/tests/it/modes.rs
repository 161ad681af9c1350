//! Conversations of mode C: readout, profile, log, speeds, parity, passwords.

use iec62056_21::Iec62056;
use uzel_driver_sdk::calendar::{DAY, HOUR, civil, seconds};
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{Absence, Aggregate, ArchiveKind, CivilTime, Diagnostics, Driver, Failure, Fixed, Value, Window};

use crate::line::Line;
use crate::meter::{Meter, NOW, energy, now_hour};

pub fn window(from_hour: i64, to_hour: i64) -> Window {
    Window {
        begin: civil(from_hour * HOUR),
        end: civil(to_hour * HOUR),
    }
}

pub fn hours(driver: &mut Iec62056, line: &mut Line<Meter>, windows: &[Window]) -> (Collected, Result<(), Failure>) {
    let mut out = Collected::default();
    let read = driver.read_archive(line, ArchiveKind::Hourly, windows, None, &mut out);
    (out, read)
}

/// Every row is what the meter has; gives the hours.
pub fn judged(out: &Collected) -> Vec<i64> {
    let mut hours = Vec::new();
    for table in &out.tables {
        let names: Vec<_> = table
            .columns
            .iter()
            .map(|column| (column.id.as_str(), column.aggregate))
            .collect();
        let wanted = [
            ("1.29", Aggregate::Sum),
            ("2.5", Aggregate::Mean),
            ("status", Aggregate::State),
        ];
        assert_eq!(names, wanted);
        for row in &table.rows {
            let hour = seconds(row.label.unwrap()).unwrap() / HOUR - 1;
            let whole = |digits, decimals| Value::Fixed(Fixed { digits, decimals });
            let power = if hour % 7 == 0 {
                Value::Absent
            } else {
                whole(hour * 10 + 5, 1)
            };
            let is_disturbed = hour % 24 == 5;
            let status = Value::Bits(if is_disturbed { 4 } else { 0 });
            assert_eq!(row.values, [whole(energy(hour), 3), power, status], "{:?}", row.label);
            assert_eq!(row.conditions.len(), usize::from(is_disturbed), "{:?}", row.label);
            assert_eq!(row.marks.is_empty(), !is_disturbed);
            hours.push(hour);
        }
    }
    hours
}

#[test]
fn a_serial_port_follows_the_speed_and_comes_back() {
    let mut line = Line::serial(Meter::new());
    let mut driver = Iec62056::default();
    let identity = driver.identify(&mut line, r#"{"address": "12345678"}"#).unwrap();
    assert_eq!(
        (identity.model.as_str(), identity.serial.as_deref()),
        ("iec-meter", Some("12345678"))
    );
    let (out, read) = hours(&mut driver, &mut line, &[window(now_hour() - 30, now_hour() + 3)]);
    assert!(read.is_ok(), "{read:?}");
    assert_eq!(judged(&out), (now_hour() - 30..now_hour()).collect::<Vec<_>>());
    driver.close(&mut line);
    assert_eq!(
        line.speeds,
        [300, 9_600, 300, 9_600, 300, 9_600, 300],
        "two readouts and the programming mode"
    );
    assert_eq!(line.sent.last().unwrap(), b"\x01B0\x03\x71", "the session is ended");
}

#[test]
fn speeds_are_as_the_configuration_says() {
    for (config, want) in [
        (r#"{"baud_change": "stay", "verify": false}"#, b"\x06000\r\n"),
        (r#"{"baud_max": 2400, "verify": false}"#, b"\x06030\r\n"),
    ] {
        let mut line = Line::serial(Meter::new());
        Iec62056::default().identify(&mut line, config).unwrap();
        assert_eq!(line.sent[1], want, "{config}");
    }
    let mut line = Line::tcp(Meter::new());
    Iec62056::default().identify(&mut line, r#"{"verify": false}"#).unwrap();
    assert_eq!(
        line.sent.last().unwrap(),
        b"\x06050\r\n",
        "a line that cannot be set has the meter's speed"
    );
}

#[test]
fn the_readout_gives_clock_values_and_months() {
    let mut line = Line::tcp(Meter::new());
    let mut driver = Iec62056::default();
    driver.identify(&mut line, "{}").unwrap();
    let clock = driver.read_clock(&mut line).unwrap();
    let ahead = seconds(clock.shown).unwrap() * 1_000 - clock.at;
    let want = seconds(NOW).unwrap() * 1_000 - 1_000_000;
    assert!((ahead - want).abs() <= i64::from(clock.uncertainty_ms), "{clock:?}");

    let cells = |out: &Collected| {
        let cells = out
            .tables
            .iter()
            .flat_map(|table| table.columns.iter().zip(&table.rows[0].values));
        cells
            .map(|(column, value)| (column.id.clone(), column.tariff, value.clone()))
            .collect::<Vec<_>>()
    };
    let whole = |digits, decimals| Value::Fixed(Fixed { digits, decimals });
    let mut totals = Collected::default();
    driver.read_totals(&mut line, &mut totals).unwrap();
    // A period without a stamp is no month: it keeps its index.
    assert_eq!(
        cells(&totals),
        [
            ("1.8.0".to_owned(), 0, whole(12_345_678, 3)),
            ("1.8.1".to_owned(), 1, whole(2_345_678, 3)),
            ("1.8.0*01".to_owned(), 0, whole(1_000, 3)),
        ]
    );
    let mut current = Collected::default();
    driver.read_current(&mut line, &mut current).unwrap();
    let ids: Vec<_> = cells(&current).into_iter().map(|(id, ..)| id).collect();
    assert_eq!(ids, ["1.7.0", "F.F"]);

    let month = |month| CivilTime {
        year: 2026,
        month,
        day: 1,
        hour: 0,
        minute: 0,
        second: 0,
    };
    let windows = [Window {
        begin: CivilTime {
            year: 2025,
            ..month(10)
        },
        end: month(4),
    }];
    let mut months = Collected::default();
    driver
        .read_archive(&mut line, ArchiveKind::Monthly, &windows, None, &mut months)
        .unwrap();
    let rows: Vec<_> = months.tables.iter().flat_map(|table| &table.rows).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!((rows[0].label, rows[0].other_end), (Some(month(2)), Some(month(1))));
    assert_eq!(
        rows[1].values,
        [
            whole(11_111_000, 3),
            whole(1_250, 2),
            Value::Text("2602151815".to_owned())
        ]
    );
    let before = Window {
        begin: windows[0].begin,
        end: month(1),
    };
    assert_eq!(
        months.absent,
        [(before, Absence::Overwritten)],
        "the month that goes on is not judged"
    );
    let settings = driver.read_settings(&mut line).unwrap();
    let ids: Vec<_> = settings.iter().map(|setting| setting.id.as_str()).collect();
    assert_eq!(ids, ["0.0.0", "0.1.0", "0.4.2"]);
}

#[test]
fn parity_is_found_out_and_remembered() {
    for with_parity in [false, true] {
        let mut line = Line::tcp(Meter {
            with_parity,
            ..Meter::new()
        });
        let mut driver = Iec62056::default();
        driver.identify(&mut line, "{}").unwrap();
        driver.close(&mut line);
        let before = line.sent.len();
        Iec62056::default().identify(&mut line, "{}").unwrap();
        assert_eq!(
            line.sent.len() - before,
            4,
            "no sign-on is lost any more: with parity {with_parity}"
        );
    }
}

#[test]
fn hours_that_are_not_there_are_said() {
    let gone = [now_hour() - 20, now_hour() - 19, now_hour() - 3];
    let mut line = Line::tcp(Meter {
        missing: gone.to_vec(),
        ..Meter::new()
    });
    let mut driver = Iec62056::default();
    driver.identify(&mut line, "{}").unwrap();
    let (out, read) = hours(&mut driver, &mut line, &[window(now_hour() - 210, now_hour() + 24)]);
    assert!(read.is_ok(), "{read:?}");
    assert_eq!(judged(&out).len(), 197);
    let never = |from, to| (window(from, to), Absence::NeverWritten);
    let want = [
        never(now_hour() - 210, now_hour() - 200),
        never(gone[0], gone[1] + 1),
        never(gone[2], gone[2] + 1),
    ];
    assert_eq!(out.absent, want);
}

#[test]
fn answers_in_parts_are_put_together_and_a_cut_reading_goes_on() {
    let mut line = Line::tcp(Meter {
        block: 64,
        ..Meter::new()
    });
    let mut driver = Iec62056::default();
    driver.identify(&mut line, r#"{"profile_command": "R6"}"#).unwrap();
    let windows = [window(now_hour() - 200, now_hour())];
    let mut out = Collected::default();
    out.stop_after = Some(1);
    let stopped = driver.read_archive(&mut line, ArchiveKind::Hourly, &windows, None, &mut out);
    assert!(matches!(stopped, Err(Failure::Stopped)), "{stopped:?}");
    let first = judged(&out);
    let mut rest = Collected::default();
    driver
        .read_archive(
            &mut line,
            ArchiveKind::Hourly,
            &windows,
            out.resume.as_deref(),
            &mut rest,
        )
        .unwrap();
    let all: Vec<i64> = first.into_iter().chain(judged(&rest)).collect();
    assert_eq!(all, (now_hour() - 200..now_hour()).collect::<Vec<_>>());
}

#[test]
fn another_period_is_refused_once_and_for_all() {
    let mut line = Line::tcp(Meter {
        period_min: 15,
        ..Meter::new()
    });
    let mut driver = Iec62056::default();
    driver.identify(&mut line, "{}").unwrap();
    for asks in [2, 0] {
        let before = line.sent.len();
        let (_, read) = hours(&mut driver, &mut line, &[window(now_hour() - 30, now_hour())]);
        assert!(
            matches!(&read, Err(Failure::Unsupported(text)) if text.contains("15 min, 60")),
            "{read:?}"
        );
        let questions = line.sent[before..]
            .iter()
            .filter(|bytes| bytes.starts_with(b"\x01R"))
            .count();
        assert_eq!(questions, asks);
    }
}

#[test]
fn a_profile_that_is_not_there_is_not_taken_for_an_empty_one() {
    let mut line = Line::tcp(Meter::new());
    let mut driver = Iec62056::default();
    driver.identify(&mut line, "{}").unwrap();
    let mut out = Collected::default();
    let window = window(now_hour() / 24 * 24 - 240, now_hour() / 24 * 24);
    let read = driver.read_archive(&mut line, ArchiveKind::Daily, &[window], None, &mut out);
    assert!(
        matches!(&read, Err(Failure::Unsupported(text)) if text.contains("ERROR03")),
        "{read:?}"
    );
    assert_eq!(out.absent, []);
}

#[test]
fn a_wrong_address_is_silence_and_a_wrong_password_a_refusal() {
    let mut line = Line::tcp(Meter::new());
    let silent = Iec62056::default().identify(&mut line, r#"{"address": "1"}"#);
    assert!(matches!(silent, Err(Failure::NoAnswer)), "{silent:?}");
    for (said, is_right) in [("1234", true), ("4321", false)] {
        let mut line = Line::tcp(Meter {
            password: "1234",
            ..Meter::new()
        });
        let mut driver = Iec62056::default();
        driver
            .identify(&mut line, &format!(r#"{{"password": "{said}"}}"#))
            .unwrap();
        let (_, read) = hours(&mut driver, &mut line, &[window(now_hour() - 3, now_hour())]);
        let tries = line.sent.iter().filter(|bytes| bytes.starts_with(b"\x01P1")).count();
        match is_right {
            true => assert!(read.is_ok(), "{read:?}"),
            false => {
                assert!(
                    matches!(&read, Err(Failure::Refused(text)) if text.contains("password")),
                    "{read:?}"
                );
                assert_eq!(tries, 2, "a password is not said again and again");
            }
        }
    }
}

#[test]
fn without_a_readout_the_clock_and_the_number_are_asked_for() {
    let mut line = Line::tcp(Meter::new());
    let mut driver = Iec62056::default();
    let identity = driver.identify(&mut line, r#"{"readout": false}"#).unwrap();
    assert_eq!(identity.serial.as_deref(), Some("12345678"));
    let clock = driver.read_clock(&mut line).unwrap();
    assert_eq!(
        (clock.shown.hour, clock.shown.minute, clock.shown.day),
        (0, 20, NOW.day)
    );
    let unsupported = driver.read_totals(&mut line, &mut Collected::default());
    assert!(matches!(unsupported, Err(Failure::Unsupported(_))));
    let (out, read) = hours(&mut driver, &mut line, &[window(now_hour() - 3, now_hour())]);
    assert!(read.is_ok(), "{read:?}");
    assert_eq!(judged(&out).len(), 3);
}

#[test]
fn the_log_says_what_its_bits_mean() {
    let mut line = Line::tcp(Meter::new());
    let mut driver = Iec62056::default();
    driver.identify(&mut line, "{}").unwrap();
    let mut out = Collected::default();
    driver.read_events(&mut line, None, &mut out).unwrap();
    let told: Vec<_> = out
        .events
        .iter()
        .map(|event| (event.code.as_str(), event.began, event.text.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("20", None, "clock set: 0.9.1 1235703, 0.9.2 1220826"),
            ("8000", None, "0.9.1 1235703, 0.9.2 1220826"),
            ("80", Some(true), "power failed"),
        ]
    );
    let mut later = Collected::default();
    let since = civil(seconds(out.events[2].at).unwrap() - DAY / 24);
    driver.read_events(&mut line, Some(since), &mut later).unwrap();
    assert_eq!(later.events.len(), 1);
}

#[test]
fn another_family_is_refused_by_its_name() {
    let mut line = Line::tcp(Meter {
        ident: "/Els6\\2EK280",
        ..Meter::new()
    });
    let refused = Iec62056::default().identify(&mut line, "{}");
    assert!(
        matches!(&refused, Err(Failure::WrongDevice(text)) if text.contains("EK280")),
        "{refused:?}"
    );
}
