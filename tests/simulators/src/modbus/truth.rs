//! What a РЕГИСТР-1 holds: hours of a plant, days and months as sums of hours.

use super::heat::{DAYS, HOURS, MONTHS};
use crate::civil;
use crate::clock::SimClock;
use crate::plant::{Event, Plant};
use crate::truth::{Truth, TruthKind, TruthRecord, TruthValue};
use jiff::ToSpan;
use jiff::civil::DateTime;
use std::sync::Arc;

/// One hour in the units of the last digit: 0.01 °C, 0.001 m³, 0.0001 Gcal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hour {
    pub t1: i64,
    pub t2: i64,
    pub volume: i64,
    pub heat: i64,
}

/// Everything that the meter counted since it was installed.
pub struct History {
    origin_hour: i64,
    /// None: without power.
    hours: Vec<Option<Hour>>,
    /// The hours with power, in order.
    with_power: Vec<i64>,
}

impl History {
    /// Hours from `origin_hour` to `end_hour`, exclusive.
    pub fn generate(plant: Plant, origin_hour: i64, end_hour: i64) -> Self {
        let rounded = |value: f64, steps: f64| (value * steps).round() as i64;
        let hours: Vec<Option<Hour>> = (origin_hour..end_hour)
            .map(|hour| {
                let flow = plant.flow(1, hour);
                (flow.event != Event::PowerOff).then(|| Hour {
                    t1: rounded(flow.t_c[0], 100.0),
                    t2: rounded(flow.t_c[1], 100.0),
                    volume: rounded(flow.volume_m3[0], 1_000.0),
                    heat: rounded(flow.heat_gcal, 10_000.0),
                })
            })
            .collect();
        let numbered = (origin_hour..).zip(&hours);
        let with_power = numbered
            .filter(|(_, hour)| hour.is_some())
            .map(|(number, _)| number)
            .collect();
        Self {
            origin_hour,
            hours,
            with_power,
        }
    }

    pub fn hour(&self, hour: i64) -> Option<Hour> {
        let place = usize::try_from(hour - self.origin_hour).ok()?;
        self.hours.get(place).copied().flatten()
    }

    /// What the display shows in an hour: a meter that answers has power.
    pub fn shown(&self, hour: i64) -> Hour {
        let last = self.recorded(hour + 1).last();
        last.and_then(|hour| self.hour(*hour)).unwrap_or_default()
    }

    /// The hours with power that ended before `now_hour` did.
    pub fn recorded(&self, now_hour: i64) -> &[i64] {
        let count = self.with_power.partition_point(|hour| *hour < now_hour);
        &self.with_power[..count]
    }

    /// Volume and heat of hours.
    fn sum(&self, hours: std::ops::Range<i64>) -> [i64; 2] {
        let all = hours.filter_map(|hour| self.hour(hour));
        all.fold([0, 0], |sum, hour| [sum[0] + hour.volume, sum[1] + hour.heat])
    }

    /// Up to the end of the last full hour.
    pub fn totals(&self, now_hour: i64) -> [i64; 2] {
        self.sum(self.origin_hour..now_hour)
    }

    /// None before the first whole day.
    pub fn day(&self, day: i64) -> Option<[i64; 2]> {
        let begin = day * civil::DAY_H;
        (begin >= self.origin_hour).then(|| self.sum(begin..begin + civil::DAY_H))
    }

    /// Ends and sums of the whole months before `now`, oldest first.
    pub fn months(&self, now: DateTime) -> Vec<(DateTime, [i64; 2])> {
        let mut begin = civil::civil_of_hour(self.origin_hour).date();
        if begin.day() > 1 || civil::civil_of_hour(self.origin_hour).hour() > 0 {
            begin = begin.first_of_month().saturating_add(1.month());
        }
        let mut months = Vec::new();
        loop {
            let end = begin.saturating_add(1.month());
            if end.at(0, 0, 0, 0) > now {
                return months;
            }
            let hours = civil::hour_of(begin.at(0, 0, 0, 0))..civil::hour_of(end.at(0, 0, 0, 0));
            months.push((end.at(0, 0, 0, 0), self.sum(hours)));
            begin = end;
        }
    }
}

/// The truth about one meter; follows its clock.
pub struct HeatTruth {
    pub history: Arc<History>,
    pub clock: SimClock,
}

fn value(name: &'static str, digits: i64, decimals: u8) -> TruthValue {
    TruthValue {
        name,
        input: 0,
        value: Some(digits as f64 / 10f64.powi(decimals.into())),
        digits: Some((digits, decimals)),
    }
}

fn record(start: DateTime, end: DateTime, values: Vec<TruthValue>) -> TruthRecord {
    TruthRecord {
        start,
        end,
        values,
        ns: Vec::new(),
    }
}

fn amounts([volume, heat]: [i64; 2]) -> Vec<TruthValue> {
    vec![value("V", volume, 3), value("Q", heat, 4)]
}

impl HeatTruth {
    fn hours(&self) -> Vec<TruthRecord> {
        let recorded = self.history.recorded(self.clock.now_hour());
        let kept = recorded.iter().skip(recorded.len().saturating_sub(HOURS));
        let of = |hour: &i64| {
            let values = self.history.hour(*hour)?;
            let mut cells = vec![value("t1", values.t1, 2), value("t2", values.t2, 2)];
            cells.extend(amounts([values.volume, values.heat]));
            Some(record(
                civil::civil_of_hour(*hour),
                civil::civil_of_hour(hour + 1),
                cells,
            ))
        };
        kept.filter_map(of).collect()
    }

    fn days(&self) -> Vec<TruthRecord> {
        let today = civil::day_of(self.clock.now_hour());
        let days = today - i64::from(DAYS)..today;
        let of = |day: i64| {
            let (start, end) = (day * civil::DAY_H, (day + 1) * civil::DAY_H);
            let sums = self.history.day(day)?;
            Some(record(
                civil::civil_of_hour(start),
                civil::civil_of_hour(end),
                amounts(sums),
            ))
        };
        days.filter_map(of).collect()
    }

    fn months(&self) -> Vec<TruthRecord> {
        let months = self.history.months(self.clock.now());
        let kept = months.iter().skip(months.len().saturating_sub(MONTHS.into()));
        kept.map(|(end, sums)| record(end.saturating_sub(1.month()), *end, amounts(*sums)))
            .collect()
    }
}

impl Truth for HeatTruth {
    fn truth(&self, kind: TruthKind) -> Vec<TruthRecord> {
        let (now, hour) = (self.clock.now(), self.clock.now_hour());
        match kind {
            TruthKind::Hourly => self.hours(),
            TruthKind::Daily => self.days(),
            TruthKind::Monthly => self.months(),
            TruthKind::Current => {
                let shown = self.history.shown(hour);
                let values = vec![
                    value("t1", shown.t1, 2),
                    value("t2", shown.t2, 2),
                    value("G", shown.volume, 3),
                    value("state", 5, 0),
                ];
                vec![record(now, now, values)]
            }
            TruthKind::TotalsNow => vec![record(now, now, amounts(self.history.totals(hour)))],
            TruthKind::TotalsArchive => Vec::new(),
        }
    }
}
