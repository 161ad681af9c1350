//! A vendor's project: a driver in a folder of its own that builds with this program, cargo and crates.io alone.

mod build;
mod new;
mod sdk;

use std::path::PathBuf;

pub use build::{Built, build, component, is_project};
pub use new::new;

/// Why there is no project, or no component of one.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The name cannot be a driver's.
    #[error("{what} {got:?}: expected a to z, 0 to 9 and -, at most 32, a letter first")]
    Name {
        /// Of what.
        what: &'static str,
        /// As given.
        got: String,
    },
    /// The vendor's name would not stand in a file of TOML as it is.
    #[error(
        "vendor {got:?}: expected 1 to 80 characters, none of them a quotation mark, a backslash or a control character"
    )]
    Vendor {
        /// As given.
        got: String,
    },
    /// There is something already.
    #[error("folder {folder} is there already, expected a new one: nothing is written over")]
    Exists {
        /// Which.
        folder: PathBuf,
    },
    /// A file could not be read or written.
    #[error("{file}")]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The folder is no project.
    #[error("{file}: {text}")]
    Manifest {
        /// Which.
        file: PathBuf,
        /// What is wrong.
        text: String,
    },
    /// There is no compiler for guests.
    #[error(transparent)]
    Toolchain(#[from] guest_build::NoToolchain),
    /// cargo failed; it has said why.
    #[error("cargo ended with {status}: repair what it names above")]
    Cargo {
        /// How.
        status: std::process::ExitStatus,
    },
    /// The module is no driver.
    #[error("module {file} is no driver")]
    Component {
        /// Which.
        file: PathBuf,
        /// Why.
        source: guest_build::component::ComponentError,
    },
}

impl ProjectError {
    fn file(file: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let file = file.to_owned();
        move |source| Self::File { file, source }
    }
}
