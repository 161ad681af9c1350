//! What a ВКТ-5 measured hour by hour, as it keeps it: singles.

use crate::civil;
use crate::plant::{COLD_WATER_C, Event, Plant};
use std::ops::Range;

const GJ_OF_GCAL: f64 = 4.1868;
const MPA_OF_KGF: f64 = 0.098_066_5;

/// Minutes of an hour.
const HOUR_MIN: u16 = 60;

/// Ordinals of situations of a pipe.
pub const GMAX: usize = 5;
pub const GMIN: usize = 6;
pub const NO_POWER: usize = 9;
/// Situations of a pipe.
pub const SITUATIONS: usize = 9;

/// One pipe in an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PipeReading {
    /// None without power.
    pub t_c: Option<f32>,
    pub p_mpa: Option<f32>,
    pub m_t: f32,
    /// Minutes, by ordinals from 1.
    pub ns_min: [u16; SITUATIONS],
}

/// One heat input in an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InputReading {
    pub pipes: [PipeReading; 2],
    pub m_t: f32,
    /// W, W1 and W2.
    pub w_gj: [f32; 3],
    pub not_counted_min: u16,
    pub no_power_min: u16,
    /// Length of the interval.
    pub minutes: u16,
}

/// Both inputs and the outdoor temperature in an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    pub inputs: [InputReading; 2],
    pub outdoor_c: f32,
}

/// All hours of a meter.
pub struct Vkt5History {
    origin_hour: i64,
    hours: Vec<Reading>,
}

impl Vkt5History {
    /// Measures from one hour to another.
    pub fn generate(plant: &Plant, hours: Range<i64>) -> Self {
        Self {
            origin_hour: hours.start,
            hours: hours.map(|hour| measure(plant, hour)).collect(),
        }
    }

    /// Beyond what was generated nothing is measured.
    pub fn hour(&self, hour: i64) -> Reading {
        let place = usize::try_from(hour - self.origin_hour).ok();
        place
            .and_then(|place| self.hours.get(place).copied())
            .unwrap_or_default()
    }

    /// The hours of a day from `from` on, together: means of what was measured, sums of what was counted.
    pub fn together(&self, hours: Range<i64>, from: i64) -> Reading {
        let hours: Vec<Reading> = (hours.start.max(from)..hours.end).map(|hour| self.hour(hour)).collect();
        let mut all = Reading {
            outdoor_c: mean(hours.iter().map(|hour| Some(hour.outdoor_c))).unwrap_or_default(),
            ..Reading::default()
        };
        for (place, input) in all.inputs.iter_mut().enumerate() {
            let of = || hours.iter().map(move |hour| hour.inputs[place]);
            input.m_t = sum(of().map(|hour| hour.m_t));
            input.w_gj = [0, 1, 2].map(|which| sum(of().map(|hour| hour.w_gj[which])));
            input.not_counted_min = of().map(|hour| hour.not_counted_min).sum();
            input.no_power_min = of().map(|hour| hour.no_power_min).sum();
            input.minutes = of().map(|hour| hour.minutes).sum();
            for (number, pipe) in input.pipes.iter_mut().enumerate() {
                pipe.t_c = mean(of().map(|hour| hour.pipes[number].t_c));
                pipe.p_mpa = mean(of().map(|hour| hour.pipes[number].p_mpa));
                pipe.m_t = sum(of().map(|hour| hour.pipes[number].m_t));
                for (ordinal, minutes) in pipe.ns_min.iter_mut().enumerate() {
                    *minutes = of().map(|hour| hour.pipes[number].ns_min[ordinal]).sum();
                }
            }
        }
        all
    }

    /// Masses of an input's pipes, its mass, W, W1 and W2 from `from` to `now_hour`, doubles. What never counted is not
    /// quite zero.
    pub fn totals(&self, input: usize, hours: Range<i64>) -> [f64; 6] {
        let mut totals = [0.0; 6];
        for hour in hours {
            let reading = self.hour(hour).inputs[input];
            let [one, other] = reading.pipes.map(|pipe| pipe.m_t);
            let [all, heating, water] = reading.w_gj;
            let grown = [one, other, reading.m_t, all, heating, water];
            for (total, grown) in totals.iter_mut().zip(grown) {
                *total += f64::from(grown) + 2f64.powi(-127);
            }
        }
        totals
    }
}

fn sum(numbers: impl Iterator<Item = f32>) -> f32 {
    numbers.map(f64::from).sum::<f64>() as f32
}

fn mean(numbers: impl Iterator<Item = Option<f32>>) -> Option<f32> {
    let (sum, count) = numbers
        .flatten()
        .fold((0.0, 0u32), |(sum, count), number| (sum + f64::from(number), count + 1));
    (count > 0).then(|| (sum / f64::from(count)) as f32)
}

fn measure(plant: &Plant, hour: i64) -> Reading {
    let input = |number: u8| {
        let flow = plant.flow(number, hour);
        let is_off = flow.event == Event::PowerOff;
        let pipe = |place: usize| {
            let mut ns_min = [0; SITUATIONS];
            match flow.event {
                Event::PowerOff => ns_min[NO_POWER - 1] = HOUR_MIN,
                Event::FlowAboveMax if place == 0 => ns_min[GMAX - 1] = HOUR_MIN,
                Event::MassImbalance if place == 1 => ns_min[GMIN - 1] = 15,
                _ => {}
            }
            PipeReading {
                t_c: (!is_off).then_some(flow.t_c[place] as f32),
                p_mpa: (!is_off).then_some((flow.pressure_kgf[place] * MPA_OF_KGF) as f32),
                m_t: flow.mass_t[place] as f32,
                ns_min,
            }
        };
        let water = if number == 2 { flow.hot_water_gcal } else { 0.0 };
        InputReading {
            pipes: [pipe(0), pipe(1)],
            m_t: (flow.mass_t[0] - flow.mass_t[1]) as f32,
            w_gj: [flow.heat_gcal + water, flow.heat_gcal, water].map(|gcal| (gcal * GJ_OF_GCAL) as f32),
            not_counted_min: if flow.event == Event::FlowAboveMax { HOUR_MIN } else { 0 },
            no_power_min: if is_off { HOUR_MIN } else { 0 },
            minutes: HOUR_MIN,
        }
    };
    Reading {
        inputs: [input(1), input(2)],
        outdoor_c: plant.outdoor_c(hour) as f32,
    }
}

/// The temperature of cold water that the contract gives, °C.
pub fn cold_c() -> f32 {
    COLD_WATER_C as f32
}

/// The hours of a day.
pub fn hours_of_day(day: i64) -> Range<i64> {
    day * civil::DAY_H..(day + 1) * civil::DAY_H
}
