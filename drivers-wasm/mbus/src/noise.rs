//! A simulated meter behind a line that flips, drops and adds bytes, loses, delays and repeats answers.

use std::collections::{BTreeMap, BTreeSet};

use uzel_driver_sdk::{Instant, Level, LineError, Medium, Port, Reading, Settings, Until};

use crate::frame;

/// Xorshift: the same faults for the same seed.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    fn one_in(&mut self, chances: u64) -> bool {
        chances > 0 && self.below(chances) == 0
    }
}

/// How often the line does what: one in so many bytes or answers, 0 is never.
#[derive(Clone, Copy)]
pub struct Faults {
    pub flip: u64,
    pub drop: u64,
    pub add: u64,
    /// Two flips of one answer that its sum does not show.
    pub treacherous: u64,
    pub lost: u64,
    pub late: u64,
    pub twice: u64,
}

/// A meter with three telegrams: energy now, power, and energy at the ends of months.
pub struct Meter {
    random: Random,
    frame_count_bit: Option<bool>,
    telegram: usize,
    access: u8,
    answer: Vec<u8>,
    powers: BTreeSet<u16>,
    /// Repeats its answer when the frame count bit is the same, as it should; else it measures anew.
    keeps_answers: bool,
}

pub const ENERGY: u32 = 123_456;
const TELEGRAMS: usize = 3;

impl Meter {
    /// The energy at the end of the month that is `storage` months before March 2014.
    pub fn kept(storage: u8) -> u32 {
        ENERGY - 1_000 * u32::from(storage)
    }

    /// A meter that keeps its answers has shown this power. Of one that measures anew the power lies between those
    /// that it has shown.
    pub fn has_shown(&self, power: i64) -> bool {
        let Ok(power) = u16::try_from(power) else { return false };
        let between = self.powers.first() <= Some(&power) && Some(&power) <= self.powers.last();
        self.powers.contains(&power) || (between && !self.keeps_answers)
    }

    fn ask(&mut self, request: &[u8]) -> Option<Vec<u8>> {
        match *request {
            [0x10, control, 1, check, 0x16] if check == control.wrapping_add(1) => match control {
                0x40 => {
                    self.frame_count_bit = None;
                    self.telegram = 0;
                    Some(vec![frame::ACK])
                }
                0x5b | 0x7b => Some(self.data(control & frame::FCB != 0)),
                _ => None,
            },
            _ => None,
        }
    }

    fn data(&mut self, bit: bool) -> Vec<u8> {
        let is_repeat = self.frame_count_bit == Some(bit);
        if is_repeat && self.keeps_answers {
            return self.answer.clone();
        }
        if self.frame_count_bit.is_some() && !is_repeat {
            self.telegram = (self.telegram + 1) % TELEGRAMS;
        }
        self.frame_count_bit = Some(bit);
        self.access = self.access.wrapping_add(1);
        let mut body = vec![0x78, 0x56, 0x34, 0x12, 0x2d, 0x2c, 8, 4, self.access, 0, 0, 0];
        let energy = |body: &mut Vec<u8>, storage: u8, energy: u32| {
            body.extend([0x84 | (storage & 1) << 6, storage >> 1, 0x06]);
            body.extend(energy.to_le_bytes());
        };
        match self.telegram {
            0 => {
                // Power moves by a little from answer to answer.
                let power = 20_000 + u16::try_from(self.random.below(16)).unwrap();
                self.powers.insert(power);
                energy(&mut body, 0, ENERGY);
                body.extend([0x02, 0x2b]);
                body.extend(power.to_le_bytes());
                // 2014-03-13 12:45
                body.extend([0x04, 0x6d, 0x2d, 0x0c, 0xcd, 0x13]);
            }
            telegram => {
                for storage in (1u8..).skip(telegram - 1).step_by(2).take(6) {
                    let month = 16 - storage;
                    let (year, month) = if month > 12 { (14, month - 12) } else { (13, month) };
                    body.extend([0x82 | (storage & 1) << 6, storage >> 1, 0x6c]);
                    body.extend([1 | (year & 7) << 5, month | year >> 3 << 4]);
                    energy(&mut body, storage, Self::kept(storage));
                }
            }
        }
        if self.telegram + 1 < TELEGRAMS {
            body.push(0x1f);
        }
        self.answer = frame::long(0x08, 1, 0x72, &body);
        self.answer.clone()
    }
}

/// The line, with its meter.
pub struct Line {
    pub meter: Meter,
    faults: Faults,
    random: Random,
    now: Instant,
    /// Bytes by the time when they come.
    coming: BTreeMap<Instant, Vec<u8>>,
}

impl Line {
    /// A line with these faults; the same seed gives the same ones.
    pub fn new(seed: u64, faults: Faults, keeps_answers: bool) -> Self {
        Self {
            meter: Meter {
                random: Random::new(seed ^ 0xabcd),
                frame_count_bit: Some(seed.is_multiple_of(2)),
                telegram: 0,
                access: 0,
                answer: Vec::new(),
                powers: BTreeSet::new(),
                keeps_answers,
            },
            faults,
            random: Random::new(seed),
            now: 1_394_700_000_000,
            coming: BTreeMap::new(),
        }
    }

    fn disturb(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut disturbed = Vec::new();
        for byte in bytes {
            if self.random.one_in(self.faults.add) {
                disturbed.push(u8::try_from(self.random.below(256)).unwrap());
            }
            if self.random.one_in(self.faults.drop) {
                continue;
            }
            let flip = if self.random.one_in(self.faults.flip) {
                1 << self.random.below(8)
            } else {
                0
            };
            disturbed.push(byte ^ flip);
        }
        disturbed
    }

    /// Raises a bit of one byte of the records and takes it from another: the sum stays.
    fn betray(&mut self, bytes: &mut [u8]) {
        let records = 19..bytes.len().saturating_sub(2);
        let bit = 1u8 << self.random.below(8);
        let mut places: Vec<usize> = records.collect();
        for wanted in [0, bit] {
            places.retain(|at| *at < bytes.len());
            let fitting: Vec<usize> = places.iter().copied().filter(|at| bytes[*at] & bit == wanted).collect();
            if fitting.is_empty() {
                return;
            }
        }
        for wanted in [0, bit] {
            let fitting: Vec<usize> = places.iter().copied().filter(|at| bytes[*at] & bit == wanted).collect();
            let at = fitting[usize::try_from(self.random.below(fitting.len() as u64)).unwrap()];
            bytes[at] ^= bit;
            places.retain(|place| *place != at);
        }
    }

    fn come(&mut self, after_ms: i64, bytes: &[u8]) {
        self.coming.entry(self.now + after_ms).or_default().extend(bytes);
    }
}

impl Port for Line {
    fn medium(&self) -> Medium {
        Medium::Tcp
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), LineError> {
        let request = self.disturb(bytes);
        let Some(mut answer) = self.meter.ask(&request) else {
            return Ok(());
        };
        if answer.len() > 20 && self.random.one_in(self.faults.treacherous) {
            self.betray(&mut answer);
        }
        let answer = self.disturb(&answer);
        if self.random.one_in(self.faults.lost) {
            return Ok(());
        }
        let late = self.random.one_in(self.faults.late);
        let delay = if late {
            500 + i64::try_from(self.random.below(2_500)).unwrap()
        } else {
            40
        };
        self.come(delay, &answer);
        if self.random.one_in(self.faults.twice) {
            let again = delay + i64::try_from(self.random.below(400)).unwrap();
            self.come(again, &answer);
        }
        Ok(())
    }

    fn read(&mut self, how: Reading) -> Result<Vec<u8>, LineError> {
        assert!(matches!(how.until, Until::Any));
        let deadline = self.now + i64::from(how.deadline_ms);
        let Some(mut next) = self.coming.first_entry().filter(|next| *next.key() <= deadline) else {
            self.now = deadline;
            return Err(LineError::Timeout(Vec::new()));
        };
        self.now = self.now.max(*next.key());
        let count = next.get().len().min(how.max.try_into().unwrap());
        let bytes: Vec<u8> = next.get_mut().drain(..count).collect();
        if next.get().is_empty() {
            next.remove();
        }
        if bytes.is_empty() { self.read(how) } else { Ok(bytes) }
    }

    fn exchange(&mut self, bytes: &[u8], how: Reading) -> Result<Vec<u8>, LineError> {
        self.purge();
        self.write(bytes)?;
        self.read(how)
    }

    fn purge(&mut self) -> u32 {
        let now = self.now;
        self.coming.retain(|at, _| *at > now);
        0
    }

    fn configure(&mut self, _settings: Settings) -> Result<(), LineError> {
        Ok(())
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn sleep(&mut self, ms: u32) {
        self.now += i64::from(ms);
    }

    fn log(&mut self, _level: Level, _text: &str) {}

    fn note(&mut self, _text: &str) {}

    fn recall(&self, _key: &str) -> Option<Vec<u8>> {
        None
    }

    fn remember(&mut self, _key: &str, _value: &[u8]) -> Result<(), String> {
        Ok(())
    }
}
