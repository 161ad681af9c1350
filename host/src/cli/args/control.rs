//! Arguments of changing a device.

use clap::{Args, Subcommand};

use super::ConfigFile;
use super::values::key_value;

/// Changing a device.
#[derive(Debug, Subcommand)]
pub enum ControlCommand {
    /// Give a setting of a device a value. `uzel read --what settings` lists those that are written.
    #[command(after_help = "Example:\n  uzel control set ecl-7 11180 21.5 --why 'complaint 118: flat 12 is cold'")]
    Set {
        /// To which device, and why.
        #[command(flatten)]
        args: ControlArgs,
        /// Stable name of the setting.
        setting: String,
        /// What it is to be: 21.5.
        #[arg(allow_negative_numbers = true)]
        value: String,
    },
    /// Have a device carry out a command of its driver's own.
    #[command(
        after_help = "Example:\n  uzel control run ecl-7 curve circuit=1 y1=80 y2=64 y3=50 y4=45 y5=40 y6=30 \\
    --why 'autumn'"
    )]
    Run {
        /// To which device, and why.
        #[command(flatten)]
        args: ControlArgs,
        /// The command; the page of the device says which there are.
        command: String,
        /// Its arguments.
        #[arg(value_name = "KEY=VALUE", value_parser = key_value)]
        arguments: Vec<(String, String)>,
    },
    /// List what was asked of a device: by whom, why, and what came of it. The newest first.
    List {
        /// Name of the device, or its number.
        device: String,
        /// Which host.
        #[command(flatten)]
        host: HostArgs,
    },
}

/// To which device, and why.
#[derive(Debug, Args)]
pub struct ControlArgs {
    /// Name of the device, or its number.
    pub device: String,
    /// Why: it is written down.
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// Confirm what is shown without asking: for programs.
    #[arg(long)]
    pub yes: bool,
    /// Which host.
    #[command(flatten)]
    pub host: HostArgs,
}

/// Which host.
#[derive(Debug, Args)]
pub struct HostArgs {
    /// The running host, such as http://127.0.0.1:8080; without it http.listen of the configuration.
    #[arg(long = "host", value_name = "URL")]
    pub url: Option<String>,
    /// Which configuration.
    #[command(flatten)]
    pub config_file: ConfigFile,
}

impl ControlCommand {
    /// The configuration that it goes by.
    pub fn config_file(&self) -> &ConfigFile {
        match self {
            Self::Set { args, .. } | Self::Run { args, .. } => &args.host.config_file,
            Self::List { host, .. } => &host.config_file,
        }
    }
}
