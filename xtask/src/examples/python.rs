//! The example driver in Python: componentize-py puts it and an interpreter into one component.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::packages::{self, PYTHON};
use crate::workspace::Workspace;
use crate::{files, process};

/// Builds the driver in `source` and returns its component; what comes on the way lies in `work`.
///
/// # Errors
/// No Python, pip cannot install what requirements.txt names, or the driver is refused.
pub fn build(workspace: &Workspace, source: &Path, work: &Path) -> Result<Vec<u8>> {
    packages::ensure(PYTHON, "the example driver in Python")?;
    fs::create_dir_all(work).with_context(|| format!("cannot make the folder {}", work.display()))?;
    install(source, work)?;
    let out = work.join("driver.wasm");
    let mut tool = process::command(work.join("venv/bin/componentize-py"), source);
    tool.arg("-d")
        .arg(workspace.root.join("wit/v1"))
        // Without WASI: a driver has no clock, no files and no randomness of its own.
        .args(["-w", "driver", "componentize", "--stub-wasi", "driver", "-o"])
        .arg(&out)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    process::run(&mut tool, "repair what componentize-py names above")?;
    fs::read(&out).with_context(|| format!("cannot read the component {}", out.display()))
}

/// Makes a virtual environment with what requirements.txt names, when it is another one than at the last time.
fn install(source: &Path, work: &Path) -> Result<()> {
    let requirements = source.join("requirements.txt");
    let wanted = fs::read(&requirements).with_context(|| format!("cannot read {}", requirements.display()))?;
    let stamp = work.join("installed-requirements.txt");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    process::run(
        process::command("python3", work).args(["-m", "venv", "--clear", "venv"]),
        "repair the installation of Python 3: it has to make virtual environments",
    )?;
    let mut pip = process::command(work.join("venv/bin/pip"), work);
    process::run(
        pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(&requirements),
        "look at requirements.txt of the example and pip's words above",
    )?;
    files::write_if_changed(&stamp, &wanted)?;
    Ok(())
}
