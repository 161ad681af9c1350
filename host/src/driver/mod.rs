//! Drivers: what they say of themselves, the engine that runs them, the registry.

mod cache;
mod component;
mod config;
mod context;
mod contract;
pub mod describe;
mod engine;
pub mod env;
mod find;
mod guard;
mod judge;
mod limiter;
mod load_error;
mod nowhere;
mod registry;
mod running;
mod secrets;
mod v1;
#[cfg(test)]
mod v2_example;

pub use cache::{Cache, CacheError};
pub use component::Driver;
pub use config::{ConfigFault, check_config, masked, secret_keys};
pub use context::{Surroundings, Usage};
pub use describe::Describe;
pub use engine::{Runtime, Weight, digest};
pub use find::{Found, NotOne, find, find_one};
pub use judge::{CallError, Failure};
pub use load_error::LoadError;
pub use registry::{Chosen, Registry, RegistryError, Slot};
pub use running::{ClockReading, Finished, Identity, Running};
pub use secrets::Secrets;
