//! One meter of the magistral protocol in conversation (docs/protocols: SPbus, sections 2 to 4).

use super::builder::SpbusConfig;
use super::frame::{self, Parsed, Request};
use super::history::SpbusHistory;
use super::model::SpbusModel;
use super::question::{Knowledge, NO_DATA, Ring};
use crate::civil;
use crate::clock::SimClock;
use crate::meter::{Disguise, Meter, Reply};
use jiff::civil::DateTime;
use std::sync::Arc;
use std::time::Duration;

/// A request that stops for longer is forgotten. The protocol itself gives gaps no meaning.
const FORGET: Duration = Duration::from_millis(500);

/// Bytes kept while a request is not whole.
const BUFFER_MAX: usize = 2_048;

const FORMAT: &str = "Ошибка формата?";
const PROTECTED: &str = "Защита данных?";
const DATE_TIME: &str = "Дата/время?";

/// One СПТ96x, СПГ76x or СПЕ543.
pub struct Spbus {
    config: SpbusConfig,
    history: Arc<SpbusHistory>,
    clock: SimClock,
    disguise: Option<Disguise>,
    reluctant: u32,
    buffer: Vec<u8>,
    heard_at: Duration,
    requests: u64,
}

impl Spbus {
    pub(super) fn with(config: SpbusConfig, history: Arc<SpbusHistory>, clock: SimClock) -> Self {
        Self {
            reluctant: config.reluctant,
            config,
            history,
            clock,
            disguise: None,
            buffer: Vec::new(),
            heard_at: Duration::ZERO,
            requests: 0,
        }
    }

    fn kind(&self) -> &'static str {
        match self.disguise {
            Some(Disguise::Model) => "544v01",
            _ => self.config.model.text(),
        }
    }

    fn serial(&self) -> String {
        match self.disguise {
            Some(Disguise::Serial) => "9-99999-0000".to_owned(),
            _ => self.config.serial.clone(),
        }
    }

    /// The answer to a request that is for this meter.
    fn answer(&mut self, request: &Request) -> Option<Vec<u8>> {
        let addresses = match request.addresses {
            // Whoever is at the end of the line.
            None if self.config.answers_all => None,
            Some((dad, sad)) if dad == self.config.address => Some((sad, self.config.address)),
            _ => return None,
        };
        self.requests += 1;
        let (function, blocks) = self.function(request)?;
        Some(frame::answer(addresses, function, &request.head, &blocks))
    }

    fn function(&mut self, request: &Request) -> Option<(u8, Vec<Vec<String>>)> {
        let blocks = &request.blocks;
        match request.function {
            0x1D => Some((0x03, self.parameters(blocks))),
            0x0C => Some((0x14, self.elements(blocks))),
            0x19 => Some((0x21, self.archive(blocks, None))),
            0x18 => Some((0x20, self.archive(blocks, blocks.get(1)))),
            0x03 | 0x14 => Some((0x7F, self.write(blocks))),
            _ => None,
        }
    }

    fn knowledge(&self) -> Knowledge<'_> {
        Knowledge {
            config: &self.config,
            history: &self.history,
            now: self.clock.now(),
        }
    }

    /// Values up to the first wrong pointer, whose diagnostic is the last.
    fn parameters(&mut self, asked: &[Vec<String>]) -> Vec<Vec<String>> {
        let mut blocks = Vec::new();
        for pointer in asked {
            let value = match numbers(pointer).as_slice() {
                _ if self.reluctant > 0 => None,
                &[channel, number] => {
                    let channel = u8::try_from(channel).unwrap_or(u8::MAX);
                    self.knowledge().parameter(channel, number, self.kind())
                }
                _ => None,
            };
            let is_wrong = value.is_none();
            blocks.push(padded(pointer));
            blocks.push(value.unwrap_or_else(|| vec![NO_DATA.to_owned()]));
            if is_wrong {
                break;
            }
        }
        self.reluctant = self.reluctant.saturating_sub(1);
        blocks
    }

    fn elements(&self, asked: &[Vec<String>]) -> Vec<Vec<String>> {
        let Some(pointer) = asked.first() else {
            return Vec::new();
        };
        let mut blocks = vec![padded(pointer)];
        if let &[0, number, start, count] = numbers(pointer).as_slice() {
            let (serial, kind, knowledge) = (self.serial(), self.kind(), self.knowledge());
            let places = usize::from(start)..usize::from(start) + usize::from(count);
            blocks.extend(places.map_while(|place| knowledge.element(number, place, &serial, kind)));
        }
        if blocks.len() == 1 {
            blocks.push(vec![NO_DATA.to_owned()]);
        }
        blocks
    }

    /// Structure of an archive, or its record at a time.
    fn archive(&self, asked: &[Vec<String>], at: Option<&Vec<String>>) -> Vec<Vec<String>> {
        let mut blocks: Vec<Vec<String>> = asked.to_vec();
        let at = at.map(|pointer| time(pointer));
        if self.config.model == SpbusModel::Spe543 {
            let reference = asked.first().and_then(|pointer| pointer.get(1)?.trim().parse().ok());
            let said = match at {
                Some(None) => Some(vec![vec![DATE_TIME.to_owned()]]),
                at => reference.and_then(|reference| self.knowledge().electric(reference, at.flatten())),
            };
            blocks.extend(said.unwrap_or_else(|| vec![vec![NO_DATA.to_owned()]]));
            return blocks;
        }
        let ring = asked.first().and_then(|pointer| Ring::of(pointer.get(1)?));
        match (ring, at) {
            (None, _) => blocks.push(vec![NO_DATA.to_owned()]),
            (Some(ring), None) => blocks.extend(self.knowledge().structure(ring)),
            (Some(_), Some(None)) => blocks.push(vec![DATE_TIME.to_owned()]),
            (Some(ring), Some(Some(at))) => blocks.extend(self.knowledge().slice(ring, at)),
        }
        blocks
    }

    fn write(&mut self, blocks: &[Vec<String>]) -> Vec<Vec<String>> {
        let (Some(pointer), Some(value)) = (blocks.first(), blocks.get(1).and_then(|value| value.first())) else {
            return Vec::new();
        };
        let said = match self.set(&numbers(pointer), value) {
            Ok(()) => String::new(),
            Err(said) => said.to_owned(),
        };
        vec![padded(pointer), vec![said]]
    }

    fn set(&mut self, pointer: &[u16], value: &str) -> Result<(), &'static str> {
        if !self.config.writable {
            return Err(PROTECTED);
        }
        let now = self.clock.now();
        let parts: Vec<i8> = value.split('-').filter_map(|part| part.trim().parse().ok()).collect();
        match (pointer, parts.as_slice()) {
            ([0, 20], &[day, month, year]) => {
                let date = now.with().day(day).month(month).year(2000 + i16::from(year)).build();
                self.clock.set(date.map_err(|_| FORMAT)?);
            }
            ([0, 21], &[hour, minute, second]) => {
                let time = now.with().hour(hour).minute(minute).second(second).build();
                self.clock.set(time.map_err(|_| FORMAT)?);
            }
            ([0, 24], &[hour @ 0..=23]) => self.config.report_hour = hour.unsigned_abs(),
            ([0, 25], &[day @ 1..=28]) => self.config.report_day = day.unsigned_abs(),
            _ => return Err(FORMAT),
        }
        Ok(())
    }
}

fn numbers(pointer: &[String]) -> Vec<u16> {
    pointer.iter().filter_map(|field| field.trim().parse().ok()).collect()
}

/// Parameter numbers come back with three digits.
fn padded(pointer: &[String]) -> Vec<String> {
    let mut fields = pointer.to_vec();
    if let Some(number) = fields.get_mut(1) {
        *number = format!("{number:0>3}");
    }
    fields
}

/// Day, month, year, hour, minute, second.
fn time(pointer: &[String]) -> Option<DateTime> {
    let &[day, month, year, hour, minute, second] = numbers(pointer).as_slice() else {
        return None;
    };
    let year = 2000 + i16::try_from(year % 100).ok()?;
    let date = civil::checked_date(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?)?;
    let small = |number: u16| i8::try_from(number).ok();
    let time = jiff::civil::Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    Some(date.to_datetime(time))
}

impl Meter for Spbus {
    fn on_bytes(&mut self, now: Duration, bytes: &[u8]) -> Vec<Reply> {
        if now.saturating_sub(self.heard_at) > FORGET {
            self.buffer.clear();
        }
        self.heard_at = now;
        self.buffer.extend_from_slice(bytes);
        let mut replies = Vec::new();
        loop {
            match frame::parse(&self.buffer) {
                Parsed::Request(request, used) => {
                    self.buffer.drain(..used);
                    replies.extend(self.answer(&request).map(Reply::now));
                }
                Parsed::Junk(count) => drop(self.buffer.drain(..count)),
                Parsed::More if self.buffer.len() > BUFFER_MAX => self.buffer.clear(),
                Parsed::More => return replies,
            }
        }
    }

    fn requests(&self) -> u64 {
        self.requests
    }

    fn disguise(&mut self, as_other: Option<Disguise>) {
        self.disguise = as_other;
    }

    fn shift_clock(&mut self, seconds: i64) {
        self.clock.advance(seconds);
    }
}
