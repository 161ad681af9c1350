//! One ВКТ-9 in conversation.

use super::frame::{self, Request};
use super::knowledge::{COLD, Knowledge, Ring, System, split};
use crate::civil;
use crate::meter::{Disguise, Meter, Reply};
use std::time::Duration;

/// A request that stops for longer is forgotten.
const FORGET: Duration = Duration::from_millis(500);
const NO_FUNCTION: u8 = 1;
const NO_REGISTER: u8 = 2;
const WRONG_VALUE: u8 = 3;
const BUSY: u8 = 6;

/// One ВКТ-9.
pub struct Vkt9 {
    knowledge: Knowledge,
    disguise: Option<Disguise>,
    busy: u32,
    buffer: Vec<u8>,
    heard_at: Duration,
    requests: u64,
}

impl Vkt9 {
    pub(super) fn with(knowledge: Knowledge) -> Self {
        Self {
            busy: knowledge.config.busy,
            knowledge,
            disguise: None,
            buffer: Vec::new(),
            heard_at: Duration::ZERO,
            requests: 0,
        }
    }

    fn hear(&mut self, request: &Request) -> Option<Reply> {
        if request.address != self.knowledge.config.address {
            return None;
        }
        self.requests += 1;
        let said = if self.busy > 0 {
            self.busy -= 1;
            Err(BUSY)
        } else {
            self.answer(request)
        };
        let body = match said {
            Ok(data) => [&[request.address, request.function], data.as_slice()].concat(),
            Err(code) => vec![request.address, request.function | 0x80, code],
        };
        Some(Reply::now(frame::framed(&body)))
    }

    fn answer(&self, request: &Request) -> Result<Vec<u8>, u8> {
        let is_stranger = self.disguise == Some(Disguise::Model);
        match (request.function, request.body.as_slice()) {
            (function @ (3 | 4), &[a, b, c, d]) => {
                let (first, count) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
                let data = self
                    .registers(function, first.into(), count.into())
                    .ok_or(NO_REGISTER)?;
                let length = u8::try_from(data.len()).map_err(|_| WRONG_VALUE)?;
                Ok([&[length], data.as_slice()].concat())
            }
            (0x11, []) if !is_stranger => Ok(b"VKT9\x01\x00\x02\x00".to_vec()),
            (0x42, &[archive, year, month, day]) if !is_stranger => self.find(archive, year, month, day),
            (0x41, &[archive, flags, low, high, 1]) if !is_stranger => {
                self.page(archive, flags, u16::from_le_bytes([low, high]))
            }
            _ => Err(NO_FUNCTION),
        }
    }

    /// Registers of one of the blocks that there are.
    fn registers(&self, function: u8, first: usize, count: usize) -> Option<Vec<u8>> {
        let blocks: Vec<(u8, usize, Vec<u8>)> = vec![
            (3, 0, [self.serial().to_be_bytes().to_vec(), self.clock()].concat()),
            (3, 11, texts()),
            (4, 41, self.common()),
            (4, 74, vec![0; 56]),
            (4, 118, self.system(1)),
            (4, 242, self.system(2)),
            (4, 493, vec![0, 0]),
        ];
        let (_, begin, bytes) = blocks
            .into_iter()
            .find(|(of, begin, bytes)| *of == function && (*begin..begin + bytes.len() / 2).contains(&first))?;
        let from = (first - begin) * 2;
        bytes.get(from..from + count * 2).map(<[u8]>::to_vec)
    }

    fn serial(&self) -> u32 {
        match self.disguise {
            Some(Disguise::Serial) => 999_999,
            _ => self.knowledge.config.serial,
        }
    }

    fn clock(&self) -> Vec<u8> {
        let now = self.knowledge.clock.now();
        let year = u8::try_from(now.year().rem_euclid(100)).unwrap_or(0);
        let fields = [now.month(), now.day(), now.hour(), now.minute(), now.second()].map(|field| field as u8);
        std::iter::once(year)
            .chain(fields)
            .flat_map(|field| [0, field])
            .collect()
    }

    fn common(&self) -> Vec<u8> {
        let totals = self.knowledge.totals();
        let mut bytes = whole(totals.iter().map(|system| system.heat).sum());
        bytes.extend(0.35f32.to_be_bytes());
        bytes.extend(600_000u32.to_be_bytes());
        bytes.extend(120u32.to_be_bytes());
        for word in [COLD as u16, 2_500, (-350i16) as u16, 0, 0, 0, 0] {
            bytes.extend(word.to_be_bytes());
        }
        bytes
    }

    fn system(&self, number: usize) -> Vec<u8> {
        let mut bytes = vec![0; 216];
        let Some(totals) = self.knowledge.totals().into_iter().nth(number - 1) else {
            return bytes;
        };
        let now = self.knowledge.system(&self.knowledge.now(), number);
        let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
        put(0, &whole(totals.heat));
        put(72, &whole(totals.volume[0]));
        put(80, &whole(totals.volume[1]));
        put(156, &(totals.minutes as u32).to_be_bytes());
        put(188, &now.ns[0].to_be_bytes());
        put(192, &(now.ns[1] as u16).to_be_bytes());
        for pipe in 0..2 {
            put(194 + pipe * 2, &(now.t[pipe] as i16).to_be_bytes());
            put(206 + pipe * 2, &(now.p[pipe] as u16).to_be_bytes());
        }
        put(212, &[number as u8]);
        bytes
    }

    fn find(&self, archive: u8, year: u8, month: u8, day: u8) -> Result<Vec<u8>, u8> {
        let ring = ring(archive)?;
        let date = civil::checked_date(2_000 + i16::from(year), month, day).ok_or(WRONG_VALUE)?;
        let number = civil::hour_of(date.at(0, 0, 0, 0)).div_euclid(ring.step());
        let found = self.knowledge.at_or_after(ring, number);
        let found = found.unwrap_or(self.knowledge.numbers(ring).end);
        let at = civil::civil_of_hour(found * ring.step());
        let mut bytes = vec![archive, (at.year() % 100) as u8, at.month() as u8, at.day() as u8];
        bytes.extend(ring.page(found).to_le_bytes());
        Ok(bytes)
    }

    fn page(&self, archive: u8, flags: u8, page: u16) -> Result<Vec<u8>, u8> {
        let ring = ring(archive)?;
        let number = match flags {
            0x08 => 0,
            0x10 => 1,
            0x20 if self.knowledge.config.systems > 1 => 2,
            _ => return Err(WRONG_VALUE),
        };
        let found = self.knowledge.on_page(ring, page);
        let next = found.map_or(page, |found| self.knowledge.next_page(ring, found));
        let mut bytes = vec![archive, flags];
        bytes.extend(next.to_le_bytes());
        bytes.push(1);
        let row = found.and_then(|found| Some((found, self.knowledge.record(ring, found)?)));
        let Some((found, row)) = row else {
            bytes.extend(vec![0xff; if number == 0 { 44 } else { 106 }]);
            return Ok(bytes);
        };
        if number > 0 {
            bytes.extend(system_block(&self.knowledge.system(&row, number)));
            return Ok(bytes);
        }
        let at = civil::civil_of_hour(found * ring.step());
        let hour = if ring == Ring::Days { 24 } else { at.hour() as u8 };
        let mut block = vec![0; 44];
        block[..4].copy_from_slice(&[(at.year() % 100) as u8, at.month() as u8, at.day() as u8, hour]);
        let heat: f64 = row.w_gcal.iter().take(self.knowledge.config.systems).sum();
        block[4..8].copy_from_slice(&(heat as f32).to_le_bytes());
        block[8..10].copy_from_slice(&(COLD as u16).to_le_bytes());
        block[14..16].copy_from_slice(&((row.hours * 60) as u16).to_le_bytes());
        bytes.extend(block);
        Ok(bytes)
    }
}

/// Layout 1.1.
fn system_block(system: &System) -> Vec<u8> {
    let mut block = vec![0; 106];
    let mut put = |at: usize, part: &[u8]| block[at..at + part.len()].copy_from_slice(part);
    put(0, &(system.heat as f32).to_le_bytes());
    for pipe in 0..2 {
        put(8 + pipe * 4, &(system.mass[pipe] as f32).to_le_bytes());
        put(36 + pipe * 4, &(system.volume[pipe] as f32).to_le_bytes());
        put(60 + pipe * 2, &(system.t[pipe] as i16).to_le_bytes());
        put(72 + pipe * 2, &(system.p[pipe] as u16).to_le_bytes());
    }
    put(66, &((system.t[0] - system.t[1]) as i16).to_le_bytes());
    put(78, &(system.minutes as u16).to_le_bytes());
    put(94, &system.ns[0].to_le_bytes());
    put(98, &(system.ns[1] as u16).to_le_bytes());
    put(100, &[1, 0]);
    block
}

fn ring(archive: u8) -> Result<Ring, u8> {
    match archive {
        0 => Ok(Ring::Hours),
        1 => Ok(Ring::Days),
        _ => Err(WRONG_VALUE),
    }
}

fn whole(value: f64) -> Vec<u8> {
    let (whole, part) = split(value);
    [whole.to_be_bytes(), part.to_be_bytes()].concat()
}

/// Object, organisation, contract, address.
fn texts() -> Vec<u8> {
    let texts = ["Boiler 7", "Heat company", "15/2026", "Mira 1"];
    let padded = texts.map(|text| {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(16, 0);
        bytes
    });
    padded.concat()
}

impl Meter for Vkt9 {
    fn on_bytes(&mut self, now: Duration, bytes: &[u8]) -> Vec<Reply> {
        if now.saturating_sub(self.heard_at) > FORGET {
            self.buffer.clear();
        }
        self.heard_at = now;
        self.buffer.extend_from_slice(bytes);
        let mut replies = Vec::new();
        while let Some(request) = frame::take(&mut self.buffer) {
            replies.extend(self.hear(&request));
        }
        replies
    }

    fn requests(&self) -> u64 {
        self.requests
    }

    fn disguise(&mut self, as_other: Option<Disguise>) {
        self.disguise = as_other;
    }

    fn shift_clock(&mut self, seconds: i64) {
        self.knowledge.clock.advance(seconds);
    }
}
