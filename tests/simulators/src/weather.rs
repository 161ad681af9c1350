//! The outdoor temperature of a place in the middle of Russia: season, passing weather, time of day.

use crate::random::noise;
use std::f64::consts::TAU;

/// Mean of an hour, °C. `hour` counts from 1970-01-01T00:00.
pub fn outdoor_c(seed: u64, hour: i64) -> f64 {
    let hour_f = hour as f64;
    let season = 5.0 - 14.0 * (TAU * (hour_f / 24.0 - 20.0) / 365.2425).cos();
    // Warmest at 15 h, coldest at 3 h.
    let day = 3.0 * (TAU * (hour_f - 15.0) / 24.0).cos();
    season + synoptic_c(seed, hour_f) + day + 0.3 * noise(seed, 11, hour)
}

/// Passing weather: waves of 3.5 to 13 days with the seed's own phases.
fn synoptic_c(seed: u64, hour: f64) -> f64 {
    let wave =
        |stream: u64, period_h: f64, swing_c: f64| swing_c * (TAU * (hour / period_h + noise(seed, stream, 0))).sin();
    wave(1, 84.0, 2.5) + wave(2, 143.0, 3.5) + wave(3, 311.0, 3.5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::civil::hour_of;
    use jiff::civil::datetime;

    #[test]
    fn a_winter_is_cold_and_a_summer_is_warm() {
        let mean = |start| (0..720).map(|n| outdoor_c(1, hour_of(start) + n)).sum::<f64>() / 720.0;
        let january = mean(datetime(2026, 1, 1, 0, 0, 0, 0));
        let july = mean(datetime(2026, 7, 1, 0, 0, 0, 0));
        assert!((-14.0..-4.0).contains(&january), "{january}");
        assert!((14.0..24.0).contains(&july), "{july}");
    }
}
