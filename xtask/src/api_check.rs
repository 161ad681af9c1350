//! `cargo xtask api-check`: the API against its own document, with an account of each role.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::files;
use crate::host;
use crate::packages::{self, PYTHON};
use crate::process::{self, say};
use crate::wasm;
use crate::workspace::Workspace;

/// Builds the programs and the drivers, installs schemathesis, and runs `tests/api/check.py`.
///
/// # Errors
/// A build fails, PyPI cannot be reached, or the API answers what its document does not say.
pub fn run(workspace: &Workspace, examples: u32, roles: &[String]) -> Result<()> {
    packages::ensure(PYTHON, "the check of the API against its document")?;
    wasm::run(workspace, &[], None, false)?;
    let programs = host::debug(workspace)?;
    let source = workspace.root.join("tests/api");
    let work = workspace.target().join("api-check");
    fs::create_dir_all(&work).with_context(|| format!("cannot make the folder {}", work.display()))?;
    install(&source, &work)?;
    let run = work.join("run");
    if run.exists() {
        fs::remove_dir_all(&run).with_context(|| format!("cannot empty {}", run.display()))?;
    }
    fs::create_dir_all(&run).with_context(|| format!("cannot make the folder {}", run.display()))?;
    say(format!("asking the host as each role; its log is in {}", run.display()));
    let mut check = process::command(work.join("venv/bin/python"), &workspace.root);
    check
        .arg(source.join("check.py"))
        .arg(&run)
        .arg(examples.to_string())
        .args(roles);
    check.envs(programs.variables(workspace));
    process::run(&mut check, "repair the host or its document as the failures above say")
}

/// Makes a virtual environment with what requirements.txt names, when it is another one than at the last time.
fn install(source: &Path, work: &Path) -> Result<()> {
    let requirements = source.join("requirements.txt");
    let wanted = fs::read(&requirements).with_context(|| format!("cannot read {}", requirements.display()))?;
    let stamp = work.join("installed-requirements.txt");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    say("installing schemathesis from PyPI");
    process::run(
        process::command("python3", work).args(["-m", "venv", "--clear", "venv"]),
        "repair the installation of Python 3: it has to make virtual environments",
    )?;
    let mut pip = process::command(work.join("venv/bin/pip"), work);
    process::run(
        pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(&requirements),
        "the packages come from PyPI: is there a network?",
    )?;
    files::write_if_changed(&stamp, &wanted)?;
    Ok(())
}
