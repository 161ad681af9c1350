//! Which records a meter holds now, and its answers to questions for them (docs/protocols: Logika M4, section 4.4).

use super::builder::M4Config;
use super::journal::Journal;
use super::model::Part;
use super::reading::Reading;
use super::tags::{self, put};
use crate::civil;
use crate::spt::SptHistory;
use jiff::civil::{Date, DateTime};

/// Bytes of an answer behind which no further record is begun.
const ANSWER_BYTES: usize = 1500;

/// An interval archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    Hours,
    Days,
    Months,
}

/// A history seen through the rings of one meter at one moment. An interval is its first hour and the one behind its last.
pub struct Archive<'a> {
    pub config: &'a M4Config,
    pub history: &'a SptHistory,
    pub now_hour: i64,
}

impl Archive<'_> {
    /// Closed intervals in a ring, oldest first, whether or not each has a record.
    pub fn intervals(&self, ring: Ring) -> Vec<(i64, i64)> {
        let (hours, days, months) = self.config.model.depths();
        let first = self.config.installed_hour.max(self.history.origin_hour);
        let report = i64::from(self.config.report_hour);
        match ring {
            Ring::Hours => (first.max(self.now_hour - hours)..self.now_hour)
                .map(|hour| (hour, hour + 1))
                .collect(),
            Ring::Days => {
                let newest = (self.now_hour - report).div_euclid(civil::DAY_H) * civil::DAY_H + report;
                let ends = (0..days).rev().map(|back| newest - back * civil::DAY_H);
                ends.map(|end| (end - civil::DAY_H, end))
                    .filter(|day| day.0 >= first)
                    .collect()
            }
            Ring::Months => {
                let mut all = Vec::new();
                let mut month = civil::civil_of_hour(self.now_hour).date().first_of_month();
                while all.len() < months {
                    let before = civil::previous_month(month).first_of_month();
                    let interval = (self.closing(before), self.closing(month));
                    if interval.0 < first {
                        break;
                    }
                    if interval.1 <= self.now_hour {
                        all.push(interval);
                    }
                    month = before;
                }
                all.reverse();
                all
            }
        }
    }

    fn closing(&self, month: Date) -> i64 {
        let day = civil::report_date(month.year(), month.month(), self.config.report_day);
        civil::hour_of(day.at(0, 0, 0, 0)) + i64::from(self.config.report_hour)
    }

    /// What happened in an interval; nothing when the meter was off or never wrote the record.
    pub fn reading(&self, ring: Ring, (from, to): (i64, i64)) -> Option<Reading> {
        let (missing_from, missing_to) = self.config.missing;
        if ring == Ring::Hours && (missing_from..missing_to).contains(&from) {
            return None;
        }
        let rows = [1, 2].map(|input| self.history.interval(input, from, to).filter(|row| row.worked));
        let [Some(first), Some(second)] = rows else { return None };
        Some(Reading {
            model: self.config.model,
            rows: [first, second],
            live: false,
            one_input: self.config.inputs == 1,
        })
    }

    /// The label of an interval: its end, shortened; months and days are called by their dates.
    fn mark(ring: Ring, end: i64) -> (DateTime, Vec<u8>) {
        let end = civil::civil_of_hour(end);
        let (at, length) = match ring {
            Ring::Hours => (end, 4),
            Ring::Days => (end.date().at(0, 0, 0, 0), 3),
            Ring::Months => (end.date().first_of_month().at(0, 0, 0, 0), 3),
        };
        (at, tags::label(at, length))
    }

    /// The answer to function 61; nothing for a question that is none.
    pub fn answer(&self, question: &[u8]) -> Option<Vec<u8>> {
        let (0x04, &[_, _, channel, kind, most], rest) = tags::take(question)? else {
            return None;
        };
        let (0x49, label, rest) = tags::take(rest)? else {
            return None;
        };
        let from = tags::moment(label)?;
        let to = match tags::take(rest) {
            Some((0x49, label, _)) => tags::moment(label)?,
            _ => DateTime::MAX,
        };
        if from > to {
            return None;
        }
        let parts = self
            .config
            .model
            .archives()
            .into_iter()
            .find(|(of, _)| *of == channel)?
            .1;
        let ring = match kind {
            0 => Ring::Hours,
            1 => Ring::Days,
            3 => Ring::Months,
            4 | 6 => return Some(self.journal(channel, kind, from, to, most.into())),
            _ => return None,
        };
        // СПТ943rev3 does not find a month by a longer label.
        if ring == Ring::Months && self.config.model.bare_records() && label.len() != 2 {
            return Some(vec![0x49, 0, 0x30, 0]);
        }
        let mut bytes = Vec::new();
        let mut count = 0;
        for interval in self.intervals(ring) {
            let (mark, label) = Self::mark(ring, interval.1);
            if mark < from || mark > to {
                continue;
            }
            let Some(reading) = self.reading(ring, interval) else {
                continue;
            };
            if count == usize::from(most) || bytes.len() > ANSWER_BYTES {
                put(&mut bytes, 0x49, &label);
                put(&mut bytes, 0x30, &[]);
                return Some(bytes);
            }
            put(&mut bytes, 0x49, &label);
            put(&mut bytes, 0x30, &self.record(&reading, interval.1, &parts));
            count += 1;
        }
        bytes.extend([0x49, 0, 0x30, 0]);
        Some(bytes)
    }

    fn record(&self, reading: &Reading, end: i64, parts: &[Part]) -> Vec<u8> {
        let mut bytes = Vec::new();
        if !self.config.model.bare_records() {
            let end = civil::civil_of_hour(end);
            tags::put_time(&mut bytes, end);
            tags::put_date(&mut bytes, end);
        }
        for (input, names) in parts {
            names
                .iter()
                .for_each(|name| reading.value(name, *input).write(&mut bytes));
        }
        bytes
    }

    fn journal(&self, channel: u8, kind: u8, from: DateTime, to: DateTime, most: usize) -> Vec<u8> {
        let journal = Journal { archive: self, channel };
        let entries = if kind == 6 {
            journal.situations()
        } else {
            journal.changes()
        };
        let mut bytes = Vec::new();
        let mut wanted = entries.into_iter().filter(|(at, _)| (from..=to).contains(at));
        for (at, text) in wanted.by_ref().take(most) {
            put(&mut bytes, 0x49, &tags::label(at, 8));
            put(&mut bytes, 0x16, &tags::cp1251(&text));
        }
        let next = wanted.next().map(|(at, _)| tags::label(at, 8)).unwrap_or_default();
        put(&mut bytes, 0x49, &next);
        put(&mut bytes, 0x30, &[]);
        bytes
    }
}
