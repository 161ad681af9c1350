//! Lines for conversations of a driver within a test: a clock of their own, and somebody at the far end, such as a simulated
//! meter.

use std::collections::BTreeMap;
use std::time::Duration;

use meter_sim::{Faulty, Link, Meter};
use uzel_driver_sdk::{Instant, Level, LineError, Medium, Port, Reading, Settings, Until};

/// What is at the far end: gets bytes, gives what comes back and after how many milliseconds.
pub trait FarEnd {
    fn answer(&mut self, bytes: &[u8], now: Instant) -> Vec<(Instant, Vec<u8>)>;
}

/// A simulated meter.
pub struct Simulated(pub Faulty<Box<dyn Meter>>);

impl Simulated {
    pub fn new(link: Link) -> Self {
        Self(link.into_meter())
    }
}

impl FarEnd for Simulated {
    fn answer(&mut self, bytes: &[u8], now: Instant) -> Vec<(Instant, Vec<u8>)> {
        let now = Duration::from_millis(u64::try_from(now).unwrap());
        let replies = self.0.on_bytes(now, bytes).into_iter();
        replies
            .map(|reply| (20 + i64::try_from(reply.delay.as_millis()).unwrap(), reply.bytes))
            .collect()
    }
}

/// A line with its own clock: time passes only by waiting.
pub struct Wire<F> {
    pub far: F,
    /// The host's clock.
    pub now: Instant,
    /// What the driver sent.
    pub written: Vec<Vec<u8>>,
    pub notes: Vec<String>,
    /// What the driver remembered.
    pub memory: BTreeMap<String, Vec<u8>>,
    flight: Vec<(Instant, Vec<u8>)>,
    here: Vec<u8>,
}

impl<F: FarEnd> Wire<F> {
    pub fn new(far: F) -> Self {
        Self {
            far,
            now: 1_790_000_000_000,
            written: Vec::new(),
            notes: Vec::new(),
            memory: BTreeMap::new(),
            flight: Vec::new(),
            here: Vec::new(),
        }
    }

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
        Medium::Tcp
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), LineError> {
        self.written.push(bytes.to_vec());
        let answers = self.far.answer(bytes, self.now).into_iter();
        self.flight
            .extend(answers.map(|(after, bytes)| (self.now + after, bytes)));
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
            let (count, quiet_at) = match how.until {
                Until::Length(length) => {
                    let length = usize::try_from(length).unwrap();
                    ((have >= length).then_some(length), None)
                }
                Until::SilenceMs(gap) if have > 0 => {
                    let quiet = last + i64::from(gap);
                    ((self.now >= quiet).then_some(have), Some(quiet))
                }
                _ => ((have > 0).then_some(have), None),
            };
            if let Some(count) = count {
                return Ok(self.give(count));
            }
            let next = self.flight.iter().map(|(at, _)| *at).min();
            match [next, quiet_at].into_iter().flatten().min().filter(|at| *at <= end) {
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
        u32::try_from(dropped).unwrap()
    }

    fn configure(&mut self, _: Settings) -> Result<(), LineError> {
        Err(LineError::Denied)
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
