//! The log: for people on a terminal, JSON lines elsewhere. `RUST_LOG` chooses what.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Starts the log on standard error.
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second start in one process (tests) keeps the first log.
    let _ = if std::io::stderr().is_terminal() {
        log.try_init()
    } else {
        log.json().flatten_event(true).try_init()
    };
}
