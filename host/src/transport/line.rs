//! One open line: deadlines, silence, purge. Knows nothing of protocols.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead as _, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_serial::{SerialPort as _, SerialStream};
use tokio_util::bytes::BufMut as _;

use crate::limits;
use crate::model::{LineSettings, Parity};

/// Bytes taken from the line at once.
const CHUNK: usize = 4_096;

/// Room made for an answer: most have fewer bytes, and thousands of lines may wait at once.
const FIRST: usize = 512;

/// An open line.
#[derive(Debug)]
pub struct Line {
    end: End,
    /// Bytes that came and nobody read yet.
    held: Vec<u8>,
    /// As it was opened, so that it is left so.
    settings: LineSettings,
}

#[derive(Debug)]
enum End {
    Tcp(TcpStream),
    Serial(SerialStream),
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
    /// The line has no such thing.
    #[error("the line cannot do that")]
    Denied,
}

impl Line {
    pub(super) fn tcp(stream: TcpStream, settings: LineSettings) -> Self {
        Self {
            end: End::Tcp(stream),
            held: Vec::new(),
            settings,
        }
    }

    pub(super) fn serial(stream: SerialStream, settings: LineSettings) -> Self {
        Self {
            end: End::Serial(stream),
            held: Vec::new(),
            settings,
        }
    }

    /// Whether it is a serial port.
    pub fn is_serial(&self) -> bool {
        matches!(self.end, End::Serial(_))
    }

    /// Sends all bytes. On a serial port returns when they have had the time to leave.
    pub async fn write(&mut self, bytes: &[u8], deadline: Duration) -> Result<(), ReadFault> {
        let on_line = self.time_on_line(bytes.len());
        let deadline = Instant::now() + deadline;
        let sent = timeout_at(deadline, async {
            match &mut self.end {
                End::Tcp(stream) => stream.write_all(bytes).await,
                End::Serial(stream) => {
                    stream.write_all(bytes).await?;
                    tokio::time::sleep(on_line).await;
                    Ok(())
                }
            }
        })
        .await;
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(closed(&error)),
            // A far end that takes nothing for so long is gone.
            Err(_) => Err(ReadFault::Closed("it takes no bytes".to_owned())),
        }
    }

    /// Reads until `until`, or `max` bytes; gives up after `deadline`, to which the line adds the time that the bytes
    /// themselves take on it.
    pub async fn read(&mut self, until: Until, max: usize, deadline: Duration) -> Result<Vec<u8>, ReadFault> {
        let expected = match until {
            Until::Length(length) => length.min(max),
            _ => max.min(300),
        };
        let deadline = Instant::now() + deadline + self.time_on_line(expected);
        let mut seen = 0;
        loop {
            if let Some(count) = self.complete(until, max, seen) {
                return Ok(self.give(count));
            }
            seen = self.held.len();
            // Silence ends a read only after its first byte; until then, and for all else, the deadline does.
            let (wake, silence) = match until {
                Until::Silence(gap) if seen > 0 => {
                    let quiet = Instant::now() + gap + self.silence_extra();
                    (quiet.min(deadline), quiet < deadline)
                }
                _ => (deadline, false),
            };
            match timeout_at(wake, self.fill()).await {
                Ok(Ok(0)) => return Err(self.ended("the far end closed it")),
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Err(self.ended(&error.to_string())),
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
        self.held.reserve(FIRST);
        let mut chunk = (&mut self.held).limit(CHUNK);
        match &mut self.end {
            End::Tcp(stream) => stream.read_buf(&mut chunk).await,
            End::Serial(stream) => stream.read_buf(&mut chunk).await,
        }
    }

    fn give(&mut self, count: usize) -> Vec<u8> {
        if count >= self.held.len() {
            return std::mem::take(&mut self.held);
        }
        let rest = self.held.split_off(count);
        std::mem::replace(&mut self.held, rest)
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
        let mut chunk = [MaybeUninit::uninit(); FIRST];
        while dropped < limits::TRANSFER_BYTES as usize {
            let ready = poll_fn(|context| {
                let mut buffer = ReadBuf::uninit(&mut chunk);
                let polled = match &mut self.end {
                    End::Tcp(stream) => Pin::new(stream).poll_read(context, &mut buffer),
                    End::Serial(stream) => Pin::new(stream).poll_read(context, &mut buffer),
                };
                // Nothing there now is the answer, not a reason to wait.
                Poll::Ready(match polled {
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

    /// Changes a serial port. A TCP line has nothing to change.
    pub fn configure(&mut self, settings: LineSettings) -> Result<(), ReadFault> {
        match &mut self.end {
            End::Tcp(_) => Err(ReadFault::Denied),
            End::Serial(stream) => {
                apply(stream, settings).map_err(|error| closed(&error.into()))?;
                self.settings = settings;
                Ok(())
            }
        }
    }

    /// How long `bytes` characters take on a serial line; nothing on TCP.
    fn time_on_line(&self, bytes: usize) -> Duration {
        if !self.is_serial() {
            return Duration::ZERO;
        }
        let LineSettings {
            baud,
            data_bits,
            parity,
            stop_bits,
        } = self.settings;
        let bits = 1 + u64::from(data_bits) + u64::from(parity != Parity::None) + u64::from(stop_bits);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        Duration::from_micros(bytes.saturating_mul(bits).saturating_mul(1_000_000) / u64::from(baud.max(1)))
    }

    fn silence_extra(&self) -> Duration {
        match self.end {
            End::Tcp(_) => Duration::from_millis(limits::TCP_SILENCE_MS.into()),
            End::Serial(_) => Duration::ZERO,
        }
    }
}

/// Sets a port up.
pub(super) fn apply(stream: &mut SerialStream, settings: LineSettings) -> tokio_serial::Result<()> {
    use tokio_serial::{DataBits, Parity as Bit, StopBits};
    let parity = match settings.parity {
        Parity::None => Bit::None,
        Parity::Odd => Bit::Odd,
        Parity::Even => Bit::Even,
        Parity::Mark | Parity::Space => {
            let text = "mark and space parity are not to be had from this system's serial ports";
            return Err(tokio_serial::Error::new(tokio_serial::ErrorKind::InvalidInput, text));
        }
    };
    let data_bits = match settings.data_bits {
        5 => DataBits::Five,
        6 => DataBits::Six,
        7 => DataBits::Seven,
        _ => DataBits::Eight,
    };
    stream.set_baud_rate(settings.baud)?;
    stream.set_data_bits(data_bits)?;
    stream.set_parity(parity)?;
    stream.set_stop_bits(if settings.stop_bits == 2 {
        StopBits::Two
    } else {
        StopBits::One
    })
}

fn closed(error: &io::Error) -> ReadFault {
    ReadFault::Closed(error.to_string())
}
