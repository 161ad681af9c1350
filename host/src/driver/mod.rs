//! Drivers: what they say of themselves, the engine that runs them, the registry.

pub mod describe;
