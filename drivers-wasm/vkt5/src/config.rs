//! The configuration of a device.

use serde::Deserialize;
use uzel_driver_sdk::Failure;

/// Units in which pressures may come.
const PRESSURE_UNITS: [&str; 3] = ["MPa", "kgf/cm2", "bar"];

/// What `identify` gets, with the same defaults as `driver.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default)]
    pub address: u8,
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u32,
    #[serde(default = "attempts")]
    pub attempts: u32,
    #[serde(default = "pause_ms")]
    pub pause_ms: u32,
    #[serde(default = "pressure_unit")]
    pub pressure_unit: String,
}

fn timeout_ms() -> u32 {
    3_000
}

fn attempts() -> u32 {
    3
}

fn pause_ms() -> u32 {
    5
}

fn pressure_unit() -> String {
    "MPa".to_owned()
}

impl Config {
    /// Reads the JSON object that the host checked against `driver.toml`.
    pub fn parse(json: &str) -> Result<Self, Failure> {
        let mut config: Self = serde_json::from_str(json).map_err(|error| Failure::Config(error.to_string()))?;
        if !PRESSURE_UNITS.contains(&&*config.pressure_unit) {
            let text = format!(
                "pressure_unit is {:?}, expected one of {PRESSURE_UNITS:?}",
                config.pressure_unit
            );
            return Err(Failure::Config(text));
        }
        config.timeout_ms = config.timeout_ms.clamp(20, 60_000);
        config.pause_ms = config.pause_ms.min(1_000);
        config.attempts = config.attempts.clamp(1, 10);
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_description() {
        let described: serde_json::Value =
            serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/describe.json"))).unwrap();
        let mut filled = serde_json::json!({});
        for key in described["config"].as_array().unwrap() {
            filled[key["key"].as_str().unwrap()] = key["default"].clone();
        }
        assert_eq!(
            Config::parse(&filled.to_string()).unwrap(),
            Config::parse("{}").unwrap()
        );
        for wrong in [r#"{"pressure_unit": "psi"}"#, r#"{"adress": 1}"#] {
            assert!(matches!(Config::parse(wrong), Err(Failure::Config(_))), "{wrong}");
        }
    }
}
