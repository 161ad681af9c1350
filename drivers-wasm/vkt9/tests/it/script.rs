//! A scripted meter at the end of a line that spoils both ways.

use uzel_driver_sdk::checksum::crc16_modbus;
use uzel_driver_sdk::wire::{FarEnd, Wire};
use uzel_driver_sdk::{CivilTime, Instant};

/// How long an answer takes.
const EXCHANGE_MS: Instant = 50;

/// Shares in a hundred.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Answers with a flipped bit.
    pub flips: u64,
    /// Answers with a lost byte.
    pub cuts: u64,
    /// Answers that come with the next one.
    pub late: u64,
    pub doubled: u64,
    /// Answers that come again in front of one of the next three.
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

/// One ВКТ-9 that stands at 21 March 2024, 14:30:45, and has hours of March since the 20th.
pub struct Script {
    pub serial: u32,
    /// What is said to function 11h.
    pub who: Vec<u8>,
    /// Whether it is some other Modbus device, without the functions of the maker's own.
    pub stranger: bool,
    /// Heat system 2 is there.
    pub second: bool,
    /// Day and hour of each record, in their order; hour 24 is a day. Their places are their pages.
    pub pages: Vec<(u8, u8)>,
    /// Unit of heat in blocks of heat systems.
    pub unit: u8,
    /// Bytes that stand behind each block.
    pub longer: usize,
    /// So many questions are refused: busy.
    pub busy: usize,
    /// Functions of the requests so far.
    pub asked: Vec<u8>,
    pub faults: Faults,
    pub chance: Chance,
    held: Vec<u8>,
    /// Copies, and in how many answers they come.
    strays: Vec<(u64, Vec<u8>)>,
}

impl Script {
    pub fn new() -> Wire<Self> {
        let hours = (0..24).map(|hour| (20, hour)).chain((0..14).map(|hour| (21, hour)));
        Wire::new(Self {
            serial: 123_456,
            who: b"VKT9\x01\x00\x02\x00".to_vec(),
            stranger: false,
            second: true,
            pages: hours.collect(),
            unit: 0,
            longer: 0,
            busy: 0,
            asked: Vec::new(),
            faults: Faults::default(),
            chance: Chance(1),
            held: Vec::new(),
            strays: Vec::new(),
        })
    }

    fn reply(&mut self, request: &[u8]) -> Vec<u8> {
        let (body, crc) = request.split_last_chunk::<2>().unwrap();
        assert_eq!(crc16_modbus(body).to_le_bytes(), *crc);
        let function = body[1];
        self.asked.push(function);
        let said = if self.busy > 0 {
            self.busy -= 1;
            Err(6)
        } else {
            self.say(function, &body[2..])
        };
        let answer = match said {
            Ok(data) => [&[1, function], data.as_slice()].concat(),
            Err(code) => vec![1, function | 0x80, code],
        };
        [answer.as_slice(), &crc16_modbus(&answer).to_le_bytes()].concat()
    }

    fn say(&self, function: u8, body: &[u8]) -> Result<Vec<u8>, u8> {
        match (function, body) {
            (3, [0, 0, 0, 2]) => Ok([&[4], self.serial.to_be_bytes().as_slice()].concat()),
            (3, [0, 2, 0, 6]) => Ok(vec![12, 0, 24, 0, 3, 0, 21, 0, 14, 0, 30, 0, 45]),
            (3 | 4, &[_, first, _, count]) => {
                // Registers that tell where they are.
                let bytes = (0..count * 2).map(|at| if at % 2 == 0 { 0 } else { first.wrapping_add(at) });
                Ok(std::iter::once(count * 2).chain(bytes).collect())
            }
            _ if self.stranger => Err(1),
            (0x11, []) => Ok(self.who.clone()),
            (0x42, &[archive, _, _, day]) => {
                let found = self
                    .pages
                    .iter()
                    .position(|page| page.0 >= day)
                    .unwrap_or(self.pages.len());
                let day = self.pages.get(found).map_or(day, |page| page.0);
                Ok(vec![archive, 24, 3, day, u8::try_from(found).unwrap(), 0])
            }
            (0x41, &[archive, flags, low, 0, 1]) => self.block(archive, flags, low),
            _ => Err(3),
        }
    }

    fn block(&self, archive: u8, flags: u8, page: u8) -> Result<Vec<u8>, u8> {
        let size = match flags {
            8 => 44,
            0x10 => 106,
            0x20 if self.second => 106,
            _ => return Err(3),
        };
        let mut block = vec![0; size + self.longer];
        match self.pages.get(usize::from(page)) {
            None => block.fill(0xff),
            Some((day, hour)) if flags == 8 => block[..4].copy_from_slice(&[24, 3, *day, *hour]),
            // Volume 1 of a system says whose it is.
            Some((day, hour)) => {
                block[36..40].copy_from_slice(&[flags, *hour, *day, 0x42]);
                block[101] = self.unit;
            }
        }
        let mut said = vec![archive, flags, page.saturating_add(1), 0, 1];
        said.extend(block);
        Ok(said)
    }

    fn spoiled(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        let faults = self.faults;
        let mut is = |share| self.chance.below(100) < share;
        let (flip, cut) = (is(faults.flips), is(faults.cuts));
        let (late, double, lost) = (is(faults.late), is(faults.doubled), is(faults.lost));
        let length = u64::try_from(bytes.len()).unwrap();
        let one = usize::try_from(self.chance.below(length)).unwrap();
        if flip {
            bytes[one] ^= 1 << self.chance.below(8);
        }
        if cut {
            bytes.remove(one);
        }
        if double {
            bytes.extend(bytes.clone());
        }
        let mut sent = std::mem::take(&mut self.held);
        self.strays.iter_mut().for_each(|(left, _)| *left -= 1);
        let due = self.strays.extract_if(.., |(left, _)| *left == 0);
        sent.extend(due.flat_map(|(_, bytes)| bytes));
        if self.chance.below(100) < faults.again {
            self.strays.push((1 + self.chance.below(3), bytes.clone()));
        }
        match (lost, late) {
            (true, _) => {}
            (_, true) => self.held = bytes,
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
        vec![(EXCHANGE_MS, self.spoiled(answer))]
    }
}
