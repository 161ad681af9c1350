//! What an electricity meter counted, hour by hour: Wh and varh of a block of flats, more in the evening, less at night.

use crate::civil;
use crate::plant::{Event, Plant};
use crate::random::share;
use jiff::ToSpan;
use jiff::civil::DateTime;

/// Counters: energy in all, by day (tariff 1, 7 to 23 o'clock) and by night (tariff 2), reactive energy.
pub type Counters = [u32; 4];

/// Everything that the meter counted since it was installed.
pub struct History {
    seed: u64,
    origin_hour: i64,
    /// Counters at the end of each hour, and whether there was power.
    hours: Vec<(Counters, bool)>,
}

impl History {
    /// Hours from `origin_hour` to `end_hour`, exclusive.
    pub fn generate(seed: u64, origin_hour: i64, end_hour: i64) -> Self {
        let plant = Plant { seed, eventful: true };
        let mut counters = [1_000_390, 700_290, 300_100, 142_912];
        let hours = (origin_hour..end_hour).map(|hour| {
            let has_power = plant.flow(1, hour).event != Event::PowerOff;
            if has_power {
                let of_day = hour.rem_euclid(civil::DAY_H);
                let usual = if (17..23).contains(&of_day) { 900.0 } else { 250.0 };
                let active = (usual * (0.6 + 0.8 * share(seed, 71, hour))).round() as u32;
                let reactive = active / 7;
                let tariff = if (7..23).contains(&of_day) { 1 } else { 2 };
                counters[0] += active;
                counters[tariff] += active;
                counters[3] += reactive;
            }
            (counters, has_power)
        });
        Self {
            seed,
            origin_hour,
            hours: hours.collect(),
        }
    }

    fn at(&self, hour: i64) -> Option<&(Counters, bool)> {
        self.hours.get(usize::try_from(hour - self.origin_hour).ok()?)
    }

    /// Counters at the end of an hour that the meter lived through.
    pub fn counters(&self, hour: i64) -> Option<Counters> {
        self.at(hour).map(|(counters, _)| *counters)
    }

    pub fn has_power(&self, hour: i64) -> bool {
        self.at(hour).is_some_and(|(_, has_power)| *has_power)
    }

    /// Hours with power that ended by `now_hour`, oldest first, at most `most` of the newest.
    pub fn hours(&self, now_hour: i64, most: usize) -> Vec<i64> {
        let mut hours: Vec<i64> = (self.origin_hour..now_hour)
            .rev()
            .filter(|hour| self.has_power(*hour))
            .take(most)
            .collect();
        hours.reverse();
        hours
    }

    /// Whole days that ended by `now_hour`, by their first hours.
    pub fn days(&self, now_hour: i64, most: usize) -> Vec<i64> {
        let first = (self.origin_hour + civil::DAY_H - 1).div_euclid(civil::DAY_H);
        let last = now_hour.div_euclid(civil::DAY_H);
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        (first.max(last - most)..last).map(|day| day * civil::DAY_H).collect()
    }

    /// Begins of whole months that ended by `now`, with their ends.
    pub fn months(&self, now: DateTime, most: usize) -> Vec<(DateTime, DateTime)> {
        let origin = civil::civil_of_hour(self.origin_hour);
        let mut begin = origin.date().first_of_month().at(0, 0, 0, 0);
        if begin < origin {
            begin = begin.saturating_add(1.month());
        }
        let mut months = Vec::new();
        while begin.saturating_add(1.month()) <= now {
            months.push((begin, begin.saturating_add(1.month())));
            begin = begin.saturating_add(1.month());
        }
        months.split_off(months.len().saturating_sub(most))
    }

    /// Volts and amperes of the first phase, Hz and W, in units of the last digit: 0.1 V, 0.01 A, 0.01 Hz, 1 W.
    pub fn now(&self, hour: i64) -> [i32; 4] {
        let wave = |stream, size: f64| (size * share(self.seed, stream, hour)).round() as i32;
        let amperes = 110 + wave(72, 300.0);
        [
            2_290 + wave(73, 40.0),
            amperes,
            4_998 + wave(74, 4.0),
            amperes * 23 / 10,
        ]
    }
}
