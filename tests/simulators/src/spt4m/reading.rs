//! What a meter gives for a name, out of what its heat inputs or gas pipes did.

use super::model::M4Model;
use super::tags::Tagged;
use crate::spt::{SptRow, Sums};

/// Cold water of the contract, °C: it stands in records, and nothing stands in live values.
const COLD_WATER_C: f32 = 5.0;

/// Compressibility, conversion factor, barometric pressure: constants of the contract.
const COMPRESSIBILITY: f32 = 0.953125;
const CONVERSION: f32 = 6.25;
const BAROMETRIC_KGF: f32 = 1.03125;

/// One interval of both inputs, or the running hour.
pub struct Reading {
    pub model: M4Model,
    pub rows: [SptRow; 2],
    pub live: bool,
    /// The second heat input is not in use.
    pub one_input: bool,
}

impl Reading {
    /// The value of `name` of an input (0: of the device).
    pub fn value(&self, name: &str, input: u8) -> Tagged {
        if self.one_input && input == 2 && self.model == M4Model::Spt943rev3 {
            return unused(name, self.model);
        }
        match name {
            "СП" => Tagged::Whole(0),
            "НС" => Tagged::Flags(self.flags(input), self.model.flag_bytes()),
            "ДС" => Tagged::Flags(0, self.model.flag_bytes()),
            "tх" if !self.live => Tagged::Float(COLD_WATER_C),
            "Pб" => Tagged::Float(BAROMETRIC_KGF),
            "Ксж1" | "Ксж2" => Tagged::Float(COMPRESSIBILITY),
            "Кпр1" | "Кпр2" => Tagged::Float(CONVERSION),
            _ => self.measured(name, input),
        }
    }

    fn row(&self, input: u8) -> &SptRow {
        &self.rows[usize::from(input == 2)]
    }

    fn measured(&self, name: &str, input: u8) -> Tagged {
        let row = self.row(input);
        let gas = self.model.is_gas();
        let float = |number: f64| Tagged::Float(number as f32);
        match name {
            "t1" | "t2" if gas => Tagged::Float(row.t[0]),
            "P1" | "P2" if gas => Tagged::Float(row.p[0]),
            "Q" if gas => float(self.rows[0].sums.m[0] + self.rows[1].sums.m[0]),
            "Q1" | "Q2" => float(row.sums.m[0]),
            "Qр1" | "Qр2" => float(row.sums.v[0]),
            "Q" if self.model == M4Model::Lgk410 => float(row.sums.v[0]),
            "t1" => Tagged::Float(row.t[0]),
            "t2" => Tagged::Float(row.t[1]),
            "dt" => Tagged::Float(row.t[0] - row.t[1]),
            "P1" if !gas => Tagged::Float(row.p[0]),
            "P2" if !gas => Tagged::Float(row.p[1]),
            "G1" => float(row.sums.v[0]),
            "G2" => float(row.sums.v[1]),
            "G3" => float(row.sums.v[2]),
            "Gм1" => float(row.sums.m[0]),
            "Gм2" => float(row.sums.m[1]),
            "Gм3" => float(row.sums.m[2]),
            _ => amount(self.model, name, input, &self.rows.map(|row| row.sums)).map_or(Tagged::None, float),
        }
    }

    /// НС of an input; of the device where it has the only list.
    fn flags(&self, input: u8) -> u128 {
        let of = |input: u8| codes(self.model, input, self.row(input)).fold(0u128, |flags, code| flags | 1 << code);
        match (self.model, input) {
            (M4Model::Spt943rev3, 0) => 0,
            (_, 0) => of(1) | of(2),
            _ => of(input),
        }
    }
}

/// НС codes of a row: the history has those of a legacy СПТ943.
pub fn codes(model: M4Model, input: u8, row: &SptRow) -> impl Iterator<Item = u32> + use<> {
    let (imbalance, above_max) = model.ns_codes(input);
    let ns = row.ns;
    [(21, imbalance), (13, above_max)]
        .into_iter()
        .filter(move |(bit, _)| ns >> bit & 1 == 1)
        .map(|(_, code)| code)
}

/// What was counted under `name`; nothing where nothing is counted under it.
pub fn amount(model: M4Model, name: &str, input: u8, sums: &[Sums; 2]) -> Option<f64> {
    let own = &sums[usize::from(input == 2)];
    let both = |of: fn(&Sums) -> f64| of(&sums[0]) + of(&sums[1]);
    Some(match name {
        "V" => both(|sums| sums.m[0]),
        "Vр1" | "Vр2" => own.v[0],
        "V1" | "V2" if model.is_gas() => own.m[0],
        "Vп" if model == M4Model::Lgk410 => own.v[0],
        "Vп" | "Vо" => 0.0,
        "V1" => own.v[0],
        "V2" => own.v[1],
        "V3" => own.v[2],
        "M1" => own.m[0],
        "M2" => own.m[1],
        "M3" => own.m[2],
        "Qс" => both(|sums| sums.q),
        "Q" if input == 0 => both(|sums| sums.q),
        "Q" => own.q,
        "Qг" => own.qg,
        "Tи" | "Tш" | "Tв" => own.ti,
        "Tн" | "Tmin" | "Tmax" | "Tdt" | "Tэп" | "Tф" => 0.0,
        _ if name.starts_with("СТ") => 0.0,
        _ => return None,
    })
}

/// An input that is not in use: scheme 99, timers 0, nothing measured (captured).
fn unused(name: &str, model: M4Model) -> Tagged {
    match name {
        "СП" => Tagged::Whole(99),
        "НС" | "ДС" => Tagged::Flags(0, model.flag_bytes()),
        _ if name.starts_with('T') => Tagged::Float(0.0),
        _ => Tagged::None,
    }
}
