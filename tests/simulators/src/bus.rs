//! Several meters on one pair of wires. Who answers is the meters' affair; when two answer at once,
//! their bytes collide.

use crate::meter::{Disguise, Meter, Reply};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Who owned a bus one after the other: the place of the meter that took requests, and how many in a row.
#[derive(Clone, Debug, Default)]
pub struct Owners(Arc<Mutex<Vec<(usize, u64)>>>);

impl Owners {
    /// So far, first to last.
    pub fn list(&self) -> Vec<(usize, u64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn took(&self, place: usize, requests: u64) {
        let mut owners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match owners.last_mut() {
            Some((last, count)) if *last == place => *count += requests,
            _ => owners.push((place, requests)),
        }
    }
}

/// Meters behind one address of the network or one serial port.
pub struct Bus {
    meters: Vec<Box<dyn Meter>>,
    owners: Owners,
}

impl Bus {
    pub fn new(meters: Vec<Box<dyn Meter>>, owners: Owners) -> Self {
        Self { meters, owners }
    }
}

/// A meter whose line has a speed of its own: it hears nothing at another.
pub struct Tuned {
    meter: Box<dyn Meter>,
    baud: u32,
    line: Option<u32>,
}

impl Tuned {
    pub fn new(meter: Box<dyn Meter>, baud: u32) -> Self {
        Self {
            meter,
            baud,
            line: None,
        }
    }
}

impl Meter for Tuned {
    fn on_bytes(&mut self, now: Duration, bytes: &[u8]) -> Vec<Reply> {
        match self.line {
            Some(baud) if baud != self.baud => Vec::new(),
            _ => self.meter.on_bytes(now, bytes),
        }
    }

    fn requests(&self) -> u64 {
        self.meter.requests()
    }

    fn disguise(&mut self, as_other: Option<Disguise>) {
        self.meter.disguise(as_other);
    }

    fn shift_clock(&mut self, seconds: i64) {
        self.meter.shift_clock(seconds);
    }

    fn tune(&mut self, baud: u32) {
        self.line = Some(baud);
        self.meter.tune(baud);
    }

    fn unmatched(&self) -> Vec<Vec<u8>> {
        self.meter.unmatched()
    }
}

impl Meter for Bus {
    fn on_bytes(&mut self, now: Duration, bytes: &[u8]) -> Vec<Reply> {
        let owners = &self.owners;
        let mut answers = self.meters.iter_mut().enumerate().map(|(place, meter)| {
            let before = meter.requests();
            let answer = meter.on_bytes(now, bytes);
            match meter.requests() - before {
                0 => {}
                new => owners.took(place, new),
            }
            answer
        });
        let first = answers.next().unwrap_or_default();
        answers.fold(first, |heard, more| match (heard.is_empty(), more.is_empty()) {
            (_, true) => heard,
            (true, false) => more,
            (false, false) => collide(&heard, &more),
        })
    }

    fn requests(&self) -> u64 {
        self.meters.iter().map(|meter| meter.requests()).sum()
    }

    fn disguise(&mut self, as_other: Option<Disguise>) {
        self.meters.iter_mut().for_each(|meter| meter.disguise(as_other));
    }

    fn shift_clock(&mut self, seconds: i64) {
        self.meters.iter_mut().for_each(|meter| meter.shift_clock(seconds));
    }

    fn tune(&mut self, baud: u32) {
        self.meters.iter_mut().for_each(|meter| meter.tune(baud));
    }

    fn sends_every(&self) -> Option<Duration> {
        self.meters.iter().find_map(|meter| meter.sends_every())
    }

    fn send(&mut self) -> Vec<Reply> {
        self.meters.iter_mut().flat_map(|meter| meter.send()).collect()
    }

    fn unmatched(&self) -> Vec<Vec<u8>> {
        self.meters.iter().flat_map(|meter| meter.unmatched()).collect()
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
