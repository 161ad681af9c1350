//! The recorded line of the sandbox as the line of a native driver. It never waits, so its calls are done when polled.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::FutureExt as _;
use jiff::Timestamp;
use uzel::driver::env;
use uzel::session::Replay;
use uzel_driver_sdk::{Instant, Level, LineError, Medium, Port, Reading, Settings, Until};

/// The line of one session.
pub struct Line {
    replay: Replay,
    started_at: Timestamp,
    memory: BTreeMap<String, Vec<u8>>,
}

impl Line {
    /// Of a session that began then.
    pub fn new(replay: Replay, started_at: Timestamp) -> Self {
        Self {
            replay,
            started_at,
            memory: BTreeMap::new(),
        }
    }
}

fn fault(fault: env::PortFault) -> LineError {
    match fault {
        env::PortFault::Timeout(bytes) => LineError::Timeout(bytes),
        env::PortFault::Denied => LineError::Denied,
        env::PortFault::Closed(_) | env::PortFault::Busy(_) | env::PortFault::Silent(_) => LineError::Closed,
    }
}

impl Port for Line {
    fn medium(&self) -> Medium {
        match env::Port::medium(&self.replay) {
            env::Medium::Serial => Medium::Serial,
            env::Medium::Tcp => Medium::Tcp,
            env::Medium::Replay => Medium::Replay,
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), LineError> {
        let written = env::Port::write(&mut self.replay, bytes, Duration::MAX).now_or_never();
        written.unwrap_or(Err(env::PortFault::Denied)).map_err(fault)
    }

    fn read(&mut self, how: Reading) -> Result<Vec<u8>, LineError> {
        let how = env::Reading {
            until: match how.until {
                Until::Length(length) => env::Until::Length(length as usize),
                Until::Delimiter(byte) => env::Until::Delimiter(byte),
                Until::SilenceMs(gap) => env::Until::Silence(Duration::from_millis(gap.into())),
                Until::Any => env::Until::Any,
            },
            max: how.max as usize,
            deadline: Duration::from_millis(how.deadline_ms.into()),
        };
        let read = env::Port::read(&mut self.replay, how).now_or_never();
        read.unwrap_or(Err(env::PortFault::Denied)).map_err(fault)
    }

    fn exchange(&mut self, bytes: &[u8], how: Reading) -> Result<Vec<u8>, LineError> {
        self.purge();
        self.write(bytes)?;
        self.read(how)
    }

    fn purge(&mut self) -> u32 {
        let dropped = env::Port::purge(&mut self.replay).now_or_never();
        dropped.and_then(|count| u32::try_from(count).ok()).unwrap_or(0)
    }

    fn configure(&mut self, _settings: Settings) -> Result<(), LineError> {
        Ok(())
    }

    fn now(&self) -> Instant {
        let elapsed = env::Port::elapsed(&self.replay).unwrap_or_default();
        let elapsed = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
        self.started_at.as_millisecond().saturating_add(elapsed)
    }

    fn sleep(&mut self, ms: u32) {
        env::Port::pass(&mut self.replay, Duration::from_millis(ms.into()));
    }

    fn log(&mut self, _level: Level, _text: &str) {}

    fn note(&mut self, _text: &str) {}

    fn recall(&self, key: &str) -> Option<Vec<u8>> {
        self.memory.get(key).cloned()
    }

    fn remember(&mut self, key: &str, value: &[u8]) -> Result<(), String> {
        self.memory.insert(key.to_owned(), value.to_vec());
        Ok(())
    }
}
