//! The conversation with one meter, and why its answers can be believed.
//!
//! A frame has 16 check bits, but an answer with registers does not say which. Such an answer counts when the serial
//! number can be asked for right behind it: whatever a line still had in flight would come in its place. Pages tell their
//! archive, their block and the next page, and common blocks their date. After anything out of order the line is heard out
//! until it is silent.

use uzel_driver_sdk::{Failure, Instant, LineError, Port, Reading};

use crate::config::Config;
use crate::question::{Answer, LONGEST, Question, Scan};

/// The question behind every answer that does not say what it is to.
pub const PROOF: Question = Question::registers(40_001, 2);
/// Behind the answer to that one.
const OTHER_PROOF: Question = Question::registers(40_003, 6);
/// First silence that ends a disturbance; doubled with every failure.
const QUIET_MS: u32 = 300;
/// Silence that ends an answer whose length is not documented.
const END_MS: u32 = 200;
/// Pause before a busy meter is asked again.
const BUSY_MS: u32 = 2_000;
/// So many broken answers cost one attempt: the meter is there, and the next may be whole.
const BROKEN_PER_ATTEMPT: u32 = 3;
/// How often an answer may fail to be proved.
const ROUNDS: usize = 8;
/// Reads of one answer.
const READS: usize = 6;
/// Reads while a disturbed line is heard out, and bytes of each.
const DRAINS: usize = 10;
const DRAIN_BYTES: u32 = 4_096;

/// The line to one meter.
#[derive(Debug)]
pub struct Link {
    config: Config,
    /// Times around the last answer.
    pub times: (Instant, Instant),
}

impl Link {
    pub fn new(config: Config) -> Self {
        Self { config, times: (0, 0) }
    }

    /// Asks until an answer is proved by the one to another question right behind it.
    pub fn sure(&mut self, port: &mut dyn Port, question: &Question) -> Result<Answer, Failure> {
        let proof = if *question == PROOF { OTHER_PROOF } else { PROOF };
        for _ in 0..ROUNDS {
            let answer = self.ask(port, question)?;
            let times = self.times;
            match self.once(port, &proof) {
                Ok(_) => {
                    self.times = times;
                    return Ok(answer);
                }
                Err(Failure::NoAnswer | Failure::Garbled(_)) => {
                    port.note("not proved: once more");
                    self.hear_out(port, 1)?;
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::Garbled("no answer was proved by the one behind it".to_owned()))
    }

    /// Asks until an answer comes that fits.
    pub fn ask(&mut self, port: &mut dyn Port, question: &Question) -> Result<Answer, Failure> {
        let mut left = self.config.attempts.saturating_mul(BROKEN_PER_ATTEMPT);
        let mut failures = 0;
        loop {
            let answer = self.once(port, question);
            let (cost, why) = match &answer {
                // A long operation: the meter says that it will have time.
                Ok(Answer::Refused(5 | 6)) => (1, "busy".to_owned()),
                Ok(_) => return answer,
                Err(Failure::NoAnswer) => (BROKEN_PER_ATTEMPT, "no answer".to_owned()),
                Err(Failure::Garbled(why)) => (1, why.clone()),
                Err(_) => return answer,
            };
            port.note(&format!("not taken: {why}"));
            failures += 1;
            left = left.saturating_sub(cost);
            if left == 0 {
                return answer;
            }
            match answer {
                Ok(_) => port.sleep(BUSY_MS.min(self.config.timeout_ms)),
                Err(_) => self.hear_out(port, failures)?,
            }
        }
    }

    /// One frame out, one frame in.
    fn once(&mut self, port: &mut dyn Port, question: &Question) -> Result<Answer, Failure> {
        let unasked = port.purge();
        if unasked > 0 {
            return Err(Failure::Garbled(format!("{unasked} bytes came that nobody asked for")));
        }
        let sent = port.now();
        port.write(&question.request(self.config.address)).map_err(line)?;
        let mut bytes = Vec::new();
        let mut is_all = false;
        for _ in 0..READS {
            let how = match question.scan(&bytes, self.config.address, is_all) {
                Scan::Whole(answer) => {
                    self.times = (sent, port.now());
                    return Ok(answer);
                }
                Scan::Noise(why) => return Err(Failure::Garbled(why)),
                _ if is_all => break,
                Scan::Need(count) => Reading::exactly(u32::try_from(count).unwrap_or(u32::MAX), self.config.timeout_ms),
                Scan::Rest => {
                    is_all = true;
                    let most = u32::try_from(LONGEST).unwrap_or(u32::MAX);
                    Reading::until_silence(END_MS, most, self.config.timeout_ms.min(END_MS))
                }
            };
            match port.read(how) {
                Ok(more) => bytes.extend(more),
                Err(LineError::Timeout(more)) => {
                    bytes.extend(more);
                    is_all = true;
                }
                Err(error) => return Err(line(error)),
            }
        }
        if bytes.is_empty() {
            return Err(Failure::NoAnswer);
        }
        Err(Failure::Garbled(format!(
            "{} bytes came and no whole frame",
            bytes.len()
        )))
    }

    /// Reads until a real silence, so that no late answer is left in flight.
    pub fn hear_out(&self, port: &mut dyn Port, failures: u32) -> Result<(), Failure> {
        let quiet_ms = QUIET_MS
            .saturating_mul(1 << failures.clamp(1, 5))
            .min(self.config.timeout_ms);
        for _ in 0..DRAINS {
            match port.read(Reading::until_silence(quiet_ms, DRAIN_BYTES, quiet_ms)) {
                Err(LineError::Timeout(bytes)) if bytes.is_empty() => return Ok(()),
                Ok(_) | Err(LineError::Timeout(_)) => {}
                Err(error) => return Err(line(error)),
            }
        }
        Ok(())
    }
}

fn line(error: LineError) -> Failure {
    match error {
        LineError::Stopped => Failure::Stopped,
        error => Failure::Line(error),
    }
}
