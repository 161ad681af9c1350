//! The wire to a modem of ours: a serial port, or a converter with a modem behind it.

use std::fmt::Debug;
use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::model::{Direction, LineAddress, LineSettings};
use crate::transport::carrier::Carrier;
use crate::transport::network::System;
use crate::transport::open::connect;
use crate::transport::serial::Serial;

/// Bytes to and from a modem, and its modem lines where the port has them.
pub(super) trait Port: AsyncRead + AsyncWrite + Unpin + Send + Debug {
    /// Raises or drops DTR. False: there is no such wire.
    fn set_dtr(&mut self, _on: bool) -> bool {
        false
    }

    /// DCD. None: there is no such wire.
    fn carrier(&mut self) -> Option<bool> {
        None
    }
}

impl Port for Box<dyn Carrier> {}

impl Port for Serial {
    fn set_dtr(&mut self, on: bool) -> bool {
        Serial::set_dtr(self, on).is_ok()
    }

    fn carrier(&mut self) -> Option<bool> {
        Serial::carrier(self).ok()
    }
}

/// Opens the port at `address`; `settings` hold on a serial one.
///
/// # Errors
/// What the system says.
pub(super) async fn open(address: &LineAddress, settings: LineSettings) -> io::Result<Box<dyn Port>> {
    match address {
        LineAddress::Serial(path) => {
            let mut serial = Serial::open(path, settings, Direction::Automatic)?;
            serial.apply(settings)?;
            Ok(Box::new(serial))
        }
        LineAddress::Tcp(host) => Ok(Box::new(
            connect(&System, address, host).await.map_err(io::Error::other)?,
        )),
        other => Err(io::Error::other(format!("{other} is no port of a modem"))),
    }
}
