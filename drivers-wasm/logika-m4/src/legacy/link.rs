//! The conversation with one meter, and why its answers can be believed.
//!
//! No reply of 45, 48, 52 or 59 says which page, label, address or heat input it is about, and the check byte passes
//! one garbled frame in 256 (M4 note, section 3). So one answer proves nothing. A question is asked in *rounds*: a
//! session request 3F that selects the heat input, then the question. The 3F between parts one round's answer from the
//! next: a late or doubled frame meets a request of another function and is seen. An answer counts when two rounds
//! agree. After anything out of order (silence, a broken frame, bytes that nobody asked for, rounds that disagree) the
//! line is heard out until it is silent, the meter is woken, and the round starts over.

use uzel_driver_sdk::{Instant, LineError, Port, Reading};

use super::frame::{self, Scan};
use super::question::{Answer, Patience, Question, Reply, Verdict};
use super::trouble::Trouble;
use crate::config::{Config, Wake};
use crate::ident::Ident;

/// Session request.
const SESSION: u8 = 0x3f;
/// End of the session.
const CLOSE: u8 = 0x71;
/// Bytes 0xFF that wake every meter on the line (M4 note, section 1).
const WAKE: [u8; 16] = [0xff; 16];
/// Pause between a fast wake-up and the request: the TCP port of the ADS99 adapter needs it.
const AFTER_FAST_MS: u32 = 100;
/// Pause between the bytes of a slow wake-up.
const BETWEEN_SLOW_MS: u32 = 20;
/// Pause between a slow wake-up and the request (the note to СПГ741: 1 s).
const AFTER_SLOW_MS: u32 = 1_000;
/// First silence that ends a disturbance; doubled with every failure.
const QUIET_MS: u32 = 500;
/// Rounds in a row that must agree on an answer that says little, on a line that garbles.
const WEAK_ROUNDS: usize = 4;
/// Rounds of one question at most.
const ROUNDS: u32 = 32;
/// Reads of one frame: header, body, and what junk before it may add.
const READS: usize = 8;
/// Reads while a disturbed line is heard out, and bytes of each.
const DRAINS: usize = 10;
const DRAIN_BYTES: u32 = 4_096;
/// Idle time after which a meter of a not yet known model is woken again.
const IDLE_UNKNOWN_MS: i64 = 30_000;

/// The line to one meter.
#[derive(Debug)]
pub struct Link {
    pub(crate) config: Config,
    ident: Option<Ident>,
    slow: Option<bool>,
    idle_ms: i64,
    /// Questions after the session request travel in extended frames.
    pub(crate) extended: bool,
    heard: Option<Instant>,
    pub(super) raised: bool,
    /// Disturbances since the session began.
    pub disturbances: u32,
}

impl Link {
    pub fn new(config: Config) -> Self {
        let slow = match config.wake {
            Wake::Auto => None,
            Wake::Fast => Some(false),
            Wake::Slow => Some(true),
        };
        Self {
            config,
            ident: None,
            slow,
            idle_ms: IDLE_UNKNOWN_MS,
            extended: false,
            heard: None,
            raised: false,
            disturbances: 0,
        }
    }

    /// From now on the meter is known: who it is, how it wakes, after how many seconds it forgets the session.
    pub fn know(&mut self, ident: Ident, slow: bool, session_s: u16) {
        self.ident = Some(ident);
        self.slow.get_or_insert(slow);
        // Half of it: the meter's count began with the last byte it heard, not with the last we heard.
        self.idle_ms = i64::from(session_s) * 500;
    }

    /// Wakes the meter and asks who it is, twice in a row with one answer.
    pub fn open(&mut self, port: &mut dyn Port) -> Result<Ident, Trouble> {
        let mut patience = Patience::to_open(self.config.attempts);
        loop {
            let slow = self.slow.unwrap_or(patience.failures % 2 == 1);
            wake(port, slow)?;
            port.purge();
            let trouble = match self.select(port, 0) {
                Ok(first) => match self.select(port, 0) {
                    Ok(second) if first == second => return Ok(first),
                    Ok(second) => Trouble::Garbled(format!("{first} answered, then {second}")),
                    // It was there a moment ago: no reason to give up as for a silent line.
                    Err(Trouble::Silent) => Trouble::Garbled(format!("{first} answered once, then not")),
                    Err(trouble) => trouble,
                },
                Err(trouble) => trouble,
            };
            self.disturbances += 1;
            patience.spend(trouble)?;
            self.hear_out(port, patience.failures)?;
        }
    }

    /// Asks in rounds until `agree` is satisfied with the answers so far; its second argument is how many rounds must
    /// agree on an answer that says little. `input` 1 or 2 selects a heat input, 0 keeps what is selected.
    ///
    /// # Errors
    /// The trouble that used up the patience, or that the rounds never agreed.
    pub fn agreed<T>(
        &mut self,
        port: &mut dyn Port,
        input: u8,
        question: &Question,
        mut agree: impl FnMut(&[Answer], usize) -> Verdict<T>,
    ) -> Result<T, Trouble> {
        let mut answers = Vec::with_capacity(2);
        let mut patience = Patience::to_ask(self.config.attempts);
        for _ in 0..ROUNDS {
            let trouble = match self.round(port, input, question) {
                Ok(answer) => {
                    answers.push(answer);
                    let weak = if self.disturbances > 0 { WEAK_ROUNDS } else { 2 };
                    match agree(&answers, weak) {
                        Verdict::Agreed(value) => return Ok(value),
                        Verdict::More => continue,
                        Verdict::Clash => Trouble::Garbled("two answers to one question differ".to_owned()),
                    }
                }
                Err(trouble) => trouble,
            };
            self.disturbances += 1;
            port.note(&format!(
                "not trusted: {trouble}; hearing the line out and starting over"
            ));
            // Heard out in any case, so that the next question begins on a silent line.
            let spent = patience.spend(trouble);
            if !matches!(spent, Err(Trouble::Line(_))) {
                self.recover(port, patience.failures)?;
            }
            spent?;
        }
        Err(Trouble::Garbled("no two answers to one question agreed".to_owned()))
    }

    /// The same reply in two rounds.
    ///
    /// A refusal says little, and so does an empty page: most requests that were garbled into others get the same. Once
    /// the line has shown that it garbles, such an answer counts when it came in [`WEAK_ROUNDS`] rounds.
    pub fn twice(&mut self, port: &mut dyn Port, input: u8, question: &Question) -> Result<Reply, Trouble> {
        self.agreed(port, input, question, |answers, weak| {
            let Some((last, before)) = answers.split_last() else {
                return Verdict::More;
            };
            let equal = before.iter().filter(|answer| answer.reply == last.reply).count();
            let enough = if last.reply.is_weak() { weak } else { 2 };
            match equal + 1 {
                rounds if rounds >= enough => Verdict::Agreed(last.reply.clone()),
                1 if !before.is_empty() => Verdict::Clash,
                _ => Verdict::More,
            }
        })
    }

    /// One frame out, one frame in. Nothing is repeated.
    pub fn ask(&mut self, port: &mut dyn Port, request: &[u8], function: u8, len: usize) -> Result<Answer, Trouble> {
        let unasked = port.purge();
        if usize::try_from(unasked).is_ok_and(|count| count > frame::JUNK) {
            return Err(Trouble::Garbled(format!("{unasked} bytes came that nobody asked for")));
        }
        let sent = port.now();
        port.write(request)?;
        let mut bytes = Vec::with_capacity(len + 8);
        let mut rest = Ok(());
        for _ in 0..READS {
            let need = match frame::scan(&bytes, self.config.address, function, len) {
                Scan::Need(count) if rest.is_ok() => count,
                Scan::Need(_) => break,
                Scan::Noise(why) => return Err(Trouble::Garbled(why.to_owned())),
                Scan::Refused(0) => return Err(Trouble::Refused(0)),
                Scan::Refused(code) => return Ok(self.hear(port, Reply::Refused(code), sent)),
                Scan::Data(data) => {
                    let reply = Reply::Data(data.to_vec());
                    return Ok(self.hear(port, reply, sent));
                }
            };
            match port.read(Reading::exactly(
                u32::try_from(need).unwrap_or(u32::MAX),
                self.config.timeout_ms,
            )) {
                Ok(more) => bytes.extend(more),
                Err(LineError::Timeout(more)) => {
                    bytes.extend(more);
                    rest = Err(());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(LineError::Timeout(bytes).into())
    }

    /// Ends the session with the meter, if one was begun.
    pub fn close(&mut self, port: &mut dyn Port) {
        if self.heard.is_none() {
            return;
        }
        self.leave_speed(port);
        port.purge();
        let request = frame::request(self.config.address, CLOSE, [0; 4]);
        // Whether 71 is answered is not documented, and nothing depends on it.
        if port.write(&request).is_ok() {
            let _ = port.read(Reading::exactly(5, self.config.timeout_ms.min(QUIET_MS)));
            port.note("session closed");
        }
    }

    /// Opens the session again when the meter may have forgotten it.
    pub(crate) fn keep(&mut self, port: &mut dyn Port) -> Result<(), Trouble> {
        let idle_ms = self.heard.map_or(i64::MAX, |at| port.now().saturating_sub(at));
        if self.raised && idle_ms > super::speed::HOLDS_MS {
            self.lower(port)?;
        } else if idle_ms > self.idle_ms {
            self.reopen(port)?;
        }
        Ok(())
    }

    /// One round: the session request, then the question.
    fn round(&mut self, port: &mut dyn Port, input: u8, question: &Question) -> Result<Answer, Trouble> {
        self.keep(port)?;
        self.select_known(port, input)?;
        let request = frame::request(self.config.address, question.function, question.data);
        self.ask(port, &request, question.function, question.len)
    }

    /// Selects a heat input; the meter has to be the one that was identified.
    pub fn select_known(&mut self, port: &mut dyn Port, input: u8) -> Result<(), Trouble> {
        let answered = self.select(port, input)?;
        match self.ident {
            Some(ident) if ident != answered => Err(Trouble::Other(answered)),
            _ => Ok(()),
        }
    }

    pub(super) fn select(&mut self, port: &mut dyn Port, input: u8) -> Result<Ident, Trouble> {
        let request = frame::request(self.config.address, SESSION, [input, 0, 0, 0]);
        match self.ask(port, &request, SESSION, 3)?.reply {
            Reply::Data(data) => match data.as_slice() {
                &[id0, id1, version] => {
                    port.note(
                        ["session", "session, ТВ1", "session, ТВ2"]
                            .get(usize::from(input))
                            .unwrap_or(&"session"),
                    );
                    Ok(Ident([id0, id1, version]))
                }
                other => Err(Trouble::Garbled(format!(
                    "{} bytes of identification, expected 3",
                    other.len()
                ))),
            },
            // No code but 0 answers 3F: this is the late answer to something else.
            Reply::Refused(code) => Err(Trouble::Garbled(format!(
                "a session request was answered by 21 {code:02X}"
            ))),
        }
    }

    /// Waits until nothing more comes, wakes the meter and opens the session.
    pub(crate) fn recover(&mut self, port: &mut dyn Port, failures: u32) -> Result<(), Trouble> {
        self.hear_out(port, failures)?;
        match self.reopen(port) {
            Err(trouble) if self.raised && trouble.can_pass() => self.lower(port),
            done => done,
        }
    }

    pub(super) fn reopen(&mut self, port: &mut dyn Port) -> Result<(), Trouble> {
        let answered = self.open(port)?;
        match self.ident {
            Some(ident) if ident != answered => Err(Trouble::Other(answered)),
            _ => Ok(()),
        }
    }

    /// Reads until a real silence, so that no late answer is left in flight.
    fn hear_out(&mut self, port: &mut dyn Port, failures: u32) -> Result<(), Trouble> {
        let quiet_ms = QUIET_MS
            .saturating_mul(1 << failures.clamp(1, 5))
            .min(self.config.timeout_ms);
        for _ in 0..DRAINS {
            match port.read(Reading::until_silence(quiet_ms, DRAIN_BYTES, quiet_ms)) {
                Err(LineError::Timeout(bytes)) if bytes.is_empty() => return Ok(()),
                Ok(_) | Err(LineError::Timeout(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The meter was heard just now, in a frame that somebody else read.
    pub(crate) fn hear_now(&mut self, port: &dyn Port) {
        self.heard = Some(port.now());
    }

    fn hear(&mut self, port: &mut dyn Port, reply: Reply, sent: Instant) -> Answer {
        let heard = port.now();
        self.heard = Some(heard);
        Answer { reply, sent, heard }
    }
}

fn wake(port: &mut dyn Port, slow: bool) -> Result<(), Trouble> {
    if slow {
        for byte in WAKE {
            port.write(&[byte])?;
            port.sleep(BETWEEN_SLOW_MS);
        }
        port.sleep(AFTER_SLOW_MS);
    } else {
        port.write(&WAKE)?;
        port.sleep(AFTER_FAST_MS);
    }
    Ok(())
}
