//! Debian packages that a build or a test needs: what is missing is installed, in one go.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::process::{self, say};

/// A Debian package, and a file of it that shows that it is there.
pub struct Package {
    pub name: &'static str,
    pub proof: &'static str,
}

/// The browser that the end-to-end tests drive.
pub const BROWSER: &[Package] = &[Package {
    name: "chromium",
    proof: "/usr/bin/chromium",
}];

/// What system tests put meters behind, what packages come from, and what is done to the host: a serial server, a
/// registry, a network that loses all, a file system that turns read-only.
pub const SYSTEM_TESTS: &[Package] = &[
    Package {
        name: "ser2net",
        proof: "/usr/sbin/ser2net",
    },
    Package {
        name: "docker-registry",
        proof: "/usr/bin/docker-registry",
    },
    Package {
        name: "iproute2",
        proof: "/usr/sbin/ip",
    },
    Package {
        name: "strace",
        proof: "/usr/bin/strace",
    },
];

/// A Rust toolchain that can build the standard library for wasm32 from source, and the linker for it.
pub const GUEST_TOOLCHAIN: &[Package] = &[
    Package {
        name: "rustc-web",
        proof: "/usr/bin/rustc",
    },
    Package {
        name: "cargo-web",
        proof: "/usr/bin/cargo",
    },
    Package {
        name: "rust-web-src",
        proof: "/usr/lib/rustlib/src/rust/library/std/Cargo.toml",
    },
    Package {
        name: "lld",
        proof: "/usr/bin/wasm-ld",
    },
];

/// A C compiler for WebAssembly with its libc.
pub const C_TOOLCHAIN: &[Package] = &[
    Package {
        name: "clang",
        proof: "/usr/bin/clang",
    },
    Package {
        name: "lld",
        proof: "/usr/bin/wasm-ld",
    },
    Package {
        name: "wasi-libc",
        proof: "/usr/lib/wasm32-wasi/libc.a",
    },
    Package {
        name: "libclang-rt-dev-wasm32",
        proof: "/usr/share/doc/libclang-rt-dev-wasm32",
    },
];

/// Node.js and its package manager.
pub const NODE: &[Package] = &[
    Package {
        name: "nodejs",
        proof: "/usr/bin/node",
    },
    Package {
        name: "npm",
        proof: "/usr/bin/npm",
    },
];

/// Python that can make virtual environments.
pub const PYTHON: &[Package] = &[Package {
    name: "python3-venv",
    proof: "/usr/share/doc/python3-venv",
}];

/// What reads Modbus beside us in a benchmark.
pub const MBPOLL: &[Package] = &[Package {
    name: "mbpoll",
    proof: "/usr/bin/mbpoll",
}];

/// The names of those packages that are not installed.
pub fn missing(packages: &[Package]) -> Vec<&'static str> {
    packages
        .iter()
        .filter(|package| !Path::new(package.proof).exists())
        .map(|package| package.name)
        .collect()
}

/// Installs what is missing of `packages`; does nothing when all are there.
///
/// # Errors
/// There is no apt-get, no right to use it, or it fails. The text names the packages and `purpose`.
pub fn ensure(packages: &[Package], purpose: &str) -> Result<()> {
    let names = missing(packages);
    if names.is_empty() {
        return Ok(());
    }
    let listed = names.join(" ");
    let advice = format!("{purpose} needs the packages {listed}; install them by hand and start again");
    if process::which("apt-get").is_none() {
        bail!("there is no apt-get here: {advice}");
    }
    let root = Path::new("/");
    let user = process::output(process::command("id", root).arg("-u"), &advice)?;
    let prefix: &[&str] = if user.trim() == "0" { &[] } else { &["sudo", "-n"] };
    if !prefix.is_empty() && process::which("sudo").is_none() {
        bail!("this user may not install packages and there is no sudo: {advice}");
    }
    say(format!("installing {listed} for {purpose}"));
    for arguments in [
        &["update", "-q"][..],
        &["install", "-q", "-y", "--no-install-recommends"][..],
    ] {
        let mut words = prefix.to_vec();
        words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        words.extend(arguments);
        if arguments.first() == Some(&"install") {
            words.extend(&names);
        }
        let (program, rest) = words.split_first().context("an empty command")?;
        process::run(process::command(program, root).args(rest), &advice)?;
    }
    let absent = missing(packages);
    if !absent.is_empty() {
        bail!("apt-get succeeded but {} is still missing: {advice}", absent.join(" "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_packages_without_their_file_are_missing() {
        let packages = [
            Package {
                name: "here",
                proof: "/proc/self/exe",
            },
            Package {
                name: "gone",
                proof: "/nonexistent/file",
            },
        ];
        assert_eq!(missing(&packages), ["gone"]);
    }
}
