//! Conversations with meters, request by request. The telegrams are made up for the purpose, after EN 13757-3.

use std::fmt::Write;

use uzel_driver_sdk::bytes::hex;
use uzel_driver_sdk::recording::{Collected, Recording};
use uzel_driver_sdk::{ArchiveKind, CivilTime, Configure, Driver, Failure, Fixed, Value, Window};

use crate::{Mbus, frame};

const RESET: &str = "> 10 40 01 41 16\n< e5\n";
const ASK: &str = "> 10 7b 01 7c 16\n";
const NEXT: &str = "> 10 5b 01 5c 16\n";

/// An answer of meter 12345678 with these records and access number.
fn answer(access: u8, records: &str) -> String {
    let header = format!("78 56 34 12 2d 2c 08 04 {access:02x} 04 00 00 {records}");
    let data = uzel_driver_sdk::bytes::unhex(&header).unwrap();
    format!("< {}\n", hex(&frame::long(0x08, 1, 0x72, &data)))
}

const NOW: &str = "04 06 e7 91 00 00 02 2b 64 00 04 6d 2d 0c cd 13";
const KEPT: &str = "42 6c c1 13 44 06 51 82 00 00 82 01 6c c1 12 84 01 06 50 80 00 00 84 04 06 01 00 00 00";

/// All that a driver gives of a meter, as text.
fn told(port: &mut Recording, config: &str) -> String {
    let mut driver = Mbus::default();
    let mut told = String::new();
    let mut out = Collected::default();
    let failure = |what: &str, failure: &Failure| format!("{what} {failure:?}\n");
    match driver.identify(port, config) {
        Ok(identity) => writeln!(told, "{} {:?} {:?}", identity.model, identity.serial, identity.details).unwrap(),
        Err(error) => return failure("identify", &error),
    }
    match driver.read_clock(port) {
        Ok(clock) => writeln!(
            told,
            "clock {} at {} ± {} ms",
            date(clock.shown),
            clock.at,
            clock.uncertainty_ms
        )
        .unwrap(),
        Err(error) => told += &failure("clock", &error),
    }
    let windows = [Window {
        begin: day(2013, 11, 1),
        end: day(2014, 4, 1),
    }];
    let reads = [
        driver.read_current(port, &mut out),
        driver.read_totals(port, &mut out),
        driver.read_archive(port, ArchiveKind::Monthly, &windows, None, &mut out),
    ];
    driver.close(port);
    for (what, read) in ["current", "totals", "monthly"].iter().zip(&reads) {
        if let Err(error) = read {
            told += &failure(what, error);
        }
    }
    for table in &out.tables {
        for row in &table.rows {
            let label = row.label.map_or("-".to_owned(), date);
            let cells = table.columns.iter().zip(&row.values);
            let cells: Vec<_> = cells
                .map(|(column, value)| format!("{}={}", column.id, show(value)))
                .collect();
            let conditions: Vec<_> = row.conditions.iter().map(|condition| condition.code.as_str()).collect();
            writeln!(told, "{label}: {} {}", cells.join(" "), conditions.join(" ")).unwrap();
        }
    }
    for (window, why) in &out.absent {
        writeln!(told, "absent {} to {} {why:?}", date(window.begin), date(window.end)).unwrap();
    }
    writeln!(told, "{}", port.notes.join("\n")).unwrap();
    port.assert_spent();
    told
}

fn day(year: u16, month: u8, day: u8) -> CivilTime {
    CivilTime {
        year,
        month,
        day,
        hour: 0,
        minute: 0,
        second: 0,
    }
}

fn date(time: CivilTime) -> String {
    let (year, month, day, hour, minute) = (time.year, time.month, time.day, time.hour, time.minute);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}")
}

fn show(value: &Value) -> String {
    match value {
        Value::Absent => "-".to_owned(),
        Value::Fixed(Fixed { digits, decimals }) => format!("{digits}e-{decimals}"),
        Value::Float(float) => format!("{float}"),
        Value::Bits(bits) => format!("{bits:b}b"),
        Value::Text(text) => format!("{text:?}"),
    }
}

#[test]
fn two_telegrams_are_proved_and_put_together() {
    let first = answer(1, &format!("{NOW} 1f"));
    let second = answer(2, KEPT);
    let text = format!("{RESET}{ASK}{first}{ASK}{first}{NEXT}{second}{NEXT}{second}");
    insta::assert_snapshot!(told(&mut Recording::parse(&text), r#"{"address": 1}"#));
}

#[test]
fn a_meter_is_selected_by_its_number_and_deselected_at_the_end() {
    let select = hex(&crate::address::Secondary::parse("12345678").unwrap().select());
    let only = answer(1, NOW);
    let ask = "> 10 7b fd 78 16\n";
    let text = format!("> 10 40 fd 3d 16\n~\n> {select}\n< e5\n{ask}{only}{ask}{only}> 10 40 fd 3d 16\n< e5\n");
    insta::assert_snapshot!(told(&mut Recording::parse(&text), r#"{"secondary": "12345678"}"#));
}

#[test]
fn a_set_of_data_is_chosen_and_given_back() {
    let only = answer(1, NOW);
    let chosen = "> 68 04 04 68 73 01 50 30 f4 16\n< e5\n";
    let given_back = "> 68 03 03 68 73 01 50 c4 16\n< e5\n";
    let text = format!("{RESET}{chosen}{RESET}{ASK}{only}{ASK}{only}{RESET}{given_back}");
    let told = told(&mut Recording::parse(&text), r#"{"address": 1, "data_set": 48}"#);
    assert!(told.contains("energy=37351e-0"), "{told}");

    // A meter that knows no sets says nothing: it is not read as if it had understood.
    let silent = "> 68 04 04 68 73 01 50 30 f4 16\n~\n".repeat(2);
    let config = r#"{"address": 1, "data_set": 48, "attempts": 2}"#;
    let mut port = Recording::parse(&format!("{RESET}{silent}"));
    assert_eq!(told_failure(&mut port, config), "Failure::NoAnswer");
    port.assert_spent();
}

#[test]
fn a_lost_answer_is_asked_for_with_the_same_frame_count_bit() {
    let first = answer(1, &format!("{NOW} 1f"));
    let second = answer(2, KEPT);
    let text = format!("{RESET}{ASK}~\n{ASK}{first}{ASK}{first}{NEXT}~\n{NEXT}{second}{NEXT}{second}");
    let told = told(&mut Recording::parse(&text), r#"{"address": 1}"#);
    assert!(told.contains("2014-03-01 00:00: energy=33361e-0"), "{told}");
}

#[test]
fn the_telegram_before_is_not_taken_for_the_next() {
    let first = answer(1, &format!("{NOW} 1f"));
    let second = answer(2, KEPT);
    let text = format!("{RESET}{ASK}{first}{ASK}{first}{NEXT}{first}{NEXT}{second}{NEXT}{second}");
    let told = told(&mut Recording::parse(&text), r#"{"address": 1}"#);
    assert!(told.contains("2014-03-01 00:00: energy=33361e-0"), "{told}");
    assert_eq!(told.matches(" energy=37351e-0").count(), 1, "{told}");
}

#[test]
fn a_meter_without_end_is_cut() {
    let telegram = |number: u8| answer(number, &format!("04 06 {number:02x} 00 00 00 1f"));
    let ask = |number: u8| if number.is_multiple_of(2) { ASK } else { NEXT };
    let chain = (0..64).map(|number| format!("{}{}", ask(number), telegram(number)));
    let text = RESET.to_owned() + &chain.collect::<String>();
    let mut port = Recording::parse(&text);
    let told = told(&mut port, r#"{"address": 1, "verify": false}"#);
    assert!(told.contains("64 telegrams and no end"), "{told}");
    assert!(!told.contains("absent"), "{told}");
}

#[test]
fn failures_are_named() {
    let other = answer(1, NOW).replace('\n', "");
    let refusal = "< 68 04 04 68 08 01 70 08 81 16\n";
    let cases = [
        (
            "nobody",
            "> 10 40 01 41 16\n~\n".repeat(3),
            r#"{"address": 1}"#,
            "NoAnswer",
        ),
        (
            "another number",
            format!("{RESET}{ASK}{other}\n{ASK}{other}\n"),
            r#"{"address": 1, "secondary": "12345679"}"#,
            "WrongDevice(\"\\\"12345678\\\" answers, 12345679 is configured\")",
        ),
        (
            "another address",
            format!("> 10 40 02 42 16\n< e5\n> 10 7b 02 7d 16\n{other}\n> 10 7b 02 7d 16\n{other}\n"),
            r#"{"address": 2}"#,
            "WrongDevice(\"address 1 answers, 2 was asked\")",
        ),
        (
            "busy",
            format!("{RESET}{ASK}{refusal}{ASK}{refusal}"),
            r#"{"address": 1}"#,
            "Refused(\"application error 8: application busy\")",
        ),
        (
            "noise only",
            format!("{RESET}{ASK}< 00 11\n~\n").repeat(2),
            r#"{"address": 1, "attempts": 1}"#,
            "Garbled(\"frame needs 4 bytes, got 0 in 2 bytes\")",
        ),
        (
            "nothing to go by",
            String::new(),
            "{}",
            "Config(\"neither address nor secondary is given\")",
        ),
    ];
    for (name, text, config, want) in cases {
        let mut port = Recording::parse(&text);
        let told = told_failure(&mut port, config);
        assert_eq!(told, format!("Failure::{want}"), "{name}");
    }
}

fn told_failure(port: &mut Recording, config: &str) -> String {
    match Mbus::default().identify(port, config) {
        Err(failure) => format!("{failure:?}"),
        Ok(identity) => panic!("{identity:?}"),
    }
}

#[test]
fn a_meter_without_clock_and_counters_gives_what_it_has() {
    let only = answer(1, "02 2b 64 00");
    let text = format!("{RESET}{ASK}{only}{ASK}{only}");
    insta::assert_snapshot!(told(&mut Recording::parse(&text), r#"{"address": 1}"#));
}

#[test]
fn kept_values_on_which_no_answers_agree_are_left_for_another_time() {
    let mut text = RESET.to_owned();
    for value in ["51", "52", "53"] {
        let kept = KEPT.replace("44 06 51", &format!("44 06 {value}"));
        text += ASK;
        text += &answer(1, &format!("{NOW} {kept}"));
    }
    let told = told(&mut Recording::parse(&text), r#"{"address": 1}"#);
    let failed = r#"monthly Failure::Garbled("no two answers agree on 1 kept values or their dates")"#;
    assert!(told.contains(failed), "{told}");
    // The month before it is given; of the one in question nothing is said, not even that it is absent.
    assert!(told.contains("2014-02-01 00:00: energy=32848e-0"), "{told}");
    assert!(!told.contains("2014-03-01") && !told.contains("absent"), "{told}");
}

#[test]
fn a_wide_readout_comes_in_several_tables() {
    let telegram = |number: u8| {
        let end = if number < 4 { "1f" } else { "" };
        let ask = if number.is_multiple_of(2) { ASK } else { NEXT };
        ask.to_owned() + &answer(number, &format!("{}{end}", "01 2b 05 ".repeat(60)))
    };
    let text = RESET.to_owned() + &(0..5).map(telegram).collect::<String>();
    let mut port = Recording::parse(&text);
    let mut driver = Mbus::default();
    let mut out = Collected::default();
    driver
        .identify(&mut port, r#"{"address": 1, "verify": false}"#)
        .unwrap();
    driver.read_current(&mut port, &mut out).unwrap();
    let widths: Vec<_> = out
        .tables
        .iter()
        .map(|table| (table.columns.len(), table.rows.len()))
        .collect();
    assert_eq!(widths, [(256, 1), (45, 1)]);
}

#[test]
fn a_clock_is_set_once_at_the_begin_of_a_minute_and_read_again() {
    let shows = |records: &str| format!("{RESET}{ASK}{0}{ASK}{0}", answer(1, records));
    // Type F: 13:44 of 13 March 2014 is sent at 13:45:00.
    let set = "> 68 09 09 68 73 01 51 04 6d 2d 0d cd 13 50 16\n< e5\n";
    let text = format!(
        "{}{RESET}{set}{}",
        shows("04 6d 2d 0c cd 13"),
        shows("04 6d 2d 0d cd 13")
    );
    let mut port = Recording::parse(&text).at(1_000);
    let mut driver = Mbus::default();
    driver.identify(&mut port, r#"{"address": 1}"#).unwrap();
    let to = CivilTime {
        hour: 13,
        minute: 44,
        second: 40,
        ..day(2014, 3, 13)
    };
    driver.set_clock(&mut port, to).unwrap();
    assert_eq!(date(driver.read_clock(&mut port).unwrap().shown), "2014-03-13 13:45");
    port.assert_spent();

    // A meter that gives no acknowledgement is not asked twice; one without a clock not at all.
    let text = format!(
        "{}{RESET}> 68 09 09 68 73 01 51 04 6d 2d 0d cd 13 50 16\n~\n",
        shows("04 6d 2d 0c cd 13")
    );
    let mut port = Recording::parse(&text);
    driver.identify(&mut port, r#"{"address": 1}"#).unwrap();
    assert_eq!(driver.set_clock(&mut port, to), Err(Failure::NoAnswer));
    port.assert_spent();
    let mut port = Recording::parse(&shows("04 06 e7 91 00 00"));
    driver.identify(&mut port, r#"{"address": 1}"#).unwrap();
    assert!(matches!(driver.set_clock(&mut port, to), Err(Failure::Unsupported(_))));
    port.assert_spent();
}
