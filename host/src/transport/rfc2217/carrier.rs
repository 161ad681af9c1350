//! A serial server as a line.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::{io, mem};

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tracing::{debug, warn};

use super::port::{Ask, Control, Setting};
use super::server::{LINE_FAULTS, Server};
use crate::limits;
use crate::model::{Direction, LineAddress, LineSettings};
use crate::transport::carrier::Carrier;
use crate::transport::line::{ReadFault, closed};
use crate::transport::network::Network;
use crate::transport::open::{OpenError, Way, connect};

/// A serial port behind a serial server.
#[derive(Debug)]
pub(in crate::transport) struct FarPort {
    server: Server,
    /// Whether it lets us set the port. Without that it is a pipe with telnet around it.
    settable: bool,
    direction: Direction,
    latency: Duration,
}

/// Connects to the server at `host`, agrees with it, and sets its port up.
///
/// # Errors
/// As of every line; a server that sets something else than was asked, or does not speak telnet at all, cannot be set.
pub(in crate::transport) async fn open(
    network: &dyn Network,
    address: &LineAddress,
    host: &str,
    way: &Way,
) -> Result<FarPort, OpenError> {
    let stream = connect(network, address, host).await?;
    let mut port = FarPort {
        server: Server::new(stream),
        settable: false,
        direction: way.options.direction,
        latency: Duration::from_millis(way.options.latency_ms.into()),
    };
    let busy = |said: &[u8]| OpenError::busy(address, said);
    let unset = |text: String| OpenError::Settings {
        address: address.clone(),
        settings: way.settings,
        text,
    };
    if port.agree().await.is_err() {
        return Err(busy(&port.server.data));
    }
    if !port.server.spoke {
        return Err(unset(
            "it does not speak telnet; a port that only passes bytes is reached by tcp:".to_owned(),
        ));
    }
    if port.settable {
        port.raise();
        match port.set(way.settings).await {
            Ok(Set::Done) => {}
            Ok(Set::Unconfirmed) => {
                warn!(line = %address, "{address} does not confirm the line settings {}", way.settings);
            }
            Ok(Set::Otherwise(text)) => return Err(unset(text)),
            Err(_) => return Err(busy(&port.server.data)),
        }
        debug!(line = %address, signature = port.server.signature.as_deref(), "{address} is set to {}", way.settings);
    } else {
        warn!(line = %address, "{address} does not let its port be set: it keeps the settings it has");
    }
    let settle = way.options.settle_ms.unwrap_or(limits::TCP_SETTLE_MS);
    if port
        .server
        .listen(Duration::from_millis(settle.into()), |_| false)
        .await
        .is_err()
    {
        return Err(busy(&port.server.data));
    }
    port.server.data.clear();
    Ok(port)
}

/// How a server took settings.
enum Set {
    Done,
    /// Not all were confirmed in time.
    Unconfirmed,
    /// What it has set instead.
    Otherwise(String),
}

impl FarPort {
    /// Whether the port may be set is settled, one way or the other.
    async fn agree(&mut self) -> io::Result<()> {
        let time = Duration::from_millis(limits::TELNET_MS) + self.latency;
        self.server
            .listen(time, |server| server.options.may_set_port().is_some())
            .await?;
        self.settable = self.server.options.may_set_port() == Some(true);
        Ok(())
    }

    /// Asks for what is wanted once: whose port it is, no flow control, the lines that many converters are powered from.
    /// None of it needs an answer, and some servers give none.
    fn raise(&mut self) {
        let resting = self.direction.level(false);
        for ask in [
            Ask::Signature,
            Ask::LineMask(LINE_FAULTS),
            Ask::Control(Control::NoFlow),
            Ask::Control(Control::Dtr(true)),
            Ask::Control(Control::Rts(resting)),
        ] {
            self.server.ask(ask);
        }
    }

    /// Sets the port and waits for what the server says of it. What the port received before is dropped.
    async fn set(&mut self, settings: LineSettings) -> io::Result<Set> {
        let asked = Setting::all(settings);
        for setting in asked {
            self.server.ask(Ask::Set(setting));
        }
        let time = Duration::from_millis(limits::CONFIRM_MS) + self.latency;
        self.server.purge(time);
        let told = |server: &Server| asked.iter().all(|setting| server.has_set(*setting).is_some());
        let all = self.server.listen(time, |server| told(server) && server.purges).await?;
        let other = asked
            .iter()
            .filter_map(|setting| self.server.has_set(*setting).filter(|has| has != setting));
        let other: Vec<_> = other.map(|has| has.to_string()).collect();
        Ok(if !other.is_empty() {
            Set::Otherwise(format!("it has set {}", other.join(", ")))
        } else if all || told(&self.server) {
            Set::Done
        } else {
            Set::Unconfirmed
        })
    }
}

#[async_trait]
impl Carrier for FarPort {
    fn has_settings(&self) -> bool {
        self.settable
    }

    async fn configure(&mut self, settings: LineSettings) -> Result<(), ReadFault> {
        if !self.settable {
            return Err(ReadFault::Denied);
        }
        match self.set(settings).await.map_err(|error| closed(&error))? {
            Set::Done | Set::Unconfirmed => Ok(()),
            Set::Otherwise(text) => {
                debug!("the serial server cannot be set to {settings}: {text}");
                Err(ReadFault::Denied)
            }
        }
    }

    async fn sent(&mut self) -> io::Result<()> {
        poll_fn(|context| self.server.poll_send(context)).await
    }

    fn turn(&mut self, sending: bool) -> io::Result<()> {
        if self.settable {
            let level = self.direction.level(sending);
            self.server.ask(Ask::Control(Control::Rts(level)));
        }
        Ok(())
    }

    async fn purge(&mut self) {
        // One that does not confirm would only cost us an answer.
        if self.settable && self.server.purges {
            self.server
                .purge(Duration::from_millis(limits::PURGE_MS) + self.latency);
        }
        self.server.data.clear();
    }
}

impl AsyncRead for FarPort {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.server.data.is_empty() {
            if ready!(self.server.poll_hear(context))? == 0 {
                return Poll::Ready(Ok(()));
            }
        }
        let data = mem::take(&mut self.server.data);
        let (now, later) = data.split_at(data.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.server.data = later.to_vec();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for FarPort {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.server.poll_send(context))?;
        self.server.put(bytes);
        // What the socket does not take now goes with the flush, or the next read.
        if let Poll::Ready(Err(error)) = self.server.poll_send(context) {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.server.poll_send(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}
