//! The configuration keys of `driver.toml`.

use serde::Deserialize;
use uzel_driver_sdk::Failure;

/// One device as it is configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Network address.
    pub address: u8,
    /// How long an answer may take.
    pub timeout_ms: u32,
    /// How often a silent meter is asked in a row.
    pub attempts: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            address: 1,
            timeout_ms: 5_000,
            attempts: 3,
        }
    }
}

impl Config {
    /// Reads the configuration; [`Failure::Config`] names the key that is not usable.
    pub fn parse(json: &str) -> Result<Self, Failure> {
        let config: Self = serde_json::from_str(json).map_err(|error| Failure::Config(error.to_string()))?;
        if !(1..=247).contains(&config.address) {
            return Err(Failure::Config(format!(
                "address is {}, expected 1 to 247",
                config.address
            )));
        }
        Ok(Self {
            timeout_ms: config.timeout_ms.clamp(20, 60_000),
            attempts: config.attempts.clamp(1, 10),
            ..config
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_usable_is_refused_or_brought_within_bounds() {
        assert!(matches!(Config::parse(r#"{"address": 0}"#), Err(Failure::Config(_))));
        assert!(matches!(Config::parse("["), Err(Failure::Config(_))));
        let config = Config::parse(r#"{"address": 7, "timeout_ms": 1, "attempts": 0}"#).unwrap();
        assert_eq!((config.address, config.timeout_ms, config.attempts), (7, 20, 1));
    }
}
