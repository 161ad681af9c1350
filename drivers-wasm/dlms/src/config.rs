//! The configuration keys of `driver.toml`.

use dlms_cosem_rs::Obis;
use dlms_cosem_rs::transport::hdlc::Address;
use serde::Deserialize;
use uzel_driver_sdk::Failure;
use uzel_driver_sdk::bytes::unhex;

use crate::name;

/// What APDUs travel in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Framing {
    Hdlc,
    Wrapper,
}

/// How we say who we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Authentication {
    None,
    Low,
    Gmac,
}

/// What is done to every APDU of an association with keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protection {
    None,
    Authenticated,
    Encrypted,
    Both,
}

/// Which end of an interval a stamp names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stamp {
    End,
    Start,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    #[serde(default = "framing")]
    framing: Framing,
    #[serde(default = "client")]
    client: u8,
    #[serde(default = "server")]
    server: u16,
    physical: Option<u16>,
    address_bytes: Option<u8>,
    #[serde(default = "authentication")]
    authentication: Authentication,
    #[serde(default)]
    password: String,
    #[serde(default = "protection")]
    protection: Protection,
    #[serde(default)]
    encryption_key: String,
    #[serde(default)]
    authentication_key: String,
    #[serde(default = "system_title")]
    system_title: String,
    #[serde(default)]
    device_name: String,
    #[serde(default)]
    hourly: String,
    #[serde(default)]
    daily: String,
    #[serde(default)]
    monthly: String,
    #[serde(default = "stamp")]
    stamp: Stamp,
    #[serde(default = "frame_bytes")]
    frame_bytes: u16,
    #[serde(default = "pdu_bytes")]
    pdu_bytes: u16,
    #[serde(default = "timeout_ms")]
    timeout_ms: u32,
    #[serde(default = "attempts")]
    attempts: u32,
}

fn framing() -> Framing {
    Framing::Hdlc
}

fn client() -> u8 {
    16
}

fn server() -> u16 {
    1
}

fn authentication() -> Authentication {
    Authentication::None
}

fn protection() -> Protection {
    Protection::None
}

fn system_title() -> String {
    "555A4C0000000001".to_owned()
}

fn stamp() -> Stamp {
    Stamp::End
}

fn frame_bytes() -> u16 {
    128
}

fn pdu_bytes() -> u16 {
    1_024
}

fn timeout_ms() -> u32 {
    5_000
}

fn attempts() -> u32 {
    3
}

/// One device as it is configured.
#[derive(Debug, Clone)]
pub struct Config {
    pub framing: Framing,
    /// Who we are to the meter: 16 is the public client.
    pub client: u8,
    /// The logical device: 1 is the management.
    pub server: u16,
    physical: Option<u16>,
    address_bytes: usize,
    pub authentication: Authentication,
    pub password: String,
    pub protection: Protection,
    pub keys: Option<[[u8; 16]; 2]>,
    pub system_title: [u8; 8],
    /// What the logical device name begins with.
    pub device_name: String,
    /// Profiles that a person named, by hourly, daily, monthly.
    pub profiles: [Option<Obis>; 3],
    pub stamp: Stamp,
    pub frame_bytes: u16,
    pub pdu_bytes: u16,
    pub timeout_ms: u32,
    pub attempts: u32,
}

const ONE_BYTE_MAX: u16 = 0x7F;
const TWO_BYTES_MAX: u16 = 0x3FFF;

impl Config {
    /// Reads the JSON object that the host checked; [`Failure::Config`] names the key that is not usable.
    pub fn parse(json: &str) -> Result<Self, Failure> {
        let keys: Keys = serde_json::from_str(json).map_err(|error| Failure::Config(error.to_string()))?;
        let address_bytes = address_bytes(&keys)?;
        let profile = |key: &str, text: &str| match text.trim() {
            "" => Ok(None),
            text => name::parse(text).map(Some).ok_or_else(|| {
                Failure::Config(format!(
                    "{key} is {text:?}, expected a logical name like 1.0.99.1.0.255"
                ))
            }),
        };
        let profiles = [
            profile("hourly", &keys.hourly)?,
            profile("daily", &keys.daily)?,
            profile("monthly", &keys.monthly)?,
        ];
        if keys.authentication == Authentication::Low && keys.password.is_empty() {
            return Err(Failure::Config("password is empty: authentication is low".to_owned()));
        }
        Ok(Self {
            keys: secrets(&keys)?,
            system_title: hex("system_title", &keys.system_title)?,
            framing: keys.framing,
            client: keys.client,
            server: keys.server,
            physical: keys.physical,
            address_bytes,
            authentication: keys.authentication,
            password: keys.password,
            protection: keys.protection,
            device_name: keys.device_name.trim().to_owned(),
            profiles,
            stamp: keys.stamp,
            frame_bytes: keys.frame_bytes.clamp(128, 2_030),
            pdu_bytes: keys.pdu_bytes.max(128),
            timeout_ms: keys.timeout_ms.clamp(50, 60_000),
            attempts: keys.attempts.clamp(1, 10),
        })
    }

    /// The meter's address on HDLC.
    pub fn server_address(&self) -> Address {
        let (upper, lower) = (self.server, self.physical.unwrap_or(0));
        let small = |number: u16| u8::try_from(number).unwrap_or(u8::MAX);
        match self.address_bytes {
            1 => Address::Single(small(upper)),
            2 => Address::Double {
                upper: small(upper),
                lower: small(lower),
            },
            _ => Address::Quad { upper, lower },
        }
    }
}

/// As many bytes as the parts of the address need, or as are asked for.
fn address_bytes(keys: &Keys) -> Result<usize, Failure> {
    let (upper, lower) = (keys.server, keys.physical.unwrap_or(0));
    if keys.framing == Framing::Wrapper {
        return Ok(1);
    }
    if upper > TWO_BYTES_MAX || lower > TWO_BYTES_MAX {
        return Err(Failure::Config(format!(
            "the address is {upper} and {lower}, HDLC has 0 to 16383"
        )));
    }
    let need = match (keys.physical, upper.max(lower) > ONE_BYTE_MAX) {
        (None, false) => 1,
        (Some(_), false) => 2,
        (_, true) => 4,
    };
    match keys.address_bytes {
        None => Ok(need),
        Some(asked @ (1 | 2 | 4)) if usize::from(asked) >= need => Ok(asked.into()),
        Some(asked) => Err(Failure::Config(format!(
            "address_bytes is {asked}, expected 1, 2 or 4; {upper} and {lower} need {need}"
        ))),
    }
}

/// The keys, where they are needed.
fn secrets(keys: &Keys) -> Result<Option<[[u8; 16]; 2]>, Failure> {
    if keys.authentication != Authentication::Gmac && keys.protection == Protection::None {
        return Ok(None);
    }
    Ok(Some([
        hex("encryption_key", &keys.encryption_key)?,
        hex("authentication_key", &keys.authentication_key)?,
    ]))
}

/// Never says what stands there: it may be a secret.
fn hex<const N: usize>(key: &str, text: &str) -> Result<[u8; N], Failure> {
    let bytes = unhex(text).and_then(|bytes| <[u8; N]>::try_from(bytes).ok());
    bytes.ok_or_else(|| {
        let (got, want) = (text.chars().count(), N * 2);
        Failure::Config(format!(
            "{key} has {got} characters, expected {want} hexadecimal digits"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_not_usable_is_named_and_no_secret_is_told() {
        for (json, want) in [
            (r#"{"hourly": "x"}"#, "hourly is \"x\", expected"),
            (r#"{"authentication": "low"}"#, "password is empty"),
            (
                r#"{"authentication": "gmac"}"#,
                "encryption_key has 0 characters, expected 32",
            ),
            (
                r#"{"protection": "both", "encryption_key": "QQ"}"#,
                "encryption_key has 2 characters",
            ),
            (
                r#"{"system_title": "00"}"#,
                "system_title has 2 characters, expected 16",
            ),
            (r#"{"server": 20000}"#, "HDLC has 0 to 16383"),
            (r#"{"physical": 200, "address_bytes": 2}"#, "address_bytes is 2"),
            (r#"{"address_bytes": 3}"#, "address_bytes is 3"),
            (r#"{"colour": 1}"#, "unknown field"),
        ] {
            let refused = Config::parse(json);
            assert!(
                matches!(&refused, Err(Failure::Config(text)) if text.contains(want)),
                "{json}: {refused:?}"
            );
        }
    }

    #[test]
    fn addresses_are_as_long_as_they_need() {
        for (json, want) in [
            ("{}", Address::Single(1)),
            (r#"{"physical": 17}"#, Address::Double { upper: 1, lower: 17 }),
            (r#"{"physical": 500}"#, Address::Quad { upper: 1, lower: 500 }),
            (
                r#"{"physical": 17, "address_bytes": 4}"#,
                Address::Quad { upper: 1, lower: 17 },
            ),
            (r#"{"server": 300}"#, Address::Quad { upper: 300, lower: 0 }),
        ] {
            assert_eq!(Config::parse(json).unwrap().server_address(), want, "{json}");
        }
    }

    #[test]
    fn defaults_are_those_of_the_description() {
        let described: serde_json::Value =
            serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/describe.json"))).unwrap();
        let mut filled = serde_json::json!({});
        for key in described["config"].as_array().unwrap() {
            if let Some(default) = key.get("default") {
                filled[key["key"].as_str().unwrap()] = default.clone();
            }
        }
        let (filled, plain) = (Config::parse(&filled.to_string()), Config::parse("{}"));
        assert_eq!(format!("{:?}", filled.unwrap()), format!("{:?}", plain.unwrap()));
    }
}
