//! Load profiles: asked for in parts of some rows, from the oldest on, because that is what the meter overwrites next.

use uzel_driver_sdk::absence::gaps;
use uzel_driver_sdk::calendar::{MINUTE, civil, reckon, seconds};
use uzel_driver_sdk::resume::Token;
use uzel_driver_sdk::{Absence, Column, Failure, LabelRule, Mark, Port, Quality, Row, Sink, Value, Window};

use crate::config::Label;
use crate::dataset;
use crate::moment::{COLUMNS_MAX, column};
use crate::number;
use crate::obis::{Address, of_interval};
use crate::profile::{self, Entry};
use crate::session::Session;
use crate::status;
use crate::trouble::Trouble;

/// Rows of one question: what is lost with a damaged answer. At 9600 baud it takes some seconds.
const ROWS: i64 = 96;
/// A row is written some time after its interval ended; until then nothing is said of it.
const FRESH_S: i64 = 5 * MINUTE;
/// What tokens begin with.
const FORM: &str = "iec/1";

/// A profile as it is asked for.
struct Wanted {
    name: String,
    period_min: u32,
}

/// What a meter answers to a question for rows.
enum Answer {
    Rows(Vec<Entry>),
    /// It has no such rows, or no such profile.
    Error(String),
}

/// What one reading has given so far.
#[derive(Default)]
struct Given {
    declared: Vec<Column>,
    /// Where the meter refused to answer, and what it said.
    errors: Vec<(Window, String)>,
}

impl Given {
    /// A meter that gave rows refuses where it has none; one that gave nothing may have no such profile.
    fn refused(self, name: &str, out: &mut dyn Sink) -> Result<(), Failure> {
        match self.errors.last() {
            Some((_, error)) if self.declared.is_empty() => {
                Err(Failure::Unsupported(format!("the meter says {error} to {name}")))
            }
            _ => self
                .errors
                .iter()
                .try_for_each(|(gap, _)| out.absent(*gap, Absence::Refused)),
        }
    }
}

impl Wanted {
    fn period_s(&self) -> i64 {
        i64::from(self.period_min) * MINUTE
    }
}

impl Session {
    /// Reads the rows whose intervals begin in the windows.
    pub fn read_profile(
        &mut self,
        port: &mut dyn Port,
        name: &str,
        period_min: u32,
        windows: &[Window],
        resume: Option<&[u8]>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let wanted = Wanted {
            name: name.to_owned(),
            period_min,
        };
        self.check_period(
            &wanted,
            self.periods
                .iter()
                .find(|(of, _)| of == name)
                .map(|(_, period)| *period),
        )?;
        let resume = resume.and_then(|bytes| Token::parse(FORM, bytes));
        let clock = self.now(port)?;
        let mut given = Given::default();
        for (number, window) in windows.iter().enumerate() {
            let bounds = (seconds(window.begin), seconds(window.end));
            let (Some(begin), Some(end)) = bounds else {
                return Err(Failure::Unsupported("a window has a date that cannot be".to_owned()));
            };
            let mut from = match resume {
                Some(token) if number < token.window => continue,
                Some(token) if number == token.window && (begin..end).contains(&token.start) => token.start,
                _ => begin,
            };
            while from < end {
                let to = end.min(from.saturating_add(ROWS * wanted.period_s()));
                // What has not begun yet is not there.
                if clock.is_some_and(|clock| from > clock) {
                    break;
                }
                let token = Token {
                    window: number,
                    start: to,
                }
                .write(FORM);
                self.part(port, &wanted, (from, to), &token, &mut given, out)?;
                from = to;
            }
        }
        given.refused(name, out)
    }

    fn check_period(&self, wanted: &Wanted, seen: Option<u32>) -> Result<(), Failure> {
        match seen {
            Some(seen) if seen != wanted.period_min => {
                let Wanted { name, period_min } = wanted;
                let text = format!("{name} of this meter has a period of {seen} min, {period_min} were asked for");
                Err(Failure::Unsupported(text))
            }
            _ => Ok(()),
        }
    }

    /// One question: the rows of intervals that begin in `from..to`, and what the meter does not have there.
    fn part(
        &mut self,
        port: &mut dyn Port,
        wanted: &Wanted,
        (from, to): (i64, i64),
        token: &[u8],
        given: &mut Given,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        // Before the question: what is written while it is answered may be missing in it.
        let clock = self.now(port)?;
        let is_end = self.link.config.profile_label == Label::End;
        let shift = if is_end { wanted.period_s() } else { 0 };
        let labels = (from + shift, to + shift - MINUTE);
        let (entries, refusal) = match self.ask_profile(port, &wanted.name, labels)? {
            Answer::Rows(entries) => (entries, None),
            Answer::Error(error) => (Vec::new(), Some(error)),
        };
        if let Some(seen) = entries.iter().find_map(|entry| entry.period_min) {
            self.periods.push((wanted.name.clone(), seen));
            self.check_period(wanted, Some(seen))?;
        }
        let begin_of = |entry: &Entry| reckon(entry.label) - shift;
        self.give(&entries, wanted, token, given, out)?;
        let mut intervals: Vec<(i64, i64)> = Vec::with_capacity(entries.len());
        for begin in entries.iter().map(begin_of) {
            // Rows come in their order but for a clock that was set back.
            let later = intervals
                .iter()
                .rposition(|(before, _)| *before <= begin)
                .map_or(0, |place| place + 1);
            intervals.insert(later, (begin, begin + wanted.period_s()));
        }
        let Some(clock) = clock else {
            return Ok(());
        };
        let window = Window {
            begin: civil(from),
            end: civil(to),
        };
        // Whole intervals only.
        let until = (clock - FRESH_S - from).div_euclid(wanted.period_s()) * wanted.period_s() + from;
        for (gap, why) in gaps(window, &intervals, i64::MIN, until) {
            match &refusal {
                Some(error) => given.errors.push((gap, error.clone())),
                None => out.absent(gap, why)?,
            }
        }
        Ok(())
    }

    /// The rows with labels from one time to another, both included. A row of another time is the answer to another
    /// question.
    fn ask_profile(&mut self, port: &mut dyn Port, name: &str, labels: (i64, i64)) -> Result<Answer, Failure> {
        let (form, command) = (self.link.config.profile_time, self.link.config.command());
        let question = format!(
            "{name}({};{})",
            form.write(civil(labels.0)),
            form.write(civil(labels.1))
        );
        let mut judge = |answer: &str| {
            if dataset::error(answer).is_some() {
                return Ok(());
            }
            let entries = profile::decode(name, &dataset::parse(answer)).map_err(|error| error.to_string())?;
            let stranger = entries.iter().find(|entry| {
                let label = reckon(entry.label);
                // Some meters give whole days.
                !(labels.0 - uzel_driver_sdk::calendar::DAY..=labels.1 + uzel_driver_sdk::calendar::DAY)
                    .contains(&label)
            });
            match stranger {
                Some(entry) => {
                    let label = form.write(entry.label);
                    Err(format!("a row of {label} came, which was not asked for"))
                }
                None => Ok(()),
            }
        };
        let answer = match self.link.ask(port, command, &question, &mut judge) {
            Ok(answer) => answer,
            Err(trouble @ Trouble::Nak(_)) => return Err(Failure::Refused(trouble.to_string())),
            Err(trouble) => return Err(trouble.into()),
        };
        if let Some(error) = dataset::error(&answer) {
            port.note(&format!("{question}: {error}"));
            return Ok(Answer::Error(error.to_owned()));
        }
        let entries = profile::decode(name, &dataset::parse(&answer));
        entries
            .map(Answer::Rows)
            .map_err(|error| Failure::Garbled(error.to_string()))
    }

    fn give(
        &self,
        entries: &[Entry],
        wanted: &Wanted,
        token: &[u8],
        given: &mut Given,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let labels = match self.link.config.profile_label {
            Label::End => LabelRule::IntervalEnd,
            Label::Start => LabelRule::IntervalStart,
        };
        let mut rows: Vec<Row> = Vec::new();
        for entry in entries {
            let columns = columns(&wanted.name, entry);
            if columns != given.declared {
                send(&mut rows, None, out)?;
                out.declare(&columns, labels)?;
                given.declared = columns;
            }
            rows.push(row(entry));
        }
        send(&mut rows, Some(token), out)
    }
}

/// Gives rows, as many at once as the contract lets.
fn send(rows: &mut Vec<Row>, token: Option<&[u8]>, out: &mut dyn Sink) -> Result<(), Failure> {
    let all = std::mem::take(rows);
    let mut parts = all.chunks(512).peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        out.rows(part, token.filter(|_| is_last))?;
    }
    Ok(())
}

/// The status, and the channels. What has no usable address is named by its place.
fn columns(name: &str, entry: &Entry) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for (place, channel) in (1..).zip(&entry.channels) {
        let address = Address::parse(&channel.id).unwrap_or_default();
        let mut made = column(&address, &channel.unit, of_interval(&address, &channel.unit));
        let is_taken = columns
            .iter()
            .any(|other| (&other.id, other.tariff) == (&made.id, made.tariff));
        if made.id.is_empty() || is_taken {
            made.id = format!("{name}/{place}");
        }
        columns.push(made);
    }
    columns.truncate(COLUMNS_MAX - 1);
    columns.push(Column {
        id: "status".to_owned(),
        quantity: "status".to_owned(),
        unit: String::new(),
        point: 0,
        tariff: 0,
        pipe: None,
        aggregate: uzel_driver_sdk::Aggregate::State,
        decimals: None,
    });
    columns
}

fn row(entry: &Entry) -> Row {
    let word = status::word(&entry.status);
    let mut values: Vec<Value> = entry.values.iter().map(|text| number::value(text)).collect();
    let is_disturbed = word.is_some_and(status::is_disturbed);
    let doubtful = |(column, value): (u16, &Value)| {
        (is_disturbed && *value != Value::Absent).then(|| Mark {
            column,
            quality: Quality::Doubtful,
            code: Some(entry.status.chars().take(32).collect()),
        })
    };
    let marks = (0..).zip(&values).filter_map(doubtful).collect();
    values.push(match word {
        Some(word) => Value::Bits(word),
        None if entry.status.is_empty() => Value::Bits(0),
        None => Value::Text(entry.status.chars().take(64).collect()),
    });
    Row {
        label: Some(entry.label),
        other_end: None,
        length_s: None,
        values,
        marks,
        conditions: word.map(status::conditions).unwrap_or_default(),
    }
}
