//! Toolchains that build guests for `wasm32-unknown-unknown`.
//!
//! Two ways lead there. The toolchain in use has the target (`rustup target add`), or Debian's second toolchain
//! builds the standard library from its source package. The second way exists because some machines reach package
//! registries only, and rustup's downloads are not among them.

use std::path::Path;
use std::process::{Command, Stdio};

/// What guests are built for: no WASI.
pub const TARGET: &str = "wasm32-unknown-unknown";

const DEBIAN_CARGO: &str = "/usr/bin/cargo";

/// The compiler of Debian's package `rustc-web`.
pub const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// Files of the four packages that the second way needs: rustc-web, cargo-web, rust-web-src, lld.
const DEBIAN_PROOFS: [&str; 4] = [
    DEBIAN_RUSTC,
    DEBIAN_CARGO,
    "/usr/lib/rustlib/src/rust/library/std/Cargo.toml",
    "/usr/bin/wasm-ld",
];

/// Variables that an outer `cargo run` or its caller leaves behind and that would change what an inner cargo builds.
///
/// `RUSTUP_TOOLCHAIN` stays: it names the toolchain that already runs, and saves rustup from deciding again.
const LEAKING: &[&str] = &[
    "CARGO",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET_DIR",
    "RUSTC",
    "RUSTC_BOOTSTRAP",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTDOC",
    "RUSTFLAGS",
    "RUST_RECURSION_COUNT",
    "LD_LIBRARY_PATH",
];

/// Prefixes of the variables that `cargo run` sets for the program it runs.
const LEAKING_PREFIXES: &[&str] = &["CARGO_PKG_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_MANIFEST_"];

/// A toolchain, and how it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The toolchain in use has the target installed.
    Current,
    /// Debian's packages rustc-web, cargo-web, rust-web-src and lld.
    Debian,
}

/// There is no toolchain that builds guests.
#[derive(Debug, thiserror::Error)]
#[error(
    "no toolchain builds for {TARGET}: run `rustup target add {TARGET}`, or install Debian's packages rustc-web, \
     cargo-web, rust-web-src and lld"
)]
pub struct NoToolchain;

impl Toolchain {
    /// A way that is ready, for a project in `root`.
    ///
    /// # Errors
    /// Neither is.
    pub fn ready(root: &Path) -> Result<Self, NoToolchain> {
        if has_target(root) {
            Ok(Self::Current)
        } else if DEBIAN_PROOFS.iter().all(|file| Path::new(file).is_file()) {
            Ok(Self::Debian)
        } else {
            Err(NoToolchain)
        }
    }

    /// What is said to the user about the choice.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Current => "the current toolchain, which has the target wasm32-unknown-unknown",
            Self::Debian => "Debian's rustc-web with the standard library built from source",
        }
    }

    /// The command that builds the guest `package`, or the one whose folder is `root`. As nothing but a cdylib: beside an
    /// rlib cargo leaves link-time optimisation out, which takes a third off a component.
    pub fn build(self, root: &Path, target_dir: &Path, package: Option<&str>) -> Command {
        let mut command = Command::new(match self {
            Self::Current => "cargo",
            Self::Debian => DEBIAN_CARGO,
        });
        command.current_dir(root).stdin(Stdio::null());
        scrub(&mut command).args(["rustc", "--lib", "--crate-type", "cdylib"]);
        command.args(["--profile", "guest", "--target", TARGET]);
        command.args(package.into_iter().flat_map(|name| ["--package", name]));
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
        if let Ok(cargo_home) = cargo_home {
            command.env(
                "CARGO_ENCODED_RUSTFLAGS",
                format!("--remap-path-prefix={cargo_home}=cargo"),
            );
        }
        command.arg("--target-dir").arg(target_dir);
        command
    }
}

/// Takes every variable of an outer cargo out of the environment of `command`.
pub fn scrub(command: &mut Command) -> &mut Command {
    for name in LEAKING {
        command.env_remove(name);
    }
    for (name, _) in std::env::vars_os() {
        let leaks = |name: &str| LEAKING_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        if name.to_str().is_some_and(leaks) {
            command.env_remove(name);
        }
    }
    command
}

/// Whether the toolchain that `root` uses has the target.
pub fn has_target(root: &Path) -> bool {
    let mut rustc = Command::new("rustc");
    let rustc = rustc.current_dir(root).stdin(Stdio::null());
    match rustc.args(["--print", "target-libdir", "--target", TARGET]).output() {
        Ok(out) => out.status.success() && Path::new(String::from_utf8_lossy(&out.stdout).trim()).is_dir(),
        Err(_) => false,
    }
}
