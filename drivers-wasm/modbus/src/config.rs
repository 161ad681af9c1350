//! The configuration of a device.

use serde::Deserialize;
use uzel_driver_sdk::Failure;

use uzel_driver_sdk::modbus::frame::Framing;
use uzel_driver_sdk::modbus::talk::Manner;

/// The name of `map` that says that the map is the text of `map_text`.
pub const OWN: &str = "own";

/// What `identify` gets, with the same defaults as `driver.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub map: String,
    #[serde(default)]
    pub map_text: String,
    #[serde(default = "framing")]
    pub framing: Framing,
    #[serde(default = "address")]
    pub address: u8,
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u32,
    #[serde(default = "attempts")]
    pub attempts: u32,
}

fn framing() -> Framing {
    Framing::Rtu
}

fn address() -> u8 {
    1
}

fn timeout_ms() -> u32 {
    1_000
}

fn attempts() -> u32 {
    3
}

impl Config {
    /// Reads the JSON object that the host checked against `driver.toml`.
    pub fn parse(json: &str) -> Result<Self, Failure> {
        let mut config: Self = serde_json::from_str(json).map_err(|error| Failure::Config(error.to_string()))?;
        if config.address == 0 && config.framing != Framing::Tcp {
            // 0 is everybody, who never answers.
            return Err(Failure::Config("address is 0, expected 1 to 255".to_owned()));
        }
        if (config.map == OWN) == config.map_text.trim().is_empty() {
            let text = format!(
                "map is {:?}: map_text is for the map {OWN:?}, and only for that",
                config.map
            );
            return Err(Failure::Config(text));
        }
        config.timeout_ms = config.timeout_ms.clamp(20, 60_000);
        config.attempts = config.attempts.clamp(1, 10);
        Ok(config)
    }

    /// How the device is spoken to.
    pub fn manner(&self) -> Manner {
        Manner {
            framing: self.framing,
            unit: self.address,
            timeout_ms: self.timeout_ms,
            attempts: self.attempts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_description_and_contradictions_are_named() {
        let described: serde_json::Value =
            serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/describe.json"))).unwrap();
        let mut filled = serde_json::json!({"map": "sdm630"});
        for key in described["config"].as_array().unwrap() {
            if let Some(default) = key.get("default") {
                filled[key["key"].as_str().unwrap()] = default.clone();
            }
        }
        let plain = Config::parse(r#"{"map": "sdm630"}"#).unwrap();
        assert_eq!(Config::parse(&filled.to_string()).unwrap(), plain);
        let cases = [
            (r#"{"map": "sdm630", "address": 0}"#, "address is 0"),
            (r#"{"map": "own"}"#, "map_text is for the map"),
            (
                r#"{"map": "sdm630", "map_text": "version = 1"}"#,
                "map_text is for the map",
            ),
            (r#"{"map": "sdm630", "unit": 1}"#, "unknown field"),
            (r#"{"map": "sdm630", "framing": "udp"}"#, "unknown variant"),
        ];
        for (json, want) in cases {
            let Err(Failure::Config(text)) = Config::parse(json) else {
                panic!("{json} was taken")
            };
            assert!(text.contains(want), "{json}: {text}");
        }
    }
}
