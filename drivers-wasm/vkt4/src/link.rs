//! The conversation with one meter, and why its answers can be believed.
//!
//! The check byte passes one garbled frame in 256, and only answers with records say what they are about. So one answer
//! proves nothing: it counts when the meter says it twice. Between the two another question is asked, so that an answer
//! which a line delivers twice meets a question that it does not fit. After anything out of order (silence, a broken
//! frame, bytes that nobody asked for) the line is heard out until it is silent, and the meter is selected again.

use uzel_driver_sdk::{Failure, Instant, LineError, Port, Reading};

use crate::config::Config;
use crate::frame::{self, Scan};
use crate::question::{Question, SETTINGS, Said, TYPE};

/// Bytes FF that make every meter listen for its number (VKT-4 note, section 1).
const WAKE: [u8; 16] = [0xff; 16];
/// A selected meter forgets it after 30 s without requests; it began to count with the last byte it heard.
const SELECTED_MS: i64 = 20_000;
/// First silence that ends a disturbance; doubled with every failure.
const QUIET_MS: u32 = 300;
/// So many broken answers cost one attempt: the meter is there, and the next may be whole.
const BROKEN_PER_ATTEMPT: u32 = 3;
/// How often one question is asked until answers agree, at most.
pub const ROUNDS: usize = 8;
/// Reads of one frame: header, body, and what junk before it may add.
const READS: usize = 8;
/// Reads while a disturbed line is heard out, and bytes of each.
const DRAINS: usize = 10;
const DRAIN_BYTES: u32 = 4_096;

/// The line to one meter.
#[derive(Debug)]
pub struct Link {
    config: Config,
    /// When the selected meter answered last; none: it has to be selected.
    heard: Option<Instant>,
    last: Option<Question>,
    /// Times around the last answer.
    pub times: (Instant, Instant),
    /// Whether anything was out of order since the session began.
    pub disturbed: bool,
}

impl Link {
    pub fn new(config: Config) -> Self {
        Self {
            config,
            heard: None,
            last: None,
            times: (0, 0),
            disturbed: false,
        }
    }

    /// Asks questions until each has been answered twice in the same way. Gives the answers up to the first question
    /// that has none, and why it has none.
    pub fn agreed(&mut self, port: &mut dyn Port, questions: &[Question]) -> (Vec<Said>, Result<(), Failure>) {
        let mut heard: Vec<(Vec<Said>, Option<Said>)> = questions.iter().map(|_| (Vec::new(), None)).collect();
        let mut ended = Ok(());
        'asking: for _ in 0..ROUNDS {
            for (question, (before, agreed)) in questions.iter().zip(&mut heard) {
                if agreed.is_some() {
                    continue;
                }
                match self.ask(port, *question) {
                    Ok(said) if before.contains(&said) => *agreed = Some(said),
                    Ok(said) => {
                        self.disturbed |= !before.is_empty();
                        before.push(said);
                    }
                    Err(failure) => {
                        ended = Err(failure);
                        break 'asking;
                    }
                }
            }
            if heard.iter().all(|(_, agreed)| agreed.is_some()) {
                break;
            }
        }
        let answers: Vec<Said> = heard.into_iter().map_while(|(_, agreed)| agreed).collect();
        if ended.is_ok() && answers.len() < questions.len() {
            ended = Err(Failure::Garbled("no two answers to one question agree".to_owned()));
        }
        (answers, ended)
    }

    /// Asks until an answer comes that fits.
    pub fn ask(&mut self, port: &mut dyn Port, question: Question) -> Result<Said, Failure> {
        let mut left = self.config.attempts.saturating_mul(BROKEN_PER_ATTEMPT);
        let mut failures = 0;
        loop {
            let failure = match self.apart(port, question) {
                Ok(said) => return Ok(said),
                Err(failure) => failure,
            };
            let (cost, why) = match &failure {
                Failure::NoAnswer => (BROKEN_PER_ATTEMPT, "no answer"),
                Failure::Garbled(why) => (1, why.as_str()),
                _ => return Err(failure),
            };
            port.note(&format!("not trusted: {why}"));
            self.disturbed = true;
            (self.heard, self.last) = (None, None);
            failures += 1;
            left = left.saturating_sub(cost);
            if left == 0 {
                return Err(failure);
            }
            self.hear_out(port, failures)?;
        }
    }

    /// One question, behind another one if it was the last.
    fn apart(&mut self, port: &mut dyn Port, question: Question) -> Result<Said, Failure> {
        if self.last == Some(question) {
            self.once(port, if question == TYPE { SETTINGS } else { TYPE })?;
        }
        self.once(port, question)
    }

    /// One frame out, one frame in.
    fn once(&mut self, port: &mut dyn Port, question: Question) -> Result<Said, Failure> {
        let unasked = port.purge();
        if usize::try_from(unasked).is_ok_and(|count| count > frame::JUNK) {
            return Err(Failure::Garbled(format!("{unasked} bytes came that nobody asked for")));
        }
        let is_selected = self
            .heard
            .is_some_and(|at| port.now().saturating_sub(at) <= SELECTED_MS);
        if !is_selected {
            port.write(&WAKE).map_err(line)?;
        }
        let request = frame::request(self.config.address, question.code, question.data);
        let sent = port.now();
        port.write(&request).map_err(line)?;
        let said = self.answer(port, question.is_record())?;
        if !question.fits(&said) {
            return Err(Failure::Garbled(format!(
                "an answer {:02X} came that is not to {:02X}",
                said.code, question.code
            )));
        }
        let heard = port.now();
        (self.heard, self.times, self.last) = (Some(heard), (sent, heard), Some(question));
        Ok(said)
    }

    fn answer(&self, port: &mut dyn Port, is_record: bool) -> Result<Said, Failure> {
        let quick_ms = self.config.quick_ms();
        let mut deadline_ms = if is_record { self.config.timeout_ms } else { quick_ms };
        let mut bytes = Vec::new();
        let mut is_over = false;
        for _ in 0..READS {
            let need = match frame::scan(&bytes, self.config.address) {
                Scan::Whole(frame) => {
                    return Ok(Said {
                        code: frame.code,
                        data: frame.data.to_vec(),
                    });
                }
                Scan::Noise(why) => return Err(Failure::Garbled(why.to_owned())),
                Scan::Need(_) if is_over => break,
                Scan::Need(count) => u32::try_from(count).unwrap_or(u32::MAX),
            };
            match port.read(Reading::exactly(need, deadline_ms)) {
                Ok(more) => bytes.extend(more),
                Err(LineError::Timeout(more)) => {
                    bytes.extend(more);
                    is_over = true;
                }
                Err(error) => return Err(line(error)),
            }
            deadline_ms = quick_ms;
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
    fn hear_out(&self, port: &mut dyn Port, failures: u32) -> Result<(), Failure> {
        let quiet_ms = QUIET_MS
            .saturating_mul(1 << failures.clamp(1, 5))
            .min(self.config.quick_ms());
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
