//! Every bound in one place, with its reason.

/// Commands that wait for the collector. A person waits for the answer, so more means a runaway program.
pub const COMMANDS: usize = 256;

/// Live events that a slow watcher may be behind before it loses the oldest: some seconds of a busy fleet.
pub const LIVE_EVENTS: usize = 4_096;

/// Rows of one page of the API. A year of hours is 8 784.
pub const PAGE_ROWS: u32 = 10_000;

/// Bytes of a request body of the API: nothing larger than a bulk import.
pub const BODY_BYTES: usize = 8 << 20;
