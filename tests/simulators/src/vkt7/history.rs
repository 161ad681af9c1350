//! The archives of a ВКТ-7 as integers of the meter's own digits. Hours are rounded once; days,
//! months and totals are sums of those integers, so that all archives agree to the last digit.

use super::config::Digits;
use crate::civil;
use crate::plant::{COLD_WATER_C, Event, Flow, Plant};
use jiff::civil::Date;

/// Abnormal situations of a record, by heat input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Situations {
    pub mass_imbalance: bool,
    pub flow_above_max: bool,
    pub power_off: bool,
}

impl Situations {
    pub fn any(self) -> bool {
        self.mass_imbalance || self.flow_above_max || self.power_off
    }

    fn or(self, other: Self) -> Self {
        Self {
            mass_imbalance: self.mass_imbalance || other.mass_imbalance,
            flow_above_max: self.flow_above_max || other.flow_above_max,
            power_off: self.power_off || other.power_off,
        }
    }
}

/// Amounts of one heat input, integers of its digits; hours for `vnr` and `vos`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    pub v: [i32; 3],
    pub m: [i32; 3],
    pub mg: i32,
    pub qo: i32,
    pub qg: i32,
    pub vnr: i32,
    pub vos: i32,
}

/// One record of one heat input.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InputRow {
    pub t: [i16; 3],
    pub p: [i16; 2],
    pub dt: i16,
    pub amounts: Amounts,
    pub situations: Situations,
    /// Hours of: power off, flow below minimum, flow above maximum, temperature sensor, small dt.
    pub ns_times: [u16; 5],
}

/// One record of the meter.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Row {
    pub inputs: [InputRow; 2],
    pub tx: i16,
    pub ta: i16,
    pub p3: i16,
    /// Additional input, whole pulses.
    pub di: i32,
}

/// One reporting month: its hours, its record.
#[derive(Clone, Copy, Debug)]
pub struct Month {
    /// The report date: the last day of the interval.
    pub date: Date,
    pub start_hour: i64,
    /// Exclusive.
    pub end_hour: i64,
    pub row: Row,
}

/// Everything one kind of meter with one seed has archived and will archive. Shared between meters.
#[derive(Debug)]
pub struct History {
    /// The first hour, at midnight.
    pub origin_hour: i64,
    hours: Vec<Row>,
    days: Vec<Row>,
    pub months: Vec<Month>,
    /// Totals of both inputs at the end of each hour, and of DI.
    totals: Vec<([Amounts; 2], i32)>,
}

impl History {
    /// Hours from `origin_hour` (moved back to midnight) to `end_hour`, exclusive.
    pub fn generate(plant: &Plant, digits: &Digits, report_day: u8, origin_hour: i64, end_hour: i64) -> Self {
        let origin_hour = civil::day_of(origin_hour) * civil::DAY_H;
        let hours: Vec<Row> = (origin_hour..end_hour)
            .map(|hour| hour_row(plant, digits, hour))
            .collect();
        let days = hours.chunks_exact(24).map(aggregate).collect();
        let totals = hours
            .iter()
            .scan(([Amounts::default(); 2], 0i32), |sum, row| {
                for (sum, input) in sum.0.iter_mut().zip(&row.inputs) {
                    add(sum, &input.amounts);
                }
                sum.1 = sum.1.saturating_add(row.di);
                Some(*sum)
            })
            .collect();
        let months = months(&hours, origin_hour, report_day);
        Self {
            origin_hour,
            hours,
            days,
            months,
            totals,
        }
    }

    /// The record of an hour.
    pub fn hour(&self, hour: i64) -> Option<&Row> {
        self.hours.get(usize::try_from(hour - self.origin_hour).ok()?)
    }

    /// The record of a day, counted from 1970.
    pub fn day(&self, day: i64) -> Option<&Row> {
        self.days
            .get(usize::try_from(day - civil::day_of(self.origin_hour)).ok()?)
    }

    /// Totals when `hour` (exclusive) begins; zero before the first one.
    pub fn totals_before(&self, hour: i64) -> ([Amounts; 2], i32) {
        usize::try_from(hour - 1 - self.origin_hour)
            .ok()
            .and_then(|place| self.totals.get(place).or(self.totals.last()))
            .copied()
            .unwrap_or_default()
    }

    /// The hour whose record a reading of now comes from, kept inside the history.
    pub fn current(&self, hour: i64) -> Row {
        self.hour(hour).or(self.hours.last()).copied().unwrap_or_default()
    }
}

fn hour_row(plant: &Plant, digits: &Digits, hour: i64) -> Row {
    let flows = [plant.flow(1, hour), plant.flow(2, hour)];
    let input = |n: usize, flow: &Flow| input_row(flow, digits, n);
    Row {
        inputs: [input(0, &flows[0]), input(1, &flows[1])],
        tx: scaled16(COLD_WATER_C, digits.temperature),
        ta: scaled16(plant.outdoor_c(hour), digits.temperature),
        p3: scaled16(flows[0].pressure_kgf[1] * 0.9, digits.pressure),
        di: i32::from(flows[0].event != Event::PowerOff) * (hour.rem_euclid(3) as i32 + 1),
    }
}

fn input_row(flow: &Flow, digits: &Digits, input: usize) -> InputRow {
    let t = flow.t_c.map(|t_c| scaled16(t_c, digits.temperature));
    let v = flow.volume_m3.map(|v| scaled(v, digits.volume[input]));
    let m = flow.mass_t.map(|m| scaled(m, digits.mass[input]));
    let power_off = flow.event == Event::PowerOff;
    let flow_above_max = flow.event == Event::FlowAboveMax;
    let counted = !power_off && !flow_above_max;
    InputRow {
        t,
        p: flow.pressure_kgf.map(|p| scaled16(p, digits.pressure)),
        dt: t[0] - t[1],
        amounts: Amounts {
            v,
            m,
            mg: m[0] - m[1],
            qo: scaled(flow.heat_gcal, digits.heat[input]),
            qg: scaled(flow.hot_water_gcal, digits.heat[input]),
            vnr: i32::from(counted),
            vos: i32::from(!counted),
        },
        situations: Situations {
            mass_imbalance: flow.event == Event::MassImbalance,
            flow_above_max,
            power_off,
        },
        ns_times: [u16::from(power_off), 0, u16::from(flow_above_max), 0, 0],
    }
}

/// A day or a month of hours: sums, and means over the hours that had power.
fn aggregate(rows: &[Row]) -> Row {
    let input = |n: usize| {
        let mut sum = InputRow::default();
        let powered = || {
            rows.iter()
                .map(|row| &row.inputs[n])
                .filter(|input| !input.situations.power_off)
        };
        for row in rows.iter().map(|row| &row.inputs[n]) {
            add(&mut sum.amounts, &row.amounts);
            sum.situations = sum.situations.or(row.situations);
            for (sum, hours) in sum.ns_times.iter_mut().zip(row.ns_times) {
                *sum = sum.saturating_add(hours);
            }
        }
        sum.t = std::array::from_fn(|pipe| mean(powered().map(|input| input.t[pipe])));
        sum.p = std::array::from_fn(|pipe| mean(powered().map(|input| input.p[pipe])));
        sum.dt = sum.t[0] - sum.t[1];
        sum
    };
    Row {
        inputs: [input(0), input(1)],
        tx: mean(rows.iter().map(|row| row.tx)),
        ta: mean(rows.iter().map(|row| row.ta)),
        p3: mean(rows.iter().map(|row| row.p3)),
        di: rows.iter().map(|row| row.di).sum(),
    }
}

/// Whole reporting months inside the hours: each ends with its report day.
fn months(hours: &[Row], origin_hour: i64, report_day: u8) -> Vec<Month> {
    let end_hour = origin_hour + hours.len() as i64;
    let mut first = civil::civil_of_hour(origin_hour).date().first_of_month();
    let mut months = Vec::new();
    let end_of = |date: Date| civil::hour_of(date.to_datetime(jiff::civil::Time::midnight())) + civil::DAY_H;
    loop {
        let previous = civil::previous_month(first);
        let start_hour = end_of(civil::report_date(previous.year(), previous.month(), report_day));
        let date = civil::report_date(first.year(), first.month(), report_day);
        let month_end = end_of(date);
        if month_end > end_hour {
            return months;
        }
        let place = |hour: i64| usize::try_from(hour - origin_hour).ok();
        let rows = place(start_hour)
            .zip(place(month_end))
            .and_then(|(from, to)| hours.get(from..to));
        if let Some(rows) = rows {
            months.push(Month {
                date,
                start_hour,
                end_hour: month_end,
                row: aggregate(rows),
            });
        }
        first = first.last_of_month().tomorrow().expect("a month within jiff's range");
    }
}

fn add(sum: &mut Amounts, more: &Amounts) {
    for pipe in 0..3 {
        sum.v[pipe] = sum.v[pipe].saturating_add(more.v[pipe]);
        sum.m[pipe] = sum.m[pipe].saturating_add(more.m[pipe]);
    }
    sum.mg = sum.mg.saturating_add(more.mg);
    sum.qo = sum.qo.saturating_add(more.qo);
    sum.qg = sum.qg.saturating_add(more.qg);
    sum.vnr = sum.vnr.saturating_add(more.vnr);
    sum.vos = sum.vos.saturating_add(more.vos);
}

fn mean(values: impl Iterator<Item = i16>) -> i16 {
    let (sum, count) = values.fold((0i64, 0i64), |(sum, count), value| (sum + i64::from(value), count + 1));
    if count == 0 {
        return 0;
    }
    (sum as f64 / count as f64).round() as i16
}

fn scaled(value: f64, decimals: u8) -> i32 {
    (value * 10f64.powi(i32::from(decimals))).round() as i32
}

fn scaled16(value: f64, decimals: u8) -> i16 {
    (value * 10f64.powi(i32::from(decimals))).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, datetime};

    fn history(report_day: u8) -> History {
        let origin = civil::hour_of(datetime(2025, 10, 1, 0, 0, 0, 0));
        History::generate(
            &Plant {
                seed: 5,
                eventful: true,
            },
            &Digits::default(),
            report_day,
            origin,
            origin + 24 * 120,
        )
    }

    #[test]
    fn days_and_months_are_sums_of_their_hours_and_totals_grow_by_them() {
        let history = history(25);
        let first_day = civil::day_of(history.origin_hour);
        for day in first_day..first_day + 120 {
            let hours: Vec<_> = (day * 24..day * 24 + 24)
                .map(|hour| history.hour(hour).unwrap())
                .collect();
            let day_row = history.day(day).unwrap();
            let before = history.totals_before(day * 24);
            let after = history.totals_before(day * 24 + 24);
            for n in 0..2 {
                let sum = |of: fn(&Amounts) -> i32| -> i32 { hours.iter().map(|row| of(&row.inputs[n].amounts)).sum() };
                let amounts = &day_row.inputs[n].amounts;
                let fields: [fn(&Amounts) -> i32; 6] =
                    [|a| a.v[0], |a| a.m[1], |a| a.qo, |a| a.qg, |a| a.vnr, |a| a.mg];
                for of in fields {
                    assert_eq!(of(amounts), sum(of));
                    assert_eq!(of(&after.0[n]) - of(&before.0[n]), sum(of));
                }
                assert_eq!(amounts.vnr + amounts.vos, 24);
            }
        }
        for month in &history.months {
            let grown = history.totals_before(month.end_hour).0[0].qo - history.totals_before(month.start_hour).0[0].qo;
            assert_eq!(month.row.inputs[0].amounts.qo, grown);
        }
        assert_eq!(history.months.first().unwrap().date, date(2025, 11, 25));
    }

    #[test]
    fn a_report_day_of_31_makes_calendar_months() {
        let months = history(31).months;
        let dates: Vec<_> = months.iter().map(|month| month.date).collect();
        assert_eq!(dates, [date(2025, 10, 31), date(2025, 11, 30), date(2025, 12, 31)]);
        assert_eq!(months[1].end_hour - months[1].start_hour, 30 * 24);
    }
}
