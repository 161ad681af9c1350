//! The configuration keys of `driver.toml`.

use serde::Deserialize;
use uzel_driver_sdk::Failure;

/// How sleeping meters are woken before a session request (M4 note, section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wake {
    /// Fast and slow in turn until the model is known, then as the model needs.
    Auto,
    /// One burst of 0xFF.
    Fast,
    /// One 0xFF after the other.
    Slow,
}

/// One device as it is configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Network number NT, 0 to 99; 255 asks whoever is on the line.
    pub address: u8,
    /// How long an answer may take to begin.
    pub timeout_ms: u32,
    /// How often one question fails in a row before the call does.
    pub attempts: u32,
    /// Heat inputs to read, of those that the model has.
    pub inputs: Vec<u8>,
    pub wake: Wake,
    /// Speed at which the conversation starts; needed only to come back from `speed`.
    pub baud: u32,
    /// Speed to which a serial line is raised after identification; 0 leaves it.
    pub speed: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            address: 255,
            timeout_ms: 5_000,
            attempts: 3,
            inputs: vec![1, 2],
            wake: Wake::Auto,
            baud: 2_400,
            speed: 0,
        }
    }
}

/// Speeds with their codes in КИ and function 42 (M4 note, section 1).
const SPEEDS: [(u32, u8); 6] = [
    (2_400, 0),
    (4_800, 1),
    (9_600, 2),
    (19_200, 3),
    (38_400, 4),
    (57_600, 5),
];

/// The code of a speed for function 42.
pub fn speed_code(baud: u32) -> Option<u8> {
    SPEEDS.iter().find(|(speed, _)| *speed == baud).map(|(_, code)| *code)
}

impl Config {
    /// Reads the configuration; [`Failure::Config`] names the key that is not usable.
    pub fn parse(json: &str) -> Result<Self, Failure> {
        let config: Self = serde_json::from_str(json).map_err(|error| Failure::Config(error.to_string()))?;
        let wrong =
            |key: &str, value: u32, want: &str| Err(Failure::Config(format!("{key} is {value}, expected {want}")));
        if !matches!(config.address, 0..=99 | 255) {
            return wrong("address", config.address.into(), "0 to 99 or 255");
        }
        if let Some(input) = config.inputs.iter().find(|input| !matches!(input, 1 | 2)) {
            return wrong("inputs", (*input).into(), "1 and 2");
        }
        if config.inputs.is_empty() {
            return Err(Failure::Config("inputs is empty, expected 1, 2 or both".to_owned()));
        }
        for (key, baud) in [("baud", config.baud), ("speed", config.speed)] {
            if speed_code(baud).is_none() && !(key == "speed" && baud == 0) {
                return wrong(key, baud, "2400, 4800, 9600, 19200, 38400 or 57600");
            }
        }
        Ok(Self {
            timeout_ms: config.timeout_ms.clamp(50, 60_000),
            attempts: config.attempts.clamp(1, 10),
            ..config
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_not_usable_is_named() {
        let cases = [
            (r#"{"address": 100}"#, "address is 100, expected 0 to 99 or 255"),
            (r#"{"inputs": [3]}"#, "inputs is 3, expected 1 and 2"),
            (r#"{"inputs": []}"#, "inputs is empty, expected 1, 2 or both"),
            (
                r#"{"speed": 115200}"#,
                "speed is 115200, expected 2400, 4800, 9600, 19200, 38400 or 57600",
            ),
            (
                r#"{"baud": 0}"#,
                "baud is 0, expected 2400, 4800, 9600, 19200, 38400 or 57600",
            ),
        ];
        for (json, want) in cases {
            assert!(
                matches!(Config::parse(json), Err(Failure::Config(text)) if text == want),
                "{json}"
            );
        }
        assert!(Config::parse("{").is_err());
        assert_eq!(Config::parse("{}").unwrap().address, 255);
        assert_eq!(
            Config::parse(r#"{"address": 0, "wake": "slow"}"#).unwrap().wake,
            Wake::Slow
        );
    }
}
