//! Recorded conversations, so that a driver runs natively over real bytes.
//!
//! A recording is text:
//!
//! ```text
//! # source: where the bytes are from
//! > 10 02 03        what the driver sends
//! < 10 05           what came; several lines follow one another
//! < 00 07
//! ~                 silence: the read before which it stands times out
//! ```

use std::collections::{BTreeMap, VecDeque};

use crate::bytes::{hex, unhex};
use crate::{
    Absence, Column, Event, Failure, Instant, LabelRule, Level, LineError, Medium, Port, Reading, Row, Settings, Sink,
    Until, Window,
};

/// What a recording holds, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Sent(Vec<u8>),
    Came(Vec<u8>),
    Silence,
}

/// A line that expects the recorded requests in the recorded order and gives the recorded answers.
///
/// A request that differs panics with both frames: it is a test's tool. Time stands still but for `sleep` and silence.
#[derive(Debug)]
pub struct Recording {
    steps: VecDeque<Step>,
    pending: VecDeque<u8>,
    now: Instant,
    memory: BTreeMap<String, Vec<u8>>,
    /// Notes and log lines, in order.
    pub notes: Vec<String>,
}

impl Recording {
    /// Parses a recording; panics on a line that is none.
    pub fn parse(text: &str) -> Self {
        let steps = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| {
                let bytes =
                    |rest: &str| unhex(rest).unwrap_or_else(|| panic!("recording line is not hex bytes: {line}"));
                match line.split_at(1) {
                    (">", rest) => Step::Sent(bytes(rest)),
                    ("<", rest) => Step::Came(bytes(rest)),
                    ("~", _) => Step::Silence,
                    _ => panic!("recording line starts with neither > nor < nor ~ nor #: {line}"),
                }
            });
        Self {
            steps: steps.collect(),
            pending: VecDeque::new(),
            now: 0,
            memory: BTreeMap::new(),
            notes: Vec::new(),
        }
    }

    /// Sets the host's clock.
    pub fn at(mut self, now: Instant) -> Self {
        self.now = now;
        self
    }

    /// Panics unless every step was used.
    pub fn assert_spent(&self) {
        assert!(
            self.steps.is_empty(),
            "{} recorded steps were not used, next {:?}",
            self.steps.len(),
            self.steps.front()
        );
    }

    fn fill(&mut self) {
        while let Some(Step::Came(_)) = self.steps.front() {
            if let Some(Step::Came(bytes)) = self.steps.pop_front() {
                self.pending.extend(bytes);
            }
        }
    }

    fn give(&mut self, count: usize) -> Vec<u8> {
        self.pending.drain(..count.min(self.pending.len())).collect()
    }

    fn time_out(&mut self, how: Reading) -> LineError {
        if let Some(Step::Silence) = self.steps.front() {
            self.steps.pop_front();
        }
        self.now += i64::from(how.deadline_ms);
        let all = self.pending.len();
        LineError::Timeout(self.give(all))
    }
}

impl Port for Recording {
    fn medium(&self) -> Medium {
        Medium::Replay
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), LineError> {
        match self.steps.pop_front() {
            Some(Step::Sent(want)) => {
                assert_eq!(hex(bytes), hex(&want), "sent (left) is not what was recorded (right)")
            }
            other => panic!("sent {} where the recording has {other:?}", hex(bytes)),
        }
        Ok(())
    }

    fn read(&mut self, how: Reading) -> Result<Vec<u8>, LineError> {
        self.fill();
        let max = usize::try_from(how.max).unwrap_or(usize::MAX);
        let have = self.pending.len();
        let complete = match how.until {
            Until::Length(length) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX).min(max);
                (have >= length).then_some(length)
            }
            Until::Delimiter(byte) => self
                .pending
                .iter()
                .position(|b| *b == byte)
                .map(|at| at + 1)
                .or((have >= max).then_some(max)),
            Until::SilenceMs(_) | Until::Any => (have > 0).then_some(have),
        };
        match complete {
            Some(count) => Ok(self.give(count.min(max))),
            None => Err(self.time_out(how)),
        }
    }

    fn exchange(&mut self, bytes: &[u8], how: Reading) -> Result<Vec<u8>, LineError> {
        self.purge();
        self.write(bytes)?;
        self.read(how)
    }

    fn purge(&mut self) -> u32 {
        self.fill();
        let dropped = self.pending.len();
        self.pending.clear();
        u32::try_from(dropped).unwrap_or(u32::MAX)
    }

    fn configure(&mut self, _settings: Settings) -> Result<(), LineError> {
        Ok(())
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn sleep(&mut self, ms: u32) {
        self.now += i64::from(ms);
    }

    fn log(&mut self, level: Level, text: &str) {
        self.notes.push(format!("{level:?}: {text}"));
    }

    fn note(&mut self, text: &str) {
        self.notes.push(text.to_owned());
    }

    fn recall(&self, key: &str) -> Option<Vec<u8>> {
        self.memory.get(key).cloned()
    }

    fn remember(&mut self, key: &str, value: &[u8]) -> Result<(), String> {
        self.memory.insert(key.to_owned(), value.to_vec());
        Ok(())
    }
}

/// What a driver gave, in memory.
#[derive(Debug, Default)]
pub struct Collected {
    /// Each declaration with the rows given under it.
    pub tables: Vec<Table>,
    /// Windows said to be empty.
    pub absent: Vec<(Window, Absence)>,
    /// Device journal entries.
    pub events: Vec<Event>,
    /// The last resume token.
    pub resume: Option<Vec<u8>>,
    /// After so many calls of `rows` the answer is "stop"; none: never.
    pub stop_after: Option<usize>,
    calls: usize,
}

/// Rows under one declaration.
#[derive(Debug)]
pub struct Table {
    /// As declared.
    pub columns: Vec<Column>,
    /// As declared.
    pub labels: LabelRule,
    /// In the order given.
    pub rows: Vec<Row>,
}

impl Sink for Collected {
    fn declare(&mut self, columns: &[Column], labels: LabelRule) -> Result<(), Failure> {
        self.tables.push(Table {
            columns: columns.to_vec(),
            labels,
            rows: Vec::new(),
        });
        Ok(())
    }

    fn rows(&mut self, rows: &[Row], resume: Option<&[u8]>) -> Result<(), Failure> {
        let table = self
            .tables
            .last_mut()
            .ok_or_else(|| Failure::Unsupported("rows before columns".to_owned()))?;
        for row in rows {
            if row.values.len() != table.columns.len() {
                let (got, want) = (row.values.len(), table.columns.len());
                return Err(Failure::Unsupported(format!(
                    "row has {got} values, {want} columns are declared"
                )));
            }
        }
        table.rows.extend_from_slice(rows);
        self.resume = resume.map(<[u8]>::to_vec);
        self.calls += 1;
        if self.stop_after.is_some_and(|limit| self.calls >= limit) {
            return Err(Failure::Stopped);
        }
        Ok(())
    }

    fn absent(&mut self, window: Window, why: Absence) -> Result<(), Failure> {
        self.absent.push((window, why));
        Ok(())
    }

    fn events(&mut self, events: &[Event]) -> Result<(), Failure> {
        self.events.extend_from_slice(events);
        Ok(())
    }

    fn progress(&mut self, _done: u32, _total: u32) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_order_and_silence_times_out() {
        let mut line = Recording::parse("# source: made up\n> 01 02\n< 03\n< 04 05\n> 06\n~\n");
        let reply = line.exchange(&[1, 2], Reading::exactly(2, 100)).unwrap();
        assert_eq!(reply, [3, 4]);
        assert_eq!(line.read(Reading::exactly(1, 100)).unwrap(), [5]);
        let silent = line.exchange(&[6], Reading::exactly(1, 100));
        assert!(matches!(silent, Err(LineError::Timeout(bytes)) if bytes.is_empty()));
        assert_eq!(line.now(), 100);
        line.assert_spent();
    }

    #[test]
    #[should_panic(expected = "not what was recorded")]
    fn another_request_fails_the_test() {
        Recording::parse("> 01\n< 02").write(&[9]).unwrap();
    }
}
