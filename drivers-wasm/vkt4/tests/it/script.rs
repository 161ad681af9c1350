//! A scripted meter at the end of a line that spoils both ways. Its answers are those of the vectors, with other dates.

use std::collections::BTreeSet;

use uzel_driver_sdk::wire::{FarEnd, Wire};
use uzel_driver_sdk::{CivilTime, Instant};

use crate::corpus::bytes;

/// How long an answer takes.
const EXCHANGE_MS: Instant = 50;

/// Shares in a hundred.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Answers with a flipped bit.
    pub flips: u64,
    /// Answers in which two bytes change so that the sum stays.
    pub sly: u64,
    /// Answers with a lost byte.
    pub cuts: u64,
    /// Answers that come with the next one.
    pub late: u64,
    pub doubled: u64,
    /// Answers that come again in front of the next one.
    pub again: u64,
    pub lost: u64,
}

/// Splitmix64.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (value ^ (value >> 31)) % end.max(1)
    }
}

/// One ВКТ-4М that stands at 21 March 2024, 14 h.
pub struct Script {
    pub device: u8,
    /// Data of the answers to 41, 44, 45, 46.
    pub kind: u8,
    pub totals: Vec<u8>,
    pub current: Vec<u8>,
    pub settings: Vec<u8>,
    /// A record, without its date.
    pub record: Vec<u8>,
    /// Days of March and hours without a record; hour 24 is a day.
    pub missing: BTreeSet<(u8, u8)>,
    /// Codes that are not understood.
    pub refuses: Vec<u8>,
    /// Data of requests so far, behind the code.
    pub asked: Vec<Vec<u8>>,
    /// How many of them had 16 FF before them.
    pub woken: usize,
    pub faults: Faults,
    pub chance: Chance,
    selected: bool,
    held: Vec<u8>,
}

impl Script {
    pub fn new() -> Wire<Self> {
        let data = |name: &str, length: usize| bytes(name).1[5..5 + length].to_vec();
        Wire::new(Self {
            device: 1,
            kind: 8,
            totals: data("totals_4M", 48),
            current: data("current_4M", 18),
            settings: data("settings_4M", 10),
            record: data("hourly_4M_two_records", 82)[5..].to_vec(),
            missing: BTreeSet::new(),
            refuses: Vec::new(),
            asked: Vec::new(),
            woken: 0,
            faults: Faults::default(),
            chance: Chance(1),
            selected: false,
            held: Vec::new(),
        })
    }

    fn reply(&mut self, request: &[u8]) -> Option<Vec<u8>> {
        if request == [0xff; 16] {
            (self.selected, self.woken) = (true, self.woken + 1);
            return None;
        }
        let &[0x10, device, code, a, b, month, day, hour, count, _, 0x16] = request else {
            panic!("the driver sent no request: {request:02x?}");
        };
        self.asked.push(request[2..9].to_vec());
        self.selected &= device == self.device;
        if !self.selected {
            return None;
        }
        if self.refuses.contains(&code) {
            return Some(self.frame(0xc4, &request[2..9]));
        }
        let date = [a, b, month, day, hour];
        let of_ring = (a, b, month, count) == (0x07, 0xe8, 3, 1);
        let slot = (day, if code == 0x43 { 24 } else { hour });
        let without = !of_ring || day > 21 || self.missing.contains(&slot);
        // Records differ: their day and hour are their last volume.
        let mut record = [&date, self.record.as_slice()].concat();
        record[5 + 0x0e..5 + 0x10].copy_from_slice(&[slot.0, slot.1]);
        record[5 + 0x0c] = 0x80;
        Some(match code {
            0x41 => self.frame(code, &[self.kind]),
            0x42 | 0x43 if without => self.frame(code | 0x80, &date),
            0x42 | 0x43 => self.frame(code, &record),
            0x44 => self.frame(code, &self.totals),
            0x45 => self.frame(code, &self.current),
            0x46 => self.frame(code, &self.settings),
            _ => self.frame(0xc4, &request[2..9]),
        })
    }

    fn frame(&self, code: u8, data: &[u8]) -> Vec<u8> {
        let [high, low] = u16::try_from(data.len()).unwrap().to_be_bytes();
        let mut bytes = vec![0x10, self.device, code, high, low];
        bytes.extend_from_slice(data);
        let sum = bytes[1..].iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        bytes.extend([sum.wrapping_neg(), 0x16]);
        bytes
    }

    fn spoiled(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        let faults = self.faults;
        let mut is = |share| self.chance.below(100) < share;
        let (flip, sly, cut) = (is(faults.flips), is(faults.sly), is(faults.cuts));
        let (late, double, lost) = (is(faults.late), is(faults.doubled), is(faults.lost));
        let again = is(faults.again);
        let length = u64::try_from(bytes.len()).unwrap();
        let mut place = || usize::try_from(self.chance.below(length)).unwrap();
        let (one, other) = (place(), place());
        if flip {
            bytes[one] ^= 1 << self.chance.below(8);
        }
        if sly && one != other {
            let by = u8::try_from(1 + self.chance.below(255)).unwrap();
            bytes[one] = bytes[one].wrapping_add(by);
            bytes[other] = bytes[other].wrapping_sub(by);
        }
        if cut {
            bytes.remove(one);
        }
        if double {
            bytes.extend(bytes.clone());
        }
        let mut sent = std::mem::take(&mut self.held);
        match (lost, late) {
            (true, _) => {}
            (_, true) => self.held = bytes,
            _ if again => {
                sent.extend(&bytes);
                self.held = bytes;
            }
            _ => sent.extend(bytes),
        }
        sent
    }
}

/// A time of March 2024.
pub fn march(day: u8, hour: u8) -> CivilTime {
    CivilTime {
        year: 2024,
        month: 3,
        day,
        hour,
        minute: 0,
        second: 0,
    }
}

impl FarEnd for Script {
    fn answer(&mut self, request: &[u8], _now: Instant) -> Vec<(Instant, Vec<u8>)> {
        let answer = self.reply(request);
        answer
            .map(|bytes| (EXCHANGE_MS, self.spoiled(bytes)))
            .into_iter()
            .collect()
    }
}
