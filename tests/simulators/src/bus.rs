//! Several meters on one pair of wires. Who answers is the meters' affair; when two answer at once,
//! their bytes collide.

use crate::meter::{Disguise, Meter, Reply};
use std::time::Duration;

/// Meters behind one address of the network or one serial port.
pub struct Bus(Vec<Box<dyn Meter>>);

impl Bus {
    pub fn new(meters: Vec<Box<dyn Meter>>) -> Self {
        Self(meters)
    }
}

impl Meter for Bus {
    fn on_bytes(&mut self, now: Duration, bytes: &[u8]) -> Vec<Reply> {
        let mut answers = self.0.iter_mut().map(|meter| meter.on_bytes(now, bytes));
        let first = answers.next().unwrap_or_default();
        answers.fold(first, |heard, more| match (heard.is_empty(), more.is_empty()) {
            (_, true) => heard,
            (true, false) => more,
            (false, false) => collide(&heard, &more),
        })
    }

    fn requests(&self) -> u64 {
        self.0.iter().map(|meter| meter.requests()).sum()
    }

    fn disguise(&mut self, as_other: Option<Disguise>) {
        self.0.iter_mut().for_each(|meter| meter.disguise(as_other));
    }

    fn shift_clock(&mut self, seconds: i64) {
        self.0.iter_mut().for_each(|meter| meter.shift_clock(seconds));
    }

    fn unmatched(&self) -> Vec<Vec<u8>> {
        self.0.iter().flat_map(|meter| meter.unmatched()).collect()
    }
}

/// Both talk at once: a line shows the dominant zeros of both, byte by byte. Equal answers, such as
/// two acknowledgements, stay whole, which is what makes a search on M-Bus hard.
fn collide(one: &[Reply], other: &[Reply]) -> Vec<Reply> {
    let joined =
        |replies: &[Reply]| -> Vec<u8> { replies.iter().flat_map(|reply| reply.bytes.iter().copied()).collect() };
    let (one_bytes, other_bytes) = (joined(one), joined(other));
    let length = one_bytes.len().max(other_bytes.len());
    let at = |bytes: &[u8], n: usize| bytes.get(n).copied().unwrap_or(0xFF);
    let bytes = (0..length).map(|n| at(&one_bytes, n) & at(&other_bytes, n)).collect();
    let delay = one
        .iter()
        .chain(other)
        .map(|reply| reply.delay)
        .min()
        .unwrap_or_default();
    vec![Reply {
        delay,
        bytes,
        hang_up: false,
    }]
}
