//! Logs, metrics, retention, limits of the process, and the service manager.

pub mod figures;
pub mod files;
pub mod keeper;
pub mod log;
pub mod metrics;
pub mod service;
