//! Programs of Python that do the same work, in an environment of their own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

/// What is installed: names and versions, and what the figures are about.
const REQUIREMENTS: &str = include_str!("python/requirements.txt");

/// An environment in which the packages are installed.
pub struct Python(PathBuf);

impl Python {
    /// Makes it where it is not there yet, under the folder of this program.
    pub fn prepare() -> Result<Self> {
        let program = std::env::current_exe()?;
        let folder = program.parent().context("a program has a folder")?.join("bench-python");
        let python = folder.join("bin/python");
        let stamp = folder.join("installed.txt");
        if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == REQUIREMENTS) {
            return Ok(Self(python));
        }
        println!("  installing what Python needs into {}", folder.display());
        let mut make = Command::new("python3");
        done(
            make.args(["-m", "venv"]).arg(&folder),
            "python3 with its venv is needed",
        )?;
        let mut install = Command::new(&python);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        done(
            install.args(REQUIREMENTS.lines()),
            "the packages come from PyPI: is there a network?",
        )?;
        std::fs::write(&stamp, REQUIREMENTS)?;
        Ok(Self(python))
    }

    /// Runs a script of `tests/bench/python` and gives what it prints.
    pub fn run(&self, script: &str, arguments: &[&Path]) -> Result<String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/python").join(script);
        let mut command = Command::new(&self.0);
        let output = command.arg(&script).args(arguments).stderr(Stdio::inherit()).output()?;
        ensure!(
            output.status.success(),
            "{} ended with {}",
            script.display(),
            output.status
        );
        Ok(String::from_utf8(output.stdout)?)
    }
}

fn done(command: &mut Command, hint: &str) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}: {hint}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}: {hint}");
    }
    Ok(())
}
