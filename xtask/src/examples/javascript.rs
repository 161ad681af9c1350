//! The example driver in JavaScript: componentize-js puts it and an interpreter into one component.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::packages::{self, NODE};
use crate::workspace::Workspace;
use crate::{files, process};

/// Builds the driver in `source` and returns its component; what comes on the way lies in `work`.
///
/// # Errors
/// No Node.js, npm cannot install what package-lock.json names, or the driver is refused.
pub fn build(workspace: &Workspace, source: &Path, work: &Path) -> Result<Vec<u8>> {
    packages::ensure(NODE, "the example driver in JavaScript")?;
    install(source, work)?;
    let out = work.join("driver.wasm");
    let mut node = process::command("node", work);
    node.arg("build.js")
        .arg(source.join("driver.js"))
        .arg(workspace.root.join("wit/v1"))
        .arg(&out);
    process::run(&mut node, "repair what componentize-js names above")?;
    fs::read(&out).with_context(|| format!("cannot read the component {}", out.display()))
}

/// Installs what the lock file names, beside the build script, when it is another one than at the last time.
fn install(source: &Path, work: &Path) -> Result<()> {
    for name in ["package.json", "build.js"] {
        let path = source.join(name);
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        files::write_if_changed(&work.join(name), &text)?;
    }
    let lock = source.join("package-lock.json");
    let wanted = fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let stamp = work.join("installed-package-lock.json");
    if work.join("node_modules").is_dir() && fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    files::write_if_changed(&work.join("package-lock.json"), &wanted)?;
    let mut npm = process::command("npm", work);
    // `npm ci` wants the packages of all systems in the lock file, also those that a registry in reach does not have.
    process::run(
        npm.args(["install", "--no-save", "--no-audit", "--no-fund"]),
        "look at package-lock.json of the example and npm's words above",
    )?;
    files::write_if_changed(&stamp, &wanted)?;
    Ok(())
}
