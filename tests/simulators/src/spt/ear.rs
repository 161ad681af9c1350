//! How the meters of the M4 family listen: they wake at a row of FF, wait for a session request, forget the session after
//! a pause and turn away when another is addressed (docs/protocols: Logika M4, sections 1 and 12).

use super::frame::{self, Parsed};
use std::time::Duration;

/// A frame's bytes come closer together than this. 2400 baud takes 4 ms a byte; gateways stutter.
const FRAME_GAP: Duration = Duration::from_millis(500);

/// FF bytes which make every meter on the line listen.
const WAKE_BYTES: usize = 16;

/// Bytes kept while a frame is not whole.
const BUFFER_MAX: usize = 1100;

const SESSION: u8 = 0x3F;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attention {
    /// After power-up or the FF sequence: a session request is awaited.
    Listening,
    Open,
    /// Another meter was addressed, or the session was closed or forgotten.
    Deaf,
}

/// What a meter heard, and whom it listens to.
pub struct Ear {
    attention: Attention,
    buffer: Vec<u8>,
    wake_bytes: usize,
    heard_at: Duration,
}

impl Ear {
    /// After power-up.
    pub fn new() -> Self {
        Self {
            attention: Attention::Listening,
            buffer: Vec::new(),
            wake_bytes: 0,
            heard_at: Duration::ZERO,
        }
    }

    /// Takes bytes that came at `now`; a session is forgotten after `timeout`.
    pub fn hear(&mut self, now: Duration, bytes: &[u8], timeout: Duration) {
        let idle = now.saturating_sub(self.heard_at);
        if idle > FRAME_GAP {
            self.buffer.clear();
        }
        if idle > timeout && self.attention == Attention::Open {
            self.attention = Attention::Deaf;
        }
        self.heard_at = now;
        for byte in bytes.iter().copied() {
            if self.buffer.is_empty() && byte != 0x10 {
                self.wake_bytes = if byte == 0xFF {
                    self.wake_bytes.saturating_add(1)
                } else {
                    0
                };
                if self.wake_bytes >= WAKE_BYTES && self.attention == Attention::Deaf {
                    self.attention = Attention::Listening;
                }
            } else if self.buffer.len() < BUFFER_MAX {
                self.wake_bytes = 0;
                self.buffer.push(byte);
            }
        }
    }

    /// What stands at the beginning of the buffer, taken out of it. `data_bytes`: legacy data that is expected now, when
    /// the function is 44.
    pub fn next(&mut self, setting_bytes: usize) -> Parsed {
        let expected = match self.buffer.get(2) {
            Some(0x44) => setting_bytes,
            _ => frame::DATA,
        };
        let parsed = frame::parse(&self.buffer, expected);
        let used = match &parsed {
            Parsed::Short => 0,
            Parsed::Junk => 1,
            Parsed::Broken { used, .. } | Parsed::Legacy { used, .. } | Parsed::Extended { used, .. } => *used,
        };
        self.buffer.drain(..used.min(self.buffer.len()));
        parsed
    }

    /// Follows who is addressed; true when this meter answers.
    pub fn attend(&mut self, mine: bool, function: u8) -> bool {
        match (self.attention, function) {
            (Attention::Deaf, _) => false,
            (_, SESSION) if mine => {
                self.attention = Attention::Open;
                true
            }
            (_, SESSION) => {
                self.attention = Attention::Deaf;
                false
            }
            (Attention::Open, _) => mine,
            (Attention::Listening, _) => false,
        }
    }

    pub fn is_open(&self) -> bool {
        self.attention == Attention::Open
    }

    /// The session was closed.
    pub fn close(&mut self) {
        self.attention = Attention::Deaf;
    }
}
