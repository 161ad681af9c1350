//! Drivers: what they say of themselves, the engine that runs them, the registry.

mod cache;
mod component;
mod config;
mod context;
pub mod describe;
mod engine;
pub mod env;
mod guard;
mod judge;
mod limiter;
mod nowhere;
mod registry;
mod running;
mod secrets;
mod v1;

pub use cache::{Cache, CacheError};
pub use component::{Driver, LoadError};
pub use config::{ConfigFault, check_config, masked, secret_keys};
pub use context::{Surroundings, Usage};
pub use describe::Describe;
pub use engine::{Runtime, digest};
pub use judge::{CallError, Failure};
pub use registry::{Chosen, Registry, RegistryError, Slot};
pub use running::{ClockReading, Finished, Identity, Running};
pub use secrets::Secrets;
