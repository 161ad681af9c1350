//! A ТСРВ in conversation: functions 3, 4, 17 and 65, exceptions, what it has of an interval.

use super::builder::TsrvConfig;
use super::field::Fields;
use super::history::TsrvHistory;
use super::journal;
use super::name::{Content, Kind};
use super::record::{Record, Source};
use super::register::{HOLDING, INPUT, Registers, Shown, put};
use crate::civil::{self, DAY_H};
use crate::clock::SimClock;
use crate::meter::{Disguise, Meter, Reply};
use crate::modbus::frame::{self, Parsed};
use jiff::ToSpan;
use jiff::civil::DateTime;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Exceptions.
const FUNCTION: u8 = 1;
const ADDRESS: u8 = 2;
const VALUE: u8 = 3;
const BUSY: u8 = 6;

/// Most bytes of data in an answer.
const MOST: usize = 255;
/// A number that no meter of a test has.
const OTHER_SERIAL: u32 = 99_999_999;

/// One meter.
pub struct Tsrv {
    pub(super) knowledge: Knowledge,
    buffer: Vec<u8>,
    requests: u64,
    disguise: Option<Disguise>,
}

/// What a meter holds at its clock.
#[derive(Clone)]
pub struct Knowledge {
    pub config: TsrvConfig,
    pub history: Arc<TsrvHistory>,
    pub clock: SimClock,
}

impl Tsrv {
    pub(super) fn new(knowledge: Knowledge) -> Self {
        Self {
            knowledge,
            buffer: Vec::new(),
            requests: 0,
            disguise: None,
        }
    }

    fn act(&mut self, pdu: &[u8]) -> Result<Vec<u8>, u8> {
        if self.knowledge.config.busy > 0 {
            self.knowledge.config.busy -= 1;
            return Err(BUSY);
        }
        let word = |at: usize| match pdu.get(at..at + 2) {
            Some([high, low]) => Ok(u16::from_be_bytes([*high, *low])),
            _ => Err(VALUE),
        };
        let data = match pdu.first() {
            Some(&function @ (HOLDING | INPUT)) => self.read(function, word(1)?, word(3)?)?,
            Some(0x11) if self.disguise == Some(Disguise::Model) => b"VZLJOT 76.63.00.08\0".to_vec(),
            Some(0x11) => self.knowledge.config.model.name(),
            Some(0x41) if pdu.get(5) == Some(&0) => self.knowledge.by_index(word(1)?, word(3)?, word(6)?)?,
            Some(0x41) => {
                let stamp = pdu.get(6..12).and_then(stamp).ok_or(VALUE)?;
                self.knowledge.by_time(word(1)?, word(3)?, stamp)?
            }
            _ => return Err(FUNCTION),
        };
        let count = u8::try_from(data.len()).map_err(|_| VALUE)?;
        Ok(std::iter::once(count).chain(data).collect())
    }

    fn read(&self, function: u8, first: u16, count: u16) -> Result<Vec<u8>, u8> {
        if !(1..=125).contains(&count) {
            return Err(VALUE);
        }
        let serial = match self.disguise {
            Some(Disguise::Serial) => OTHER_SERIAL,
            _ => self.knowledge.config.serial,
        };
        let registers = self.knowledge.registers(serial);
        let end = first.checked_add(count - 1).ok_or(ADDRESS)?;
        let found: Option<Vec<u16>> = (first..=end)
            .map(|at| registers.get(&(function, at)).copied())
            .collect();
        Ok(found
            .ok_or(ADDRESS)?
            .iter()
            .flat_map(|register| register.to_be_bytes())
            .collect())
    }
}

/// Second, minute, hour, day, month, year: plain numbers.
fn stamp(bytes: &[u8]) -> Option<DateTime> {
    let &[second, minute, hour, day, month, year] = bytes else {
        return None;
    };
    let century = if year >= 70 { 1_900 } else { 2_000 };
    let date = civil::checked_date(century + i16::from(year), month, day)?;
    let small = |number: u8, most: u8| i8::try_from(number).ok().filter(|_| number <= most);
    Some(date.at(small(hour, 23)?, small(minute, 59)?, small(second, 59)?, 0))
}

impl Knowledge {
    fn registers(&self, serial: u32) -> Registers {
        let mut registers = Registers::new();
        let shown = self.shown();
        put(&mut registers, INPUT, &shown.current().0);
        put(&mut registers, INPUT, &shown.totals());
        let (clock, number) = self.config.model.places();
        for ((function, address), value) in [(clock, self.clock.now_s()), (number, serial.into())] {
            let mut fields = Fields::default();
            let value = u32::try_from(value).unwrap_or(u32::MAX);
            fields.raw(usize::from(address) * 2, &value.to_be_bytes());
            put(&mut registers, function, &fields);
        }
        for (function, address, value) in self.settings() {
            registers.insert((function, address), value);
        }
        registers
    }

    /// Registers of 1-byte values and of indexes.
    fn settings(&self) -> Vec<(u8, u16, u16)> {
        use super::name::TsrvModel::{Tsrv023, Tsrv024m, Tsrv024mPlus, Tsrv034, Tsrv043};
        let (day, hour) = (self.config.contract_day.into(), self.config.contract_hour.into());
        match self.config.model {
            Tsrv024m | Tsrv024mPlus => {
                let mut all = vec![
                    (INPUT, 0x0045, 1),
                    (INPUT, 0x0046, 4),
                    (INPUT, 0x0047, 0),
                    (HOLDING, 0x00F2, 0),
                    (HOLDING, 0x0272, hour),
                    (HOLDING, 0x0273, day),
                ];
                for system in 1..=2u8 {
                    let index = journal::index(&self.journal(system));
                    all.push((INPUT, 0x4013 + 11 + u16::from(system), index));
                }
                all
            }
            Tsrv034 => (0x0053..=0x0055).map(|address| (HOLDING, address, 0)).collect(),
            Tsrv023 => (0x00D3..=0x00D6).map(|address| (HOLDING, address, 0)).collect(),
            Tsrv043 => Vec::new(),
        }
    }

    pub fn shown(&self) -> Shown<'_> {
        Shown {
            model: self.config.model,
            history: &self.history,
            hour: self.clock.now_hour(),
        }
    }

    fn journal(&self, system: u8) -> Vec<[u8; 5]> {
        journal::entries(&self.history, system, self.installed()..self.clock.now_hour())
    }

    fn installed(&self) -> i64 {
        self.config.installed_hour.max(self.history.origin_hour())
    }

    fn by_index(&self, array: u16, count: u16, first: u16) -> Result<Vec<u8>, u8> {
        let systems = u16::from(self.config.model.systems());
        let is_journal = self.config.model.has_journals() && (12..12 + systems).contains(&array);
        if !is_journal {
            return Err(ADDRESS);
        }
        let system = u8::try_from(array - 11).map_err(|_| ADDRESS)?;
        journal::read(&self.journal(system), first, count).ok_or(VALUE)
    }

    fn by_time(&self, array: u16, count: u16, from: DateTime) -> Result<Vec<u8>, u8> {
        let (kind, content) = self.config.model.array(array).ok_or(ADDRESS)?;
        let size = self.config.model.size(kind, content);
        let count = usize::from(count);
        if count * size > MOST {
            return Err(VALUE);
        }
        let held = self.held(kind);
        let mut hours = self.around(kind, civil::hour_of(from));
        let mut data = Vec::with_capacity(count * size);
        for _ in 0..count {
            let is_on = !matches!(content, Content::System(system) if system > self.config.model.systems());
            match held.binary_search_by_key(&hours.start, |held| held.start) {
                Ok(_) if is_on => data.extend(self.record(kind, content, hours.clone()).bytes),
                _ => data.extend(vec![0; size]),
            }
            hours = self.around(kind, hours.end);
        }
        Ok(data)
    }

    pub fn record(&self, kind: Kind, content: Content, hours: Range<i64>) -> Record {
        let source = Source {
            model: self.config.model,
            kind,
            history: &self.history,
            hours,
        };
        source.record(content)
    }

    /// The interval in which an hour is.
    fn around(&self, kind: Kind, hour: i64) -> Range<i64> {
        let shift = i64::from(self.config.contract_hour);
        match kind {
            Kind::Hours => hour..hour + 1,
            Kind::Days => {
                let start = (hour - shift).div_euclid(DAY_H) * DAY_H + shift;
                start..start + DAY_H
            }
            Kind::Months => {
                let at = civil::civil_of_hour(hour - shift).date();
                let day = i8::try_from(self.config.contract_day).unwrap_or(1);
                let mut first = at.first_of_month().saturating_add((i64::from(day) - 1).days());
                if at < first {
                    first = first.saturating_sub(1.month());
                }
                let next = first.saturating_add(1.month());
                let hour = |date: jiff::civil::Date| civil::hour_of(date.at(0, 0, 0, 0)) + shift;
                hour(first)..hour(next)
            }
        }
    }

    /// Intervals of the records in the ring, oldest first.
    pub fn held(&self, kind: Kind) -> Vec<Range<i64>> {
        let now = self.clock.now_hour();
        let depth = self.config.model.depth(kind);
        let mut held = Vec::new();
        let mut hours = self.around(kind, now);
        while held.len() < depth {
            hours = self.around(kind, hours.start - 1);
            if hours.start < self.installed() {
                break;
            }
            let is_kept = hours.end <= now
                && match kind {
                    Kind::Hours => self.history.has(hours.start) && !self.config.missing.contains(&hours.start),
                    Kind::Days | Kind::Months => true,
                };
            if is_kept {
                held.push(hours.clone());
            }
        }
        held.reverse();
        held
    }
}

impl Meter for Tsrv {
    fn on_bytes(&mut self, _now: Duration, bytes: &[u8]) -> Vec<Reply> {
        self.buffer.extend_from_slice(bytes);
        let framing = self.knowledge.config.framing;
        let mut replies = Vec::new();
        while !self.buffer.is_empty() {
            let (question, used) = match frame::parse(framing, &self.buffer) {
                Parsed::Short => break,
                Parsed::Garbage(used) => {
                    self.buffer.drain(..used.max(1));
                    continue;
                }
                Parsed::Whole(question, used) => (question, used),
            };
            self.buffer.drain(..used);
            if question.unit != self.knowledge.config.address {
                continue;
            }
            self.requests += 1;
            let function = question.pdu.first().copied().unwrap_or_default();
            let pdu = match self.act(&question.pdu) {
                Ok(data) => std::iter::once(function).chain(data).collect(),
                Err(code) => vec![function | 0x80, code],
            };
            replies.push(Reply::now(frame::answer(framing, &question, &pdu)));
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
