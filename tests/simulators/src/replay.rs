//! Serves a recorded conversation with a real meter, byte by byte.
//!
//! The rule of matching. The replayer has a position in the recording. A request is looked for from
//! the position to the end, then from the start to the position; the first exchange with the same
//! request bytes answers, and the position moves behind it. So a reader may leave exchanges out or go
//! back, while equal requests (such as "read data", whose answer depends on the date written before)
//! get their answers in recorded order: what the meter had selected is carried by the order.
//!
//! - FF bytes before a request are ignored, in the recording and on the line.
//! - A request without a match is answered by silence and reported by [`Replayer::unmatched`].
//! - An exchange recorded without an answer is answered by silence.
//! - Bytes may come in pieces: as long as they begin some recorded request the replayer waits for more,
//!   at most [`PIECE_GAP`].

use crate::faults::Faults;
use crate::hex::{self, HexError};
use crate::meter::{Disguise, Meter, Reply};
use crate::serve::Link;
use std::time::Duration;

/// Pieces of one request come closer together than this.
pub const PIECE_GAP: Duration = Duration::from_millis(250);

/// Unmatched requests kept for the report; a reader in a loop must not fill the memory.
const UNMATCHED_MAX: usize = 100;

/// Bytes of a request that are waited for at most.
const REQUEST_MAX: usize = 4096;

/// One question and what the meter said to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    pub request: Vec<u8>,
    /// Empty: the meter was silent.
    pub answer: Vec<u8>,
}

/// Why a recording cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    #[error("line {line} of the recording is not hexadecimal")]
    Line { line: usize, source: HexError },
    #[error("line {line} of the recording begins with {got:?}, expected `#`, `>` or `<`")]
    Mark { line: usize, got: String },
    #[error("line {line} of the recording answers before any request")]
    AnswerFirst { line: usize },
    #[error("recorded session {session} is not in the file, it has {sessions}")]
    Session { session: usize, sessions: usize },
    #[error("recorded exchange {exchange} is not hexadecimal")]
    Exchange { exchange: usize, source: HexError },
    #[error("the recording is not the JSON of recorded sessions")]
    Json(#[from] serde_json::Error),
    #[error("the recording has no exchange")]
    Empty,
}

/// A recorded conversation, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    exchanges: Vec<Exchange>,
}

#[derive(serde::Deserialize)]
struct JsonSession {
    exchanges: Vec<JsonExchange>,
}

#[derive(serde::Deserialize)]
struct JsonExchange {
    request_hex: String,
    response_hex: Option<String>,
}

impl Recording {
    /// Reads the text form: `# comment`, `> request`, `< answer`, bytes in hexadecimal. Several
    /// answer lines behind one request are one answer.
    pub fn parse(text: &str) -> Result<Self, RecordingError> {
        let mut exchanges: Vec<Exchange> = Vec::new();
        for (place, content) in text.lines().map(str::trim).enumerate() {
            let line = place + 1;
            let bytes = |text| hex::bytes(text).map_err(|source| RecordingError::Line { line, source });
            if let Some(request) = content.strip_prefix('>') {
                exchanges.push(Exchange {
                    request: awake(&bytes(request)?).to_vec(),
                    answer: Vec::new(),
                });
            } else if let Some(answer) = content.strip_prefix('<') {
                let exchange = exchanges.last_mut().ok_or(RecordingError::AnswerFirst { line })?;
                exchange.answer.extend(bytes(answer)?);
            } else if !content.is_empty() && !content.starts_with('#') {
                return Err(RecordingError::Mark {
                    line,
                    got: content.chars().take(1).collect(),
                });
            }
        }
        Self::new(exchanges)
    }

    /// Reads session `session` (from 0) of a JSON file of recorded sessions: a list of objects with
    /// `exchanges: [{request_hex, response_hex}]`.
    pub fn parse_json(text: &str, session: usize) -> Result<Self, RecordingError> {
        let sessions: Vec<JsonSession> = serde_json::from_str(text)?;
        let chosen = sessions.get(session).ok_or(RecordingError::Session {
            session,
            sessions: sessions.len(),
        })?;
        let exchange = |(exchange, json): (usize, &JsonExchange)| {
            let bytes = |text| hex::bytes(text).map_err(|source| RecordingError::Exchange { exchange, source });
            Ok(Exchange {
                request: awake(&bytes(&json.request_hex)?).to_vec(),
                answer: bytes(json.response_hex.as_deref().unwrap_or_default())?,
            })
        };
        Self::new(
            chosen
                .exchanges
                .iter()
                .enumerate()
                .map(exchange)
                .collect::<Result<_, RecordingError>>()?,
        )
    }

    fn new(exchanges: Vec<Exchange>) -> Result<Self, RecordingError> {
        if exchanges.is_empty() {
            return Err(RecordingError::Empty);
        }
        Ok(Self { exchanges })
    }

    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// The recording as a meter, ready to be served.
    pub fn link(self, faults: Faults) -> Link {
        Link::new(Box::new(Replayer::new(self)), faults)
    }
}

/// A meter that only knows its recording.
pub struct Replayer {
    recording: Recording,
    position: usize,
    buffer: Vec<u8>,
    heard_at: Duration,
    requests: u64,
    unmatched: Vec<Vec<u8>>,
}

impl Replayer {
    pub fn new(recording: Recording) -> Self {
        Self {
            recording,
            position: 0,
            buffer: Vec::new(),
            heard_at: Duration::ZERO,
            requests: 0,
            unmatched: Vec::new(),
        }
    }

    /// The place of the exchange that answers, by the rule above.
    fn find(&self, fits: impl Fn(&Exchange) -> bool) -> Option<usize> {
        let (before, behind) = self.recording.exchanges.split_at(self.position);
        let later = behind.iter().position(&fits).map(|place| place + self.position);
        later.or_else(|| before.iter().position(&fits))
    }

    fn give_up(&mut self) {
        let request = std::mem::take(&mut self.buffer);
        if !request.is_empty() && self.unmatched.len() < UNMATCHED_MAX {
            self.unmatched.push(request);
        }
    }
}

impl Meter for Replayer {
    fn on_bytes(&mut self, now: Duration, bytes: &[u8]) -> Vec<Reply> {
        if now.saturating_sub(self.heard_at) > PIECE_GAP {
            self.give_up();
        }
        self.heard_at = now;
        self.buffer.extend_from_slice(bytes);
        let fill = self.buffer.len() - awake(&self.buffer).len();
        self.buffer.drain(..fill);
        if self.buffer.is_empty() {
            return Vec::new();
        }
        if let Some(place) = self.find(|exchange| exchange.request == self.buffer) {
            self.buffer.clear();
            self.requests = self.requests.saturating_add(1);
            self.position = place + 1;
            let answer = self
                .recording
                .exchanges
                .get(place)
                .map(|exchange| exchange.answer.clone());
            return answer
                .filter(|answer| !answer.is_empty())
                .map(Reply::now)
                .into_iter()
                .collect();
        }
        let begins = self
            .find(|exchange| exchange.request.starts_with(&self.buffer))
            .is_some();
        if !begins || self.buffer.len() > REQUEST_MAX {
            self.give_up();
        }
        Vec::new()
    }

    fn requests(&self) -> u64 {
        self.requests
    }

    /// A recording is one device; there is nothing to disguise.
    fn disguise(&mut self, _: Option<Disguise>) {}

    fn unmatched(&self) -> Vec<Vec<u8>> {
        self.unmatched.clone()
    }
}

/// The bytes behind the wake-up FF.
fn awake(bytes: &[u8]) -> &[u8] {
    let fill = bytes.iter().take_while(|byte| **byte == 0xFF).count();
    bytes.get(fill..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# source: constructed\n> FF FF 01 02\n< 0A\n> 01 03\n< 0B 01\n< 0C\n> 01 02\n< 0D\n> 09\n";

    fn answers(replayer: &mut Replayer, requests: &[&[u8]]) -> Vec<Vec<u8>> {
        let bytes = |replies: Vec<Reply>| replies.into_iter().flat_map(|reply| reply.bytes).collect();
        requests
            .iter()
            .map(|request| bytes(replayer.on_bytes(Duration::ZERO, request)))
            .collect()
    }

    #[test]
    fn equal_requests_are_answered_in_recorded_order_and_start_over() {
        let mut replayer = Replayer::new(Recording::parse(TEXT).unwrap());
        let asked: [&[u8]; 6] = [&[1, 2], &[0xFF, 0xFF, 1, 3], &[1, 2], &[1, 2], &[9], &[1, 3]];
        let want: [&[u8]; 6] = [&[0x0A], &[0x0B, 1, 0x0C], &[0x0D], &[0x0A], &[], &[0x0B, 1, 0x0C]];
        assert_eq!(answers(&mut replayer, &asked), want);
        assert_eq!(replayer.unmatched(), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn a_reader_may_skip_and_send_in_pieces_and_learns_what_is_not_recorded() {
        let mut replayer = Replayer::new(Recording::parse(TEXT).unwrap());
        let asked: [&[u8]; 4] = [&[1, 3], &[1], &[2], &[7, 7]];
        assert_eq!(
            answers(&mut replayer, &asked),
            [vec![0x0B, 1, 0x0C], vec![], vec![0x0D], vec![]]
        );
        assert_eq!(replayer.unmatched(), [vec![7, 7]]);
        assert_eq!(replayer.requests(), 2);
    }

    #[test]
    fn a_broken_recording_is_refused_with_its_line() {
        let refused = |text| Recording::parse(text).unwrap_err().to_string();
        assert_eq!(refused("< 01"), "line 1 of the recording answers before any request");
        assert_eq!(
            refused("> 01\n? 2"),
            "line 2 of the recording begins with \"?\", expected `#`, `>` or `<`"
        );
        assert_eq!(refused("> 0"), "line 1 of the recording is not hexadecimal");
        assert_eq!(refused("# nothing"), "the recording has no exchange");
    }
}
