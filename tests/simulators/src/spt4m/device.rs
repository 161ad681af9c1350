//! The state of one meter of the extended dialect in conversation (docs/protocols: Logika M4, sections 1, 4 and 12).

use super::archive::Archive;
use super::builder::M4Config;
use super::model::M4Model;
use super::reading::{Reading, amount};
use super::tags::{self, Tagged, put};
use crate::civil;
use crate::clock::SimClock;
use crate::meter::{Disguise, Meter, Reply};
use crate::spt::SptHistory;
use crate::spt::ear::Ear;
use crate::spt::frame::{self, DATA, Parsed};
use jiff::civil::DateTime;
use std::sync::Arc;
use std::time::Duration;

/// Tags that one question may ask for: what is behind them is silently left out.
const TAGS_MAX: usize = 49;

/// Codes of the error answer.
const MALFORMED: u8 = 0;
const PROTECTED: u8 = 1;
const NOT_ACCEPTED: u8 = 2;

const SESSION: u8 = 0x3F;
const CLOSE: u8 = 0x71;
const ERROR: u8 = 0x21;

/// One meter.
pub struct M4 {
    config: M4Config,
    history: Arc<SptHistory>,
    clock: SimClock,
    disguise: Option<Disguise>,
    ear: Ear,
    requests: u64,
}

impl M4 {
    /// A meter in its state after power-up.
    pub(super) fn with(config: M4Config, history: Arc<SptHistory>, clock: SimClock) -> Self {
        Self {
            config,
            history,
            clock,
            disguise: None,
            ear: Ear::new(),
            requests: 0,
        }
    }

    fn ident(&self) -> [u8; 3] {
        match self.disguise {
            // Something that nobody knows in its place.
            Some(Disguise::Model) => [0x54, 0x2D, 0x01],
            _ => self.config.model.ident(),
        }
    }

    fn is_mine(&self, nt: u8) -> bool {
        nt == self.config.network || nt == 0xFF
    }

    /// The data of the answer, or an error code.
    fn function(&mut self, function: u8, data: &[u8]) -> Result<Vec<u8>, u8> {
        match (function, data) {
            (SESSION, _) => Ok(self.ident().to_vec()),
            (0x42, &[0..=5, ..]) => Ok(Vec::new()),
            (CLOSE, _) => {
                self.ear.close();
                Ok(Vec::new())
            }
            (0x72, numbers) => self.read(numbers).ok_or(MALFORMED),
            (0x77, values) => self.write(values).ok_or(MALFORMED),
            (0x61, question) => {
                let archive = Archive {
                    config: &self.config,
                    history: &self.history,
                    now_hour: self.clock.now_hour(),
                };
                archive.answer(question).ok_or(MALFORMED)
            }
            _ => Err(MALFORMED),
        }
    }

    fn read(&self, mut numbers: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut count = 0;
        while !numbers.is_empty() && count < TAGS_MAX {
            let (0x4A, &[channel, low, high], rest) = tags::take(numbers)? else {
                return None;
            };
            self.value(channel, u16::from_le_bytes([low, high]), &mut bytes);
            numbers = rest;
            count += 1;
        }
        Some(bytes)
    }

    fn value(&self, channel: u8, number: u16, bytes: &mut Vec<u8>) {
        let model = self.config.model;
        let has_clock = model != M4Model::Lgk410;
        let serial = if self.disguise == Some(Disguise::Serial) {
            999_999
        } else {
            self.config.serial
        };
        match (channel, number) {
            (0, 1024) if has_clock => return tags::put_time(bytes, self.clock.now()),
            (0, 1025) if has_clock => return tags::put_date(bytes, self.clock.now()),
            (0, 8224) => return put(bytes, 0x16, model.info().as_bytes()),
            (0, 8256) => return Tagged::Whole(serial).write(bytes),
            _ => {}
        }
        if let Some(text) = self.config.settings.get(&(channel, number)) {
            put(bytes, 0x16, &tags::cp1251(text));
            return put(bytes, 0x45, &[1]);
        }
        let value = self.live(channel, number).or_else(|| self.total(channel, number));
        value.unwrap_or(Tagged::None).write(bytes);
    }

    fn live(&self, channel: u8, number: u16) -> Option<Tagged> {
        let parts = self.config.model.live();
        let (_, first, (input, names)) = parts.into_iter().find(|(of, ..)| *of == channel)?;
        let name = names.get(usize::from(number.checked_sub(first)?))?;
        Some(live(&self.config, &self.history, self.clock.now_hour()).value(name, input))
    }

    fn total(&self, channel: u8, number: u16) -> Option<Tagged> {
        let parts = self.config.model.totals();
        let (_, (input, names)) = parts.into_iter().find(|(of, _)| *of == channel)?;
        let name = names.get(usize::from(number.checked_sub(2048)?))?;
        Some(total(&self.config, &self.history, self.clock.now_s(), name, input))
    }

    /// Writes of one value each, with or without an operative flag behind it.
    fn write(&mut self, mut values: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        while !values.is_empty() {
            let (0x4A, &[channel, low, high], rest) = tags::take(values)? else {
                return None;
            };
            let (0x16, text, rest) = tags::take(rest)? else {
                return None;
            };
            values = match tags::take(rest) {
                Some((0x45, _, rest)) => rest,
                _ => rest,
            };
            match self.set(channel, u16::from_le_bytes([low, high]), text) {
                Ok(()) => put(&mut bytes, 0x46, &[]),
                Err(code) => put(&mut bytes, 0x55, &[code]),
            }
        }
        Some(bytes)
    }

    /// Stores the text of a setting; those of time and date set the clock.
    fn set(&mut self, channel: u8, number: u16, text: &[u8]) -> Result<(), u8> {
        if !self.config.writable {
            return Err(PROTECTED);
        }
        let text = std::str::from_utf8(text).map_err(|_| NOT_ACCEPTED)?.trim().to_owned();
        let place = (channel, number);
        if text.is_empty() || !self.config.settings.contains_key(&place) {
            return Err(NOT_ACCEPTED);
        }
        let now = self.clock.now();
        let set = match self.config.model.numbers() {
            Some([time, ..]) if place == (0, time) => {
                let [hour, minute, second] = three(&text)?;
                now.with().hour(hour).minute(minute).second(second).build()
            }
            Some([_, date, ..]) if place == (0, date) => {
                let [day, month, year] = three(&text)?;
                now.with().day(day).month(month).year(2000 + i16::from(year)).build()
            }
            _ => Ok(now),
        };
        let set: DateTime = set.map_err(|_| NOT_ACCEPTED)?;
        if set != now {
            self.clock.set(set);
        }
        self.config.settings.insert(place, text);
        Ok(())
    }

    /// Answers the frames that came whole.
    fn answers(&mut self) -> Vec<Vec<u8>> {
        let mut answers = Vec::new();
        loop {
            let (nt, function, id, data) = match self.ear.next(DATA) {
                Parsed::Short => return answers,
                Parsed::Junk => continue,
                Parsed::Broken { nt, .. } => {
                    if self.ear.is_open() && self.is_mine(nt) {
                        answers.push(frame::legacy(nt, ERROR, &[MALFORMED]));
                    }
                    continue;
                }
                Parsed::Legacy { nt, function, data, .. } => (nt, function, None, data),
                Parsed::Extended {
                    nt, id, function, data, ..
                } => (nt, function, Some(id), data),
            };
            if !self.ear.attend(self.is_mine(nt), function) {
                continue;
            }
            self.requests = self.requests.saturating_add(1);
            // Of legacy requests it knows the session, the speed and the end.
            let known = id.is_some() || matches!(function, SESSION | 0x42 | CLOSE);
            let (function, data) = match self
                .function(function, &data)
                .and_then(|data| known.then_some(data).ok_or(MALFORMED))
            {
                Ok(answer) => (function, answer),
                Err(code) => (ERROR, vec![code]),
            };
            answers.push(match id {
                Some(id) => frame::extended(nt, id, function, &data),
                None => frame::legacy(nt, function, &data),
            });
        }
    }
}

/// What is measured now.
pub fn live(config: &M4Config, history: &SptHistory, now_hour: i64) -> Reading {
    Reading {
        model: config.model,
        rows: [1, 2].map(|input| history.hour(input, now_hour)),
        live: true,
        one_input: config.inputs == 1,
    }
}

/// A total up to this second.
pub fn total(config: &M4Config, history: &SptHistory, now_s: i64, name: &str, input: u8) -> Tagged {
    let hour = now_s.div_euclid(civil::HOUR_S);
    let share = now_s.rem_euclid(civil::HOUR_S) as f64 / civil::HOUR_S as f64;
    let sums = [1, 2].map(|input| {
        let mut sums = history.totals_before(input, hour);
        sums.add(&history.growth(input, hour, share));
        sums
    });
    let is_timer = name.starts_with(['T', 'С']);
    match amount(config.model, name, input, &sums) {
        Some(number) if is_timer && config.model.float_timers() => Tagged::Float(number as f32),
        Some(number) => Tagged::Total(number),
        None => Tagged::None,
    }
}

/// Three numbers of a date or a time.
fn three(text: &str) -> Result<[i8; 3], u8> {
    let parts: Vec<i8> = text.split('-').filter_map(|part| part.parse().ok()).collect();
    parts.try_into().map_err(|_| NOT_ACCEPTED)
}

impl Meter for M4 {
    fn on_bytes(&mut self, now: Duration, bytes: &[u8]) -> Vec<Reply> {
        self.ear.hear(now, bytes, self.config.model.session_timeout());
        self.answers().into_iter().map(Reply::now).collect()
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
