//! Arguments of `uzel serve` and `uzel account`.

use clap::{Args, Subcommand};

use super::ConfigFile;
use crate::model::Role;

/// How the host runs.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Which configuration.
    #[command(flatten)]
    pub config_file: ConfigFile,
    /// Nobody signs in: whoever is on this machine may do everything. For development; refused where others can connect.
    #[arg(long)]
    pub without_accounts: bool,
}

/// Accounts, for whoever has lost the way in. The host must be stopped.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// List the accounts and what they are granted.
    List {
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Make an account of a person with a role over everything; prints its one-time secret.
    #[command(after_help = "Example:\n  uzel account add ivanov --role administrator")]
    Add {
        /// The name that it signs in with.
        name: String,
        /// For people; without it the name.
        #[arg(long)]
        title: Option<String>,
        /// administrator, dispatcher, engineer or viewer.
        #[arg(long, default_value = "viewer", value_parser = role)]
        role: Role,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Give an account a one-time secret in place of its password, remove its second factor, sign it out everywhere.
    Reset {
        /// The name that it signs in with.
        name: String,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Let an account sign in no more, and sign it out everywhere.
    Disable {
        /// The name that it signs in with.
        name: String,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Let an account sign in again.
    Enable {
        /// The name that it signs in with.
        name: String,
        /// Which configuration.
        #[command(flatten)]
        config: ConfigFile,
    },
}

fn role(word: &str) -> Result<Role, String> {
    let role = Role::of(word).filter(|role| *role != Role::Vendor);
    role.ok_or_else(|| format!("{word:?} is no role, expected administrator, dispatcher, engineer or viewer"))
}

impl AccountCommand {
    /// Which configuration it names.
    pub fn config(&self) -> &ConfigFile {
        match self {
            Self::List { config }
            | Self::Add { config, .. }
            | Self::Reset { config, .. }
            | Self::Disable { config, .. }
            | Self::Enable { config, .. } => config,
        }
    }
}
