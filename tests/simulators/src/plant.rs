//! What flows through a heat point, hour by hour: the truth that every simulated meter then rounds
//! to its own digits. A pure function of the seed, so that any hour can be asked at any time.

use crate::random::{noise, share};
use crate::water::{density_t_m3, enthalpy_gcal_t};
use crate::weather::outdoor_c;

/// Temperature of cold water taken as a constant of the contract, °C.
pub const COLD_WATER_C: f64 = 5.0;

/// Indoor and design temperatures of the 95/70 heating curve, °C (house system, design -26 °C).
const INDOOR_C: f64 = 18.0;
const DESIGN_OUTDOOR_C: f64 = -26.0;
const DESIGN_SUPPLY_C: f64 = 95.0;
const DESIGN_RETURN_C: f64 = 70.0;

/// Heating starts below this outdoor temperature, °C.
const HEATING_BELOW_C: f64 = 8.0;

/// What happened in an hour besides normal work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    None,
    /// The return pipe counted more than the supply pipe; counting went on.
    MassImbalance,
    /// Flow above the sensor's limit; volume counted, mass and heat did not.
    FlowAboveMax,
    /// No power: nothing was measured.
    PowerOff,
}

/// One hour of one heat input. Temperatures °C, volumes m³, masses t, pressures kgf/cm², heat Gcal.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    pub t_c: [f64; 3],
    pub volume_m3: [f64; 3],
    pub mass_t: [f64; 3],
    pub pressure_kgf: [f64; 2],
    pub heat_gcal: f64,
    pub hot_water_gcal: f64,
    pub event: Event,
}

/// The heat point of one meter.
#[derive(Clone, Copy, Debug)]
pub struct Plant {
    pub seed: u64,
    /// Whether anything but normal work happens.
    pub eventful: bool,
}

impl Plant {
    /// Outdoor temperature, mean of the hour, °C.
    pub fn outdoor_c(&self, hour: i64) -> f64 {
        outdoor_c(self.seed, hour)
    }

    /// Input 1 is heating, input 2 is hot water with circulation.
    pub fn flow(&self, input: u8, hour: i64) -> Flow {
        let stream = u64::from(input) * 100;
        let event = self.event(stream, hour);
        let wave = |key, size: f64| size * noise(self.seed, stream + key, hour);
        let (supply_c, return_c, mass_t) = match input {
            2 => self.hot_water(stream, hour),
            _ => self.heating(stream, hour),
        };
        let (supply_c, return_c) = (supply_c + wave(1, 0.4), return_c + wave(2, 0.3));
        let loss = match event {
            Event::MassImbalance => -0.012 + wave(3, 0.002),
            _ if input == 2 => 0.35 + wave(3, 0.1),
            _ => 0.004 + wave(3, 0.002),
        };
        let supply_t = mass_t * (1.0 + wave(4, 0.02));
        let return_t = supply_t * (1.0 - loss);
        let makeup_t = 0.02 * supply_t * (1.0 + wave(5, 0.3));
        let flow = Flow {
            t_c: [supply_c, return_c, COLD_WATER_C + 1.0 + wave(6, 0.5)],
            volume_m3: [
                supply_t / density_t_m3(supply_c),
                return_t / density_t_m3(return_c),
                makeup_t / density_t_m3(COLD_WATER_C),
            ],
            mass_t: [supply_t, return_t, makeup_t],
            pressure_kgf: [6.2 + wave(7, 0.25), 4.6 + wave(8, 0.2)],
            heat_gcal: supply_t * (enthalpy_gcal_t(supply_c) - enthalpy_gcal_t(return_c)),
            hot_water_gcal: (supply_t - return_t) * (enthalpy_gcal_t(return_c) - enthalpy_gcal_t(COLD_WATER_C)),
            event,
        };
        spoiled(flow)
    }

    /// Supply °C, return °C and mass t of an hour of heating by the 95/70 curve
    /// (exponent 0.8 = 1/(1+n) of ordinary radiators), or of the summer duty.
    fn heating(&self, stream: u64, hour: i64) -> (f64, f64, f64) {
        let size_t = 4.0 + 8.0 * share(self.seed, stream, 0);
        let outdoor = self.outdoor_c(hour);
        if outdoor >= HEATING_BELOW_C {
            return (62.0, 54.0, size_t * 0.15);
        }
        let load = (INDOOR_C - outdoor) / (INDOOR_C - DESIGN_OUTDOOR_C);
        let mean = (DESIGN_SUPPLY_C + DESIGN_RETURN_C) / 2.0 - INDOOR_C;
        let spread = DESIGN_SUPPLY_C - DESIGN_RETURN_C;
        let supply = INDOOR_C + mean * load.powf(0.8) + spread / 2.0 * load;
        (supply, supply - spread * load, size_t)
    }

    /// Supply °C, return °C and mass t of an hour of hot water: people draw in the morning and the evening.
    fn hot_water(&self, stream: u64, hour: i64) -> (f64, f64, f64) {
        let size_t = 1.0 + 1.5 * share(self.seed, stream, 0);
        let draw = match hour.rem_euclid(24) {
            0..=5 => 0.25,
            6..=9 => 1.2,
            17..=22 => 1.3,
            _ => 0.7,
        };
        (63.0, 47.0, size_t * draw)
    }

    fn event(&self, stream: u64, hour: i64) -> Event {
        if !self.eventful {
            return Event::None;
        }
        // Power fails for the whole meter, on one day of a hundred, for 2 to 4 hours from some hour on.
        let day = hour.div_euclid(24);
        if share(self.seed, 21, day) < 0.01 {
            let first = (share(self.seed, 22, day) * 20.0) as i64;
            let hours = 2 + (share(self.seed, 23, day) * 3.0) as i64;
            if (first..first + hours).contains(&hour.rem_euclid(24)) {
                return Event::PowerOff;
            }
        }
        match share(self.seed, stream + 24, hour) {
            chance if chance < 0.006 => Event::MassImbalance,
            chance if chance < 0.008 => Event::FlowAboveMax,
            _ => Event::None,
        }
    }
}

/// What the event leaves of the hour.
fn spoiled(flow: Flow) -> Flow {
    match flow.event {
        Event::None | Event::MassImbalance => flow,
        Event::FlowAboveMax => Flow {
            volume_m3: [flow.volume_m3[0] * 9.0, flow.volume_m3[1], flow.volume_m3[2]],
            mass_t: [0.0; 3],
            heat_gcal: 0.0,
            hot_water_gcal: 0.0,
            ..flow
        },
        Event::PowerOff => Flow {
            t_c: [0.0; 3],
            volume_m3: [0.0; 3],
            mass_t: [0.0; 3],
            pressure_kgf: [0.0; 2],
            heat_gcal: 0.0,
            hot_water_gcal: 0.0,
            event: Event::PowerOff,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::civil::hour_of;
    use jiff::civil::datetime;

    #[test]
    fn an_hour_obeys_density_and_heat_balance() {
        let plant = Plant {
            seed: 3,
            eventful: true,
        };
        let start = hour_of(datetime(2026, 1, 10, 0, 0, 0, 0));
        for hour in start..start + 200 {
            let flow = plant.flow(1, hour);
            if flow.event != Event::None {
                continue;
            }
            let rho = flow.mass_t[0] / flow.volume_m3[0];
            assert!((rho - density_t_m3(flow.t_c[0])).abs() < 1e-9);
            let shortcut = flow.mass_t[0] * (flow.t_c[0] - flow.t_c[1]) / 1000.0;
            assert!((flow.heat_gcal / shortcut - 1.0).abs() < 0.03, "{flow:?}");
        }
    }

    #[test]
    fn a_year_has_every_kind_of_event() {
        let plant = Plant {
            seed: 1,
            eventful: true,
        };
        let start = hour_of(datetime(2025, 1, 1, 0, 0, 0, 0));
        for event in [Event::MassImbalance, Event::FlowAboveMax, Event::PowerOff] {
            assert!(
                (start..start + 8760).any(|hour| plant.flow(1, hour).event == event),
                "{event:?}"
            );
        }
    }
}
