//! The conversation with one meter, and why its answers can be believed.
//!
//! A frame has 16 check bits, a request that was garbled is not answered, and an answer repeats what was asked: the
//! address of the meter, the number of the request and its pointers. What differs in any of these is the late answer to
//! something else and is passed over.

use uzel_driver_sdk::{Instant, LineError, Port, Reading, Until};

use crate::config::Config;
use crate::frame::{self, Addresses, Frame, Scan};
use crate::text::{self, Block};
use crate::trouble::Trouble;

/// Bytes of one answer at most: a message has up to 5.7 KB (SPbus note, section 2), an echo may be in front.
const ANSWER_MAX: usize = 16 * 1024;
/// Reads for one answer at most: every read brings bytes.
const READS: usize = 400;
/// Silence after which a broken frame has ended.
const QUIET_MS: u32 = 300;
/// So many broken answers cost one attempt: the meter is there, and the next may be whole.
const BROKEN_PER_ATTEMPT: u32 = 3;

/// A question: its function, the function that answers it, and the blocks.
#[derive(Debug, Clone)]
pub struct Question {
    pub function: u8,
    pub answer: u8,
    pub blocks: Vec<Block>,
}

/// What the meter said, with the host's times around it.
#[derive(Debug, Clone)]
pub struct Answer {
    pub blocks: Vec<Block>,
    pub sent: Instant,
    pub heard: Instant,
}

/// Takes an answer that came whole, or says why it is to something else. Not generic: there are many questions, and the
/// conversation should be in the component once.
type Judge<'a> = &'a mut dyn FnMut(&Answer) -> Result<(), String>;

/// The line to one meter.
#[derive(Debug)]
pub struct Link {
    pub config: Config,
    /// Who is asked; none asks whoever is alone on the line.
    pub addresses: Option<Addresses>,
    tag: u8,
}

impl Link {
    pub fn new(config: Config) -> Self {
        Self {
            config,
            addresses: None,
            tag: 0,
        }
    }

    /// Asks until `judge` takes an answer. What it says against one that came whole is the line's fault, too: the answer
    /// was to something else.
    ///
    /// # Errors
    /// The last trouble, when the attempts are used up or the line is gone.
    pub fn ask<T>(
        &mut self,
        port: &mut dyn Port,
        question: &Question,
        mut judge: impl FnMut(&Answer) -> Result<T, String>,
    ) -> Result<T, Trouble> {
        let mut taken = None;
        self.repeat(port, question, &mut |answer| {
            judge(answer).map(|value| taken = Some(value))
        })?;
        taken.ok_or(Trouble::Silent)
    }

    /// The same asked once: for what must not be said twice.
    pub fn ask_once<T>(
        &mut self,
        port: &mut dyn Port,
        question: &Question,
        mut judge: impl FnMut(&Answer) -> Result<T, String>,
    ) -> Result<T, Trouble> {
        let mut taken = None;
        self.once(port, question, &mut |answer| {
            judge(answer).map(|value| taken = Some(value))
        })?;
        taken.ok_or(Trouble::Silent)
    }

    fn repeat(&mut self, port: &mut dyn Port, question: &Question, judge: Judge<'_>) -> Result<(), Trouble> {
        let mut left = self.config.attempts.saturating_mul(BROKEN_PER_ATTEMPT);
        loop {
            let trouble = match self.once(port, question, judge) {
                Ok(()) => return Ok(()),
                Err(trouble) => trouble,
            };
            let cost = match trouble {
                Trouble::Garbled(_) => 1,
                Trouble::Silent => BROKEN_PER_ATTEMPT,
                Trouble::Line(_) => return Err(trouble),
            };
            left = left.saturating_sub(cost);
            if left == 0 {
                return Err(trouble);
            }
            port.note(&format!("{trouble}; asked again"));
        }
    }

    /// One request out, and whatever comes until an answer is taken.
    fn once(&mut self, port: &mut dyn Port, question: &Question, judge: Judge<'_>) -> Result<(), Trouble> {
        let head = self.next_tag();
        let request = frame::encode(&Frame {
            addresses: self.addresses,
            function: question.function,
            head: head.clone(),
            data: text::data(&question.blocks),
        });
        port.purge();
        let sent = port.now();
        port.write(&request)?;
        let mut bytes = Vec::new();
        let mut reads = 0;
        // Why an answer was passed over: told when no other comes.
        let mut refused = None;
        loop {
            match frame::scan(&bytes) {
                Scan::Whole(came, used) => {
                    bytes.drain(..used);
                    let judged = self.check(&came, question, &head).and_then(|blocks| {
                        let heard = port.now();
                        judge(&Answer { blocks, sent, heard })
                    });
                    match judged {
                        Ok(()) => return Ok(()),
                        Err(why) => refused = Some(why),
                    }
                }
                scan => match more(port, &scan, &mut bytes, &mut reads, self.config.timeout_ms) {
                    Ok(()) => {}
                    Err(Trouble::Silent) => return Err(silence(refused, &scan, &bytes)),
                    Err(trouble) => return Err(trouble),
                },
            }
        }
    }

    /// The blocks of a frame that answers this question.
    fn check(&self, came: &Frame, question: &Question, head: &[u8]) -> Result<Vec<Block>, String> {
        if came.function != question.answer {
            let (got, want) = (came.function, question.answer);
            return Err(format!("function {got:02X} came, expected {want:02X}"));
        }
        if came.head != head {
            let (got, want) = (text::decode(&came.head), text::decode(head));
            return Err(format!("an answer to request {got:?} came, expected {want:?}"));
        }
        // Gateways rewrite the destination; whoever is asked without an address may answer with one.
        if let (Some(asked), Some(from)) = (self.addresses, came.addresses)
            && asked.dad != from.sad
        {
            return Err(format!("address {} answered, {} was asked", from.sad, asked.dad));
        }
        text::blocks(&came.data).map_err(|error| error.to_string())
    }

    /// Two digits, counted up: an answer that is a hundred requests late is none that matters.
    fn next_tag(&mut self) -> Vec<u8> {
        if !self.config.tagged {
            return Vec::new();
        }
        self.tag = (self.tag + 1) % 100;
        format!("{:02}", self.tag).into_bytes()
    }
}

/// Reads on: up to the next byte that may end a frame, or the check bytes that are lacking.
fn more(
    port: &mut dyn Port,
    scan: &Scan,
    bytes: &mut Vec<u8>,
    reads: &mut usize,
    deadline_ms: u32,
) -> Result<(), Trouble> {
    *reads += 1;
    if *reads > READS || bytes.len() > ANSWER_MAX {
        return Err(Trouble::Garbled(format!("{} bytes came and no answer", bytes.len())));
    }
    let how = match scan {
        Scan::Lacks(count) => Reading::exactly(u32::try_from(*count).unwrap_or(2), deadline_ms),
        // What is left of it is heard out; a whole frame may follow.
        Scan::Broken(_) => Reading::until_silence(QUIET_MS, 4_096, QUIET_MS),
        _ => Reading {
            until: Until::Delimiter(frame::ETX),
            max: 4_096,
            deadline_ms,
        },
    };
    match port.read(how) {
        Ok(came) => bytes.extend(came),
        // Slow lines pause: as long as something comes it is waited for.
        Err(LineError::Timeout(came)) if !came.is_empty() => bytes.extend(came),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// What a silence means after what came before it.
fn silence(refused: Option<String>, scan: &Scan, bytes: &[u8]) -> Trouble {
    match (refused, scan) {
        (_, Scan::Broken(error)) => Trouble::Garbled(error.to_string()),
        (Some(why), _) => Trouble::Garbled(why),
        (None, _) if bytes.is_empty() => Trouble::Silent,
        (None, _) => Trouble::Garbled(format!("no frame in {}", frame::shown(bytes))),
    }
}
