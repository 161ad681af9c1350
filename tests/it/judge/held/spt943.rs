//! What a СПТ943 holds: kgf/cm² and Gcal.

use std::collections::BTreeSet;

use meter_sim::TruthRecord;
use uzel::model::{Quality, RecordKind};

use super::{Held, HeldValue, cell, number};

pub fn held(record: &TruthRecord, kind: RecordKind) -> Held {
    let unit = |name: &str| match name {
        "t1" | "t2" | "t3" | "dt" | "tх" | "tв" => "Cel",
        "P1" | "P2" => "kgf/cm2",
        "V1" | "V2" | "V3" => "m3",
        "M1" | "M2" | "M3" => "t",
        "G1" | "G2" | "G3" => "m3/h",
        "Tи" => "h",
        _ => "Gcal",
    };
    let mut cells = Vec::new();
    for truth in &record.values {
        let is_sensor = matches!(truth.name, "t1" | "t2" | "t3" | "tх" | "tв" | "P1" | "P2");
        let value = match truth.value {
            Some(0.0) if is_sensor => HeldValue::NoSensor,
            _ => number(truth),
        };
        cells.push(cell(truth.name, truth.input, unit(truth.name), value, Quality::Good));
    }
    let inputs: BTreeSet<u8> = record.values.iter().map(|value| value.input).collect();
    let mut conditions = BTreeSet::new();
    for input in inputs.into_iter().filter(|_| kind != RecordKind::Totals) {
        let codes = record.ns.iter().filter(|ns| ns.input == input).map(|ns| ns.code);
        let bits = codes.clone().fold(0u64, |bits, code| bits | 1 << code);
        cells.push(cell("НС", input, "", HeldValue::Flags(bits), Quality::Good));
        // A number without decimals of its own.
        cells.push(cell("СП", input, "", HeldValue::Number(0.0, None), Quality::Good));
        conditions.extend(codes.map(|code| (input, format!("НС{code:02}"), column(code, kind))));
    }
    Held {
        start: record.start,
        end: record.end,
        conditions,
        cells,
        ..Held::default()
    }
}

/// The column that a simulated НС is about: 13 is the flow of sensor 1, 21 the masses of both pipes.
fn column(code: u32, kind: RecordKind) -> Option<String> {
    match (code, kind) {
        (13, RecordKind::Current) => Some("G1".to_owned()),
        (13, _) => Some("V1".to_owned()),
        _ => None,
    }
}
