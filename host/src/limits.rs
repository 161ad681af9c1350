//! Every bound in one place, with its reason.

/// Commands that wait for the collector. A person waits for the answer, so more means a runaway program.
pub const COMMANDS: usize = 256;

/// Live events that a slow watcher may be behind before it loses the oldest: some seconds of a busy fleet.
pub const LIVE_EVENTS: usize = 4_096;

/// Rows of one page of the API. A year of hours is 8 784.
pub const PAGE_ROWS: u32 = 10_000;

/// Bytes of a request body of the API: nothing larger than a bulk import.
pub const BODY_BYTES: usize = 8 << 20;

/// Writes that wait for the store. Each may carry a batch of records, so the queue is also a bound on memory.
pub const WRITES_WAITING: usize = 512;

/// Rows of one transaction of the store, about: enough to make the price of a commit small, few enough that nobody
/// waits long for the answer.
pub const GROUP_ROWS: usize = 100_000;

/// Devices whose series the writer keeps in mind: those being read now.
pub const SERIES_CACHE_DEVICES: usize = 2_048;
