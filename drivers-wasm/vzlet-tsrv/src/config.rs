//! The configuration keys of `driver.toml`.

use serde::Deserialize;
use uzel_driver_sdk::Failure;
use uzel_driver_sdk::modbus::frame::Framing;
use uzel_driver_sdk::modbus::talk::Manner;

/// What the meter is taken to be where its name alone does not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Told {
    #[serde(rename = "auto")]
    Nothing,
    #[serde(rename = "tsrv02x")]
    Tsrv02x,
    #[serde(rename = "tsrv026m")]
    Tsrv026m,
}

/// One device as it is configured.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub address: u8,
    pub framing: Framing,
    pub model: Told,
    pub timeout_ms: u32,
    pub attempts: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            address: 1,
            framing: Framing::Rtu,
            model: Told::Nothing,
            timeout_ms: 3_000,
            attempts: 3,
        }
    }
}

impl Config {
    /// Reads the JSON object that the host checked against `driver.toml`.
    pub fn parse(json: &str) -> Result<Self, Failure> {
        let config: Self = serde_json::from_str(json).map_err(|error| Failure::Config(error.to_string()))?;
        if config.address == 0 {
            // 0 is everybody, who never answers.
            return Err(Failure::Config("address is 0, expected 1 to 247".to_owned()));
        }
        Ok(Self {
            timeout_ms: config.timeout_ms.clamp(20, 60_000),
            attempts: config.attempts.clamp(1, 10),
            ..config
        })
    }

    /// How the meter is spoken to.
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
    fn defaults_are_those_of_the_description_and_faults_are_named() {
        let described: serde_json::Value =
            serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/describe.json"))).unwrap();
        let mut filled = serde_json::json!({});
        for key in described["config"].as_array().unwrap() {
            filled[key["key"].as_str().unwrap()] = key["default"].clone();
        }
        assert_eq!(Config::parse(&filled.to_string()).unwrap(), Config::default());
        for (json, want) in [
            (r#"{"address": 0}"#, "address is 0"),
            (r#"{"model": "tsrv024"}"#, "unknown variant"),
            (r#"{"framing": "udp"}"#, "unknown variant"),
            (r#"{"unit": 1}"#, "unknown field"),
        ] {
            let Err(Failure::Config(text)) = Config::parse(json) else {
                panic!("{json} was taken")
            };
            assert!(text.contains(want), "{json}: {text}");
        }
    }
}
