//! Telegrams of wireless meters through the whole driver: made up ones here, and where they are at hand the published ones
//! of wmbusmeters, which are not ours to copy.

use std::fmt::Write;

use uzel_driver_sdk::bytes::hex;
use uzel_driver_sdk::recording::{Collected, Recording};
use uzel_driver_sdk::{Driver, Failure, Fixed, Identity, Value};

use crate::Mbus;

/// A water meter's telegram, format B, with a right check sum: the example of EN 13757-4.
const EXAMPLE: &str = "14 44 ae 0c 78 56 34 12 01 07 8c 20 27 78 0b 13 43 65 87 7a c5";
/// The same without, and another volume.
const PLAIN: &str = "12 44 ae 0c 78 56 34 12 01 07 8c 20 27 78 0b 13 43 65 87";
const PLAIN_LATER: &str = "12 44 ae 0c 78 56 34 12 01 07 8c 20 28 78 0b 13 44 65 87";
const OTHER: &str = "12 44 ae 0c 79 56 34 12 01 07 8c 20 28 78 0b 13 44 65 87";

fn read(port: &mut Recording, config: &str) -> Result<(Identity, Collected), Failure> {
    let mut driver = Mbus::default();
    let identity = driver.identify(port, config)?;
    let mut out = Collected::default();
    driver.read_current(port, &mut out)?;
    driver.close(port);
    Ok((identity, out))
}

#[test]
fn a_receiver_is_listened_to_until_the_meter_has_been_heard_for_certain() {
    let config = r#"{"receiver": true, "secondary": "12345678", "all_records": true, "listen_s": 60}"#;
    let once = |telegram: &str| format!("< {telegram}\n");
    let cases = [
        ("with check sums", once(EXAMPLE), "volume=876543"),
        (
            "in pieces, with the receiver's own bytes around",
            format!("< ff 03 {}\n< {} 40\n", &EXAMPLE[..20], &EXAMPLE[20..]),
            "volume=876543",
        ),
        ("another meter first", once(OTHER) + &once(EXAMPLE), "volume=876543"),
        (
            "without check sums, twice the same",
            once(PLAIN) + &once(PLAIN),
            "volume=876543",
        ),
        (
            "one without check sums is not enough",
            once(PLAIN),
            "Garbled(\"1 telegrams without check sums came, and no two agree\")",
        ),
        (
            "two that differ are not enough",
            once(PLAIN) + &once(PLAIN_LATER),
            "Garbled(\"2 telegrams without check sums came, and no two agree\")",
        ),
        ("nobody", "~\n".to_owned(), "NoAnswer"),
        ("only another", once(OTHER), "NoAnswer"),
    ];
    for (name, text, want) in cases {
        let told = match read(&mut Recording::parse(&text), config) {
            Ok((identity, out)) => {
                assert_eq!(identity.serial.as_deref(), Some("12345678"), "{name}");
                volume(&out)
            }
            Err(failure) => format!("{failure:?}"),
        };
        assert!(told.ends_with(want), "{name}: {told}");
    }
}

fn volume(out: &Collected) -> String {
    let table = &out.tables[0];
    match (&table.columns[0], &table.rows[0].values[0]) {
        (column, Value::Fixed(Fixed { digits, decimals: 3 })) => format!("{}={digits}", column.id),
        other => panic!("{other:?}"),
    }
}

#[test]
fn wireless_layers_are_read_by_wire_too() {
    let frame = crate::frame::long(
        0x08,
        5,
        0x8c,
        &uzel_driver_sdk::bytes::unhex("20 27 78 0b 13 43 65 87").unwrap(),
    );
    let mut text = "> 10 40 05 45 16\n< e5\n".to_owned();
    for _ in 0..2 {
        writeln!(text, "> 10 7b 05 80 16\n< {}", hex(&frame)).unwrap();
    }
    let (_, out) = read(&mut Recording::parse(&text), r#"{"address": 5, "all_records": true}"#).unwrap();
    assert_eq!(volume(&out), "volume=876543");
}

/// A published telegram and what its library says of it.
#[derive(serde::Deserialize)]
struct Case {
    driver: String,
    case: u32,
    key: Option<String>,
    telegram: String,
    expected: Option<serde_json::Map<String, serde_json::Value>>,
}

/// The number of a cell in the unit that the end of a field's name says.
fn in_unit_of(field: &str, unit: &str, number: f64) -> f64 {
    let factor = match (field.rsplit_once('_').map_or("", |(_, unit)| unit), unit) {
        ("kwh", "Wh") | ("kw", "W") => 1e-3,
        ("kwh", "MWh") | ("kw", "MW") => 1e3,
        ("kwh", "J") => 1.0 / 3.6e6,
        ("kwh", "kJ") => 1.0 / 3.6e3,
        ("kwh", "MJ") => 1.0 / 3.6,
        ("kwh", "GJ") => 1e3 / 3.6,
        ("kw", "GJ/h") => 1e3 / 3.6,
        ("h", "s") => 1.0 / 3600.0,
        ("h", "min") => 1.0 / 60.0,
        ("h", "d") => 24.0,
        ("y", "d") => 1.0 / 365.242_2,
        ("s", "min") => 60.0,
        ("s", "h") => 3600.0,
        ("m3h", "m3/min") => 60.0,
        ("m3h", "m3/s") => 3600.0,
        _ => 1.0,
    };
    number * factor
}

/// How many of the expected numbers are no number of a record, and how many there are.
fn compare(case: &Case, out: &Collected) -> (Vec<String>, usize) {
    let cells: Vec<(String, f64)> = out
        .tables
        .iter()
        .flat_map(|table| table.columns.iter().zip(&table.rows[0].values))
        .filter_map(|(column, value)| match value {
            Value::Fixed(Fixed { digits, decimals }) => {
                Some((column.unit.clone(), *digits as f64 / 10f64.powi(i32::from(*decimals))))
            }
            Value::Float(float) => Some((column.unit.clone(), *float)),
            Value::Bits(bits) => Some((String::new(), *bits as f64)),
            _ => None,
        })
        .collect();
    let numbers = case
        .expected
        .iter()
        .flatten()
        .filter_map(|(field, value)| Some((field, value.as_f64()?)));
    let (mut missing, mut count) = (Vec::new(), 0);
    for (field, want) in numbers {
        count += 1;
        let is = |(unit, number): &(String, f64)| {
            let got = in_unit_of(field, unit, *number);
            (got - want).abs() <= 1e-6 * want.abs().max(1.0)
        };
        if !cells.iter().any(is) {
            missing.push(format!("{} {}: {field} {want}", case.driver, case.case));
        }
    }
    (missing, count)
}

/// The telegram as a receiver gives it, or as a wired meter does.
fn published(case: &Case) -> Result<(Identity, Collected), Failure> {
    let digits: String = case.telegram.chars().filter(char::is_ascii_hexdigit).collect();
    let Some(bytes) = uzel_driver_sdk::bytes::unhex(&digits) else {
        return Err(Failure::Config("an odd count of digits".to_owned()));
    };
    let key = case.key.clone().unwrap_or_default();
    let common = format!(r#""all_records": true, "verify": false, "key": "{key}""#);
    if bytes[0] == 0x68 {
        // One that announces more is asked for its next in vain.
        let telegram = hex(&bytes);
        let text = format!("> 10 40 fe 3e 16\n< e5\n> 10 7b fe 79 16\n< {telegram}\n> 10 5b fe 59 16\n< {telegram}\n");
        let config = format!(r#"{{"address": 254, "attempts": 1, {common}}}"#);
        return read(&mut Recording::parse(&text), &config);
    }
    let number: String = bytes[4..8].iter().rev().map(|byte| format!("{byte:02X}")).collect();
    let config = format!(r#"{{"receiver": true, "secondary": "{number}", "listen_s": 60, {common}}}"#);
    read(&mut Recording::parse(&format!("< {}\n", hex(&bytes))), &config)
}

/// Drivers of wmbusmeters that find numbers where this driver passes on what the meter says: in the maker's own blocks and
/// codes, in values of profiles, in numbers worked out of others.
const OF_THE_MAKER: [&str; 15] = [
    "apator162",
    "bfw240radio",
    "caltose",
    "fhkvdataiv",
    "gwfwater",
    "hydroclimav2",
    "ime",
    "kamheat",
    "nemo",
    "qcaloric",
    "qsmoke",
    "qwaterv2",
    "topaseskr",
    "uiws",
    "zenner0b",
];
/// Telegrams that are refused by name: the maker's own structures (CI A0 to B7, or bytes that are no records), compact
/// frames, mode 7, no key or half of one, check sums left at the end of the records.
const REFUSED: usize = 39;

#[test]
fn published_telegrams_mean_what_wmbusmeters_says() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/corpus/wmbus/driver-telegrams.jsonl"
    );
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: the telegrams of wmbusmeters are not at hand");
        return;
    };
    let (mut refused, mut missing, mut numbers) = (Vec::new(), Vec::new(), 0);
    let cases: Vec<Case> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for case in &cases {
        match published(case) {
            Ok((_, out)) => {
                let (lost, count) = compare(case, &out);
                missing.extend(lost);
                numbers += count;
            }
            Err(failure) => refused.push(format!("{} {}: {failure:?}", case.driver, case.case)),
        }
    }
    let unexplained = |missing: &&String| !OF_THE_MAKER.iter().any(|driver| missing.starts_with(driver));
    let unexplained: Vec<_> = missing.iter().filter(unexplained).collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    assert_eq!((cases.len(), refused.len()), (215, REFUSED), "{refused:#?}");
    assert_eq!((numbers, missing.len()), (1_125, 135), "{missing:#?}");
}
