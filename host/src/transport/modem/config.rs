//! Section `modems` of the configuration: pools of modems.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::profile::{HangUp, Profile, ProfileName};
use crate::model::{LineAddress, LineSettings};

/// One pool: modems that can call the same numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Its name in `modem:POOL/NUMBER`.
    pub pool: String,
    /// Where its modems are: `serial:PATH`, or `tcp:HOST:PORT` behind a converter.
    pub ports: Vec<String>,
    /// Line settings between us and the modem on serial ports.
    pub settings: String,
    /// What they are told; the keys below change it.
    pub profile: ProfileName,
    /// Commands before each call, instead of the profile's.
    pub init: Option<Vec<String>>,
    /// What stands before the number, `ATD` or `ATDT`.
    pub dial: Option<String>,
    /// Longest reply to a command, milliseconds.
    pub reply_ms: Option<u64>,
    /// Longest search for the network, seconds.
    pub registration_s: Option<u64>,
    /// Longest dialling, seconds.
    pub dial_s: Option<u64>,
    /// Time after CONNECT in which everything is dropped, milliseconds.
    pub settle_ms: Option<u64>,
    /// Silence around `+++`, milliseconds.
    pub guard_ms: Option<u64>,
    /// How a call is ended.
    pub hang_up: Option<HangUp>,
    /// Longest wait for a free modem, seconds.
    pub wait_s: u64,
    /// Pause of a modem between two calls, seconds.
    pub pause_s: u64,
    /// How long a call is held after a session for the next device behind its number, seconds; 0: not at all.
    pub hold_s: u64,
    /// Failed calls to one number within an hour; then it is not dialled until the first of them is an hour ago.
    pub failed_calls_an_hour: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            pool: String::new(),
            ports: Vec::new(),
            settings: "9600-8N1".to_owned(),
            profile: ProfileName::Generic,
            init: None,
            dial: None,
            reply_ms: None,
            registration_s: None,
            dial_s: None,
            settle_ms: None,
            guard_ms: None,
            hang_up: None,
            wait_s: 3_600,
            pause_s: 5,
            hold_s: 3,
            failed_calls_an_hour: 4,
        }
    }
}

impl Config {
    /// What is wrong with the pools, one sentence each.
    pub fn faults(pools: &[Self]) -> Vec<String> {
        let (mut names, mut ports) = (BTreeSet::new(), BTreeSet::new());
        let mut faults = Vec::new();
        for config in pools {
            let name = &config.pool;
            if name.is_empty() || name.contains('/') || !names.insert(name) {
                faults.push(format!(
                    "modems.pool is {name:?}, expected a name without / that no other pool has"
                ));
            }
            if config.ports.is_empty() {
                faults.push(format!(
                    "modems.ports of pool {name} is empty, expected at least one port"
                ));
            }
            for port in &config.ports {
                match port.parse() {
                    Ok(LineAddress::Serial(_) | LineAddress::Tcp(_)) if ports.insert(port) => {}
                    Ok(LineAddress::Serial(_) | LineAddress::Tcp(_)) => {
                        faults.push(format!("modems.ports of pool {name} has {port}, which is there before"));
                    }
                    _ => faults.push(format!(
                        "modems.ports of pool {name} has {port:?}, expected serial:PATH or tcp:HOST:PORT"
                    )),
                }
            }
            faults.extend(config.own_faults());
        }
        faults
    }

    fn own_faults(&self) -> Vec<String> {
        let name = &self.pool;
        let mut faults = Vec::new();
        if let Err(error) = self.settings.parse::<LineSettings>() {
            faults.push(format!("modems.settings of pool {name}: {error}"));
        }
        for command in self.init.iter().flatten().chain(&self.dial) {
            let plain = command.chars().all(|c| c.is_ascii_graphic() || c == ' ');
            if !plain || !command.starts_with("AT") || command.len() > 120 {
                faults.push(format!(
                    "modems of pool {name}: command {command:?}, expected AT and at most 118 characters of plain text"
                ));
            }
        }
        let bounds = [
            ("reply_ms", self.reply_ms, 100..=60_000),
            ("registration_s", self.registration_s, 0..=600),
            ("dial_s", self.dial_s, 5..=300),
            ("settle_ms", self.settle_ms, 0..=60_000),
            ("guard_ms", self.guard_ms, 20..=1_200),
            ("wait_s", Some(self.wait_s), 0..=86_400),
            ("pause_s", Some(self.pause_s), 0..=3_600),
            ("hold_s", Some(self.hold_s), 0..=60),
        ];
        for (key, value, range) in bounds {
            if let Some(value) = value.filter(|value| !range.contains(value)) {
                let (low, high) = (range.start(), range.end());
                faults.push(format!(
                    "modems.{key} of pool {name} is {value}, expected {low} to {high}"
                ));
            }
        }
        if !(1..=60).contains(&self.failed_calls_an_hour) {
            let got = self.failed_calls_an_hour;
            faults.push(format!(
                "modems.failed_calls_an_hour of pool {name} is {got}, expected 1 to 60"
            ));
        }
        faults
    }

    /// The profile with what this pool changes of it.
    pub(super) fn profile(&self) -> Profile {
        let built_in = Profile::of(self.profile);
        let or = |value: Option<u64>, unit: fn(u64) -> Duration, built_in| value.map_or(built_in, unit);
        Profile {
            init: self.init.clone().unwrap_or(built_in.init),
            gsm: built_in.gsm,
            dial: self.dial.clone().unwrap_or(built_in.dial),
            reply: or(self.reply_ms, Duration::from_millis, built_in.reply),
            registration: or(self.registration_s, Duration::from_secs, built_in.registration),
            dialling: or(self.dial_s, Duration::from_secs, built_in.dialling),
            settle: or(self.settle_ms, Duration::from_millis, built_in.settle),
            guard: or(self.guard_ms, Duration::from_millis, built_in.guard),
            hang_up: self.hang_up.unwrap_or(built_in.hang_up),
        }
    }
}
