//! `cargo xtask web`: the dispatcher's client, from its npm packages to `web/dist`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::files;
use crate::process::{self, say};
use crate::workspace::Workspace;

/// The oldest Node.js that the build tools run on, as `engines` in web/package.json says.
const OLDEST_NODE: (u32, u32) = (20, 19);

/// Folders of web/ that are no input of the build.
const NO_INPUT: &[&str] = &["node_modules", "dist", "e2e", "bench"];

/// Installs packages and builds as far as something changed; with `check` also checks types and runs the unit tests.
///
/// # Errors
/// Node.js is missing or too old, or a step of npm fails.
pub fn run(workspace: &Workspace, check: bool) -> Result<()> {
    install(workspace)?;
    build(workspace)?;
    if check {
        script(workspace, "check", &[])?;
        script(workspace, "test", &[])?;
    }
    Ok(())
}

/// Installs the npm packages when the lock file is another one than at the last time.
pub fn install(workspace: &Workspace) -> Result<()> {
    let web = workspace.web();
    let lock = web.join("package-lock.json");
    let wanted = fs::read(&lock).with_context(|| format!("cannot read {}: is web/ complete?", lock.display()))?;
    let stamp = workspace.target().join("web/installed-package-lock.json");
    let installed = web.join("node_modules").is_dir() && fs::read(&stamp).is_ok_and(|installed| installed == wanted);
    check_node(&web)?;
    if installed {
        return Ok(());
    }
    say("installing the npm packages of web/");
    let mut npm = process::command("npm", &web);
    process::run(
        npm.args(["ci", "--no-audit", "--no-fund"]),
        "look at web/package-lock.json and npm's words above",
    )?;
    files::write_if_changed(&stamp, &wanted)?;
    Ok(())
}

/// Builds `web/dist` when any input has changed since the last build that succeeded.
pub fn build(workspace: &Workspace) -> Result<()> {
    let web = workspace.web();
    let stamp = workspace.target().join("web/built");
    let built = fs::metadata(&stamp).and_then(|meta| meta.modified());
    let is_there = web.join("dist/index.html").is_file();
    if is_there && built.is_ok_and(|built| newest_input(&web).is_some_and(|input| input < built)) {
        say("web/dist is up to date");
        return Ok(());
    }
    say("building web/dist");
    // An input that changes during the build is newer than its begin, so the next build takes it in.
    let begun = SystemTime::now();
    script(workspace, "build", &[])?;
    let file = File::create(&stamp).and_then(|file| file.set_modified(begun));
    file.with_context(|| format!("cannot write {}", stamp.display()))
}

/// Runs a script of web/package.json with additional environment variables.
pub fn script(workspace: &Workspace, name: &str, variables: &[(&str, PathBuf)]) -> Result<()> {
    let mut npm = process::command("npm", &workspace.web());
    npm.args(["run", "--silent", name])
        .envs(variables.iter().map(|(name, value)| (*name, value)));
    process::run(&mut npm, "repair what it names above")
}

/// The command line of a script in web/package.json, if there is such a script.
pub fn script_line(workspace: &Workspace, name: &str) -> Result<Option<String>> {
    let path = workspace.web().join("package.json");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let package: Value = serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))?;
    Ok(package["scripts"][name].as_str().map(str::to_owned))
}

fn check_node(web: &Path) -> Result<()> {
    let (major, minor) = OLDEST_NODE;
    let advice = format!("the web client needs Node.js {major}.{minor} or newer with npm: install it and start again");
    let printed = process::output(process::command("node", web).arg("--version"), &advice)?;
    if node_version(&printed).is_none_or(|version| version < OLDEST_NODE) {
        bail!("`node --version` says {}: {advice}", printed.trim());
    }
    Ok(())
}

/// The 20 and 19 of `v20.19.2`.
fn node_version(printed: &str) -> Option<(u32, u32)> {
    let mut numbers = printed.strip_prefix('v')?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// When an input last changed. A folder counts as well: it changes when a file goes.
fn newest_input(web: &Path) -> Option<SystemTime> {
    let own = fs::read_dir(web).ok()?.flatten();
    let inputs = own.filter(|entry| !NO_INPUT.iter().any(|name| entry.file_name() == *name));
    inputs.filter_map(|entry| files::newest(&entry.path())).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_node_is_read_from_what_it_prints() {
        let cases = [
            ("v20.19.2\n", Some((20, 19))),
            ("v8.1.0", Some((8, 1))),
            ("20.1.0", None),
            ("v20", None),
        ];
        for (printed, want) in cases {
            assert_eq!(node_version(printed), want, "{printed}");
        }
    }

    #[test]
    fn a_change_deep_in_the_sources_counts_and_one_in_dist_does_not() {
        let web = std::env::temp_dir().join(format!("uzel-xtask-web-{}", std::process::id()));
        for name in ["src/lib/a.ts", "dist/index.html", "node_modules/x/y.js"] {
            files::write_if_changed(&web.join(name), b"x").unwrap();
        }
        let later = SystemTime::now() + std::time::Duration::from_secs(3600);
        let touch = |name: &str| File::open(web.join(name)).unwrap().set_modified(later).unwrap();
        touch("dist/index.html");
        touch("node_modules/x/y.js");
        assert!(newest_input(&web).unwrap() < later);
        touch("src/lib/a.ts");
        assert_eq!(newest_input(&web), Some(later));
        fs::remove_dir_all(web).unwrap();
    }
}
