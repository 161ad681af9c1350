//! The hours of a meter in whole digits, so that days are exactly the sums of their hours.

use super::electricity::Electricity;
use super::model::Source;
use crate::plant::{Event, Flow, Plant};
use crate::water::enthalpy_gcal_t;

/// One hour, or several together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Hundredths of °C, thousandths of kgf/cm².
    pub t: [i64; 2],
    pub p: [i64; 2],
    /// Tenths of °C.
    pub outdoor: i64,
    pub cold: i64,
    pub sums: Sums,
    /// Flow above the maximum on pipe 1; a set-point of consumer 1.
    pub ns: [bool; 2],
    /// Hours that were counted.
    pub hours: i64,
}

/// What adds up: kg, m³/1000, Gcal/10000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    pub m: [i64; 2],
    pub v: [i64; 2],
    pub w: [i64; 2],
}

impl Sums {
    fn add(&mut self, more: &Self) {
        for pipe in 0..2 {
            self.m[pipe] += more.m[pipe];
            self.v[pipe] += more.v[pipe];
            self.w[pipe] += more.w[pipe];
        }
    }

    /// The digits of a value that adds up.
    pub fn digits(&self, source: Source) -> i64 {
        match source {
            Source::Mass(pipe) | Source::RunningMass(pipe) => self.m[pipe],
            Source::Volume(pipe) => self.v[pipe],
            Source::Heat(pipe) => self.w[pipe],
            Source::MassUsed => self.m[0] - self.m[1],
            _ => self.w[0] - self.w[1],
        }
    }
}

impl Row {
    /// The digits of a value; `after` are the totals when the row ends.
    pub fn digits(&self, source: Source, after: &Sums) -> i64 {
        match source {
            Source::Temperature(pipe) => self.t[pipe],
            Source::Pressure(pipe) => self.p[pipe],
            Source::Outdoor => self.outdoor,
            Source::ColdWater => self.cold,
            Source::Counting => self.hours * 100,
            Source::RunningMass(_) | Source::RunningHeatUsed => after.digits(source),
            sum => self.sums.digits(sum),
        }
    }
}

/// All hours, shared between meters.
#[derive(Debug)]
pub struct SpbusHistory {
    pub origin_hour: i64,
    hours: Vec<Row>,
    /// Totals when each hour begins.
    totals: Vec<Sums>,
    pub electricity: Electricity,
}

impl SpbusHistory {
    /// Hours from `origin_hour` to `end_hour`, exclusive.
    pub fn generate(plant: &Plant, origin_hour: i64, end_hour: i64) -> Self {
        let hours: Vec<Row> = (origin_hour..end_hour).map(|hour| hour_row(plant, hour)).collect();
        let mut total = Sums::default();
        let mut totals = vec![total];
        for row in &hours {
            total.add(&row.sums);
            totals.push(total);
        }
        Self {
            origin_hour,
            hours,
            totals,
            electricity: Electricity::generate(plant.seed, origin_hour, end_hour),
        }
    }

    /// The record of hours `from` to `to`, exclusive; none when nothing was counted in them.
    pub fn interval(&self, from: i64, to: i64) -> Option<Row> {
        let place = |hour: i64| usize::try_from(hour - self.origin_hour).ok();
        let rows = self.hours.get(place(from)?..place(to)?)?;
        let mut whole = Row::default();
        for row in rows.iter().filter(|row| row.hours > 0) {
            for pipe in 0..2 {
                whole.t[pipe] += row.t[pipe];
                whole.p[pipe] += row.p[pipe];
                whole.ns[pipe] |= row.ns[pipe];
            }
            whole.outdoor += row.outdoor;
            whole.cold += row.cold;
            whole.sums.add(&row.sums);
            whole.hours += row.hours;
        }
        let count = Some(whole.hours).filter(|hours| *hours > 0)?;
        let mean = |sum: i64| sum.div_euclid(count);
        whole.t = whole.t.map(mean);
        whole.p = whole.p.map(mean);
        whole.outdoor = mean(whole.outdoor);
        whole.cold = mean(whole.cold);
        Some(whole)
    }

    /// Totals when an hour begins; the last known behind the end.
    pub fn totals_before(&self, hour: i64) -> Sums {
        let place = usize::try_from(hour - self.origin_hour).unwrap_or(0);
        self.totals
            .get(place)
            .or(self.totals.last())
            .copied()
            .unwrap_or_default()
    }

    /// What is measured in an hour.
    pub fn hour(&self, hour: i64) -> Row {
        let place = usize::try_from(hour - self.origin_hour).unwrap_or(0);
        self.hours.get(place).or(self.hours.last()).cloned().unwrap_or_default()
    }
}

fn hour_row(plant: &Plant, hour: i64) -> Row {
    let flow = plant.flow(1, hour);
    if flow.event == Event::PowerOff {
        return Row::default();
    }
    let [t1, t2, cold] = flow.t_c;
    Row {
        t: [t1, t2].map(|t| digits(t, 2)),
        p: flow.pressure_kgf.map(|p| digits(p, 3)),
        outdoor: digits(plant.outdoor_c(hour), 1),
        cold: digits(cold, 1),
        sums: sums(&flow),
        ns: [Event::FlowAboveMax, Event::MassImbalance].map(|event| flow.event == event),
        hours: 1,
    }
}

fn sums(flow: &Flow) -> Sums {
    let pipe = |values: [f64; 3], decimals| [values[0], values[1]].map(|value| digits(value, decimals));
    let heat = |pipe: usize| digits(flow.mass_t[pipe] * enthalpy_gcal_t(flow.t_c[pipe]), 4);
    Sums {
        m: pipe(flow.mass_t, 3),
        v: pipe(flow.volume_m3, 3),
        w: [heat(0), heat(1)],
    }
}

fn digits(value: f64, decimals: i32) -> i64 {
    (value * 10f64.powi(decimals)).round() as i64
}
