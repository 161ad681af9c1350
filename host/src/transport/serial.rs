//! Serial ports.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use nix::libc::{O_NOCTTY, O_NONBLOCK};
use nix::sys::termios::{self, ControlFlags, SetArg};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_serial::{ClearBuffer, DataBits, SerialPort as _, SerialStream, StopBits};

use super::carrier::Carrier;
use super::line::{ReadFault, closed};
use crate::model::{Direction, LineSettings, Parity};

/// A serial port that is ours alone.
#[derive(Debug)]
pub(super) struct Serial {
    stream: SerialStream,
    /// The same port, for what the library does not do.
    port: Arc<File>,
    settings: LineSettings,
    direction: Direction,
}

impl Serial {
    /// Opens the port at `path` and takes it for us alone. It is not set up yet.
    ///
    /// # Errors
    /// `ResourceBusy` when another program has it.
    pub(super) fn open(path: &str, settings: LineSettings, direction: Direction) -> io::Result<Self> {
        // Before it is ours alone: then nobody can open it again, not even we.
        let port = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(O_NOCTTY | O_NONBLOCK)
            .open(path)?;
        let stream = SerialStream::open(&tokio_serial::new(path, settings.baud)).map_err(opening)?;
        let mut serial = Self {
            stream,
            port: Arc::new(port),
            settings,
            direction,
        };
        // Many converters and meters are powered from these; a pseudo-terminal has none, which is no fault.
        let _ = serial.stream.write_data_terminal_ready(true);
        let _ = serial.turn(false);
        Ok(serial)
    }

    /// Sets the port up.
    ///
    /// # Errors
    /// The port, or its driver, cannot do that; the text says which part.
    pub(super) fn apply(&mut self, settings: LineSettings) -> io::Result<()> {
        let data_bits = match settings.data_bits {
            5 => DataBits::Five,
            6 => DataBits::Six,
            7 => DataBits::Seven,
            _ => DataBits::Eight,
        };
        let stop_bits = if settings.stop_bits == 2 {
            StopBits::Two
        } else {
            StopBits::One
        };
        let parity = match settings.parity {
            Parity::None => tokio_serial::Parity::None,
            Parity::Odd | Parity::Mark => tokio_serial::Parity::Odd,
            Parity::Even | Parity::Space => tokio_serial::Parity::Even,
        };
        self.stream.set_baud_rate(settings.baud)?;
        self.stream.set_data_bits(data_bits)?;
        self.stream.set_parity(parity)?;
        self.stream.set_stop_bits(stop_bits)?;
        self.stick(matches!(settings.parity, Parity::Mark | Parity::Space))?;
        let baud = self.stream.baud_rate()?;
        // Speeds are divided from a clock; receivers stand two per cent.
        if baud.abs_diff(settings.baud) > settings.baud / 50 {
            let text = format!("the port runs at {baud} baud, asked for {}", settings.baud);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        self.settings = settings;
        Ok(())
    }

    /// Makes the parity bit always one where it was odd, always zero where it was even (termios(3), CMSPAR): mark and
    /// space, which the library does not know.
    fn stick(&self, sticks: bool) -> io::Result<()> {
        let mut attributes = termios::tcgetattr(&self.port)?;
        if attributes.control_flags.contains(ControlFlags::CMSPAR) == sticks {
            return Ok(());
        }
        attributes.control_flags.set(ControlFlags::CMSPAR, sticks);
        termios::tcsetattr(&self.port, SetArg::TCSANOW, &attributes)?;
        // A port's driver clears what it does not have.
        let has = termios::tcgetattr(&self.port)?.control_flags;
        if has.contains(ControlFlags::CMSPAR) == sticks {
            return Ok(());
        }
        let text = "the port has no mark and no space parity";
        Err(io::Error::new(io::ErrorKind::InvalidInput, text))
    }

    /// Raises or drops DTR: a modem hangs up when it falls.
    pub(super) fn set_dtr(&mut self, on: bool) -> tokio_serial::Result<()> {
        self.stream.write_data_terminal_ready(on)
    }

    /// DCD: whether a modem has its carrier. A port without modem lines, such as a pseudo-terminal, has no such thing.
    pub(super) fn carrier(&mut self) -> tokio_serial::Result<bool> {
        self.stream.read_carrier_detect()
    }
}

/// The library calls a port that another program has taken one that is not there.
fn opening(error: tokio_serial::Error) -> io::Error {
    if matches!(error.kind, tokio_serial::ErrorKind::NoDevice) {
        io::Error::new(io::ErrorKind::ResourceBusy, "another program uses the port")
    } else {
        error.into()
    }
}

#[async_trait]
impl Carrier for Serial {
    fn has_settings(&self) -> bool {
        true
    }

    async fn configure(&mut self, settings: LineSettings) -> Result<(), ReadFault> {
        self.apply(settings).map_err(|error| closed(&error))
    }

    async fn sent(&mut self) -> io::Result<()> {
        loop {
            match self.stream.bytes_to_write()? {
                0 => break,
                waiting => {
                    let waiting = usize::try_from(waiting).unwrap_or(1);
                    tokio::time::sleep(self.settings.time_of(waiting)).await;
                }
            }
        }
        if self.direction == Direction::Automatic {
            return Ok(());
        }
        // They have left the kernel, but perhaps not the transmitter; the kernel bounds how long that may take.
        let port = self.port.clone();
        let drained = tokio::task::spawn_blocking(move || termios::tcdrain(&port)).await;
        drained.map_err(io::Error::other)?.map_err(io::Error::from)
    }

    fn turn(&mut self, sending: bool) -> io::Result<()> {
        let level = self.direction.level(sending);
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::time::Duration;

    use tokio::io::AsyncReadExt;

    use super::*;

    /// A pseudo-terminal: its master, and the path of its port.
    fn pair() -> (SerialStream, SerialStream, String) {
        let (master, port) = SerialStream::pair().unwrap();
        let path = port.name().unwrap();
        (master, port, path)
    }

    fn settings(text: &str) -> LineSettings {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn a_port_takes_every_speed_and_parity() {
        let (master, _port, path) = pair();
        let mut serial = Serial::open(&path, settings("9600-8N1"), Direction::Automatic).unwrap();
        for text in [
            "300-7E1",
            "600-5N2",
            "2400-8E1",
            "19200-6O1",
            "57600-8M1",
            "115200-8S2",
            "4800-8O1",
            "9600-8N1",
        ] {
            let wanted = settings(text);
            serial.apply(wanted).unwrap();
            assert_eq!(master.baud_rate().unwrap(), wanted.baud, "{text}");
            let two = matches!(master.stop_bits().unwrap(), StopBits::Two);
            assert_eq!(two, wanted.stop_bits == 2, "{text}");
            // Of the parity a pseudo-terminal keeps which kind it would be, not that there is one.
            let flags = termios::tcgetattr(&serial.port).unwrap().control_flags;
            let (sticks, odd) = (
                flags.contains(ControlFlags::CMSPAR),
                flags.contains(ControlFlags::PARODD),
            );
            let wanted = match wanted.parity {
                Parity::None => (false, false),
                Parity::Odd => (false, true),
                Parity::Even => (false, false),
                Parity::Mark => (true, true),
                Parity::Space => (true, false),
            };
            assert_eq!((sticks, odd), wanted, "{text}");
        }
    }

    #[tokio::test]
    async fn a_taken_port_is_busy_and_free_again_afterwards() {
        let (_master, port, path) = pair();
        // The pair itself shares the port.
        drop(port);
        let first = Serial::open(&path, settings("9600-8N1"), Direction::Automatic).unwrap();
        let second = Serial::open(&path, settings("9600-8N1"), Direction::Automatic).unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::ResourceBusy, "{second}");
        drop(first);
        Serial::open(&path, settings("9600-8N1"), Direction::Automatic).unwrap();
        let missing = Serial::open("/dev/no-such-port", settings("9600-8N1"), Direction::Automatic).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn a_port_that_vanishes_ends_what_waits_for_it() {
        let (mut master, port, path) = pair();
        drop(port);
        let mut serial = Serial::open(&path, settings("9600-8N1"), Direction::Rts).unwrap();
        master.write_all(&[7]).unwrap();
        assert_eq!(serial.read_u8().await.unwrap(), 7);
        let waiting = tokio::spawn(async move { (serial.read_u8().await, serial.sent().await) });
        drop(master);
        let ended = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        let (read, sent) = ended.expect("the read ends").unwrap();
        assert!(read.is_err(), "{read:?}");
        assert!(sent.is_err(), "{sent:?}");
    }

    #[tokio::test]
    async fn what_came_before_a_purge_is_gone() {
        let (mut master, port, path) = pair();
        drop(port);
        let mut serial = Serial::open(&path, settings("9600-8N1"), Direction::Automatic).unwrap();
        master.write_all(b"stale").unwrap();
        while serial.stream.bytes_to_read().unwrap() < 5 {
            tokio::task::yield_now().await;
        }
        serial.purge().await;
        master.write_all(b"!").unwrap();
        assert_eq!(serial.read_u8().await.unwrap(), b'!');
        serial.stream.write_all(b"out").unwrap();
        serial.sent().await.unwrap();
        let mut out = [0; 3];
        AsyncReadExt::read_exact(&mut master, &mut out).await.unwrap();
        assert_eq!(&out, b"out");
    }
}
