//! A caller's connection as a pipe of the meter's bytes, and the lease of one to a session.

use std::collections::VecDeque;
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::assv;
use super::filter::Filter;
use crate::limits;
use crate::transport::carrier::Carrier;
use crate::transport::line::FarEnd;

/// Bytes taken from the socket at once.
const CHUNK: usize = 2_048;

/// Ends a connection from outside and says why.
#[derive(Debug, Clone, Default)]
pub(super) struct Cut {
    token: CancellationToken,
    why: Arc<OnceLock<&'static str>>,
}

impl Cut {
    /// The first reason holds.
    pub(super) fn cut(&self, why: &'static str) {
        self.why.get_or_init(|| why);
        self.token.cancel();
    }

    pub(super) async fn happens(&self) {
        self.token.cancelled().await;
    }

    fn error(&self) -> io::Error {
        io::Error::new(
            io::ErrorKind::ConnectionAborted,
            *self.why.get().unwrap_or(&"the host closed it"),
        )
    }
}

/// Bytes both ways over one connection.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    pub(super) received: AtomicU64,
    pub(super) sent: AtomicU64,
}

/// How a connection carries the meter's bytes.
#[derive(Debug)]
pub(super) enum Wrapping {
    /// As they are.
    Plain(Filter),
    /// In envelopes of the adapter.
    Assv {
        /// Of what comes.
        decoder: assv::Decoder,
        /// Whether a question has no answer yet.
        owes: bool,
    },
}

/// What came, once the wrapping is off.
#[derive(Debug)]
enum Came {
    Bytes(Vec<u8>),
    Said(FarEnd),
}

/// One connection.
#[derive(Debug)]
pub(super) struct Pipe {
    stream: TcpStream,
    wrapping: Wrapping,
    came: VecDeque<Came>,
    /// Of a question in its envelope what the socket has not taken.
    going: Vec<u8>,
    pub(super) traffic: Arc<Traffic>,
    /// When a byte last came.
    pub(super) heard_at: Instant,
    /// Whether it can be used again.
    sound: bool,
}

impl Pipe {
    /// `rest` came behind the greeting and belongs to the stream.
    pub(super) fn new(stream: TcpStream, wrapping: Wrapping, rest: &[u8]) -> Self {
        let mut pipe = Self {
            stream,
            wrapping,
            came: VecDeque::new(),
            going: Vec::new(),
            traffic: Arc::default(),
            heard_at: Instant::now(),
            sound: true,
        };
        pipe.unwrap(rest);
        pipe
    }

    /// Whether a question has no answer yet: it may still come.
    pub(super) fn owes(&self) -> bool {
        match &self.wrapping {
            Wrapping::Plain(filter) => filter.owes(),
            Wrapping::Assv { owes, .. } => *owes,
        }
    }

    /// Waits for bytes that nobody asked for and drops them; gives their count, 0 when the far end is gone.
    pub(super) async fn hear_nothing(&mut self) -> usize {
        loop {
            if self.stream.readable().await.is_err() {
                return 0;
            }
            let mut chunk = [0; CHUNK];
            match self.stream.try_read(&mut chunk) {
                Ok(count) => {
                    self.heard(count);
                    return count;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return 0,
            }
        }
    }

    fn heard(&mut self, count: usize) {
        if count > 0 {
            self.heard_at = Instant::now();
        }
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.traffic.received.fetch_add(count, Ordering::Relaxed);
    }

    /// The lease is over: what was on its way belongs to nobody.
    fn rest(&mut self) {
        self.came.clear();
        match &mut self.wrapping {
            // That an answer is owed stays known: it may come while the next session begins.
            Wrapping::Plain(filter) if filter.owes() => {}
            Wrapping::Plain(filter) => filter.rests(),
            Wrapping::Assv { decoder, .. } => decoder.clear(),
        }
    }

    fn unwrap(&mut self, bytes: &[u8]) {
        let said = match &mut self.wrapping {
            Wrapping::Plain(filter) => {
                let bytes = filter.take(bytes);
                if !bytes.is_empty() {
                    self.came.push_back(Came::Bytes(bytes));
                }
                return;
            }
            Wrapping::Assv { decoder, owes } => {
                let said = decoder.take(bytes);
                *owes &= said.iter().all(|said| *said == assv::Said::Own);
                said
            }
        };
        for said in said {
            self.came.push_back(match said {
                assv::Said::Own => continue,
                assv::Said::Data(bytes) => Came::Bytes(bytes),
                assv::Said::Busy => Came::Said(FarEnd::Busy(
                    "the adapter says «Занято»: its port serves another".to_owned(),
                )),
                assv::Said::Failed(text) => Came::Said(FarEnd::Silent(format!(
                    "the adapter says «{text}»: the meter behind it does not answer"
                ))),
            });
        }
    }

    fn poll_came(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.came.pop_front() {
                Some(Came::Said(said)) => return Poll::Ready(Err(io::Error::other(said))),
                Some(Came::Bytes(mut bytes)) => {
                    let rest = bytes.split_off(bytes.len().min(buffer.remaining()));
                    buffer.put_slice(&bytes);
                    if !rest.is_empty() {
                        self.came.push_front(Came::Bytes(rest));
                    }
                    return Poll::Ready(Ok(()));
                }
                None => {}
            }
            let mut chunk = [0; CHUNK];
            let mut read = ReadBuf::new(&mut chunk);
            let done = ready!(Pin::new(&mut self.stream).poll_read(context, &mut read));
            let count = read.filled().len();
            if done.is_err() || count == 0 {
                self.sound = false;
                return Poll::Ready(done);
            }
            self.heard(count);
            self.unwrap(read.filled());
        }
    }

    fn poll_going(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Wrapping::Plain(filter) = &mut self.wrapping {
            filter.asked();
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        }
        if self.going.is_empty() {
            self.going = assv::question(bytes);
        }
        while !self.going.is_empty() {
            let count = ready!(Pin::new(&mut self.stream).poll_write(context, &self.going))?;
            if count == 0 {
                return Poll::Ready(Ok(0));
            }
            self.going.drain(..count.min(self.going.len()));
        }
        if let Wrapping::Assv { owes, .. } = &mut self.wrapping {
            *owes = true;
        }
        Poll::Ready(Ok(bytes.len()))
    }
}

/// A connection that a session has for itself. It goes back to its listener with `close`, or when it is dropped.
#[derive(Debug)]
pub(in crate::transport) struct Leased {
    pipe: Option<Pipe>,
    home: Option<oneshot::Sender<Pipe>>,
    cut: Cut,
    happens: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Leased {
    pub(super) fn new(pipe: Pipe, home: oneshot::Sender<Pipe>, cut: &Cut) -> Self {
        Self {
            pipe: Some(pipe),
            home: Some(home),
            happens: Box::pin(cut.token.clone().cancelled_owned()),
            cut: cut.clone(),
        }
    }

    /// Drops what comes within `settle_ms`. Without it waits only for the answer that the session before did not get:
    /// it may still be on its way. A line that is lost here says so when it is used.
    pub(in crate::transport) async fn settle(&mut self, settle_ms: Option<u32>) {
        let owes = self.pipe.as_ref().is_some_and(Pipe::owes);
        let usual = if owes { limits::INCOMING_SETTLE_MS } else { 0 };
        let settle_ms = settle_ms.unwrap_or(usual);
        let until = Instant::now() + Duration::from_millis(settle_ms.into());
        let (mut dropped, mut chunk) = (0, [0; CHUNK]);
        while settle_ms > 0 && dropped < limits::TRANSFER_BYTES as usize {
            match timeout_at(until, self.read(&mut chunk)).await {
                Ok(Ok(0)) | Err(_) => return,
                Ok(Ok(count)) => dropped += count,
                // The adapter's word on that question.
                Ok(Err(error)) if error.get_ref().is_some_and(|cause| cause.is::<FarEnd>()) => dropped += 1,
                Ok(Err(_)) => return,
            }
        }
    }

    fn give_back(&mut self) {
        let (Some(mut pipe), Some(home)) = (self.pipe.take(), self.home.take()) else {
            return;
        };
        // Half an envelope that the socket did not take would spoil the next.
        if pipe.sound && pipe.going.is_empty() {
            pipe.rest();
            // When the listener has gone, so does the connection.
            let _ = home.send(pipe);
        }
    }

    /// The pipe, unless the connection was cut or given back.
    fn pipe(&mut self, context: &mut Context<'_>) -> io::Result<&mut Pipe> {
        if self.happens.as_mut().poll(context).is_ready() {
            return Err(self.cut.error());
        }
        self.pipe
            .as_mut()
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotConnected, "it was given back"))
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[async_trait]
impl Carrier for Leased {
    fn has_packets(&self) -> bool {
        let wrapping = self.pipe.as_ref().map(|pipe| &pipe.wrapping);
        matches!(wrapping, Some(Wrapping::Assv { .. }))
    }

    async fn close(&mut self) {
        self.give_back();
    }
}

impl AsyncRead for Leased {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.pipe(context)?.poll_came(context, buffer)
    }
}

impl AsyncWrite for Leased {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let pipe = self.pipe(context)?;
        let sent = ready!(pipe.poll_going(context, bytes));
        match &sent {
            Ok(count) => {
                let count = u64::try_from(*count).unwrap_or(u64::MAX);
                pipe.traffic.sent.fetch_add(count, Ordering::Relaxed);
            }
            Err(_) => pipe.sound = false,
        }
        Poll::Ready(sent)
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
