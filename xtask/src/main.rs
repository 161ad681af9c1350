//! Builds, checks, tests and demonstrates the whole of Uzel. Started as `cargo xtask COMMAND`.

mod api_check;
mod bench;
mod children;
mod demo;
mod examples;
mod files;
mod fuzz;
mod host;
mod meters;
mod openapi;
mod packages;
mod process;
mod ship;
mod tally;
mod test;
mod tidy;
mod toolchain;
mod wasm;
mod web;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand};

use workspace::Workspace;

/// Builds, checks, tests and demonstrates the whole of Uzel.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs every check and every test; installs what they need.
    #[command(after_help = "Examples:\n  cargo xtask test\n  cargo xtask test gap_planner")]
    Test {
        /// Runs only those tests of the workspace whose names contain this.
        filter: Option<String>,
    },
    /// Starts simulated meters and a host that reads them, until Ctrl-C.
    #[command(after_help = "Examples:\n  cargo xtask demo\n  cargo xtask demo --port 9000 --no-web")]
    Demo {
        /// Where the web client answers, on 127.0.0.1.
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// Leaves the web client as it was last built, for machines without Node.js.
        #[arg(long)]
        no_web: bool,
    },
    /// Builds drivers to WebAssembly components.
    #[command(after_help = "Examples:\n  cargo xtask wasm\n  cargo xtask wasm vkt7 --out build/drivers")]
    Wasm {
        /// Folders in drivers-wasm; all drivers when none is named.
        names: Vec<String>,
        /// Where the components go [default: target/drivers]
        #[arg(long)]
        out: Option<PathBuf>,
        /// Builds the hostile guests of tests/hostile, too, to target/hostile.
        #[arg(long)]
        hostile: bool,
    },
    /// Builds the example driver in each language; installs what that needs.
    #[command(after_help = "Examples:\n  cargo xtask examples\n  cargo xtask examples c python --test")]
    Examples {
        /// rust, c, javascript, python; all when none is named.
        languages: Vec<String>,
        /// Also reads the simulated meter with every driver that is built.
        #[arg(long)]
        test: bool,
    },
    /// Builds the drivers, tries them with the conformance kit, and packs them to target/packages.
    #[command(after_help = "Example:\n  cargo xtask packages --key vendor.key")]
    Packages {
        /// Signs them with this secret key.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Builds the web client to web/dist.
    #[command(after_help = "Examples:\n  cargo xtask web\n  cargo xtask web --check")]
    Web {
        /// Also checks types and runs the unit tests.
        #[arg(long)]
        check: bool,
    },
    /// Writes web/openapi.json and the web client's types from the host.
    #[command(after_help = "Examples:\n  cargo xtask openapi\n  cargo xtask openapi --check")]
    Openapi {
        /// Writes nothing; fails when what is committed is stale.
        #[arg(long)]
        check: bool,
    },
    /// Tries the API against its document with an account of each role; schemathesis comes from PyPI.
    #[command(after_help = "Examples:\n  cargo xtask api-check\n  cargo xtask api-check --examples 50 administrator")]
    ApiCheck {
        /// administrator, dispatcher, engineer, viewer, vendor, machine; all when none is named.
        roles: Vec<String>,
        /// Random requests of each operation, at most, beside those at the edges of its schema.
        #[arg(long, default_value_t = 3)]
        examples: u32,
    },
    /// Writes docs/meters.md, the table of what is supported, from what the drivers say of themselves.
    #[command(after_help = "Example:\n  cargo xtask meters")]
    Meters,
    /// Rewrites the snapshots of the tests.
    #[command(after_help = "Example:\n  cargo xtask bless && git diff")]
    Bless,
    /// Checks what no compiler checks: the import table, unfinished code, machine paths, crate dependencies, that
    /// docs/meters.md is fresh.
    #[command(after_help = "Example:\n  cargo xtask tidy")]
    Tidy,
    /// Tries the property tests of the drivers' decoders with new cases, each for a minute.
    #[command(after_help = "Examples:\n  cargo xtask fuzz\n  cargo xtask fuzz mbus vkt7 --seconds 600")]
    Fuzz {
        /// Folders in drivers-wasm; all when none is named.
        names: Vec<String>,
        /// Time of each test.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Measures the release build.
    #[command(after_help = "Examples:\n  cargo xtask bench\n  cargo xtask bench fleet --meters 10000")]
    Bench {
        /// Given to the program `bench` as they are.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    let workspace = Workspace::load()?;
    match task {
        Task::Test { filter } => test::run(&workspace, filter.as_deref()),
        Task::Demo { port, no_web } => demo::run(&workspace, port, no_web),
        Task::Wasm { names, out, hostile } => wasm::run(&workspace, &names, out.as_deref(), hostile),
        Task::Examples { languages, test } => examples::run(&workspace, &languages, test),
        Task::Packages { key } => ship::run(&workspace, key.as_deref()),
        Task::Web { check } => web::run(&workspace, check),
        Task::Openapi { check: true } => openapi::check(&workspace, &host::debug(&workspace)?),
        Task::Openapi { check: false } => openapi::write(&workspace, &host::debug(&workspace)?),
        Task::ApiCheck { roles, examples } => api_check::run(&workspace, examples, &roles),
        Task::Meters => meters::write(&workspace),
        Task::Bless => test::bless(&workspace),
        Task::Tidy => tidy::run(&workspace),
        Task::Fuzz { names, seconds } => fuzz::run(&workspace, &names, Duration::from_secs(seconds)),
        Task::Bench { arguments } => bench::run(&workspace, &arguments),
    }
}
