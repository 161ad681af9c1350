//! Builds the programs for this machine, always with the same set of packages.
//!
//! Cargo unites the features of everything that it builds at once. Another set means other features, and other
//! features mean that Cranelift, SQLite and their like are compiled again. So tests, lints and builds all use
//! [`SELECTION`], with every feature that has tests; xtask stays outside of it, for it is already built in its own
//! profile.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::examples;
use crate::process;
use crate::wasm;
use crate::workspace::Workspace;

/// The packages of every debug build, test and lint, with what is optional in the host.
pub const SELECTION: &[&str] = &["--workspace", "--exclude", "xtask", "--features", "uzel/oidc"];

/// The same packages as they are without it.
pub const PLAIN: &[&str] = &["--workspace", "--exclude", "xtask"];

/// The packages of every release build.
const RELEASE: &[&str] = &[
    "--package",
    "uzel",
    "--package",
    "meter-sim",
    "--package",
    "system-tests",
];

/// A folder of built programs.
pub struct Programs {
    dir: PathBuf,
}

impl Programs {
    pub fn uzel(&self) -> PathBuf {
        self.dir.join("uzel")
    }

    pub fn meter_sim(&self) -> PathBuf {
        self.dir.join("meter-sim")
    }

    pub fn bench(&self) -> PathBuf {
        self.dir.join("bench")
    }

    /// What tests and benchmarks find the programs and components by. All paths are absolute.
    pub fn variables(&self, workspace: &Workspace) -> Vec<(&'static str, PathBuf)> {
        vec![
            ("UZEL_BIN", self.uzel()),
            ("METER_SIM_BIN", self.meter_sim()),
            ("UZEL_DRIVERS_DIR", wasm::drivers_dir(workspace)),
            ("UZEL_HOSTILE_DIR", wasm::hostile_dir(workspace)),
            ("UZEL_EXAMPLES_DIR", examples::folder(workspace)),
        ]
    }
}

/// The cargo that runs xtask.
pub fn cargo(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut cargo = process::command("cargo", &workspace.root);
    cargo.args(arguments);
    cargo
}

/// Builds the programs together with their tests, so that a later `cargo test` has nothing left to build.
pub fn debug(workspace: &Workspace) -> Result<Programs> {
    let mut build = cargo(workspace, &["build", "--lib", "--bins", "--tests", "--examples"]);
    process::run(build.args(SELECTION), "repair what the compiler names above")?;
    Ok(Programs {
        dir: workspace.cargo_target.join("debug"),
    })
}

/// Builds the programs as users run them, with the web client inside.
pub fn release(workspace: &Workspace) -> Result<Programs> {
    let mut build = cargo(workspace, &["build", "--release", "--bins"]);
    process::run(build.args(RELEASE), "repair what the compiler names above")?;
    Ok(Programs {
        dir: workspace.cargo_target.join("release"),
    })
}
