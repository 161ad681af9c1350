//! A line that Rust code answers. Time passes only by waiting.

use std::collections::{BTreeMap, VecDeque};

use uzel_driver_sdk::{Instant, Level, LineError, Medium, Port, Reading, Settings, Until};

/// What is at the far end.
pub trait FarEnd {
    /// Takes bytes that came at `baud`, where the line has a speed; gives what comes back.
    fn hear(&mut self, bytes: &[u8], baud: Option<u32>, now: Instant) -> Vec<u8>;
}

pub struct Line<F> {
    pub far: F,
    pub now: Instant,
    pub sent: Vec<Vec<u8>>,
    pub notes: Vec<String>,
    /// A port that can be set; none: a plain TCP line.
    pub settings: Option<Settings>,
    /// Every speed that the port was set to.
    pub speeds: Vec<u32>,
    memory: BTreeMap<String, Vec<u8>>,
    here: VecDeque<u8>,
}

impl<F: FarEnd> Line<F> {
    /// A plain TCP line.
    pub fn tcp(far: F) -> Self {
        Self {
            far,
            now: 1_000_000,
            sent: Vec::new(),
            notes: Vec::new(),
            settings: None,
            speeds: Vec::new(),
            memory: BTreeMap::new(),
            here: VecDeque::new(),
        }
    }

    /// A serial port.
    pub fn serial(far: F) -> Self {
        let settings = Settings {
            baud: 9_600,
            data_bits: 8,
            parity: uzel_driver_sdk::Parity::None,
            stop_bits: 1,
        };
        Self {
            settings: Some(settings),
            ..Self::tcp(far)
        }
    }

    fn give(&mut self, count: usize) -> Vec<u8> {
        self.here.drain(..count.min(self.here.len())).collect()
    }
}

impl<F: FarEnd> Port for Line<F> {
    fn medium(&self) -> Medium {
        Medium::Replay
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), LineError> {
        self.sent.push(bytes.to_vec());
        let answer = self
            .far
            .hear(bytes, self.settings.map(|settings| settings.baud), self.now);
        self.here.extend(answer);
        Ok(())
    }

    fn read(&mut self, how: Reading) -> Result<Vec<u8>, LineError> {
        let have = self.here.len();
        let max = usize::try_from(how.max).unwrap();
        let count = match how.until {
            Until::Length(length) => Some(usize::try_from(length).unwrap()).filter(|length| have >= *length),
            Until::Delimiter(byte) => self.here.iter().position(|b| *b == byte).map(|at| at + 1),
            Until::SilenceMs(_) | Until::Any => Some(have).filter(|have| *have > 0),
        };
        match count.or((have >= max).then_some(max)) {
            Some(count) => Ok(self.give(count.min(max))),
            None => {
                self.now += Instant::from(how.deadline_ms);
                Err(LineError::Timeout(self.give(have)))
            }
        }
    }

    fn exchange(&mut self, bytes: &[u8], how: Reading) -> Result<Vec<u8>, LineError> {
        self.purge();
        self.write(bytes)?;
        self.read(how)
    }

    fn purge(&mut self) -> u32 {
        let dropped = self.here.len();
        self.here.clear();
        u32::try_from(dropped).unwrap()
    }

    fn configure(&mut self, settings: Settings) -> Result<(), LineError> {
        let Some(now) = &mut self.settings else {
            return Err(LineError::Denied);
        };
        *now = settings;
        self.speeds.push(settings.baud);
        Ok(())
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn sleep(&mut self, ms: u32) {
        self.now += Instant::from(ms);
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
