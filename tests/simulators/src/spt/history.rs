//! The archives of a legacy СПТ. Amounts are multiples of a power of two fine enough for the meter
//! and coarse enough for its 24-bit floats, so that sums of hours are exact in any archive.

use crate::plant::{Event, Plant};
use crate::spt::model::{Quantity, SptModel};

/// Steps of volume, mass and counting time, and of heat: a month's sum still fits 24 bits.
const AMOUNT_STEP: f64 = 1024.0;
const HEAT_STEP: f64 = 16384.0;

/// kgf/cm² in MPa and bar; Gcal in GJ and MWh.
const MPA_PER_KGF: f64 = 0.0980665;
const GJ_PER_GCAL: f64 = 4.1868;
const MWH_PER_GCAL: f64 = 1.163;

/// Units of pressure and heat, setting ЕИ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SptUnits {
    KgfGcal,
    MpaGj,
    BarMwh,
}

impl SptUnits {
    /// The value of ЕИ.
    pub fn code(self) -> u8 {
        match self {
            Self::KgfGcal => 0,
            Self::MpaGj => 1,
            Self::BarMwh => 2,
        }
    }

    fn factors(self) -> (f64, f64) {
        match self {
            Self::KgfGcal => (1.0, 1.0),
            Self::MpaGj => (MPA_PER_KGF, GJ_PER_GCAL),
            Self::BarMwh => (MPA_PER_KGF * 10.0, MWH_PER_GCAL),
        }
    }
}

/// Sums of one input. Every value is a multiple of its step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    pub v: [f64; 3],
    pub m: [f64; 3],
    pub q: f64,
    pub qg: f64,
    pub ti: f64,
}

impl Sums {
    pub fn add(&mut self, more: &Self) {
        for pipe in 0..3 {
            self.v[pipe] += more.v[pipe];
            self.m[pipe] += more.m[pipe];
        }
        self.q += more.q;
        self.qg += more.qg;
        self.ti += more.ti;
    }

    fn get(&self, quantity: Quantity) -> f64 {
        match quantity {
            Quantity::V(pipe) => self.v[pipe],
            Quantity::M(pipe) => self.m[pipe],
            Quantity::Q => self.q,
            Quantity::Qg => self.qg,
            _ => self.ti,
        }
    }
}

/// One interval of one input.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SptRow {
    pub p: [f32; 2],
    pub t: [f32; 2],
    pub sums: Sums,
    /// НС bits 0 to 23.
    pub ns: u32,
    /// The meter worked at all; without, an hour has no record.
    pub worked: bool,
}

impl SptRow {
    /// A value as the meter keeps it. Quantities that this scheme does not use are 0.
    pub fn value(&self, quantity: Quantity) -> f32 {
        match quantity {
            Quantity::P(pipe) => self.p[pipe],
            Quantity::T(2) | Quantity::Tx | Quantity::Tv => 0.0,
            Quantity::T(pipe) => self.t[pipe],
            Quantity::Dt => self.t[0] - self.t[1],
            // The hour's volume is the flow in m³/h.
            Quantity::G(pipe) => self.sums.v[pipe] as f32,
            sum => self.sums.get(sum) as f32,
        }
    }
}

/// All hours of both inputs. Shared between meters.
#[derive(Debug)]
pub struct SptHistory {
    pub origin_hour: i64,
    hours: Vec<[SptRow; 2]>,
    /// Totals at the end of each hour.
    totals: Vec<[Sums; 2]>,
}

impl SptHistory {
    /// Hours from `origin_hour` to `end_hour`, exclusive.
    pub fn generate(plant: &Plant, model: SptModel, units: SptUnits, origin_hour: i64, end_hour: i64) -> Self {
        let row = |input, hour| hour_row(plant, model, units, input, hour);
        let hours: Vec<_> = (origin_hour..end_hour)
            .map(|hour| [row(1, hour), row(2, hour)])
            .collect();
        let totals = hours
            .iter()
            .scan([Sums::default(); 2], |totals, rows| {
                totals
                    .iter_mut()
                    .zip(rows)
                    .for_each(|(total, row)| total.add(&row.sums));
                Some(*totals)
            })
            .collect();
        Self {
            origin_hour,
            hours,
            totals,
        }
    }

    /// The hour of an input, 1 or 2; the last known one behind the end.
    pub fn hour(&self, input: u8, hour: i64) -> SptRow {
        let rows = usize::try_from(hour - self.origin_hour)
            .ok()
            .and_then(|place| self.hours.get(place));
        rows.or(self.hours.last())
            .map(|rows| rows[usize::from(input == 2)])
            .unwrap_or_default()
    }

    /// The record of hours `from` to `to`, exclusive; `None` when the history does not hold them all.
    pub fn interval(&self, input: u8, from: i64, to: i64) -> Option<SptRow> {
        let place = |hour: i64| usize::try_from(hour - self.origin_hour).ok();
        let rows = self.hours.get(place(from)?..place(to)?)?;
        Some(aggregate(rows.iter().map(|rows| &rows[usize::from(input == 2)])))
    }

    /// Totals when `hour` begins.
    pub fn totals_before(&self, input: u8, hour: i64) -> Sums {
        let totals = usize::try_from(hour - 1 - self.origin_hour)
            .ok()
            .and_then(|place| self.totals.get(place).or(self.totals.last()));
        totals.map(|totals| totals[usize::from(input == 2)]).unwrap_or_default()
    }

    /// What grew since `hour` began, after a share of it.
    pub fn growth(&self, input: u8, hour: i64, share: f64) -> Sums {
        let whole = self.hour(input, hour).sums;
        let part = |value: f64, step| stepped(value * share, step);
        Sums {
            v: whole.v.map(|v| part(v, AMOUNT_STEP)),
            m: whole.m.map(|m| part(m, AMOUNT_STEP)),
            q: part(whole.q, HEAT_STEP),
            qg: part(whole.qg, HEAT_STEP),
            ti: part(whole.ti, AMOUNT_STEP),
        }
    }
}

/// One total of a set, by its quantity.
pub fn total(sums: &Sums, quantity: Quantity) -> f64 {
    sums.get(quantity)
}

fn hour_row(plant: &Plant, model: SptModel, units: SptUnits, input: u8, hour: i64) -> SptRow {
    let flow = plant.flow(input, hour);
    if flow.event == Event::PowerOff {
        return SptRow::default();
    }
    let (pressure, heat) = units.factors();
    let amounts = |values: [f64; 3]| -> [f64; 3] {
        let [first, second, _] = values.map(|value| stepped(value, AMOUNT_STEP));
        // A scheme of two pipes: the third is the difference.
        [first, second, first - second]
    };
    let (imbalance, above_max) = model.ns_codes();
    let ns = match flow.event {
        Event::MassImbalance => 1u32 << imbalance,
        Event::FlowAboveMax => 1u32 << above_max,
        Event::None | Event::PowerOff => 0,
    };
    SptRow {
        p: flow.pressure_kgf.map(|p| (p * pressure) as f32),
        t: [flow.t_c[0] as f32, flow.t_c[1] as f32],
        sums: Sums {
            v: amounts(flow.volume_m3),
            m: amounts(flow.mass_t),
            q: stepped(flow.heat_gcal * heat, HEAT_STEP),
            qg: stepped(flow.hot_water_gcal * heat, HEAT_STEP),
            ti: 1.0,
        },
        ns,
        worked: true,
    }
}

/// Sums, and means over the hours that were worked.
fn aggregate<'a>(rows: impl Iterator<Item = &'a SptRow>) -> SptRow {
    let mut whole = SptRow::default();
    let mut means = [0f64; 4];
    let mut count = 0f64;
    for row in rows.filter(|row| row.worked) {
        whole.sums.add(&row.sums);
        whole.ns |= row.ns;
        whole.worked = true;
        count += 1.0;
        for (mean, value) in means.iter_mut().zip([row.p[0], row.p[1], row.t[0], row.t[1]]) {
            *mean += f64::from(value);
        }
    }
    if count > 0.0 {
        let [p1, p2, t1, t2] = means.map(|sum| (sum / count) as f32);
        (whole.p, whole.t) = ([p1, p2], [t1, t2]);
    }
    whole
}

fn stepped(value: f64, step: f64) -> f64 {
    (value * step).round() / step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact_in_the_floats_of_the_meter() {
        let history = SptHistory::generate(
            &Plant {
                seed: 2,
                eventful: true,
            },
            SptModel::Spt943,
            SptUnits::MpaGj,
            480_000,
            481_000,
        );
        let month = history.interval(1, 480_100, 480_100 + 744).unwrap();
        let after = history.totals_before(1, 480_844);
        let before = history.totals_before(1, 480_100);
        for quantity in SptModel::Spt943.totals().iter().copied() {
            let sum: f64 = (480_100..480_844)
                .map(|hour| f64::from(history.hour(1, hour).value(quantity)))
                .sum();
            assert_eq!(f64::from(month.value(quantity)), sum, "{}", quantity.name());
            assert_eq!(
                total(&after, quantity) - total(&before, quantity),
                sum,
                "{}",
                quantity.name()
            );
        }
        assert!(history.interval(1, 480_990, 481_010).is_none());
    }
}
