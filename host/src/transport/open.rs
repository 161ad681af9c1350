//! Opens lines.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout, timeout_at};

use super::carrier::{Carrier, Datagrams};
use super::incoming::Hub;
use super::line::Line;
use super::modem::Modems;
use super::network::{Network, System};
use super::rfc2217;
use super::serial::Serial;
use crate::limits;
use crate::model::{LineAddress, LineOptions, LineSettings};

/// Everything that is needed to open a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Where it is.
    pub address: LineAddress,
    /// How it is set.
    pub settings: LineSettings,
    /// What else it needs.
    pub options: LineOptions,
}

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
    /// Someone else uses it.
    #[error("{address} is busy: {text}")]
    Busy {
        /// Where.
        address: LineAddress,
        /// What it says.
        text: String,
    },
    /// The far modem gave no carrier.
    #[error("{address} gives no carrier: {text}")]
    NoCarrier {
        /// Where.
        address: LineAddress,
        /// What the modem says.
        text: String,
    },
    /// The far modem does not answer, or has not called in.
    #[error("{address} does not answer: {text}")]
    ModemSilent {
        /// Where.
        address: LineAddress,
        /// What is known.
        text: String,
    },
    /// No modem of ours can call.
    #[error("{address} cannot be called: {text}")]
    ModemFault {
        /// Where.
        address: LineAddress,
        /// What is wrong with our modem.
        text: String,
    },
    /// The line cannot be set up so.
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

impl OpenError {
    /// The far end closed the connection at once, after it said this.
    pub(super) fn busy(address: &LineAddress, said: &[u8]) -> Self {
        let said: String = String::from_utf8_lossy(said).chars().take(limits::TEXT_BYTES).collect();
        let text = match said.trim() {
            "" => "it closed the connection at once: someone else may be using it".to_owned(),
            said => said.to_owned(),
        };
        Self::Busy {
            address: address.clone(),
            text,
        }
    }
}

/// Opens lines of every kind.
#[derive(Debug)]
pub struct Transport {
    /// Who is connected to us.
    callers: Arc<Hub>,
    /// Our own modems.
    modems: Modems,
    /// What TCP lines go over.
    network: Arc<dyn Network>,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            callers: Arc::default(),
            modems: Modems::default(),
            network: Arc::new(System),
        }
    }
}

impl Transport {
    /// Opens incoming lines too.
    pub fn with_callers(mut self, callers: Arc<Hub>) -> Self {
        self.callers = callers;
        self
    }

    /// With these pools of modems.
    pub fn with_modems(mut self, modems: Modems) -> Self {
        self.modems = modems;
        self
    }

    /// With another network than the machine's.
    pub fn with_network(mut self, network: Arc<dyn Network>) -> Self {
        self.network = network;
        self
    }

    /// The pools of modems.
    pub fn modems(&self) -> &Modems {
        &self.modems
    }

    /// Opens a line: connects, or takes the serial port for us alone, and sets it up.
    ///
    /// # Errors
    /// Each failure by its name: whom to call depends on it.
    pub async fn open(&self, way: &Way) -> Result<Line, OpenError> {
        let address = &way.address;
        let mut way = way.clone();
        let carrier: Box<dyn Carrier> = match address {
            LineAddress::Tcp(host) => {
                let mut stream = connect(&*self.network, address, host).await?;
                let settle = way.options.settle_ms.unwrap_or(limits::TCP_SETTLE_MS);
                settled(address, &mut *stream, settle).await?;
                // Segments of a converter, a mobile network: pauses that no meter makes.
                way.options.silence_ms = way.options.silence_ms.max(limits::TCP_SILENCE_MS);
                stream
            }
            LineAddress::Udp(host) => Box::new(Datagrams::new(datagrams(address, host).await?)),
            LineAddress::Serial(path) => Box::new(serial(address, path, &way).await?),
            LineAddress::Rfc2217(host) => {
                let port = rfc2217::open(&*self.network, address, host, &way).await?;
                way.options.silence_ms = way.options.silence_ms.max(limits::TCP_SILENCE_MS);
                Box::new(port)
            }
            LineAddress::Incoming(_) => {
                let mut leased = self.callers.lease(address).await?;
                leased.settle(way.options.settle_ms).await;
                way.options = mobile(way.options);
                Box::new(leased)
            }
            LineAddress::Modem(_) => {
                let settle = way.options.settle_ms.map(|ms| Duration::from_millis(ms.into()));
                let call = self.modems.call(address, settle).await?;
                way.options.latency_ms = way.options.latency_ms.max(limits::MODEM_LATENCY_MS);
                way.options.silence_ms = way.options.silence_ms.max(limits::MODEM_SILENCE_MS);
                Box::new(call)
            }
        };
        Ok(Line::new(carrier, way.settings, way.options))
    }
}

/// Opens a serial port and sets it up. What it received before is dropped.
async fn serial(address: &LineAddress, path: &str, way: &Way) -> Result<Serial, OpenError> {
    let mut serial =
        Serial::open(path, way.settings, way.options.direction).map_err(|error| refused_or_missing(address, &error))?;
    serial.apply(way.settings).map_err(|error| OpenError::Settings {
        address: address.clone(),
        settings: way.settings,
        text: error.to_string(),
    })?;
    let settle = way.options.settle_ms.unwrap_or(limits::SERIAL_SETTLE_MS);
    tokio::time::sleep(Duration::from_millis(settle.into())).await;
    serial.purge().await;
    Ok(serial)
}

/// Where the device's line says nothing of its own, a mobile network's pauses hold.
fn mobile(options: LineOptions) -> LineOptions {
    let usual = |ms: u32, usual: u32| if ms == 0 { usual } else { ms };
    LineOptions {
        latency_ms: usual(options.latency_ms, limits::INCOMING_LATENCY_MS),
        silence_ms: usual(options.silence_ms, limits::INCOMING_SILENCE_MS),
        ..options
    }
}

/// Connects within [`limits::CONNECT_MS`].
pub(super) async fn connect(
    network: &dyn Network,
    address: &LineAddress,
    host: &str,
) -> Result<Box<dyn Carrier>, OpenError> {
    let limit = Duration::from_millis(limits::CONNECT_MS);
    match timeout(limit, network.connect(host)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(refused_or_missing(address, &error)),
        Err(_) => {
            let text = format!("no answer within {} s", limit.as_secs());
            Err(OpenError::NoRoute {
                address: address.clone(),
                text,
            })
        }
    }
}

/// Drops what comes within `settle_ms`: the rest of an answer to whoever was connected before. A converter that closes
/// at once is busy, whether it says so or not.
pub(super) async fn settled(address: &LineAddress, stream: &mut dyn Carrier, settle_ms: u32) -> Result<(), OpenError> {
    let until = Instant::now() + Duration::from_millis(settle_ms.into());
    let (mut said, mut chunk) = (Vec::new(), [0; 256]);
    while settle_ms > 0 && said.len() < limits::TRANSFER_BYTES as usize {
        match timeout_at(until, stream.read(&mut chunk)).await {
            Err(_) => break,
            Ok(Ok(0)) | Ok(Err(_)) => return Err(OpenError::busy(address, &said)),
            Ok(Ok(count)) => said.extend(chunk.iter().take(count)),
        }
    }
    Ok(())
}

async fn datagrams(address: &LineAddress, host: &str) -> Result<UdpSocket, OpenError> {
    let missing = |error: &io::Error| refused_or_missing(address, error);
    let found = tokio::net::lookup_host(host).await.map_err(|error| missing(&error))?;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for far in found {
        let near = if far.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        match UdpSocket::bind(near).await {
            Ok(socket) => match socket.connect(far).await {
                Ok(()) => return Ok(socket),
                Err(error) => last = error,
            },
            Err(error) => last = error,
        }
    }
    Err(missing(&last))
}

pub(super) fn refused_or_missing(address: &LineAddress, error: &io::Error) -> OpenError {
    let (address, text) = (address.clone(), error.to_string());
    match error.kind() {
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::PermissionDenied
        | io::ErrorKind::ResourceBusy
        | io::ErrorKind::ConnectionReset => OpenError::Refused { address, text },
        _ => OpenError::NoRoute { address, text },
    }
}
