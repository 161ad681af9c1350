//! Finds a Rust toolchain that can build guests for `wasm32-unknown-unknown`.
//!
//! Two ways lead there. The toolchain in use has the target (`rustup target add`), or Debian's second toolchain
//! builds the standard library from its source package. The second way exists because some machines reach package
//! registries only, and rustup's downloads are not among them.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::packages::{self, GUEST_TOOLCHAIN};
use crate::process::{self, say};

pub const TARGET: &str = "wasm32-unknown-unknown";

/// Without a network `rustup target add` may wait for ever; with one it takes seconds.
const RUSTUP_LIMIT: Duration = Duration::from_secs(60);

/// The oldest compiler that builds the workspace: `rust-version` in Cargo.toml.
const OLDEST_MINOR: u32 = 95;

const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The toolchain that runs xtask has the target installed.
    Current,
    /// Debian's packages of [`GUEST_TOOLCHAIN`].
    Debian,
}

/// Picks a way, installing what it needs. A way that is ready wins over one that has to be installed first.
///
/// # Errors
/// Neither way is open: the text names the packages to install.
pub fn prepare(root: &Path) -> Result<Toolchain> {
    if has_target(root) {
        return Ok(Toolchain::Current);
    }
    if !packages::missing(GUEST_TOOLCHAIN).is_empty() && process::which("rustup").is_some() {
        say(format!("asking rustup for the target {TARGET}"));
        let mut add = process::command("rustup", root);
        if process::succeeds_within(add.args(["target", "add", TARGET]), RUSTUP_LIMIT) && has_target(root) {
            return Ok(Toolchain::Current);
        }
        say("rustup cannot provide it, so Debian's toolchain is used");
    }
    packages::ensure(GUEST_TOOLCHAIN, "building drivers to WebAssembly")?;
    let version = process::output(
        process::command(DEBIAN_RUSTC, root).arg("--version"),
        "reinstall rustc-web",
    )?;
    if minor(&version).is_none_or(|minor| minor < OLDEST_MINOR) {
        bail!(
            "{DEBIAN_RUSTC} is `{}`, drivers need 1.{OLDEST_MINOR} or newer: replace the package rustc by rustc-web, \
             or run `rustup target add {TARGET}`",
            version.trim()
        );
    }
    Ok(Toolchain::Debian)
}

impl Toolchain {
    /// What is said to the user about the choice.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Current => "the current toolchain, which has the target wasm32-unknown-unknown",
            Self::Debian => "Debian's rustc-web with the standard library built from source",
        }
    }

    /// `cargo build` for guests, complete but for the packages to build.
    pub fn build(self, root: &Path, target_dir: &Path) -> Result<Command> {
        let program = match self {
            Self::Current => "cargo",
            Self::Debian => DEBIAN_CARGO,
        };
        let mut command = process::command(program, root);
        process::scrub(&mut command).args(["build", "--lib", "--profile", "guest", "--target", TARGET]);
        if self == Self::Debian {
            command
                .arg("-Zbuild-std=std,panic_abort")
                .env_remove("RUSTUP_TOOLCHAIN")
                .env("RUSTC", DEBIAN_RUSTC)
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "/usr/bin/wasm-ld");
        }
        // A panic message carries the path of its source file. Without the prefix of this machine's cargo home the
        // bytes, and so the digest of a driver, do not depend on who built it.
        let cargo_home = std::env::var("CARGO_HOME").or_else(|_| std::env::var("HOME").map(|home| home + "/.cargo"));
        let cargo_home = cargo_home.context("neither CARGO_HOME nor HOME is set: set one of them")?;
        command.env(
            "CARGO_ENCODED_RUSTFLAGS",
            format!("--remap-path-prefix={cargo_home}=cargo"),
        );
        command.arg("--target-dir").arg(target_dir);
        Ok(command)
    }
}

fn has_target(root: &Path) -> bool {
    let mut rustc = process::command("rustc", root);
    let rustc = rustc.args(["--print", "target-libdir", "--target", TARGET]);
    match rustc.output() {
        Ok(out) => out.status.success() && Path::new(String::from_utf8_lossy(&out.stdout).trim()).is_dir(),
        Err(_) => false,
    }
}

/// The 96 of `rustc 1.96.0 (…)`.
fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("rustc 1.")?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minor_version_is_read_from_what_rustc_prints() {
        let cases = [
            (
                "rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)",
                Some(96),
            ),
            ("rustc 1.63.0", Some(63)),
            ("rustc 2.0.0", None),
            ("", None),
        ];
        for (printed, want) in cases {
            assert_eq!(minor(printed), want, "{printed}");
        }
    }
}
