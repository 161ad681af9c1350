//! A meter that sends DATA-NOTIFICATION again and again (IEC 62056-53) and hears nothing.

use super::attributes::Objects;
use super::hdlc;
use crate::meter::{Disguise, Meter, Reply};
use std::time::Duration;

/// LLC, DATA-NOTIFICATION, and no date-time in front: the clock is one of the values.
const HEAD: [u8; 4] = [0xE6, 0xE7, 0x00, 0x0F];
const NO_STAMP: u8 = 0x00;

/// One meter.
pub struct Pusher {
    objects: Objects,
    every: Duration,
    sent: u32,
}

impl Pusher {
    pub fn new(objects: Objects, every: Duration) -> Self {
        Self {
            objects,
            every,
            sent: 0,
        }
    }
}

impl Meter for Pusher {
    fn on_bytes(&mut self, _: Duration, _: &[u8]) -> Vec<Reply> {
        Vec::new()
    }

    fn requests(&self) -> u64 {
        self.sent.into()
    }

    fn disguise(&mut self, as_other: Option<Disguise>) {
        self.objects.disguise = as_other;
    }

    fn shift_clock(&mut self, seconds: i64) {
        self.objects.clock.advance(seconds);
    }

    fn sends_every(&self) -> Option<Duration> {
        Some(self.every)
    }

    fn send(&mut self) -> Vec<Reply> {
        self.sent += 1;
        let body = self.objects.told().expect("a meter knows its own objects");
        let lsdu = [&HEAD[..], &self.sent.to_be_bytes(), &[NO_STAMP], &body].concat();
        vec![Reply::now(hdlc::unasked(&lsdu))]
    }
}
