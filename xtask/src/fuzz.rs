//! `cargo xtask fuzz`: the property tests of the drivers' decoders, each for as long as one likes.
//!
//! A target is a test inside a `proptest!` block of a driver (or of the SDK): bytes from outside must never panic, and
//! what was encoded must come back. Each is run again and again, every time with new random numbers, until its time
//! is over. What fails is shown with the smallest input that was found, and kept in the crate's folder
//! `proptest-regressions`, from where every later test run tries it first.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::host;
use crate::process::{self, say};
use crate::workspace::{Package, Workspace};

/// How long one run of a target should take: starting it costs little then.
const ROUND: Duration = Duration::from_secs(5);
/// Cases of the first run, which shows how fast a target is.
const FIRST_CASES: u32 = 256;

/// One property test.
struct Target<'a> {
    package: &'a Package,
    program: PathBuf,
    name: String,
}

/// What became of a target.
struct Outcome {
    cases: u64,
    took: Duration,
    /// What the failing run printed.
    finding: Option<String>,
}

/// Runs the targets of the drivers called `names` (all and the SDK when there are none), each for `time`.
///
/// # Errors
/// An unknown name, a failing build, or a finding.
pub fn run(workspace: &Workspace, names: &[String], time: Duration) -> Result<()> {
    let packages = select(workspace, names)?;
    let targets = targets(workspace, &packages)?;
    let minutes = targets.len() as f64 * time.as_secs_f64() / 60.0;
    say(format!("{} targets, {minutes:.0} min", targets.len()));
    let mut found = Vec::new();
    for target in &targets {
        let outcome = target.run(time)?;
        let (label, seconds) = (target.label(), outcome.took.as_secs_f64());
        let word = if outcome.finding.is_some() {
            "FINDING"
        } else {
            "no finding"
        };
        println!("{label}: {} cases in {seconds:.1} s, {word}", outcome.cases);
        if let Some(text) = outcome.finding {
            println!("{text}");
            found.push(label);
        }
    }
    println!("{} targets, {} findings", targets.len(), found.len());
    if !found.is_empty() {
        bail!("findings: {}; the failing input of each stands above", found.join(", "));
    }
    Ok(())
}

/// The crates in drivers-wasm that have property tests, or those that are named.
fn select<'a>(workspace: &'a Workspace, names: &[String]) -> Result<Vec<&'a Package>> {
    let mut packages = workspace.packages_in("drivers-wasm");
    for name in names {
        if !packages.iter().any(|package| package.folder() == *name) {
            let known: Vec<_> = packages.iter().map(|package| package.folder()).collect();
            bail!(
                "there is no crate `{name}` in drivers-wasm: choose among {}",
                known.join(", ")
            );
        }
    }
    packages.retain(|package| names.is_empty() || names.contains(&package.folder()));
    packages.retain(|package| package.dependencies.iter().any(|name| name == "proptest"));
    Ok(packages)
}

/// Builds the tests of the packages and finds the targets among them.
fn targets<'a>(workspace: &Workspace, packages: &[&'a Package]) -> Result<Vec<Target<'a>>> {
    let mut build = host::cargo(
        workspace,
        &["test", "--no-run", "--message-format", "json-render-diagnostics"],
    );
    for package in packages {
        build.args(["--package", &package.name]);
    }
    let messages = process::output(&mut build, "repair what the compiler names above")?;
    let mut targets = Vec::new();
    for message in messages.lines() {
        let message: Value = serde_json::from_str(message).context("cargo printed no valid JSON")?;
        let (Some(program), Some(manifest)) = (message["executable"].as_str(), message["manifest_path"].as_str())
        else {
            continue;
        };
        let is_of = |package: &&&Package| Path::new(manifest).parent() == Some(package.dir.as_path());
        let Some(package) = packages.iter().find(is_of) else {
            continue;
        };
        let mut sources = Vec::new();
        texts(&package.dir, &mut sources)?;
        let properties: BTreeSet<_> = sources.iter().flat_map(|text| properties(text)).collect();
        let list = process::output(
            Command::new(program).args(["--list", "--format", "terse"]),
            "build the tests again",
        )?;
        let tests = list.lines().filter_map(|line| line.strip_suffix(": test"));
        let chosen = tests.filter(|test| properties.contains(test.rsplit("::").next().unwrap_or_default()));
        targets.extend(chosen.map(|test| Target {
            package,
            program: program.into(),
            name: test.to_owned(),
        }));
    }
    Ok(targets)
}

/// The Rust sources below a folder.
fn texts(folder: &Path, texts_of: &mut Vec<String>) -> Result<()> {
    let cannot = || format!("cannot read {}", folder.display());
    for entry in fs::read_dir(folder).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        if path.is_dir() {
            texts(&path, texts_of)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            texts_of.push(text);
        }
    }
    Ok(())
}

/// Names of the tests inside the `proptest!` blocks of a source. A block ends with a brace as far in as it began.
fn properties(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut end: Option<String> = None;
    for line in source.lines() {
        let text = line.trim_start();
        match &end {
            None if text.starts_with("proptest! {") => end = Some(line.replace(text, "}")),
            None => {}
            Some(last) if line == last => end = None,
            Some(_) => {
                let name = text.strip_prefix("fn ").and_then(|rest| rest.split_once('('));
                names.extend(name.map(|(name, _)| name.to_owned()));
            }
        }
    }
    names
}

impl Target<'_> {
    fn label(&self) -> String {
        format!("{} {}", self.package.folder(), self.name)
    }

    /// Runs the target until its time is over, or it finds something.
    fn run(&self, time: Duration) -> Result<Outcome> {
        let begun = Instant::now();
        let (mut cases, mut next) = (0, FIRST_CASES);
        let mut finding = None;
        while begun.elapsed() < time && finding.is_none() {
            let round = Instant::now();
            let output = Command::new(&self.program)
                .current_dir(&self.package.dir)
                .args(["--exact", &self.name])
                .env("PROPTEST_CASES", next.to_string())
                // A finding is its input; where a backtrace is wanted, the test is run by itself.
                .env("RUST_BACKTRACE", "0")
                .output()
                .with_context(|| format!("cannot start {}", self.program.display()))?;
            cases += u64::from(next);
            if !output.status.success() {
                finding = Some(String::from_utf8_lossy(&output.stdout).into_owned());
            }
            let left = time.saturating_sub(begun.elapsed()).min(ROUND);
            next = following(next, round.elapsed(), left);
        }
        Ok(Outcome {
            cases,
            took: begun.elapsed(),
            finding,
        })
    }
}

/// How many cases fill `left`, after `cases` took `took`. At most ten times as many as before: the first run is short.
fn following(cases: u32, took: Duration, left: Duration) -> u32 {
    let fitting = f64::from(cases) * left.as_secs_f64() / took.as_secs_f64().max(1e-3);
    let most = cases.saturating_mul(10);
    // A float that is too large becomes the largest number.
    (fitting as u32).clamp(1, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn property_tests_are_told_from_others() {
        let source = "
fn helper() {}
    proptest! {
        #[test]
        fn no_bytes_panic(bytes in any()) {
            if true {
            }
        }

        #[test]
        fn decode_undoes_encode(number: u8) {}
    }

    #[test]
    fn a_table() {}
";
        assert_eq!(properties(source), ["no_bytes_panic", "decode_undoes_encode"]);
    }

    #[test]
    fn rounds_grow_to_their_time_and_shrink_to_what_is_left() {
        let seconds = Duration::from_secs;
        assert_eq!(following(256, Duration::from_millis(10), seconds(5)), 2_560);
        assert_eq!(following(100_000, seconds(1), seconds(5)), 500_000);
        assert_eq!(following(100_000, seconds(10), seconds(1)), 10_000);
        assert_eq!(following(100, seconds(10), seconds(0)), 1);
    }
}
