//! Which records a ВКТ-7 holds now (docs/protocols: ВКТ-7, sections 3.6 and 6): rings of known
//! depth, and no record before its interval has closed.

use super::config::Vkt7Config;
use super::elements::{DAILY, HOURLY, MONTHLY, TOTALS_ARCHIVE};
use super::history::{Amounts, History, Month, Row};
use crate::civil;
use jiff::civil::Time;

/// Closed records of the hourly ring: 1152 places, one of them is being written.
pub const HOURLY_RECORDS: i64 = 1151;

/// Closed records of the daily ring: 128 places, one of them is being written.
pub const DAILY_RECORDS: i64 = 127;

/// Records of the monthly ring and of the archive of totals.
pub const MONTHLY_RECORDS: usize = 36;

/// A date as the 3FFB write carries it; not yet known to exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedDate {
    pub day: u8,
    pub month: u8,
    /// Minus 2000.
    pub year: u8,
    pub hour: u8,
}

/// A record that exists.
#[derive(Clone, Copy, Debug)]
pub struct Selected {
    /// Inclusive.
    pub start_hour: i64,
    /// Exclusive.
    pub end_hour: i64,
    pub content: Content,
}

/// What a selected record or a reading of now holds.
#[derive(Clone, Copy, Debug)]
pub enum Content {
    Interval(Row),
    Totals([Amounts; 2], i32),
}

/// A history seen through the window of one meter at one moment.
#[derive(Clone, Copy)]
pub struct Archive<'a> {
    pub history: &'a History,
    pub config: &'a Vkt7Config,
    /// The running hour.
    pub now_hour: i64,
}

impl<'a> Archive<'a> {
    fn first_hour(&self) -> i64 {
        self.config.installed_hour.max(self.history.origin_hour)
    }

    /// The oldest hour of the hourly ring.
    pub fn oldest_hour(&self) -> i64 {
        self.first_hour().max(self.now_hour - HOURLY_RECORDS)
    }

    /// The oldest day of the daily ring.
    pub fn oldest_day(&self) -> i64 {
        civil::day_of(self.first_hour() + civil::DAY_H - 1).max(civil::day_of(self.now_hour) - DAILY_RECORDS)
    }

    /// The record that a date names under a value type; `None`: exception 3.
    pub fn select(&self, value_type: u8, asked: AskedDate) -> Option<Selected> {
        let date = civil::checked_date(2000 + i16::from(asked.year), asked.month, asked.day)?;
        let midnight = civil::hour_of(date.to_datetime(Time::midnight()));
        match (value_type, asked.hour) {
            (HOURLY, 0..=23) => self.hour(midnight + i64::from(asked.hour)),
            (DAILY, 0 | 23) => self.day(civil::day_of(midnight)),
            (MONTHLY, 23) => self.month_of(date).map(|month| self.interval(month)),
            (TOTALS_ARCHIVE, 0 | 23) => self.month_of(date).map(|month| self.totals_at(month)),
            _ => None,
        }
    }

    /// Every record of a type, oldest first.
    pub fn all(&self, value_type: u8) -> Vec<Selected> {
        match value_type {
            HOURLY => (self.oldest_hour()..self.now_hour)
                .filter_map(|hour| self.hour(hour))
                .collect(),
            DAILY => (self.oldest_day()..civil::day_of(self.now_hour))
                .filter_map(|day| self.day(day))
                .collect(),
            MONTHLY => self.months().map(|month| self.interval(month)).collect(),
            _ => self.months().map(|month| self.totals_at(month)).collect(),
        }
    }

    fn hour(&self, hour: i64) -> Option<Selected> {
        let missing = self
            .config
            .missing
            .iter()
            .any(|(from, to)| (*from..*to).contains(&hour));
        if hour < self.oldest_hour() || hour >= self.now_hour || missing {
            return None;
        }
        let row = self.history.hour(hour)?;
        Some(Selected {
            start_hour: hour,
            end_hour: hour + 1,
            content: Content::Interval(*row),
        })
    }

    fn day(&self, day: i64) -> Option<Selected> {
        if day < self.oldest_day() || day >= civil::day_of(self.now_hour) {
            return None;
        }
        let row = self.history.day(day)?;
        let start_hour = day * civil::DAY_H;
        Some(Selected {
            start_hour,
            end_hour: start_hour + civil::DAY_H,
            content: Content::Interval(*row),
        })
    }

    fn month_of(&self, date: jiff::civil::Date) -> Option<&'a Month> {
        self.months().find(|month| month.date == date)
    }

    /// Closed months inside the ring, oldest first.
    fn months(&self) -> impl Iterator<Item = &'a Month> + use<'a> {
        let (first, now) = (self.first_hour(), self.now_hour);
        let closed = move |month: &&Month| month.start_hour >= first && month.end_hour <= now;
        let count = self.history.months.iter().filter(closed).count();
        self.history
            .months
            .iter()
            .filter(closed)
            .skip(count.saturating_sub(MONTHLY_RECORDS))
    }

    fn interval(&self, month: &Month) -> Selected {
        Selected {
            start_hour: month.start_hour,
            end_hour: month.end_hour,
            content: Content::Interval(month.row),
        }
    }

    fn totals_at(&self, month: &Month) -> Selected {
        let (totals, di) = self.history.totals_before(month.end_hour);
        Selected {
            start_hour: month.end_hour,
            end_hour: month.end_hour,
            content: Content::Totals(totals, di),
        }
    }
}
