//! Arguments of the commands about the life of drivers.

use std::path::PathBuf;

use clap::Subcommand;
use jiff::Timestamp;

use super::ConfigFile;

/// The life of drivers.
#[derive(Debug, Subcommand)]
pub enum ParkCommand {
    /// Take a package in: it is verified, compiled apart, and holds its recordings again. It works after `activate` only.
    #[command(
        after_help = "Examples:\n  uzel driver install vkt7-1.4.0.uzel-driver --why 'new firmware'\n  \
        uzel driver install ecl-2.0.0.uzel-driver --grant diagnostics,control --why 'weather controllers'\n  \
        uzel driver install oci://registry.example/works/vkt7@sha256:9f2c... --why 'new firmware'"
    )]
    Install {
        /// The package: a file, a folder, or in a registry by its digest.
        source: PathBuf,
        /// Interfaces beyond reading that it may use.
        #[arg(long, value_delimiter = ',', default_value = "diagnostics")]
        grant: Vec<String>,
        /// Why; it is written down.
        #[arg(long, default_value = "no reason was given")]
        why: String,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// List the versions of drivers with their states.
    Versions {
        /// Only of this driver.
        driver: Option<String>,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Hold recorded sessions again with a version and compare what it gives with what is stored, value by value.
    Shadow {
        /// The beginning of its digest.
        digest: String,
        /// How many sessions, the newest first.
        #[arg(long, default_value_t = 200)]
        sessions: u32,
        /// Why; it is written down.
        #[arg(long, default_value = "before it goes to work")]
        why: String,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Read some devices with a version; the host promotes it or takes it back by itself.
    Canary {
        /// The beginning of its digest.
        digest: String,
        /// Numbers of the devices that it reads; none: a share.
        #[arg(long = "device", value_delimiter = ',')]
        devices: Vec<i64>,
        /// Of a hundred devices.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=100))]
        share: u8,
        /// Clean sessions after which all devices are read with it.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        after: u32,
        /// Although it has no clean shadow; that is written down.
        #[arg(long = "override")]
        overridden: bool,
        /// Why; it is written down.
        #[arg(long)]
        why: String,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Read all devices of the driver with a version, from their next sessions on.
    Activate {
        /// The beginning of its digest.
        digest: String,
        /// Although it has no clean shadow; that is written down.
        #[arg(long = "override")]
        overridden: bool,
        /// Why; it is written down.
        #[arg(long)]
        why: String,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Put the version back to work that read the driver's devices before.
    Rollback {
        /// Id of the driver.
        driver: String,
        /// Why; it is written down.
        #[arg(long)]
        why: String,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Stop a version; when it read all devices, the one before takes its place again.
    Quarantine {
        /// The beginning of its digest.
        digest: String,
        /// Why; it is written down.
        #[arg(long)]
        why: String,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Take a version out that nothing runs with.
    Retire {
        /// The beginning of its digest.
        digest: String,
        /// Why; it is written down.
        #[arg(long)]
        why: String,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Revoke a component: it is stopped where it works, and never taken in again.
    Revoke {
        /// Its whole digest.
        digest: String,
        /// Why; it is written down.
        #[arg(long)]
        why: String,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Tell what the sessions of a version came to.
    #[command(
        after_help = "Examples:\n  uzel driver stats 3f2a\n  uzel driver stats 3f2a --hours 720\n\nHours are counted whole."
    )]
    Stats {
        /// The beginning of its digest.
        digest: String,
        /// The last so many hours.
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=87_600))]
        hours: u32,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Tell what was done with drivers and keys, the newest first.
    History {
        /// Only with this driver.
        driver: Option<String>,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// The keys of vendors.
    #[command(subcommand)]
    Trust(TrustCommand),
}

/// The keys of vendors.
#[derive(Debug, Subcommand)]
pub enum TrustCommand {
    /// Trust a key, or change what it may.
    #[command(
        after_help = "Example:\n  uzel driver trust add RWQ... --name 'Teplocom, release' --vendor Teplocom \
        --role read --model vkt7 --model vkt9 --why 'contract 17'"
    )]
    Add {
        /// The public key, as `uzel key new` or minisign prints it.
        public: String,
        /// Whose it is, for people.
        #[arg(long)]
        name: String,
        /// What manifests must name as vendor.
        #[arg(long)]
        vendor: String,
        /// read, configure, control; may be given several times.
        #[arg(long, default_value = "read")]
        role: Vec<String>,
        /// A model that its packages may claim, by its id; may be given several times; *: any.
        #[arg(long, required = true)]
        model: Vec<String>,
        /// Since when it holds, an instant.
        #[arg(long)]
        valid_from: Option<Timestamp>,
        /// Until when.
        #[arg(long)]
        valid_to: Option<Timestamp>,
        /// Why; it is written down.
        #[arg(long)]
        why: String,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// List the keys.
    List {
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Revoke a key: nothing that it signs is taken in any more.
    Revoke {
        /// Its number, as `list` shows it.
        id: String,
        /// Why; it is written down.
        #[arg(long)]
        why: String,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
}

impl ParkCommand {
    /// Which configuration it names.
    pub fn config(&self) -> &ConfigFile {
        match self {
            Self::Install { config, .. }
            | Self::Versions { config, .. }
            | Self::Shadow { config, .. }
            | Self::Canary { config, .. }
            | Self::Activate { config, .. }
            | Self::Rollback { config, .. }
            | Self::Quarantine { config, .. }
            | Self::Retire { config, .. }
            | Self::Revoke { config, .. }
            | Self::Stats { config, .. }
            | Self::History { config, .. }
            | Self::Trust(
                TrustCommand::Add { config, .. } | TrustCommand::List { config } | TrustCommand::Revoke { config, .. },
            ) => config,
        }
    }
}
