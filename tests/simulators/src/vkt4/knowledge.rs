//! What a ВКТ-4 holds: its records by label, its totals; and the same in the words of [`crate::truth`].

use super::builder::{Vkt4Config, Vkt4Model};
use super::history::{Row, Vkt4History};
use crate::civil::{self, DAY_H};
use crate::clock::SimClock;
use crate::truth::{Truth, TruthKind, TruthNs, TruthRecord, TruthValue};
use std::sync::Arc;

/// Records in the rings.
const HOURS: i64 = 1_080;
const DAYS: i64 = 45;

/// Pressures of the contract, kgf/cm², and as ВКТ-4М-2 gives them in its records.
pub const CONTRACT: [u8; 4] = [6, 4, 6, 4];

const V: [&str; 4] = ["V1", "V2", "V3", "V4"];
const M: [&str; 4] = ["M1", "M2", "M3", "M4"];
const T: [&str; 4] = ["t1", "t2", "t3", "t4"];
const P: [&str; 4] = ["P1", "P2", "P3", "P4"];
const G_TIME: [&str; 4] = ["Tнс2 G1", "Tнс2 G2", "Tнс2 G3", "Tнс2 G4"];
const W: [&str; 2] = ["W1", "W2"];

/// One meter and its clock.
#[derive(Clone)]
pub struct Knowledge {
    pub config: Vkt4Config,
    pub history: Arc<Vkt4History>,
    pub clock: SimClock,
}

impl Knowledge {
    /// The first hour in the archives.
    pub fn since(&self) -> i64 {
        self.history.origin_hour.max(self.config.installed_hour)
    }

    fn is_held(&self, hour: i64) -> bool {
        let (from, to) = self.config.missing;
        hour >= self.since() && !(from..to).contains(&hour)
    }

    /// The record of the hour that begins then.
    pub fn hour(&self, hour: i64) -> Option<Row> {
        let now = self.clock.now_hour();
        let is_kept = (now - HOURS..now).contains(&hour) && self.is_held(hour);
        is_kept.then(|| self.history.hour(hour))?.map(|row| self.shown(row))
    }

    /// The record of a day.
    pub fn day(&self, day: i64) -> Option<Row> {
        let today = civil::day_of(self.clock.now_hour());
        if !(today - DAYS..today).contains(&day) {
            return None;
        }
        let hours = (day * DAY_H..(day + 1) * DAY_H).filter(|hour| self.is_held(*hour));
        self.history.whole(hours).map(|row| self.shown(row))
    }

    /// With the pressures that this model gives.
    fn shown(&self, mut row: Row) -> Row {
        if self.config.model == Vkt4Model::FourPipes {
            row.p = CONTRACT.map(|pressure| i64::from(pressure) * 100);
        }
        row
    }

    /// Pressures now, hundredths of kgf/cm².
    pub fn pressures(&self) -> [i64; 4] {
        let row = self.history.hour(self.clock.now_hour()).unwrap_or_default();
        self.shown(row).p
    }

    pub fn pipes(&self) -> usize {
        if self.config.model == Vkt4Model::TwoPipes { 2 } else { 4 }
    }

    fn interval(&self, start_hour: i64, hours: i64, row: &Row) -> TruthRecord {
        let model = self.config.model;
        let (is_4m, is_day) = (model != Vkt4Model::Vkt4, hours > 1);
        let mut values = Vec::new();
        for pipe in 0..self.pipes() {
            values.push(float(V[pipe], pipe / 2, row.v_m3[pipe]));
            values.push(float(M[pipe], pipe / 2, row.m_t[pipe]));
            values.push(digits(T[pipe], pipe / 2, row.t[pipe], 2));
            if is_4m {
                values.push(digits(P[pipe], pipe / 2, row.p[pipe], 2));
                values.push(digits(G_TIME[pipe], pipe / 2, row.g_min[pipe].into(), 0));
            }
        }
        let mut ns = Vec::new();
        for (input, heat) in W.iter().enumerate().take(self.pipes() / 2) {
            values.push(digits("НС", input, row.ns[input].into(), 0));
            values.push(digits("Tнс", input, row.ns_min[input].into(), 0));
            situations(&mut ns, input, row.ns[input], 0);
            if is_4m || is_day {
                values.push(float(heat, input, row.w_gcal[input]));
            }
            if is_4m {
                values.push(digits("НС2", input, row.ns2[input].into(), 0));
                values.push(digits("Tнс2 P", input, row.p_min[input].into(), 0));
                situations(&mut ns, input, row.ns2[input], 0x200);
            }
        }
        if is_4m {
            values.push(TruthValue {
                input: 0,
                ..digits("СП", 0, SCHEME.into(), 0)
            });
        }
        TruthRecord {
            start: civil::civil_of_hour(start_hour),
            end: civil::civil_of_hour(start_hour + hours),
            values,
            ns,
        }
    }

    fn moment(&self, values: Vec<TruthValue>) -> Vec<TruthRecord> {
        let at = civil::civil_of_hour(self.clock.now_hour());
        vec![TruthRecord {
            start: at,
            end: at,
            values,
            ns: Vec::new(),
        }]
    }
}

/// The scheme that every meter here has.
pub const SCHEME: u8 = 3;

impl Truth for Knowledge {
    fn truth(&self, kind: TruthKind) -> Vec<TruthRecord> {
        let now = self.clock.now_hour();
        let today = civil::day_of(now);
        match kind {
            TruthKind::Hourly => (now - HOURS..now)
                .filter_map(|hour| Some(self.interval(hour, 1, &self.hour(hour)?)))
                .collect(),
            TruthKind::Daily => (today - DAYS..today)
                .filter_map(|day| Some(self.interval(day * DAY_H, DAY_H, &self.day(day)?)))
                .collect(),
            TruthKind::Current if self.config.model != Vkt4Model::Vkt4 => {
                let pressures = self.pressures();
                let values = (0..self.pipes()).map(|pipe| digits(P[pipe], pipe / 2, pressures[pipe], 2));
                self.moment(values.collect())
            }
            TruthKind::TotalsNow => {
                let (v, w) = self.history.totals_before(now);
                let volumes = (0..self.pipes()).map(|pipe| float(V[pipe], pipe / 2, v[pipe]));
                let heat = (0..self.pipes() / 2).map(|input| float(W[input], input, w[input]));
                self.moment(volumes.chain(heat).collect())
            }
            TruthKind::Current | TruthKind::Monthly | TruthKind::TotalsArchive => Vec::new(),
        }
    }
}

/// One НС for each bit, those of НС2 from 0x200 on.
fn situations(ns: &mut Vec<TruthNs>, input: usize, code: u8, set: u32) {
    for bit in (0..8).map(|shift| 1u8 << shift).filter(|bit| code & bit != 0) {
        let second = usize::from(matches!((set, bit), (0, 2) | (0x200, 2 | 8)));
        let pipe = input * 2 + second;
        let name = match (set, bit) {
            (0, 1 | 2) => Some(T[pipe]),
            (0x200, 1 | 2) => Some(P[pipe]),
            (0x200, 4 | 8) => Some(V[pipe]),
            _ => None,
        };
        ns.push(TruthNs {
            input: input as u8 + 1,
            name,
            code: set + u32::from(bit),
        });
    }
}

fn float(name: &'static str, input: usize, value: f64) -> TruthValue {
    TruthValue {
        name,
        input: input as u8 + 1,
        value: Some(f64::from(value as f32)),
        digits: None,
    }
}

fn digits(name: &'static str, input: usize, digits: i64, decimals: u8) -> TruthValue {
    TruthValue {
        name,
        input: input as u8 + 1,
        value: Some(digits as f64 / 10f64.powi(decimals.into())),
        digits: Some((digits, decimals)),
    }
}
