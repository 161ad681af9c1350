//! A conversation with a serial server: telnet taken off, its options answered, its news kept.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::time::{Instant, timeout_at};
use tracing::debug;

use super::options::Options;
use super::port::{Ask, Setting, Tell};
use super::telnet::{self, Decoder, Event};
use crate::limits;
use crate::transport::carrier::Carrier;

/// Bytes taken from the socket at once.
const CHUNK: usize = 2_048;

/// Bits of [`Tell::Line`] that tell of damaged bytes: break, framing, parity, overrun.
pub(super) const LINE_FAULTS: u8 = 0b0001_1110;

/// One connection to a serial server.
#[derive(Debug)]
pub(super) struct Server {
    stream: Box<dyn Carrier>,
    decoder: Decoder,
    pub(super) options: Options,
    /// Bytes that have to be sent. Bounded: answers are few, and nothing is written before it is empty.
    out: Vec<u8>,
    /// Data that came and nobody read.
    pub(super) data: Vec<u8>,
    /// Whether it speaks telnet.
    pub(super) spoke: bool,
    /// What it says that it has set, one of each.
    set: Vec<Setting>,
    /// Whether it confirms purges.
    pub(super) purges: bool,
    stale: Option<Stale>,
    /// The last that it told of the modem's lines.
    modem: Option<u8>,
    pub(super) signature: Option<String>,
}

/// Bytes that come are dropped: purges are not confirmed yet.
#[derive(Debug, Clone, Copy)]
struct Stale {
    /// How many.
    asked: u32,
    /// How long each is waited for, and until when the first of them.
    patience: Duration,
    until: Instant,
}

impl Server {
    /// The telnet options are asked for with the first bytes that are sent.
    pub(super) fn new(stream: Box<dyn Carrier>) -> Self {
        let mut options = Options::default();
        Self {
            stream,
            decoder: Decoder::default(),
            out: options.ask(),
            options,
            data: Vec::new(),
            spoke: false,
            set: Vec::new(),
            purges: false,
            stale: None,
            modem: None,
            signature: None,
        }
    }

    /// To be sent with the next bytes.
    pub(super) fn ask(&mut self, ask: Ask) {
        if let Ask::Set(setting) = ask {
            self.set.retain(|known| !known.is_about(setting));
        }
        ask.encode(&mut self.out);
    }

    /// Data to be sent with the next bytes.
    pub(super) fn put(&mut self, data: &[u8]) {
        telnet::escape(data, &mut self.out);
    }

    /// Drops what came until now: here, and on its way for as long as the server has not confirmed that it purged.
    pub(super) fn purge(&mut self, patience: Duration) {
        self.data.clear();
        let until = Instant::now() + patience;
        let stale = self.stale.get_or_insert(Stale {
            asked: 0,
            patience,
            until,
        });
        stale.asked = stale.asked.saturating_add(1);
        self.ask(Ask::Purge);
    }

    /// A server that did not confirm in time is not believed to do so any more: it would only cost answers.
    fn drop_stale(&mut self) {
        match self.stale {
            None => {}
            Some(stale) if Instant::now() < stale.until => self.data.clear(),
            Some(_) => (self.stale, self.purges) = (None, false),
        }
    }

    /// What it says that it has set, of the kind of `setting`.
    pub(super) fn has_set(&self, setting: Setting) -> Option<Setting> {
        self.set.iter().copied().find(|known| known.is_about(setting))
    }

    /// Sends what has to be sent.
    pub(super) fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.out.is_empty() {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(context, &self.out))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.out.drain(..sent.min(self.out.len()));
        }
        Poll::Ready(Ok(()))
    }

    /// Takes what has come, once; gives how many bytes, 0 at the end of the connection.
    pub(super) fn poll_hear(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // What cannot be sent yet is sent when the socket takes it; this task is woken for that too.
        if let Poll::Ready(Err(error)) = self.poll_send(context) {
            return Poll::Ready(Err(error));
        }
        let mut chunk = [0; CHUNK];
        let mut buffer = ReadBuf::new(&mut chunk);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
        let count = buffer.filled().len();
        self.take(buffer.filled());
        // Answers to it.
        if let Poll::Ready(Err(error)) = self.poll_send(context) {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(count))
    }

    fn take(&mut self, mut bytes: &[u8]) {
        while let Some(event) = self.decoder.next(&mut bytes, &mut self.data) {
            self.spoke = true;
            match event {
                Event::Option(verb, option) => self.out.extend(self.options.hear(verb, option).iter().flatten()),
                Event::Subnegotiation(said) => {
                    if let Some(told) = Tell::decode(&said) {
                        self.note(told);
                    }
                }
            }
        }
        self.drop_stale();
    }

    fn note(&mut self, told: Tell) {
        match told {
            Tell::Set(setting) => {
                self.set.retain(|known| !known.is_about(setting));
                self.set.push(setting);
            }
            Tell::Purged => {
                self.purges = true;
                if let Some(stale) = self.stale.take() {
                    self.data.clear();
                    let until = Instant::now() + stale.patience;
                    let asked = stale.asked.saturating_sub(1);
                    self.stale = (asked > 0).then_some(Stale { asked, until, ..stale });
                }
            }
            Tell::Signature(text) => {
                debug!("the serial server is {text:?}");
                self.signature = Some(text);
            }
            Tell::Line(state) if state & LINE_FAULTS != 0 => {
                debug!("the serial server received damaged bytes, line state {state:#04x}");
            }
            Tell::Modem(state) => {
                if self.modem.is_some_and(|before| (before ^ state) & 0xF0 != 0) {
                    // A lost DCD is no lost line: few meters drive it.
                    debug!("the modem lines of the serial server changed to {:#04x}", state & 0xF0);
                }
                self.modem = Some(state);
            }
            Tell::Line(_) | Tell::Other(_) => {}
        }
    }

    /// Listens until `done`, or the time is up: then it gives false.
    ///
    /// # Errors
    /// The connection ended.
    pub(super) async fn listen(&mut self, time: Duration, done: impl Fn(&Self) -> bool) -> io::Result<bool> {
        let until = Instant::now() + time;
        while !done(self) {
            match timeout_at(until, std::future::poll_fn(|context| self.poll_hear(context))).await {
                Err(_) => return Ok(false),
                Ok(Ok(0)) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Err(error),
            }
            // One that never falls silent is heard to the end, and not kept.
            if self.data.len() > limits::TRANSFER_BYTES as usize {
                self.data.clear();
            }
        }
        Ok(true)
    }
}
