//! One question and its answer, with the suspicion that answers without a number need.
//!
//! On TCP an answer carries the number of its question. In RTU and ASCII it does not even say which registers it holds: a
//! late answer to the question before looks like the answer to this one. So it is counted how many answers to earlier
//! questions may still come, and an answer is believed when more of its kind were equal than there can be strays. Bytes
//! that nobody asked for make the whole piece of work doubtful in which they came ([`Talk::proven`]); from then on the line
//! is let fall silent before every question, and every answer is asked for twice.

use super::frame::{Envelope, FrameError, Framing, Scan};
use super::pdu::{Answer, Exception, MOST_COUNTED, Request, Span};
use crate::bytes::hex;
use crate::{Failure, LineError, Port, Reading, Until};

/// Longest line of ASCII: colon, 254 bytes with LRC, CR LF, and as much noise.
const MOST_ASCII: u32 = 1_024;
/// Unit and CRC around an answer.
const AROUND: usize = 3;
/// The shortest answer: unit, function, exception, CRC.
const SHORTEST: usize = 5;
/// Bytes of one answer, with all noise and strays, before it counts as none.
const MOST_BYTES: usize = 2_048;
/// Reads of a disturbed line before it counts as never silent.
const SETTLE_ROUNDS: u32 = 40;
/// Pause before a busy device is asked again, milliseconds; longer with each time.
const BUSY_MS: u32 = 500;
/// Silence after which no answer is on its way any more, milliseconds, besides the line's own time.
const QUIET_MS: i64 = 20;
/// Answers to earlier questions that are reckoned with at most: more would make every question endless.
const MOST_STRAYS: u32 = 4;

enum Trouble {
    Silence,
    /// What was wrong, and how many bytes of the answer may still come.
    Garbled(String, usize),
    Fatal(Failure),
}

/// How a device is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    pub framing: Framing,
    pub unit: u8,
    pub timeout_ms: u32,
    pub attempts: u32,
}

/// The line's manners and what is known of its faults.
pub struct Talk {
    envelope: Envelope,
    timeout_ms: u32,
    attempts: u32,
    /// Answers to earlier questions that may still come.
    strays: u32,
    /// The line has sent what nobody asked for, or its check is weak: every answer is asked for twice.
    is_doubtful: bool,
    /// How often more came than was asked for.
    surprises: u32,
    /// Every request comes back before its answer, as on two wires with a converter that hears itself.
    echoes: bool,
    /// Silence before a question, milliseconds.
    pub pause_ms: u32,
    /// How long answers took lately at most, milliseconds.
    slowest_ms: i64,
}

impl Talk {
    pub fn new(manner: Manner) -> Self {
        Self {
            envelope: Envelope {
                framing: manner.framing,
                unit: manner.unit,
                transaction: 0,
            },
            timeout_ms: manner.timeout_ms,
            attempts: manner.attempts,
            strays: 0,
            // LRC is a sum: two errors that cancel out pass it.
            is_doubtful: manner.framing == Framing::Ascii,
            surprises: 0,
            echoes: false,
            pause_ms: 0,
            slowest_ms: 0,
        }
    }

    /// How often anything is tried.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Registers or bits of a device, or its refusal.
    pub fn read(&mut self, port: &mut dyn Port, span: Span) -> Result<Result<Vec<u8>, Exception>, Failure> {
        self.data(port, &Request::Read(span))
    }

    /// The data that a request asks for, or the device's refusal.
    pub fn data(&mut self, port: &mut dyn Port, request: &Request) -> Result<Result<Vec<u8>, Exception>, Failure> {
        match self.ask(port, request)? {
            Answer::Data(data) => Ok(Ok(data)),
            Answer::Refused(exception) => Ok(Err(exception)),
            Answer::Done => Err(Failure::Garbled("a read was answered as a write".to_owned())),
        }
    }

    /// The same, asked for once: nothing came, or nothing whole, says that the device does not know the request.
    pub fn data_once(&mut self, port: &mut dyn Port, request: &Request) -> Result<Result<Vec<u8>, Exception>, Failure> {
        let attempts = std::mem::replace(&mut self.attempts, 1);
        let data = self.data(port, request);
        self.attempts = attempts;
        data
    }

    /// Counts a surprise that only the meaning of answers shows.
    pub fn suspect(&mut self, port: &mut dyn Port, why: &str) {
        port.note(why);
        self.surprises = self.surprises.saturating_add(1);
    }

    /// Sends a write once and reads its answer. It is never repeated: whoever writes reads back.
    pub fn write(&mut self, port: &mut dyn Port, request: &Request) -> Result<Result<(), Exception>, Failure> {
        if self.is_doubtful && self.envelope.framing != Framing::Tcp {
            self.settle(port, 0)?;
        }
        let trouble = match self.once(port, request) {
            Ok(Answer::Refused(exception)) => return Ok(Err(exception)),
            Ok(_) => return Ok(Ok(())),
            Err(trouble) => trouble,
        };
        self.strays = (self.strays + 1).min(MOST_STRAYS);
        match trouble {
            Trouble::Fatal(failure) => Err(failure),
            Trouble::Silence => Err(Failure::NoAnswer),
            Trouble::Garbled(what, rest) => {
                self.settle(port, rest)?;
                Err(Failure::Garbled(what))
            }
        }
    }

    /// Does a piece of work, and does it again with more suspicion when more came than was asked for: it may have been taken
    /// for an answer.
    pub fn proven<T>(
        &mut self,
        port: &mut dyn Port,
        mut work: impl FnMut(&mut Self, &mut dyn Port) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let (was_doubtful, before) = (self.is_doubtful, self.surprises);
        let done = work(self, port);
        if was_doubtful || self.envelope.framing == Framing::Tcp {
            return done;
        }
        if done.is_ok() {
            self.settle(port, 0)?;
        }
        if self.surprises == before {
            return done;
        }
        port.note("more came than was asked for: from now on every answer is asked for twice");
        self.is_doubtful = true;
        work(self, port)
    }

    /// Asks until an answer can be believed, a bounded number of times.
    fn ask(&mut self, port: &mut dyn Port, request: &Request) -> Result<Answer, Failure> {
        let has_number = self.envelope.framing == Framing::Tcp;
        let mut tries = Try::default();
        while tries.failures < self.attempts {
            if !has_number {
                port.sleep(self.pause_ms);
            }
            if self.is_stale(port) || tries.failures > 0 || self.is_doubtful && !has_number {
                self.settle(port, std::mem::take(&mut tries.rest))?;
            }
            tries.sent += 1;
            match self.once(port, request) {
                Ok(Answer::Refused(exception)) if exception.is_busy() => {
                    tries.came += 1;
                    tries.failures += 1;
                    port.sleep(BUSY_MS * tries.failures);
                    tries.wrong = Some(Failure::Refused(exception.to_string()));
                }
                Ok(answer) => {
                    let equal = tries.take(&answer);
                    // A question that was changed on its way and still passes the weak check of ASCII is refused, too.
                    let is_weak = self.envelope.framing == Framing::Ascii && matches!(answer, Answer::Refused(_));
                    if has_number || equal > self.strays && (equal > 1 || !(self.is_doubtful || is_weak)) {
                        self.strays = tries.unanswered();
                        return Ok(answer);
                    }
                }
                Err(Trouble::Fatal(failure)) => return Err(failure),
                Err(Trouble::Silence) => tries.failures += 1,
                Err(Trouble::Garbled(what, rest)) => {
                    port.note(&what);
                    tries.failures += 1;
                    tries.rest = rest;
                    tries.wrong = Some(Failure::Garbled(what));
                }
            }
        }
        self.strays = (self.strays + tries.unanswered()).min(MOST_STRAYS);
        Err(tries.failure())
    }

    fn once(&mut self, port: &mut dyn Port, request: &Request) -> Result<Answer, Trouble> {
        self.envelope.transaction = self.envelope.transaction.wrapping_add(1);
        let question = self.envelope.wrap(request);
        let asked_at = port.now();
        let mut bytes = Vec::new();
        let first = match self.envelope.framing {
            Framing::Tcp => 7,
            Framing::Rtu | Framing::Ascii => SHORTEST,
        };
        let mut read = port.exchange(&question, self.reading(first));
        let mut all = 0;
        loop {
            let timed_out = gather(read, &mut bytes, &mut all)?;
            let is_read = matches!(
                request,
                Request::Read(_) | Request::Counted { .. } | Request::Identification { .. }
            );
            if let Some(more) = self.skip_echo(&question, is_read, &mut bytes)
                && !timed_out
            {
                read = port.read(self.reading(more));
                continue;
            }
            let need = match self.envelope.scan(request, &bytes) {
                Scan::Pdu(pdu) => {
                    // One slow answer is forgotten after some quick ones.
                    let took = port.now().saturating_sub(asked_at);
                    self.slowest_ms = took.max(self.slowest_ms - self.slowest_ms / 4);
                    return request
                        .judge(&pdu)
                        .map_err(|error| garbled(&error.into(), request, &bytes));
                }
                Scan::Stray(length) => {
                    port.note("a late answer to an earlier question");
                    bytes.drain(..length.min(bytes.len()));
                    continue_after_stray(&bytes)
                }
                Scan::Bad(error) => return Err(garbled(&error, request, &bytes)),
                Scan::Need(need) => need,
            };
            if timed_out || all > MOST_BYTES {
                return Err(cut(&bytes, need));
            }
            read = if need == 0 {
                Ok(Vec::new())
            } else {
                port.read(self.reading(need))
            };
        }
    }

    /// Takes the echo of a question out of what came; gives how many bytes more are needed to see what follows.
    ///
    /// Only a read differs from its answer without doubt, and a read is what every session begins with; a write is answered
    /// by its own bytes.
    fn skip_echo(&mut self, question: &[u8], is_read: bool, bytes: &mut Vec<u8>) -> Option<usize> {
        if self.envelope.framing == Framing::Tcp || bytes.is_empty() || !(is_read || self.echoes) {
            return None;
        }
        if bytes.starts_with(question) {
            self.echoes = true;
            bytes.drain(..question.len());
            return bytes.is_empty().then_some(SHORTEST);
        }
        let is_begun = question.starts_with(bytes);
        is_begun.then(|| question.len().saturating_sub(bytes.len()))
    }

    fn reading(&self, need: usize) -> Reading {
        if self.envelope.framing == Framing::Ascii {
            return Reading {
                until: Until::Delimiter(b'\n'),
                max: MOST_ASCII,
                deadline_ms: self.timeout_ms,
            };
        }
        Reading::exactly(u32::try_from(need.max(1)).unwrap_or(u32::MAX), self.timeout_ms)
    }

    /// How long an answer that is on its way may take, milliseconds.
    fn quiet_ms(&self) -> u32 {
        let line = self.slowest_ms.saturating_mul(2).saturating_add(QUIET_MS);
        u32::try_from(line).unwrap_or(u32::MAX).clamp(1, self.timeout_ms)
    }

    /// Bytes came before anything was asked. One or two may be the noise of a line driver that lets go.
    fn is_stale(&mut self, port: &mut dyn Port) -> bool {
        let stale = usize::try_from(port.purge()).unwrap_or(usize::MAX);
        self.judge_unasked(port, stale, 0)
    }

    fn judge_unasked(&mut self, port: &mut dyn Port, came: usize, expected: usize) -> bool {
        let is_surprise = came >= expected + SHORTEST && self.envelope.framing != Framing::Tcp;
        if is_surprise {
            port.note(&format!("{came} bytes that nobody asked for"));
            self.surprises = self.surprises.saturating_add(1);
        }
        is_surprise
    }

    /// Waits until the line is silent. `rest` bytes of a broken answer may still come.
    fn settle(&mut self, port: &mut dyn Port, rest: usize) -> Result<(), Failure> {
        let mut came = 0;
        for _ in 0..SETTLE_ROUNDS {
            let quiet = self.quiet_ms();
            match port.read(Reading::until_silence(quiet, 1_024, quiet)) {
                Err(LineError::Timeout(bytes)) if bytes.is_empty() => {
                    self.judge_unasked(port, came, rest);
                    return Ok(());
                }
                Ok(bytes) | Err(LineError::Timeout(bytes)) => came += bytes.len(),
                Err(error) => return Err(line(error)),
            }
        }
        Err(Failure::Garbled("the line never falls silent".to_owned()))
    }
}

/// What came of one question so far.
#[derive(Default)]
struct Try {
    sent: u32,
    came: u32,
    failures: u32,
    /// Bytes of a broken answer that may still come.
    rest: usize,
    /// The last answer, and how many in a row were equal to it.
    last: Option<(Answer, u32)>,
    wrong: Option<Failure>,
}

impl Try {
    /// Counts an answer; gives how many were equal now.
    fn take(&mut self, answer: &Answer) -> u32 {
        self.came += 1;
        let equal = match &self.last {
            Some((before, equal)) if before == answer => equal + 1,
            Some(_) => {
                self.failures += 1;
                self.wrong = Some(Failure::Garbled("no two answers to one question are equal".to_owned()));
                1
            }
            None => 1,
        };
        self.last = Some((answer.clone(), equal));
        equal
    }

    /// Answers to this question that may still come.
    fn unanswered(&self) -> u32 {
        self.sent.saturating_sub(self.came).min(MOST_STRAYS)
    }

    fn failure(self) -> Failure {
        self.wrong.unwrap_or(Failure::NoAnswer)
    }
}

/// Behind a stray the next frame may be whole already: then nothing needs to be read.
fn continue_after_stray(bytes: &[u8]) -> usize {
    usize::from(bytes.is_empty()) * 7
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

fn cut(bytes: &[u8], need: usize) -> Trouble {
    if bytes.is_empty() {
        return Trouble::Silence;
    }
    let shown = hex(bytes.get(..16).unwrap_or(bytes));
    Trouble::Garbled(format!("answer ends {need} bytes early: {shown}"), need)
}

fn garbled(error: &FrameError, request: &Request, bytes: &[u8]) -> Trouble {
    let length = request.answer_length(bytes.get(1..).unwrap_or_default());
    let rest = (length.unwrap_or(MOST_COUNTED) + AROUND).saturating_sub(bytes.len());
    let shown = hex(bytes.get(..16).unwrap_or(bytes));
    Trouble::Garbled(format!("{error}: {shown}"), rest)
}

fn line(error: LineError) -> Failure {
    match error {
        LineError::Stopped => Failure::Stopped,
        error => Failure::Line(error),
    }
}
