//! What an M-Bus slave holds.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use meter_sim::{TruthRecord, TruthValue};
use uzel::model::{Quality, RecordKind};

use super::{Held, HeldCell, HeldValue, cell, number};

/// Counters are totals; what is measured now, and the status byte, are current values. Kept values of which no date came
/// through stand among the totals under their storage number: 1 is the due date, 2 the newest end of a month.
pub fn moment(record: &TruthRecord, kind: RecordKind, kept: &[Vec<TruthRecord>]) -> Held {
    let is_total = |name: &str| matches!(column(name).0, "energy" | "volume" | "on-time");
    let of_kind = |value: &&TruthValue| is_total(value.name) == (kind == RecordKind::Totals);
    let mut cells: Vec<_> = record.values.iter().filter(of_kind).map(one).collect();
    if kind == RecordKind::Current {
        cells.push(cell("status", 0, "", HeldValue::Flags(0), Quality::Good));
    }
    let periods = kept.iter().flat_map(|records| records.iter().rev());
    let stored = periods.zip(1u32..).flat_map(|(record, storage)| {
        let name = move |cell: HeldCell| {
            let (name, tariff) = cell
                .id
                .split_once('/')
                .map_or((&*cell.id, ""), |(name, tariff)| (name, tariff));
            let tariff = if tariff.is_empty() {
                String::new()
            } else {
                format!("/{tariff}")
            };
            HeldCell {
                id: format!("{name}@{storage}{tariff}"),
                ..cell
            }
        };
        record.values.iter().map(one).map(name)
    });
    Held {
        start: record.start,
        end: record.end,
        conditions: BTreeSet::new(),
        cells,
        more: stored.filter(|_| kind == RecordKind::Totals).collect(),
        beside: None,
    }
}

/// Counters at the ends of months and at the due date, as intervals. A stamp of 23:59 or of a last day means the end of
/// that day; the first day of a month means its begin.
pub fn months<'a>(records: impl Iterator<Item = &'a TruthRecord>) -> Vec<Held> {
    let mut months: Vec<Held> = Vec::new();
    for record in records {
        let day = record.end.date();
        let last = if day.day() == 1 && record.end.hour() == 0 {
            day
        } else {
            day.saturating_add(1.day())
        };
        let (start, end) = (last.saturating_sub(1.month()).at(0, 0, 0, 0), last.at(0, 0, 0, 0));
        if months.iter().any(|month| month.end == end) {
            continue;
        }
        let cells = record.values.iter().map(one).collect();
        months.push(Held {
            start,
            end,
            conditions: BTreeSet::new(),
            cells,
            ..Held::default()
        });
    }
    months.sort_by_key(|month| month.end);
    months
}

/// Column and unit of a value; the names of the truth end with their units.
fn column(name: &str) -> (&'static str, &'static str) {
    match name {
        "energy_kwh" => ("energy", "kWh"),
        "energy_wh" => ("energy", "Wh"),
        "volume_m3" => ("volume", "m3"),
        "on_time_h" => ("on-time", "h"),
        "flow_temperature_c" => ("flow-temperature", "Cel"),
        "return_temperature_c" => ("return-temperature", "Cel"),
        "temperature_difference_k" => ("temperature-difference", "K"),
        "power_kw" => ("power", "kW"),
        "power_w" => ("power", "W"),
        "flow_m3_h" => ("volume-flow", "m3/h"),
        "voltage_v" => ("voltage", "V"),
        "current_a" => ("current", "A"),
        other => panic!("{other} is no value of an M-Bus slave"),
    }
}

fn one(truth: &TruthValue) -> HeldCell {
    let (id, unit) = column(truth.name);
    let id = if truth.input > 0 {
        format!("{id}/{}", truth.input)
    } else {
        id.to_owned()
    };
    HeldCell {
        tariff: truth.input,
        ..cell(&id, 1, unit, number(truth), Quality::Good)
    }
}
