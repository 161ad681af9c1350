//! What a ВКТ-9 holds: hours and days by their numbers; and the same in the words of [`crate::truth`].

use super::builder::Vkt9Config;
use crate::civil::{self, DAY_H};
use crate::clock::SimClock;
use crate::truth::{Truth, TruthKind, TruthNs, TruthRecord, TruthValue};
use crate::vkt4::{Vkt4History, Vkt4Row};
use std::sync::Arc;

/// Records in the rings.
const HOURS: i64 = 1_080;
const DAYS: i64 = 365;
/// Pressure of 1 kgf/cm², ten-thousandths of MPa.
const KGF: f64 = 980.665;
/// Temperature of cold water, hundredths of °C: a constant.
pub const COLD: i64 = 560;

/// An archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    Hours,
    Days,
}

impl Ring {
    /// Hours of a record.
    pub fn step(self) -> i64 {
        match self {
            Self::Hours => 1,
            Self::Days => DAY_H,
        }
    }

    /// Pages: one more than records.
    fn pages(self) -> i64 {
        match self {
            Self::Hours => HOURS + 1,
            Self::Days => DAYS + 1,
        }
    }

    /// The page of a record with this number.
    pub fn page(self, number: i64) -> u16 {
        u16::try_from(number.rem_euclid(self.pages())).expect("rings are small")
    }
}

/// A heat system over an interval.
#[derive(Clone, Copy, Debug, Default)]
pub struct System {
    pub heat: f64,
    pub mass: [f64; 2],
    pub volume: [f64; 2],
    /// Hundredths of °C, ten-thousandths of MPa.
    pub t: [i64; 2],
    pub p: [i64; 2],
    /// НСк and НС.
    pub ns: [u32; 2],
    pub minutes: i64,
}

/// One meter and its clock.
#[derive(Clone)]
pub struct Knowledge {
    pub config: Vkt9Config,
    pub history: Arc<Vkt4History>,
    pub clock: SimClock,
}

impl Knowledge {
    /// Numbers of the records that the ring could have now, the running one not.
    pub fn numbers(&self, ring: Ring) -> std::ops::Range<i64> {
        let now = self.clock.now_hour().div_euclid(ring.step());
        now - (ring.pages() - 1)..now
    }

    /// The record with this number.
    pub fn record(&self, ring: Ring, number: i64) -> Option<Vkt4Row> {
        let (from, to) = self.config.missing;
        let is_held = |hour: &i64| *hour >= self.config.installed_hour && !(from..to).contains(hour);
        let hours = number * ring.step()..(number + 1) * ring.step();
        if !self.numbers(ring).contains(&number) {
            return None;
        }
        self.history.whole(hours.filter(is_held))
    }

    /// The first record with this number or a later one.
    pub fn at_or_after(&self, ring: Ring, number: i64) -> Option<i64> {
        let numbers = self.numbers(ring);
        (number.max(numbers.start)..numbers.end).find(|number| self.record(ring, *number).is_some())
    }

    /// The record on a page.
    pub fn on_page(&self, ring: Ring, page: u16) -> Option<i64> {
        let numbers = self.numbers(ring);
        let place = (i64::from(page) - numbers.start).rem_euclid(ring.pages());
        Some(numbers.start + place).filter(|number| self.record(ring, *number).is_some())
    }

    /// The page behind that of a record: of the next record, or the empty one.
    pub fn next_page(&self, ring: Ring, number: i64) -> u16 {
        let next = self.at_or_after(ring, number + 1);
        ring.page(next.unwrap_or(self.numbers(ring).end))
    }

    /// Heat system 1 or 2 in a row.
    pub fn system(&self, row: &Vkt4Row, system: usize) -> System {
        let at = system - 1;
        let pipe = at * 2;
        let pressure = |pipe: usize| (row.p[pipe] as f64 / 100.0 * KGF).round() as i64;
        System {
            heat: row.w_gcal[at],
            mass: [row.m_t[pipe], row.m_t[pipe + 1]],
            volume: [row.v_m3[pipe], row.v_m3[pipe + 1]],
            t: [row.t[pipe], row.t[pipe + 1]],
            p: [pressure(pipe), pressure(pipe + 1)],
            ns: [row.ns[at].into(), row.ns2[at].into()],
            minutes: row.hours * 60,
        }
    }

    /// What is measured in the running hour.
    pub fn now(&self) -> Vkt4Row {
        self.history.hour(self.clock.now_hour()).unwrap_or_default()
    }

    /// Systems that are there, each summed up to the start of the hour.
    pub fn totals(&self) -> Vec<System> {
        let (v, w) = self.history.totals_before(self.clock.now_hour());
        let minutes = (self.clock.now_hour() - self.history.origin_hour) * 60;
        let system = |at: usize| System {
            heat: w[at],
            volume: [v[at * 2], v[at * 2 + 1]],
            minutes,
            ..System::default()
        };
        (0..self.config.systems).map(system).collect()
    }

    fn interval(&self, ring: Ring, number: i64) -> Option<TruthRecord> {
        let row = self.record(ring, number)?;
        let minutes = row.hours * 60;
        let mut values = vec![
            float("Q", 0, row.w_gcal.iter().take(self.config.systems).sum()),
            digits("tхв", 0, COLD, 2),
            digits("Tвкл", 0, minutes, 0),
        ];
        let mut ns = Vec::new();
        for number in 1..=self.config.systems {
            let (system, input) = (self.system(&row, number), number as u8);
            values.push(float("Qо", input, system.heat));
            let two = system
                .mass
                .iter()
                .zip(&system.volume)
                .zip(["M1", "M2"])
                .zip(["V1", "V2"]);
            for (((mass, volume), mass_name), volume_name) in two {
                values.push(float(mass_name, input, *mass));
                values.push(float(volume_name, input, *volume));
            }
            for (place, (t, p)) in [("t1", "P1"), ("t2", "P2")].into_iter().enumerate() {
                values.push(digits(t, input, system.t[place], 2));
                values.push(digits(p, input, system.p[place], 4));
            }
            values.push(digits("dt1", input, system.t[0] - system.t[1], 2));
            values.push(digits("Tраб", input, system.minutes, 0));
            for (name, code) in ["НСк", "НС"].into_iter().zip(system.ns) {
                values.push(digits(name, input, code.into(), 0));
                if code > 0 {
                    ns.push(TruthNs {
                        input,
                        name: Some(name),
                        code,
                    });
                }
            }
        }
        Some(TruthRecord {
            start: civil::civil_of_hour(number * ring.step()),
            end: civil::civil_of_hour((number + 1) * ring.step()),
            values,
            ns,
        })
    }

    fn moment(&self, values: Vec<TruthValue>) -> Vec<TruthRecord> {
        let at = self.clock.now();
        vec![TruthRecord {
            start: at,
            end: at,
            values,
            ns: Vec::new(),
        }]
    }
}

impl Truth for Knowledge {
    /// What is zero in every record is not told.
    fn truth(&self, kind: TruthKind) -> Vec<TruthRecord> {
        let all = |ring: Ring| {
            self.numbers(ring)
                .filter_map(|number| self.interval(ring, number))
                .collect()
        };
        match kind {
            TruthKind::Hourly => all(Ring::Hours),
            TruthKind::Daily => all(Ring::Days),
            TruthKind::Current => {
                let row = self.now();
                let systems = (1..=self.config.systems).flat_map(|number| {
                    let (system, input) = (self.system(&row, number), number as u8);
                    [
                        digits("t1", input, system.t[0], 2),
                        digits("t2", input, system.t[1], 2),
                        digits("P1", input, system.p[0], 4),
                        digits("P2", input, system.p[1], 4),
                    ]
                });
                self.moment(systems.chain([digits("tхв", 0, COLD, 2)]).collect())
            }
            TruthKind::TotalsNow => {
                let totals = self.totals();
                let systems = totals.iter().zip(1u8..).flat_map(|(system, input)| {
                    [
                        whole("Qо", input, system.heat),
                        whole("V1", input, system.volume[0]),
                        whole("V2", input, system.volume[1]),
                        digits("Tраб", input, system.minutes, 0),
                    ]
                });
                self.moment(systems.collect())
            }
            TruthKind::Monthly | TruthKind::TotalsArchive => Vec::new(),
        }
    }
}

/// Whole part and float of what is behind the point.
pub fn split(value: f64) -> (i32, f32) {
    (value.floor() as i32, value.fract() as f32)
}

fn whole(name: &'static str, input: u8, value: f64) -> TruthValue {
    let (whole, part) = split(value);
    TruthValue {
        name,
        input,
        value: Some(f64::from(whole) + f64::from(part)),
        digits: None,
    }
}

fn float(name: &'static str, input: u8, value: f64) -> TruthValue {
    TruthValue {
        name,
        input,
        value: Some(f64::from(value as f32)),
        digits: None,
    }
}

fn digits(name: &'static str, input: u8, digits: i64, decimals: u8) -> TruthValue {
    TruthValue {
        name,
        input,
        value: Some(digits as f64 / 10f64.powi(decimals.into())),
        digits: Some((digits, decimals)),
    }
}
