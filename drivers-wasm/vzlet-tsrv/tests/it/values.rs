//! The answers of the corpus have the values that their vectors say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use uzel_driver_sdk::Value;
use vzlet_tsrv::cells::Context;
use vzlet_tsrv::event;
use vzlet_tsrv::layout::{Block, Form, Layout, Run, conditions};
use vzlet_tsrv::tables::{tsrv02x, tsrv03x, tsrv024, tsrv043};

use crate::corpus::{data, vector};

type Cells = BTreeMap<(String, u8), f64>;

fn numbers(runs: &'static [Run], bytes: &[u8]) -> Cells {
    let columns = Context::default().columns(runs, 0);
    let named: BTreeSet<_> = columns
        .iter()
        .map(|(column, ..)| (column.id.clone(), column.point))
        .collect();
    assert_eq!(named.len(), columns.len(), "every column has a name of its own");
    let cells = columns.into_iter().map(|(column, run, at)| {
        let number = match run.form.value(bytes, at) {
            Value::Fixed(fixed) => fixed.digits as f64 / 10f64.powi(fixed.decimals.into()),
            Value::Float(number) => number,
            Value::Bits(bits) => bits as f64,
            other => panic!("{}: {other:?}", column.id),
        };
        ((column.id, column.point), number)
    });
    cells.collect()
}

/// Compares the values that a vector names: `(its name, our column, heat system)`; a list is numbered from 1.
fn compare(id: &str, cells: &Cells, decoded: &Json, pairs: &[(&str, &str, u8)]) {
    let mut compared = 0;
    let mut one = |name: &str, column: String, point: u8, want: &Json| {
        let got = cells
            .get(&(column.clone(), point))
            .unwrap_or_else(|| panic!("{id}: no {column} of {point}"));
        let want = want.as_f64().unwrap_or_else(|| panic!("{id}: {name} is {want}"));
        // The vectors print floats as decimals.
        assert!(
            (got - want).abs() <= want.abs() * 1e-6,
            "{id}: {column} is {got}, {name} {want}"
        );
        compared += 1;
    };
    for (name, column, point) in pairs {
        let value = &decoded[name];
        match value {
            Json::Null => panic!("{id} has no {name}"),
            Json::Array(list) if *point == u8::MAX => {
                for (system, want) in (1u8..).zip(list) {
                    one(name, (*column).to_owned(), system, want);
                }
            }
            Json::Array(list) => {
                for (number, want) in (1..).zip(list) {
                    one(name, format!("{column}{number}"), *point, want);
                }
            }
            number => one(name, (*column).to_owned(), *point, number),
        }
    }
    assert!(compared >= pairs.len());
}

fn held(layout: &Layout, record: &[u8]) -> Vec<(String, u8, Option<u32>)> {
    let all = conditions(layout.signs, layout.meanings, record, 1);
    all.into_iter()
        .map(|held| (held.code, held.point, held.duration_s))
        .collect()
}

fn told(code: &str, point: u8, duration_s: Option<u32>) -> (String, u8, Option<u32>) {
    (code.to_owned(), point, duration_s)
}

/// 2024-11-15 13:59:59, the time of most vectors.
const AFTERNOON: i64 = 1_731_679_199;

#[test]
fn records_of_the_024_have_their_values() {
    let pairs = [
        ("W_Gcal", "W", 0),
        ("M_t", "M", 0),
        ("pipeW_Gcal", "W", 0),
        ("pipeM_t", "M", 0),
        ("pipeV_m3", "V", 0),
        ("weighted_t_C", "tм", 0),
        ("avg_t_C", "t", 0),
        ("P_MPa", "P", 0),
        ("tcw_C", "tх", 0),
        ("Tnar_min", "Tнар", 0),
    ];
    for (id, more) in [
        ("024-hour-constructed", ("Tns_min", "Tнс", 0)),
        ("024-hour-fixture", ("Wgv_Gcal", "Wгв", 0)),
    ] {
        let record = data(id);
        let decoded = &vector(id)["decoded"];
        assert_eq!(record.len(), tsrv024::SYSTEM.size);
        assert_eq!(Layout::time(&record), decoded["time"].as_i64(), "{id}");
        let cells = numbers(tsrv024::SYSTEM.runs, &record);
        compare(id, &cells, decoded, &[&pairs[..], &[more]].concat());
    }
    let situation = [told("НС3", 1, Some(180)), told("АЛГ12", 1, None)];
    assert_eq!(held(&tsrv024::SYSTEM, &data("024-hour-constructed")), situation);
    assert_eq!(held(&tsrv024::SYSTEM, &data("024-hour-fixture")), []);
    assert_eq!(Layout::time(&data("024-hour-absent")), None);
    assert_eq!(data("024-hour-absent").len(), tsrv024::SYSTEM.size);
}

#[test]
fn summaries_and_growing_totals_of_the_024_have_their_values() {
    let pairs = [("W_Gcal", "Wсум", 0), ("M_t", "Mсум", 0), ("tnv_C", "tнв", 0)];
    let day = vector("024-summary-day");
    compare(
        "024-summary-day",
        &numbers(tsrv024::SUMMARY.runs, &data("024-summary-day")),
        &day["decoded"],
        &pairs,
    );
    let hours = data("024-summary-hour-x2");
    for (record, decoded) in hours
        .chunks(tsrv024::SUMMARY.size)
        .zip(vector("024-summary-hour-x2")["decoded"].as_array().unwrap())
    {
        compare(
            "024-summary-hour-x2",
            &numbers(tsrv024::SUMMARY.runs, record),
            decoded,
            &pairs,
        );
    }
    let totals = numbers(tsrv024::GROWING.runs, &data("024-totals-day"));
    let growing = [
        ("W_TS1_Gcal", "W итог", 1),
        ("M_TS1_t", "M итог", 1),
        ("Wgv_TS1_Gcal", "Wгв итог", 1),
    ];
    compare(
        "024-totals-day",
        &totals,
        &vector("024-totals-day")["decoded"],
        &growing,
    );
    assert_eq!(totals.values().filter(|number| **number == 0.0).count(), 6, "others");
    let public = data("024-totals-day-public");
    assert_eq!(Layout::time(&public), Some(1_367_020_799), "2013-04-26 23:59:59");
    assert!(
        numbers(tsrv024::GROWING.runs, &public)
            .values()
            .all(|number| *number == 0.0)
    );
}

#[test]
fn the_024m_plus_has_its_values() {
    let id = "024mplus-hour";
    let (record, vector) = (data(id), vector(id));
    assert_eq!((record.len(), Layout::time(&record)), (186, Some(AFTERNOON)));
    let cells = numbers(tsrv024::SYSTEM_PLUS.runs, &record);
    let pairs = [
        ("Tnar_min", "Tнар", 0),
        ("Tpit_min", "Tпит", 0),
        ("Tot_min", "Tот", 0),
        ("Tns_min", "Tнс", 0),
        ("Trej_min", "Tреж", 0),
        ("W_Gcal", "W", 0),
        ("Wgv_Gcal", "Wгв", 0),
        ("M_t", "M", 0),
        ("pipeM_t", "M", 0),
        ("pipeV_m3", "V", 0),
        ("weighted_t_C", "tм", 0),
        ("avg_t_C", "t", 0),
        ("P_MPa", "P", 0),
        ("tcw_C", "tх", 0),
        ("tnv_C", "tнв", 0),
    ];
    compare(id, &cells, &vector["decoded"], &pairs);
    let situations = [
        told("НС5", 1, Some(120)),
        told("НС27", 1, Some(180)),
        told("АЛГ12", 1, None),
    ];
    assert_eq!(held(&tsrv024::SYSTEM_PLUS, &record), situations);
}

fn block(blocks: &'static [Block], at: u16, count: u16) -> &'static Block {
    let found = blocks.iter().find(|block| (block.at, block.count) == (at, count));
    found.unwrap_or_else(|| panic!("no block {at:#x} x{count}"))
}

#[test]
fn registers_of_the_024_have_their_values() {
    let totals = block(tsrv024::TSRV024.totals, 0xc0be, 12);
    let cells = numbers(totals.runs, &data("024-read-totals-ts1"));
    let get = |id: &str| cells[&(id.to_owned(), 0)];
    assert!((get("W") - 12_345.678).abs() < 1e-6, "{}", get("W"));
    assert_eq!((get("Wгв"), get("M")), (1_234.5, 98_765.25));
    let times = block(tsrv024::TSRV024.totals, 0x8016, 12);
    let pairs = [
        ("Tnar_s", "Tнар", 0),
        ("Tidle_s", "Tпр", 0),
        ("Tpower_s", "Tпит", 0),
        ("Tfault_s", "Tот", 0),
        ("Tns_s", "Tнс", 0),
        ("Tmode_s", "Tреж", 0),
    ];
    let id = "024-read-times-ts1";
    compare(id, &numbers(times.runs, &data(id)), &vector(id)["decoded"], &pairs);
    // The driver reads more channels at once: the numbers are of the same form.
    let temperatures = data("024-read-temps");
    let values = (0..4).map(|place| Form::F32.value(&temperatures, place * 4));
    assert!(values.eq([70.25, 50.5, 5.0, 21.0].map(Value::Float)));
    let number = |id: &str| u32::from_be_bytes(*data(id).first_chunk().unwrap());
    assert_eq!(number("024-read-serial"), 802_485);
    assert_eq!(number("024-ascii-serial"), 802_485);
    assert_eq!(number("024-serial-fn3-reply"), 802_485);
    assert_eq!(number("024-read-clock"), 1_731_681_425);
    assert_eq!(i64::from(number("024-last-time")), AFTERNOON);
    assert_eq!(data("024-last-index"), [2, 0]);
    assert_eq!(data("024-us-fn3-reply"), [0, 0]);
}

#[test]
fn a_journal_of_the_024_has_its_entries() {
    let journal = tsrv024::TSRV024.journals[0];
    let entries = data("024-ns-journal-x2");
    let events: Vec<_> = entries.chunks(5).filter_map(|entry| event(journal, entry)).collect();
    let shown = events
        .iter()
        .map(|event| (event.code.as_str(), event.began, event.at.hour, event.at.minute));
    assert!(shown.eq([("НС3", Some(true), 13, 10), ("НС3", Some(false), 13, 13)]));
}

#[test]
fn records_of_the_034_and_the_030_have_their_values() {
    let hours = data("034-hour-x2");
    let vector_x2 = vector("034-hour-x2");
    let records: Vec<_> = hours.chunks(tsrv03x::HOUR.size).collect();
    let pairs = [
        ("M", "M", 0),
        ("t_C", "t", 0),
        ("work_s", "Tраб", 0),
        ("idle_s", "Tпр", 0),
    ];
    for (record, decoded) in records.iter().zip(vector_x2["decoded"].as_array().unwrap()) {
        let cells = numbers(tsrv03x::HOUR.runs, record);
        compare("034-hour-x2", &cells, decoded, &pairs);
        let heat = decoded["W_GJ"]
            .as_array()
            .unwrap()
            .iter()
            .map(|want| want.as_f64().unwrap());
        let got = (4..=6).map(|number| cells[&(format!("W{number}"), 0)]);
        assert!(got.eq(heat));
    }
    assert_eq!(held(&tsrv03x::HOUR, records[0]), []);
    assert_eq!(held(&tsrv03x::HOUR, records[1]), [told("НС3", 1, Some(180))]);
    let day = data("034-day");
    assert_eq!(day.len(), tsrv03x::DAY.size);
    compare(
        "034-day",
        &numbers(tsrv03x::DAY.runs, &day),
        &vector("034-day")["decoded"],
        &pairs[..2],
    );
    let situations = [told("НС3", 1, Some(78_000)), told("Сервис", 1, None)];
    assert_eq!(held(&tsrv03x::DAY, &day), situations);
    assert_eq!(
        (data("034-absent").len(), Layout::time(&data("034-absent"))),
        (53, None)
    );

    let id = "030-old-hour";
    let (old, decoded) = (data(id), &vector(id)["decoded"]);
    let cells = numbers(tsrv03x::OLD.runs, &old);
    let pairs = [
        ("W3_GJ", "W3", 0),
        ("ch", "M", 0),
        ("t_C", "t", 0),
        ("work_s", "Tраб", 0),
        ("idle_s", "Tпр", 0),
    ];
    compare(id, &cells, decoded, &pairs);
    assert_eq!(held(&tsrv03x::OLD, &old), [told("НС3", 1, Some(180))]);
}

#[test]
fn registers_of_the_034_have_their_values() {
    let temperatures = block(tsrv03x::TSRV030.current, 0xc000, 6);
    let id = "034-temps";
    compare(
        id,
        &numbers(temperatures.runs, &data(id)),
        &vector(id)["decoded"],
        &[("values", "t", 0)],
    );
    let totals = block(tsrv03x::TSRV034.totals, 0x8000, 22);
    let cells = numbers(totals.runs, &data("034-totals"));
    let pairs = [
        ("W_MJ", "W", 0),
        ("M_kg", "M", 0),
        ("work_s", "Tраб", 0),
        ("idle_s", "Tпр", 0),
    ];
    compare("034-totals", &cells, &vector("034-totals")["decoded"], &pairs);
    assert_eq!(cells[&("V1".to_owned(), 0)], 5_100.0, "0.001 m3");
    assert_eq!(data("034-serial"), 801_234u32.to_be_bytes());
    let formulas = data("034-formulas");
    let got = (0..6).map(|place| Form::I16(0).value(&formulas, place * 2));
    let want = [1, -2, 3, 0, 1, 0].map(|digits| Value::Fixed(uzel_driver_sdk::Fixed { digits, decimals: 0 }));
    assert!(got.eq(want));
}

#[test]
fn records_of_the_043_and_the_023_have_their_values() {
    let id = "043-hour";
    let (record, decoded) = (data(id), &vector(id)["decoded"]);
    assert_eq!((record.len(), Layout::time(&record)), (149, Some(AFTERNOON)));
    let pairs = [
        ("index", "индекс", 0),
        ("work_s", "Tнак", 0),
        ("V_l", "V", 0),
        ("M_kg", "M", 0),
        ("M_TS_kg", "M", u8::MAX),
        ("W_TS_MJ", "W", u8::MAX),
        ("t_C", "t", 0),
        ("tcw_C", "tх", 0),
        ("P_MPa", "P", 0),
        ("Pcw_MPa", "Pх", 0),
    ];
    compare(id, &numbers(tsrv043::HOUR.runs, &record), decoded, &pairs);
    assert_eq!(held(&tsrv043::HOUR, &record), []);

    let record = data("023-hour");
    assert_eq!((record.len(), Layout::time(&record)), (250, Some(AFTERNOON)));
    let cells = numbers(tsrv02x::WIDE_RECORD.runs, &record);
    let get = |id: &str, point: u8| cells[&(id.to_owned(), point)];
    assert_eq!((get("W1", 1), get("W2", 1), get("Tраб", 1)), (2.25, 1.0, 3_600.0));
    assert_eq!((get("t0", 0), get("Wсум", 0)), (5.0, 2.25));
    assert_eq!(
        (get("M1", 0), get("t1", 0), get("P1", 0), get("V1", 0)),
        (10.5, 95.12, 0.61, 10_950.0)
    );
    assert_eq!(
        (get("M2", 0), get("t2", 0), get("P2", 0), get("V2", 0)),
        (10.0, 55.01, 0.43, 10_125.0)
    );
}
