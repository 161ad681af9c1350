//! What a meter of the magistral protocol holds: kgf/cm² and Gcal.

use meter_sim::TruthRecord;
use uzel::model::Quality;

use super::{Held, HeldValue, cell};

/// Decimals come with every value and are no matter of its column.
pub fn held(record: &TruthRecord) -> Held {
    let unit = |name: &str| match name.rsplit('.').next().unwrap_or(name) {
        "T" | "Tхв" | "Tнв" => "Cel",
        "P" => "kgf/cm2",
        "M" | "Mи" | "dM" => "t",
        "W" | "Wи" | "dW" => "Gcal",
        "V" | "Vo" => "m3",
        "G" => "t/h",
        _ => "h",
    };
    let mut cells = Vec::new();
    for truth in &record.values {
        let is_starred = record.ns.iter().any(|ns| ns.name == Some(truth.name));
        let quality = if is_starred { Quality::Doubtful } else { Quality::Good };
        let value = truth
            .value
            .map_or(HeldValue::NoSensor, |value| HeldValue::Number(value, None));
        cells.push(cell(truth.name, truth.input, unit(truth.name), value, quality));
    }
    let summaries = record
        .ns
        .iter()
        .filter(|ns| ns.name.is_some_and(|name| name.ends_with("НСо")));
    for ns in summaries {
        let name = ns.name.expect("it has a name");
        cells.push(cell(
            name,
            ns.input,
            "",
            HeldValue::Text(ns.code.to_string()),
            Quality::Good,
        ));
    }
    let on_now = record.ns.iter().filter(|ns| ns.name.is_none());
    Held {
        start: record.start,
        end: record.end,
        conditions: on_now.map(|ns| (ns.input, format!("{:02}", ns.code), None)).collect(),
        cells,
        ..Held::default()
    }
}
