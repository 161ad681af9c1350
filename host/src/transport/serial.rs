//! Serial ports.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_serial::{ClearBuffer, SerialPort as _, SerialStream};

use super::carrier::Carrier;
use super::line::{ReadFault, closed};
use crate::model::{Direction, LineSettings, Parity};

/// A serial port that is ours alone.
#[derive(Debug)]
pub(super) struct Serial {
    stream: SerialStream,
    direction: Direction,
}

impl Serial {
    /// Opens the port at `path` and takes it for us alone. It is not set up yet.
    pub(super) fn open(path: &str, settings: LineSettings, direction: Direction) -> tokio_serial::Result<Self> {
        let mut stream = SerialStream::open(&tokio_serial::new(path, settings.baud))?;
        stream.set_exclusive(true)?;
        let mut serial = Self { stream, direction };
        // Many converters and meters are powered from these; a pseudo-terminal has none, which is no fault.
        let _ = serial.stream.write_data_terminal_ready(true);
        let _ = serial.turn(false);
        Ok(serial)
    }

    /// Sets the port up.
    pub(super) fn apply(&mut self, settings: LineSettings) -> tokio_serial::Result<()> {
        use tokio_serial::{DataBits, Parity as Bit, StopBits};
        let parity = match settings.parity {
            Parity::None => Bit::None,
            Parity::Odd => Bit::Odd,
            Parity::Even => Bit::Even,
            Parity::Mark | Parity::Space => return self.sticky(settings),
        };
        let data_bits = match settings.data_bits {
            5 => DataBits::Five,
            6 => DataBits::Six,
            7 => DataBits::Seven,
            _ => DataBits::Eight,
        };
        self.stream.set_baud_rate(settings.baud)?;
        self.stream.set_data_bits(data_bits)?;
        self.stream.set_parity(parity)?;
        self.stream.set_stop_bits(if settings.stop_bits == 2 {
            StopBits::Two
        } else {
            StopBits::One
        })
    }

    /// Raises or drops DTR: a modem hangs up when it falls.
    pub(super) fn set_dtr(&mut self, on: bool) -> tokio_serial::Result<()> {
        self.stream.write_data_terminal_ready(on)
    }

    /// DCD: whether a modem has its carrier. A port without modem lines, such as a pseudo-terminal, has no such thing.
    pub(super) fn carrier(&mut self) -> tokio_serial::Result<bool> {
        self.stream.read_carrier_detect()
    }

    /// Mark and space parity.
    fn sticky(&mut self, _settings: LineSettings) -> tokio_serial::Result<()> {
        let text = "mark and space parity are not to be had from this system's serial ports";
        Err(tokio_serial::Error::new(tokio_serial::ErrorKind::InvalidInput, text))
    }
}

#[async_trait]
impl Carrier for Serial {
    fn has_settings(&self) -> bool {
        true
    }

    async fn configure(&mut self, settings: LineSettings) -> Result<(), ReadFault> {
        self.apply(settings).map_err(|error| closed(&error.into()))
    }

    fn turn(&mut self, sending: bool) -> io::Result<()> {
        let level = match self.direction {
            Direction::Automatic => true,
            Direction::Rts => sending,
            Direction::RtsInverted => !sending,
        };
        self.stream.write_request_to_send(level).map_err(Into::into)
    }

    async fn purge(&mut self) {
        // What cannot be dropped comes, and is dropped then.
        let _ = self.stream.clear(ClearBuffer::Input);
    }
}

impl AsyncRead for Serial {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Serial {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
