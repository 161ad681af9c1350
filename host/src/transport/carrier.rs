//! What carries a line's bytes: the one thing that each kind of line brings of its own.

use std::fmt::Debug;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use std::{io, mem};

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UdpSocket};

use super::line::ReadFault;
use crate::model::LineSettings;

/// A pipe of bytes, and what its kind of line can do beside. Errors of reading and writing mean that the line is lost.
#[async_trait]
pub trait Carrier: AsyncRead + AsyncWrite + Unpin + Send + Debug {
    /// Whether line settings mean something here: then bytes take their time, and drivers may change them.
    fn has_settings(&self) -> bool {
        false
    }

    /// Whether each write goes as a packet of its own: then a question must be written whole.
    fn has_packets(&self) -> bool {
        false
    }

    /// Changes the line.
    async fn configure(&mut self, _settings: LineSettings) -> Result<(), ReadFault> {
        Err(ReadFault::Denied)
    }

    /// Waits until the last byte that was written has left, as far as this end can know. Only where settings hold.
    async fn sent(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Called before and after each question on a line whose direction we switch.
    fn turn(&mut self, _sending: bool) -> io::Result<()> {
        Ok(())
    }

    /// Drops what waits beyond our reach, in the converter.
    async fn purge(&mut self) {}

    /// How long a call was up that somebody pays for; goes on until the line is closed.
    fn on_line(&self) -> Duration {
        Duration::ZERO
    }

    /// Gives the line back: hangs up, leaves the caller to its listener. What is dropped without it is cut.
    async fn close(&mut self) {}
}

#[async_trait]
impl Carrier for TcpStream {}

/// Datagrams as a pipe: a question is one datagram, an answer one or more.
#[derive(Debug)]
pub(super) struct Datagrams {
    socket: UdpSocket,
    /// What did not fit the reader's buffer.
    rest: Vec<u8>,
}

impl Datagrams {
    pub(super) fn new(socket: UdpSocket) -> Self {
        Self {
            socket,
            rest: Vec::new(),
        }
    }

    fn give(&mut self, bytes: Vec<u8>, buffer: &mut ReadBuf<'_>) {
        let (now, later) = bytes.split_at(bytes.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.rest = later.to_vec();
    }
}

#[async_trait]
impl Carrier for Datagrams {
    fn has_packets(&self) -> bool {
        true
    }
}

/// The largest datagram there is.
const DATAGRAM: usize = 65_535;

impl AsyncRead for Datagrams {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.rest.is_empty() {
            let rest = mem::take(&mut self.rest);
            self.give(rest, buffer);
            return Poll::Ready(Ok(()));
        }
        let mut bytes = vec![0; DATAGRAM];
        loop {
            let mut datagram = ReadBuf::new(&mut bytes);
            match self.socket.poll_recv(context, &mut datagram) {
                Poll::Pending => return Poll::Pending,
                // Nothing listens there yet, or no more: a meter that is off looks so, and may come back.
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) => {
                    let length = datagram.filled().len();
                    // An empty datagram is no end of the line.
                    if length > 0 {
                        bytes.truncate(length);
                        self.give(bytes, buffer);
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }
}

impl AsyncWrite for Datagrams {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.socket.poll_send(context, bytes) {
            // Of the datagram before: this one is not sent yet.
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                self.socket.poll_send(context, bytes)
            }
            sent => sent,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
