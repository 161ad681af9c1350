//! A network within the process: lines by name, and what is wrong with them.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use meter_sim::{Disguise, Faults, Handle, Wire};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio_util::sync::CancellationToken;
use uzel::transport::{Carrier, Network};

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// Nothing.
    None,
    /// Answers take a second and a half.
    Slow,
    /// Nobody takes connections.
    Refused,
    /// Connecting comes to no end.
    Unreachable,
    /// Open connections and new ones lead nowhere: nothing comes, nothing says so.
    HalfOpen,
    /// The meter is dead.
    Silent,
    /// Bytes are damaged both ways.
    Noise,
    /// Some questions and answers are lost, or come late, or twice.
    Losses,
    /// The connection drops again and again.
    Drops,
    /// Another meter answers.
    WrongDevice,
}

impl Trouble {
    pub const ALL: [Self; 10] = [
        Self::None,
        Self::Slow,
        Self::Refused,
        Self::Unreachable,
        Self::HalfOpen,
        Self::Silent,
        Self::Noise,
        Self::Losses,
        Self::Drops,
        Self::WrongDevice,
    ];

    fn faults(self, seed: u64) -> Faults {
        let good = Faults::new().seed(seed).delay(Duration::from_millis(120));
        match self {
            Self::None | Self::Refused | Self::Unreachable => good,
            Self::Slow => good.delay(Duration::from_millis(1_500)),
            Self::HalfOpen => good.deaf(1.0),
            Self::Silent => good.silence(1.0),
            Self::Noise => good.noise(0.1).noise_in(0.05).cut(0.02).sly(0.01),
            Self::Losses => good.deaf(0.04).silence(0.04).late(0.04).duplicate(0.04),
            Self::Drops => good.drop_every_bytes(1_500),
            Self::WrongDevice => good.wrong(Disguise::Serial),
        }
    }
}

/// A line as the network knows it.
struct Line {
    wire: Wire,
    meter: Arc<Handle>,
    trouble: Mutex<Trouble>,
    /// Falls when its connections are torn off.
    torn: Mutex<CancellationToken>,
    connections: Arc<AtomicUsize>,
}

/// The lines of a world.
#[derive(Default)]
pub struct Net {
    lines: HashMap<String, Line>,
    /// Connections that were made while the line had one.
    crowded: AtomicUsize,
}

impl std::fmt::Debug for Net {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} lines", self.lines.len())
    }
}

impl Net {
    /// A line at `host`, which is good until something befalls it.
    pub fn add(&mut self, host: &str, wire: Wire, meter: Arc<Handle>) {
        meter.set_faults(Trouble::None.faults(0));
        let line = Line {
            wire,
            meter,
            trouble: Mutex::new(Trouble::None),
            torn: Mutex::default(),
            connections: Arc::default(),
        };
        self.lines.insert(host.to_owned(), line);
    }

    /// `trouble` befalls the line at `host`, whatever it had before. Connections that cannot last are torn off.
    pub fn befall(&self, host: &str, trouble: Trouble, seed: u64) {
        let line = &self.lines[host];
        *line.trouble.lock().expect("nobody panics while it is held") = trouble;
        self.set_faults(host, trouble.faults(seed));
        if matches!(trouble, Trouble::Refused | Trouble::Unreachable) {
            line.torn.lock().expect("nobody panics while it is held").cancel();
        }
    }

    /// Another pace of a line.
    pub fn set_faults(&self, host: &str, faults: Faults) {
        self.lines[host].meter.set_faults(faults);
    }

    /// How often a line had two connections at once.
    pub fn crowded(&self) -> usize {
        self.crowded.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Network for Net {
    async fn connect(&self, host: &str) -> io::Result<Box<dyn Carrier>> {
        let line = self
            .lines
            .get(host)
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such line in this world"))?;
        let trouble = *line.trouble.lock().expect("nobody panics while it is held");
        match trouble {
            Trouble::Refused => return Err(io::ErrorKind::ConnectionRefused.into()),
            Trouble::Unreachable => std::future::pending().await,
            _ => {}
        }
        let torn = {
            let mut torn = line.torn.lock().expect("nobody panics while it is held");
            if torn.is_cancelled() {
                *torn = CancellationToken::new();
            }
            torn.clone()
        };
        if line.connections.fetch_add(1, Ordering::Relaxed) > 0 {
            self.crowded.fetch_add(1, Ordering::Relaxed);
        }
        Ok(Box::new(Connection {
            stream: line.wire.connect(torn),
            open: line.connections.clone(),
        }))
    }
}

/// The host's end of a wire.
#[derive(Debug)]
struct Connection {
    stream: DuplexStream,
    open: Arc<AtomicUsize>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl Carrier for Connection {}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
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
