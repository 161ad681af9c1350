//! What an electricity meter counts, hour by hour, in whole Wh and varh, so that months are exactly the sums of hours.

use crate::civil;
use crate::random::share;
use jiff::civil::DateTime;

/// Bits of the status word (VDEW-Lastenheft 2.1).
pub const POWER_FAILED: u32 = 0x80;
pub const POWER_BACK: u32 = 0x40;
pub const DISTURBED: u32 = 0x04;

/// One hour with power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hour {
    pub active_wh: i64,
    pub reactive_varh: i64,
    pub status: u32,
}

/// Running totals, Wh and varh: all, by day, by night, reactive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub active: i64,
    pub day: i64,
    pub night: i64,
    pub reactive: i64,
}

/// All hours.
#[derive(Debug)]
pub struct IecHistory {
    origin: i64,
    hours: Vec<Option<Hour>>,
    /// When each hour begins.
    totals: Vec<Totals>,
}

/// The end of a month and what was kept of it.
#[derive(Clone, Copy, Debug)]
pub struct Month {
    pub start_hour: i64,
    pub end_hour: i64,
    pub totals: Totals,
    /// The greatest mean of an hour, W, and when that hour ended.
    pub maximum: (i64, i64),
}

impl IecHistory {
    /// Hours from `origin` to `end`, exclusive.
    pub fn generate(seed: u64, origin: i64, end: i64) -> Self {
        let mut totals = vec![Totals {
            active: 1_234_567,
            day: 1_000_000,
            night: 234_567,
            reactive: 345_678,
        }];
        let mut hours = Vec::new();
        let mut was_off = false;
        for hour in origin..end {
            let row = counted(seed, hour, was_off);
            was_off = row.is_none();
            let mut total = totals.last().copied().unwrap_or_default();
            if let Some(row) = row {
                total.active += row.active_wh;
                total.reactive += row.reactive_varh;
                match is_day(hour) {
                    true => total.day += row.active_wh,
                    false => total.night += row.active_wh,
                }
            }
            hours.push(row);
            totals.push(total);
        }
        Self { origin, hours, totals }
    }

    /// What was counted in an hour; none without power.
    pub fn hour(&self, hour: i64) -> Option<Hour> {
        let place = usize::try_from(hour - self.origin).ok()?;
        self.hours.get(place).copied().flatten()
    }

    /// Totals when an hour begins; the last known behind the end.
    pub fn totals(&self, hour: i64) -> Totals {
        let place = usize::try_from(hour - self.origin).unwrap_or(0);
        self.totals
            .get(place)
            .or(self.totals.last())
            .copied()
            .unwrap_or_default()
    }

    /// The month that ended with this hour.
    fn month(&self, start_hour: i64, end_hour: i64) -> Month {
        let means = (start_hour..end_hour).filter_map(|hour| Some((self.hour(hour)?.active_wh, hour + 1)));
        Month {
            start_hour,
            end_hour,
            totals: self.totals(end_hour),
            maximum: means.max_by_key(|(mean, end)| (*mean, -end)).unwrap_or((0, end_hour)),
        }
    }

    /// The months that ended by `now`, newest first, of those that began when the meter was there.
    pub fn months(&self, now: DateTime, installed_hour: i64, most: usize) -> Vec<Month> {
        let mut end = now.date().first_of_month();
        let mut months = Vec::new();
        while months.len() < most {
            let start = civil::previous_month(end).first_of_month();
            let hours = [start, end].map(|day| civil::hour_of(day.at(0, 0, 0, 0)));
            if hours[0] < installed_hour.max(self.origin) {
                break;
            }
            months.push(self.month(hours[0], hours[1]));
            end = start;
        }
        months
    }
}

fn is_day(hour: i64) -> bool {
    (7..23).contains(&hour.rem_euclid(24))
}

fn counted(seed: u64, hour: i64, was_off: bool) -> Option<Hour> {
    // Power fails on one day of a hundred, for 2 to 4 hours.
    let day = hour.div_euclid(24);
    let first = (share(seed, 32, day) * 20.0) as i64;
    let lasts = 2 + (share(seed, 33, day) * 3.0) as i64;
    if share(seed, 31, day) < 0.01 && (first..first + lasts).contains(&hour.rem_euclid(24)) {
        return None;
    }
    let base = if is_day(hour) { 1_800.0 } else { 450.0 };
    let active = base * (0.6 + 0.8 * share(seed, 34, hour));
    let returned = if was_off { POWER_FAILED | POWER_BACK } else { 0 };
    let disturbed = if share(seed, 35, hour) < 0.004 { DISTURBED } else { 0 };
    Some(Hour {
        active_wh: active as i64,
        reactive_varh: (active * (0.2 + 0.1 * share(seed, 36, hour))) as i64,
        status: returned | disturbed,
    })
}
