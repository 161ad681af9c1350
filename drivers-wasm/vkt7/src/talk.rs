//! One question and its answer, with the suspicion that an unlabelled protocol needs.
//!
//! An answer of a ВКТ-7 does not say what it answers: data have no element numbers, an echo has no date. So every
//! fault is counted: silence, broken bytes, an answer of another kind, bytes that nobody asked for. After a fault the
//! line must fall silent before the next question, and whoever asks looks at [`Talk::faults`] to see whether what
//! was read before is still to be believed.

use uzel_driver_sdk::bytes::hex;
use uzel_driver_sdk::{Failure, Instant, LineError, Port, Reading};

use crate::config::Config;
use crate::frame::{self, Answer};

/// The refusal "no data for the date".
const NO_DATA: u8 = 3;
/// A byte that wakes the device and is no address.
const WAKE: u8 = 0xff;
/// Leading wake bytes that an answer may have; more are noise.
const MOST_WAKES: usize = 64;
/// Reads of a disturbed line before it counts as never silent.
const SETTLE_ROUNDS: u32 = 40;

/// A request and what its answer must look like.
pub struct Request {
    /// The frame, without wake bytes.
    pub frame: Vec<u8>,
    /// What the answer must be.
    pub want: Want,
    /// Whether "no data for the date" can be its refusal; otherwise that is a late answer to a date.
    pub dated: bool,
}

/// What an answer must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// The echo of a write to this register.
    Echo(u16),
    /// Data of this length.
    Data(usize),
    /// Data whose length is judged later.
    AnyData,
}

/// A believable answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The write was taken.
    Done,
    /// What was read.
    Data(Vec<u8>),
    /// The device's refusal.
    Refused(u8),
}

enum Trouble {
    Silence,
    Garbled(String),
    Fatal(Failure),
}

/// The line's manners and its record of faults.
pub struct Talk {
    address: u8,
    prefix: Vec<u8>,
    extended: Option<u8>,
    timeout_ms: u32,
    quiet_ms: u32,
    attempts: u32,
    faults: u32,
    sent_at: Instant,
}

impl Talk {
    pub fn new(config: &Config) -> Self {
        let mut prefix = vec![WAKE; config.wake.into()];
        prefix.extend(config.extended_address);
        Self {
            address: config.address,
            prefix,
            extended: config.extended_address,
            timeout_ms: config.timeout_ms,
            quiet_ms: config.quiet_ms(),
            attempts: config.attempts,
            faults: 0,
            sent_at: 0,
        }
    }

    /// Faults since the session began.
    pub fn faults(&self) -> u32 {
        self.faults
    }

    /// Counts a fault that only the meaning of an answer shows.
    pub fn distrust(&mut self, port: &mut dyn Port, why: &str) {
        self.faults = self.faults.saturating_add(1);
        port.note(why);
    }

    /// When the last request went out.
    pub fn sent_at(&self) -> Instant {
        self.sent_at
    }

    /// How often a request may be repeated.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Asks until a whole answer of the wanted kind comes, a bounded number of times.
    ///
    /// `no-answer`: nothing came at all. `garbled`: something came, never whole.
    pub fn ask(&mut self, port: &mut dyn Port, request: &Request) -> Result<Reply, Failure> {
        let mut wrong = None;
        for attempt in 1..=self.attempts {
            if attempt > 1 || self.stale(port) {
                self.settle(port, attempt)?;
            }
            self.sent_at = port.now();
            match self.once(port, request) {
                Ok(reply) => return Ok(reply),
                Err(Trouble::Fatal(failure)) => return Err(failure),
                Err(Trouble::Silence) => self.distrust(port, "no answer"),
                Err(Trouble::Garbled(what)) => {
                    self.distrust(port, &what);
                    wrong = Some(what);
                }
            }
        }
        Err(wrong.map_or(Failure::NoAnswer, Failure::Garbled))
    }

    /// Drops what waits on the line before the first request, which is nobody's fault.
    pub fn begin(&self, port: &mut dyn Port) {
        port.purge();
    }

    /// Waits until the line is silent, longer with each attempt: a late answer must not meet the next question.
    pub fn settle(&self, port: &mut dyn Port, attempt: u32) -> Result<(), Failure> {
        let quiet = self.quiet_ms.saturating_mul(attempt).min(60_000);
        for _ in 0..SETTLE_ROUNDS {
            match port.read(Reading::until_silence(quiet, 1024, quiet)) {
                Err(LineError::Timeout(bytes)) if bytes.is_empty() => return Ok(()),
                Ok(_) | Err(LineError::Timeout(_)) => {}
                Err(error) => return Err(line(error)),
            }
        }
        Err(Failure::Garbled("the line never falls silent".to_owned()))
    }

    /// Whether bytes came that nobody asked for. One or two may be the noise of a line driver that lets go; a whole
    /// answer has at least six.
    fn stale(&mut self, port: &mut dyn Port) -> bool {
        let stale = usize::try_from(port.purge()).unwrap_or(usize::MAX) >= frame::SHORTEST;
        if stale {
            self.distrust(port, "bytes that nobody asked for");
        }
        stale
    }

    fn once(&self, port: &mut dyn Port, request: &Request) -> Result<Reply, Trouble> {
        let bytes = self.answer(port, &request.frame)?;
        let answer = frame::decode(self.address, &bytes).map_err(|error| garbled(&error, &bytes))?;
        let asked = if matches!(request.want, Want::Echo(_)) {
            frame::WRITE
        } else {
            frame::READ
        };
        match (answer, request.want) {
            (Answer::Refusal { function, code }, _) if function == asked && (request.dated || code != NO_DATA) => {
                Ok(Reply::Refused(code))
            }
            (Answer::Echo { register }, Want::Echo(want)) if register == want => Ok(Reply::Done),
            (Answer::Data(data), Want::AnyData) => Ok(Reply::Data(data.to_vec())),
            (Answer::Data(data), Want::Data(want)) if data.len() == want => Ok(Reply::Data(data.to_vec())),
            (answer, _) => Err(Trouble::Garbled(format!("answer to another question: {answer}"))),
        }
    }

    /// Sends a frame behind its wake bytes and gathers the bytes of one answer, by its length.
    fn answer(&self, port: &mut dyn Port, frame: &[u8]) -> Result<Vec<u8>, Trouble> {
        let mut sent = self.prefix.clone();
        sent.extend(frame);
        let mut bytes = Vec::new();
        let first = port.exchange(&sent, self.reading(frame::SHORTEST));
        self.gather(first, &mut bytes)?;
        let mut wakes = 0;
        loop {
            let noise = bytes.iter().take_while(|byte| **byte == WAKE).count();
            wakes += noise;
            bytes.drain(..noise);
            // Whether the answer carries the extended address is not documented: both are taken.
            if let (Some(extended), Some(&[first, second])) = (self.extended, bytes.first_chunk())
                && (first, second) == (extended, self.address)
                && first != second
            {
                bytes.remove(0);
            }
            if wakes > MOST_WAKES {
                return Err(Trouble::Garbled("nothing but FF".to_owned()));
            }
            let need = match bytes.len() {
                0..frame::SHORTEST => frame::SHORTEST,
                _ => frame::length(self.address, &bytes).map_err(|error| garbled(&error, &bytes))?,
            };
            let missing = need.saturating_sub(bytes.len());
            if missing == 0 || frame::decode(self.address, &bytes).is_ok() {
                return Ok(bytes);
            }
            let more = port.read(self.reading(missing));
            self.gather(more, &mut bytes)?;
        }
    }

    /// Adds what a read gave. A read that timed out may still have given a whole empty answer of five bytes.
    fn gather(&self, read: Result<Vec<u8>, LineError>, bytes: &mut Vec<u8>) -> Result<(), Trouble> {
        match read {
            Ok(more) => bytes.extend(more),
            Err(LineError::Timeout(more)) => {
                bytes.extend(more);
                if bytes.is_empty() {
                    return Err(Trouble::Silence);
                }
                frame::decode(self.address, bytes).map_err(|error| garbled(&error, bytes))?;
            }
            Err(error) => return Err(Trouble::Fatal(line(error))),
        }
        Ok(())
    }

    fn reading(&self, length: usize) -> Reading {
        Reading::exactly(u32::try_from(length).unwrap_or(u32::MAX), self.timeout_ms)
    }
}

fn garbled(error: &frame::FrameError, bytes: &[u8]) -> Trouble {
    Trouble::Garbled(format!("{error}: {}", hex(bytes.get(..16).unwrap_or(bytes))))
}

fn line(error: LineError) -> Failure {
    match error {
        LineError::Stopped => Failure::Stopped,
        error => Failure::Line(error),
    }
}

#[cfg(test)]
mod tests {
    use uzel_driver_sdk::recording::Recording;

    use super::*;

    /// Asks for the data of one digit element, three times at most.
    fn ask(config: &str, recording: &str) -> (Result<Reply, Failure>, u32, Recording) {
        let mut line = Recording::parse(recording);
        let mut talk = Talk::new(&Config::parse(config).unwrap());
        let frame = frame::read_request(0, 0x3ffe, Some(0));
        let request = Request {
            frame,
            want: Want::Data(3),
            dated: false,
        };
        (talk.ask(&mut line, &request), talk.faults(), line)
    }

    #[test]
    fn the_right_answer_is_found_on_every_line() {
        let asked = "> FFFF 00033FFE000029FF\n";
        let right = "< 000303 02C000 B59F\n";
        let cases = [
            ("clean", "{}", format!("{asked}{right}"), 0),
            ("woken by FF", "{}", format!("{asked}< FFFFFF\n{right}"), 0),
            (
                "extended address",
                r#"{"extended_address": 9}"#,
                format!("> FFFF09 00033FFE000029FF\n< 09\n{right}"),
                0,
            ),
            ("silent once", "{}", format!("{asked}~\n{asked}{right}"), 1),
            (
                "one bit",
                "{}",
                format!("{asked}< 000303 03C000 B59F\n~\n{asked}{right}"),
                1,
            ),
            (
                "echo of another question",
                "{}",
                format!("{asked}< 00103FFB0000BC3D\n~\n{asked}{right}"),
                1,
            ),
            (
                "late refusal of a date",
                "{}",
                format!("{asked}< 00830300 F13C\n~\n{asked}{right}"),
                1,
            ),
        ];
        for (name, config, recording, faults) in cases {
            let (reply, got, line) = ask(config, &recording);
            assert_eq!(reply, Ok(Reply::Data(vec![2, 0xc0, 0])), "{name}");
            assert_eq!(got, faults, "{name}");
            line.assert_spent();
        }
    }

    #[test]
    fn a_refusal_is_an_answer_and_an_empty_one_too() {
        let (refused, ..) = ask("{}", "> FFFF 00033FFE000029FF\n< 0083053FB28C");
        assert_eq!(refused, Ok(Reply::Refused(5)));
        let (short, ..) = ask(r#"{"attempts": 1}"#, "> FFFF 00033FFE000029FF\n< 000300 7130\n~");
        assert!(matches!(short, Err(Failure::Garbled(_))), "{short:?}");
    }
}
