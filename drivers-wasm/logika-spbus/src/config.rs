//! The configuration keys of `driver.toml`.

use serde::Deserialize;
use uzel_driver_sdk::Failure;

use crate::channels::Channels;

/// How a line is opened before anything is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Opening {
    /// It is open: a magistral, an adapter, a modem.
    None,
    /// A meter's own RS232 or optical port.
    Iec1107,
}

/// One device as it is configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Address on the magistral, 0 to 29; without, frames carry no addresses and whoever is on the line answers.
    pub address: Option<u8>,
    /// Our own address; without, the meter on the line is asked for its own and answers for the others.
    pub source: Option<u8>,
    /// How long an answer may take to begin, and pause.
    pub timeout_ms: u32,
    /// How often one question is asked in a row.
    pub attempts: u32,
    /// Whether requests carry a number that the meter gives back.
    pub tagged: bool,
    pub opening: Opening,
    /// Which channels and groups of an electricity meter are read: `к1-16 г1`; empty is all.
    channels: String,
    #[serde(skip)]
    pub wanted: Channels,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            address: None,
            source: None,
            timeout_ms: 10_000,
            attempts: 3,
            tagged: true,
            opening: Opening::None,
            channels: String::new(),
            wanted: Channels::default(),
        }
    }
}

/// Addresses of members of the magistral (SPbus note, section 1).
const ADDRESS_MAX: u8 = 29;

impl Config {
    /// Reads the configuration; [`Failure::Config`] names the key that is not usable.
    pub fn parse(json: &str) -> Result<Self, Failure> {
        let config: Self = serde_json::from_str(json).map_err(|error| Failure::Config(error.to_string()))?;
        if let Some(address) = config.address.filter(|address| *address > ADDRESS_MAX) {
            return Err(Failure::Config(format!("address is {address}, expected 0 to 29")));
        }
        if config.source.is_some() && config.address.is_none() {
            return Err(Failure::Config("source needs an address beside it".to_owned()));
        }
        let wanted = Channels::parse(&config.channels).map_err(Failure::Config)?;
        Ok(Self {
            wanted,
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
        for (json, want) in [
            (r#"{"address": 30}"#, "address is 30, expected 0 to 29"),
            (r#"{"source": 1}"#, "source needs an address beside it"),
            (
                r#"{"channels": "г33"}"#,
                "channels has \"г33\", expected such as к1-16 г1, к to 128, г to 32",
            ),
        ] {
            let refused = Config::parse(json);
            assert!(
                matches!(&refused, Err(Failure::Config(text)) if text == want),
                "{refused:?}"
            );
        }
        assert!(Config::parse("{").is_err());
        let config = Config::parse(r#"{"address": 29, "timeout_ms": 1, "attempts": 0}"#).unwrap();
        assert_eq!((config.address, config.timeout_ms, config.attempts), (Some(29), 50, 1));
    }
}
