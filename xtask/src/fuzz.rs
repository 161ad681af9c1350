//! `cargo xtask fuzz`: the decoders' property tests, each for a minute with new cases.
//!
//! Every test of a driver's crate that stands in `proptest!` is a target. A case that fails is made small by proptest,
//! printed, and kept beside the source in `proptest-regressions`, so that every later test run tries it first.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::files;
use crate::process::{self, say};
use crate::workspace::{Package, Workspace};

/// Cases of the first round of a target.
const FIRST_CASES: u32 = 256;

/// Most cases of one round, so that a slow target keeps its time.
const MOST_CASES: u32 = 1 << 22;

/// One property test: the program that has it and its name in there.
struct Target {
    program: PathBuf,
    name: String,
}

/// Tries the targets of the drivers called `names` (all when there are none) for `each`.
///
/// # Errors
/// An unknown driver, a build that fails, or a case that fails.
pub fn run(workspace: &Workspace, names: &[String], each: Duration) -> Result<()> {
    let mut failed = Vec::new();
    let mut count = 0;
    for package in drivers(workspace, names)? {
        for target in targets(workspace, package)? {
            count += 1;
            let label = format!("{}: {}", package.folder(), target.name);
            match try_out(workspace, &target, each)? {
                (cases, None) => say(format!("{label}: {cases} cases, nothing found")),
                (cases, Some(output)) => {
                    eprintln!("{output}");
                    say(format!("{label}: FOUND SOMETHING after {cases} cases, see above"));
                    failed.push(label);
                }
            }
        }
    }
    if !failed.is_empty() {
        bail!(
            "{} of {count} targets found something: {}",
            failed.len(),
            failed.join("; ")
        );
    }
    say(format!("{count} targets, nothing found"));
    Ok(())
}

fn drivers<'a>(workspace: &'a Workspace, names: &[String]) -> Result<Vec<&'a Package>> {
    let mut packages = workspace.packages_in("drivers-wasm");
    let known: Vec<_> = packages.iter().map(|package| package.folder()).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(name)) {
        bail!(
            "there is no `{name}` in drivers-wasm: choose among {}",
            known.join(", ")
        );
    }
    packages.retain(|package| names.is_empty() || names.contains(&package.folder()));
    Ok(packages)
}

/// Builds the package's tests and finds those that are property tests.
fn targets(workspace: &Workspace, package: &Package) -> Result<Vec<Target>> {
    let functions = properties(&package.dir)?;
    if functions.is_empty() {
        return Ok(Vec::new());
    }
    let mut build = process::command("cargo", &workspace.root);
    build.args([
        "test",
        "--no-run",
        "--message-format",
        "json",
        "--package",
        &package.name,
    ]);
    let messages = process::output(&mut build, "repair what the compiler names above")?;
    let programs = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_test = message["profile"]["test"].as_bool()?;
        is_test
            .then(|| message["executable"].as_str().map(PathBuf::from))
            .flatten()
    });
    let mut targets = Vec::new();
    for program in programs {
        let list = process::output(
            Command::new(&program).args(["--list", "--format", "terse"]),
            "see above",
        )?;
        for name in list.lines().filter_map(|line| line.strip_suffix(": test")) {
            let function = name.rsplit("::").next().unwrap_or(name);
            if functions.contains(function) {
                targets.push(Target {
                    program: program.clone(),
                    name: name.to_owned(),
                });
            }
        }
    }
    Ok(targets)
}

/// The names of the functions inside `proptest!` of all sources under `folder`.
fn properties(folder: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for file in files::under(folder, "rs")? {
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        names.extend(properties_of(&text));
    }
    Ok(names)
}

/// The functions of a source that stand right behind a `#[test]` between `proptest! {` and the brace of its depth.
fn properties_of(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut lines = text.lines();
    while let Some(head) = lines.by_ref().find(|line| line.trim() == "proptest! {") {
        let end = head.replace("proptest! {", "}");
        let block: Vec<_> = lines.by_ref().take_while(|line| *line != end).map(str::trim).collect();
        let tests = block.split(|line| *line == "#[test]").skip(1);
        names.extend(tests.filter_map(|test| {
            let head = test.iter().find_map(|line| line.strip_prefix("fn "))?;
            head.split('(').next().map(str::to_owned)
        }));
    }
    names
}

/// Runs the target again and again until the time is over. Gives its cases, and what it said when one failed.
fn try_out(workspace: &Workspace, target: &Target, each: Duration) -> Result<(u64, Option<String>)> {
    let begun = Instant::now();
    let (mut tried, mut cases) = (0, FIRST_CASES);
    while begun.elapsed() < each {
        let round = Instant::now();
        let mut command = process::command(&target.program, &workspace.root);
        command
            .args(["--exact", &target.name, "--nocapture"])
            .env("PROPTEST_CASES", cases.to_string());
        let output = command
            .output()
            .with_context(|| format!("cannot start {}", target.program.display()))?;
        tried += u64::from(cases);
        if !output.status.success() {
            let said = [output.stdout, output.stderr].concat();
            return Ok((tried, Some(String::from_utf8_lossy(&said).into_owned())));
        }
        // A round of a tenth of the time, as far as the last one tells.
        let wanted = each / 10;
        if round.elapsed() < wanted / 2 {
            cases = cases.saturating_mul(2).min(MOST_CASES);
        }
    }
    Ok((tried, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_property_tests_are_targets() {
        let source = "mod tests {\n    #[test]\n    fn before() {}\n\n    proptest! {\n        #[test]\n        fn one(a: u8) {\n        }\n\n        \
                      #[test]\n        fn two(\n            b in any::<u8>(),\n        ) {\n        }\n    }\n\n    #[test]\n    fn behind() {}\n}\n";
        assert_eq!(properties_of(source), ["one", "two"]);
    }
}
