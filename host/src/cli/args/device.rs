//! Arguments of keeping devices and groups of them.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ConfigFile;
use super::values::key_value;
use crate::model::{ClockPolicy, LineAddress, LineOptions, LineSettings, Schedule, Task};

/// Keeping devices.
#[derive(Debug, Subcommand)]
pub enum DeviceCommand {
    /// Add one device, or change the one with this name.
    #[command(
        after_help = "Examples:\n  uzel device add --name boiler-7 --driver vkt7 --line tcp:10.0.0.5:4001 \\
    --site 'Mira 15a' --zone Europe/Moscow --every 60 --set address=0
  uzel device add --name boiler-8 --model СПТ943 --line tcp:10.0.0.6:4001"
    )]
    Add(Box<DeviceArgs>),
    /// Import devices from a CSV or XLSX file; all faults are told at once and nothing is stored when there is one.
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
    /// Say whether a device's clock is set at the end of its sessions, and within which limits.
    #[command(after_help = CLOCK_POLICY)]
    SetClockPolicy {
        /// Which device.
        name: String,
        /// `off`, or the limits; without it as its group says.
        policy: Option<ClockPolicy>,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// List devices: state, last outcome, how fresh their archives are.
    List {
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
}

const CLOCK_POLICY: &str =
    "Limits are such as `beyond 30s within 10m every 24h`: a clock that is certainly off by more than
the first is set to the host's time, one that is off by more than the second never, and none twice within the third
(24h without it). No clock is set within two minutes of an hour's begin or end, nor over it.
Example:
  uzel device set-clock-policy boiler-7 'beyond 30s within 10m' --config uzel.toml";

const DEVICE_IMPORT: &str = "The file has a head line with these columns, in any order; those marked * must be there:
  name*           unique name of the device
  driver*         id of its driver: vkt7, logika-m4, mbus; with a model it may be left out
  line*           tcp:HOST:PORT, udp:HOST:PORT, rfc2217:HOST:PORT, serial:PATH, incoming:LISTENER/IDENTITY or
                  modem:POOL/NUMBER; several between spaces are tried in this order
  line_name       name of the (first) line, for people
  settings        line settings such as 9600-8N2
  line_options    what the line needs beside: rts, rts-inverted, echo, gap=MS, settle=MS, latency=MS, silence=MS
  organisation, site, address, node, point
                  where it is; without a site the device's name serves
  zone            time zone of the site, Europe/Moscow without it
  serial, model   what must answer; the model by any of its names in either script: СПТ943, spt-943
  every_minutes   how often it is read, 60 without it
  tasks           what is read, separated by spaces: clock current totals hourly daily monthly events settings
  schedule        instead of these two, when and what in full: `every 60m: clock current hourly; H 2 * * *: daily
                  monthly events within 30m` (a period or a crontab expression in the site's time; H is a number of the
                  device's own, so that not all are read in the same minute)
  group           name of the group whose schedule it takes
  clock_policy    whether its clock is set: off, or limits such as `beyond 30s within 10m`; without it as its group says
  clock_rule      standard or zone: whether its clock follows summer time; without it as its model does
  enabled         yes or no: whether it is polled
  latitude, longitude
                  of the site, degrees
  config          keys of the driver, KEY=VALUE separated by spaces, or a JSON object; a secret that is •• stays
Of several lines, line_name, settings and line_options may have a part for each between bars: `9600-8N2 | -`; `point` may
be a JSON list of what each input serves. `GET /api/v1/export.csv` and `.xlsx` give the devices in these columns.
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
    /// Id of its driver; without it the one that reads the model.
    #[arg(long, required_unless_present = "model")]
    pub driver: Option<String>,
    /// The model that must answer, by any of its names in either script: СПТ943, spt-943.
    #[arg(long)]
    pub model: Option<String>,
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
    /// Whether its clock is set: off, or limits such as `beyond 30s within 10m`; without it as its group says.
    #[arg(long, value_name = "POLICY")]
    pub clock_policy: Option<ClockPolicy>,
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
        /// Whether the clocks of its devices are set: off, or limits such as `beyond 30s within 10m every 24h`.
        #[arg(long, value_name = "POLICY", default_value_t)]
        clock_policy: ClockPolicy,
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
