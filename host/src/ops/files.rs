//! How many files and connections the process may have open.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tracing::warn;

/// Files beside connections: the database, drivers, logs.
const RESERVED: u64 = 200;

/// Takes as many open files as the system allows: the usual 1 024 are for programs without connections. `connections`
/// may be open at once by the configuration; a limit below that is told.
pub fn raise_limit(connections: u64) {
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        if soft < hard {
            setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
        }
        Ok(hard)
    });
    match raised {
        Ok(limit) if limit < connections.saturating_add(RESERVED) => warn!(
            limit,
            wanted = connections,
            "{limit} files may be open, the configuration allows {connections} connections: raise the limit (LimitNOFILE \
             of the service, ulimit -n)"
        ),
        Ok(_) => {}
        Err(error) => warn!(%error, "the limit of open files could not be raised"),
    }
}
