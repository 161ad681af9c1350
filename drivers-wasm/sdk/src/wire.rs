//! Lines that Rust code answers, so that a test need not write down every byte of a conversation in advance.

use std::collections::BTreeMap;

use crate::{Instant, Level, LineError, Medium, Port, Reading, Settings, Until};

/// What is at the far end: gets the bytes of one request, gives what comes back and after how many milliseconds.
pub trait FarEnd {
    /// Bytes with the milliseconds after which they come.
    fn answer(&mut self, request: &[u8], now: Instant) -> Vec<(Instant, Vec<u8>)>;

    /// The line has these settings from now on; false where it has none to change.
    fn tune(&mut self, settings: Settings) -> bool {
        let _ = settings;
        false
    }
}

/// A line with its own clock: time passes only by waiting.
#[derive(Debug)]
pub struct Wire<F> {
    /// What is at the far end.
    pub far: F,
    /// The host's clock.
    pub now: Instant,
    /// Requests that were sent.
    pub asked: u32,
    /// Notes and log lines, in order.
    pub notes: Vec<String>,
    /// What the driver remembered.
    pub memory: BTreeMap<String, Vec<u8>>,
    flight: Vec<(Instant, Vec<u8>)>,
    here: Vec<u8>,
}

impl<F: FarEnd> Wire<F> {
    /// A line with nothing on it.
    pub fn new(far: F) -> Self {
        Self {
            far,
            now: 1_000_000,
            asked: 0,
            notes: Vec::new(),
            memory: BTreeMap::new(),
            flight: Vec::new(),
            here: Vec::new(),
        }
    }

    /// Takes what has arrived by now.
    fn arrive(&mut self) {
        self.flight.sort_by_key(|(at, _)| *at);
        while self.flight.first().is_some_and(|(at, _)| *at <= self.now) {
            self.here.extend(self.flight.remove(0).1);
        }
    }

    fn give(&mut self, count: usize) -> Vec<u8> {
        self.here.drain(..count.min(self.here.len())).collect()
    }
}

impl<F: FarEnd> Port for Wire<F> {
    fn medium(&self) -> Medium {
        Medium::Replay
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), LineError> {
        self.asked += 1;
        let answers = self.far.answer(bytes, self.now);
        self.flight
            .extend(answers.into_iter().map(|(after, bytes)| (self.now + after, bytes)));
        Ok(())
    }

    fn read(&mut self, how: Reading) -> Result<Vec<u8>, LineError> {
        let end = self.now + i64::from(how.deadline_ms);
        let mut last = self.now;
        loop {
            let before = self.here.len();
            self.arrive();
            if self.here.len() > before {
                last = self.now;
            }
            let have = self.here.len();
            let next = self.flight.iter().map(|(at, _)| *at).min();
            let (complete, quiet_at) = match how.until {
                Until::Length(length) => (have >= size(length), None),
                Until::Any => (have > 0, None),
                Until::SilenceMs(gap) if have > 0 => (self.now >= last + i64::from(gap), Some(last + i64::from(gap))),
                Until::SilenceMs(_) => (false, None),
                Until::Delimiter(byte) => (self.here.contains(&byte), None),
            };
            if complete {
                let count = match how.until {
                    Until::Length(length) => size(length),
                    Until::Delimiter(byte) => self.here.iter().position(|b| *b == byte).map_or(have, |at| at + 1),
                    _ => have,
                };
                return Ok(self.give(count));
            }
            let wake = [next, quiet_at].into_iter().flatten().min().filter(|at| *at <= end);
            match wake {
                Some(at) => self.now = at.max(self.now),
                None => {
                    self.now = end;
                    return Err(LineError::Timeout(self.give(have)));
                }
            }
        }
    }

    fn exchange(&mut self, bytes: &[u8], how: Reading) -> Result<Vec<u8>, LineError> {
        self.purge();
        self.write(bytes)?;
        self.read(how)
    }

    fn purge(&mut self) -> u32 {
        self.arrive();
        let dropped = self.here.len();
        self.here.clear();
        u32::try_from(dropped).unwrap_or(u32::MAX)
    }

    fn configure(&mut self, settings: Settings) -> Result<(), LineError> {
        if self.far.tune(settings) {
            Ok(())
        } else {
            Err(LineError::Denied)
        }
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn sleep(&mut self, ms: u32) {
        self.now += i64::from(ms);
    }

    fn log(&mut self, _: Level, text: &str) {
        self.notes.push(text.to_owned());
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

fn size(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
