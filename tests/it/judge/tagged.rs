//! What a meter of the extended M4 dialect holds: kgf/cm² and Gcal, names as the maker has them.

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use meter_sim::{TruthNs, TruthRecord};
use uzel::model::{Quality, RecordKind};

use super::held::{Held, HeldCell, HeldValue, cell};

/// Which meter it is shows in its names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Heat,
    /// СПТ944 keeps the flags of its inputs behind the 64th of the device.
    Wide,
    Gas,
    Flow,
}

pub fn tagged(record: &TruthRecord, kind: RecordKind) -> Held {
    let has = |name: &str| record.values.iter().any(|value| value.name == name);
    let is = if has("Vр1") || has("Qр1") {
        Kind::Gas
    } else if has("Qс") || has("tог") {
        Kind::Wide
    } else if has("Vо") || (has("Q") && has("ДС") && !has("СП")) {
        Kind::Flow
    } else {
        Kind::Heat
    };
    let mut cells: Vec<HeldCell> = Vec::new();
    for truth in &record.values {
        let value = match (truth.name, truth.value) {
            ("НС", _) => HeldValue::Flags(flags(record, is, truth.input)),
            ("ДС", _) => HeldValue::Flags(0),
            (_, Some(value)) => HeldValue::Number(value, None),
            (_, None) => HeldValue::NoSensor,
        };
        let quality = Quality::Good;
        cells.push(cell(truth.name, truth.input, unit(truth.name, is), value, quality));
    }
    if is == Kind::Wide && kind != RecordKind::Totals {
        for input in [1, 2] {
            let shift = 48 + 16 * u32::from(input);
            let own = codes(record, input).filter(|code| *code >= 64);
            let own = own.fold(0u64, |bits, code| bits | 1 << (code - shift));
            cells.push(cell("НС", input, "", HeldValue::Flags(own), Quality::Good));
            cells.push(cell("ДС", input, "", HeldValue::Flags(0), Quality::Good));
        }
    }
    let with_ns = record.ns.iter().filter(|_| kind != RecordKind::Totals);
    Held::new(
        record.start,
        record.end,
        with_ns.map(|ns| condition(ns, is, kind)).collect::<BTreeSet<_>>(),
        cells,
    )
}

fn codes(record: &TruthRecord, input: u8) -> impl Iterator<Item = u32> {
    record.ns.iter().filter(move |ns| ns.input == input).map(|ns| ns.code)
}

fn flags(record: &TruthRecord, is: Kind, input: u8) -> u64 {
    let all = |code: &u32| *code < 64;
    let bits = |bits: u64, code: u32| bits | 1 << code;
    match (is, input) {
        (Kind::Gas | Kind::Wide, _) => record.ns.iter().map(|ns| ns.code).filter(all).fold(0, bits),
        _ => codes(record, input).fold(0, bits),
    }
}

/// Heat input, code, column. The simulator has two situations: masses that do not balance (of gas: a delivery above the
/// norm), and a flow above its limit.
fn condition(ns: &TruthNs, is: Kind, kind: RecordKind) -> (u8, String, Option<String>) {
    let live = kind == RecordKind::Current;
    let (input, column) = match (is, ns.code) {
        (Kind::Gas, 25) | (Kind::Wide, 0..64) => (0, None),
        (Kind::Gas, _) => (ns.input, Some(format!("{}р{}", if live { "Q" } else { "V" }, ns.input))),
        (Kind::Heat, 12 | 13 | 38) => (ns.input, Some(if live { "G1" } else { "V1" }.to_owned())),
        _ => (ns.input, None),
    };
    (input, format!("НС{:02}", ns.code), column)
}

fn unit(name: &str, is: Kind) -> &'static str {
    match name {
        "СП" | "НС" | "ДС" => return "",
        "Ксж1" | "Ксж2" | "Кпр1" | "Кпр2" => return "1",
        _ => {}
    }
    let is_heat = matches!(is, Kind::Heat | Kind::Wide);
    match name.chars().next() {
        Some('t') => "Cel",
        Some('d') if is_heat => "Cel",
        Some('P' | 'd') => "kgf/cm2",
        Some('G') if name.starts_with("Gм") => "t/h",
        Some('G') => "m3/h",
        Some('V') => "m3",
        Some('M') => "t",
        Some('Q') if is_heat => "Gcal",
        Some('Q') => "m3/h",
        _ => "h",
    }
}

impl Held {
    fn new(
        start: DateTime,
        end: DateTime,
        conditions: BTreeSet<(u8, String, Option<String>)>,
        cells: Vec<HeldCell>,
    ) -> Self {
        Self {
            start,
            end,
            conditions,
            cells,
            ..Held::default()
        }
    }
}
