//! The life of drivers: taken in, proven, tried, put to work, taken back. `docs/driver-life.md` tells it for administrators.
//!
//! Everything goes through [`Park`], whoever asks: the API, the command line, the host itself. What is decided is in the
//! store; the registry follows.

mod again;
mod code;
pub mod compile;
mod evidence;
mod fetch;
mod install;
mod judge;
mod life;
mod manifest;
mod reason;
mod replayed;
mod selftest;
mod shadow;
mod standing;
mod supervise;
mod sync;
mod trust;
mod watch;
mod work;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::task::JoinError;

pub use again::{Again, AgainError, Recorded, compare, ended_by_host, hold_again, recorded, requests};
pub use evidence::Evidence;
pub use install::Installed;
pub use judge::{CanaryPlan, Counts, Ruling};
pub use manifest::manifest_of;
pub use reason::Reason;
pub use replayed::Replayed;
pub use shadow::{ShadowReport, ShadowValue};
pub use supervise::supervise;
pub use trust::{Refusal, Roles};
pub use watch::watch;
pub use work::Work;

use crate::driver::{LoadError, Registry, Runtime};
use crate::model::DriverState;
use crate::oci::OciError;
use crate::package::PackageError;
use crate::signing::KeyError;
use crate::store::{DriverVersion, Store, StoreError};

/// What is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// Whether packages that nobody signed are taken: for development.
    pub unsigned: bool,
    /// File of the logins at registries, read when one is asked.
    pub registry_logins: Option<PathBuf>,
}

/// All versions of all drivers.
pub struct Park {
    store: Store,
    runtime: Runtime,
    registry: Arc<Registry>,
    rules: Rules,
    /// This program: it compiles in a process of its own.
    program: PathBuf,
    /// The folder in which compiled code is kept.
    cache: PathBuf,
    /// The code of versions.
    code: std::sync::Mutex<code::Code>,
    /// One package after the other is taken in: each may keep a processor busy for a minute.
    installing: Mutex<()>,
    /// One session is held again at a time for people who look at it: each may keep a processor busy for seconds.
    replaying: Mutex<()>,
    /// Of what the registry is.
    shown: std::sync::Mutex<sync::Shown>,
}

/// Why something was not done. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum ParkError {
    /// The file is no package.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// It could not be fetched.
    #[error(transparent)]
    Fetch(#[from] OciError),
    /// It is not trusted.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It is there already.
    #[error("{driver} {version} with this component is installed already, it is {state}")]
    Installed {
        /// Which driver.
        driver: String,
        /// Which version.
        version: String,
        /// Where it stands.
        state: DriverState,
    },
    /// What it says of its own trial is not about it.
    #[error("{0}: have it tried again and packed with its own report")]
    Report(String),
    /// It does not compile within its limits.
    #[error("the component does not compile: {0}")]
    Compile(String),
    /// It is not what its manifest says, or its recordings come out otherwise.
    #[error("the self-test failed: {0}")]
    SelfTest(String),
    /// There is no such version.
    #[error("no version of a driver has a digest that begins with {0:?}")]
    NoVersion(String),
    /// There is more than one.
    #[error("{1} versions have a digest that begins with {0:?}: give more of it")]
    Ambiguous(String, usize),
    /// It may not go there.
    #[error("{driver} {version} is {state} and cannot become {to}")]
    State {
        /// Which driver.
        driver: String,
        /// Which version.
        version: String,
        /// Where it stands.
        state: DriverState,
        /// Where it was to go.
        to: DriverState,
    },
    /// Nothing proves it yet.
    #[error(
        "{driver} {version} {what}: run its shadow until that is clean, or override it and say why; what is overridden is \
         written down"
    )]
    Unproven {
        /// Which driver.
        driver: String,
        /// Which version.
        version: String,
        /// What is missing.
        what: String,
    },
    /// There is nothing to go back to.
    #[error("driver {0:?} has no version before the present one")]
    NothingBefore(String),
    /// A reason must be given.
    #[error("say why: it is written down")]
    NoReason,
    /// Its component cannot be loaded.
    #[error("{driver} {version} cannot be loaded")]
    Load {
        /// Which driver.
        driver: String,
        /// Which version.
        version: String,
        /// Why.
        source: LoadError,
    },
    /// A key of the store cannot be used.
    #[error("a vendor's key cannot be used")]
    Key(#[from] KeyError),
    /// A recorded session could not be held again.
    #[error("a recorded session could not be held again")]
    Again(#[from] AgainError),
    /// Work in a thread of its own came to no end.
    #[error("the work on it broke off")]
    Broken(#[from] JoinError),
    /// The store failed.
    #[error("the store")]
    Store(#[from] StoreError),
}

impl Park {
    /// The versions of `store`, compiled and run by `runtime`, put to work in `registry`.
    pub fn new(
        store: Store,
        runtime: Runtime,
        registry: Arc<Registry>,
        rules: Rules,
        program: PathBuf,
        cache: PathBuf,
    ) -> Self {
        Self {
            store,
            runtime,
            registry,
            rules,
            program,
            cache,
            code: std::sync::Mutex::default(),
            installing: Mutex::default(),
            replaying: Mutex::default(),
            shown: std::sync::Mutex::default(),
        }
    }

    /// Whether packages that nobody signed are taken.
    pub fn takes_unsigned(&self) -> bool {
        self.rules.unsigned
    }

    /// The store of these versions.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The one version whose digest begins so.
    ///
    /// # Errors
    /// None has, or several have.
    pub async fn find(&self, prefix: &str) -> Result<DriverVersion, ParkError> {
        standing::one(prefix, &self.store.driver_version(prefix).await?).cloned()
    }
}
