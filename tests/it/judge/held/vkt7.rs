//! What a ВКТ-7 holds: kgf/cm², Gcal and m³/h.

use std::collections::BTreeSet;

use meter_sim::{TruthNs, TruthRecord};
use uzel::model::{Quality, RecordKind};

use super::{Held, HeldValue, cell, number};

pub fn held(record: &TruthRecord, kind: RecordKind, totals: Option<&TruthRecord>) -> Held {
    let mut cells = Vec::new();
    let get = |name, input| {
        let found = record
            .values
            .iter()
            .find(|value| (value.name, value.input) == (name, input));
        found.and_then(|value| value.value)
    };
    for truth in &record.values {
        let concerned = |ns: &&TruthNs| ns.input == truth.input && ns.name == Some(truth.name);
        let is_doubtful = record.ns.iter().any(|ns| concerned(&ns));
        let is_mean = matches!(truth.name, "t1" | "t2" | "t3" | "P1" | "P2" | "dt");
        let was_off = get("ВНР", truth.input) == Some(0.0) && get("ВОС", truth.input) == Some(0.0);
        let value = match truth.value {
            Some(value) if is_mean && was_off => HeldValue::OffOr(value),
            _ => number(truth),
        };
        let quality = if is_doubtful { Quality::Doubtful } else { Quality::Good };
        cells.push(cell(truth.name, truth.input, unit(truth.name), value, quality));
    }
    for total in totals.iter().flat_map(|totals| &totals.values) {
        let id = format!("{} итог", total.name);
        cells.push(cell(&id, total.input, unit(total.name), number(total), Quality::Good));
    }
    if kind != RecordKind::Totals {
        let inputs: BTreeSet<u8> = record
            .values
            .iter()
            .map(|value| value.input)
            .filter(|input| *input > 0)
            .collect();
        for input in inputs {
            let has_ns = record.ns.iter().any(|ns| ns.input == input);
            // An hour without power has the sign, and no element has a code.
            let is_normal = get("ВОС", input) == Some(0.0);
            let sign = match (has_ns, is_normal) {
                (true, _) => HeldValue::Flags(1),
                (false, true) => HeldValue::Flags(0),
                (false, false) => HeldValue::Any,
            };
            cells.push(cell("НС", input, "", sign, Quality::Good));
        }
    }
    let condition = |ns: &TruthNs| (ns.input, format!("{:02X}", ns.code), ns.name.map(str::to_owned));
    Held {
        start: record.start,
        end: record.end,
        conditions: record.ns.iter().map(condition).collect(),
        cells,
        ..Held::default()
    }
}

fn unit(name: &str) -> &'static str {
    match name {
        "t1" | "t2" | "t3" | "dt" | "tх" | "ta" => "Cel",
        "V1" | "V2" | "V3" => "m3",
        "M1" | "M2" | "M3" | "Мг" => "t",
        "P1" | "P2" | "P3" => "kgf/cm2",
        "Qо" | "Qг" => "Gcal",
        "G1" | "G2" | "G3" => "m3/h",
        _ => "h",
    }
}
