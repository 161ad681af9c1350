//! A device of registers, written from the standard and not from the driver: tables, exceptions, writes, file records; and
//! what a bad line makes of its answers.

use std::collections::{BTreeMap, BTreeSet};

use uzel_driver_sdk::Instant;

use uzel_driver_sdk::wire::FarEnd;

/// How it is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    Rtu,
    Ascii,
    Tcp,
}

impl Framing {
    pub fn name(self) -> &'static str {
        match self {
            Self::Rtu => "rtu",
            Self::Ascii => "ascii",
            Self::Tcp => "tcp",
        }
    }
}

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

/// Registers that change, with the first address of each run.
pub type Changes = Vec<(u16, Vec<u16>)>;

/// A device and its line.
pub struct Device {
    pub framing: Framing,
    pub unit: u8,
    pub holding: BTreeMap<u16, u16>,
    pub input: BTreeMap<u16, u16>,
    /// By file and record.
    pub files: BTreeMap<(u16, u16), Vec<u16>>,
    /// Limits of what may be written.
    pub ranges: BTreeMap<u16, (i16, i16)>,
    /// What is written here is changed on its way, as by a device that clips.
    pub clipped: BTreeSet<u16>,
    /// Writing here puts a record into the window at another register.
    pub windows: BTreeMap<u16, (u16, BTreeMap<u16, Vec<u16>>)>,
    pub written: Vec<(u16, u16)>,
    /// Every question comes back before its answer.
    pub echoes: bool,
    pub faults: Faults,
    /// What it says of itself: maker, product, revision, a text an answer. Empty: it does not know the function.
    pub texts: Vec<&'static str>,
    /// Does not answer a function that it does not know.
    pub mute: bool,
    /// Refuses to read more registers at once than this.
    pub most: u16,
    /// Every answer that was given, by its length in registers.
    pub reads: Vec<u16>,
    /// Never answers a read of more registers than this.
    pub mute_above: u16,
    /// Answers this many questions with exception 6 first.
    pub busy: u32,
    /// After so many questions these registers change.
    pub later: Option<(u32, Changes)>,
    random: u64,
    held: Vec<Vec<u8>>,
}

impl Device {
    pub fn new(framing: Framing) -> Self {
        Self {
            framing,
            unit: 1,
            holding: BTreeMap::new(),
            input: BTreeMap::new(),
            files: BTreeMap::new(),
            ranges: BTreeMap::new(),
            clipped: BTreeSet::new(),
            windows: BTreeMap::new(),
            written: Vec::new(),
            echoes: false,
            faults: Faults::default(),
            texts: Vec::new(),
            mute: false,
            most: 125,
            reads: Vec::new(),
            mute_above: 125,
            busy: 0,
            later: None,
            random: 1,
            held: Vec::new(),
        }
    }

    pub fn seed(mut self, seed: u64) -> Self {
        self.random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        self
    }

    pub fn put(&mut self, at: u16, registers: &[u16]) {
        for (at, register) in (at..).zip(registers) {
            self.holding.insert(at, *register);
        }
    }

    fn chance(&mut self, thousandths: u64) -> bool {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % 1_000 < thousandths
    }

    /// Unit, function and data of a question; with them what the answer must carry.
    fn open(&self, bytes: &[u8]) -> Option<(Vec<u8>, u16)> {
        match self.framing {
            Framing::Rtu => {
                let (body, check) = bytes.split_at(bytes.len() - 2);
                (crc(body).to_le_bytes() == check).then(|| (body.to_vec(), 0))
            }
            Framing::Ascii => {
                let text = std::str::from_utf8(bytes).ok()?.trim().strip_prefix(':')?.to_owned();
                let body: Option<Vec<u8>> = (0..text.len() / 2)
                    .map(|at| u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok())
                    .collect();
                let body = body?;
                let sum = body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
                (sum == 0).then(|| (body[..body.len() - 1].to_vec(), 0))
            }
            Framing::Tcp => Some((bytes.get(6..)?.to_vec(), u16::from_be_bytes([bytes[0], bytes[1]]))),
        }
    }

    fn close(&self, body: &[u8], transaction: u16) -> Vec<u8> {
        let mut frame = body.to_vec();
        match self.framing {
            Framing::Rtu => frame.extend(crc(body).to_le_bytes()),
            Framing::Ascii => {
                let sum = body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
                frame.push(0u8.wrapping_sub(sum));
                let digits: String = frame.iter().map(|byte| format!("{byte:02X}")).collect();
                frame = format!(":{digits}\r\n").into_bytes();
            }
            Framing::Tcp => {
                let length = u16::try_from(body.len()).unwrap();
                frame = [transaction.to_be_bytes(), [0, 0], length.to_be_bytes()].concat();
                frame.extend(body);
            }
        }
        frame
    }

    fn serve(&mut self, body: &[u8]) -> Option<Vec<u8>> {
        let (unit, function) = (*body.first()?, *body.get(1)?);
        if unit != self.unit {
            return None;
        }
        let answer = if self.busy > 0 {
            self.busy -= 1;
            Err(6)
        } else if function == 43 {
            if self.texts.is_empty() && self.mute {
                return None;
            }
            self.told(usize::from(*body.get(4)?))
        } else {
            let word = |at: usize| body.get(at..at + 2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            self.act(function, word(2)?, word(4)?, body)
        };
        Some(match answer {
            Ok(data) => [&[unit, function], data.as_slice()].concat(),
            Err(code) => vec![unit, function | 0x80, code],
        })
    }

    fn act(&mut self, function: u8, first: u16, second: u16, body: &[u8]) -> Result<Vec<u8>, u8> {
        let bytes = |registers: &[u16]| {
            registers
                .iter()
                .flat_map(|register| register.to_be_bytes())
                .collect::<Vec<_>>()
        };
        match function {
            3 | 4 if second > self.most => Err(3),
            3 | 4 => {
                let table = if function == 3 { &self.holding } else { &self.input };
                let registers: Option<Vec<u16>> = (first..first + second).map(|at| table.get(&at).copied()).collect();
                let data = bytes(&registers.ok_or(2)?);
                self.reads.push(second);
                Ok([&[u8::try_from(data.len()).unwrap()], data.as_slice()].concat())
            }
            6 => {
                self.store(first, second)?;
                Ok(bytes(&[first, second]))
            }
            16 => {
                for (at, pair) in (first..).zip(body[7..].chunks_exact(2)) {
                    self.store(at, u16::from_be_bytes([pair[0], pair[1]]))?;
                }
                Ok(bytes(&[first, second]))
            }
            20 => {
                let word = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
                let record = self.files.get(&(word(4), word(6))).ok_or(2)?;
                let data = bytes(&record[..usize::from(word(8))]);
                let length = u8::try_from(data.len()).unwrap();
                Ok([&[length + 2, length + 1, 6], data.as_slice()].concat())
            }
            _ => Err(1),
        }
    }

    /// One of its texts.
    fn told(&self, object: usize) -> Result<Vec<u8>, u8> {
        let small = |number: usize| u8::try_from(number).unwrap();
        let text = self
            .texts
            .get(object)
            .ok_or(if self.texts.is_empty() { 1 } else { 2 })?;
        let more = if object + 1 < self.texts.len() { 0xff } else { 0 };
        let head = [14, 1, 1, more, small(object + 1), 1, small(object), small(text.len())];
        Ok([&head, text.as_bytes()].concat())
    }

    fn store(&mut self, at: u16, value: u16) -> Result<(), u8> {
        if let Some((window, records)) = self.windows.get(&at).cloned() {
            let record = records.get(&value).ok_or(3)?;
            self.put(window, record);
            self.holding.insert(at, value);
            return Ok(());
        }
        let (least, most) = self.ranges.get(&at).ok_or(2)?;
        if !(*least..=*most).contains(&value.cast_signed()) {
            return Err(3);
        }
        self.written.push((at, value));
        let value = if self.clipped.contains(&at) { value - 1 } else { value };
        self.holding.insert(at, value);
        Ok(())
    }
}

impl FarEnd for Device {
    fn answer(&mut self, request: &[u8], _: Instant) -> Vec<(Instant, Vec<u8>)> {
        let mut out: Vec<(Instant, Vec<u8>)> = self.held.drain(..).map(|held| (3, held)).collect();
        if self.echoes {
            out.push((1, request.to_vec()));
        }
        match self.later.take() {
            Some((0, changes)) => changes.iter().for_each(|(at, registers)| self.put(*at, registers)),
            Some((left, changes)) => self.later = Some((left - 1, changes)),
            None => {}
        }
        let faults = self.faults;
        if self.chance(faults.lost_request) {
            return out;
        }
        let Some((body, transaction)) = self.open(request) else {
            return out;
        };
        let is_mute = matches!(body[..], [_, 3, _, _, high, low] if u16::from_be_bytes([high, low]) > self.mute_above);
        if is_mute {
            return out;
        }
        let Some(answer) = self.serve(&body) else { return out };
        let mut frame = self.close(&answer, transaction);
        if self.chance(faults.lost_answer) {
            return out;
        }
        if self.chance(faults.flipped) {
            let at = usize::try_from(self.random).unwrap_or(0) % frame.len();
            frame[at] ^= 1 << (self.random % 7);
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
