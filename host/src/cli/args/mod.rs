//! Arguments.

mod account;
mod control;
mod device;
mod park;
mod probe;
mod read;
mod values;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::limits;
use crate::model::CallerState;

pub use crate::roster::config_json;
pub use account::{AccountCommand, ServeArgs};
pub use control::{ControlArgs, ControlCommand};
pub use device::{DeviceArgs, DeviceCommand, GroupCommand};
pub use park::{ParkCommand, TrustCommand};
use probe::PROBE_EXAMPLES;
pub use probe::{Addresses, ProbeArgs};
pub use read::{Format, ReadArgs, ReplayArgs};
use read::{READ_EXAMPLES, REPLAY_EXAMPLES};
pub(super) use values::key_value;

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
    Serve(ServeArgs),
    /// Read one meter now, without any database.
    #[command(after_help = READ_EXAMPLES)]
    Read(Box<ReadArgs>),
    /// Find out who is on a line: which meters answer, by which driver and at which address.
    #[command(after_help = PROBE_EXAMPLES)]
    Probe(Box<ProbeArgs>),
    /// Take a reading that was saved at the site with `uzel read --save` and brought by hand.
    #[command(after_help = "Example:\n  uzel import boiler-7.uzel-reading --config /etc/uzel/uzel.toml")]
    Import(ImportArgs),
    /// Hold a recorded session again with any driver: the same bytes in, records out.
    #[command(after_help = REPLAY_EXAMPLES)]
    Replay(Box<ReplayArgs>),
    /// Open a port behind which a device of the running host answers, for its maker's own program.
    #[command(after_help = "Example:\n  uzel tunnel boiler-7 --minutes 30 --listen 10.0.0.2:5000")]
    Tunnel(TunnelArgs),
    /// Change a device of the running host: its present value is shown, then confirmed, written and read back.
    #[command(subcommand)]
    Control(ControlCommand),
    /// List, make, reset and disable accounts when nobody can sign in any more. The host must be stopped.
    #[command(subcommand)]
    Account(AccountCommand),
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
    /// Look at drivers, take them in, try them, put them to work and take them back.
    #[command(subcommand)]
    Driver(Box<DriverCommand>),
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

/// To which device, where and for how long.
#[derive(Debug, Args)]
pub struct TunnelArgs {
    /// Name of the device, or its number.
    pub device: String,
    /// How long it stays open, from when the line is free.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::TUNNEL_MINUTES)))]
    pub minutes: u32,
    /// Where the program connects, an address of the host's machine; without it any free port, for programs on that
    /// machine only. Whoever can connect there talks to the device.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<std::net::SocketAddr>,
    /// The running host, such as http://127.0.0.1:8080; without it http.listen of the configuration.
    #[arg(long, value_name = "URL")]
    pub host: Option<String>,
    /// Which configuration.
    #[command(flatten)]
    pub config_file: ConfigFile,
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

/// Drivers.
#[derive(Debug, Subcommand)]
pub enum DriverCommand {
    /// List the drivers of the configured folder: models, archives, how well they are known.
    List {
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
        /// Only models that may be meant by this, in either script, the best first: 943, СПТ943, spt-943, Логика 961.
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
    /// Compile a component into a folder of compiled code; the host does so in a process of its own.
    #[command(hide = true)]
    Compile {
        /// The component.
        file: PathBuf,
        /// The folder.
        #[arg(long)]
        into: PathBuf,
    },
    /// Their lives.
    #[command(flatten)]
    Park(ParkCommand),
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
