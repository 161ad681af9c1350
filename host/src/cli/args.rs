//! Arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::DateTime;

use crate::model::{CallerState, LineAddress, LineOptions, LineSettings, Schedule, Task};

/// Uzel: an open dispatch system for energy meters.
#[derive(Debug, Parser)]
#[command(name = "uzel", version, arg_required_else_help = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Poll the meters, keep their archives, serve them over HTTP.
    #[command(after_help = "Example:\n  uzel serve --config /etc/uzel/uzel.toml")]
    Serve(ConfigFile),
    /// Read one meter now, without any database.
    #[command(after_help = READ_EXAMPLES)]
    Read(Box<ReadArgs>),
    /// Take a reading that was saved at the site with `uzel read --save` and brought by hand.
    #[command(after_help = "Example:\n  uzel import boiler-7.uzel-reading --config /etc/uzel/uzel.toml")]
    Import(ImportArgs),
    /// Hold a recorded session again with any driver: the same bytes in, records out.
    #[command(after_help = REPLAY_EXAMPLES)]
    Replay(Box<ReplayArgs>),
    /// Make keys that sign readings.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Add, import and list devices.
    #[command(subcommand)]
    Device(DeviceCommand),
    /// List, approve and refuse modems that called.
    #[command(subcommand)]
    Caller(CallerCommand),
    /// Make, change and list groups of devices that are read alike.
    #[command(subcommand)]
    Group(GroupCommand),
    /// Look at drivers.
    #[command(subcommand)]
    Driver(DriverCommand),
    /// Copy the whole database into one file, while the host runs or not, and verify the copy.
    #[command(after_help = BACKUP)]
    Backup {
        /// The copy. It is written under a temporary name beside and renamed when it is whole and verified.
        file: PathBuf,
        /// Write over a file that is there.
        #[arg(long)]
        force: bool,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Verify a copy and put it in the place of the database, which is kept under another name. The host must be
    /// stopped.
    #[command(
        after_help = "Example:\n  systemctl stop uzel && uzel restore /var/backups/uzel/monday.sqlite \
    --config /etc/uzel/uzel.toml && systemctl start uzel"
    )]
    Restore {
        /// The copy.
        file: PathBuf,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Give the room of removed rows back to the file system. The host must be stopped; needs as much free room as the
    /// database takes.
    Vacuum {
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Check the configuration: tells all faults at once, prints nothing when there are none.
    #[command(after_help = "Example:\n  uzel check --config uzel.toml --effective")]
    Check {
        /// Which.
        #[command(flatten)]
        file: ConfigFile,
        /// Print the configuration in effect, defaults included.
        #[arg(long)]
        effective: bool,
    },
    /// Print the OpenAPI document of the HTTP API.
    Openapi,
    /// Print a completion script for a shell.
    #[command(after_help = "Example:\n  uzel completions bash > /etc/bash_completion.d/uzel")]
    Completions {
        /// For which shell.
        shell: clap_complete::Shell,
    },
}

/// The configuration file.
#[derive(Debug, Clone, Args)]
pub struct ConfigFile {
    /// Configuration, TOML. Without it the defaults hold: data in ./data, drivers in ./drivers, http on 127.0.0.1:8080.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

const BACKUP: &str = "Prints how many rows each table has when integrity and references of the copy are in order.
Example:
  uzel backup /var/backups/uzel/monday.sqlite --force --config /etc/uzel/uzel.toml";

const READ_EXAMPLES: &str = "Examples:
  Current values of a ВКТ-7 behind a converter:
    uzel read --driver drivers/vkt7.wasm --line tcp:10.0.0.5:4001 --what clock,current
  Yesterday's hours of a СПТ943 on a serial port, as CSV:
    uzel read --driver drivers/logika-m4.wasm --line serial:/dev/ttyUSB0 --settings 2400-8N1 \\
      --what hourly --from 2026-11-19 --to 2026-11-20 --format csv
  An M-Bus meter at primary address 5, everything it says, as JSON, with the wire trace kept:
    uzel read --driver drivers/mbus.wasm --line tcp:10.0.0.6:10001 --set address=5 --format json --trace session.txt
  A meter without a line to the dispatcher, read with a laptop beside it and brought by hand:
    uzel read --driver drivers/vkt7.wasm --line serial:/dev/ttyUSB0 --what clock,totals,hourly,daily,monthly \\
      --save boiler-7.uzel-reading --key ivanov.key --by 'Ivanov'

Ends with 0 when everything that was asked was read, 2 when only part of it, 1 otherwise.";

const REPLAY_EXAMPLES: &str = "Examples:
  A trace kept by `uzel read --trace`, or one that the journal exported, or a package, with a new build of the driver:
    uzel replay session-42.txt --driver drivers/vkt7.wasm
  A session of the store, compared with what it stored:
    uzel replay --session 42 --config uzel.toml --driver drivers/vkt7.wasm

Ends with 0 when it is the same (without --session: when all that was asked was read), 2 when something differs, 1 when
there was nothing to replay.";

/// What to hold again, and with what.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The trace: a text as the journal exports it, a file of `uzel read --trace`, or a package.
    #[arg(required_unless_present = "session", conflicts_with = "session")]
    pub trace: Option<PathBuf>,
    /// The driver's component.
    #[arg(long, value_name = "FILE")]
    pub driver: PathBuf,
    /// A session of the store: its trace is held again and the result compared with what is stored.
    #[arg(long, value_name = "ID")]
    pub session: Option<i64>,
    /// Which configuration: says where the store is.
    #[command(flatten)]
    pub config_file: ConfigFile,
    /// A configuration key of the driver, KEY=VALUE: instead of the recorded one, or one that was left out as a secret.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,
    /// Of a trace that does not say it: what was read, separated by commas.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub what: Vec<Task>,
    /// Archives from this day or moment, meter time.
    #[arg(long, value_name = "DATE", value_parser = civil)]
    pub from: Option<DateTime>,
    /// Archives up to this day or moment, not included, meter time.
    #[arg(long, value_name = "DATE", value_parser = civil)]
    pub to: Option<DateTime>,
    /// Time zone of the meter's site, Europe/Moscow without it.
    #[arg(long)]
    pub zone: Option<String>,
    /// The meter follows summer time by itself.
    #[arg(long)]
    pub summer_time: bool,
    /// When the session began, such as 2026-11-20T11:00:00Z; without it now.
    #[arg(long, value_name = "INSTANT")]
    pub at: Option<jiff::Timestamp>,
    /// How to print what was read; without it a table, and with --session only the differences.
    #[arg(long, value_enum)]
    pub format: Option<Format>,
}

/// Which reading to take.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The package.
    pub file: PathBuf,
    /// Which configuration: the store, and `[import]` with the keys that are trusted.
    #[command(flatten)]
    pub config_file: ConfigFile,
    /// The device that was read; without it the one with the package's driver and serial number.
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
    /// Take a package that nobody signed: only where import.unsigned of the configuration allows it.
    #[arg(long)]
    pub unsigned: bool,
}

/// Keys that sign readings.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key: the secret one in FILE, the public one in FILE.pub and on the screen.
    #[command(after_help = "Example:\n  uzel key new ivanov.key")]
    New {
        /// Where the secret key goes; a file that is there is not touched.
        file: PathBuf,
    },
}

/// How to read one meter.
#[derive(Debug, Args)]
pub struct ReadArgs {
    /// The driver's component.
    #[arg(long, value_name = "FILE")]
    pub driver: PathBuf,
    /// Where the meter is: tcp:HOST:PORT, udp:HOST:PORT, rfc2217:HOST:PORT, serial:PATH or modem:POOL/NUMBER.
    #[arg(long, value_name = "LINE")]
    pub line: LineAddress,
    /// Configuration that names the pools of modems, for modem:POOL/NUMBER.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Line settings such as 9600-8N2; without them the driver's own.
    #[arg(long, value_name = "SETTINGS")]
    pub settings: Option<LineSettings>,
    /// What else the line needs: rts or rts-inverted (we switch its direction), echo (drop what comes back of our own),
    /// gap=MS, settle=MS, latency=MS, silence=MS.
    #[arg(long, value_name = "WORDS")]
    pub options: Option<LineOptions>,
    /// A configuration key of the driver, KEY=VALUE; may be given several times. `uzel driver inspect` lists them.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,
    /// What to read, separated by commas: clock, current, totals, hourly, daily, monthly, events, settings.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "clock,current,totals"
    )]
    pub what: Vec<Task>,
    /// Archives from this day or moment, meter time; without it the last day of hours, month of days, year of months.
    #[arg(long, value_name = "DATE", value_parser = civil)]
    pub from: Option<DateTime>,
    /// Archives up to this day or moment, not included, meter time; without it up to now.
    #[arg(long, value_name = "DATE", value_parser = civil)]
    pub to: Option<DateTime>,
    /// Time zone of the meter's site.
    #[arg(long, default_value = "Europe/Moscow")]
    pub zone: String,
    /// The meter follows summer time by itself (without it: standard time all year, or what the driver says).
    #[arg(long)]
    pub summer_time: bool,
    /// The serial number that must answer.
    #[arg(long)]
    pub serial: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Keep the wire trace in this file.
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Save what was read as a package that `uzel import` takes, for a meter without a line to the dispatcher.
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Sign the package with this key of `uzel key new`.
    #[arg(long, value_name = "FILE", requires = "save")]
    pub key: Option<PathBuf>,
    /// Who reads, for the package.
    #[arg(long, value_name = "NAME", requires = "save")]
    pub by: Option<String>,
    /// A remark for the package.
    #[arg(long, value_name = "TEXT", requires = "save")]
    pub note: Option<String>,
    /// Longest session, seconds.
    #[arg(long, default_value_t = 3_600)]
    pub limit_s: u64,
}

/// How to print what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// One row a record, decimal point, comma between.
    Csv,
    /// One document.
    Json,
}

/// Keeping devices.
#[derive(Debug, Subcommand)]
pub enum DeviceCommand {
    /// Add one device, or change the one with this name.
    #[command(
        after_help = "Example:\n  uzel device add --name boiler-7 --driver vkt7 --line tcp:10.0.0.5:4001 \\
    --site 'Mira 15a' --zone Europe/Moscow --every 60 --set address=0"
    )]
    Add(Box<DeviceArgs>),
    /// Import devices from a CSV file; all faults are told at once and nothing is stored when there is one.
    #[command(after_help = DEVICE_IMPORT)]
    Import {
        /// The file.
        file: PathBuf,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
        /// Say what would change, store nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// List devices: state, last outcome, how fresh their archives are.
    List {
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
}

const DEVICE_IMPORT: &str = "The file has a head line with these columns, in any order; those marked * must be there:
  name*           unique name of the device
  driver*         id of its driver: vkt7, logika-m4, mbus
  line*           tcp:HOST:PORT, udp:HOST:PORT, rfc2217:HOST:PORT, serial:PATH, incoming:LISTENER/IDENTITY or
                  modem:POOL/NUMBER; several between spaces are tried in this order
  line_name       name of the (first) line, for people
  settings        line settings such as 9600-8N2
  line_options    what the line needs beside: rts, rts-inverted, echo, gap=MS, settle=MS, latency=MS, silence=MS
  organisation, site, address, node, point
                  where it is; without a site the device's name serves
  zone            time zone of the site, Europe/Moscow without it
  serial, model   what must answer
  every_minutes   how often it is read, 60 without it
  tasks           what is read, separated by spaces: clock current totals hourly daily monthly events settings
  schedule        instead of these two, when and what in full: `every 60m: clock current hourly; H 2 * * *: daily
                  monthly events within 30m` (a period or a crontab expression in the site's time; H is a number of the
                  device's own, so that not all are read in the same minute)
  group           name of the group whose schedule it takes
  config          keys of the driver, KEY=VALUE separated by spaces, or a JSON object
Example:
  name,driver,line,site,zone,every_minutes,config
  boiler-7,vkt7,tcp:10.0.0.5:4001,Mira 15a,Europe/Moscow,60,address=0";

/// One device.
#[derive(Debug, Args)]
pub struct DeviceArgs {
    /// Which configuration.
    #[command(flatten)]
    pub config_file: ConfigFile,
    /// Unique name.
    #[arg(long)]
    pub name: String,
    /// Id of its driver.
    #[arg(long)]
    pub driver: String,
    /// tcp:HOST:PORT, udp:HOST:PORT, rfc2217:HOST:PORT, serial:PATH, incoming:LISTENER/IDENTITY or modem:POOL/NUMBER;
    /// given several times, the ways to the device in the order in which they are tried.
    #[arg(long, required = true)]
    pub line: Vec<LineAddress>,
    /// Line settings such as 9600-8N2; without them the driver's own.
    #[arg(long)]
    pub settings: Option<LineSettings>,
    /// What else the line needs: rts or rts-inverted, echo, gap=MS, settle=MS, latency=MS, silence=MS.
    #[arg(long, value_name = "WORDS")]
    pub options: Option<LineOptions>,
    /// Organisation that the site belongs to.
    #[arg(long)]
    pub organisation: Option<String>,
    /// Building; without it the device's name.
    #[arg(long)]
    pub site: Option<String>,
    /// Postal address of the site.
    #[arg(long)]
    pub address: Option<String>,
    /// Time zone of the site.
    #[arg(long, default_value = "Europe/Moscow")]
    pub zone: String,
    /// Serial number that must answer.
    #[arg(long)]
    pub serial: Option<String>,
    /// Minutes between reads, 60 unless a schedule or a group says otherwise.
    #[arg(long)]
    pub every: Option<u32>,
    /// What is read, separated by commas.
    #[arg(long, value_delimiter = ',')]
    pub what: Vec<Task>,
    /// When and what in full, for instance `every 60m: clock current hourly; H 2 * * *: daily monthly within 30m`.
    #[arg(long, conflicts_with_all = ["every", "what"])]
    pub schedule: Option<String>,
    /// Group whose schedule it takes; `uzel group set` makes one.
    #[arg(long)]
    pub group: Option<String>,
    /// A configuration key of the driver, KEY=VALUE; may be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,
}

/// Keeping groups.
#[derive(Debug, Subcommand)]
pub enum GroupCommand {
    /// Make a group, or change the one with this name.
    #[command(
        after_help = "Example:\n  uzel group set gsm --schedule 'H 1-5 * * *: clock hourly daily within 20m' --sessions 4"
    )]
    Set {
        /// Unique name.
        name: String,
        /// When its devices are read, and what.
        #[arg(long)]
        schedule: Schedule,
        /// Sessions at once of its devices; without it as many as there may be.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
        sessions: Option<u32>,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// List groups with their schedules and the number of their devices.
    List {
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
}

/// Modems that called a listener.
#[derive(Debug, Subcommand)]
pub enum CallerCommand {
    /// List who called: state, devices, where from, the first bytes in hex.
    List {
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
        /// Only those in this state: new, approved or refused.
        #[arg(long)]
        state: Option<CallerState>,
    },
    /// Let a caller stay although no device names it yet. A device is bound to it with
    /// `uzel device add --line incoming:LISTENER/IDENTITY`.
    #[command(after_help = "Example:\n  uzel caller approve gprs/868441036775234")]
    Approve(CallerArgs),
    /// Send a caller away, now and whenever it calls.
    #[command(after_help = "Example:\n  uzel caller refuse gprs/868441036775234")]
    Refuse(CallerArgs),
}

/// One caller.
#[derive(Debug, Args)]
pub struct CallerArgs {
    /// LISTENER/IDENTITY.
    pub caller: String,
    /// Which configuration.
    #[command(flatten)]
    pub config: ConfigFile,
}

/// Looking at drivers.
#[derive(Debug, Subcommand)]
pub enum DriverCommand {
    /// List the drivers of the configured folder: models, archives, how well they are known.
    List {
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
        /// Only models whose name has this in it, in either script: 943, СПТ943, spt-943.
        #[arg(long)]
        model: Option<String>,
    },
    /// Check a component and show all that it says of itself.
    #[command(after_help = "Example:\n  uzel driver inspect drivers/vkt7.wasm")]
    Inspect {
        /// The component.
        file: PathBuf,
        /// Print the document of describe() as it is.
        #[arg(long)]
        json: bool,
    },
    /// Hold a recorded session again: as `uzel replay`.
    #[command(after_help = REPLAY_EXAMPLES)]
    Replay(Box<ReplayArgs>),
    /// Making drivers.
    #[command(flatten)]
    Vendor(super::vendor::VendorCommand),
}

pub(super) fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?}: expected KEY=VALUE"))?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

fn civil(text: &str) -> Result<DateTime, String> {
    let wrong = |_| format!("{text:?}: expected a date such as 2026-11-19, or a moment such as 2026-11-19T14:00");
    match text.parse::<jiff::civil::Date>() {
        Ok(date) if !text.contains(['T', ' ', ':']) => Ok(date.at(0, 0, 0, 0)),
        _ => text.parse().map_err(wrong),
    }
}

/// `KEY=VALUE` pairs as the JSON that a driver's configuration is: numbers, true and false, lists of numbers separated
/// by `:` and text, as the driver's keys say.
pub fn config_json(describe: &crate::driver::Describe, pairs: &[(String, String)]) -> serde_json::Value {
    use crate::driver::describe::ConfigType;
    let mut map = serde_json::Map::new();
    for (key, value) in pairs {
        let kind = describe
            .config
            .iter()
            .find(|known| known.key == *key)
            .map(|known| known.kind);
        let text = || serde_json::Value::String(value.clone());
        let parsed = match kind {
            Some(ConfigType::Integer) => value.parse::<i64>().map_or_else(|_| text(), Into::into),
            Some(ConfigType::Boolean) => value.parse::<bool>().map_or_else(|_| text(), Into::into),
            Some(ConfigType::Integers) => {
                let numbers: Result<Vec<i64>, _> = value.split(':').map(str::parse).collect();
                numbers.map_or_else(|_| text(), Into::into)
            }
            Some(ConfigType::String) | None => text(),
        };
        map.insert(key.clone(), parsed);
    }
    serde_json::Value::Object(map)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
