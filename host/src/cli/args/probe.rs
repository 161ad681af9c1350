//! Arguments of looking who is on a line.

use std::str::FromStr;

use clap::Args;

use super::ConfigFile;
use crate::limits;
use crate::model::{LineAddress, LineOptions, LineSettings};

pub(super) const PROBE_EXAMPLES: &str = "Examples:
  Who is on an RS-485 bus, by any driver, at the addresses that its meters usually have:
    uzel probe --line serial:/dev/ttyUSB0 --addresses 1-10,255
  A converter behind which there may be meters of two makers:
    uzel probe --line tcp:10.0.0.5:4001 --addresses 1-32 --driver vkt7,mbus

Only what identifies a device is asked; nothing is written, and no password is sent. Nobody else should use the line
meanwhile: stop the host, or take the line out of it.
Ends with 0 when something was found, 1 otherwise.";

/// Where to look, and for what.
#[derive(Debug, Args)]
pub struct ProbeArgs {
    /// The line: tcp:HOST:PORT, udp:HOST:PORT, rfc2217:HOST:PORT, serial:PATH or modem:POOL/NUMBER.
    #[arg(long, value_name = "LINE")]
    pub line: LineAddress,
    /// Settings to try, such as 9600-8N1, separated by commas; without them each driver's own.
    #[arg(long, value_name = "SETTINGS", value_delimiter = ',')]
    pub settings: Vec<LineSettings>,
    /// What else the line needs: rts or rts-inverted, echo, gap=MS, settle=MS, latency=MS, silence=MS.
    #[arg(long, value_name = "WORDS")]
    pub options: Option<LineOptions>,
    /// Addresses to try, such as 1-10,255; without them the one that each driver takes when none is given.
    #[arg(long, value_name = "RANGES")]
    pub addresses: Option<Addresses>,
    /// Only these drivers, separated by commas; without it all that can identify a device without being told more.
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub driver: Vec<String>,
    /// How long an answer may take, milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(20..=60_000))]
    pub answer_ms: u32,
    /// How long one device may take to say who it is, seconds.
    #[arg(long, value_name = "S", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub within_s: u64,
    /// Longest search, seconds: what is not tried by then is told.
    #[arg(long, value_name = "S", default_value_t = 900)]
    pub limit_s: u64,
    /// Also try models that are known by guess only: they may take one device for another.
    #[arg(long)]
    pub guess: bool,
    /// Which configuration: says where the drivers are.
    #[command(flatten)]
    pub config_file: ConfigFile,
}

/// Addresses in the order given, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses(pub Vec<i64>);

impl FromStr for Addresses {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?}: expected addresses such as 1-10,255");
        let mut addresses: Vec<i64> = Vec::new();
        for range in text.split(',') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let number = |text: &str| text.trim().parse::<u32>().map_err(|_| wrong());
            let (first, last) = (number(first)?, number(last)?);
            if first > last {
                return Err(wrong());
            }
            for address in first..=last {
                if addresses.len() >= limits::PROBE_ADDRESSES {
                    return Err(format!(
                        "{text:?}: at most {} addresses are tried",
                        limits::PROBE_ADDRESSES
                    ));
                }
                let address = i64::from(address);
                if !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
        }
        Ok(Self(addresses))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_numbers_and_ranges() {
        let read = |text: &str| text.parse::<Addresses>().map(|addresses| addresses.0);
        assert_eq!(read("3-5,255,4"), Ok(vec![3, 4, 5, 255]));
        for wrong in ["", "1-", "5-3", "a", "-1", "0-4294967295"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
