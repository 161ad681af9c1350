//! Two running counters per hour: what a meter's registers show at any moment.

use crate::civil;
use crate::mbus::content::MbusKind;
use crate::plant::Plant;
use crate::random::noise;
use jiff::civil::Date;

/// Counters at the end of each hour. Heat: Wh and cm³; water: cm³ and nothing; electricity: Wh of
/// tariff 1 (7 to 23 h) and of tariff 2.
#[derive(Debug)]
pub struct MbusHistory {
    plant: Plant,
    kind: MbusKind,
    origin_hour: i64,
    counters: Vec<[i64; 2]>,
}

const WH_PER_GCAL: f64 = 1_163_000.0;
const CM3_PER_M3: f64 = 1_000_000.0;

impl MbusHistory {
    /// Hours from `origin_hour` to `end_hour`, exclusive; counters begin with zero.
    pub fn generate(plant: Plant, kind: MbusKind, origin_hour: i64, end_hour: i64) -> Self {
        let counters = (origin_hour..end_hour)
            .scan([0i64; 2], |sum, hour| {
                let more = growth(&plant, kind, hour);
                *sum = [sum[0] + more[0], sum[1] + more[1]];
                Some(*sum)
            })
            .collect();
        Self {
            plant,
            kind,
            origin_hour,
            counters,
        }
    }

    /// Counters at this civil second: those of the last full hour, and the hour's share.
    pub fn at(&self, seconds: i64) -> [i64; 2] {
        let hour = seconds.div_euclid(civil::HOUR_S);
        let passed_s = seconds.rem_euclid(civil::HOUR_S);
        let full = usize::try_from(hour - 1 - self.origin_hour)
            .ok()
            .and_then(|place| self.counters.get(place).or(self.counters.last()))
            .copied()
            .unwrap_or_default();
        let more = growth(&self.plant, self.kind, hour);
        [0, 1].map(|n: usize| full[n] + more[n] * passed_s / civil::HOUR_S)
    }

    /// Counters when a day begins.
    pub fn at_midnight(&self, date: Date) -> [i64; 2] {
        self.at(civil::seconds_of(date.at(0, 0, 0, 0)))
    }

    /// What one hour adds: also its mean power and flow.
    pub fn hourly(&self, hour: i64) -> [i64; 2] {
        growth(&self.plant, self.kind, hour)
    }

    /// Supply and return temperature, hundredths of °C.
    pub fn temperatures(&self, hour: i64) -> [i64; 2] {
        let flow = self.plant.flow(1, hour);
        [flow.t_c[0], flow.t_c[1]].map(|t_c| (t_c * 100.0).round() as i64)
    }

    /// Hours since the meter was put into work.
    pub fn on_time_h(&self, hour: i64) -> i64 {
        hour - self.origin_hour
    }
}

fn growth(plant: &Plant, kind: MbusKind, hour: i64) -> [i64; 2] {
    match kind {
        MbusKind::Heat => {
            let flow = plant.flow(1, hour);
            [
                (flow.heat_gcal * WH_PER_GCAL).round() as i64,
                (flow.volume_m3[0] * CM3_PER_M3).round() as i64,
            ]
        }
        MbusKind::Water => {
            let flow = plant.flow(2, hour);
            [(flow.mass_t[0] * 0.1 * CM3_PER_M3).round() as i64, 0]
        }
        MbusKind::Electricity => {
            let day = (7..23).contains(&hour.rem_euclid(24));
            let load_w = if day { 6500.0 } else { 1800.0 };
            let wh = (load_w * (1.0 + 0.3 * noise(plant.seed, 77, hour))).round() as i64;
            if day { [wh, 0] } else { [0, wh] }
        }
    }
}
