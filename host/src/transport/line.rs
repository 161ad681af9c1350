//! One open line: deadlines, silence, echo, purge. Knows nothing of protocols.

use std::future::poll_fn;
use std::io;
use std::mem::{self, MaybeUninit};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};
use tokio::time::{Instant, timeout_at};
use tokio_util::bytes::BufMut as _;

use super::carrier::Carrier;
use crate::limits;
use crate::model::{Direction, LineOptions, LineSettings};

/// Bytes taken from the line at once.
const CHUNK: usize = 4_096;

/// Room made for an answer: most have fewer bytes, and thousands of lines may wait at once.
const FIRST: usize = 256;

/// An open line.
#[derive(Debug)]
pub struct Line {
    carrier: Box<dyn Carrier>,
    /// Bytes that came and nobody read yet.
    held: Vec<u8>,
    /// As it was opened, so that it is left so.
    settings: LineSettings,
    options: LineOptions,
    echo: Echo,
    /// When bytes last went either way, on a line that wants a gap between questions; at first, when it was opened.
    busy_at: Option<Instant>,
}

/// What we sent and expect to hear back before the answer.
#[derive(Debug, Default)]
struct Echo {
    sent: Vec<u8>,
    heard: usize,
    /// Whether somebody has listened since: then what is sent next is another question.
    listened: bool,
}

/// When a read is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// So many bytes.
    Length(usize),
    /// This byte, included.
    Delimiter(u8),
    /// Silence after at least one byte.
    Silence(Duration),
    /// Whatever has come.
    Any,
}

/// Why a read gave nothing whole.
#[derive(Debug, thiserror::Error)]
pub enum ReadFault {
    /// The deadline passed; these bytes came.
    #[error("{} bytes came within the deadline", .0.len())]
    Timeout(Vec<u8>),
    /// The far end went away.
    #[error("the line was closed: {0}")]
    Closed(String),
    /// Something on the way says that the line serves another.
    #[error("the line is busy: {0}")]
    Busy(String),
    /// Something on the way says that the meter does not answer it.
    #[error("no answer: {0}")]
    Silent(String),
    /// The line has no such thing.
    #[error("the line cannot do that")]
    Denied,
}

/// What something between us and the meter says instead of an answer. A carrier gives it as the cause of an
/// [`io::Error`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum FarEnd {
    /// The line serves another.
    #[error("{0}")]
    Busy(String),
    /// The meter does not answer.
    #[error("{0}")]
    Silent(String),
}

impl Line {
    pub(super) fn new(carrier: Box<dyn Carrier>, settings: LineSettings, options: LineOptions) -> Self {
        Self {
            carrier,
            held: Vec::new(),
            settings,
            options,
            echo: Echo::default(),
            busy_at: (options.gap_ms > 0).then(Instant::now),
        }
    }

    /// Whether line settings mean something here.
    pub fn is_serial(&self) -> bool {
        self.carrier.has_settings()
    }

    /// Whether each write goes as a packet of its own: then a question must be written whole.
    pub fn has_packets(&self) -> bool {
        self.carrier.has_packets()
    }

    /// Sends all bytes. Where bytes take their time on the line it returns when they have left.
    pub async fn write(&mut self, bytes: &[u8], deadline: Duration) -> Result<(), ReadFault> {
        let deadline = Instant::now() + deadline;
        let sent = timeout_at(deadline, self.send(bytes)).await;
        self.was_busy();
        if !matches!(sent, Ok(Ok(()))) && self.options.direction != Direction::Automatic {
            // Others speak on this bus too: it is left to them also where sending failed.
            let _ = self.carrier.turn(false);
        }
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(closed(&error)),
            // A far end that takes nothing for so long is gone.
            Err(_) => Err(ReadFault::Closed("it takes no bytes".to_owned())),
        }
    }

    fn was_busy(&mut self) {
        if self.options.gap_ms > 0 {
            self.busy_at = Some(Instant::now());
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(busy_at) = self.busy_at {
            tokio::time::sleep_until(busy_at + millis(self.options.gap_ms)).await;
        }
        if self.options.echo {
            self.expect_echo(bytes);
        }
        let switched = self.options.direction != Direction::Automatic;
        if switched {
            self.carrier.turn(true)?;
        }
        self.carrier.write_all(bytes).await?;
        if self.carrier.has_settings() {
            tokio::time::sleep(self.settings.time_of(bytes.len())).await;
            self.carrier.sent().await?;
        }
        if switched {
            self.carrier.turn(false)?;
        }
        Ok(())
    }

    /// A question may be sent in parts; its echo comes as one.
    fn expect_echo(&mut self, bytes: &[u8]) {
        if self.echo.listened {
            self.echo = Echo::default();
        }
        if self.echo.sent.len() < limits::TRANSFER_BYTES as usize {
            self.echo.sent.extend(bytes);
        }
    }

    /// Reads until `until`, or `max` bytes; gives up after `deadline`, to which the line adds the time that the bytes
    /// themselves take on it.
    pub async fn read(&mut self, until: Until, max: usize, deadline: Duration) -> Result<Vec<u8>, ReadFault> {
        self.echo.listened = true;
        let expected = match until {
            Until::Length(length) => length.min(max),
            _ => max.min(300),
        };
        let deadline = Instant::now() + deadline + self.time_on_line(expected) + millis(self.options.latency_ms);
        let mut seen = 0;
        loop {
            if let Some(count) = self.complete(until, max, seen) {
                return Ok(self.give(count));
            }
            seen = self.held.len();
            // Silence ends a read only after its first byte; until then, and for all else, the deadline does.
            let (wake, silence) = match until {
                Until::Silence(gap) if seen > 0 => {
                    let quiet = Instant::now() + gap + millis(self.options.silence_ms);
                    (quiet.min(deadline), quiet < deadline)
                }
                _ => (deadline, false),
            };
            match timeout_at(wake, self.fill()).await {
                Ok(Ok(0)) => return Err(self.ended("the far end closed it")),
                Ok(Ok(_)) => self.was_busy(),
                Ok(Err(error)) => return Err(self.failed(&error)),
                Err(_) if silence => {
                    let count = self.held.len().min(max);
                    return Ok(self.give(count));
                }
                Err(_) => {
                    let all = self.held.len();
                    return Err(ReadFault::Timeout(self.give(all)));
                }
            }
        }
    }

    /// How many of the held bytes complete the read. `seen` bytes were looked at before.
    fn complete(&self, until: Until, max: usize, seen: usize) -> Option<usize> {
        let have = self.held.len();
        match until {
            Until::Length(length) => (have >= length.min(max)).then_some(length.min(max)),
            Until::Delimiter(byte) => {
                let found = self
                    .held
                    .iter()
                    .skip(seen)
                    .position(|b| *b == byte)
                    .map(|at| seen + at + 1);
                found.filter(|count| *count <= max).or((have >= max).then_some(max))
            }
            Until::Silence(_) => (have >= max).then_some(max),
            Until::Any => (have > 0).then_some(have.min(max)),
        }
    }

    /// Takes what the line has into the held bytes; 0 means its end.
    async fn fill(&mut self) -> io::Result<usize> {
        loop {
            self.held.reserve(FIRST);
            let before = self.held.len();
            let count = self.carrier.read_buf(&mut (&mut self.held).limit(CHUNK)).await?;
            if count == 0 || !self.drop_echo(before) {
                return Ok(count);
            }
        }
    }

    /// Takes the echo of the question out of what came from byte `from` on; true when nothing else came.
    fn drop_echo(&mut self, from: usize) -> bool {
        let Echo { sent, heard, .. } = &mut self.echo;
        let (Some(came), Some(expected)) = (self.held.get(from..), sent.get(*heard..)) else {
            return false;
        };
        if expected.is_empty() {
            return false;
        }
        let alike = came.iter().zip(expected).take_while(|(a, b)| a == b).count();
        if alike == came.len().min(expected.len()) {
            *heard += alike;
            self.held.drain(from..from + alike);
            return self.held.len() == from;
        }
        // It is no echo after all: what was taken for one belongs to the answer.
        let Echo { mut sent, heard, .. } = mem::take(&mut self.echo);
        sent.truncate(heard);
        self.held.splice(from..from, sent);
        false
    }

    fn give(&mut self, count: usize) -> Vec<u8> {
        if count >= self.held.len() {
            return std::mem::take(&mut self.held);
        }
        let rest = self.held.split_off(count);
        std::mem::replace(&mut self.held, rest)
    }

    fn failed(&mut self, error: &io::Error) -> ReadFault {
        match error.get_ref().and_then(|cause| cause.downcast_ref::<FarEnd>()) {
            Some(FarEnd::Busy(text)) => ReadFault::Busy(text.clone()),
            Some(FarEnd::Silent(text)) => ReadFault::Silent(text.clone()),
            None => self.ended(&error.to_string()),
        }
    }

    fn ended(&mut self, why: &str) -> ReadFault {
        let text = match self.held.len() {
            0 => why.to_owned(),
            count => format!("{why} after {count} bytes of an answer"),
        };
        self.held.clear();
        ReadFault::Closed(text)
    }

    /// Drops what came and nobody read; returns how many bytes. Bounded: a line that never falls silent is left
    /// talking after [`limits::TRANSFER_BYTES`].
    pub async fn purge(&mut self) -> usize {
        let mut dropped = self.held.len();
        self.held.clear();
        if self.carrier.has_settings() {
            self.carrier.purge().await;
        }
        self.echo = Echo::default();
        let mut chunk = [MaybeUninit::uninit(); FIRST];
        while dropped < limits::TRANSFER_BYTES as usize {
            let ready = poll_fn(|context| {
                let mut buffer = ReadBuf::uninit(&mut chunk);
                // Nothing there now is the answer, not a reason to wait.
                Poll::Ready(match Pin::new(&mut *self.carrier).poll_read(context, &mut buffer) {
                    Poll::Ready(Ok(())) => buffer.filled().len(),
                    Poll::Ready(Err(_)) | Poll::Pending => 0,
                })
            })
            .await;
            if ready == 0 {
                break;
            }
            dropped += ready;
        }
        dropped
    }

    /// Changes the line. One without settings has nothing to change.
    pub async fn configure(&mut self, settings: LineSettings) -> Result<(), ReadFault> {
        self.carrier.configure(settings).await?;
        self.settings = settings;
        self.was_busy();
        Ok(())
    }

    /// Gives the line back: hangs up, leaves the caller to its listener. A line that is dropped instead is cut.
    pub async fn close(&mut self) {
        self.carrier.close().await;
    }

    /// How long a call was up that somebody pays for; nothing on a line without calls.
    pub fn on_line(&self) -> Duration {
        self.carrier.on_line()
    }

    /// How long `bytes` characters take; nothing where no settings hold.
    fn time_on_line(&self, bytes: usize) -> Duration {
        if self.carrier.has_settings() {
            self.settings.time_of(bytes)
        } else {
            Duration::ZERO
        }
    }
}

fn millis(ms: u32) -> Duration {
    Duration::from_millis(ms.into())
}

pub(super) fn closed(error: &io::Error) -> ReadFault {
    ReadFault::Closed(error.to_string())
}

#[cfg(test)]
mod tests;
