//! `cargo xtask examples`: the example driver in four languages becomes four components.

mod c;
mod javascript;
mod python;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result, bail};

use crate::host;
use crate::process::{self, say};
use crate::workspace::Workspace;
use crate::{files, wasm};
use guest_build::component;

/// How a language makes a component of a folder of sources.
type Build = fn(&Workspace, &Path, &Path) -> Result<Vec<u8>>;

/// The languages, by the ends of their folders' names.
const LANGUAGES: &[(&str, Build)] = &[
    ("rust", |workspace, source, _| wasm::example(workspace, source)),
    ("c", c::build),
    ("javascript", javascript::build),
    ("python", python::build),
];

/// Where the components go.
pub fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target().join("examples")
}

/// Builds the drivers in the languages `names`, all when there are none; with `test` also reads the simulated meter
/// with each of them.
///
/// # Errors
/// An unknown language, a tool that cannot be installed, a failing build, a component that the host could not run, or a
/// failing test.
pub fn run(workspace: &Workspace, names: &[String], test: bool) -> Result<()> {
    let known: Vec<_> = LANGUAGES.iter().map(|(name, _)| *name).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!(
            "there is no example driver in `{name}`: choose among {}",
            known.join(", ")
        );
    }
    let chosen = LANGUAGES
        .iter()
        .filter(|(name, _)| names.is_empty() || names.iter().any(|n| n == name));
    let mut failed = Vec::new();
    for (name, build) in chosen {
        if let Err(error) = one(workspace, name, *build) {
            eprintln!("error: the example driver in {name}: {error:#}");
            failed.push(*name);
        }
    }
    if !failed.is_empty() {
        bail!(
            "no component was made of the example in {}: repair what stands above",
            failed.join(", ")
        );
    }
    if test {
        let programs = host::debug(workspace)?;
        let mut cargo = host::cargo(workspace, &["test"]);
        cargo
            .args(host::SELECTION)
            .args(["--test", "it", "languages"])
            .envs(programs.variables(workspace));
        process::run(&mut cargo, "repair the tests that it names above")?;
    }
    Ok(())
}

fn one(workspace: &Workspace, name: &str, build: Build) -> Result<()> {
    let begun = Instant::now();
    let source = workspace.root.join("examples").join(format!("driver-{name}"));
    let out = folder(workspace).join(format!("example-{name}.wasm"));
    // Cargo looks after its own.
    if name != "rust" && is_newer(&out, &[&source, &workspace.root.join("wit/v1")]) {
        say(format!("the example driver in {name} is up to date"));
        return Ok(());
    }
    say(format!("building the example driver in {name}"));
    let work = folder(workspace).join("build").join(name);
    let bytes = build(workspace, &source, &work)?;
    component::check_driver(&bytes).context("it is refused")?;
    files::write_if_changed(&out, &bytes)?;
    // The same bytes again are newer than their sources, too.
    let touched = fs::File::open(&out).and_then(|file| file.set_modified(SystemTime::now()));
    touched.with_context(|| format!("cannot touch {}", out.display()))?;
    say(format!(
        "{name}: {} bytes in {:.1} s -> {}",
        bytes.len(),
        begun.elapsed().as_secs_f64(),
        out.strip_prefix(&workspace.root).unwrap_or(&out).display()
    ));
    Ok(())
}

/// Whether `out` was written after everything that it is made of.
fn is_newer(out: &Path, inputs: &[&Path]) -> bool {
    let written = fs::metadata(out).and_then(|meta| meta.modified());
    let newest = inputs.iter().filter_map(|input| files::newest(input)).max();
    written.is_ok_and(|written| newest.is_some_and(|newest| newest < written))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_old_when_a_source_changed_after_it() {
        let dir = std::env::temp_dir().join(format!("uzel-xtask-examples-{}", std::process::id()));
        let (source, out) = (dir.join("source"), dir.join("out.wasm"));
        files::write_if_changed(&source.join("driver.c"), b"x").unwrap();
        assert!(!is_newer(&out, &[&source]));
        fs::write(&out, b"x").unwrap();
        let written = |seconds| SystemTime::now() + std::time::Duration::from_secs(seconds);
        fs::File::open(&out).unwrap().set_modified(written(10)).unwrap();
        assert!(is_newer(&out, &[&source]));
        fs::File::open(source.join("driver.c"))
            .unwrap()
            .set_modified(written(20))
            .unwrap();
        assert!(!is_newer(&out, &[&source]));
        fs::remove_dir_all(dir).unwrap();
    }
}
