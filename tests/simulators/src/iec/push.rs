//! A meter of P1: it sends a telegram again and again and hears nothing.

use super::builder::IecConfig;
use super::device::even;
use super::history::IecHistory;
use super::text::Shown;
use crate::clock::SimClock;
use crate::meter::{Disguise, Meter, Reply};
use std::sync::Arc;
use std::time::Duration;

/// One meter.
pub struct Pusher {
    pub config: IecConfig,
    pub history: Arc<IecHistory>,
    pub clock: SimClock,
    pub every: Duration,
    pub disguise: Option<Disguise>,
    pub sent: u64,
}

impl Pusher {
    fn telegram(&self) -> Vec<u8> {
        let shown = Shown {
            config: &self.config,
            history: &self.history,
            now: self.clock.now(),
        };
        let serial = match self.disguise {
            Some(_) => "99999999",
            None => &self.config.serial,
        };
        let text = shown.telegram(serial);
        let check = if self.config.unchecked {
            String::new()
        } else {
            format!("{:04X}", crc(text.as_bytes()))
        };
        let bytes = format!("{text}{check}\r\n").into_bytes();
        match self.config.parity_bits {
            true => bytes.iter().map(|byte| even(*byte)).collect(),
            false => bytes,
        }
    }
}

/// CRC-16/ARC.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte), |sum, _| {
            if sum & 1 == 1 { sum >> 1 ^ 0xA001 } else { sum >> 1 }
        })
    })
}

impl Meter for Pusher {
    fn on_bytes(&mut self, _: Duration, _: &[u8]) -> Vec<Reply> {
        Vec::new()
    }

    fn requests(&self) -> u64 {
        self.sent
    }

    fn disguise(&mut self, as_other: Option<Disguise>) {
        self.disguise = as_other;
    }

    fn shift_clock(&mut self, seconds: i64) {
        self.clock.advance(seconds);
    }

    fn sends_every(&self) -> Option<Duration> {
        Some(self.every)
    }

    fn send(&mut self) -> Vec<Reply> {
        self.sent += 1;
        vec![Reply::now(self.telegram())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_is_the_published_one() {
        assert_eq!(crc(b"123456789"), 0xBB3D);
    }
}
