//! An electricity meter that sends telegrams of SML again and again (BSI TR-03109-1, annex IV) and hears nothing.

use crate::civil;
use crate::clock::SimClock;
use crate::faults::Faults;
use crate::iec::history::IecHistory;
use crate::meter::{Disguise, Meter, Reply};
use crate::serve::{Handle, Link};
use crate::truth::{Truth, TruthKind, TruthRecord, TruthValue};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Hours of history before the clock, and behind it.
const BEHIND_H: i64 = 60 * civil::DAY_H;
const AHEAD_H: i64 = 62 * civil::DAY_H;

/// Builds and is a meter.
#[derive(Clone)]
pub struct Sml {
    number: u32,
    every: Duration,
    seed: u64,
    clock: SimClock,
    faults: Faults,
    history: Option<Arc<IecHistory>>,
    disguise: Option<Disguise>,
    sent: u64,
}

impl Sml {
    /// The meter 1DZG0060694612, which sends every second.
    pub fn meter() -> Self {
        Self {
            number: 60_694_612,
            every: Duration::from_secs(1),
            seed: 1,
            clock: SimClock::running(3 * civil::HOUR_S, 0),
            faults: Faults::new(),
            history: None,
            disguise: None,
            sent: 0,
        }
    }

    /// Seed of the counted data.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// A civil time (the clock stands) or a [`SimClock`].
    pub fn clock(mut self, clock: impl Into<SimClock>) -> Self {
        self.clock = clock.into();
        self
    }

    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// How often telegrams are sent.
    pub fn every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// The meter without transport, and what it holds.
    pub fn link(mut self) -> Link {
        let now = self.clock.now_hour();
        self.history = Some(Arc::new(IecHistory::generate(self.seed, now - BEHIND_H, now + AHEAD_H)));
        let (truth, faults, clock) = (self.clone(), self.faults.clone(), self.clock.clone());
        Link::new(Box::new(self), faults)
            .with_truth(Arc::new(truth))
            .with_clock(clock)
    }

    /// Serves the meter on a free port of the loopback interface.
    pub async fn start_tcp(self) -> io::Result<Handle> {
        self.link().start_tcp().await
    }

    /// Name, unit, scaler and digits of what it measures and counts.
    fn entries(&self) -> Vec<([u8; 6], &'static str, u8, i8, i64)> {
        let hour = self.clock.now_hour();
        let Some(history) = &self.history else {
            return Vec::new();
        };
        let totals = history.totals(hour);
        let power = history.hour(hour - 1).map_or(0, |hour| hour.active_wh);
        vec![
            ([1, 0, 1, 8, 0, 255], "1-0:1.8.0", 30, -1, totals.active * 10),
            ([1, 0, 1, 8, 1, 255], "1-0:1.8.1", 30, -1, totals.day * 10),
            ([1, 0, 1, 8, 2, 255], "1-0:1.8.2", 30, -1, totals.night * 10),
            ([1, 0, 16, 7, 0, 255], "1-0:16.7.0", 27, 0, power),
        ]
    }

    fn telegram(&self) -> Vec<u8> {
        let number = self.number + u32::from(self.disguise.is_some());
        let mut id = vec![0x0a, 1, b'D', b'Z', b'G', 0];
        id.extend(number.to_be_bytes());
        let mut list = vec![0x77, 0x01];
        list.extend(octets(&id));
        list.extend([0x01, 0x72, 0x62, 0x01, 0x65]);
        list.extend(u32::try_from(self.sent).unwrap_or(u32::MAX).to_be_bytes());
        let entries = self.entries();
        list.push(0x71 + u8::try_from(entries.len()).unwrap_or(0));
        list.extend([0x77]);
        list.extend(octets(&[1, 0, 96, 1, 0, 255]));
        list.extend([0x01; 4]);
        list.extend(octets(&id));
        list.push(0x01);
        for (name, _, unit, scaler, digits) in entries {
            list.push(0x77);
            list.extend(octets(&name));
            list.extend([0x01, 0x01, 0x62, unit, 0x52]);
            list.extend(scaler.to_be_bytes());
            list.push(0x59);
            list.extend(digits.to_be_bytes());
            list.push(0x01);
        }
        list.extend([0x01, 0x01]);
        let mut open = vec![0x76, 0x01, 0x01];
        open.extend(octets(&self.sent.to_be_bytes()));
        open.extend(octets(&id));
        open.extend([0x01, 0x01]);
        let file = [
            message(1, 0x0101, &open),
            message(2, 0x0701, &list),
            message(3, 0x0201, &[0x71, 0x01]),
        ];
        transport(&file.concat())
    }
}

/// An octet string of less than 15 bytes.
fn octets(bytes: &[u8]) -> Vec<u8> {
    let mut all = vec![u8::try_from(bytes.len() + 1).unwrap_or(1)];
    all.extend(bytes);
    all
}

fn message(number: u8, kind: u16, body: &[u8]) -> Vec<u8> {
    let mut all = vec![0x76, 0x02, number, 0x62, 0x00, 0x62, 0x00, 0x72, 0x63];
    all.extend(kind.to_be_bytes());
    all.extend(body);
    let check = crc(&all);
    all.push(0x63);
    all.extend(check);
    all.push(0x00);
    all
}

/// Escape sequences, padding and the check of all.
fn transport(file: &[u8]) -> Vec<u8> {
    let mut all = vec![0x1b, 0x1b, 0x1b, 0x1b, 1, 1, 1, 1];
    all.extend(file);
    let padding = (4 - file.len() % 4) % 4;
    all.extend(vec![0; padding]);
    all.extend([0x1b, 0x1b, 0x1b, 0x1b, 0x1a, u8::try_from(padding).unwrap_or(0)]);
    let check = crc(&all);
    all.extend(check);
    all
}

/// CRC-16/X-25, low byte first.
fn crc(bytes: &[u8]) -> [u8; 2] {
    let sum = bytes.iter().fold(0xffff_u16, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte), |sum, _| {
            if sum & 1 == 1 { sum >> 1 ^ 0x8408 } else { sum >> 1 }
        })
    });
    (!sum).to_le_bytes()
}

impl Meter for Sml {
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

impl Truth for Sml {
    fn truth(&self, kind: TruthKind) -> Vec<TruthRecord> {
        let is_wanted = |name: &str| match kind {
            TruthKind::Current => name == "1-0:16.7.0",
            TruthKind::TotalsNow => name != "1-0:16.7.0",
            _ => false,
        };
        let entries = self.entries().into_iter().filter(|(_, name, ..)| is_wanted(name));
        let values: Vec<_> = entries
            .map(|(_, name, _, scaler, digits)| TruthValue {
                name,
                input: 0,
                value: Some(digits as f64 / 10f64.powi(-i32::from(scaler))),
                digits: Some((digits, scaler.unsigned_abs())),
            })
            .collect();
        let now = self.clock.now();
        let record = TruthRecord {
            start: now,
            end: now,
            values,
            ns: Vec::new(),
        };
        if record.values.is_empty() {
            Vec::new()
        } else {
            vec![record]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telegram_has_its_escapes_and_its_check() {
        assert_eq!(crc(b"123456789"), [0x6e, 0x90]);
        let mut meter = Sml::meter().link().into_meter();
        let bytes = meter.send().remove(0).bytes;
        assert_eq!(
            (bytes[..8].to_vec(), bytes.len() % 4),
            (vec![0x1b, 0x1b, 0x1b, 0x1b, 1, 1, 1, 1], 0)
        );
        assert_eq!(bytes[bytes.len() - 8..bytes.len() - 3], [0x1b, 0x1b, 0x1b, 0x1b, 0x1a]);
    }
}
