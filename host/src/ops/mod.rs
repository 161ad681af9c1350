//! Logs, metrics and limits of the process.

pub mod files;
pub mod log;
pub mod metrics;
