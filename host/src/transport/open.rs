//! Opens a line.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_serial::{SerialPort as _, SerialStream};

use super::line::{Line, apply};
use crate::limits;
use crate::model::{LineAddress, LineSettings};

/// Why a line did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nothing is there: no such host, network, port.
    #[error("{address} cannot be reached: {text}")]
    NoRoute {
        /// Where.
        address: LineAddress,
        /// What the system says.
        text: String,
    },
    /// Something is there and does not let us in.
    #[error("{address} refuses: {text}")]
    Refused {
        /// Where.
        address: LineAddress,
        /// What the system says.
        text: String,
    },
    /// The port cannot be set up so.
    #[error("{address} cannot be set to {settings}: {text}")]
    Settings {
        /// Where.
        address: LineAddress,
        /// What was asked.
        settings: LineSettings,
        /// What the system says.
        text: String,
    },
}

/// Opens a line: connects, or takes the serial port for us alone and sets it up.
pub async fn open(address: &LineAddress, settings: LineSettings) -> Result<Line, OpenError> {
    match address {
        LineAddress::Tcp(host) => {
            let limit = Duration::from_millis(limits::CONNECT_MS);
            let stream = match timeout(limit, TcpStream::connect(host.as_str())).await {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => return Err(refused_or_missing(address, &error)),
                Err(_) => {
                    let text = format!("no answer within {} s", limit.as_secs());
                    return Err(OpenError::NoRoute {
                        address: address.clone(),
                        text,
                    });
                }
            };
            // Questions are small and wait for their answers: each must leave at once. A line that cannot be told so
            // works, a little slower.
            let _ = stream.set_nodelay(true);
            Ok(Line::tcp(stream, settings))
        }
        LineAddress::Serial(path) => {
            let builder = tokio_serial::new(path.as_str(), settings.baud);
            let mut stream =
                SerialStream::open(&builder).map_err(|error| refused_or_missing(address, &error.into()))?;
            stream
                .set_exclusive(true)
                .map_err(|error| refused_or_missing(address, &error.into()))?;
            apply(&mut stream, settings).map_err(|error| OpenError::Settings {
                address: address.clone(),
                settings,
                text: error.to_string(),
            })?;
            // Many converters and meters are powered from these; a pseudo-terminal has none, which is no fault.
            let _ = stream.write_request_to_send(true);
            let _ = stream.write_data_terminal_ready(true);
            Ok(Line::serial(stream, settings))
        }
    }
}

fn refused_or_missing(address: &LineAddress, error: &io::Error) -> OpenError {
    let (address, text) = (address.clone(), error.to_string());
    match error.kind() {
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::PermissionDenied
        | io::ErrorKind::ResourceBusy
        | io::ErrorKind::ConnectionReset => OpenError::Refused { address, text },
        _ => OpenError::NoRoute { address, text },
    }
}
