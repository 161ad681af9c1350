//! A ВКТ-5 written from the document and not from the driver: two heat inputs with three pipes, a year of records by a
//! formula, two regulators; and what a bad line makes of its answers.

use uzel_driver_sdk::wire::FarEnd;
use uzel_driver_sdk::{CivilTime, Instant, calendar};

/// Chances of faults, in thousandths.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    pub lost_request: u64,
    pub lost_answer: u64,
    pub flipped: u64,
    /// The answer comes with the next question.
    pub late: u64,
    pub repeated: u64,
}

/// The device and its line.
pub struct Device {
    pub address: u8,
    pub clock: CivilTime,
    /// Start of the archives.
    pub start: CivilTime,
    /// Hours since 1970 without a record.
    pub hole: std::ops::Range<i64>,
    pub points: [f32; 4],
    pub programme: [u8; 28],
    /// Types of the regulators as they are stored; FF: none.
    pub regulators: [u8; 2],
    /// Refuses writes of settings with this code.
    pub closed: Option<u8>,
    /// Answers to writes of settings are lost.
    pub is_mute: bool,
    pub writes: u32,
    /// The report is of the second form: records carry more times.
    pub long: bool,
    /// Refusals without their service byte.
    pub short_refusals: bool,
    /// Every question comes back before its answer.
    pub echoes: bool,
    pub faults: Faults,
    date: Option<[u16; 4]>,
    random: u64,
    held: Vec<Vec<u8>>,
}

pub fn at(month: u8, day: u8, hour: u8, minute: u8) -> CivilTime {
    CivilTime {
        year: 2026,
        month,
        day,
        hour,
        minute,
        second: 0,
    }
}

impl Device {
    pub fn new() -> Self {
        Self {
            address: 1,
            clock: at(11, 20, 10, 20),
            start: CivilTime {
                year: 2024,
                ..at(1, 1, 0, 0)
            },
            hole: 0..0,
            points: [22.0, 18.0, 21.0, 17.0],
            programme: std::array::from_fn(|place| if place / 7 % 2 == 0 { 6 } else { 22 }),
            regulators: [0, 4],
            closed: None,
            is_mute: false,
            writes: 0,
            long: false,
            short_refusals: false,
            echoes: false,
            faults: Faults::default(),
            date: None,
            random: 1,
            held: Vec::new(),
        }
    }

    pub fn seed(mut self, seed: u64) -> Self {
        self.random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        self
    }

    fn chance(&mut self, thousandths: u64) -> bool {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % 1_000 < thousandths
    }

    /// Seconds of the written date's interval, if there is a record.
    fn dated(&self, is_hour: bool) -> Result<i64, u8> {
        let [year, month, day, hour] = self.date.ok_or(2)?;
        let small = |word: u16| u8::try_from(word).unwrap_or(0);
        let date = CivilTime {
            year,
            month: small(month),
            day: small(day),
            hour: if is_hour { small(hour) } else { 0 },
            minute: 0,
            second: 0,
        };
        let (length, begin) = (if is_hour { 3_600 } else { 86_400 }, calendar::seconds(date).ok_or(2)?);
        let now = calendar::reckon(self.clock);
        let is_past = begin + length <= now;
        let oldest = (now / length * length - 45 * 86_400).max(calendar::reckon(self.start) / length * length);
        let is_there = is_past && begin >= oldest && !(is_hour && self.hole.contains(&(begin / 3_600)));
        if is_there { Ok(begin) } else { Err(2) }
    }

    fn answer_to(&mut self, function: u8, body: &[u8]) -> Result<Vec<u8>, u8> {
        let &[high, low, ..] = body else { return Err(7) };
        let (bits, array) = (high & 0xc0, high & 0x3f);
        match (function, array) {
            (3, 0x0e) => Ok(vec![0, 0x7d]),
            (3, 0x0a) => Ok(self.scheme()),
            (3, 0x0b) => Ok(words(self.clock)),
            (3, 0x0f) => Ok([b"1234567890123".as_slice(), &[2, 7, 0, 5]].concat()),
            (3, 0x14) => Ok([words(self.start), words(self.clock), words(self.start)].concat()),
            (3, 0x15) => Ok(self.points.map(f32::to_be_bytes).concat()),
            (3, 0x16) => Ok(self.programme.to_vec()),
            (3, 0) if bits == 0x80 => Ok(totals(low / 28)),
            (3, 0) => Ok(values(calendar::reckon(self.clock), low / 28)),
            (3, 4) if low == 1 => {
                let mut ns = vec![0u8; 18 * 2 + 6];
                // GSit of pipe 1, and something that nobody knows of pipe 2.
                (ns[13], ns[19]) = (0x17, 0x99);
                Ok(ns)
            }
            (3, 4) => Ok(vec![0; 18 + 6]),
            (3 | 4, 3) => Ok([5.0f32, f32::from_bits(u32::MAX), -7.5, 40.0, 0.0, 0.0]
                .map(f32::to_be_bytes)
                .concat()),
            (3 | 4, 7) => Ok(vec![0; 26]),
            (4, 0) => Ok(values(self.dated(bits == 0x40)?, low / 28)),
            (4, 4) => {
                let begin = self.dated(bits == 0x40)?;
                let pipes = if low == 1 { 2 } else { 1 };
                let mut ns = vec![0u8; 18 * pipes + if self.long { 18 } else { 6 }];
                ns[11] = u8::try_from(begin / 3_600 % 7).unwrap();
                Ok(ns)
            }
            _ => Err(7),
        }
    }

    fn scheme(&self) -> Vec<u8> {
        let mut bytes = vec![0u8; 60];
        bytes[..7].copy_from_slice(&[1, 0, 2, 1, 0, 2, 1]);
        bytes[7..14].copy_from_slice(&[1, 1, 3, 1, 0, 2, 1]);
        // Pipe 5 is in use, and its record says that there is cold water's temperature.
        bytes[28..35].copy_from_slice(&[2, 2, 0, 1, 1, 2, 1]);
        bytes[42..49].copy_from_slice(&[0, 0, 0, 0, 2, 0, 0]);
        bytes[56..60].copy_from_slice(&[self.regulators[0], self.regulators[1], 0, 1 + u8::from(self.long)]);
        bytes
    }

    fn store(&mut self, body: &[u8]) -> Result<(), u8> {
        let data = &body[5..];
        let word = |place: usize| u16::from_be_bytes([data[place * 2], data[place * 2 + 1]]);
        match body[0] {
            0x0b => self.date = Some([word(0), word(1), word(2), word(3)]),
            0x15 | 0x16 if self.closed.is_some() => return Err(self.closed.unwrap()),
            0x15 => {
                self.points =
                    std::array::from_fn(|place| f32::from_be_bytes(data[place * 4..place * 4 + 4].try_into().unwrap()));
                self.writes += 1;
            }
            0x16 => {
                self.programme = data.try_into().unwrap();
                self.writes += 1;
            }
            _ => return Err(7),
        }
        Ok(())
    }

    fn serve(&mut self, frame: &[u8]) -> Option<Vec<u8>> {
        let (body, check) = frame.split_at_checked(frame.len().checked_sub(2)?)?;
        let is_mine = body
            .first()
            .is_some_and(|address| *address == self.address || self.address == 0);
        if crc(body).to_le_bytes() != check || !is_mine || body.len() < 6 {
            return None;
        }
        let (head, body) = (&body[..2], &body[2..]);
        let answer = match head[1] {
            0x10 => self.store(body).map(|()| body[..4].to_vec()),
            function => self
                .answer_to(function, body)
                .map(|data| [vec![u8::try_from(data.len()).unwrap()], data].concat()),
        };
        if self.is_mute && head[1] == 0x10 && body[0] != 0x0b {
            return None;
        }
        Some(match answer {
            Ok(data) => closed([head, &data].concat()),
            Err(code) if self.short_refusals => closed(vec![head[0], head[1] | 0x80, code]),
            Err(code) => closed(vec![head[0], head[1] | 0x80, code, 0]),
        })
    }
}

fn closed(mut body: Vec<u8>) -> Vec<u8> {
    body.extend(crc(&body).to_le_bytes());
    body
}

fn words(time: CivilTime) -> Vec<u8> {
    let words = [
        time.year,
        time.month.into(),
        time.day.into(),
        time.hour.into(),
        time.minute.into(),
    ];
    words.map(u16::to_be_bytes).concat()
}

/// Temperature of a pipe in an interval: no two are equal.
pub fn temperature(begin: i64, input: u8, pipe: u8) -> f32 {
    let place = begin / 3_600 % 8_192;
    f32::from(i16::try_from(place).unwrap()) / 128.0 + f32::from(input) * 64.0 + f32::from(pipe) * 256.0
}

fn values(begin: i64, input: u8) -> Vec<u8> {
    let pipes = if input == 1 { 2 } else { 1 };
    let mut numbers = Vec::new();
    for pipe in 1..=pipes {
        numbers.extend([temperature(begin, input, pipe), 0.5, 2.5]);
    }
    // A zero as such a device has it.
    numbers.extend([2.5, 1.25, f32::from_bits(0x0080_0000), 0.25, 0.0]);
    numbers.into_iter().flat_map(f32::to_be_bytes).collect()
}

fn totals(input: u8) -> Vec<u8> {
    let pipes = if input == 1 { 2u8 } else { 1 };
    let mut bytes = Vec::new();
    for pipe in 1..=pipes {
        bytes.extend([60.0f32, 0.5].map(f32::to_be_bytes).concat());
        bytes.extend((1_000.5 * f64::from(pipe) + f64::from(input)).to_be_bytes());
    }
    bytes.extend([100.25, 50.5, 1e-37, 0.5, 0.0].map(f64::to_be_bytes).concat());
    bytes
}

impl FarEnd for Device {
    fn answer(&mut self, request: &[u8], _: Instant) -> Vec<(Instant, Vec<u8>)> {
        let mut out: Vec<(Instant, Vec<u8>)> = self.held.drain(..).map(|held| (3, held)).collect();
        if self.echoes {
            out.push((1, request.to_vec()));
        }
        let faults = self.faults;
        if self.chance(faults.lost_request) {
            return out;
        }
        let Some(mut frame) = self.serve(request) else {
            return out;
        };
        if self.chance(faults.lost_answer) {
            return out;
        }
        if self.chance(faults.flipped) {
            let place = usize::try_from(self.random % 251).unwrap() % frame.len();
            frame[place] ^= 1 << (self.random % 7);
        }
        if self.chance(faults.late) {
            self.held.push(frame);
            return out;
        }
        if self.chance(faults.repeated) {
            // Sometimes behind the next question.
            out.push((if self.random.is_multiple_of(2) { 9 } else { 12 }, frame.clone()));
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
