//! What a ВКТ-4М with pressure sensors holds.

use meter_sim::{TruthNs, TruthRecord};
use uzel::model::Quality;

use super::{Held, HeldValue, cell, number};

/// One record; codes of НС2 are those from 0x200 on.
pub fn held(record: &TruthRecord) -> Held {
    let cells = record.values.iter().map(|truth| {
        let flags = truth.digits.map_or(0, |(digits, _)| digits.unsigned_abs());
        let (unit, value) = match truth.name.chars().next() {
            Some('V') => ("m3", number(truth)),
            Some('M') => ("t", number(truth)),
            Some('W') => ("Gcal", number(truth)),
            Some('P') => ("kgf/cm2", number(truth)),
            Some('t') => ("Cel", number(truth)),
            Some('T') => ("min", number(truth)),
            Some('Н') => ("", HeldValue::Flags(flags)),
            _ => ("1", number(truth)),
        };
        cell(truth.name, truth.input, unit, value, Quality::Good)
    });
    let condition = |ns: &TruthNs| {
        let code = match ns.code.checked_sub(0x200) {
            Some(bit) => format!("НС2.{bit}"),
            None => format!("НС.{}", ns.code),
        };
        (ns.input, code, ns.name.map(str::to_owned))
    };
    Held {
        start: record.start,
        end: record.end,
        conditions: record.ns.iter().map(condition).collect(),
        cells: cells.collect(),
        ..Held::default()
    }
}
