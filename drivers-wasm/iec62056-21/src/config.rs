//! The configuration keys of `driver.toml`.

use serde::Deserialize;
use uzel_driver_sdk::Failure;

use crate::stamp::Form;

/// How the meter is got to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Mode {
    /// It is asked: modes A, B and C.
    Ask,
    /// It sends by itself: mode D, P1.
    Listen,
}

/// Who takes care of the parity bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Parity {
    /// Found out.
    Auto,
    /// The line: it carries seven bits.
    Line,
    /// We: the line carries eight bits as they are.
    Bytes,
}

/// What happens to the speed behind the sign-on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum BaudChange {
    /// Meter and line change to what the meter offers; a line that cannot be changed is taken for one of the meter's own
    /// speed.
    Follow,
    /// The meter is told its own speed, the line stays: installations of one fixed speed.
    Fixed,
    /// The meter is told to stay at the speed of the sign-on.
    Stay,
}

/// Which end of its interval a row of the profile names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Label {
    End,
    Start,
}

/// Words are taken as text: reading them as variants costs the component twice as much.
macro_rules! words {
    ($($type:ty { $($word:literal => $value:expr,)+ })+) => {$(
        impl TryFrom<String> for $type {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                match text.as_str() {
                    $($word => Ok($value),)+
                    _ => Err(unknown(&text)),
                }
            }
        }
    )+};
}

fn unknown(text: &str) -> String {
    format!("{text:?} is none of the choices")
}

words! {
    Mode { "ask" => Self::Ask, "listen" => Self::Listen, }
    Parity { "auto" => Self::Auto, "line" => Self::Line, "bytes" => Self::Bytes, }
    BaudChange { "follow" => Self::Follow, "fixed" => Self::Fixed, "stay" => Self::Stay, }
    Label { "end" => Self::End, "start" => Self::Start, }
    Form {
        "YYMMDDhhmm" => Self::Short,
        "YYMMDDhhmmss" => Self::Seconds,
        "sYYMMDDhhmm" => Self::Season,
        "sYYMMDDhhmmss" => Self::SeasonSeconds,
        "YY-MM-DD,hh:mm" => Self::Dashes,
    }
}

/// One device as it is configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub mode: Mode,
    /// At most 32 characters; empty: whoever is on the line.
    pub address: String,
    /// Empty: none is said.
    pub password: String,
    pub parity: Parity,
    pub baud_start: u32,
    pub baud_change: BaudChange,
    pub baud_max: u32,
    /// Registers are taken from the readout; otherwise only the profiles and the log are read.
    pub readout: bool,
    /// Everything is asked for until two answers are alike.
    pub verify: bool,
    /// `R1` to `R6`.
    pub profile_command: String,
    /// Of hours and other short intervals.
    pub profile: String,
    pub profile_days: String,
    pub log: String,
    pub profile_time: Form,
    pub profile_label: Label,
    /// How long an answer may take to begin, and pause.
    pub timeout_ms: u32,
    pub attempts: u32,
    /// How long a telegram that comes by itself is waited for.
    pub listen_s: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mode: Mode::Ask,
            address: String::new(),
            password: String::new(),
            parity: Parity::Auto,
            baud_start: 300,
            baud_change: BaudChange::Follow,
            baud_max: 19_200,
            readout: true,
            verify: true,
            profile_command: "R5".to_owned(),
            profile: "P.01".to_owned(),
            profile_days: "P.02".to_owned(),
            log: "P.98".to_owned(),
            profile_time: Form::Short,
            profile_label: Label::End,
            timeout_ms: 3_000,
            attempts: 3,
            listen_s: 60,
        }
    }
}

const ADDRESS_MAX: usize = 32;
const NAME_MAX: usize = 16;

impl Config {
    /// Reads the configuration; [`Failure::Config`] names the key that is not usable.
    pub fn parse(json: &str) -> Result<Self, Failure> {
        let config: Self = serde_json::from_str(json).map_err(|error| Failure::Config(error.to_string()))?;
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        let names = [
            ("address", &config.address, ADDRESS_MAX),
            ("password", &config.password, ADDRESS_MAX),
            ("profile", &config.profile, NAME_MAX),
            ("profile_days", &config.profile_days, NAME_MAX),
            ("log", &config.log, NAME_MAX),
        ];
        for (key, text, max) in names {
            if text.len() > max || !is_plain(text) || text.contains(['(', ')', '!', '/']) {
                let text = format!("{key} is not usable: at most {max} characters without ( ) ! / are");
                return Err(Failure::Config(text));
            }
        }
        if !matches!(config.command(), [b'R', b'1'..=b'6']) {
            let got = &config.profile_command;
            return Err(Failure::Config(format!(
                "profile_command is {got:?}, expected R1 to R6"
            )));
        }
        Ok(Self {
            timeout_ms: config.timeout_ms.clamp(50, 60_000),
            attempts: config.attempts.clamp(1, 10),
            listen_s: config.listen_s.clamp(1, 600),
            ..config
        })
    }

    /// The command that profiles are asked for with.
    pub fn command(&self) -> [u8; 2] {
        let mut bytes = self.profile_command.bytes();
        let command = [bytes.next().unwrap_or(0), bytes.next().unwrap_or(0)];
        if bytes.next().is_some() { [0; 2] } else { command }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_description_and_what_is_not_usable_is_named() {
        let described: serde_json::Value =
            serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/describe.json"))).unwrap();
        let mut filled = serde_json::json!({});
        for key in described["config"].as_array().unwrap() {
            if let Some(default) = key.get("default") {
                filled[key["key"].as_str().unwrap()] = default.clone();
            }
        }
        let (described, own) = (Config::parse(&filled.to_string()).unwrap(), Config::default());
        assert_eq!(format!("{described:?}"), format!("{own:?}"));
        for (json, want) in [
            (r#"{"address": "1(2"}"#, "address is not usable"),
            (
                r#"{"address": "123456789012345678901234567890123"}"#,
                "address is not usable",
            ),
            (
                r#"{"profile_command": "W5"}"#,
                "profile_command is \"W5\", expected R1 to R6",
            ),
            (r#"{"profile_command": "R55"}"#, "profile_command"),
            (r#"{"colour": 1}"#, "unknown field"),
            (r#"{"mode": "push"}"#, "none of the choices"),
            ("{", "EOF"),
        ] {
            let Err(Failure::Config(text)) = Config::parse(json) else {
                panic!("{json} was taken")
            };
            assert!(text.contains(want), "{json}: {text}");
        }
    }
}
