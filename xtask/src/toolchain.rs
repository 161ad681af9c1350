//! Finds a Rust toolchain that can build guests for `wasm32-unknown-unknown`.
//!
//! Two ways lead there. The toolchain in use has the target (`rustup target add`), or Debian's second toolchain
//! builds the standard library from its source package. The second way exists because some machines reach package
//! registries only, and rustup's downloads are not among them.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use guest_build::{DEBIAN_RUSTC, has_target};
pub use guest_build::{TARGET, Toolchain};

use crate::packages::{self, GUEST_TOOLCHAIN};
use crate::process::{self, say};

/// Without a network `rustup target add` may wait for ever; with one it takes seconds.
const RUSTUP_LIMIT: Duration = Duration::from_secs(60);

/// The oldest compiler that builds the workspace: `rust-version` in Cargo.toml.
const OLDEST_MINOR: u32 = 95;

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
