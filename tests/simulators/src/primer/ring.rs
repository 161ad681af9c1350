//! What a ПРИМЕР-1 holds: every hour is a function of the seed, totals are sums of hours.

use crate::civil;
use crate::clock::SimClock;
use crate::random::share;
use crate::truth::{Truth, TruthKind, TruthNs, TruthRecord, TruthValue};
use crate::water::enthalpy_gcal_t;
use crate::weather::outdoor_c;

/// Hours in the ring.
pub const DEPTH: i64 = 48;

/// Share of hours without power, of hours with a failed sensor, of hours with little flow.
const OFF: f64 = 0.04;
const FAILED: f64 = 0.05;
const LITTLE: f64 = 0.08;

/// The memory of a meter.
pub struct Ring {
    pub seed: u64,
    /// The first hour that the meter counted.
    pub installed_hour: i64,
    pub clock: SimClock,
}

/// One hour, in the units of the last digit that the meter shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hour {
    /// 0.01 °C; none: the sensor failed.
    pub t1: Option<i64>,
    /// 0.01 °C.
    pub t2: i64,
    /// 0.001 m³.
    pub volume: i64,
    /// 0.0001 Gcal.
    pub heat: i64,
    pub little_flow: bool,
}

impl Hour {
    /// Letters of its conditions, in the meter's order.
    pub fn letters(&self) -> String {
        let letters = [(self.little_flow, 'G'), (self.t1.is_none(), 'T')];
        letters
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, letter)| *letter)
            .collect()
    }
}

/// Running totals: heat, volume, hours of work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub heat: i64,
    pub volume: i64,
    pub hours: i64,
}

impl Ring {
    /// The numbers of the hours that have a place in the ring, by their starts.
    pub fn hours(&self) -> std::ops::Range<i64> {
        let now = self.clock.now_hour();
        self.installed_hour.max(now - DEPTH)..now
    }

    /// What was measured in this hour; none: the meter was off.
    pub fn hour(&self, hour: i64) -> Option<Hour> {
        let chance = |stream| share(self.seed, stream, hour);
        if chance(21) < OFF {
            return None;
        }
        let supply_c = (70.0 - 1.2 * outdoor_c(self.seed, hour)).clamp(60.0, 120.0);
        let return_c = 40.0 + 0.25 * (supply_c - 60.0);
        let little_flow = chance(22) < LITTLE;
        let volume_m3 = if little_flow { 0.05 } else { 1.0 + 0.4 * chance(23) };
        let heat_gcal = volume_m3 * 0.97 * (enthalpy_gcal_t(supply_c) - enthalpy_gcal_t(return_c));
        let is_failed = chance(24) < FAILED;
        let rounded = |value: f64| value.round() as i64;
        Some(Hour {
            t1: (!is_failed).then(|| rounded(supply_c * 100.0)),
            t2: rounded(return_c * 100.0),
            volume: rounded(volume_m3 * 1_000.0),
            heat: if is_failed { 0 } else { rounded(heat_gcal * 10_000.0) },
            little_flow,
        })
    }

    /// The running hour: what the display shows. A meter that answers is not off.
    pub fn now(&self) -> Hour {
        let hours = (0..).map(|back| self.clock.now_hour() - back);
        hours.filter_map(|hour| self.hour(hour)).next().unwrap_or(Hour {
            t1: None,
            t2: 0,
            volume: 0,
            heat: 0,
            little_flow: false,
        })
    }

    /// Up to the end of the last full hour.
    pub fn totals(&self) -> Totals {
        let hours = self.installed_hour..self.clock.now_hour();
        hours
            .filter_map(|hour| self.hour(hour))
            .fold(Totals::default(), |sum, hour| Totals {
                heat: sum.heat + hour.heat,
                volume: sum.volume + hour.volume,
                hours: sum.hours + 1,
            })
    }
}

impl Truth for Ring {
    fn truth(&self, kind: TruthKind) -> Vec<TruthRecord> {
        let now = self.clock.now();
        let moment = |values| TruthRecord {
            start: now,
            end: now,
            values,
            ns: Vec::new(),
        };
        match kind {
            TruthKind::Hourly => self
                .hours()
                .filter_map(|number| Some(record(number, &self.hour(number)?)))
                .collect(),
            TruthKind::Current => {
                let hour = self.now();
                vec![moment(vec![
                    value("t1", hour.t1, 2),
                    value("t2", Some(hour.t2), 2),
                    value("G", Some(hour.volume), 3),
                ])]
            }
            TruthKind::TotalsNow => {
                let totals = self.totals();
                vec![moment(vec![
                    value("Q", Some(totals.heat), 4),
                    value("V", Some(totals.volume), 3),
                    value("T", Some(totals.hours), 0),
                ])]
            }
            TruthKind::Daily | TruthKind::Monthly | TruthKind::TotalsArchive => Vec::new(),
        }
    }
}

fn record(number: i64, hour: &Hour) -> TruthRecord {
    let condition = |letter: char| TruthNs {
        input: 1,
        name: Some(if letter == 'G' { "V" } else { "t1" }),
        code: u32::from(letter),
    };
    TruthRecord {
        start: civil::civil_of_hour(number),
        end: civil::civil_of_hour(number + 1),
        values: vec![
            value("t1", hour.t1, 2),
            value("t2", Some(hour.t2), 2),
            value("V", Some(hour.volume), 3),
            value("Q", Some(hour.heat), 4),
        ],
        ns: hour.letters().chars().map(condition).collect(),
    }
}

fn value(name: &'static str, digits: Option<i64>, decimals: u8) -> TruthValue {
    TruthValue {
        name,
        input: 1,
        value: digits.map(|digits| digits as f64 / 10f64.powi(decimals.into())),
        digits: digits.map(|digits| (digits, decimals)),
    }
}
