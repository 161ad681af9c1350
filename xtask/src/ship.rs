//! `cargo xtask packages`: the drivers of this repository as driver packages, each with its recordings and a report of the
//! conformance kit.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::process::{self, say};
use crate::workspace::Workspace;
use crate::{host, wasm};

/// Builds the drivers, tries them and packs them into target/packages, signed with `key` if there is one.
///
/// # Errors
/// A driver does not build, fails a check, or cannot be packed.
pub fn run(workspace: &Workspace, key: Option<&Path>) -> Result<()> {
    wasm::run(workspace, &[], None, false)?;
    let uzel = host::debug(workspace)?.uzel();
    let out = workspace.target().join("packages");
    fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    for package in workspace.packages_in("drivers-wasm") {
        if !package.dir.join("changelog.toml").is_file() {
            continue;
        }
        let component = wasm::drivers_dir(workspace)
            .join(package.folder())
            .with_extension("wasm");
        let report = out.join(package.folder()).with_extension("report.json");
        let command = |verb: &str| {
            let mut command = process::command(&uzel, &workspace.root);
            command
                .args(["driver", verb])
                .arg(&package.dir)
                .arg("--component")
                .arg(&component);
            command
        };
        let advice = "repair what the report names FAILED";
        process::run(command("test").arg("--json").arg(&report), advice)?;
        let mut pack = command("pack");
        pack.arg("--report").arg(&report).arg("--out").arg(&out);
        if let Some(key) = key {
            pack.arg("--key").arg(key);
        }
        process::run(&mut pack, "repair what stands above")?;
    }
    say(format!("the packages are in {}", out.display()));
    Ok(())
}
