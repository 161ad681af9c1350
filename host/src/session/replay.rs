//! A recorded session as a driver's port: the same bytes in, at the times of the trace, without waiting for them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::asked::hex;
use super::request::Request;
use super::script::{Script, Step, What};
use crate::driver::env::{Medium, Port, PortFault, Reading, Until};
use crate::model::LineSettings;

/// A trace that is held again. Clones are the same one: one goes to the session, one tells afterwards how it went.
#[derive(Debug, Clone)]
pub struct Replay(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    medium: Medium,
    steps: VecDeque<Step>,
    /// What came and was not read yet.
    held: Vec<u8>,
    /// Since the session started; never goes back.
    clock: Duration,
    mismatch: Option<Mismatch>,
}

/// A request that the trace has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Milliseconds since the session started.
    pub at_ms: u64,
    /// What the driver asks.
    pub asks: Vec<u8>,
    /// What was asked there when the trace was made; none: the trace is at its end.
    pub recorded: Option<Request>,
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let asks = hex(&self.asks);
        match &self.recorded {
            Some(recorded) => write!(
                f,
                "at {} ms the driver asks {asks}, where the trace has {recorded}",
                self.at_ms
            ),
            None => write!(
                f,
                "at {} ms the driver asks {asks}, where the trace has ended",
                self.at_ms
            ),
        }
    }
}

impl Replay {
    /// The conversation of `script` on a line that the driver takes for `medium`.
    pub fn new(script: Script, medium: Medium) -> Self {
        Self(Arc::new(Mutex::new(State {
            medium,
            steps: script.steps.into(),
            held: Vec::new(),
            clock: Duration::ZERO,
            mismatch: None,
        })))
    }

    /// The first request that the trace has not: the conversation ended there.
    pub fn mismatch(&self) -> Option<Mismatch> {
        self.state().mismatch.clone()
    }

    /// Requests of the trace that were not asked.
    pub fn unasked(&self) -> usize {
        let state = self.state();
        let sent = state.steps.iter().filter(|step| matches!(step.what, What::Sent(_)));
        sent.count()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self) -> Option<What> {
        let step = self.steps.pop_front()?;
        self.clock = self.clock.max(Duration::from_millis(step.at_ms));
        Some(step.what)
    }

    fn next(&self) -> Option<&What> {
        self.steps.front().map(|step| &step.what)
    }

    fn ended(&self) -> Result<(), PortFault> {
        let told = self.mismatch.as_ref();
        told.map_or(Ok(()), |mismatch| Err(PortFault::Closed(mismatch.to_string())))
    }

    /// Answers that were not read are passed over: the driver reads less than the one before.
    fn write(&mut self, bytes: &[u8]) -> Result<(), PortFault> {
        self.ended()?;
        self.held.clear();
        while self.next().is_some_and(|next| !matches!(next, What::Sent(_))) {
            self.take();
        }
        let recorded = match self.next() {
            Some(What::Sent(recorded)) if recorded.matches(bytes) => {
                self.take();
                return Ok(());
            }
            Some(What::Sent(recorded)) => Some(recorded.clone()),
            _ => None,
        };
        self.mismatch = Some(Mismatch {
            at_ms: u64::try_from(self.clock.as_millis()).unwrap_or(u64::MAX),
            asks: bytes.to_vec(),
            recorded,
        });
        self.ended()
    }

    fn read(&mut self, how: Reading) -> Result<Vec<u8>, PortFault> {
        self.ended()?;
        loop {
            if let Some(count) = complete(&self.held, how) {
                let rest = self.held.split_off(count);
                return Ok(std::mem::replace(&mut self.held, rest));
            }
            match self.next() {
                Some(What::Moment) => {
                    self.take();
                }
                Some(What::Came(_)) => {
                    if let Some(What::Came(bytes)) = self.take() {
                        self.held.extend(bytes);
                    }
                    if self.next() == Some(&What::Timeout(true)) {
                        self.take();
                        return Err(PortFault::Timeout(std::mem::take(&mut self.held)));
                    }
                }
                Some(What::Closed(text)) => {
                    let text = text.clone();
                    self.take();
                    self.held.clear();
                    return Err(PortFault::Closed(text));
                }
                Some(What::Timeout(_)) => {
                    self.take();
                    return Err(PortFault::Timeout(std::mem::take(&mut self.held)));
                }
                // Nothing was read here when the trace was made: the line stays silent.
                Some(What::Sent(_)) | None => {
                    self.clock += how.deadline;
                    return Err(PortFault::Timeout(std::mem::take(&mut self.held)));
                }
            }
        }
    }
}

/// How many of the held bytes complete the read.
fn complete(held: &[u8], how: Reading) -> Option<usize> {
    let have = held.len();
    match how.until {
        Until::Length(length) => (have >= length.min(how.max)).then_some(length.min(how.max)),
        Until::Delimiter(byte) => {
            let found = held.iter().position(|b| *b == byte).map(|at| at + 1);
            found
                .filter(|count| *count <= how.max)
                .or((have >= how.max).then_some(how.max))
        }
        Until::Silence(_) | Until::Any => (have > 0).then_some(have.min(how.max)),
    }
}

#[async_trait]
impl Port for Replay {
    fn medium(&self) -> Medium {
        self.state().medium
    }

    async fn write(&mut self, bytes: &[u8], _deadline: Duration) -> Result<(), PortFault> {
        self.state().write(bytes)
    }

    async fn read(&mut self, how: Reading) -> Result<Vec<u8>, PortFault> {
        self.state().read(how)
    }

    /// What was dropped when the trace was made is not in it.
    async fn purge(&mut self) -> usize {
        let mut state = self.state();
        std::mem::take(&mut state.held).len()
    }

    async fn configure(&mut self, _settings: LineSettings) -> Result<(), PortFault> {
        match self.state().medium {
            Medium::Serial => Ok(()),
            Medium::Tcp | Medium::Replay => Err(PortFault::Denied),
        }
    }

    fn elapsed(&self) -> Option<Duration> {
        Some(self.state().clock)
    }

    fn pass(&mut self, wait: Duration) -> bool {
        self.state().clock += wait;
        true
    }

    fn tell_time(&mut self) {
        let mut state = self.state();
        if state.next() == Some(&What::Moment) {
            state.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::driver::{Describe, Secrets};

    fn replay(trace: &str) -> Replay {
        Replay::new(Script::parse(trace).unwrap(), Medium::Tcp)
    }

    fn how(until: Until) -> Reading {
        Reading {
            until,
            max: 64,
            deadline: Duration::from_secs(2),
        }
    }

    #[tokio::test]
    async fn answers_come_at_the_times_of_the_trace_and_reads_end_where_they_ended() {
        let mut port = replay("5 > 01\n184 < aabb cc\n190 @ \n300 > 02\n900 < dd\n2300 ~ timeout, 1 bytes\n");
        let at = |port: &Replay| port.elapsed().unwrap().as_millis();
        port.write(&[1], Duration::ZERO).await.unwrap();
        assert_eq!(at(&port), 5);
        assert_eq!(port.read(how(Until::Any)).await, Ok(vec![0xaa, 0xbb]));
        assert_eq!(port.read(how(Until::Silence(Duration::ZERO))).await, Ok(vec![0xcc]));
        assert_eq!(at(&port), 184);
        port.tell_time();
        assert_eq!(at(&port), 190);
        assert!(port.pass(Duration::from_millis(50)));
        assert_eq!(at(&port), 240);
        port.write(&[2], Duration::ZERO).await.unwrap();
        let cut = port.read(how(Until::Any)).await;
        assert_eq!((cut, at(&port)), (Err(PortFault::Timeout(vec![0xdd])), 2300));
        assert_eq!((port.mismatch(), port.unasked()), (None, 0));
    }

    #[tokio::test]
    async fn reads_of_other_lengths_get_the_same_bytes() {
        let mut port = replay("5 > 01\n184 < aabb cc0d\n");
        port.write(&[1], Duration::ZERO).await.unwrap();
        assert_eq!(port.read(how(Until::Length(3))).await, Ok(vec![0xaa, 0xbb, 0xcc]));
        assert_eq!(port.read(how(Until::Delimiter(0x0d))).await, Ok(vec![0x0d]));
        assert_eq!(port.read(how(Until::Any)).await, Err(PortFault::Timeout(vec![])));
        assert_eq!(port.elapsed(), Some(Duration::from_millis(2_184)));
    }

    #[tokio::test]
    async fn a_masked_password_does_not_end_a_replay() {
        let describe: Describe = serde_json::from_value(json!({
            "id": "hm1", "version": "1.0.0", "vendor": "v", "title": {"ru": "t", "en": "t"},
            "line": {"media": ["tcp"], "baud": 9600, "data_bits": 8, "parity": "none", "stop_bits": 1},
            "config": [{"key": "password", "type": "string", "secret": true, "title": {"ru": "t", "en": "t"}}],
            "models": [],
        }))
        .unwrap();
        let secrets = Secrets::of(&describe, &json!({"password": "s3cr"}));
        let trace = secrets.mask_trace("5 > 1073336372a116\n184 < e5\n200 > 1040\n".to_owned());
        assert!(!trace.contains("73336372"), "{trace}");
        let mut port = replay(&trace);
        // Whoever replays knows the password or not.
        for password in [b"s3cr", b"none"] {
            port = replay(&trace);
            let request = [&[0x10], &password[..], &[password[0], 0x16]].concat();
            port.write(&request, Duration::ZERO).await.unwrap();
            assert_eq!(port.read(how(Until::Any)).await, Ok(vec![0xe5]));
        }
        let refused = port.write(&[0x10, 0x41], Duration::ZERO).await;
        assert!(refused.is_err(), "what is shown is compared");
        let other = replay(&trace).write(b"\x11s3cr\xa1\x16", Duration::ZERO).await;
        let text = "at 0 ms the driver asks 1173336372a116, where the trace has 10********a116".to_owned();
        assert_eq!(other, Err(PortFault::Closed(text)));
    }

    #[tokio::test]
    async fn a_request_that_the_trace_has_not_is_named_with_both_and_ends_it() {
        let mut port = replay("5 > 105b\n184 < aa\n200 > 1040\n");
        port.write(&[0x10, 0x5b], Duration::ZERO).await.unwrap();
        let refused = port.write(&[0x10, 0x7b], Duration::ZERO).await;
        let text = "at 184 ms the driver asks 107b, where the trace has 1040".to_owned();
        assert_eq!(refused, Err(PortFault::Closed(text.clone())));
        assert_eq!(port.read(how(Until::Any)).await, Err(PortFault::Closed(text)));
        assert_eq!(port.unasked(), 1);
        let mut port = replay("5 > 01\n");
        port.write(&[1], Duration::ZERO).await.unwrap();
        port.write(&[2], Duration::ZERO).await.unwrap_err();
        let told = port.mismatch().unwrap().to_string();
        assert_eq!(told, "at 5 ms the driver asks 02, where the trace has ended");
    }
}
