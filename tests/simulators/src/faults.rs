//! What may go wrong on a line, on demand. The same seed and the same conversation give the same faults.

use crate::meter::Disguise;
use std::str::FromStr;
use std::time::Duration;

/// Faults of one line. Shares are of answers (or requests), 0 to 1; none by default.
///
/// As text: `noise=0.05,late=0.02,seed=7,delay_ms=120,baud=2400,drop_after=300,wrong=serial`.
#[derive(Clone, Debug, PartialEq)]
pub struct Faults {
    pub(crate) seed: u64,
    /// Requests that never reach the meter, so that its state stays as it was.
    pub(crate) deaf: f64,
    /// Answers that never come.
    pub(crate) silence: f64,
    /// Answers with flipped bits, inserted, lost or overwritten bytes, or junk in front.
    pub(crate) noise: f64,
    /// Requests damaged in the same way.
    pub(crate) noise_in: f64,
    /// Answers damaged so that the sum of their bytes stays.
    pub(crate) sly: f64,
    /// Answers cut short.
    pub(crate) cut: f64,
    /// Answers held back until the next request.
    pub(crate) late: f64,
    /// Answers sent twice.
    pub(crate) duplicate: f64,
    /// Bytes sent before the connection drops.
    pub(crate) drop_bytes: Option<u64>,
    /// Whether it drops again after as many bytes.
    pub(crate) drop_again: bool,
    pub(crate) delay: Duration,
    /// Bytes leave no faster than on a line of this speed, 11 bits each.
    pub(crate) baud: Option<u32>,
    pub(crate) wrong: Option<Disguise>,
    /// The clock jumps by these seconds after so many requests.
    pub(crate) clock_jump: Option<(i64, u64)>,
}

/// Why a text is not a list of faults.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FaultsError {
    #[error("fault {got:?} has no `=`")]
    NoValue { got: String },
    #[error("fault {key:?} is not known; known are {KEYS}")]
    Key { key: String },
    #[error("fault {key} is {got:?}, expected {want}")]
    Value {
        key: String,
        got: String,
        want: &'static str,
    },
}

const KEYS: &str = "seed, deaf, silence, noise, noise_in, sly, cut, late, duplicate, drop_after, drop_every, \
                    delay_ms, baud, wrong, clock_s, clock_after";

/// A clock jump without a given count of requests happens after this many.
const CLOCK_AFTER: u64 = 10;

impl Default for Faults {
    fn default() -> Self {
        Self::new()
    }
}

impl Faults {
    /// A line without faults.
    pub fn new() -> Self {
        Self {
            seed: 0,
            deaf: 0.0,
            silence: 0.0,
            noise: 0.0,
            noise_in: 0.0,
            sly: 0.0,
            cut: 0.0,
            late: 0.0,
            duplicate: 0.0,
            drop_bytes: None,
            drop_again: false,
            delay: Duration::ZERO,
            baud: None,
            wrong: None,
            clock_jump: None,
        }
    }

    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Share of requests that never reach the meter.
    pub fn deaf(mut self, share: f64) -> Self {
        self.deaf = share;
        self
    }

    /// Share of answers that never come; 1.0 is a dead meter.
    pub fn silence(mut self, share: f64) -> Self {
        self.silence = share;
        self
    }

    /// Share of damaged answers.
    pub fn noise(mut self, share: f64) -> Self {
        self.noise = share;
        self
    }

    /// Share of damaged requests.
    pub fn noise_in(mut self, share: f64) -> Self {
        self.noise_in = share;
        self
    }

    /// Share of answers in which two bytes are changed so that the sum of all stays: what a check byte lets pass now and
    /// then, often enough for a test.
    pub fn sly(mut self, share: f64) -> Self {
        self.sly = share;
        self
    }

    /// Share of answers cut short.
    pub fn cut(mut self, share: f64) -> Self {
        self.cut = share;
        self
    }

    /// Share of answers that come only after the next request.
    pub fn late(mut self, share: f64) -> Self {
        self.late = share;
        self
    }

    /// Share of answers sent twice.
    pub fn duplicate(mut self, share: f64) -> Self {
        self.duplicate = share;
        self
    }

    /// The connection drops once, after so many bytes of answers.
    pub fn drop_after_bytes(mut self, bytes: u64) -> Self {
        (self.drop_bytes, self.drop_again) = (Some(bytes), false);
        self
    }

    /// The connection drops again and again, each time after so many bytes of answers.
    pub fn drop_every_bytes(mut self, bytes: u64) -> Self {
        (self.drop_bytes, self.drop_again) = (Some(bytes), true);
        self
    }

    /// Time between a request and its answer.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Bytes come no faster than on a line of this speed.
    pub fn baud(mut self, baud: u32) -> Self {
        self.baud = Some(baud.max(1));
        self
    }

    /// Another device answers in the meter's place.
    pub fn wrong(mut self, disguise: Disguise) -> Self {
        self.wrong = Some(disguise);
        self
    }

    /// The meter's clock jumps by seconds (either way) once so many requests have come.
    pub fn clock_jump(mut self, seconds: i64, after_requests: u64) -> Self {
        self.clock_jump = Some((seconds, after_requests));
        self
    }

    fn set(mut self, key: &str, value: &str) -> Result<Self, FaultsError> {
        match key {
            "seed" => self.seed = parsed(key, value, "a whole number")?,
            "deaf" => self.deaf = share(key, value)?,
            "silence" => self.silence = share(key, value)?,
            "noise" => self.noise = share(key, value)?,
            "noise_in" => self.noise_in = share(key, value)?,
            "sly" => self.sly = share(key, value)?,
            "cut" => self.cut = share(key, value)?,
            "late" => self.late = share(key, value)?,
            "duplicate" => self.duplicate = share(key, value)?,
            "drop_after" => self = self.drop_after_bytes(parsed(key, value, "a count of bytes")?),
            "drop_every" => self = self.drop_every_bytes(parsed(key, value, "a count of bytes")?),
            "delay_ms" => self.delay = Duration::from_millis(parsed(key, value, "milliseconds")?),
            "baud" => self = self.baud(parsed(key, value, "bits per second")?),
            "wrong" => self.wrong = Some(disguise(value)?),
            "clock_s" => {
                let after = self.clock_jump.map_or(CLOCK_AFTER, |jump| jump.1);
                self.clock_jump = Some((parsed(key, value, "seconds")?, after));
            }
            "clock_after" => {
                let seconds = self.clock_jump.map_or(0, |jump| jump.0);
                self.clock_jump = Some((seconds, parsed(key, value, "a count of requests")?));
            }
            _ => return Err(FaultsError::Key { key: key.into() }),
        }
        Ok(self)
    }
}

impl FromStr for Faults {
    type Err = FaultsError;

    fn from_str(text: &str) -> Result<Self, FaultsError> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.into_iter().try_fold(Self::new(), |faults, part| {
            let (key, value) = part
                .split_once('=')
                .ok_or_else(|| FaultsError::NoValue { got: part.into() })?;
            faults.set(key.trim(), value.trim())
        })
    }
}

fn parsed<T: FromStr>(key: &str, value: &str, want: &'static str) -> Result<T, FaultsError> {
    value.parse().map_err(|_| FaultsError::Value {
        key: key.into(),
        got: value.into(),
        want,
    })
}

fn share(key: &str, value: &str) -> Result<f64, FaultsError> {
    let want = "a share from 0 to 1";
    let share: f64 = parsed(key, value, want)?;
    if !(0.0..=1.0).contains(&share) {
        return Err(FaultsError::Value {
            key: key.into(),
            got: value.into(),
            want,
        });
    }
    Ok(share)
}

fn disguise(value: &str) -> Result<Disguise, FaultsError> {
    match value {
        "serial" => Ok(Disguise::Serial),
        "model" => Ok(Disguise::Model),
        _ => Err(FaultsError::Value {
            key: "wrong".into(),
            got: value.into(),
            want: "serial or model",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_sets_what_the_methods_set() {
        let text = "noise=0.05, late=0.02,seed=7,delay_ms=120,drop_every=300,wrong=model,clock_s=-60";
        let want = Faults::new()
            .noise(0.05)
            .late(0.02)
            .seed(7)
            .delay(Duration::from_millis(120))
            .drop_every_bytes(300)
            .wrong(Disguise::Model)
            .clock_jump(-60, 10);
        assert_eq!(text.parse(), Ok(want));
        assert_eq!("".parse(), Ok(Faults::new()));
    }

    #[test]
    fn a_wrong_text_is_refused_by_name() {
        let refused = |text: &str| text.parse::<Faults>().unwrap_err().to_string();
        assert_eq!(refused("noise"), "fault \"noise\" has no `=`");
        assert_eq!(refused("noise=2"), "fault noise is \"2\", expected a share from 0 to 1");
        assert!(refused("nois=0.1").starts_with("fault \"nois\" is not known"));
    }
}
