//! What a ТСРВ holds, in the words of its driver.

use meter_sim::{TruthNs, TruthRecord, TsrvModel};
use uzel::model::{Quality, RecordKind};

use super::held::{Held, HeldValue, cell, number};

/// A record of a ТСРВ.
pub fn tsrv(model: TsrvModel, record: &TruthRecord, kind: RecordKind) -> Held {
    let cells = record.values.iter().map(|truth| {
        let is_flags = matches!(truth.name, "НС" | "АЛГ" | "СОСТ") || truth.name.starts_with("сост");
        let value = match truth.value {
            Some(bits) if is_flags => HeldValue::Flags(bits as u64),
            _ => number(truth),
        };
        cell(
            truth.name,
            truth.input,
            unit(model, truth.name, kind),
            value,
            Quality::Good,
        )
    });
    Held {
        start: record.start,
        end: record.end,
        conditions: record.ns.iter().map(condition).collect(),
        cells: cells.collect(),
        ..Held::default()
    }
}

/// Above 100 000 it is an input bit, above 1 000 a bit of the algorithm word.
fn condition(ns: &TruthNs) -> (u8, String, Option<String>) {
    let code = match ns.code {
        100_000.. => ns.code.to_string(),
        1_000.. => format!("АЛГ{}", ns.code - 1_000),
        code => format!("НС{code}"),
    };
    (ns.input, code, None)
}

fn unit(model: TsrvModel, name: &str, kind: RecordKind) -> &'static str {
    use TsrvModel::{Tsrv023, Tsrv024m, Tsrv024mPlus, Tsrv034, Tsrv043};
    let is_totals = kind == RecordKind::Totals;
    let is_024 = matches!(model, Tsrv024m | Tsrv024mPlus);
    let head = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    match (head, model) {
        ("W" | "Wгв" | "Wсум" | "W итог" | "Wгв итог", Tsrv024m | Tsrv024mPlus) => "Gcal",
        ("W", Tsrv034) if is_totals => "MJ",
        ("W", Tsrv043) => "MJ",
        ("W" | "Wсум", _) => "GJ",
        ("M", Tsrv034) if is_totals => "kg",
        ("M", Tsrv043) => "kg",
        ("M" | "Mсум" | "M итог", _) => "t",
        ("V", Tsrv023 | Tsrv043) => "l",
        ("V", _) => "m3",
        ("Q", Tsrv023) => "m3/s",
        ("Q" | "ПР", _) => "m3/h",
        ("G", Tsrv023) => "kg/s",
        ("G", _) => "t/h",
        ("E", Tsrv023) => "MW",
        ("E" | "Eгв", _) if is_024 => "Gcal/h",
        ("E", _) => "GJ/h",
        ("P" | "Pх" | "ПД", _) => "MPa",
        ("t" | "tм" | "tх" | "tнв" | "ПТ", _) => "Cel",
        (head, _) if head.starts_with('T') && is_024 && !is_totals => "min",
        (head, _) if head.starts_with('T') => "s",
        _ => "",
    }
}
