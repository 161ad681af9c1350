//! A ВКТ-5 with pressures in MPa.

use meter_sim::{TruthNs, TruthRecord};
use uzel::model::Quality;

use super::{Held, HeldValue, cell};

/// Names of situations by their ordinals.
const SITUATIONS: [&str; 9] = [
    "Tmax",
    "Tmin",
    "Pmax",
    "Pmin",
    "Gmax",
    "Gmin",
    "GSit",
    "Sost",
    "NoPowerCnt",
];

pub fn held(record: &TruthRecord) -> Held {
    // Firmware before 6 has the temperature of the heating system, and its configuration does not say what is by contract.
    let is_new = record.values.iter().all(|value| value.name != "Tсо");
    let cells = record.values.iter().map(|truth| {
        let value = truth
            .value
            .map_or(HeldValue::NoSensor, |value| HeldValue::Number(value, None));
        // Constants of the contract in the simulated configuration.
        let quality = match truth.name {
            "P6" => Quality::Substituted,
            "Tхв" if is_new => Quality::Substituted,
            _ => Quality::Good,
        };
        cell(truth.name, truth.input, unit(truth.name), value, quality)
    });
    let condition = |ns: &TruthNs| {
        let place = usize::try_from(ns.code).expect("it is small");
        let code = SITUATIONS[place - 1].to_owned();
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

fn unit(name: &str) -> &'static str {
    match name {
        "T1" | "T2" | "T5" | "T6" | "Tхв" | "Tнв" | "Tсо" => "Cel",
        "P1" | "P2" | "P5" | "P6" | "dP" => "MPa",
        "M1" | "M2" | "M5" | "M6" | "M" => "t",
        "W" | "W1" | "W2" => "GJ",
        _ => "min",
    }
}
