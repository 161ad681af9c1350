//! Electricity meters of IEC 62056-21 and SML.

use std::collections::BTreeSet;

use meter_sim::{TruthNs, TruthRecord};
use uzel::model::{ArchiveKind, Quality, RecordKind};

use super::{Held, HeldCell, HeldValue, cell};

/// Decimals come with every value and are no matter of its column.
pub fn iec(record: &TruthRecord, kind: RecordKind) -> Held {
    let bits = record.ns.iter().fold(0u64, |bits, ns| bits | u64::from(ns.code));
    let quality = if bits & 4 == 0 {
        Quality::Good
    } else {
        Quality::Doubtful
    };
    let mut cells = Vec::new();
    for truth in &record.values {
        let register = truth.name.trim_start_matches("1-0:");
        let unit = match register {
            "1.6.0" | "1.7.0" => "kW",
            name if name.starts_with('3') => "kvarh",
            _ => "kWh",
        };
        let tariff = register.strip_prefix("1.8.").and_then(|tariff| tariff.parse().ok());
        let value = HeldValue::Number(truth.value.expect("all its values are numbers"), None);
        cells.push(HeldCell {
            tariff: tariff.unwrap_or(0),
            ..cell(truth.name, 0, unit, value, quality)
        });
    }
    let text = |id: &str, text: &str| cell(id, 0, "", HeldValue::Text(text.to_owned()), Quality::Good);
    match kind {
        RecordKind::Current if record.values.iter().any(|value| value.name == "1.7.0") => {
            cells.push(text("F.F", "00000000"))
        }
        RecordKind::Current => cells.push(text("0-0:96.14.0", "0002")),
        RecordKind::Archive(ArchiveKind::Hourly) => {
            cells.push(cell("status", 0, "", HeldValue::Flags(bits), Quality::Good));
        }
        RecordKind::Archive(_) => cells.push(cell("1.6.0 at", 0, "", HeldValue::Any, Quality::Good)),
        _ => {}
    }
    let condition = |ns: &TruthNs| (ns.input, format!("{:02X}", ns.code), None);
    Held {
        start: record.start,
        end: record.end,
        conditions: record.ns.iter().map(condition).collect(),
        cells,
        ..Held::default()
    }
}

/// Its clock shows no time of day: the host's own stands for it.
pub fn sml(record: &TruthRecord, kind: RecordKind) -> Held {
    let made = |truth: &meter_sim::TruthValue| {
        let (unit, tariff) = match truth.name {
            "1-0:16.7.0" => ("W", 0),
            "1-0:1.8.1" => ("Wh", 1),
            "1-0:1.8.2" => ("Wh", 2),
            _ => ("Wh", 0),
        };
        let value = HeldValue::Number(truth.value.expect("all its values are numbers"), None);
        HeldCell {
            tariff,
            ..cell(truth.name, 0, unit, value, Quality::Good)
        }
    };
    let mut cells: Vec<_> = record.values.iter().map(made).collect();
    if kind == RecordKind::Current {
        cells.push(cell("sensor-time", 0, "s", HeldValue::Any, Quality::Good));
    }
    Held {
        start: record.start,
        end: record.end,
        conditions: BTreeSet::new(),
        cells,
        ..Held::default()
    }
}
