//! A meter written from the Vzlet note and not from the driver: registers, arrays by time and by index, exceptions; and what
//! a bad line makes of its answers.

use std::collections::{BTreeMap, BTreeSet};

use uzel_driver_sdk::Instant;
use uzel_driver_sdk::calendar::{days, reckon};
use uzel_driver_sdk::wire::FarEnd;

/// Chances of faults, in thousandths.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    pub lost: u64,
    pub flipped: u64,
    pub cut: u64,
    /// The answer comes with the next question.
    pub late: u64,
    pub repeated: u64,
}

/// How long the intervals of an array are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Hour,
    Day,
    Month,
}

/// An array of records.
pub struct Array {
    pub size: usize,
    pub step: Step,
    /// The hour at which its days begin.
    pub hour: i64,
    /// By the time in the record.
    pub records: BTreeMap<i64, Vec<u8>>,
    /// Times of records whose check is wrong within the meter.
    pub damaged: BTreeSet<i64>,
    /// Missing records are refused with this exception in place of zeros.
    pub refuses: Option<u8>,
}

impl Array {
    pub fn new(size: usize, step: Step) -> Self {
        Self {
            size,
            step,
            hour: 0,
            records: BTreeMap::new(),
            damaged: BTreeSet::new(),
            refuses: None,
        }
    }
}

/// The meter and its line.
pub struct Far {
    pub is_ascii: bool,
    pub unit: u8,
    /// Data of function 17.
    pub name: Option<Vec<u8>>,
    /// By function and address.
    pub registers: BTreeMap<(u8, u16), u16>,
    pub arrays: BTreeMap<u16, Array>,
    /// Rings of journals, by index.
    pub journals: BTreeMap<u16, Vec<Vec<u8>>>,
    /// Answers this many questions with exception 6 first.
    pub busy: u32,
    pub faults: Faults,
    pub random: u64,
    /// Answers that are late.
    pub held: Vec<Vec<u8>>,
}

impl Far {
    pub fn new(name: &[u8]) -> Self {
        Self {
            is_ascii: false,
            unit: 1,
            name: Some(name.to_vec()),
            registers: BTreeMap::new(),
            arrays: BTreeMap::new(),
            journals: BTreeMap::new(),
            busy: 0,
            faults: Faults::default(),
            random: 1,
            held: Vec::new(),
        }
    }

    pub fn seed(mut self, seed: u64) -> Self {
        self.random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        self
    }

    /// Puts bytes into registers of a function from an address on.
    pub fn put(&mut self, function: u8, at: u16, bytes: &[u8]) {
        for (at, pair) in (at..).zip(bytes.chunks(2)) {
            let pair = [pair[0], pair.get(1).copied().unwrap_or(0)];
            self.registers.insert((function, at), u16::from_be_bytes(pair));
        }
    }

    fn chance(&mut self, thousandths: u64) -> bool {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % 1_000 < thousandths
    }

    fn open(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        if !self.is_ascii {
            let (body, check) = bytes.split_at(bytes.len() - 2);
            return (crc(body).to_le_bytes() == check).then(|| body.to_vec());
        }
        let text = std::str::from_utf8(bytes).ok()?.trim().strip_prefix(':')?.to_owned();
        let digits = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
        let body: Vec<u8> = (0..text.len()).step_by(2).map(digits).collect::<Option<_>>()?;
        let sum = body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        (sum == 0).then(|| body[..body.len() - 1].to_vec())
    }

    fn close(&self, body: &[u8]) -> Vec<u8> {
        if !self.is_ascii {
            return [body, &crc(body).to_le_bytes()].concat();
        }
        let sum = body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        let digits: String = body
            .iter()
            .chain([&0u8.wrapping_sub(sum)])
            .map(|byte| format!("{byte:02X}"))
            .collect();
        format!(":{digits}\r\n").into_bytes()
    }

    /// Function and what follows it in an answer.
    fn act(&mut self, body: &[u8]) -> Vec<u8> {
        let function = body[1];
        if self.busy > 0 {
            self.busy -= 1;
            return vec![function | 0x80, 6];
        }
        let counted = |data: Vec<u8>| [vec![function, u8::try_from(data.len()).unwrap()], data].concat();
        let word = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
        match function {
            3 | 4 => {
                let registers = (0..word(4)).map(|place| self.registers.get(&(function, word(2) + place)).copied());
                match registers.collect::<Option<Vec<u16>>>() {
                    Some(registers) => counted(registers.iter().flat_map(|register| register.to_be_bytes()).collect()),
                    None => vec![function | 0x80, 2],
                }
            }
            0x11 => match &self.name {
                Some(name) => counted(name.clone()),
                None => vec![function | 0x80, 1],
            },
            0x41 => match self.records(body) {
                Ok(data) => counted(data),
                Err(0) => [&[0xc1], &body[2..]].concat(),
                Err(code) => vec![0xc1, code],
            },
            _ => vec![function | 0x80, 1],
        }
    }

    /// Records as asked; 0 is the question given back.
    fn records(&self, body: &[u8]) -> Result<Vec<u8>, u8> {
        let word = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
        let (number, count) = (word(2), word(4));
        if body[6] == 0 {
            let first = usize::from(word(7));
            if let Some(array) = self.arrays.get(&number) {
                return array.records.values().nth(first).cloned().ok_or(3);
            }
            let ring = self.journals.get(&number).ok_or(2)?;
            let entries = ring.get(first..first + usize::from(count)).ok_or(3)?;
            return Ok(entries.concat());
        }
        let array = self.arrays.get(&number).ok_or(2)?;
        let [second, minute, hour, day, month, year] = *body[7..13].first_chunk().unwrap();
        let from = reckon(uzel_driver_sdk::CivilTime {
            year: 2_000 + u16::from(year),
            month,
            day,
            hour,
            minute,
            second,
        });
        let mut data = Vec::new();
        for place in 0..i64::from(count) {
            let time = array.end(from, place) - 1;
            if array.damaged.contains(&time) {
                return Err(0);
            }
            match (array.records.get(&time), array.refuses) {
                (Some(record), _) => data.extend(record),
                (None, Some(code)) => return Err(code),
                (None, None) => data.extend(vec![0; array.size]),
            }
        }
        if data.len() > 255 { Err(3) } else { Ok(data) }
    }
}

impl Array {
    /// The end of the interval `place` behind the one in which `from` is.
    fn end(&self, from: i64, place: i64) -> i64 {
        const HOUR: i64 = 3_600;
        match self.step {
            Step::Hour => (from.div_euclid(HOUR) + place + 1) * HOUR,
            Step::Day => ((from - self.hour * HOUR).div_euclid(24 * HOUR) + place + 1) * 24 * HOUR + self.hour * HOUR,
            Step::Month => {
                let (year, month, _) = uzel_driver_sdk::calendar::date(from.div_euclid(24 * HOUR));
                days(year, month + place + 1, 1) * 24 * HOUR
            }
        }
    }
}

impl FarEnd for Far {
    fn answer(&mut self, request: &[u8], _: Instant) -> Vec<(Instant, Vec<u8>)> {
        let mut out: Vec<(Instant, Vec<u8>)> = self.held.drain(..).map(|held| (3, held)).collect();
        let faults = self.faults;
        let Some(body) = self.open(request).filter(|body| body[0] == self.unit) else {
            return out;
        };
        if self.chance(faults.lost) {
            return out;
        }
        let answer = [vec![self.unit], self.act(&body)].concat();
        let mut frame = self.close(&answer);
        if self.chance(faults.flipped) {
            let at = usize::try_from(self.random).unwrap_or(0) % frame.len();
            frame[at] ^= 1 << (self.random % 7);
        }
        if self.chance(faults.cut) {
            frame.truncate(frame.len() / 2);
        }
        if self.chance(faults.late) {
            self.held.push(frame);
            return out;
        }
        if self.chance(faults.repeated) {
            out.push((9, frame.clone()));
        }
        out.push((7, frame));
        out
    }
}

fn crc(bytes: &[u8]) -> u16 {
    let mut crc = 0xffffu16;
    for byte in bytes {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xa001 } else { crc >> 1 };
        }
    }
    crc
}
