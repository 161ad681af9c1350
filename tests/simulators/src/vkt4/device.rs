//! One ВКТ-4 or ВКТ-4М in conversation, by the protocol's description in the maker's manuals (appendix Г).

use super::builder::Vkt4Model;
use super::frame::{self, Request, float};
use super::history::Row;
use super::knowledge::{CONTRACT, Knowledge, SCHEME};
use crate::civil;
use crate::meter::{Disguise, Meter, Reply};
use jiff::civil::DateTime;
use std::time::Duration;

/// So many FF make every meter listen for its number.
const WAKE: usize = 16;
/// A selected meter that hears nothing for longer is not selected any more.
const SELECTED: Duration = Duration::from_secs(30);
/// A request that stops for longer is forgotten.
const FORGET: Duration = Duration::from_millis(500);
/// Between two records of one answer.
const BETWEEN: Duration = Duration::from_millis(50);
/// Records of one request at most: more than a day's hours nobody has seen.
const RECORDS_MAX: u8 = 24;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ear {
    /// Until 16 FF everything is passed over.
    Deaf,
    /// The next request selects, or not.
    Woken,
    Selected,
}

/// One ВКТ-4 or ВКТ-4М.
pub struct Vkt4 {
    knowledge: Knowledge,
    disguise: Option<Disguise>,
    ear: Ear,
    /// FF that came in a row.
    wakes: usize,
    buffer: Vec<u8>,
    heard_at: Duration,
    requests: u64,
}

impl Vkt4 {
    pub(super) fn with(knowledge: Knowledge) -> Self {
        Self {
            knowledge,
            disguise: None,
            ear: Ear::Deaf,
            wakes: 0,
            buffer: Vec::new(),
            heard_at: Duration::ZERO,
            requests: 0,
        }
    }

    fn hear(&mut self, request: &Request) -> Vec<Reply> {
        let is_mine = request.device == self.knowledge.config.device;
        self.ear = match (self.ear, is_mine) {
            (Ear::Woken | Ear::Selected, true) => Ear::Selected,
            _ => Ear::Deaf,
        };
        if self.ear == Ear::Deaf {
            return Vec::new();
        }
        self.requests += 1;
        match (request.code, request.data) {
            (0x41, _) => vec![self.reply(0x41, &[self.kind()])],
            (0x42 | 0x43, [.., count]) if (1..=RECORDS_MAX).contains(&count) => self.records(request, count),
            (0x44, _) => vec![self.reply(0x44, &self.totals())],
            (0x45, _) => vec![self.reply(0x45, &self.current())],
            (0x46, _) => vec![self.reply(0x46, &self.settings())],
            _ => vec![self.refusal(request)],
        }
    }

    fn kind(&self) -> u8 {
        if self.disguise == Some(Disguise::Model) { 7 } else { 8 }
    }

    fn is_4m(&self) -> bool {
        self.knowledge.config.model != Vkt4Model::Vkt4
    }

    fn reply(&self, code: u8, data: &[u8]) -> Reply {
        Reply::now(frame::answer(self.knowledge.config.device, code, data.len(), data))
    }

    /// ВКТ-4 says a length of 6 and repeats seven bytes, as its manual prints it.
    fn refusal(&self, request: &Request) -> Reply {
        let echo = request.echo();
        let printed = if self.is_4m() { 7 } else { 6 };
        Reply::now(frame::answer(self.knowledge.config.device, 0xc4, printed, &echo))
    }

    /// A frame for each record, from the one that was asked for on.
    fn records(&self, request: &Request, count: u8) -> Vec<Reply> {
        let [high, low, month, day, hour, _] = request.data;
        let is_day = request.code == 0x43;
        let Some(first) = label(
            u16::from_be_bytes([high, low]),
            month,
            day,
            if is_day { 0 } else { hour },
        ) else {
            return vec![self.refusal(request)];
        };
        let first = civil::hour_of(first);
        let step = if is_day { civil::DAY_H } else { 1 };
        let mut replies: Vec<Reply> = (0..i64::from(count))
            .map(|place| {
                let at = first + place * step;
                let row = if is_day {
                    self.knowledge.day(civil::day_of(at))
                } else {
                    self.knowledge.hour(at)
                };
                let mut data = date(civil::civil_of_hour(at));
                if is_day {
                    data[4] = hour;
                }
                match row {
                    Some(row) => {
                        data.extend(self.record(&row, is_day));
                        self.reply(request.code, &data)
                    }
                    None => self.reply(request.code | 0x80, &data),
                }
            })
            .collect();
        for reply in replies.iter_mut().skip(1) {
            reply.delay = BETWEEN;
        }
        replies
    }

    fn record(&self, row: &Row, is_day: bool) -> Vec<u8> {
        let used = self.knowledge.pipes();
        let mut bytes = Vec::new();
        let floats = |values: &[f64]| -> Vec<u8> { values.iter().flat_map(|value| float(*value as f32)).collect() };
        let words =
            |values: &[i64]| -> Vec<u8> { values.iter().flat_map(|value| (*value as i16).to_be_bytes()).collect() };
        let times = |minutes: &[u16]| -> Vec<u8> {
            let pairs = minutes.iter().flat_map(|minutes| [minutes / 60, minutes % 60]);
            pairs.map(|number| number as u8).collect()
        };
        let mut row = *row;
        for pipe in used..4 {
            (row.v_m3[pipe], row.m_t[pipe], row.t[pipe], row.p[pipe]) = (0.0, 0.0, 0, 0);
            row.g_min[pipe] = 0;
        }
        for input in used / 2..2 {
            (row.w_gcal[input], row.ns[input], row.ns2[input]) = (0.0, 0, 0);
            (row.ns_min[input], row.p_min[input]) = (0, 0);
        }
        bytes.extend(floats(&row.v_m3));
        bytes.extend(floats(&row.m_t));
        bytes.extend(words(&row.t));
        bytes.extend(row.ns);
        if !self.is_4m() && !is_day {
            bytes.extend(row.ns_min.map(|minutes| minutes as u8));
            return bytes;
        }
        bytes.extend(times(&row.ns_min));
        bytes.extend(floats(&row.w_gcal));
        if !self.is_4m() {
            return bytes;
        }
        bytes.extend(words(&row.p));
        bytes.extend(row.ns2);
        bytes.extend(times(&row.p_min));
        bytes.extend(times(&row.g_min));
        bytes.push(SCHEME);
        if self.knowledge.config.longer {
            bytes.extend([0xa5; 5]);
        }
        bytes
    }

    fn totals(&self) -> Vec<u8> {
        let now = self.knowledge.clock.now_hour();
        let midnight = civil::day_of(now) * civil::DAY_H;
        let starts: &[i64] = if self.is_4m() { &[midnight, now] } else { &[now] };
        let mut bytes = Vec::new();
        for hour in starts {
            let (v, w) = self.knowledge.history.totals_before(*hour);
            bytes.extend(v.iter().chain(&w).flat_map(|value| float(*value as f32)));
        }
        bytes
    }

    fn current(&self) -> Vec<u8> {
        let mut bytes = date(civil::civil_of_hour(self.knowledge.since()));
        bytes.extend(date(self.knowledge.clock.now()));
        if self.is_4m() {
            bytes.extend(
                self.knowledge
                    .pressures()
                    .iter()
                    .flat_map(|p| (*p as u16).to_be_bytes()),
            );
        }
        bytes
    }

    fn settings(&self) -> Vec<u8> {
        let config = &self.knowledge.config;
        let object = if self.disguise == Some(Disguise::Serial) {
            [0x99; 3]
        } else {
            config.object
        };
        let mut bytes = vec![config.version, SCHEME];
        bytes.extend(object);
        bytes.push(config.report_day);
        if self.is_4m() {
            bytes.extend(CONTRACT);
        }
        bytes
    }
}

fn date(at: DateTime) -> Vec<u8> {
    let [high, low] = at.year().to_be_bytes();
    vec![high, low, at.month() as u8, at.day() as u8, at.hour() as u8]
}

fn label(year: u16, month: u8, day: u8, hour: u8) -> Option<DateTime> {
    let date = civil::checked_date(i16::try_from(year).ok()?, month, day)?;
    let time = jiff::civil::Time::new(i8::try_from(hour).ok()?, 0, 0, 0).ok()?;
    Some(date.to_datetime(time))
}

impl Meter for Vkt4 {
    fn on_bytes(&mut self, now: Duration, bytes: &[u8]) -> Vec<Reply> {
        let quiet = now.saturating_sub(self.heard_at);
        if quiet > FORGET {
            self.buffer.clear();
            self.wakes = 0;
        }
        if quiet > SELECTED {
            self.ear = Ear::Deaf;
        }
        self.heard_at = now;
        let mut replies = Vec::new();
        for byte in bytes {
            self.wakes = if *byte == 0xff { self.wakes + 1 } else { 0 };
            if self.wakes >= WAKE {
                self.ear = Ear::Woken;
                self.buffer.clear();
                continue;
            }
            self.buffer.push(*byte);
            if let Some(request) = frame::take(&mut self.buffer) {
                replies.extend(self.hear(&request));
            }
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
