//! Questions and answers on the wire: whole frames, and nothing of an earlier answer.
//!
//! The sum of a frame lets some disturbances pass, and M-Bus answers do not say which request they belong to. So
//! nothing is taken while it is unclear whether more comes. After every answer the line is listened to: while it has
//! been clean for a little longer than its slowest answer took to begin, so that a late copy of the answer before, taken
//! for the present one, is found out by the present one; for a whole deadline once it has not been clean.

use uzel_driver_sdk::{Failure, LineError, Port, Reading, Until};

use crate::frame::{self, FrameError};

/// How much longer than its slowest answer a clean line is listened to, milliseconds.
const QUIET_MS: u32 = 30;
/// Reads of a line that does not fall silent, and bytes of each: a line adds to a deadline what so many bytes take.
const MAX_DRAIN_READS: u32 = 64;
const DRAIN_BYTES: usize = 64;
/// Bytes that tell how long an answer is.
const HEAD: usize = 4;
/// Bytes kept of one answer at most: a frame and some noise before it.
const MAX_BYTES: usize = 2 * frame::MAX;

/// Why a question has no answer.
#[derive(Debug, Clone)]
pub enum Trouble {
    /// No byte came.
    Silent,
    /// Bytes came, but no whole answer: what was wrong.
    Garbled(String),
    /// Asking again is of no use.
    Fatal(Failure),
}

impl From<LineError> for Trouble {
    fn from(error: LineError) -> Self {
        Self::Fatal(match error {
            LineError::Stopped => Failure::Stopped,
            error => Failure::Line(error),
        })
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Silent => Self::NoAnswer,
            Trouble::Garbled(what) => Self::Garbled(what),
            Trouble::Fatal(failure) => failure,
        }
    }
}

/// The line with what has been learnt of its state.
#[derive(Debug)]
pub struct Link {
    timeout_ms: u32,
    suspect: bool,
    /// How long the slowest answer took to begin.
    slowest_ms: u32,
}

impl Link {
    /// A line that is taken as clean; `timeout_ms` for the first byte of an answer and for each next.
    pub fn new(timeout_ms: u32) -> Self {
        Self {
            timeout_ms,
            suspect: false,
            slowest_ms: 0,
        }
    }

    /// Whether the line has lost, added or changed bytes in this session.
    pub fn is_suspect(&self) -> bool {
        self.suspect
    }

    /// An answer that was due has not come: it may yet.
    pub fn distrust(&mut self) {
        self.suspect = true;
    }

    /// Sends `request` and expects the acknowledgement alone. Several meters may have given it at once.
    pub fn acknowledged(&mut self, port: &mut dyn Port, request: &[u8]) -> Result<(), Trouble> {
        let mut answer = self.first_bytes(port, request)?;
        self.listen(port, &mut answer)?;
        if answer.iter().all(|byte| *byte == frame::ACK) {
            return Ok(());
        }
        let what = format!("{} bytes instead of the acknowledgement e5", answer.len());
        self.garbled(port, what)
    }

    /// Sends `request` and expects a response frame: returns it, whole and judged by [`frame::decode`].
    pub fn response(&mut self, port: &mut dyn Port, request: &[u8]) -> Result<Vec<u8>, Trouble> {
        let mut bytes = self.first_bytes(port, request)?;
        let (noise, length) = loop {
            let noise = frame::noise_before(&bytes);
            let (error, missing) = match frame::decode(bytes.get(noise..).unwrap_or_default()) {
                Ok(response) => break (noise, response.length),
                Err(error @ FrameError::Short { need, got }) if bytes.len() < MAX_BYTES => (error, need - got),
                Err(error) => return self.garbled(port, error.to_string()),
            };
            match port.read(any(missing, self.timeout_ms)) {
                Ok(more) => bytes.extend(more),
                Err(LineError::Timeout(more)) if more.is_empty() => {
                    return self.garbled(port, format!("{error} in {} bytes", bytes.len()));
                }
                Err(LineError::Timeout(more)) => bytes.extend(more),
                Err(error) => return Err(error.into()),
            }
        };
        let mut behind = bytes.split_off(noise + length);
        self.listen(port, &mut behind)?;
        self.suspect |= noise > 0 || !behind.is_empty();
        // Which of two frames is the answer, nobody can say.
        if frame::noise_before(&behind) < behind.len() {
            return self.garbled(port, format!("{} bytes behind the answer", behind.len()));
        }
        Ok(bytes.split_off(noise))
    }

    /// Reads and drops until nothing has come for a whole deadline. Whatever comes makes the line suspect.
    pub fn drain(&mut self, port: &mut dyn Port) -> Result<(), Trouble> {
        for _ in 0..MAX_DRAIN_READS {
            match port.read(any(DRAIN_BYTES, self.timeout_ms)) {
                Ok(_) => self.suspect = true,
                Err(LineError::Timeout(_)) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn garbled<T>(&mut self, port: &mut dyn Port, what: String) -> Result<T, Trouble> {
        port.note(&what);
        self.suspect = true;
        self.drain(port)?;
        Err(Trouble::Garbled(what))
    }

    fn first_bytes(&mut self, port: &mut dyn Port, request: &[u8]) -> Result<Vec<u8>, Trouble> {
        let asked = port.now();
        match port.exchange(request, any(HEAD, self.timeout_ms)) {
            Ok(bytes) => {
                let took = u32::try_from(port.now().saturating_sub(asked)).unwrap_or(0);
                self.slowest_ms = self.slowest_ms.max(took);
                Ok(bytes)
            }
            Err(LineError::Timeout(bytes)) if bytes.is_empty() => Err(Trouble::Silent),
            Err(LineError::Timeout(bytes)) => Ok(bytes),
            Err(error) => Err(error.into()),
        }
    }

    /// Adds what still comes to `bytes`.
    fn listen(&mut self, port: &mut dyn Port, bytes: &mut Vec<u8>) -> Result<(), Trouble> {
        let mut quiet = if self.suspect {
            any(1, self.timeout_ms)
        } else {
            any(1, QUIET_MS)
        };
        for _ in 0..MAX_DRAIN_READS {
            let heard = port.read(quiet);
            quiet = any(DRAIN_BYTES, self.timeout_ms);
            match heard {
                Ok(more) => bytes.extend(more),
                Err(LineError::Timeout(more)) => {
                    bytes.extend(more);
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// What a failure says, for the trace.
pub fn complaint(failure: &Failure) -> &str {
    match failure {
        Failure::Garbled(what)
        | Failure::Refused(what)
        | Failure::WrongDevice(what)
        | Failure::Unsupported(what)
        | Failure::Config(what) => what,
        Failure::NoAnswer | Failure::Line(_) | Failure::Stopped => "",
    }
}

/// Whatever comes first, up to `max` bytes.
fn any(max: usize, deadline_ms: u32) -> Reading {
    Reading {
        until: Until::Any,
        max: u32::try_from(max).unwrap_or(u32::MAX),
        deadline_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uzel_driver_sdk::bytes::hex;
    use uzel_driver_sdk::recording::Recording;

    const ASK: [u8; 5] = [0x10, 0x7b, 0x01, 0x7c, 0x16];

    /// Outcome of one question over what came, and whether the line is suspect then.
    fn response(came: &str) -> (Result<String, String>, bool) {
        let mut port = Recording::parse(&format!("> 10 7b 01 7c 16\n{came}"));
        let mut link = Link::new(100);
        let outcome = match link.response(&mut port, &ASK) {
            Ok(frame) => Ok(hex(&frame)),
            Err(Trouble::Garbled(what)) => Err(what),
            Err(trouble) => Err(format!("{trouble:?}")),
        };
        port.assert_spent();
        (outcome, link.is_suspect())
    }

    #[test]
    fn answers_are_taken_whole_or_not_at_all() {
        const GOOD: &str = "68 04 04 68 08 01 70 02 7b 16";
        let good = || Ok(GOOD.to_owned());
        let cases = [
            ("clean", format!("< {GOOD}\n"), good(), false),
            (
                "in pieces",
                "< 68 04 04\n< 68 08 01 70 02 7b\n< 16\n".to_owned(),
                good(),
                false,
            ),
            ("noise before", format!("< 00 {GOOD}\n"), good(), true),
            ("noise behind", format!("< {GOOD} 00\n"), good(), true),
            (
                "another frame behind",
                format!("< {GOOD} {GOOD}\n"),
                Err("10 bytes behind the answer"),
                true,
            ),
            (
                "cut",
                "< 68 04 04 68 08\n~\n".to_owned(),
                Err("frame needs 10 bytes, got 5 in 5 bytes"),
                true,
            ),
            (
                "flipped",
                "< 68 04 04 68 08 01 71 02 7b 16\n".to_owned(),
                Err("check byte is 7b, computed 7c"),
                true,
            ),
            (
                "no frame",
                "< e5\n~\n".to_owned(),
                Err("frame needs 4 bytes, got 0 in 1 bytes"),
                true,
            ),
            ("silence", "~\n".to_owned(), Err("Silent"), false),
        ];
        for (name, came, want, suspect) in cases {
            assert_eq!(response(&came), (want.map_err(str::to_owned), suspect), "{name}");
        }
    }

    #[test]
    fn acknowledgements_stand_alone() {
        for (came, want) in [
            ("< e5", true),
            ("< e5 e5", true),
            ("< e5 00", false),
            ("< 68 03 03", false),
        ] {
            let mut port = Recording::parse(&format!("> 10 7b 01 7c 16\n{came}"));
            assert_eq!(Link::new(100).acknowledged(&mut port, &ASK).is_ok(), want, "{came}");
        }
    }
}
