//! A meter as a state machine without transport: bytes in, replies out.

use std::time::Duration;

/// Bytes that a meter sends some time after the request came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    pub delay: Duration,
    pub bytes: Vec<u8>,
    /// The line drops behind these bytes.
    pub hang_up: bool,
}

impl Reply {
    /// An answer without delay.
    pub fn now(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            ..Self::default()
        }
    }
}

/// What a meter pretends to be when another device answers in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disguise {
    /// Another serial number of the same model.
    Serial,
    /// Another model.
    Model,
}

/// A device on a line.
pub trait Meter: Send {
    /// Takes bytes that came at `now` (monotonic, from any fixed origin) and gives what the device sends.
    ///
    /// Requests may come split or glued; a device keeps what it needs until the frame is whole.
    fn on_bytes(&mut self, now: Duration, bytes: &[u8]) -> Vec<Reply>;

    /// The number of whole requests that the device has taken for its own.
    fn requests(&self) -> u64;

    /// From now on answers as another device, or again as itself.
    fn disguise(&mut self, as_other: Option<Disguise>);

    /// Shifts the device's clock, for faults. Devices without a clock have nothing to shift.
    fn shift_clock(&mut self, seconds: i64) {
        let _ = seconds;
    }

    /// The line runs at this speed from now on. Only a device of a fixed speed cares, see [`crate::Link::baud`].
    fn tune(&mut self, baud: u32) {
        let _ = baud;
    }

    /// How often the device sends by itself; most never do.
    fn sends_every(&self) -> Option<Duration> {
        None
    }

    /// What it sends by itself.
    fn send(&mut self) -> Vec<Reply> {
        Vec::new()
    }

    /// Requests that a replayed recording did not hold; a simulated meter has none.
    fn unmatched(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }
}

impl Meter for Box<dyn Meter> {
    fn on_bytes(&mut self, now: Duration, bytes: &[u8]) -> Vec<Reply> {
        self.as_mut().on_bytes(now, bytes)
    }

    fn requests(&self) -> u64 {
        self.as_ref().requests()
    }

    fn disguise(&mut self, as_other: Option<Disguise>) {
        self.as_mut().disguise(as_other);
    }

    fn shift_clock(&mut self, seconds: i64) {
        self.as_mut().shift_clock(seconds);
    }

    fn tune(&mut self, baud: u32) {
        self.as_mut().tune(baud);
    }

    fn sends_every(&self) -> Option<Duration> {
        self.as_ref().sends_every()
    }

    fn send(&mut self) -> Vec<Reply> {
        self.as_mut().send()
    }

    fn unmatched(&self) -> Vec<Vec<u8>> {
        self.as_ref().unmatched()
    }
}
