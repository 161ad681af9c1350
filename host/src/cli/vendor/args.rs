//! Arguments of the commands for those who make drivers.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::super::args::key_value;

/// Making drivers.
#[derive(Debug, Subcommand)]
pub enum VendorCommand {
    /// Make a project: a driver in Rust that builds, is tested and packed with one command each.
    #[command(after_help = "Example:\n  uzel driver new hm1 --models hm-1,hm-2")]
    New {
        /// The driver's name for ever: a to z, 0 to 9, -, a letter first.
        name: String,
        /// The models that it reads, by the names that it will give them.
        #[arg(long, value_name = "LIST", value_delimiter = ',')]
        models: Vec<String>,
        /// Who makes it.
        #[arg(long, value_name = "NAME", default_value = "Example Works")]
        vendor: String,
        /// The folder to make; NAME without it.
        folder: Option<PathBuf>,
    },
    /// Build a project to a component, target/uzel/NAME.wasm.
    Build {
        /// The project.
        #[arg(default_value = ".")]
        project: PathBuf,
    },
    /// Try whether a driver keeps the contract on lines as they are: silent, noisy, cut, late.
    #[command(after_help = "Ends with 0 when nothing failed, 2 otherwise.")]
    Test(TestArgs),
    /// Make a package of a project: component, recordings, documents, report.
    Pack {
        /// The project.
        #[arg(default_value = ".")]
        project: PathBuf,
        /// The component, when it is not where `uzel driver build` puts it.
        #[arg(long, value_name = "FILE")]
        component: Option<PathBuf>,
        /// The report of the conformance kit; the project's report.json without it, if there is one.
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
        /// Sign it with this secret key.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// The folder for the package; the project without it.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Sign a package, instead of who signed it before.
    Sign {
        /// The package.
        package: PathBuf,
        /// The secret key, as `uzel key new` makes it.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Send a package to a registry. Prints the reference by digest, by which it is installed.
    #[command(after_help = "Example:\n  uzel driver push vkt7-1.4.0.uzel-driver oci://registry.example/works/vkt7")]
    Push {
        /// The package.
        package: PathBuf,
        /// Where to, oci://HOST[:PORT]/REPOSITORY[:TAG]; the tag is the package's version without it.
        to: String,
        /// Logins as docker, podman and oras write them; without it what `REGISTRY_AUTH_FILE` names, if it does.
        #[arg(long, value_name = "FILE")]
        logins: Option<PathBuf>,
    },
    /// Check a package: its files, its signature, and whether it says what its component says.
    #[command(after_help = "Ends with 0 when nothing is wrong, 2 otherwise.")]
    Verify {
        /// The package, or a folder with the same names.
        package: PathBuf,
        /// The public key, or a file that holds it; without it the signature is only named.
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
    /// Measure processor time with a driver's recordings.
    Bench {
        /// Component, package, or project.
        #[arg(default_value = ".")]
        file: PathBuf,
        /// Recordings beside those of the package or project.
        #[arg(long = "recording", value_name = "FILE")]
        recordings: Vec<PathBuf>,
        /// A configuration key that a recording leaves out as a secret.
        #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
        set: Vec<(String, String)>,
        /// How often each recording is held.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        rounds: u32,
    },
}

/// What to try.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Component, package, or project.
    #[arg(default_value = ".")]
    pub file: PathBuf,
    /// Of a project the component, when it is not where `uzel driver build` puts it.
    #[arg(long, value_name = "FILE")]
    pub component: Option<PathBuf>,
    /// Recordings beside those of the package or project, as `uzel read --save` makes them.
    #[arg(long = "recording", value_name = "FILE")]
    pub recordings: Vec<PathBuf>,
    /// A configuration key that a recording leaves out as a secret.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,
    /// Seeds of noise for each recording.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub seeds: u64,
    /// Write the report there as JSON; `report.json` of a project goes into its package.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}
