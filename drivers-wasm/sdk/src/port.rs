//! What a conversation may touch: the line to the meter, and the host's clock and notes.

use crate::{Instant, Level, LineError, Medium, Reading, Settings, Until};

/// The line to the one device of this session, with the clock and the journal that belong to it.
///
/// Inside the host it is the host's port; in a test a [`crate::recording::Recording`]. Everything a driver learns
/// comes through these calls, so a session can be replayed.
pub trait Port {
    /// What the line is.
    fn medium(&self) -> Medium;

    /// Sends `bytes`; returns when the last has been handed to the line.
    fn write(&mut self, bytes: &[u8]) -> Result<(), LineError>;

    /// Reads until `how` is satisfied. Bytes beyond it stay for the next read.
    fn read(&mut self, how: Reading) -> Result<Vec<u8>, LineError>;

    /// Drops stale bytes, writes, reads.
    fn exchange(&mut self, bytes: &[u8], how: Reading) -> Result<Vec<u8>, LineError>;

    /// Drops bytes that came and nobody read. Returns how many.
    fn purge(&mut self) -> u32;

    /// Changes the line until the session ends.
    fn configure(&mut self, settings: Settings) -> Result<(), LineError>;

    /// The host's clock.
    fn now(&self) -> Instant;

    /// Waits so many milliseconds.
    fn sleep(&mut self, ms: u32);

    /// A line in the journal of the session.
    fn log(&mut self, level: Level, text: &str);

    /// A remark beside the last bytes of the trace: what the driver understood.
    fn note(&mut self, text: &str);

    /// What this driver remembered of this device.
    fn recall(&self, key: &str) -> Option<Vec<u8>>;

    /// Keeps a little for the next session with this device.
    fn remember(&mut self, key: &str, value: &[u8]) -> Result<(), String>;
}

impl Reading {
    /// Exactly `length` bytes within `deadline_ms`.
    pub fn exactly(length: u32, deadline_ms: u32) -> Self {
        Self {
            until: Until::Length(length),
            max: length,
            deadline_ms,
        }
    }

    /// All that comes before `silence_ms` of silence, at most `max` bytes.
    pub fn until_silence(silence_ms: u32, max: u32, deadline_ms: u32) -> Self {
        Self {
            until: Until::SilenceMs(silence_ms),
            max,
            deadline_ms,
        }
    }
}
