//! Logs, metrics, retention, and the service manager.

pub mod keeper;
pub mod log;
pub mod metrics;
pub mod service;
