//! Why a file is no driver: each sentence says what was found and what was expected.

use std::path::PathBuf;

use crate::foreign::shown;
use crate::limits;

/// Why a file is no driver that runs here.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The engine itself could not be made.
    #[error("the WebAssembly engine could not be started: {text}")]
    Engine {
        /// What it says.
        text: String,
    },
    /// No thread for the epoch.
    #[error("the engine's clock thread could not be started")]
    Thread {
        /// Why.
        source: std::io::Error,
    },
    /// The file could not be read.
    #[error("driver file {file}")]
    Read {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is larger than a component may be.
    #[error("driver file has {got} bytes, at most {} may be", limits::COMPONENT_BYTES)]
    Size {
        /// Its size.
        got: u64,
    },
    /// It is compiled code, not a component.
    #[error(
        "the file is precompiled code, expected a WebAssembly component: compiled code is never accepted from outside"
    )]
    Precompiled,
    /// It does not compile.
    #[error("the file is no WebAssembly component that compiles: {text}")]
    Compile {
        /// What the compiler says.
        text: String,
    },
    /// It asks for something that the host does not offer.
    #[error(
        "the component imports {import:?}, which the host does not offer; it offers uzel:driver/line@1.0.0, \
         uzel:driver/host@1.0.0, uzel:driver/types@1.0.0 and nothing else{hint}"
    )]
    Import {
        /// What it asks for.
        import: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// It is built for a version of the contract that this host does not speak.
    #[error("the component is built for the contract uzel:driver@{got}, this host has {have}")]
    Version {
        /// The component's.
        got: String,
        /// The host's, oldest first.
        have: String,
    },
    /// It asks for an interface of ours in another shape.
    #[error("the component does not fit the contract uzel:driver@{version}: {text}")]
    Contract {
        /// The host's version that it was compared with.
        version: &'static str,
        /// The difference.
        text: String,
    },
    /// It does not give what every driver gives.
    #[error("the component does not export uzel:driver/meter@{version} as the contract has it: {text}")]
    Export {
        /// The host's version that it was compared with.
        version: &'static str,
        /// What is missing.
        text: String,
    },
    /// `describe()` did not come back.
    #[error("describe() failed: {text}")]
    DescribeCall {
        /// How.
        text: String,
    },
    /// `describe()` gave no document after the schema.
    #[error("describe() does not follow describe.schema.json: {text}")]
    Describe {
        /// What is wrong.
        text: String,
    },
}

impl LoadError {
    pub(super) fn engine(error: wasmtime::Error) -> Self {
        Self::Engine {
            text: format!("{error:#}"),
        }
    }
    pub(super) fn compile(error: wasmtime::Error) -> Self {
        Self::Compile {
            text: shown(&format!("{error:#}")),
        }
    }
}
