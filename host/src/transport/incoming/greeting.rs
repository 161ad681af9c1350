//! Who calls: the bytes of a greeting so far, judged by the listener's profile. Pure; each arrival is judged anew, which
//! costs nothing at [`limits::GREETING_BYTES`].

use std::time::Duration;

use regex::bytes::Regex;

use super::config::{GreetingKind, ListenerConfig};
use super::octets::hex;
use super::{assv, filter, irz, wrx};
use crate::limits;

/// How a listener's callers greet.
#[derive(Debug)]
pub(super) struct Recipe {
    config: ListenerConfig,
    regex: Option<Regex>,
    heartbeats: Vec<Vec<u8>>,
}

/// What is known of a greeting.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// More bytes may come.
    More,
    /// It is whole.
    Named(Named),
    /// It is none.
    Bad(BadGreeting),
}

/// A caller that has said who it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Named {
    /// Unique at its listener.
    pub(super) identity: String,
    /// Where the greeting begins, behind heartbeats.
    pub(super) begin: usize,
    /// Where it ends. What came behind them belongs to the stream.
    pub(super) length: usize,
    /// Signal level as the modem tells it (3GPP 27.007, `+CSQ`), 0 to 31.
    pub(super) signal_csq: Option<u8>,
    /// What it wants to hear.
    pub(super) reply: Vec<u8>,
}

/// Why a greeting is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadGreeting {
    /// It goes on and on.
    #[error("no identity in the first {got} bytes, at most {limit} are read")]
    Long { got: usize, limit: usize },
    /// It begins with something else.
    #[error("the greeting begins with {got:?}, expected {want}")]
    Start { got: String, want: String },
    /// It is of the right kind and damaged.
    #[error("the greeting cannot be read: {0}")]
    Garbled(String),
    /// The identity could not be the second part of `incoming:LISTENER/IDENTITY`.
    #[error(
        "identity {got:?}, expected 1 to {} printable characters without blanks",
        limits::IDENTITY_BYTES
    )]
    Identity { got: String },
    /// The caller says nothing, or not enough.
    #[error("no identity within {s} s, {got} bytes came")]
    Late { s: u64, got: usize },
    /// The caller went away.
    #[error("the caller closed the connection after {got} bytes")]
    Closed { got: usize },
}

impl Recipe {
    /// The configuration must have passed its check.
    pub(super) fn new(config: &ListenerConfig) -> Result<Self, String> {
        let mut heartbeats: Vec<Vec<u8>> = config.heartbeats.iter().map(|octets| octets.0.clone()).collect();
        if config.greeting == GreetingKind::IrzAtm {
            heartbeats.push(irz::HEARTBEAT.to_vec());
        }
        Ok(Self {
            regex: config.regex()?,
            heartbeats,
            config: config.clone(),
        })
    }

    pub(super) fn config(&self) -> &ListenerConfig {
        &self.config
    }

    pub(super) fn heartbeats(&self) -> &[Vec<u8>] {
        &self.heartbeats
    }

    /// What we say first, and after how long again.
    pub(super) fn hello(&self) -> Option<(Vec<u8>, Option<Duration>)> {
        match (&self.config.hello, self.config.greeting) {
            (Some(hello), _) => Some((hello.0.clone(), None)),
            (None, GreetingKind::TeleofisWrx) => Some((wrx::hello(), None)),
            (None, GreetingKind::Assv030) => Some((assv::hello(), Some(assv::HELLO_AGAIN))),
            (None, _) => None,
        }
    }

    /// Judges the bytes that came so far; `paused`: nothing more came for the listener's pause.
    pub(super) fn judge(&self, bytes: &[u8], paused: bool) -> Verdict {
        // A heartbeat may come before the greeting.
        let before = self.leading_heartbeats(bytes);
        let rest = bytes.get(before..).unwrap_or_default();
        let begun = |heartbeat: &Vec<u8>| !rest.is_empty() && heartbeat.starts_with(rest);
        if !paused && self.heartbeats.iter().any(begun) {
            return Verdict::More;
        }
        match self.judge_greeting(rest, paused) {
            Verdict::Named(named) => Verdict::Named(Named {
                begin: before,
                length: before + named.length,
                ..named
            }),
            Verdict::More if bytes.len() >= self.config.greeting_bytes => Verdict::Bad(BadGreeting::Long {
                got: bytes.len(),
                limit: self.config.greeting_bytes,
            }),
            verdict => verdict,
        }
    }

    fn leading_heartbeats(&self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..)
            && let Some(found) = self.heartbeats.iter().find(|heartbeat| rest.starts_with(heartbeat))
        {
            at += found.len();
        }
        at
    }

    /// Before the heartbeats at its end, which came within the pause. Short ones may be the end of the identity.
    fn without_heartbeats<'a>(&self, mut bytes: &'a [u8]) -> &'a [u8] {
        let sure = |heartbeat: &&Vec<u8>| heartbeat.len() >= filter::SURE;
        while let Some(rest) =
            (self.heartbeats.iter().filter(sure)).find_map(|beat| bytes.strip_suffix(beat.as_slice()))
        {
            bytes = rest;
        }
        bytes
    }

    fn judge_greeting(&self, bytes: &[u8], paused: bool) -> Verdict {
        if bytes.is_empty() {
            return Verdict::More;
        }
        match self.config.greeting {
            // The source address is the identity, and the listener knows it without a word.
            GreetingKind::None => Verdict::More,
            GreetingKind::IrzAtm => irz::judge(bytes, paused),
            GreetingKind::TeleofisWrx => wrx::judge(bytes),
            GreetingKind::Assv030 => assv::judge(bytes),
            GreetingKind::Fixed => fixed(bytes, self.config.length.unwrap_or_default(), plain),
            GreetingKind::Text => self.behind_prefix(bytes, paused, |rest| match &self.config.delimiter {
                Some(delimiter) => delimited(rest, &delimiter.0),
                None => by_pause(self.without_heartbeats(rest), paused, plain),
            }),
            GreetingKind::Pattern | GreetingKind::Dtu => {
                self.behind_prefix(bytes, paused, |rest| match (&self.regex, self.config.length) {
                    (Some(regex), _) => matched(regex, rest, paused),
                    (None, Some(length)) => fixed(rest, length, text_or_hex),
                    (None, None) => by_pause(self.without_heartbeats(rest), paused, text_or_hex),
                })
            }
        }
    }

    fn behind_prefix(&self, bytes: &[u8], paused: bool, judge: impl Fn(&[u8]) -> Verdict) -> Verdict {
        let prefix = self.config.prefix.as_ref().map_or(&[][..], |prefix| &prefix.0);
        match bytes.strip_prefix(prefix) {
            Some([]) => Verdict::More,
            Some(rest) => match judge(rest) {
                Verdict::Named(named) => Verdict::Named(Named {
                    length: prefix.len() + named.length,
                    ..named
                }),
                verdict => verdict,
            },
            None if prefix.starts_with(bytes) && !paused => Verdict::More,
            None => bad_start(bytes, &format!("{:?}", String::from_utf8_lossy(prefix))),
        }
    }
}

/// The greeting begins with something else than it must.
pub(super) fn bad_start(bytes: &[u8], want: &str) -> Verdict {
    let start = bytes.get(..limits::SHOWN_BYTES).unwrap_or(bytes);
    Verdict::Bad(BadGreeting::Start {
        got: String::from_utf8_lossy(start).into_owned(),
        want: want.to_owned(),
    })
}

/// A caller whose identity is `identity`, as `spelled`, after `length` bytes.
pub(super) fn named(identity: &[u8], length: usize, spelled: fn(&[u8]) -> Result<String, BadGreeting>) -> Verdict {
    match spelled(identity) {
        Ok(identity) => Verdict::Named(Named {
            identity,
            length,
            ..Named::default()
        }),
        Err(bad) => Verdict::Bad(bad),
    }
}

/// Printable text; blanks and zeros around it are no part of it.
pub(super) fn plain(bytes: &[u8]) -> Result<String, BadGreeting> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\0');
    let fits = (1..=limits::IDENTITY_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        Ok(text.to_owned())
    } else {
        Err(BadGreeting::Identity { got: text.to_owned() })
    }
}

/// Printable text as it is, anything else as `hex-` and its digits.
fn text_or_hex(bytes: &[u8]) -> Result<String, BadGreeting> {
    plain(bytes).or_else(|_| plain(format!("hex-{}", hex(bytes).replace(' ', "")).as_bytes()))
}

fn fixed(bytes: &[u8], length: usize, spelled: fn(&[u8]) -> Result<String, BadGreeting>) -> Verdict {
    match bytes.get(..length) {
        Some(identity) => named(identity, length, spelled),
        None => Verdict::More,
    }
}

fn by_pause(bytes: &[u8], paused: bool, spelled: fn(&[u8]) -> Result<String, BadGreeting>) -> Verdict {
    if paused {
        named(bytes, bytes.len(), spelled)
    } else {
        Verdict::More
    }
}

fn delimited(bytes: &[u8], delimiter: &[u8]) -> Verdict {
    let found = bytes
        .windows(delimiter.len().max(1))
        .position(|window| window == delimiter);
    match found.and_then(|at| Some((bytes.get(..at)?, at + delimiter.len()))) {
        Some((identity, length)) => named(identity, length, plain),
        None => Verdict::More,
    }
}

/// A match that more bytes could make longer waits for them or for the pause.
fn matched(regex: &Regex, bytes: &[u8], paused: bool) -> Verdict {
    let Some(captures) = regex.captures(bytes) else {
        return if paused {
            bad_start(bytes, "what the pattern describes")
        } else {
            Verdict::More
        };
    };
    let (Some(all), Some(id)) = (captures.get(0), captures.name("id")) else {
        return Verdict::More;
    };
    if all.end() == bytes.len() && !paused {
        return Verdict::More;
    }
    named(id.as_bytes(), all.end(), plain)
}
