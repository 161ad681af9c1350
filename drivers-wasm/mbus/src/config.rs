//! The configuration of a device.

use serde::Deserialize;
use uzel_driver_sdk::Failure;

use crate::address::{ANYBODY, SELECTED, Secondary, Target};

/// What the JSON object of the device's configuration says.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    address: Option<u8>,
    secondary: Option<String>,
    /// How long to wait for an answer to begin, and for its next byte.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u32,
    /// How often a request is sent, and how often a readout is begun anew.
    #[serde(default = "attempts")]
    pub attempts: u32,
    /// Read every telegram until two answers are equal.
    #[serde(default = "verify")]
    pub verify: bool,
    /// Give every record of the readout as a current value.
    #[serde(default)]
    pub all_records: bool,
}

fn timeout_ms() -> u32 {
    1_000
}

fn attempts() -> u32 {
    3
}

fn verify() -> bool {
    true
}

impl Config {
    /// Reads the object and finds out how the meter is spoken to.
    pub fn parse(json: &str) -> Result<(Self, Target), Failure> {
        let mut config: Self = serde_json::from_str(json).map_err(|error| Failure::Config(error.to_string()))?;
        config.timeout_ms = config.timeout_ms.clamp(50, 60_000);
        config.attempts = config.attempts.clamp(1, 10);
        let secondary = match config.secondary.as_deref() {
            None | Some("") => None,
            Some(text) => Some(Secondary::parse(text).map_err(|error| Failure::Config(error.to_string()))?),
        };
        let address = match (config.address, secondary) {
            (Some(address @ (0..=250 | ANYBODY)), _) => address,
            (Some(SELECTED) | None, Some(_)) => SELECTED,
            (Some(SELECTED), None) => return Err(Failure::Config("address 253 needs secondary".to_owned())),
            (Some(address), _) => {
                let text = format!("address is {address}, expected 0 to 250, 253 or 254");
                return Err(Failure::Config(text));
            }
            (None, None) => return Err(Failure::Config("neither address nor secondary is given".to_owned())),
        };
        Ok((config, Target { address, secondary }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_chosen_or_refused() {
        let cases = [
            (r#"{"address": 1}"#, Ok(1)),
            (r#"{"address": 0}"#, Ok(0)),
            (r#"{"address": 254}"#, Ok(254)),
            (r#"{"secondary": "06855817"}"#, Ok(253)),
            (r#"{"address": 253, "secondary": "06855817"}"#, Ok(253)),
            (r#"{"address": 7, "secondary": "06855817"}"#, Ok(7)),
            (r#"{"address": 253}"#, Err("address 253 needs secondary")),
            (
                r#"{"address": 255}"#,
                Err("address is 255, expected 0 to 250, 253 or 254"),
            ),
            (
                r#"{"address": 251}"#,
                Err("address is 251, expected 0 to 250, 253 or 254"),
            ),
            ("{}", Err("neither address nor secondary is given")),
            (r#"{"secondary": ""}"#, Err("neither address nor secondary is given")),
            (
                r#"{"secondary": "123"}"#,
                Err("secondary is \"123\", expected 8 or 16 digits 0 to 9, A to F"),
            ),
        ];
        for (json, want) in cases {
            let got = match Config::parse(json) {
                Ok((_, target)) => Ok(target.address),
                Err(Failure::Config(text)) => Err(text),
                Err(failure) => panic!("{json}: {failure:?}"),
            };
            assert_eq!(got, want.map_err(str::to_owned), "{json}");
        }
        assert!(matches!(Config::parse("[]"), Err(Failure::Config(_))));
    }

    #[test]
    fn waits_and_attempts_have_bounds() {
        let (config, _) = Config::parse(r#"{"address": 1, "timeout_ms": 1, "attempts": 1000}"#).unwrap();
        assert_eq!((config.timeout_ms, config.attempts), (50, 10));
        let (config, _) = Config::parse(r#"{"address": 1}"#).unwrap();
        assert_eq!(
            (config.timeout_ms, config.attempts, config.verify, config.all_records),
            (1_000, 3, true, false)
        );
    }
}
