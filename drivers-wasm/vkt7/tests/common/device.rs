//! A ВКТ-7 small enough to be judged by eye, and a line that spoils what passes. Its values are a function of source,
//! date and element, so that a value in a wrong place is seen.

use uzel_driver_sdk::checksum::crc16_modbus;
use uzel_driver_sdk::{CivilTime, Instant};

use uzel_driver_sdk::wire::FarEnd;

/// Active elements and their sizes.
pub const ACTIVE: &[(u8, u8)] = &[
    (0, 2),
    (1, 2),
    (3, 4),
    (4, 4),
    (6, 4),
    (7, 4),
    (9, 2),
    (10, 2),
    (11, 4),
    (12, 4),
    (14, 2),
    (17, 4),
    (18, 4),
    (19, 4),
    (20, 4),
    (25, 4),
    (28, 4),
    (39, 4),
    (40, 4),
    (77, 1),
    (79, 10),
];

/// What a device has and does.
pub struct Device {
    pub now: CivilTime,
    pub hourly_from: CivilTime,
    pub daily_from: CivilTime,
    /// Dates for which there is no record.
    pub holes: Vec<(u8, [u8; 4])>,
    /// The next so many reads of data are refused with exception 5, each time with the element list below.
    pub scheme_changes: Vec<Vec<(u8, u8)>>,
    pub active: Vec<(u8, u8)>,
    pub counted_units: bool,
    pub outputs: [u8; 2],
    source: u8,
    list: Vec<(u8, u8)>,
    date: [u8; 4],
    fresh: bool,
}

/// What a line does to one request and its answer, each in 1000.
#[derive(Clone, Copy, Default)]
pub struct Faults {
    pub lost_request: u64,
    pub lost_answer: u64,
    pub flipped: u64,
    pub inserted: u64,
    pub dropped: u64,
    pub late: u64,
    pub repeated: u64,
}

/// A device behind a line with faults.
pub struct Spoiled {
    pub device: Device,
    pub faults: Faults,
    pub random: Random,
}

pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn happens(&mut self, in_1000: u64) -> bool {
        self.next() % 1000 < in_1000
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next()).unwrap() % limit.max(1)
    }
}

impl Device {
    pub fn new() -> Self {
        let at = |year, month, day, hour| CivilTime {
            year,
            month,
            day,
            hour,
            minute: 0,
            second: 0,
        };
        Self {
            now: CivilTime {
                minute: 30,
                second: 5,
                ..at(2024, 3, 21, 14)
            },
            hourly_from: at(2024, 3, 1, 0),
            daily_from: at(2024, 1, 1, 23),
            holes: Vec::new(),
            scheme_changes: Vec::new(),
            active: ACTIVE.to_vec(),
            counted_units: true,
            outputs: [0, 1],
            source: 0,
            list: Vec::new(),
            date: [0; 4],
            fresh: false,
        }
    }

    /// The bytes of an element in a record.
    pub fn truth(source: u8, date: [u8; 4], index: u8, size: u8) -> Vec<u8> {
        let interval = match source {
            0 => 1_u64,
            1 => 24,
            _ => 720,
        };
        match index {
            17 | 39 => return (interval - 1).to_le_bytes()[..4].to_vec(),
            18 | 40 => return 1_u32.to_le_bytes().to_vec(),
            19 | 20 => return (f32::from(date[3]) + 0.25 + f32::from(index)).to_le_bytes().to_vec(),
            77 => return vec![b' '],
            79 => return [1_u8, 0, 0, 0, 0, 0, 0, 0, 0, 0].to_vec(),
            _ => {}
        }
        let key = u32::from_le_bytes(date) ^ u32::from(source) << 24 ^ u32::from(index) << 27;
        let mixed = (u64::from(key) | 1 << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
        (mixed % 30_000).to_le_bytes()[..usize::from(size)].to_vec()
    }

    fn date_of(time: CivilTime) -> [u8; 4] {
        [time.day, time.month, u8::try_from(time.year - 2000).unwrap(), time.hour]
    }

    fn order([day, month, year, hour]: [u8; 4]) -> [u8; 4] {
        [year, month, day, hour]
    }

    /// Whether the source has a closed record of this date.
    fn holds(&self, date: [u8; 4]) -> bool {
        let now = Self::order(Self::date_of(self.now));
        let asked = Self::order(date);
        let from = match self.source {
            0 => Self::order(Self::date_of(self.hourly_from)),
            1 => Self::order(Self::date_of(self.daily_from)),
            _ => [0; 4],
        };
        let closed = match self.source {
            0 => asked < now,
            1 => asked[..3] < now[..3],
            2 | 3 => asked[..2] < now[..2],
            _ => true,
        };
        closed && asked >= from && self.source != 6 && !self.holes.contains(&(self.source, date))
    }

    /// The answer to one request, without faults.
    pub fn reply(&mut self, request: &[u8]) -> Option<Vec<u8>> {
        let at = request.iter().position(|byte| *byte != 0xff)?;
        let (body, check) = request[at..].split_last_chunk::<2>()?;
        if crc16_modbus(body) != u16::from_le_bytes(*check) {
            return None;
        }
        let &[address, function, high, low, ref rest @ ..] = body else {
            return None;
        };
        let answer = match (function, u16::from_be_bytes([high, low])) {
            (3, register) => self.read(register),
            (16, register) => self.write(register, rest.get(3..)?).map(|()| Vec::new()),
            _ => Err(1),
        };
        let mut frame = match answer {
            Err(code) => vec![address, function | 0x80, code, high],
            Ok(_) if function == 16 => vec![address, 16, high, low, 0, 0],
            Ok(data) => {
                let mut frame = vec![address, 3, u8::try_from(data.len()).unwrap()];
                frame.extend(data);
                frame
            }
        };
        frame.extend(crc16_modbus(&frame).to_le_bytes());
        Some(frame)
    }

    fn write(&mut self, register: u16, payload: &[u8]) -> Result<(), u8> {
        match register {
            0x3fff if payload == [0x80, 0, 0, 0] => self.fresh = true,
            0x3fff => {
                let listed = payload.chunks(6).map(|chunk| (chunk[0], chunk[4]));
                self.list = listed.collect();
            }
            0x3ffd => self.source = payload[0],
            0x3ffb => {
                let date = *payload.first_chunk::<4>().ok_or(2)?;
                if !self.holds(date) {
                    return Err(3);
                }
                self.date = date;
            }
            0x3fee => self.outputs = [payload[0], payload[1]],
            _ => return Err(6),
        }
        Ok(())
    }

    fn read(&mut self, register: u16) -> Result<Vec<u8>, u8> {
        let fresh = std::mem::take(&mut self.fresh);
        let now = Self::date_of(self.now);
        Ok(match register {
            0x3ffe if fresh => {
                let mut data = vec![0; 174];
                data[61] = u8::from(self.counted_units);
                data
            }
            0x3ffe => self.data()?,
            0x3ffc => self
                .active
                .iter()
                .flat_map(|(index, size)| [*index, 0, 0, 0x40, *size, 0])
                .collect(),
            0x3ff9 => [&[0x27, 8, 6, 0x98, 2][..], b"00247792", &[0, 31, 4]].concat(),
            0x3ff6 => [Self::date_of(self.hourly_from), now, Self::date_of(self.daily_from)].concat(),
            0x3ffb => [&now[..], &[self.now.minute, self.now.second, 0xc0, 0]].concat(),
            0x3fe9 => vec![0, 0xc0, 0],
            0x3ecd | 0x3f5b => vec![3, 0xc0, 0],
            0x3ea6 => [&[8, 0][..], b"00247792", &[0xc0, 0]].concat(),
            0x3fee => self.outputs.to_vec(),
            _ => return Err(6),
        })
    }

    fn data(&mut self) -> Result<Vec<u8>, u8> {
        if self.source == 6 {
            return Ok(self.properties());
        }
        if let Some(active) = (!self.scheme_changes.is_empty()).then(|| self.scheme_changes.remove(0)) {
            self.active = active;
            return Err(5);
        }
        let date = if self.source < 4 {
            self.date
        } else {
            [0, 0, 0, self.source]
        };
        let listed = self.list.iter();
        let one = |(index, size): &(u8, u8)| {
            let active = self.active.iter().any(|(known, _)| known == index);
            let native = if matches!(index, 0..=2 | 9 | 10 | 14) { 2 } else { 4 };
            let size = if *size == 0 { &native } else { size };
            let mut bytes = Self::truth(self.source, date, *index, *size);
            bytes.extend(if active { [0xc0, 0] } else { [4, 0] });
            bytes
        };
        Ok(listed.flat_map(one).collect())
    }

    fn properties(&self) -> Vec<u8> {
        let mut data = Vec::new();
        for (index, _) in &self.list {
            let unit: &[u8] = match index {
                44 => &[0xf8, 0x43],
                45 => &[0xac, 0x33, 0x2f, 0xe7],
                46 => &[0x20, 0xac, 0x33],
                47 => &[0x20, 0xe2],
                48 => &[0xaa, 0xa3, 0x2f, 0xe1, 0xac, 0x32],
                53 => &[0x83, 0xaa, 0xa0, 0xab],
                55 | 56 => &[0xe7],
                66 | 76 => &[3],
                _ => &[2],
            };
            match (*index < 57, self.counted_units) {
                (true, true) => data.extend([u8::try_from(unit.len()).unwrap(), 0]),
                (true, false) => data.extend(vec![0x20; 7 - unit.len()]),
                _ => {}
            }
            data.extend(unit);
            data.extend([0xc0, 0]);
        }
        data
    }
}

impl FarEnd for Device {
    fn answer(&mut self, request: &[u8], _: Instant) -> Vec<(Instant, Vec<u8>)> {
        self.reply(request).map(|answer| (50, answer)).into_iter().collect()
    }
}

impl FarEnd for Spoiled {
    fn answer(&mut self, request: &[u8], _: Instant) -> Vec<(Instant, Vec<u8>)> {
        let (faults, random) = (self.faults, &mut self.random);
        if random.happens(faults.lost_request) {
            return Vec::new();
        }
        let mut request = request.to_vec();
        if random.happens(faults.flipped / 2) {
            let at = random.below(request.len());
            request[at] ^= 1 << random.below(8);
        }
        let Some(mut answer) = self.device.reply(&request) else {
            return Vec::new();
        };
        let whole = answer.clone();
        for _ in 0..2 {
            if random.happens(faults.flipped) {
                let at = random.below(answer.len());
                answer[at] ^= 1 << random.below(8);
            }
            if random.happens(faults.inserted) {
                let at = random.below(answer.len() + 1);
                answer.insert(at, u8::try_from(random.below(256)).unwrap());
            }
            if random.happens(faults.dropped) {
                answer.remove(random.below(answer.len()));
            }
        }
        let mut coming = Vec::new();
        let delay = if random.happens(faults.late) {
            60 + i64::try_from(random.below(1500)).unwrap()
        } else {
            50
        };
        if !random.happens(faults.lost_answer) {
            coming.push((delay, answer));
        }
        if random.happens(faults.repeated) {
            coming.push((delay + i64::try_from(random.below(700)).unwrap(), whole));
        }
        coming
    }
}
