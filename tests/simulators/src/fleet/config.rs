//! The description of a fleet.

use crate::{Faults, Modem};
use jiff::civil::DateTime;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a fleet cannot start.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    #[error("the fleet file is not valid")]
    Toml(#[from] toml::de::Error),
    #[error("line {line} needs exactly one of listen, udp, pty and call")]
    Endpoint { line: usize },
    #[error("line {line} has no meter")]
    NoMeter { line: usize },
    #[error("line {line} serves one meter to each connection, but describes {meters} meters")]
    EachConnection { line: usize, meters: usize },
    #[error("line {line} starts {count} times from port {port}, and ports end at 65535")]
    Ports { line: usize, count: u16, port: u16 },
    #[error("line {line} starts {count} times, but a pseudo-terminal's link has one name")]
    LinkCount { line: usize, count: u16 },
    #[error("line {line}: faults {text:?} cannot be read")]
    Faults {
        line: usize,
        text: String,
        source: crate::FaultsError,
    },
    #[error("meter {kind:?} has the serial number {serial:?}, expected digits")]
    Serial { kind: Kind, serial: String },
    #[error("meter {kind:?}: {text}")]
    Framing { kind: Kind, text: String },
    #[error("meter replay needs a recording")]
    NoRecording,
    #[error("recording {path:?} cannot be read")]
    ReadRecording { path: PathBuf, source: std::io::Error },
    #[error("recording {path:?} cannot be used")]
    Recording {
        path: PathBuf,
        source: crate::RecordingError,
    },
    #[error("line {line} cannot call")]
    Modem { line: usize, source: crate::ModemError },
    #[error("modem {modem} needs exactly one of listen and pty")]
    ModemEndpoint { modem: usize },
    #[error("number {number} has a meter and words, expected one of them")]
    Number { number: String },
    #[error("modem {modem} cannot be served")]
    ServeModem { modem: usize, source: std::io::Error },
    #[error("line {line} cannot be served")]
    Serve { line: usize, source: std::io::Error },
    #[error("the link {path:?} to a pseudo-terminal cannot be made")]
    Link { path: PathBuf, source: std::io::Error },
}

/// All lines of a fleet.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fleet {
    #[serde(rename = "line", default)]
    pub lines: Vec<Line>,
    #[serde(rename = "modem", default)]
    pub modems: Vec<ModemConfig>,
    #[serde(rename = "number", default)]
    pub numbers: Vec<NumberConfig>,
}

/// A modem of the host's own. All modems of a fleet call the same numbers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModemConfig {
    pub listen: Option<SocketAddr>,
    /// Path of a link to the pseudo-terminal; empty: no link.
    pub pty: Option<PathBuf>,
    /// It never finds its network.
    #[serde(default)]
    pub unregistered: bool,
    /// It echoes and answers in numbers, whatever it is told.
    #[serde(default)]
    pub stubborn: bool,
    /// It says nothing at all.
    #[serde(default)]
    pub mute: bool,
    /// Chance of lost carriers.
    #[serde(default = "seed")]
    pub seed: u64,
}

/// What happens when a number is dialled: exactly one of `meter` and `says`, or neither: nothing, ever.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberConfig {
    pub number: String,
    /// Where a line of this fleet, or any other meter, listens.
    pub meter: Option<SocketAddr>,
    /// `BUSY`, `NO ANSWER`, `NO CARRIER`, `NO DIALTONE`, `ERROR`, `+CME ERROR: 30`.
    pub says: Option<String>,
    /// How long dialling takes.
    #[serde(default)]
    pub after_ms: u64,
    /// The carrier drops after so many bytes from the far end, at least and at most.
    pub drop_bytes: Option<(u64, u64)>,
}

/// A socket or a serial line, and what is behind it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    pub listen: Option<SocketAddr>,
    /// The same for datagrams.
    pub udp: Option<SocketAddr>,
    /// Path of a link to the pseudo-terminal; empty: no link.
    pub pty: Option<PathBuf>,
    /// The collector that the line's modem calls.
    pub call: Option<SocketAddr>,
    /// That modem, see [`crate::Modem`]; the digits at the end of its identity count up.
    #[serde(default)]
    pub modem: String,
    /// So many such lines; ports, seeds and serial numbers count up.
    #[serde(default = "one")]
    pub count: u16,
    /// Every connection finds a meter of its own; for benchmarks.
    #[serde(default)]
    pub each_connection: bool,
    #[serde(default)]
    pub faults: String,
    #[serde(rename = "meter", default)]
    pub meters: Vec<MeterConfig>,
}

/// One meter. What a kind does not have is ignored by it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeterConfig {
    pub kind: Kind,
    #[serde(default = "seed")]
    pub seed: u64,
    /// Network address; the kind's own default if absent.
    pub address: Option<u8>,
    pub serial: Option<String>,
    /// How a Modbus slave is spoken to: rtu, ascii or tcp; a DLMS meter: hdlc or wrapper.
    pub framing: Option<String>,
    /// Heat inputs in use.
    pub inputs: Option<u8>,
    /// Report day (ДО, СР or 025) and hour (ЧР or 024).
    pub report_day: Option<u8>,
    #[serde(default)]
    pub report_hour: u8,
    /// The clock stands here; absent: it runs.
    pub clock: Option<DateTime>,
    #[serde(default = "utc_offset_h")]
    pub utc_offset_h: i8,
    /// How much the running clock is fast, negative when it is slow.
    #[serde(default)]
    pub clock_error_s: i64,
    /// Path of a recording for `replay`: text, or JSON of recorded sessions.
    pub recording: Option<PathBuf>,
    /// Which session of a JSON recording, from 0.
    #[serde(default)]
    pub session: usize,
}

/// Kinds of meters that a fleet may have.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Kind {
    #[serde(rename = "vkt7")]
    #[value(name = "vkt7")]
    Vkt7,
    #[serde(rename = "vkt5")]
    #[value(name = "vkt5")]
    Vkt5,
    #[serde(rename = "vkt4")]
    #[value(name = "vkt4")]
    Vkt4,
    #[serde(rename = "vkt4m")]
    #[value(name = "vkt4m")]
    Vkt4m,
    #[serde(rename = "vkt9")]
    #[value(name = "vkt9")]
    Vkt9,
    #[serde(rename = "spt943")]
    #[value(name = "spt943")]
    Spt943,
    #[serde(rename = "spt942")]
    #[value(name = "spt942")]
    Spt942,
    #[serde(rename = "spt941.10")]
    #[value(name = "spt941.10")]
    Spt941_10,
    #[serde(rename = "spt940")]
    #[value(name = "spt940")]
    Spt940,
    #[serde(rename = "spt941.20")]
    #[value(name = "spt941.20")]
    Spt941_20,
    #[serde(rename = "spt943rev3")]
    #[value(name = "spt943rev3")]
    Spt943rev3,
    #[serde(rename = "spt944")]
    #[value(name = "spt944")]
    Spt944,
    #[serde(rename = "spg740")]
    #[value(name = "spg740")]
    Spg740,
    #[serde(rename = "spg742")]
    #[value(name = "spg742")]
    Spg742,
    #[serde(rename = "lgk410")]
    #[value(name = "lgk410")]
    Lgk410,
    #[serde(rename = "spt961.2")]
    #[value(name = "spt961.2")]
    Spt961_2,
    #[serde(rename = "spt962")]
    #[value(name = "spt962")]
    Spt962,
    #[serde(rename = "spg761.2")]
    #[value(name = "spg761.2")]
    Spg761_2,
    #[serde(rename = "spe543")]
    #[value(name = "spe543")]
    Spe543,
    #[serde(rename = "mbus-heat")]
    #[value(name = "mbus-heat")]
    MbusHeat,
    #[serde(rename = "mbus-water")]
    #[value(name = "mbus-water")]
    MbusWater,
    #[serde(rename = "mbus-electricity")]
    #[value(name = "mbus-electricity")]
    MbusElectricity,
    /// A heat meter with its months in a compact profile.
    #[serde(rename = "mbus-compact")]
    #[value(name = "mbus-compact")]
    MbusCompact,
    /// A heat meter with the old fixed structure.
    #[serde(rename = "mbus-fixed")]
    #[value(name = "mbus-fixed")]
    MbusFixed,
    #[serde(rename = "modbus-heat")]
    #[value(name = "modbus-heat")]
    ModbusHeat,
    #[serde(rename = "ecl-comfort")]
    #[value(name = "ecl-comfort")]
    EclComfort,
    #[serde(rename = "iec-meter")]
    #[value(name = "iec-meter")]
    IecMeter,
    #[serde(rename = "p1-meter")]
    #[value(name = "p1-meter")]
    P1Meter,
    #[serde(rename = "sml-meter")]
    #[value(name = "sml-meter")]
    SmlMeter,
    #[serde(rename = "tsrv023")]
    #[value(name = "tsrv023")]
    Tsrv023,
    #[serde(rename = "tsrv024m")]
    #[value(name = "tsrv024m")]
    Tsrv024m,
    #[serde(rename = "tsrv024m-plus")]
    #[value(name = "tsrv024m-plus")]
    Tsrv024mPlus,
    #[serde(rename = "tsrv034")]
    #[value(name = "tsrv034")]
    Tsrv034,
    #[serde(rename = "tsrv043")]
    #[value(name = "tsrv043")]
    Tsrv043,
    #[serde(rename = "dlms")]
    #[value(name = "dlms")]
    Dlms,
    #[serde(rename = "primer")]
    #[value(name = "primer")]
    Primer,
    #[serde(rename = "replay")]
    #[value(name = "replay")]
    Replay,
}

fn one() -> u16 {
    1
}

fn seed() -> u64 {
    1
}

fn utc_offset_h() -> i8 {
    3
}

impl MeterConfig {
    /// A meter with all defaults.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            seed: seed(),
            address: None,
            serial: None,
            framing: None,
            inputs: None,
            report_day: None,
            report_hour: 0,
            clock: None,
            utc_offset_h: utc_offset_h(),
            clock_error_s: 0,
            recording: None,
            session: 0,
        }
    }
}

impl Fleet {
    /// Reads and checks a description.
    pub fn parse(text: &str) -> Result<Self, FleetError> {
        let fleet: Self = toml::from_str(text)?;
        fleet.check()?;
        Ok(fleet)
    }

    /// Refuses what cannot start, naming the line, counted from 1.
    pub fn check(&self) -> Result<(), FleetError> {
        if let Some(modem) = self.modems.iter().position(|m| m.listen.is_some() == m.pty.is_some()) {
            return Err(FleetError::ModemEndpoint { modem: modem + 1 });
        }
        if let Some(both) = self.numbers.iter().find(|n| n.meter.is_some() && n.says.is_some()) {
            let number = both.number.clone();
            return Err(FleetError::Number { number });
        }
        self.lines
            .iter()
            .enumerate()
            .try_for_each(|(place, line)| line.check(place + 1))
    }
}

impl Line {
    fn check(&self, line: usize) -> Result<(), FleetError> {
        let count = self.count;
        match (&self.listen, &self.udp, &self.pty, &self.call) {
            (Some(listen), None, None, None) | (None, Some(listen), None, None) => {
                let port = listen.port();
                let last = u32::from(port) + u32::from(count.saturating_sub(1));
                if port != 0 && last > u32::from(u16::MAX) {
                    return Err(FleetError::Ports { line, count, port });
                }
            }
            (None, None, Some(link), None) if count > 1 && !link.as_os_str().is_empty() => {
                return Err(FleetError::LinkCount { line, count });
            }
            (None, None, Some(_), None) => {}
            (None, None, None, Some(_)) => {
                self.modem(line, 0)?;
            }
            _ => return Err(FleetError::Endpoint { line }),
        }
        if self.meters.is_empty() {
            return Err(FleetError::NoMeter { line });
        }
        if self.each_connection && (self.meters.len() > 1 || self.listen.is_none()) {
            return Err(FleetError::EachConnection {
                line,
                meters: self.meters.len(),
            });
        }
        self.faults(line, 0).map(|_| ())
    }

    /// The modem of copy `copy` of this line.
    pub(super) fn modem(&self, line: usize, copy: u16) -> Result<Modem, FleetError> {
        let (kind, options) = match self.modem.split_once(',') {
            Some((kind, options)) => (kind, format!(",{options}")),
            None => (self.modem.as_str(), String::new()),
        };
        let digits = kind.len() - kind.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let (name, number) = kind.split_at(kind.len() - digits);
        let number = match number.parse::<u64>() {
            Ok(first) => format!("{:0digits$}", first.wrapping_add(copy.into())),
            Err(_) => number.to_owned(),
        };
        let modem = format!("{name}{number}{options}");
        modem.parse().map_err(|source| FleetError::Modem { line, source })
    }

    /// The faults of copy `copy` of this line; each copy has its own chance.
    pub(super) fn faults(&self, line: usize, copy: u16) -> Result<Faults, FleetError> {
        let faults: Faults = self.faults.parse().map_err(|source| FleetError::Faults {
            line,
            text: self.faults.clone(),
            source,
        })?;
        let seed = faults.seed.wrapping_add(copy.into());
        Ok(faults.seed(seed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_description_is_refused_with_its_line() {
        let meter = "[[line.meter]]\nkind = \"vkt7\"\n";
        let refused = |line: &str, meter: &str| {
            Fleet::parse(&format!("[[line]]\n{line}\n{meter}"))
                .map(|_| ())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            refused("", meter),
            "line 1 needs exactly one of listen, udp, pty and call"
        );
        assert_eq!(
            refused("pty = \"\"\nlisten = \"127.0.0.1:1\"", meter),
            "line 1 needs exactly one of listen, udp, pty and call"
        );
        assert_eq!(refused("pty = \"\"", ""), "line 1 has no meter");
        assert_eq!(
            refused("listen = \"127.0.0.1:65530\"\ncount = 10", meter),
            "line 1 starts 10 times from port 65530, and ports end at 65535"
        );
        assert_eq!(
            refused("pty = \"\"\nfaults = \"nois=1\"", meter),
            "line 1: faults \"nois=1\" cannot be read"
        );
        assert_eq!(
            refused("pty = \"\"", &format!("{meter}[[modem]]\nmute = true\n")),
            "modem 1 needs exactly one of listen and pty"
        );
        assert_eq!(
            refused(
                "pty = \"\"",
                &format!("{meter}[[number]]\nnumber = \"1\"\nsays = \"BUSY\"\nmeter = \"127.0.0.1:1\"\n")
            ),
            "number 1 has a meter and words, expected one of them"
        );
        assert_eq!(refused("ptty = \"\"", meter), "the fleet file is not valid");
        assert_eq!(
            refused("listen = \"127.0.0.1:0\"\neach_connection = true", &meter.repeat(2)),
            "line 1 serves one meter to each connection, but describes 2 meters"
        );
    }
}
