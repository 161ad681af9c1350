//! Builds, checks, tests and demonstrates the whole of Uzel. Started as `cargo xtask COMMAND`.

mod component;
mod files;
mod packages;
mod process;
mod tidy;
mod toolchain;
mod wasm;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

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
    /// Builds drivers to WebAssembly components.
    #[command(after_help = "Examples:\n  cargo xtask wasm\n  cargo xtask wasm vkt7 --out /tmp/drivers")]
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
    /// Checks what no compiler checks: the import table, unfinished code, machine paths, crate dependencies.
    Tidy,
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
        Task::Wasm { names, out, hostile } => wasm::run(&workspace, &names, out.as_deref(), hostile),
        Task::Tidy => tidy::run(&workspace),
    }
}
