//! The configuration of a device.

use serde::Deserialize;
use uzel_driver_sdk::Failure;

use crate::address::{ANYBODY, SELECTED, Secondary, Target};
use crate::cipher::Key;
use crate::data::Coding;
use crate::telegram::Context;

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
    /// The set of data that the meter is asked for by an application reset.
    pub data_set: Option<u8>,
    /// The line is a receiver of wireless M-Bus.
    #[serde(default)]
    pub receiver: bool,
    /// How long to wait for a telegram by radio.
    #[serde(default = "listen_s")]
    pub listen_s: u32,
    key: Option<String>,
    fixed_counters: Option<String>,
    /// What opens and explains telegrams.
    #[serde(skip)]
    pub context: Context,
}

fn timeout_ms() -> u32 {
    1_000
}

fn attempts() -> u32 {
    3
}

fn listen_s() -> u32 {
    300
}

fn verify() -> bool {
    true
}

impl Config {
    /// Reads the object and finds out how the meter is spoken to.
    pub fn parse(json: &str) -> Result<(Self, Target), Failure> {
        let wrong = |_| Failure::Config("the configuration is not of the described form".to_owned());
        let mut config: Self = serde_json::from_str(json).map_err(wrong)?;
        config.timeout_ms = config.timeout_ms.clamp(50, 60_000);
        config.attempts = config.attempts.clamp(1, 10);
        config.listen_s = config.listen_s.clamp(10, 3_600);
        config.context = config.take_context()?;
        let secondary = match config.secondary.as_deref() {
            None | Some("") => None,
            Some(text) => Some(Secondary::parse(text).map_err(|error| Failure::Config(error.to_string()))?),
        };
        if config.receiver {
            let target = receiver_target(secondary)?;
            return Ok((config, target));
        }
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

    /// The key goes where nobody shows it.
    fn take_context(&mut self) -> Result<Context, Failure> {
        let key = match self.key.take().as_deref() {
            None | Some("") => None,
            Some(text) => Some(Key::parse(text).map_err(|error| Failure::Config(error.to_string()))?),
        };
        let fixed = match self.fixed_counters.as_deref() {
            Some("decimal") => Some(Coding::Bcd),
            Some("binary") => Some(Coding::Integer),
            _ => None,
        };
        Ok(Context {
            key,
            fixed,
            sender: None,
        })
    }
}

/// By radio everybody is heard, so that the number must be known.
fn receiver_target(secondary: Option<Secondary>) -> Result<Target, Failure> {
    match secondary.filter(|secondary| !secondary.has_open_digits()) {
        Some(secondary) => Ok(Target {
            address: ANYBODY,
            secondary: Some(secondary),
        }),
        None => Err(Failure::Config("receiver needs secondary with all 8 digits".to_owned())),
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
            (r#"{"receiver": true, "secondary": "06855817"}"#, Ok(254)),
            (
                r#"{"receiver": true, "secondary": "0685581F"}"#,
                Err("receiver needs secondary with all 8 digits"),
            ),
            (
                r#"{"address": 1, "key": "0123"}"#,
                Err("key has 4 characters, expected 32 hexadecimal digits"),
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
