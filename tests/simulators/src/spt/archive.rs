//! Which records a legacy СПТ holds now (docs/protocols: Logika M4, sections 3.1 and 5.3).

use super::config::SptConfig;
use super::history::{SptHistory, SptRow};
use crate::civil;
use jiff::civil::Date;

/// Places of the rings.
pub const HOURS: i64 = 1080;
pub const DAYS: i64 = 365;
pub const MONTHS: usize = 48;

/// A history seen through the rings of one meter at one moment. An interval is its first hour and
/// the hour behind its last; the label of a record is the moment at which it closed.
#[derive(Clone, Copy)]
pub struct Archive<'a> {
    pub config: &'a SptConfig,
    pub history: &'a SptHistory,
    /// The running hour.
    pub now_hour: i64,
}

impl Archive<'_> {
    fn first_hour(&self) -> i64 {
        self.config.installed_hour.max(self.history.origin_hour)
    }

    /// The hour that closed at `end`, if its record exists.
    pub fn hour(&self, input: u8, end: i64) -> Option<SptRow> {
        let missing = self
            .config
            .missing
            .iter()
            .any(|(from, to)| (*from..*to).contains(&(end - 1)));
        let oldest = self.first_hour().max(self.now_hour - HOURS);
        if missing || end <= oldest || end > self.now_hour {
            return None;
        }
        self.interval(input, (end - 1, end))
    }

    /// The day whose label is this date: it closed on that date at the settlement hour ЧР.
    pub fn day(&self, input: u8, label: Date) -> Option<SptRow> {
        let end = self.closing(label);
        self.days()
            .into_iter()
            .find(|day| day.1 == end)
            .and_then(|day| self.interval(input, day))
    }

    /// The month whose label this is: it closed in it on the settlement day СР at ЧР.
    pub fn month(&self, input: u8, year: i16, month: i8) -> Option<SptRow> {
        let end = self.closing(civil::report_date(year, month, self.config.report_day));
        self.months()
            .into_iter()
            .find(|month| month.1 == end)
            .and_then(|month| self.interval(input, month))
    }

    /// The record of an interval, unless the input is not in use or the meter did not work at all.
    pub fn interval(&self, input: u8, (from, to): (i64, i64)) -> Option<SptRow> {
        if input > self.config.inputs {
            return None;
        }
        self.history.interval(input, from, to).filter(|row| row.worked)
    }

    /// Hours in the ring, oldest first, whether or not each has a record.
    pub fn hours(&self) -> std::ops::Range<i64> {
        self.first_hour().max(self.now_hour - HOURS)..self.now_hour
    }

    /// Closed days in the ring, oldest first.
    pub fn days(&self) -> Vec<(i64, i64)> {
        let hour = i64::from(self.config.report_hour);
        let newest = (self.now_hour - hour).div_euclid(civil::DAY_H) * civil::DAY_H + hour;
        let first = self.first_hour();
        let days = (0..DAYS).rev().map(|back| newest - back * civil::DAY_H);
        days.map(|end| (end - civil::DAY_H, end))
            .filter(|day| day.0 >= first)
            .collect()
    }

    /// Closed months in the ring, oldest first.
    pub fn months(&self) -> Vec<(i64, i64)> {
        let mut months = Vec::new();
        let mut date = civil::civil_of_hour(self.now_hour).date().first_of_month();
        let closing = |date: Date| self.closing(civil::report_date(date.year(), date.month(), self.config.report_day));
        while months.len() < MONTHS {
            let previous = civil::previous_month(date).first_of_month();
            let month = (closing(previous), closing(date));
            if month.0 < self.first_hour() {
                break;
            }
            if month.1 <= self.now_hour {
                months.push(month);
            }
            date = previous;
        }
        months.reverse();
        months
    }

    fn closing(&self, date: Date) -> i64 {
        civil::hour_of(date.at(0, 0, 0, 0)) + i64::from(self.config.report_hour)
    }
}
