//! One question and its answer, and what makes a piece of work believable.
//!
//! An answer does not say which date, and often not even which heat input, it is of: a late answer to an earlier question
//! can look like the answer to this one. So a piece of work (a record, the clock) counts only if nothing at all went wrong
//! while it was done: no silence, no damage, no byte that nobody asked for but the last answer once more. After trouble the
//! line is let fall silent, a question whose answer looks like no other (the firmware) shows that answers come in step
//! again, and the work is done anew. From the first trouble on every work is also closed by that question, and what does
//! not change is asked for twice.

use uzel_driver_sdk::bytes::hex;
use uzel_driver_sdk::{Failure, LineError, Port, Reading};

use crate::config::Config;
use crate::frame::{self, FrameError, Reply, Request, SHORTEST, Scan, WRITE};
use crate::message;

/// Bytes of one answer, with all noise and strays, before it counts as none.
const MOST_BYTES: usize = 2_048;
/// Reads of a disturbed line before it counts as never silent.
const SETTLE_ROUNDS: u32 = 40;
/// Silence after which no answer is on its way any more, milliseconds, besides twice the slowest answer.
const QUIET_MS: i64 = 20;
/// How often a piece of work is done for each attempt of a question: it has several of them.
const WORKS_AN_ATTEMPT: u32 = 6;

enum Trouble {
    Silence,
    Garbled(String),
    Fatal(Failure),
}

/// The line to one device, and what is known of its faults.
pub struct Talk {
    address: u8,
    timeout_ms: u32,
    attempts: u32,
    /// Silence before a question, milliseconds: a frame ends by 3.5 characters of it.
    pause_ms: u32,
    troubles: u32,
    /// Questions in a row to which nothing came.
    silent: u32,
    /// Answers may be out of step with their questions.
    is_astray: bool,
    /// Nothing was asked since the line was found silent.
    is_quiet: bool,
    /// The bytes of the last answer: some gateways send it again.
    last: Vec<u8>,
    /// How long answers took lately at most, milliseconds.
    slowest_ms: i64,
    /// When the last question left, host time.
    pub asked_at: i64,
}

impl Talk {
    pub fn new(config: &Config) -> Self {
        Self {
            address: config.address,
            timeout_ms: config.timeout_ms,
            attempts: config.attempts,
            pause_ms: config.pause_ms,
            troubles: 0,
            silent: 0,
            is_astray: false,
            is_quiet: false,
            last: Vec::new(),
            slowest_ms: 0,
            asked_at: 0,
        }
    }

    /// Whether anything went wrong on this line: what does not change is then asked for twice.
    pub fn is_doubtful(&self) -> bool {
        self.troubles > 0
    }

    /// Does a piece of work until it was done without any trouble, a bounded number of times. `is_plain`: its answers tell
    /// by their lengths which questions they answer.
    pub fn proven<T>(
        &mut self,
        port: &mut dyn Port,
        is_plain: bool,
        mut work: impl FnMut(&mut Self, &mut dyn Port) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut wrong = Failure::NoAnswer;
        for _ in 0..self.attempts * WORKS_AN_ATTEMPT {
            let in_step = if self.is_astray { self.step(port) } else { Ok(()) };
            let before = self.troubles;
            let done = in_step.and_then(|()| {
                let done = work(self, port)?;
                if self.is_doubtful() || !is_plain {
                    self.ask(port, &message::version())?;
                }
                if self.is_doubtful() {
                    self.listen(port)?;
                }
                Ok(done)
            });
            match done {
                Ok(done) if self.troubles == before => return Ok(done),
                Ok(_) => wrong = Failure::Garbled("more came than was asked for".to_owned()),
                // On a line with trouble a refusal may be one of another question.
                Err(failure @ Failure::Refused(_)) if self.troubles == before => return Err(failure),
                Err(failure @ (Failure::NoAnswer | Failure::Garbled(_) | Failure::Refused(_))) => wrong = failure,
                Err(failure) => return Err(failure),
            }
            if self.silent >= self.attempts {
                return Err(Failure::NoAnswer);
            }
        }
        Err(wrong)
    }

    /// Asks once. Silence and damage are failures, and trouble.
    pub fn ask(&mut self, port: &mut dyn Port, request: &Request) -> Result<Reply, Failure> {
        if self.pause_ms > 0 {
            port.sleep(self.pause_ms);
        }
        if self.is_doubtful() && !self.is_quiet {
            self.listen(port)?;
        }
        let stale = usize::try_from(port.purge()).unwrap_or(usize::MAX);
        if stale >= SHORTEST {
            self.trouble(port, &format!("{stale} bytes that nobody asked for"));
        }
        self.is_quiet = false;
        match self.once(port, request) {
            Ok(reply) => {
                self.silent = 0;
                Ok(reply)
            }
            Err(Trouble::Fatal(failure)) => Err(failure),
            Err(Trouble::Silence) => {
                self.silent += 1;
                self.trouble(port, "no answer");
                Err(Failure::NoAnswer)
            }
            Err(Trouble::Garbled(what)) => {
                self.silent = 0;
                self.trouble(port, &what);
                Err(Failure::Garbled(what))
            }
        }
    }

    /// Data, or the code of the device's refusal.
    pub fn data(&mut self, port: &mut dyn Port, request: &Request) -> Result<Result<Vec<u8>, u8>, Failure> {
        match self.ask(port, request)? {
            Reply::Data(data) => Ok(Ok(data)),
            Reply::Refused(code) => Ok(Err(code)),
            Reply::Done => Err(Failure::Garbled("a read was answered as a write".to_owned())),
        }
    }

    /// Something went wrong: what is being done counts no more.
    pub fn trouble(&mut self, port: &mut dyn Port, what: &str) {
        port.note(what);
        self.troubles = self.troubles.saturating_add(1);
        self.is_astray = true;
    }

    /// Brings answers back into step: silence, then one answer of an own length right behind its question.
    fn step(&mut self, port: &mut dyn Port) -> Result<(), Failure> {
        self.settle(port)?;
        let before = self.troubles;
        self.ask(port, &message::version())?;
        self.listen(port)?;
        if self.troubles > before {
            return Err(Failure::Garbled(
                "answers are out of step with their questions".to_owned(),
            ));
        }
        self.is_astray = false;
        Ok(())
    }

    /// Waits until the line is silent. Whatever comes meanwhile is trouble, but for the last answer once more.
    fn listen(&mut self, port: &mut dyn Port) -> Result<(), Failure> {
        let came = self.settle(port)?;
        let size = self.last.len().max(1);
        let is_again = came.chunks(size).all(|chunk| self.last.starts_with(chunk));
        if came.len() >= SHORTEST && !is_again {
            self.trouble(port, &format!("{} bytes that nobody asked for", came.len()));
        }
        Ok(())
    }

    fn once(&mut self, port: &mut dyn Port, request: &Request) -> Result<Reply, Trouble> {
        let question = frame::wrap(self.address, request);
        self.asked_at = port.now();
        let mut bytes = Vec::new();
        let mut all = 0;
        let mut read = port.exchange(&question, self.reading(SHORTEST));
        loop {
            let timed_out = gather(read, &mut bytes, &mut all)?;
            // Two wires and a converter that hears itself: the question comes back before its answer.
            if bytes.starts_with(&question) {
                bytes.drain(..question.len());
            }
            if is_echo(&question, &bytes) && !timed_out {
                read = port.read(self.reading(question.len() - bytes.len()));
                continue;
            }
            let need = match frame::scan(self.address, request, &bytes) {
                Scan::Reply(reply) => {
                    let took = port.now().saturating_sub(self.asked_at);
                    // One slow answer is forgotten after some quick ones.
                    self.slowest_ms = took.max(self.slowest_ms - self.slowest_ms / 4);
                    self.last = bytes;
                    return Ok(reply);
                }
                Scan::Stray(length) => {
                    if bytes.get(..length) != Some(&*self.last) {
                        self.trouble(port, "an answer to another question");
                    }
                    bytes.drain(..length.min(bytes.len()));
                    // The next frame may be whole already.
                    SHORTEST.saturating_sub(bytes.len())
                }
                Scan::Bad(error) => return Err(garbled(&error, &bytes)),
                Scan::Need(need) => need,
            };
            if timed_out && bytes.is_empty() {
                return Err(Trouble::Silence);
            }
            if all > MOST_BYTES || timed_out && need > 0 {
                let shown = hex(bytes.get(..16).unwrap_or(&bytes));
                return Err(Trouble::Garbled(format!("answer ends {need} bytes early: {shown}")));
            }
            read = match need {
                0 => Ok(Vec::new()),
                need => port.read(self.reading(need)),
            };
        }
    }

    fn reading(&self, need: usize) -> Reading {
        Reading::exactly(u32::try_from(need.max(1)).unwrap_or(u32::MAX), self.timeout_ms)
    }

    /// Waits until the line is silent; gives what came meanwhile.
    fn settle(&mut self, port: &mut dyn Port) -> Result<Vec<u8>, Failure> {
        let quiet = self.slowest_ms.saturating_mul(2).saturating_add(QUIET_MS);
        let quiet_ms = u32::try_from(quiet).unwrap_or(u32::MAX).clamp(1, self.timeout_ms);
        let mut came = Vec::new();
        for _ in 0..SETTLE_ROUNDS {
            match port.read(Reading::until_silence(quiet_ms, 1_024, quiet_ms)) {
                Err(LineError::Timeout(bytes)) if bytes.is_empty() => {
                    self.is_quiet = true;
                    return Ok(came);
                }
                Ok(bytes) | Err(LineError::Timeout(bytes)) => came.extend(bytes),
                Err(error) => return Err(line(error)),
            }
        }
        Err(Failure::Garbled("the line never falls silent".to_owned()))
    }
}

/// Adds what a read gave; says whether its time was up.
fn gather(read: Result<Vec<u8>, LineError>, bytes: &mut Vec<u8>, all: &mut usize) -> Result<bool, Trouble> {
    let (more, timed_out) = match read {
        Ok(more) => (more, false),
        Err(LineError::Timeout(more)) => (more, true),
        Err(error) => return Err(Trouble::Fatal(line(error))),
    };
    *all += more.len();
    bytes.extend(more);
    Ok(timed_out)
}

/// Whether bytes can only be the beginning of the question itself. A write is answered by its own first six bytes.
fn is_echo(question: &[u8], bytes: &[u8]) -> bool {
    let same = if question.get(1) == Some(&WRITE) { 6 } else { 0 };
    bytes.len() > same && question.starts_with(bytes)
}

fn garbled(error: &FrameError, bytes: &[u8]) -> Trouble {
    let shown = hex(bytes.get(..16).unwrap_or(bytes));
    Trouble::Garbled(format!("{error}: {shown}"))
}

fn line(error: LineError) -> Failure {
    match error {
        LineError::Stopped => Failure::Stopped,
        error => Failure::Line(error),
    }
}
