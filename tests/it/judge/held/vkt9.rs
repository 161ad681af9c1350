//! What a ВКТ-9 holds.

use meter_sim::TruthRecord;
use uzel::model::{Quality, RecordKind};

use super::{Held, HeldValue, cell, number};
use crate::judge::SeenCell;

/// Heat is in Gcal. What the truth does not tell is zero.
pub fn held(record: &TruthRecord, kind: RecordKind) -> Held {
    let cells = record.values.iter().map(|truth| {
        let (unit, value) = match truth.name.chars().next() {
            Some('Н') => {
                let flags = truth.digits.map_or(0, |(digits, _)| digits.unsigned_abs());
                ("", HeldValue::Flags(flags))
            }
            Some('Q') => ("Gcal", number(truth)),
            Some('M') => ("t", number(truth)),
            Some('V') => ("m3", number(truth)),
            Some('P') => ("MPa", number(truth)),
            Some('T') => ("min", number(truth)),
            _ => ("Cel", number(truth)),
        };
        cell(truth.name, truth.input, unit, value, Quality::Good)
    });
    let told = record.ns.iter().filter(|_| matches!(kind, RecordKind::Archive(_)));
    let conditions = told.map(|ns| (ns.input, format!("{} {:X}", ns.name.unwrap_or_default(), ns.code), None));
    Held {
        start: record.start,
        end: record.end,
        conditions: conditions.collect(),
        cells: cells.collect(),
        beside: Some(is_constant_or_zero),
        ..Held::default()
    }
}

/// What the simulated meter always says among the common registers, and heat, which its truth tells by system; codes of
/// now; and zeros.
fn is_constant_or_zero(cell: &SeenCell) -> bool {
    let is_common = cell.input == 0 && matches!(cell.id.as_str(), "W" | "Tвкл" | "Tэп" | "Pхв" | "tвозд" | "Q");
    let is_zero = cell.value == Some(0.0) || cell.text.as_deref() == Some("0x0");
    is_common || is_zero || cell.id == "СП" || cell.id.starts_with("НС")
}
