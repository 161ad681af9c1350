//! What a meter says to each function: texts out of its history (docs/protocols: SPbus, sections 3 to 6).

use super::builder::SpbusConfig;
use super::history::{Row, SpbusHistory, Sums};
use super::model::{Column, Source, SpbusModel};
use crate::civil::{self, DAY_H};
use jiff::civil::DateTime;

/// Diagnostics.
pub const NO_DATA: &str = "Нет данных?";

/// The rings.
const HOURS: i64 = 1_080;
const DAYS: i64 = 360;

/// An archive by its reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    Hours,
    Days,
    Months,
}

impl Ring {
    pub fn of(reference: &str) -> Option<Self> {
        match reference.trim() {
            "65530" => Some(Self::Hours),
            "65532" => Some(Self::Days),
            "65534" => Some(Self::Months),
            _ => None,
        }
    }

    /// How far its parameter numbers are from those of hours.
    pub fn offset(self) -> u16 {
        match self {
            Self::Hours => 0,
            Self::Days => 1,
            Self::Months => 2,
        }
    }
}

/// Everything that a meter knows at a moment.
pub struct Knowledge<'a> {
    pub config: &'a SpbusConfig,
    pub history: &'a SpbusHistory,
    pub now: DateTime,
}

/// One archive record.
pub struct Record {
    /// Hours, `to` exclusive; the label is the beginning of `to`.
    pub from: i64,
    pub to: i64,
    pub row: Row,
    pub after: Sums,
}

impl Knowledge<'_> {
    /// Labels of a ring, newest first: the hour at which an interval ends, with the hour at which it began.
    pub fn intervals(&self, ring: Ring) -> Vec<(i64, i64)> {
        let now = civil::hour_of(self.now);
        let report_hour = i64::from(self.config.report_hour);
        match ring {
            Ring::Hours => (0..HOURS).map(|back| (now - back - 1, now - back)).collect(),
            Ring::Days => {
                let last = (now - report_hour).div_euclid(DAY_H) * DAY_H + report_hour;
                (0..DAYS)
                    .map(|back| last - back * DAY_H)
                    .map(|to| (to - DAY_H, to))
                    .collect()
            }
            Ring::Months => {
                let label = |date: jiff::civil::Date| {
                    let date = civil::report_date(date.year(), date.month(), self.config.report_day);
                    civil::hour_of(date.at(0, 0, 0, 0)) + report_hour
                };
                let mut month = self.now.date();
                let mut labels = vec![label(month)];
                for _ in 0..=self.config.model.months() {
                    month = civil::previous_month(month);
                    labels.push(label(month));
                }
                let pairs = labels.windows(2).map(|pair| (pair[1], pair[0]));
                let ended = pairs.filter(|(_, to)| *to <= now);
                ended
                    .take(usize::try_from(self.config.model.months()).unwrap_or(0))
                    .collect()
            }
        }
    }

    fn record(&self, from: i64, to: i64) -> Option<Record> {
        let (missing_from, missing_to) = self.config.missing;
        let is_missing = to - from == 1 && (missing_from..missing_to).contains(&from);
        if is_missing || from < self.config.installed_hour {
            return None;
        }
        Some(Record {
            from,
            to,
            row: self.history.interval(from, to)?,
            after: self.history.totals_before(to),
        })
    }

    /// All records of a ring, newest first.
    pub fn records(&self, ring: Ring) -> Vec<Record> {
        let intervals = self.intervals(ring).into_iter();
        intervals.filter_map(|(from, to)| self.record(from, to)).collect()
    }

    /// Function 18: blocks behind the echo.
    pub fn slice(&self, ring: Ring, at: DateTime) -> Vec<Vec<String>> {
        let asked = civil::seconds_of(at).div_euclid(civil::HOUR_S);
        let intervals = self.intervals(ring);
        let mut below = intervals.iter().filter(|(_, to)| *to <= asked);
        let Some((from, to)) = below.next().copied() else {
            return vec![pointer(at), vec!["0".to_owned(); 6], text(NO_DATA)];
        };
        let previous = below.next().map(|(_, to)| pointer(civil::civil_of_hour(*to)));
        let previous = previous.unwrap_or_else(|| vec!["0".to_owned(); 6]);
        let mut blocks = vec![pointer(civil::civil_of_hour(to)), previous];
        match self.record(from, to) {
            Some(record) => blocks.extend(
                self.config
                    .model
                    .columns()
                    .iter()
                    .map(|column| text(&self.value(column, &record))),
            ),
            None => blocks.push(text(NO_DATA)),
        }
        blocks
    }

    /// Function 19: the columns of a ring. A unit that stays is left out.
    pub fn structure(&self, ring: Ring) -> Vec<Vec<String>> {
        let mut last = "";
        let mut blocks = Vec::new();
        for column in self.config.model.columns() {
            let name = column.name.rsplit('.').next().unwrap_or_default();
            let unit = if column.unit == last { "" } else { column.unit };
            if !column.unit.is_empty() {
                last = column.unit;
            }
            let named = match column.channel {
                0 => name.to_owned(),
                channel => format!("{name}{}{channel:02}", if column.number < 300 { "т" } else { "п" }),
            };
            let number = (column.number + ring.offset()).to_string();
            blocks.push(vec![named, unit.to_owned(), column.channel.to_string(), number]);
        }
        blocks
    }

    /// A value as text, with the star of an НС.
    fn value(&self, column: &Column, record: &Record) -> String {
        if column.source == Source::Summary {
            return self.summary(&record.row);
        }
        let digits = record.row.digits(column.source, &record.after);
        let star = if self.is_starred(column, &record.row) { "*" } else { "" };
        format!("{}{star}", decimal(digits, column.source.decimals()))
    }

    /// Whether an НС of the column's channel was on.
    pub fn is_starred(&self, column: &Column, row: &Row) -> bool {
        let [pipe, consumer] = row.ns;
        let of_pipe = column.channel == 1 && (100..300).contains(&column.number) && column.source != Source::Summary;
        let of_consumer = column.number >= 300;
        (pipe && of_pipe) || (consumer && of_consumer)
    }

    /// Codes of the pipes.
    pub fn summary(&self, row: &Row) -> String {
        let [(code, _), _] = self.config.model.codes();
        if row.ns[0] { code.to_string() } else { "0".to_owned() }
    }

    /// Function 0C: element `place` of an array of the system.
    pub fn element(&self, number: u16, place: usize, serial: &str, kind: &str) -> Option<Vec<String>> {
        let is_on = self.history.hour(civil::hour_of(self.now)).ns;
        match (number, place) {
            (94 | 98, _) if self.config.model == SpbusModel::Spe543 => self.electric_element(number, place),
            (99, 0) => Some(text(kind)),
            (99, 1) => Some(text(serial)),
            (30, 0) => Some(text("11")),
            (31, 0) => Some(text("110000000000")),
            (31, 1) => Some(text("100000")),
            (54, 6) => Some(text("5A3C")),
            (35, 0) => Some(vec!["5".to_owned(), "'C".to_owned()]),
            (94, 0..100) => {
                let codes = self.config.model.codes();
                let on = codes.iter().zip(is_on).find(|((code, _), _)| *code == place as u32);
                let digit = if on.is_some_and(|(_, is_on)| is_on) { "1" } else { "0" };
                let [(_, _), (consumers, _)] = codes;
                let rest = match place as u32 {
                    code if code >= consumers => 5,
                    code if code >= 32 => 11,
                    _ => 0,
                };
                Some(text(&format!("{digit}{}", "0".repeat(rest))))
            }
            (98, 1..=100) => self.events().into_iter().nth(place - 1),
            (97, 1) => Some(vec!["0.5".to_owned(), "ч".to_owned(), "01-02-26/ 4:30:00".to_owned()]),
            _ => None,
        }
    }

    /// Journal of НС, newest first: one began and ended with each hour that has it.
    fn events(&self) -> Vec<Vec<String>> {
        let mut events = Vec::new();
        for record in self.records(Ring::Hours) {
            for ((code, name), is_on) in self.config.model.codes().iter().zip(record.row.ns) {
                if is_on {
                    let entry = |sign: &str, hour: i64| vec![format!("{sign}{code}"), (*name).to_owned(), stamp(hour)];
                    events.extend([entry("-", record.to), entry("+", record.from)]);
                }
            }
        }
        events.truncate(100);
        events
    }

    /// Function 1D: a parameter with its unit; none for one that the meter does not have.
    pub fn parameter(&self, channel: u8, number: u16, kind: &str) -> Option<Vec<String>> {
        let now = self.now;
        let two = |value: &str, unit: &str| Some(vec![value.to_owned(), unit.to_owned()]);
        let hour = civil::hour_of(now);
        if let Some((.., unit, source)) = find(self.config.model.live(), channel, number) {
            let digits = self
                .history
                .hour(hour)
                .digits(*source, &self.history.totals_before(hour));
            return two(&decimal(digits, source.decimals()), unit);
        }
        if let Some((.., unit, source)) = find(self.config.model.totals(), channel, number) {
            let digits = self.history.totals_before(hour).digits(*source);
            return two(&decimal(digits, source.decimals()), unit);
        }
        match (channel, number) {
            (0, 65) | (1.., _) if self.config.model == SpbusModel::Spe543 => self.electric_parameter(channel, number),
            (0, 3) => Some(text(&format!("10500{:02}299", self.config.address))),
            (0, 8) => Some(text("777")),
            (0, 15) => Some(text("00001")),
            (0, 24) => Some(text(&self.config.report_hour.to_string())),
            (0, 25) => Some(text(&self.config.report_day.to_string())),
            (0, 60) => two(
                &format!("{:02}-{:02}-{:02}", now.day(), now.month(), now.year() % 100),
                "дд-мм-гг",
            ),
            (0, 61) => two(
                &format!("{:02}:{:02}:{:02}", now.hour(), now.minute(), now.second()),
                "чч:мм:сс",
            ),
            (0, 99) if !self.config.array_type => Some(text(kind)),
            _ => None,
        }
    }
}

fn find(list: &[super::model::Live], channel: u8, number: u16) -> Option<&super::model::Live> {
    list.iter().find(|live| (live.1, live.0) == (channel, number))
}

pub fn text(text: &str) -> Vec<String> {
    vec![text.to_owned()]
}

/// A pointer to a time; an empty field ends it on some firmware.
pub fn pointer(at: DateTime) -> Vec<String> {
    let numbers = [
        at.day().into(),
        at.month().into(),
        at.year(),
        at.hour().into(),
        at.minute().into(),
        0,
    ];
    numbers.iter().map(i16::to_string).collect()
}

/// `dd-mm-yy/hh:mm:ss` with the spaces of a real meter.
fn stamp(hour: i64) -> String {
    let at = civil::civil_of_hour(hour);
    format!(
        "{:2}-{:02}-{:02}/{:2}:00:00",
        at.day(),
        at.month(),
        at.year() % 100,
        at.hour()
    )
}

/// Digits with their point.
pub fn decimal(digits: i64, decimals: u8) -> String {
    let width = usize::from(decimals) + 1;
    let plain = format!("{:0width$}", digits.abs());
    let (whole, fraction) = plain.split_at(plain.len() - usize::from(decimals));
    let sign = if digits < 0 { "-" } else { "" };
    let point = if decimals > 0 { "." } else { "" };
    format!("{sign}{whole}{point}{fraction}")
}
