//! What a СПЕ543 holds: kW and kWh of its channels and their groups.

use meter_sim::TruthRecord;
use uzel::model::Quality;

use super::{Held, HeldCell, HeldValue, cell};

/// The truth names the tariff and the unit only by what a value is called.
pub fn held(record: &TruthRecord) -> Held {
    let cells = record.values.iter().map(|truth| {
        let name = truth.name.rsplit('.').next().unwrap_or(truth.name);
        let unit = if name.starts_with('P') { "kW" } else { "kWh" };
        // Decimals come with every value and are no matter of its column.
        let value = truth
            .value
            .map_or(HeldValue::NoSensor, |value| HeldValue::Number(value, None));
        HeldCell {
            tariff: name.strip_prefix('W').and_then(|rest| rest.parse().ok()).unwrap_or(0),
            ..cell(truth.name, truth.input, unit, value, Quality::Good)
        }
    });
    let conditions = record.ns.iter().map(|ns| (ns.input, format!("{:02}", ns.code), None));
    Held {
        start: record.start,
        end: record.end,
        conditions: conditions.collect(),
        cells: cells.collect(),
        // The tariff of now is the device's own.
        beside: Some(|cell| cell.id == "ТрД"),
        ..Held::default()
    }
}
