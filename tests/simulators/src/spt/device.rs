//! The state of one legacy СПТ in conversation (docs/protocols: Logika M4, sections 1, 3 and 12).

use super::archive::Archive;
use super::config::SptConfig;
use super::ear::Ear;
use super::frame::{self, DATA, Parsed, SETTING_DATA};
use super::history::{SptHistory, SptRow};
use super::memory::{Memory, RAM_BYTES};
use crate::civil;
use crate::clock::SimClock;
use crate::meter::{Disguise, Meter, Reply};
use std::sync::Arc;
use std::time::Duration;

/// Pages of one request, and bytes of one RAM read.
const PAGES_MAX: u8 = 64;
const RAM_READ_MAX: usize = 64;

/// Codes of the error answer.
const MALFORMED: u8 = 0;
const PROTECTED: u8 = 1;
const NOT_ACCEPTED: u8 = 2;
const NO_RECORD: u8 = 3;

const SESSION: u8 = 0x3F;
const ERROR: u8 = 0x21;

/// One СПТ943, СПТ942 or СПТ941.10.
pub struct Spt {
    config: SptConfig,
    history: Arc<SptHistory>,
    clock: SimClock,
    disguise: Option<Disguise>,
    ear: Ear,
    /// Heat input that archive requests are about.
    input: u8,
    /// Setting whose value the next 44 carries.
    writing: Option<(u16, u8)>,
    requests: u64,
}

impl Spt {
    /// A meter in its state after power-up.
    pub(super) fn with(config: SptConfig, history: Arc<SptHistory>, clock: SimClock) -> Self {
        Self {
            config,
            history,
            clock,
            disguise: None,
            ear: Ear::new(),
            input: 1,
            writing: None,
            requests: 0,
        }
    }

    fn archive(&self) -> Archive<'_> {
        Archive {
            config: &self.config,
            history: &self.history,
            now_hour: self.clock.now_hour(),
        }
    }

    fn memory(&self) -> Memory<'_> {
        let serial = if self.disguise == Some(Disguise::Serial) {
            999_999
        } else {
            self.config.serial
        };
        Memory {
            config: &self.config,
            history: &self.history,
            now: self.clock.now(),
            serial,
        }
    }

    fn ident(&self) -> [u8; 3] {
        match self.disguise {
            // An old СПТ941 in its place.
            Some(Disguise::Model) => [0x54, 0x29, 0x03],
            _ => self.config.model.ident(),
        }
    }

    fn is_mine(&self, nt: u8) -> bool {
        nt == self.config.network || nt == 0xFF
    }

    fn legacy(&mut self, nt: u8, function: u8, data: &[u8]) -> Vec<Vec<u8>> {
        match self.function(function, data) {
            Ok(answers) => answers
                .iter()
                .map(|answer| frame::legacy(nt, function, answer))
                .collect(),
            Err(code) => vec![frame::legacy(nt, ERROR, &[code])],
        }
    }

    /// The data of each answer frame.
    fn function(&mut self, function: u8, data: &[u8]) -> Result<Vec<Vec<u8>>, u8> {
        let writing = self.writing.take();
        let one = |answer: Vec<u8>| Ok(vec![answer]);
        match (function, data) {
            (SESSION, [input, ..]) => {
                if (1..=self.config.model.inputs()).contains(input) {
                    self.input = *input;
                }
                one(self.ident().to_vec())
            }
            (0x45, &[low, high, count @ 1..=PAGES_MAX, _]) => {
                let first = u16::from_le_bytes([low, high]);
                let memory = self.memory();
                Ok((0..u16::from(count))
                    .map(|next| memory.flash_page(first.wrapping_add(next)))
                    .collect())
            }
            (0x52, &[low, high, length, _]) => {
                let address = usize::from(u16::from_le_bytes([low, high]));
                let length = usize::from(length);
                if !(1..=RAM_READ_MAX).contains(&length) || address + length > RAM_BYTES {
                    return Err(MALFORMED);
                }
                one(self.memory().ram(address, length))
            }
            (0x48, &[year, month, day, hour]) => one(self.record(self.hour(year, month, day, hour))?),
            (0x59, &[year, month, day, _]) => one(self.record(self.day(year, month, day))?),
            (0x4D, &[year, month, ..]) => one(self.record(self.month(year, month))?),
            (0x44, &[low, high, 0, 0]) => {
                if !self.config.writable {
                    return Err(PROTECTED);
                }
                self.writing = Some((u16::from_le_bytes([low, high]), self.input));
                one(Vec::new())
            }
            (0x44, text) if text.len() == SETTING_DATA => {
                let (number, input) = writing.ok_or(MALFORMED)?;
                self.write_setting(number, input, text)?;
                one(Vec::new())
            }
            (0x42, &[speed, ..]) if speed <= self.config.model.top_speed_code() => one(Vec::new()),
            // The print queue is empty.
            (0x53, _) => one(vec![0; 4]),
            (0x71, _) => {
                self.ear.close();
                one(Vec::new())
            }
            _ => Err(MALFORMED),
        }
    }

    fn hour(&self, year: u8, month: u8, day: u8, hour: u8) -> Option<SptRow> {
        let date = civil::checked_date(1900 + i16::from(year), month, day)?;
        let hour = i64::from(Some(hour).filter(|hour| *hour < 24)?);
        self.archive()
            .hour(self.input, civil::hour_of(date.at(0, 0, 0, 0)) + hour)
    }

    fn day(&self, year: u8, month: u8, day: u8) -> Option<SptRow> {
        let label = civil::checked_date(1900 + i16::from(year), month, day)?;
        self.archive().day(self.input, label)
    }

    fn month(&self, year: u8, month: u8) -> Option<SptRow> {
        let first = civil::checked_date(1900 + i16::from(year), month, 1)?;
        let archive = self.archive();
        archive
            .month(self.input, first.year(), first.month())
            .filter(|_| self.config.month_archive)
    }

    fn record(&self, row: Option<SptRow>) -> Result<Vec<u8>, u8> {
        let row = row.ok_or(NO_RECORD)?;
        let model = self.config.model;
        // What follows the described fields is FF, as captured on an old СПТ941.
        let mut record = vec![0xFF; model.record_bytes()];
        let [low, middle, high, _] = row.ns.to_le_bytes();
        let mut put = |offset: usize, bytes: &[u8]| {
            record
                .iter_mut()
                .skip(offset)
                .zip(bytes)
                .for_each(|(place, byte)| *place = *byte);
        };
        put(0, &[low, middle, high, self.config.scheme]);
        for (offset, quantity) in model.archive() {
            put(*offset, &frame::r32(row.value(*quantity)));
        }
        Ok(record)
    }

    /// Stores the text of a setting; those of time and date set the clock.
    fn write_setting(&mut self, number: u16, input: u8, text: &[u8]) -> Result<(), u8> {
        let text = text.get(..SETTING_DATA - 1).unwrap_or_default();
        let text = std::str::from_utf8(text).map_err(|_| NOT_ACCEPTED)?.trim().to_owned();
        if text.is_empty() || text.len() > 8 {
            return Err(NOT_ACCEPTED);
        }
        let numbers = self.config.model.numbers();
        let now = self.clock.now();
        let set = if number == numbers.time {
            let [hour, minute, second] = three(&text)?;
            now.with().hour(hour).minute(minute).second(second).build()
        } else if number == numbers.date {
            let [day, month, year] = three(&text)?;
            now.with().day(day).month(month).year(2000 + i16::from(year)).build()
        } else {
            Ok(now)
        };
        let set = set.map_err(|_| NOT_ACCEPTED)?;
        if set != now {
            self.clock.set(set);
        }
        let input = if number >= 50 { input } else { 0 };
        self.config.set(number, input, text);
        Ok(())
    }

    /// A legacy meter answers the extended session and speed requests and refuses the others, as captured.
    fn extended(&mut self, nt: u8, id: u8, function: u8, data: &[u8]) -> Vec<u8> {
        match self.function(function, data) {
            Ok(answers) if matches!(function, SESSION | 0x42) => frame::extended(nt, id, function, &answers.concat()),
            _ => frame::extended(nt, id, ERROR, &[MALFORMED]),
        }
    }

    /// Answers the frames at the beginning of the buffer.
    fn answers(&mut self) -> Vec<Vec<u8>> {
        let mut answers = Vec::new();
        loop {
            let expected = if self.writing.is_some() { SETTING_DATA } else { DATA };
            match self.ear.next(expected) {
                Parsed::Short => return answers,
                Parsed::Junk => {}
                Parsed::Broken { nt, .. } => {
                    if self.ear.is_open() && self.is_mine(nt) {
                        answers.push(frame::legacy(nt, ERROR, &[MALFORMED]));
                    }
                }
                Parsed::Legacy { nt, function, data, .. } => {
                    if self.ear.attend(self.is_mine(nt), function) {
                        self.requests = self.requests.saturating_add(1);
                        answers.extend(self.legacy(nt, function, &data));
                    }
                }
                Parsed::Extended {
                    nt, id, function, data, ..
                } => {
                    if self.ear.attend(self.is_mine(nt), function) {
                        self.requests = self.requests.saturating_add(1);
                        answers.push(self.extended(nt, id, function, &data));
                    }
                }
            }
        }
    }
}

impl Meter for Spt {
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

/// Three numbers of a date or a time.
fn three(text: &str) -> Result<[i8; 3], u8> {
    let parts: Vec<i8> = text.split('-').filter_map(|part| part.parse().ok()).collect();
    parts.try_into().map_err(|_| NOT_ACCEPTED)
}
