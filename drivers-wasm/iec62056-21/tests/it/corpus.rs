//! Real telegrams and answers, compared with what others read in them (tests/data/README.md).

use std::path::Path;

use iec62056_21::dataset::parse;
use iec62056_21::events::events;
use iec62056_21::frame;
use iec62056_21::ident::{Ident, Mode};
use iec62056_21::obis::{Class, meaning};
use iec62056_21::profile;
use iec62056_21::register::registers;
use iec62056_21::stamp::Form;
use iec62056_21::telegram::{Scan, scan};
use serde_json::Value as Json;
use uzel_driver_sdk::{CivilTime, Value};

use crate::telegrams::{Session, listen};

/// The names of dsmr-parser and the registers behind them.
const NAMES: &[(&str, &str)] = &[
    ("Q3D_EQUIPMENT_IDENTIFIER", "1-0:0.0.0"),
    ("Q3D_EQUIPMENT_STATE", "1-0:96.5.5"),
    ("Q3D_EQUIPMENT_SERIALNUMBER", "0-0:96.1.255"),
    ("P1_MESSAGE_HEADER", "1-3:0.2.8"),
    ("BELGIUM_VERSION_INFORMATION", "0-0:96.1.4"),
    ("BELGIUM_EQUIPMENT_IDENTIFIER", "0-0:96.1.1"),
    ("BELGIUM_CURRENT_AVERAGE_DEMAND", "1-0:1.4.0"),
    ("BELGIUM_MAXIMUM_DEMAND_MONTH", "1-0:1.6.0"),
    ("EQUIPMENT_IDENTIFIER", "0-0:96.1.1"),
    ("EQUIPMENT_SERIAL_NUMBER", "0-0:96.1.0"),
    ("COSEM_LOGICAL_DEVICE_NAME", "0-0:42.0.0"),
    ("ELECTRICITY_IMPORTED_TOTAL", "1-0:1.8.0"),
    ("ELECTRICITY_EXPORTED_TOTAL", "1-0:2.8.0"),
    ("ELECTRICITY_USED_TARIFF_", "1-0:1.8.{}"),
    ("ELECTRICITY_DELIVERED_TARIFF_", "1-0:2.8.{}"),
    ("ELECTRICITY_REACTIVE_IMPORTED_TOTAL", "1-0:3.8.0"),
    ("ELECTRICITY_REACTIVE_EXPORTED_TOTAL", "1-0:4.8.0"),
    ("ELECTRICITY_REACTIVE_TOTAL_Q1", "1-0:5.8.0"),
    ("ELECTRICITY_REACTIVE_TOTAL_Q2", "1-0:6.8.0"),
    ("ELECTRICITY_REACTIVE_TOTAL_Q3", "1-0:7.8.0"),
    ("ELECTRICITY_REACTIVE_TOTAL_Q4", "1-0:8.8.0"),
    ("ELECTRICITY_COMBINED", "1-0:15.8.0"),
    ("ELECTRICITY_ACTIVE_TARIFF", "0-0:96.14.0"),
    ("CURRENT_ELECTRICITY_USAGE", "1-0:1.7.0"),
    ("CURRENT_ELECTRICITY_DELIVERY", "1-0:2.7.0"),
    ("INSTANTANEOUS_ACTIVE_POWER_L1_POSITIVE", "1-0:21.7.0"),
    ("INSTANTANEOUS_ACTIVE_POWER_L2_POSITIVE", "1-0:41.7.0"),
    ("INSTANTANEOUS_ACTIVE_POWER_L3_POSITIVE", "1-0:61.7.0"),
    ("INSTANTANEOUS_ACTIVE_POWER_L1_NEGATIVE", "1-0:22.7.0"),
    ("INSTANTANEOUS_ACTIVE_POWER_L2_NEGATIVE", "1-0:42.7.0"),
    ("INSTANTANEOUS_ACTIVE_POWER_L3_NEGATIVE", "1-0:62.7.0"),
    ("INSTANTANEOUS_VOLTAGE_L1", "1-0:32.7.0"),
    ("INSTANTANEOUS_VOLTAGE_L2", "1-0:52.7.0"),
    ("INSTANTANEOUS_VOLTAGE_L3", "1-0:72.7.0"),
    ("INSTANTANEOUS_CURRENT_L1", "1-0:31.7.0"),
    ("INSTANTANEOUS_CURRENT_L2", "1-0:51.7.0"),
    ("INSTANTANEOUS_CURRENT_L3", "1-0:71.7.0"),
    ("INSTANTANEOUS_POWER_FACTOR_TOTAL", "1-0:13.7.0"),
    ("INSTANTANEOUS_POWER_FACTOR_L1", "1-0:33.7.0"),
    ("INSTANTANEOUS_POWER_FACTOR_L2", "1-0:53.7.0"),
    ("INSTANTANEOUS_POWER_FACTOR_L3", "1-0:73.7.0"),
    ("INSTANTANEOUS_REACTIVE_POWER_Q1", "1-0:5.7.0"),
    ("INSTANTANEOUS_REACTIVE_POWER_Q2", "1-0:6.7.0"),
    ("INSTANTANEOUS_REACTIVE_POWER_Q3", "1-0:7.7.0"),
    ("INSTANTANEOUS_REACTIVE_POWER_Q4", "1-0:8.7.0"),
    ("FREQUENCY", "1-0:14.7.0"),
    ("FUSE_THRESHOLD_L1", "1-0:31.4.0"),
    ("FUSE_THRESHOLD_L2", "1-0:51.4.0"),
    ("FUSE_THRESHOLD_L3", "1-0:71.4.0"),
    ("ACTUAL_SWITCH_POSITION", "0-0:96.3.10"),
    ("ACTUAL_TRESHOLD_ELECTRICITY", "0-0:17.0.0"),
    ("SHORT_POWER_FAILURE_COUNT", "0-0:96.7.21"),
    ("LONG_POWER_FAILURE_COUNT", "0-0:96.7.9"),
    ("VOLTAGE_SAG_L1_COUNT", "1-0:32.32.0"),
    ("VOLTAGE_SAG_L2_COUNT", "1-0:52.32.0"),
    ("VOLTAGE_SAG_L3_COUNT", "1-0:72.32.0"),
    ("VOLTAGE_SWELL_L1_COUNT", "1-0:32.36.0"),
    ("VOLTAGE_SWELL_L2_COUNT", "1-0:52.36.0"),
    ("VOLTAGE_SWELL_L3_COUNT", "1-0:72.36.0"),
    ("TEXT_MESSAGE_CODE", "0-0:96.13.1"),
    ("TEXT_MESSAGE", "0-0:96.13.0"),
];

fn data(name: &str) -> Vec<u8> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn register(name: &str) -> String {
    let exact = NAMES.iter().find(|(known, _)| *known == name);
    let tariff = || {
        let (start, digit) = name.split_at(name.len() - 1);
        let found = NAMES.iter().find(|(known, _)| *known == start);
        found.map(|(_, register)| register.replace("{}", digit))
    };
    let register = exact.map(|(_, register)| (*register).to_owned()).or_else(tariff);
    register.unwrap_or_else(|| panic!("{name} is not known"))
}

fn assert_same(session: &Session, id: &str, want: &Json) {
    let (value, unit) = session.find(id).unwrap_or_else(|| panic!("{id} is missing"));
    let (number, text) = match &value {
        Value::Fixed(fixed) => (
            Some(fixed.digits as f64 / 10f64.powi(fixed.decimals.into())),
            String::new(),
        ),
        Value::Text(text) => (text.parse().ok(), text.clone()),
        Value::Absent => (None, String::new()),
        other => panic!("{id}: {other:?}"),
    };
    match &want["value"] {
        Json::Null => assert_eq!(value, Value::Absent, "{id}"),
        Json::String(wanted) => assert_eq!(&text, wanted, "{id}"),
        Json::Number(wanted) => assert_eq!(number, wanted.as_f64(), "{id}"),
        other => panic!("{id}: {other}"),
    }
    assert_eq!(unit, want["unit"].as_str().unwrap_or_default(), "{id}");
}

/// An instant of the expectation as the meter shows it: the zone of the Netherlands.
fn shown(at: CivilTime, is_summer: bool) -> String {
    let instant = uzel_driver_sdk::calendar::seconds(at).unwrap() - if is_summer { 7_200 } else { 3_600 };
    let utc = uzel_driver_sdk::calendar::civil(instant);
    let CivilTime {
        year,
        month,
        day,
        hour,
        minute,
        second,
    } = utc;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+00:00")
}

fn assert_sub_meters(session: &Session, meters: &Json) {
    for meter in meters.as_array().unwrap() {
        let channel = &meter["CHANNEL_ID"];
        let reading = ["MBUS_METER_READING", "GAS_METER_READING", "HOURLY_GAS_METER_READING"]
            .into_iter()
            .find_map(|name| meter.get(name));
        let Some(reading) = reading else { continue };
        let found = ["1", "3"]
            .into_iter()
            .map(|place| format!("0-{channel}:24.2.{place}"))
            .find(|id| session.find(id).is_some())
            .unwrap_or_else(|| panic!("no value of sub-meter {channel}"));
        assert_same(session, &found, reading);
        let at = session.find(&format!("{found} at")).unwrap().0;
        let Value::Text(at) = at else {
            panic!("{found} has no time")
        };
        let time = iec62056_21::stamp::stamp(&at).unwrap();
        assert_eq!(
            shown(time, at.ends_with('S')),
            reading["datetime"].as_str().unwrap(),
            "{found}"
        );
    }
}

fn assert_maxima(session: &Session, wanted: &Json) {
    let rows: Vec<_> = session.months.tables.iter().flat_map(|table| &table.rows).collect();
    assert_eq!(rows.len(), wanted.as_array().unwrap().len());
    for (row, want) in rows.iter().zip(wanted.as_array().unwrap()) {
        let Value::Fixed(number) = row.values[0] else {
            panic!("{row:?}")
        };
        assert_eq!(Some(number.digits as f64 / 1_000.0), want["value"].as_f64());
        assert_eq!(row.values[1] == Value::Absent, want["occurred"].is_null());
        let label = row.label.unwrap();
        assert_eq!(shown(label, label.month < 11), want["datetime"].as_str().unwrap());
    }
}

#[test]
fn telegrams_are_read_as_dsmr_parser_reads_them() {
    let names = [
        "dsmr_esy5q3db1024_v304",
        "dsmr_fluvius_v171_alt",
        "dsmr_v2_2",
        "dsmr_v4_2",
        "dsmr_v5_eon_hu",
    ];
    let mut compared = 0;
    for name in names {
        let bytes = data(&format!("{name}.txt"));
        let expected: Json = serde_json::from_slice(&data(&format!("{name}.expected.json"))).unwrap();
        // Without a CRC three have to come.
        let session = listen(&[&bytes, &bytes, &bytes]).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        for (key, want) in expected.as_object().unwrap() {
            compared += 1;
            match key.as_str() {
                "P1_MESSAGE_TIMESTAMP" => {
                    let time = session.clock.unwrap();
                    assert_eq!(shown(time, time.month == 7), want["value"].as_str().unwrap(), "{name}");
                }
                "MBUS_DEVICES" => assert_sub_meters(&session, want),
                "BELGIUM_MAXIMUM_DEMAND_13_MONTHS" => assert_maxima(&session, want),
                "POWER_EVENT_FAILURE_LOG" => assert_eq!(session.events.events.len(), 3),
                _ => assert_same(&session, &register(key), want),
            }
        }
    }
    assert!(compared > 120, "{compared} values");
}

#[test]
fn a_month_without_addresses_is_kept_by_its_places() {
    let bytes = data("dsmr_v5_eon_hu.txt");
    let session = listen(&[&bytes]).unwrap();
    let table = &session.months.tables[0];
    assert_eq!(
        (table.columns.len(), table.columns[0].id.as_str()),
        (19, "0-0:98.1.0/01")
    );
    let Value::Fixed(first) = table.rows[0].values[0] else {
        panic!("no number")
    };
    assert_eq!((first.digits, first.decimals), (40_777, 3));
    assert_eq!(session.serial.as_deref(), Some("890082200002160"));
}

#[test]
fn a_sagemcom_telegram_is_read_in_its_own_units() {
    let bytes = data("dsmr_sagemcom_t210_d_r.txt");
    let Scan::Whole(telegram, _) = scan(&bytes, false) else {
        panic!("no telegram")
    };
    let all = registers(&parse(&telegram.text));
    assert_eq!(all.len(), 18);
    let first = &all[2];
    assert_eq!(
        (first.address.name.as_str(), first.text.as_str(), first.unit.as_str()),
        ("1-0:1.8.0", "006545766", "Wh")
    );
}

#[test]
fn a_telegram_with_a_wrong_crc_is_refused_and_read_only_unchecked() {
    let bytes = data("lvzon_p1-example-4.0.txt");
    let Scan::Bad(why, _) = scan(&bytes, true) else {
        panic!("it was taken")
    };
    assert!(why.contains("522B") && why.contains("6412"), "{why}");
    let Scan::Whole(telegram, _) = scan(&bytes, false) else {
        panic!("no telegram")
    };
    let all = registers(&parse(&telegram.text));
    let gas = all
        .iter()
        .find(|register| register.address.name == "0-1:24.2.1")
        .unwrap();
    assert_eq!(
        (gas.text.as_str(), gas.at.as_deref()),
        ("12785.123", Some("101209110000W"))
    );
}

#[test]
fn requests_are_those_of_another_program() {
    let text = String::from_utf8(data("command-messages.jsonl")).unwrap();
    let mut compared = 0;
    for line in text.lines() {
        let vector: Json = serde_json::from_str(line).unwrap();
        let want = uzel_driver_sdk::bytes::unhex(vector["bytes_hex"].as_str().unwrap()).unwrap();
        let name = vector["name"].as_str().unwrap();
        let made = match name {
            "request_broadcast" => frame::sign_on(""),
            "request_addressed" => frame::sign_on("12345678"),
            "read_single" => frame::command(*b"R1", "1.8.0()"),
            "read_single_addl" => frame::command(*b"R1", "1.8.0(1)"),
            "write_single" => frame::command(*b"W1", "0.9.1(121314)"),
            "identification" => {
                let ident = Ident::parse(vector["text"].as_str().unwrap()).unwrap();
                assert_eq!((ident.text().as_str(), ident.mode()), ("Els6EK280", Mode::C(19_200)));
                continue;
            }
            _ => {
                let digits: Vec<u8> = name.bytes().filter(u8::is_ascii_digit).collect();
                frame::select(digits[1], digits[2])
            }
        };
        assert_eq!(made, want, "{name}");
        compared += 1;
    }
    assert_eq!(compared, 13);
}

/// Answers whose licence keeps them out of this repository: they are looked for beside it.
fn beside(name: &str) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/iec62056-21");
    let file = folder.join(name);
    match std::fs::read(&file) {
        Ok(bytes) => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        Err(_) => {
            println!("skipped: {} is not here", file.display());
            None
        }
    }
}

#[test]
fn load_profiles_of_real_meters_are_read() {
    for (name, rows, channels, first, unit) in [
        ("runamook_p01_data_1.txt", 2, 6, "2208231615", "kW"),
        ("runamook_p01_data_3.txt", 2, 8, "2210050015", "kWh"),
    ] {
        let Some(text) = beside(name) else { continue };
        let entries = profile::decode("P.01", &parse(&text)).unwrap();
        let values: usize = entries.iter().map(|entry| entry.values.len()).sum();
        assert_eq!((entries.len(), values), (rows, rows * channels), "{name}");
        assert_eq!(Form::Short.write(entries[0].label), first, "{name}");
        assert_eq!(
            (entries[0].period_min, entries[0].channels[0].unit.as_str()),
            (Some(15), unit)
        );
    }
}

#[test]
fn logs_of_real_meters_are_read() {
    for (name, count) in [("runamook_p98_data_1.txt", 4), ("runamook_p98_data_3.txt", 6)] {
        let Some(text) = beside(name) else { continue };
        let sets: Vec<_> = parse(&text).into_iter().filter(|set| set.id == "P.98").collect();
        let entries = profile::decode("P.98", &sets).unwrap();
        assert_eq!(entries.len(), count, "{name}");
        assert!(entries.iter().all(|entry| !events(entry).is_empty()), "{name}");
    }
}

#[test]
fn a_list_of_a_real_meter_is_read() {
    let Some(text) = beside("runamook_table2_data_1.txt") else {
        return;
    };
    let all = registers(&parse(&text));
    assert_eq!(all.len(), 32);
    let class = |register: &iec62056_21::register::Register| meaning(&register.address, &register.unit).class;
    let totals = all.iter().filter(|register| class(register) == Class::Total).count();
    let current = all.iter().filter(|register| class(register) == Class::Current).count();
    assert_eq!((totals, current), (2, 30));
}
