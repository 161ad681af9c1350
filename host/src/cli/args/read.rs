//! Arguments of reading one meter, and of holding a session again.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::civil::DateTime;

use super::ConfigFile;
use super::values::{civil, key_value};
use crate::model::{LineAddress, LineOptions, LineSettings, Task};

pub(super) const READ_EXAMPLES: &str = "Examples:
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

pub(super) const REPLAY_EXAMPLES: &str = "Examples:
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
