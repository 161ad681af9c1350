//! A modem at work: calls, greets, carries.

use super::frames;
use super::{AdapterText, Greeting, Modem};
use crate::meter::{Meter, Reply};
use crate::serve::{Endpoint, Handle, Link, Shared, lock};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Time between two segments that must not become one on their way.
const APART: Duration = Duration::from_millis(4);

/// A modem that interrupts answers interrupts one of so many, so that a question asked again is answered.
const INTERRUPTED: u64 = 4;

/// Pause before a call that failed is made again, unless the modem says otherwise.
const REDIAL: Duration = Duration::from_millis(500);

/// Bytes taken from the socket at once.
const READ_BYTES: usize = 1024;

/// A modem with its meter. Dropping it ends both; all of [`Handle`] is here too.
pub struct Caller {
    meter: Handle,
    control: Arc<Control>,
}

#[derive(Default)]
struct Control {
    calls: AtomicU64,
    hang_up: Notify,
    frozen: AtomicBool,
    thaw: Notify,
}

impl Deref for Caller {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.meter
    }
}

impl Caller {
    /// The hold on its meter alone.
    pub fn meter(&self) -> &Handle {
        &self.meter
    }

    /// Connections made so far.
    pub fn calls(&self) -> u64 {
        self.control.calls.load(Ordering::Relaxed)
    }

    /// Closes the connection; the modem calls again when it does so.
    pub fn hang_up(&self) {
        self.control.hang_up.notify_one();
    }

    /// Neither hears nor says anything from now on, and does not close: as one that lost its network.
    pub fn freeze(&self) {
        self.control.frozen.store(true, Ordering::Relaxed);
        self.control.thaw.notify_one();
    }

    /// Ends the service and waits until the connection is closed.
    pub async fn shutdown(self) {
        self.meter.shutdown().await;
    }
}

impl Link {
    /// Puts the meter behind a modem that calls `server`.
    pub fn call(self, server: SocketAddr, modem: Modem) -> Caller {
        let (meter, device, cancel, tasks) = self.parts(Endpoint::Calls(server));
        let control = Arc::<Control>::default();
        let line = Line {
            server,
            modem,
            device,
            control: control.clone(),
            begun: Instant::now(),
            heard: Vec::new(),
            answers: 0,
        };
        tasks.spawn(line.run(cancel));
        Caller { meter, control }
    }
}

struct Line {
    server: SocketAddr,
    modem: Modem,
    device: Shared,
    control: Arc<Control>,
    begun: Instant,
    /// Bytes of the server that are no whole frame yet.
    heard: Vec<u8>,
    /// Answers sent.
    answers: u64,
}

impl Line {
    async fn run(mut self, cancel: CancellationToken) {
        loop {
            let pause = tokio::select! {
                () = cancel.cancelled() => return,
                connected = self.connect() => match connected {
                    Ok(stream) => {
                        self.control.calls.fetch_add(1, Ordering::Relaxed);
                        tokio::select! {
                            () = cancel.cancelled() => return,
                            () = self.control.clone().hangs_up() => {}
                            // However a conversation ends, the modem's own rule says what comes next.
                            _ = self.converse(stream) => {}
                        }
                        match self.modem.again {
                            Some(after) => after,
                            None => return,
                        }
                    }
                    Err(_) => self.modem.again.unwrap_or(REDIAL),
                }
            };
            tokio::select! {
                () = cancel.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        if let Some(from) = self.modem.from {
            socket.bind(SocketAddr::new(IpAddr::V4(from), 0))?;
        }
        let stream = socket.connect(self.server).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn converse(&mut self, mut stream: TcpStream) -> io::Result<()> {
        self.heard.clear();
        if let Greeting::Bytes(greeting) = &self.modem.greeting {
            self.greet(&mut stream, greeting).await?;
        }
        let mut buffer = [0; READ_BYTES];
        loop {
            let beat_at = self.modem.heartbeat_every.map(|every| Instant::now() + every);
            let count = tokio::select! {
                read = stream.read(&mut buffer) => read?,
                () = sleep_until(beat_at.unwrap_or_else(Instant::now)), if beat_at.is_some() => {
                    stream.write_all(&self.modem.heartbeat).await?;
                    continue;
                }
                () = self.control.thaw.notified() => 1,
            };
            if self.control.frozen.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            if count == 0 {
                return Ok(());
            }
            self.heard.extend_from_slice(buffer.get(..count).unwrap_or_default());
            self.hear(&mut stream).await?;
        }
    }

    /// Takes what the server said.
    async fn hear(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        match self.modem.greeting.clone() {
            Greeting::Nothing | Greeting::Bytes(_) => {
                let heard = std::mem::take(&mut self.heard);
                self.answer(stream, &heard).await
            }
            Greeting::Wrx(imei) => {
                let (question, acknowledgement) = (frames::wrx_question(), frames::wrx_acknowledgement());
                if self.heard == question {
                    self.heard.clear();
                    return self.greet(stream, &frames::wrx_answer(&imei)).await;
                }
                let heard = std::mem::take(&mut self.heard);
                match heard.strip_prefix(acknowledgement.as_slice()) {
                    Some(rest) => self.answer(stream, rest).await,
                    None if question.starts_with(&heard) || acknowledgement.starts_with(&heard) => {
                        self.heard = heard;
                        Ok(())
                    }
                    None => self.answer(stream, &heard).await,
                }
            }
            Greeting::Assv(identity) => {
                while let Some((function, data, used)) = frames::assv_first(&self.heard) {
                    self.heard.drain(..used.min(self.heard.len()));
                    match (function, self.modem.says) {
                        (0x3E, _) => self.greet(stream, &frames::assv_info(&identity)).await?,
                        (0x28, Some(AdapterText::Busy)) => {
                            let busy = [0x09, 0x87, 0xA0, 0xAD, 0xEF, 0xE2, 0xAE, 0x0C];
                            stream.write_all(&frames::assv(0x7F, &busy)).await?;
                        }
                        (0x28, Some(AdapterText::Failed)) => {
                            let failed = [0x09, 0x8E, 0xE8, 0xA8, 0xA1, 0xAA, 0xA0, 0x0C];
                            stream.write_all(&frames::assv(0x7F, &failed)).await?;
                        }
                        (0x28, None) => self.answer(stream, &data).await?,
                        _ => {}
                    }
                }
                Ok(())
            }
        }
    }

    async fn greet(&self, stream: &mut TcpStream, greeting: &[u8]) -> io::Result<()> {
        let said = self
            .modem
            .stalls_after
            .and_then(|count| greeting.get(..count))
            .unwrap_or(greeting);
        if !self.modem.split {
            return stream.write_all(&[said, &self.modem.behind].concat()).await;
        }
        for byte in said.iter().chain(&self.modem.behind) {
            stream.write_all(&[*byte]).await?;
            tokio::time::sleep(APART).await;
        }
        Ok(())
    }

    /// Has the meter answer.
    async fn answer(&mut self, stream: &mut TcpStream, question: &[u8]) -> io::Result<()> {
        if question.is_empty() {
            return Ok(());
        }
        let replies = lock(&self.device).on_bytes(self.begun.elapsed(), question);
        for reply in replies {
            self.send(stream, reply).await?;
        }
        Ok(())
    }

    async fn send(&mut self, stream: &mut TcpStream, reply: Reply) -> io::Result<()> {
        if !reply.delay.is_zero() {
            tokio::time::sleep(reply.delay).await;
        }
        self.answers += 1;
        let modem = &self.modem;
        let packet = |data: &[u8]| match &modem.greeting {
            Greeting::Assv(_) => frames::assv(0x29, data),
            Greeting::Bytes(registration) if modem.prefixes => [registration, data].concat(),
            _ if modem.glues => [&modem.heartbeat, data].concat(),
            _ => data.to_vec(),
        };
        if modem.interrupts && self.answers.is_multiple_of(INTERRUPTED) && reply.bytes.len() > 1 {
            let (first, second) = reply.bytes.split_at(reply.bytes.len() / 2);
            for segment in [packet(first), modem.heartbeat.clone(), packet(second)] {
                stream.write_all(&segment).await?;
                tokio::time::sleep(APART).await;
            }
        } else if !reply.bytes.is_empty() {
            stream.write_all(&packet(&reply.bytes)).await?;
        }
        if reply.hang_up {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(())
    }
}

impl Control {
    async fn hangs_up(self: Arc<Self>) {
        self.hang_up.notified().await;
    }
}
