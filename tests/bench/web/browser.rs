//! A headless browser that shows the client and says what it measured.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// What a script printed: a name and a number a line.
pub struct Said(String);

impl Said {
    /// The number behind `name`, which ends with a space.
    pub fn number(&self, name: &str) -> Result<f64> {
        let line = self.0.lines().find_map(|line| line.strip_prefix(name));
        let number = line.with_context(|| format!("no {name}in {}", self.0))?;
        Ok(number.trim().parse()?)
    }
}

/// Runs a script of `web/bench`; nothing where the client's own tools are not installed, which it says.
pub fn run(script: &str, arguments: &[&str]) -> Result<Option<Said>> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web");
    if !web.join("node_modules/playwright-core").is_dir() {
        println!("  left out: the screen, as web/node_modules is not there: npm ci");
        return Ok(None);
    }
    let output = Command::new("node")
        .arg(Path::new("bench").join(script))
        .args(arguments)
        .current_dir(&web)
        .output()
        .context("start node")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let failed = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{script}: {said}{failed}");
    Ok(Some(Said(said)))
}
