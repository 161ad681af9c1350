//! `cargo xtask test`: prepares the machine, then runs every check and every test there is.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::num::NonZero;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::examples;
use crate::host::{self, PLAIN, Programs, SELECTION};
use crate::openapi;
use crate::packages;
use crate::process::{self, say};
use crate::tally::{self, Tally};
use crate::tidy;
use crate::wasm;
use crate::web;
use crate::workspace::Workspace;

/// How many tests of a program run at once.
const THREADS: &str = "RUST_TEST_THREADS";

/// One thing that was done, for the summary.
struct Step {
    name: &'static str,
    took: Duration,
    passed: bool,
}

/// A run of steps: a failed one is told at once and does not stop the others.
#[derive(Default)]
struct Run {
    steps: Vec<Step>,
    tally: Tally,
}

impl Run {
    fn step<T>(&mut self, name: &'static str, work: impl FnOnce(&mut Tally) -> Result<T>) -> Option<T> {
        say(format!("--- {name}"));
        let begun = Instant::now();
        let result = work(&mut self.tally);
        if let Err(error) = &result {
            eprintln!("error: {name}: {error:#}");
        }
        self.steps.push(Step {
            name,
            took: begun.elapsed(),
            passed: result.is_ok(),
        });
        result.ok()
    }

    /// Prints the summary. Its last line is the one that tools read: `N passed, N failed`.
    ///
    /// # Errors
    /// A step failed.
    fn close(self) -> Result<()> {
        println!("\nsummary");
        for step in &self.steps {
            let word = if step.passed { "ok" } else { "FAILED" };
            println!("  {:<24} {word:<6} {:>6.1} s", step.name, step.took.as_secs_f64());
        }
        let Tally {
            passed,
            failed,
            ignored,
        } = self.tally;
        let skipped = if ignored == 0 {
            String::new()
        } else {
            format!(", {ignored} skipped")
        };
        println!("{passed} passed, {failed} failed{skipped}");
        let names: Vec<_> = self
            .steps
            .iter()
            .filter(|step| !step.passed)
            .map(|step| step.name)
            .collect();
        if !names.is_empty() {
            bail!(
                "failed: {}; the reason stands above, under the heading of each",
                names.join(", ")
            );
        }
        Ok(())
    }
}

/// Runs everything; with a filter only those tests of the workspace whose names contain it.
///
/// # Errors
/// The machine cannot be prepared, or a step failed.
pub fn run(workspace: &Workspace, filter: Option<&str>) -> Result<()> {
    let mut run = Run::default();
    run.step("packages", |_| {
        packages::ensure(packages::SYSTEM_TESTS, "the system tests")
    });
    if filter.is_some() {
        run.step("guests", |_| wasm::run(workspace, &[], None, true));
        run.step("examples", |_| examples::run(workspace, &[], false));
        if let Some(programs) = run.step("build", |_| host::debug(workspace)) {
            run.step("tests", |tally| tests(workspace, &programs, filter, tally));
        }
        return run.close();
    }
    run.step("browser", |_| packages::ensure(packages::BROWSER, "the browser test"));
    run.step("format", |_| {
        process::run(
            &mut host::cargo(workspace, &["fmt", "--all", "--check"]),
            "run `cargo fmt`",
        )
    });
    run.step("tidy", |_| tidy::run(workspace));
    run.step("web build", |_| web::run(workspace, false));
    run.step("web types", |_| web::script(workspace, "check", &[]));
    run.step("web unit tests", |_| web::script(workspace, "test", &[]));
    run.step("guests", |_| wasm::run(workspace, &[], None, true));
    run.step("examples", |_| examples::run(workspace, &[], false));
    run.step("lints", |_| lints(workspace));
    if let Some(programs) = run.step("build", |_| host::debug(workspace)) {
        run.step("tests", |tally| tests(workspace, &programs, None, tally));
        run.step("openapi", |_| openapi::check(workspace, &programs));
        run.step("browser tests", |_| browser_tests(workspace, &programs));
    }
    run.close()
}

/// Runs the tests of the workspace with snapshots being rewritten instead of compared.
///
/// # Errors
/// A build or a test fails for another reason than a snapshot.
pub fn bless(workspace: &Workspace) -> Result<()> {
    wasm::run(workspace, &[], None, true)?;
    examples::run(workspace, &[], false)?;
    let programs = host::debug(workspace)?;
    let mut test = cargo_test(workspace, &programs);
    process::run(
        test.env("INSTA_UPDATE", "always"),
        "repair the tests that it names above",
    )?;
    say("snapshots are rewritten: read `git diff` before you commit them");
    Ok(())
}

fn cargo_test(workspace: &Workspace, programs: &Programs) -> Command {
    let mut cargo = host::cargo(workspace, &["test", "--no-fail-fast"]);
    cargo.args(SELECTION).envs(programs.variables(workspace));
    // Tests of the whole host mostly wait: for lines, for programs, for time to pass on them.
    if env::var_os(THREADS).is_none() {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        cargo.env(THREADS, (2 * cores).to_string());
    }
    cargo
}

fn tests(workspace: &Workspace, programs: &Programs, filter: Option<&str>, tally: &mut Tally) -> Result<()> {
    let advice = "repair the tests that it names above";
    // xtask's own tests run in the profile in which it is already built.
    let own = host::cargo(workspace, &["test", "--profile", "xtask", "--package", "xtask"]);
    let results = [own, cargo_test(workspace, programs)].map(|mut command| {
        command.args(filter);
        counted(&mut command, advice, tally, &mut std::io::stdout())
    });
    results.into_iter().collect()
}

fn lints(workspace: &Workspace) -> Result<()> {
    let clippy = |arguments: &[&str], selection: &[&str]| {
        let mut clippy = host::cargo(workspace, &["clippy"]);
        clippy.args(arguments).args(selection);
        clippy
    };
    // The same features of tokio each time, so that all that stands on it is looked at once.
    let virtual_time = ["--features", "system-tests/virtual-time"];
    let own = clippy(&["--all-targets", "--profile", "xtask"], &["--package", "xtask"]);
    let mut all = clippy(&["--all-targets"], SELECTION);
    all.args(virtual_time);
    let mut plain = clippy(&[], PLAIN);
    plain.args(virtual_time);
    let results = [all, own, plain]
        .map(|mut command| process::run(command.args(["--", "-D", "warnings"]), "repair what it names above"));
    results.into_iter().collect()
}

fn browser_tests(workspace: &Workspace, programs: &Programs) -> Result<()> {
    if web::script_line(workspace, "e2e")?.is_none() {
        say("skipped: web/package.json has no script `e2e`");
        return Ok(());
    }
    web::script(workspace, "e2e", &programs.variables(workspace))
}

/// Runs `command`, copies what it prints to `shown`, and adds the tests that it counts to `tally`.
fn counted(command: &mut Command, advice: &str, tally: &mut Tally, shown: &mut impl Write) -> Result<()> {
    let line = process::shown(command);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{line}`"))?;
    let output = child.stdout.take().context("a child without standard output")?;
    for text in BufReader::new(output).split(b'\n') {
        let text = text.with_context(|| format!("cannot read what `{line}` prints"))?;
        let text = String::from_utf8_lossy(&text);
        // Nobody may be reading any more; the tests go on all the same.
        let _ = writeln!(shown, "{text}");
        if let Some(counts) = tally::read(&text) {
            *tally += counts;
        }
    }
    let status = child.wait().with_context(|| format!("cannot wait for `{line}`"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}: {advice}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn counts_of_all_test_programs_are_added_also_when_one_fails() {
        let script = "echo 'test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out'; \
                      echo 'test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out'; exit 101";
        let (mut tally, mut shown) = (Tally::default(), Vec::new());
        let result = counted(
            process::command("sh", Path::new("/")).args(["-c", script]),
            "repair it",
            &mut tally,
            &mut shown,
        );
        assert_eq!(String::from_utf8(shown).unwrap().lines().count(), 2);
        assert_eq!(
            tally,
            Tally {
                passed: 6,
                failed: 2,
                ignored: 1
            }
        );
        assert!(result.is_err());
    }

    #[test]
    fn a_failed_step_fails_the_run_and_the_steps_after_it_are_done() {
        let mut run = Run::default();
        assert_eq!(run.step("one", |_| bail!("broken") as Result<()>), None);
        assert_eq!(run.step("two", |_| Ok(2)), Some(2));
        let text = run.close().unwrap_err().to_string();
        assert_eq!(text, "failed: one; the reason stands above, under the heading of each");
    }
}
