//! The hours of a meter in whole digits, so that growing totals are exactly the sums of hours.

use crate::plant::{COLD_WATER_C, Event, Plant};
use std::ops::Range;

/// MPa of a kgf/cm².
const MPA: f64 = 0.098_066_5;
/// MJ of a Gcal.
const MJ: f64 = 4_186.8;

/// One hour of one heat system, or several together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// 0.01 °C, summed over hours.
    pub t: [i64; 2],
    /// 0.001 MPa, summed over hours.
    pub p: [i64; 2],
    pub litres: [i64; 2],
    pub kg: [i64; 2],
    pub mj: i64,
    /// Hours with power.
    pub hours: i64,
    /// Minutes of flow above the maximum and of masses out of balance.
    pub ns: [i64; 2],
    /// Minutes in which counting stood still.
    pub stopped: i64,
}

impl Amounts {
    fn add(&mut self, more: &Self) {
        for pipe in 0..2 {
            self.t[pipe] += more.t[pipe];
            self.p[pipe] += more.p[pipe];
            self.litres[pipe] += more.litres[pipe];
            self.kg[pipe] += more.kg[pipe];
            self.ns[pipe] += more.ns[pipe];
        }
        self.mj += more.mj;
        self.hours += more.hours;
        self.stopped += more.stopped;
    }

    fn mean(&self, sum: i64) -> i64 {
        sum / self.hours.max(1)
    }

    /// Mean temperature of a pipe, 0.01 °C.
    pub fn t(&self, pipe: usize) -> i64 {
        self.mean(self.t[pipe])
    }

    /// Mean pressure of a pipe, 0.001 MPa.
    pub fn p(&self, pipe: usize) -> i64 {
        self.mean(self.p[pipe])
    }

    pub fn gcal(&self) -> f64 {
        self.mj as f64 / MJ
    }
}

/// All hours, shared between meters.
#[derive(Debug)]
pub struct TsrvHistory {
    origin_hour: i64,
    /// Of each heat system; none: no power.
    hours: Vec<Option<[Amounts; 2]>>,
    /// Totals when each hour begins.
    totals: Vec<[Amounts; 2]>,
    /// Outdoor temperature, 0.01 °C.
    outdoor: Vec<i64>,
}

impl TsrvHistory {
    /// Hours from `origin_hour` to `end_hour`, exclusive.
    pub fn generate(plant: &Plant, origin_hour: i64, end_hour: i64) -> Self {
        let hours: Vec<_> = (origin_hour..end_hour).map(|hour| both(plant, hour)).collect();
        let mut total = [Amounts::default(); 2];
        let mut totals = vec![total];
        for systems in &hours {
            for (sum, hour) in total.iter_mut().zip(systems.iter().flatten()) {
                sum.add(hour);
            }
            totals.push(total);
        }
        let outdoor = (origin_hour..end_hour).map(|hour| digits(plant.outdoor_c(hour), 100.0));
        Self {
            origin_hour,
            hours,
            totals,
            outdoor: outdoor.collect(),
        }
    }

    fn place(&self, hour: i64) -> usize {
        usize::try_from(hour - self.origin_hour)
            .unwrap_or(0)
            .min(self.hours.len())
    }

    pub fn origin_hour(&self) -> i64 {
        self.origin_hour
    }

    /// What hours come to, of a heat system from 1.
    pub fn sum(&self, system: u8, hours: Range<i64>) -> Amounts {
        let mut sum = Amounts::default();
        let systems = self.hours[self.place(hours.start)..self.place(hours.end)]
            .iter()
            .flatten();
        for hour in systems {
            sum.add(&hour[usize::from(system.clamp(1, 2) - 1)]);
        }
        sum
    }

    /// Totals when an hour begins.
    pub fn before(&self, system: u8, hour: i64) -> Amounts {
        self.totals[self.place(hour)][usize::from(system.clamp(1, 2) - 1)]
    }

    /// Whether there was power.
    pub fn has(&self, hour: i64) -> bool {
        hour >= self.origin_hour && self.hours.get(self.place(hour)).is_some_and(Option::is_some)
    }

    /// Mean outdoor temperature, 0.01 °C.
    pub fn outdoor(&self, hours: Range<i64>) -> i64 {
        let temperatures = &self.outdoor[self.place(hours.start)..self.place(hours.end)];
        let count = i64::try_from(temperatures.len()).unwrap_or(1).max(1);
        temperatures.iter().sum::<i64>() / count
    }
}

/// Cold water, 0.01 °C: a constant of the contract.
pub fn cold() -> i64 {
    digits(COLD_WATER_C, 100.0)
}

fn digits(value: f64, steps: f64) -> i64 {
    (value * steps).round() as i64
}

fn both(plant: &Plant, hour: i64) -> Option<[Amounts; 2]> {
    Some([one(plant, 1, hour)?, one(plant, 2, hour)?])
}

fn one(plant: &Plant, system: u8, hour: i64) -> Option<Amounts> {
    let flow = plant.flow(system, hour);
    if flow.event == Event::PowerOff {
        return None;
    }
    let two = |values: [f64; 3], steps| [values[0], values[1]].map(|value| digits(value, steps));
    let (above, imbalance) = (flow.event == Event::FlowAboveMax, flow.event == Event::MassImbalance);
    Some(Amounts {
        t: two(flow.t_c, 100.0),
        p: flow.pressure_kgf.map(|p| digits(p * MPA, 1_000.0)),
        litres: two(flow.volume_m3, 1_000.0),
        kg: two(flow.mass_t, 1_000.0),
        mj: digits(flow.heat_gcal * MJ, 1.0),
        hours: 1,
        ns: [i64::from(above) * 60, i64::from(imbalance) * 20],
        stopped: i64::from(above) * 60,
    })
}
