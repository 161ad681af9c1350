//! The configuration keys of `driver.toml`.

use dlms_cosem_rs::Obis;
use dlms_cosem_rs::transport::hdlc::Address;
use uzel_driver_sdk::Failure;
use uzel_driver_sdk::bytes::unhex;

use crate::given::Given;
use crate::link::ear::Frames;
use crate::name;

/// What APDUs travel in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    Hdlc,
    Wrapper,
}

/// How we say who we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    None,
    Low,
    Gmac,
}

/// What is done to every APDU of an association with keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    None,
    Authenticated,
    Encrypted,
    Both,
}

/// Which end of an interval a stamp names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    End,
    Start,
}

/// How a meter is heard that speaks unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listening {
    pub frames: Frames,
    /// How long it is waited for, seconds.
    pub seconds: u32,
}

/// All keys of `driver.toml`.
const KEYS: [&str; 22] = [
    "mode",
    "listen_s",
    "framing",
    "client",
    "server",
    "physical",
    "address_bytes",
    "authentication",
    "password",
    "protection",
    "encryption_key",
    "authentication_key",
    "system_title",
    "device_name",
    "hourly",
    "daily",
    "monthly",
    "stamp",
    "frame_bytes",
    "pdu_bytes",
    "timeout_ms",
    "attempts",
];

/// What we are called towards meters with keys, unless a person says otherwise.
const SYSTEM_TITLE: &str = "555A4C0000000001";

/// One device as it is configured.
#[derive(Debug, Clone)]
pub struct Config {
    /// None: the meter is asked.
    pub listening: Option<Listening>,
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
        let given = Given::parse(json, &KEYS)?;
        let listening = listening(&given)?;
        let framing = match listening {
            Some(_) => Framing::Hdlc,
            None => given.choice(
                "framing",
                &[("hdlc", Framing::Hdlc), ("wrapper", Framing::Wrapper)],
                Framing::Hdlc,
            )?,
        };
        let server = small(&given, "server", 0, u16::MAX)?.unwrap_or(1);
        let physical = small(&given, "physical", 0, u16::MAX)?;
        let asked = small(&given, "address_bytes", 1, 4)?;
        let profile = |key: &str| match given.text(key)?.trim() {
            "" => Ok(None),
            text => name::parse(text).map(Some).ok_or_else(|| {
                Failure::Config(format!(
                    "{key} is {text:?}, expected a logical name like 1.0.99.1.0.255"
                ))
            }),
        };
        let words = [
            ("none", Authentication::None),
            ("low", Authentication::Low),
            ("gmac", Authentication::Gmac),
        ];
        let authentication = given.choice("authentication", &words, Authentication::None)?;
        let words = [
            ("none", Protection::None),
            ("authenticated", Protection::Authenticated),
            ("encrypted", Protection::Encrypted),
            ("both", Protection::Both),
        ];
        let protection = given.choice("protection", &words, Protection::None)?;
        let password = given.text("password")?.to_owned();
        if authentication == Authentication::Low && password.is_empty() {
            return Err(Failure::Config("password is empty: authentication is low".to_owned()));
        }
        let is_encrypted_alone = listening.is_some() && protection == Protection::Encrypted;
        let has_keys = authentication == Authentication::Gmac || protection != Protection::None;
        let title = given.text("system_title")?;
        let number = |key: &str, least: i64, most: i64, usual: u32| {
            let number = given.number(key, least, most)?;
            Ok::<u32, Failure>(number.and_then(|number| u32::try_from(number).ok()).unwrap_or(usual))
        };
        Ok(Self {
            listening,
            framing,
            client: u8::try_from(number("client", 1, 127, 16)?).unwrap_or(16),
            server,
            physical,
            address_bytes: address_bytes(framing, server, physical, asked)?,
            authentication,
            password,
            protection,
            keys: has_keys.then(|| secrets(&given, is_encrypted_alone)).transpose()?,
            system_title: hex("system_title", if title.is_empty() { SYSTEM_TITLE } else { title })?,
            device_name: given.text("device_name")?.trim().to_owned(),
            profiles: [profile("hourly")?, profile("daily")?, profile("monthly")?],
            stamp: given.choice("stamp", &[("end", Stamp::End), ("start", Stamp::Start)], Stamp::End)?,
            frame_bytes: small(&given, "frame_bytes", 128, 2_030)?.unwrap_or(128),
            pdu_bytes: small(&given, "pdu_bytes", 128, u16::MAX)?.unwrap_or(1_024),
            timeout_ms: number("timeout_ms", 50, 60_000, 5_000)?,
            attempts: number("attempts", 1, 10, 3)?,
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

fn small(given: &Given, key: &str, least: u16, most: u16) -> Result<Option<u16>, Failure> {
    let number = given.number(key, least.into(), most.into())?;
    Ok(number.and_then(|number| u16::try_from(number).ok()))
}

/// As many bytes as the parts of the address need, or as are asked for.
fn address_bytes(framing: Framing, upper: u16, physical: Option<u16>, asked: Option<u16>) -> Result<usize, Failure> {
    let lower = physical.unwrap_or(0);
    if framing == Framing::Wrapper {
        return Ok(1);
    }
    if upper > TWO_BYTES_MAX || lower > TWO_BYTES_MAX {
        return Err(Failure::Config(format!(
            "the address is {upper} and {lower}, HDLC has 0 to 16383"
        )));
    }
    let need = match (physical, upper.max(lower) > ONE_BYTE_MAX) {
        (None, false) => 1,
        (Some(_), false) => 2,
        (_, true) => 4,
    };
    match asked {
        None => Ok(need),
        Some(asked @ (1 | 2 | 4)) if usize::from(asked) >= need => Ok(asked.into()),
        Some(asked) => Err(Failure::Config(format!(
            "address_bytes is {asked}, expected 1, 2 or 4; {upper} and {lower} need {need}"
        ))),
    }
}

/// None where the meter is asked.
fn listening(given: &Given) -> Result<Option<Listening>, Failure> {
    if !given.choice("mode", &[("ask", false), ("listen", true)], false)? {
        return Ok(None);
    }
    let words = [
        ("hdlc", Frames::Hdlc),
        ("wrapper", Frames::Wrapper),
        ("mbus", Frames::Mbus),
        ("plain", Frames::Plain),
    ];
    let seconds = given.number("listen_s", 1, 600)?;
    Ok(Some(Listening {
        frames: given.choice("framing", &words, Frames::Hdlc)?,
        seconds: seconds.and_then(|number| u32::try_from(number).ok()).unwrap_or(60),
    }))
}

/// Encryption key and authentication key. Who only decrypts has no use for the second, and its owner may not be told it.
fn secrets(given: &Given, is_encrypted_alone: bool) -> Result<[[u8; 16]; 2], Failure> {
    let authentication = given.text("authentication_key")?;
    Ok([
        hex("encryption_key", given.text("encryption_key")?)?,
        match is_encrypted_alone && authentication.is_empty() {
            true => [0; 16],
            false => hex("authentication_key", authentication)?,
        },
    ])
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
            (r#"{"colour": 1}"#, "colour is not known"),
            (r#"{"client": 200}"#, "client is 200, expected 1 to 127"),
            (r#"{"client": "x"}"#, "client is no whole number"),
            (r#"{"password": 5}"#, "password is no text"),
            (r#"{"framing": "udp"}"#, "framing is \"udp\""),
            (r#"{"framing": "mbus"}"#, "framing is \"mbus\""),
            (
                r#"{"mode": "listen", "listen_s": 0}"#,
                "listen_s is 0, expected 1 to 600",
            ),
            (
                r#"{"mode": "listen", "protection": "both", "encryption_key": "00112233445566778899AABBCCDDEEFF"}"#,
                "authentication_key has 0 characters",
            ),
            ("[1]", "an object"),
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
