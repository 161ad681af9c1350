//! Three captured sessions, held again by the driver: every value, quality and НС is that of the published decoding.
//!
//! The far end answers the recorded requests in their order. It may skip some, and to a request that does not come
//! any more it says nothing, so the driver has to ask as the recorded master did; its configuration keys make it.

use serde_json::Value as Json;
use uzel_driver_sdk::bytes::unhex;
use uzel_driver_sdk::recording::{Collected, Table};
use uzel_driver_sdk::wire::{FarEnd, Wire};
use uzel_driver_sdk::{ArchiveKind, CivilTime, Driver, Instant, Quality, Row, Value, Window};
use vkt7::Vkt7;

/// What makes the driver ask as the recorded master did.
const CONFIG: &str = r#"{
    "address": 0, "attempts": 1, "timeout_ms": 1000, "server_version": "1", "service_info": false,
    "archive_range": false, "units": "usual", "clock_request": "short", "confirm": false,
    "elements": "0 1 3 4 6 7 9 10 11 12 13 14 17 18 19 20 77"
}"#;

struct Tape {
    exchanges: Vec<(Vec<u8>, Vec<u8>)>,
    at: usize,
}

impl FarEnd for Tape {
    fn answer(&mut self, request: &[u8], _: Instant) -> Vec<(Instant, Vec<u8>)> {
        let awake: Vec<u8> = request.iter().copied().skip_while(|byte| *byte == 0xff).collect();
        let rest = self.exchanges.iter().enumerate().skip(self.at);
        let found = rest
            .into_iter()
            .find(|(_, (asked, _))| *asked == awake)
            .map(|(at, (_, answer))| (at, answer.clone()));
        match found {
            Some((at, answer)) => {
                self.at = at + 1;
                vec![(200, answer)]
            }
            None => Vec::new(),
        }
    }
}

fn session(name: &str) -> (Json, Wire<Tape>) {
    let all: Vec<Json> = serde_json::from_str(include_str!("../recordings/vkt7_sessions_captured.json")).unwrap();
    let session = all.into_iter().find(|session| session["name"] == name).unwrap();
    let hex = |text: &Json| unhex(text.as_str().unwrap()).unwrap();
    let exchanges = session["exchanges"].as_array().unwrap().iter();
    let exchanges = exchanges
        .map(|one| (hex(&one["request_hex"]), hex(&one["response_hex"])))
        .collect();
    (session, Wire::new(Tape { exchanges, at: 0 }))
}

/// The published decodings of one value type, in order.
fn decoded(session: &Json, value_type: u64) -> Vec<&Json> {
    let exchanges = session["exchanges"].as_array().unwrap().iter();
    let data = exchanges.filter(|one| one["decoded"]["op"] == "read data" && one["decoded"]["type"] == value_type);
    data.map(|one| &one["decoded"]["values_name_value_quality_ns"])
        .collect()
}

/// Compares a row with one published decoding, cell by cell.
fn assert_row(table: &Table, row: &Row, published: &Json) {
    let published = published.as_array().unwrap();
    assert_eq!(row.values.len(), published.len());
    for (column, want) in published.iter().enumerate() {
        let index = u16::try_from(column).unwrap();
        let what = format!("{} {want}", table.columns[column].id);
        match (&row.values[column], &want[1]) {
            (Value::Absent, Json::Null) => {}
            (Value::Fixed(fixed), Json::Number(number)) => {
                let scaled = number.as_f64().unwrap() * 10_f64.powi(fixed.decimals.into());
                assert_eq!(fixed.digits as f64, scaled.round(), "{what}");
                assert!(
                    (scaled - scaled.round()).abs() < 1e-6,
                    "{what}: {} decimals are too few",
                    fixed.decimals
                );
            }
            (Value::Float(float), Json::Number(number)) => {
                assert!((float - number.as_f64().unwrap()).abs() < 1e-6, "{what}")
            }
            (Value::Bits(bits), Json::String(sign)) => assert_eq!(*bits == 1, sign == "*", "{what}"),
            (got, _) => panic!("{what}: {got:?}"),
        }
        let mark = row
            .marks
            .iter()
            .find(|mark| mark.column == index)
            .map(|mark| (mark.quality, mark.code.as_deref()));
        let want_mark = match (want[2].as_str().unwrap(), want[3].as_str().unwrap()) {
            ("C0", _) | ("50", "FF") => None,
            ("04", _) => Some((Quality::Absent, Some("04"))),
            ("50", _) => Some((Quality::Doubtful, Some("50"))),
            other => panic!("{other:?}"),
        };
        assert_eq!(mark, want_mark, "{what}");
        let condition = row.conditions.iter().find(|condition| condition.column == Some(index));
        let code = condition.map_or("", |condition| &condition.code);
        let want_code = want[3]
            .as_str()
            .filter(|code| !matches!(*code, "00" | "FF"))
            .unwrap_or_default();
        assert_eq!(code, want_code, "{what}");
    }
}

fn start(line: &mut Wire<Tape>) -> Vkt7 {
    let mut driver = Vkt7::default();
    let identity = driver.identify(line, CONFIG).unwrap();
    assert_eq!(identity.model, "vkt7");
    driver
}

fn clock(driver: &mut Vkt7, line: &mut Wire<Tape>) -> String {
    let CivilTime {
        year,
        month,
        day,
        hour,
        minute,
        second,
    } = driver.read_clock(line).unwrap().shown;
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

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

#[test]
fn session_1_gives_current_values_totals_and_the_clock() {
    let (session, mut line) = session("session_20161201_1");
    let mut driver = start(&mut line);
    let mut out = Collected::default();
    driver.read_current(&mut line, &mut out).unwrap();
    driver.read_totals(&mut line, &mut out).unwrap();
    assert_eq!(clock(&mut driver, &mut line), "2016-12-01T15:43:03");
    let [current, totals] = out.tables.as_slice() else {
        panic!("{:?}", out.tables)
    };
    assert_row(current, &current.rows[0], decoded(&session, 4)[0]);
    assert_row(totals, &totals.rows[0], decoded(&session, 5)[0]);
}

#[test]
fn session_2_gives_the_clock_and_fifteen_hours_with_their_conditions() {
    let (session, mut line) = session("session_20161201_2");
    let mut driver = start(&mut line);
    assert_eq!(clock(&mut driver, &mut line), "2016-12-01T15:50:57");
    let mut out = Collected::default();
    let window = Window {
        begin: at(2016, 12, 1, 0),
        end: at(2016, 12, 2, 0),
    };
    driver
        .read_archive(&mut line, ArchiveKind::Hourly, &[window], None, &mut out)
        .unwrap();
    let [hours] = out.tables.as_slice() else {
        panic!("{} tables", out.tables.len())
    };
    let published = decoded(&session, 0);
    assert_eq!((hours.rows.len(), published.len(), out.absent.len()), (15, 15, 0));
    for (hour, (row, published)) in (0..).zip(hours.rows.iter().zip(published)) {
        assert_eq!(row.label, Some(at(2016, 12, 1, hour)));
        assert_row(hours, row, published);
    }
    assert_eq!(line.far.at, 52, "all but skipped type writes was asked");
}

#[test]
fn session_3_gives_current_values_totals_twice_and_the_clock() {
    let (session, mut line) = session("session_20160209_3");
    let mut driver = start(&mut line);
    let mut out = Collected::default();
    driver.read_current(&mut line, &mut out).unwrap();
    driver.read_totals(&mut line, &mut out).unwrap();
    assert_eq!(clock(&mut driver, &mut line), "2016-02-09T16:09:51");
    driver.read_totals(&mut line, &mut out).unwrap();
    let [current, totals, again] = out.tables.as_slice() else {
        panic!("{} tables", out.tables.len())
    };
    assert_row(current, &current.rows[0], decoded(&session, 4)[0]);
    let published = decoded(&session, 5);
    assert_row(totals, &totals.rows[0], published[0]);
    assert_row(again, &again.rows[0], published[1]);
    assert_eq!(line.far.at, 15);
}
