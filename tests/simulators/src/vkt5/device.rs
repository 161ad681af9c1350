//! One ВКТ-5 in conversation.

use super::builder::{Vkt5Config, Vkt5Firmware};
use super::frame::{self, Parsed, Question};
use super::history::{Reading, Vkt5History, hours_of_day};
use super::layout;
use crate::civil;
use crate::clock::SimClock;
use crate::meter::{Disguise, Meter, Reply};
use jiff::civil::Time;
use std::sync::Arc;
use std::time::Duration;

/// Refusals.
const NO_INPUT: u8 = 0;
const NO_DATA: u8 = 2;
const EMPTY: u8 = 5;
const NO_KEY: u8 = 6;
const NOT_SUPPORTED: u8 = 7;
const CLOSED: u8 = 9;

/// Days that both archives hold.
pub const DEPTH_DAYS: i64 = 45;
/// Bytes kept while a question is not whole.
const BUFFER_MAX: usize = 512;
/// A question that stops for longer is forgotten.
const FORGET: Duration = Duration::from_millis(500);

/// One device.
pub struct Vkt5 {
    config: Vkt5Config,
    history: Arc<Vkt5History>,
    clock: SimClock,
    disguise: Option<Disguise>,
    /// Hour of the date that was written.
    date: Option<i64>,
    points: [u8; 16],
    programme: [u8; 28],
    buffer: Vec<u8>,
    heard_at: Duration,
    requests: u64,
}

impl Vkt5 {
    pub(super) fn with(config: Vkt5Config, history: Arc<Vkt5History>, clock: SimClock) -> Self {
        // Not set where there is no regulator.
        let mut points = [0xFF; 16];
        let mut programme = [0xFF; 28];
        if config.regulators {
            for (bytes, point) in points.chunks_exact_mut(4).zip([22.0f32, 18.0, 60.0, 45.0]) {
                bytes.copy_from_slice(&point.to_be_bytes());
            }
            for (place, hour) in programme.iter_mut().enumerate() {
                *hour = if place / 7 % 2 == 0 { 6 } else { 22 };
            }
        }
        Self {
            config,
            history,
            clock,
            disguise: None,
            date: None,
            points,
            programme,
            buffer: Vec::new(),
            heard_at: Duration::ZERO,
            requests: 0,
        }
    }

    fn answer(&mut self, question: &Question) -> Vec<u8> {
        if self.disguise == Some(Disguise::Model) {
            return frame::plain_refusal(question, 2);
        }
        let data = match question.function {
            0x10 => self.write(question).map(|()| Vec::new()),
            0x04 => self.archived(question.array),
            _ => self.current(question.array),
        };
        match data {
            Ok(data) => frame::answer(question, &data),
            Err(code) => frame::refusal(question, code),
        }
    }

    /// Which input an address asks for, if it is in use.
    fn input(&self, low: u8, factor: u8) -> Result<usize, u8> {
        let number = low / factor;
        let is_used = low.is_multiple_of(factor) && (1..=self.config.inputs).contains(&number);
        is_used.then(|| usize::from(number) - 1).ok_or(NO_INPUT)
    }

    fn current(&self, [high, low]: [u8; 2]) -> Result<Vec<u8>, u8> {
        let hour = self.clock.now_hour();
        let now = self.history.hour(hour);
        let firmware = self.config.firmware;
        let is_new = firmware == Vkt5Firmware::V7_13;
        match high {
            0x00 => Ok(layout::input(firmware, &now.inputs[self.input(low, 28)?])),
            0x80 => {
                let input = self.input(low, 28)?;
                let totals = self.history.totals(input, self.config.origin_hour..hour);
                let last = self.history.hour(hour - 1);
                Ok(layout::totals(firmware, &last.inputs[input], totals))
            }
            0x03 => Ok(layout::extra(firmware, &now)),
            0x04 => {
                let input = self.input(low, 1)?;
                Ok(layout::current_situations(firmware, input, &now.inputs[input]))
            }
            0x07 => Ok(layout::extra_situations(firmware)),
            0x0A => Ok(layout::scheme(&self.config)),
            0x0B => Ok(layout::time(self.clock.now())),
            0x0E if !is_new => Ok(Vec::new()),
            0x0E => Ok(vec![0, 0x7D]),
            0x14 => self.interval(),
            0x0F if is_new => Ok(self.requisites()),
            0x15 if is_new => Ok(self.points.to_vec()),
            0x16 if is_new => Ok(self.programme.to_vec()),
            _ => Err(NOT_SUPPORTED),
        }
    }

    fn requisites(&self) -> Vec<u8> {
        let number = match self.disguise {
            Some(Disguise::Serial) => 99,
            _ => self.config.number,
        };
        [b"0000000000000".as_slice(), &[0, number, 0, 5]].concat()
    }

    fn interval(&self) -> Result<Vec<u8>, u8> {
        if self.config.installed_hour >= self.clock.now_hour() {
            return Err(EMPTY);
        }
        let start = layout::time(civil::civil_of_hour(self.config.installed_hour));
        let mut interval = [start.clone(), layout::time(self.clock.now())].concat();
        if self.config.firmware == Vkt5Firmware::V7_13 {
            interval.extend(start);
        }
        Ok(interval)
    }

    fn archived(&self, [high, low]: [u8; 2]) -> Result<Vec<u8>, u8> {
        let reading = self.record(high & 0xC0 == 0x40)?;
        let firmware = self.config.firmware;
        match high & 0x3F {
            0x00 => Ok(layout::input(firmware, &reading.inputs[self.input(low, 28)?])),
            0x03 => Ok(layout::extra(firmware, &reading)),
            0x04 => {
                let input = self.input(low, 1)?;
                Ok(layout::situations(&self.config, &reading.inputs[input]))
            }
            0x07 => Ok(layout::extra_situations(firmware)),
            _ => Err(NOT_SUPPORTED),
        }
    }

    /// The record of the date that was written.
    fn record(&self, is_hourly: bool) -> Result<Reading, u8> {
        let knowledge = Knowledge {
            config: &self.config,
            history: &self.history,
            now_hour: self.clock.now_hour(),
        };
        let date = self.date.ok_or(NO_DATA)?;
        let record = if is_hourly {
            knowledge.hour(date)
        } else {
            knowledge.day(civil::day_of(date))
        };
        record.ok_or(NO_DATA)
    }

    fn write(&mut self, question: &Question) -> Result<(), u8> {
        let data = &question.data;
        match question.array[0] {
            0x0B => self.date = Some(date(data).ok_or(NO_DATA)?),
            0x0D if data.first().is_some_and(|key| matches!(key, 0..=7 | 9)) => {}
            0x0D => return Err(NO_KEY),
            0x15 | 0x16 if !self.config.regulators => return Err(CLOSED),
            0x15 => self.points = data.as_slice().try_into().map_err(|_| NOT_SUPPORTED)?,
            0x16 => self.programme = data.as_slice().try_into().map_err(|_| NOT_SUPPORTED)?,
            _ => return Err(NOT_SUPPORTED),
        }
        Ok(())
    }
}

/// The hour of a written date.
fn date(data: &[u8]) -> Option<i64> {
    let word = |place: usize| Some(u16::from_be_bytes([*data.get(place * 2)?, *data.get(place * 2 + 1)?]));
    let year = i16::try_from(word(0)?).ok()?;
    let date = civil::checked_date(year, u8::try_from(word(1)?).ok()?, u8::try_from(word(2)?).ok()?)?;
    let time = Time::new(i8::try_from(word(3)?).ok()?, 0, 0, 0).ok()?;
    Some(civil::hour_of(date.to_datetime(time)))
}

/// What the archives hold at some hour.
pub struct Knowledge<'a> {
    pub config: &'a Vkt5Config,
    pub history: &'a Vkt5History,
    pub now_hour: i64,
}

impl Knowledge<'_> {
    pub fn hour(&self, hour: i64) -> Option<Reading> {
        let (from, to) = self.config.missing;
        let oldest = (self.now_hour - DEPTH_DAYS * civil::DAY_H).max(self.config.installed_hour);
        let is_there = (oldest..self.now_hour).contains(&hour) && !(from..to).contains(&hour);
        is_there.then(|| self.history.hour(hour))
    }

    pub fn day(&self, day: i64) -> Option<Reading> {
        let today = civil::day_of(self.now_hour);
        let first = civil::day_of(self.config.installed_hour);
        let is_there = ((today - DEPTH_DAYS).max(first)..today).contains(&day);
        is_there.then(|| self.history.together(hours_of_day(day), self.config.installed_hour))
    }
}

impl Meter for Vkt5 {
    fn on_bytes(&mut self, now: Duration, bytes: &[u8]) -> Vec<Reply> {
        if now.saturating_sub(self.heard_at) > FORGET {
            self.buffer.clear();
        }
        self.heard_at = now;
        self.buffer.extend_from_slice(bytes);
        let mut replies = Vec::new();
        loop {
            match frame::parse(&self.buffer) {
                Parsed::Whole(question, used) => {
                    self.buffer.drain(..used);
                    // Any device answers to address 0.
                    if question.address == self.config.address || question.address == 0 {
                        self.requests += 1;
                        replies.push(Reply::now(self.answer(&question)));
                    }
                }
                Parsed::Garbage => drop(self.buffer.drain(..1)),
                Parsed::Short if self.buffer.len() > BUFFER_MAX => self.buffer.clear(),
                Parsed::Short => return replies,
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
