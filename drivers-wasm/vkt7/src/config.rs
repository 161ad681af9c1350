//! The configuration keys of `driver.toml`.

use serde::Deserialize;
use uzel_driver_sdk::Failure;

use crate::element;

/// How units of measurement are laid out in a properties answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum ServerVersion {
    /// As the device says at the session's start.
    #[serde(rename = "auto")]
    Auto,
    /// Seven characters.
    #[serde(rename = "0")]
    Fixed,
    /// A length and so many characters.
    #[serde(rename = "1")]
    Counted,
}

/// Where the units of measurement come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Units {
    /// From the device's properties.
    Read,
    /// Nobody asks: °C, m³/h, m³, t, kgf/cm², Gcal, h, which every published device has.
    Usual,
}

/// How the clock is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockRequest {
    /// With the register count, as the document prints it.
    Full,
    /// Without it, as some masters do.
    Short,
}

/// One element of a read list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Number in the element table.
    pub index: u8,
    /// Size in bytes as it is written to the device.
    pub size: u8,
}

/// What `identify` gets, with the same defaults as `driver.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub address: u8,
    pub extended_address: Option<u8>,
    pub wake: u8,
    pub timeout_ms: u32,
    pub quiet_ms: Option<u32>,
    pub attempts: u32,
    pub server_version: ServerVersion,
    pub service_info: bool,
    pub archive_range: bool,
    pub report_day: Option<u8>,
    pub units: Units,
    pub elements: Option<String>,
    pub clock_request: ClockRequest,
    pub totals_archive: bool,
    pub confirm: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            address: 0,
            extended_address: None,
            wake: 2,
            timeout_ms: 5000,
            quiet_ms: None,
            attempts: 3,
            server_version: ServerVersion::Auto,
            service_info: true,
            archive_range: true,
            report_day: None,
            units: Units::Read,
            elements: None,
            clock_request: ClockRequest::Full,
            totals_archive: true,
            confirm: true,
        }
    }
}

impl Config {
    /// Reads the JSON object that the host checked against `driver.toml`.
    pub fn parse(json: &str) -> Result<Self, Failure> {
        let config: Self = serde_json::from_str(json).map_err(|error| Failure::Config(error.to_string()))?;
        let wrong = |key, got: u32, least: u32, most: u32| {
            Failure::Config(format!("{key} is {got}, expected {least} to {most}"))
        };
        if config.address > 240 {
            return Err(wrong("address", config.address.into(), 0, 240));
        }
        if !(1..=10).contains(&config.attempts) {
            return Err(wrong("attempts", config.attempts, 1, 10));
        }
        if !(20..=60_000).contains(&config.timeout_ms) {
            return Err(wrong("timeout_ms", config.timeout_ms, 20, 60_000));
        }
        config.fixed_elements()?;
        Ok(config)
    }

    /// Silence after which a disturbed line counts as empty, milliseconds.
    pub fn quiet_ms(&self) -> u32 {
        self.quiet_ms.unwrap_or(self.timeout_ms / 4).clamp(5, 60_000)
    }

    /// The read list of `elements`: `0 1 3 14:0` are elements 0, 1 and 3 in their usual sizes and 14 with size 0.
    pub fn fixed_elements(&self) -> Result<Option<Vec<Listed>>, Failure> {
        let Some(text) = self.elements.as_deref().filter(|text| !text.trim().is_empty()) else {
            return Ok(None);
        };
        let list: Result<Vec<_>, _> = text.split_whitespace().map(listed).collect();
        let list = list?;
        if list.len() > element::MOST {
            let (got, most) = (list.len(), element::MOST);
            return Err(Failure::Config(format!(
                "elements: {got} elements, a list holds {most}"
            )));
        }
        Ok(Some(list))
    }
}

fn listed(word: &str) -> Result<Listed, Failure> {
    let wrong = || Failure::Config(format!("elements: {word:?} is no element number like 12 or 12:0"));
    let (index, size) = word
        .split_once(':')
        .map_or((word, None), |(index, size)| (index, Some(size)));
    let index = index.parse().map_err(|_| wrong())?;
    let native = element::find(index).ok_or_else(wrong)?.size;
    let size = size.map_or(Ok(native), str::parse).map_err(|_| wrong())?;
    Ok(Listed { index, size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_list_is_read_word_by_word() {
        let config = Config::parse(r#"{"elements": "0 3 14:0 77"}"#).unwrap();
        let want = [(0, 2), (3, 4), (14, 0), (77, 1)].map(|(index, size)| Listed { index, size });
        assert_eq!(config.fixed_elements().unwrap().unwrap(), want);
    }

    #[test]
    fn unusable_keys_are_named() {
        let cases = [
            (r#"{"address": 241}"#, "address is 241"),
            (r#"{"attempts": 0}"#, "attempts is 0"),
            (r#"{"timeout_ms": 1}"#, "timeout_ms is 1"),
            (r#"{"elements": "0 99"}"#, "\"99\" is no element number"),
            (r#"{"elements": "t1"}"#, "\"t1\" is no element number"),
            (r#"{"adress": 1}"#, "unknown field"),
        ];
        for (json, want) in cases {
            let Err(Failure::Config(text)) = Config::parse(json) else {
                panic!("{json} was taken")
            };
            assert!(text.contains(want), "{json}: {text}");
        }
    }

    #[test]
    fn an_empty_object_gives_the_defaults_of_the_description() {
        let described: serde_json::Value =
            serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/describe.json"))).unwrap();
        let mut filled = serde_json::Map::new();
        for key in described["config"].as_array().unwrap() {
            if let Some(default) = key.get("default") {
                filled.insert(key["key"].as_str().unwrap().to_owned(), default.clone());
            }
        }
        let filled = serde_json::Value::Object(filled).to_string();
        assert_eq!(Config::parse(&filled).unwrap(), Config::parse("{}").unwrap());
    }
}
