//! A modem on its line: commands, dialling, calls.

use super::phone_book::{Entry, Far};
use super::state::{Hayes, ModemEvent, Next, State};
use crate::serve::Endpoint;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_serial::{SerialPort, SerialStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// A modem that is being served. Dropping it ends the service.
pub struct ModemHandle {
    endpoint: Endpoint,
    log: Arc<Mutex<Vec<ModemEvent>>>,
    in_call: Arc<AtomicBool>,
    cancel: DropGuard,
    tasks: TaskTracker,
}

impl ModemHandle {
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The device file of the modem's serial line. Panics on TCP.
    pub fn path(&self) -> &Path {
        match &self.endpoint {
            Endpoint::Pty(path) => path,
            Endpoint::Tcp(_) | Endpoint::Udp(_) | Endpoint::Calls(_) | Endpoint::Wire => {
                panic!("{} has no path", self.endpoint)
            }
        }
    }

    /// Everything that happened so far.
    pub fn events(&self) -> Vec<ModemEvent> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a call is up, or being dialled.
    pub fn is_in_call(&self) -> bool {
        self.in_call.load(Ordering::SeqCst)
    }

    /// Ends the service and waits for that.
    pub async fn shutdown(self) {
        drop(self.cancel);
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Hayes {
    /// On a new pseudo-terminal in raw mode; the handle tells its path. Needs a tokio runtime.
    pub fn start_pty(self) -> io::Result<ModemHandle> {
        let (near, far) = SerialStream::pair()?;
        let path = far
            .name()
            .ok_or_else(|| io::Error::other("the pseudo-terminal has no name"))?;
        let (handle, mut modem, cancel) = self.parts(Endpoint::Pty(path.into()));
        handle.tasks.spawn(async move {
            // The far end stays open here, so that the modem survives between two openings by the host.
            let _far = far;
            let mut near = near;
            tokio::select! {
                () = cancel.cancelled() => {}
                _ = modem.serve(&mut near) => {}
            }
        });
        Ok(handle)
    }

    /// Behind a converter at this address; port 0 takes a free one. One connection at a time; the modem keeps its call
    /// when a connection ends.
    pub async fn start_tcp_at(self, listen: SocketAddr) -> io::Result<ModemHandle> {
        let listener = TcpListener::bind(listen).await?;
        let (handle, mut modem, cancel) = self.parts(Endpoint::Tcp(listener.local_addr()?));
        handle.tasks.spawn(async move {
            let serving = async {
                while let Ok((mut stream, _)) = listener.accept().await {
                    // The end of a connection is no news to the modem.
                    let _ = modem.serve(&mut stream).await;
                }
            };
            tokio::select! {
                () = cancel.cancelled() => {}
                () = serving => {}
            }
        });
        Ok(handle)
    }

    fn parts(self, endpoint: Endpoint) -> (ModemHandle, Modem, CancellationToken) {
        let state = State::new(self);
        let (cancel, in_call) = (CancellationToken::new(), Arc::new(AtomicBool::new(false)));
        let handle = ModemHandle {
            endpoint,
            log: Arc::clone(&state.log),
            in_call: Arc::clone(&in_call),
            cancel: cancel.clone().drop_guard(),
            tasks: TaskTracker::new(),
        };
        let modem = Modem {
            state,
            call: None,
            is_online: false,
            in_call,
        };
        (handle, modem, cancel)
    }
}

struct Modem {
    state: State,
    call: Option<Call>,
    /// Bytes of the host go to the far end.
    is_online: bool,
    in_call: Arc<AtomicBool>,
}

struct Call {
    number: String,
    far: TcpStream,
    /// Bytes that the far end may still send before the carrier drops.
    left: Option<u64>,
}

/// The host's `+++` as it comes.
struct Escape {
    /// When the host last sent something.
    heard_at: Instant,
    /// So many pluses came after silence, and nothing else.
    pluses: usize,
}

impl Modem {
    /// Serves until the line ends.
    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(&mut self, line: &mut S) -> io::Result<()> {
        loop {
            if self.is_online {
                self.online(line).await?;
            } else {
                self.commands(line).await?;
            }
        }
    }

    /// Command mode, until there is a call to go to.
    async fn commands<S: AsyncRead + AsyncWrite + Unpin>(&mut self, line: &mut S) -> io::Result<()> {
        let byte = tokio::select! {
            byte = line.read_u8() => byte?,
            lost = carrier_lost(self.call.as_mut()) => {
                if lost {
                    self.lose(line).await?;
                }
                return Ok(());
            }
        };
        let (out, next) = self.state.byte(byte);
        // The call is over before the host reads that it is.
        if next == Next::HangUp
            && let Some(call) = self.drop_call()
        {
            self.state.note(ModemEvent::HungUp(call));
        }
        line.write_all(&out).await?;
        match next {
            Next::Command | Next::HangUp => {}
            Next::Online if self.call.is_some() => {
                self.is_online = true;
                line.write_all(&self.state.result("CONNECT 9600")).await?;
            }
            Next::Online => line.write_all(&self.state.result("NO CARRIER")).await?,
            Next::Dial(_) if self.call.is_some() => line.write_all(&self.state.result("ERROR")).await?,
            Next::Dial(number) => self.dial(line, number).await?,
        }
        Ok(())
    }

    async fn dial<S: AsyncRead + AsyncWrite + Unpin>(&mut self, line: &mut S, number: String) -> io::Result<()> {
        self.state.note(ModemEvent::Dialled(number.clone()));
        self.in_call.store(true, Ordering::SeqCst);
        let book = self.state.hayes.book.clone();
        let entry = book.entry(&number);
        let words = tokio::select! {
            // Any byte ends the dialling.
            byte = line.read_u8() => byte.map(|_| "NO CARRIER".to_owned())?,
            words = self.connect(&number, entry) => words,
        };
        self.in_call.store(self.call.is_some(), Ordering::SeqCst);
        self.is_online = self.call.is_some();
        line.write_all(&self.state.result(&words)).await
    }

    /// What becomes of a call, in the words of the modem.
    async fn connect(&mut self, number: &str, entry: Option<Entry>) -> String {
        let Some(entry) = entry else {
            return "NO CARRIER".to_owned();
        };
        sleep(entry.after).await;
        let meter = match entry.far {
            Far::Says(words) => return words,
            Far::Silent => std::future::pending().await,
            Far::Meter(addr) => addr,
        };
        if !self.state.hayes.book.engage(number) {
            return "BUSY".to_owned();
        }
        let Ok(far) = TcpStream::connect(meter).await else {
            self.state.hayes.book.release(number);
            return "NO CARRIER".to_owned();
        };
        let left = entry.drop_bytes.map(|(least, most)| {
            let spread = usize::try_from(most.saturating_sub(least)).unwrap_or(0);
            least + self.state.random.below(spread + 1) as u64
        });
        self.call = Some(Call {
            number: number.to_owned(),
            far,
            left,
        });
        self.state.note(ModemEvent::Connected(number.to_owned()));
        "CONNECT 9600".to_owned()
    }

    /// Data mode, until an escape or the end of the call.
    async fn online<S: AsyncRead + AsyncWrite + Unpin>(&mut self, line: &mut S) -> io::Result<()> {
        let guard = self.state.hayes.guard;
        let mut escape = Escape {
            heard_at: Instant::now(),
            pluses: 0,
        };
        let (mut from_host, mut from_far) = ([0; 512], [0; 512]);
        while let Some(call) = &mut self.call {
            let awaits_silence = escape.pluses == 3;
            tokio::select! {
                read = line.read(&mut from_host) => {
                    let count = read?;
                    if count == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    let bytes = from_host.get(..count).unwrap_or_default();
                    escape.hear(bytes, guard);
                    // Pluses go to the far end too: only silence after them tells what they were.
                    if call.far.write_all(bytes).await.is_err() {
                        self.lose(line).await?;
                    }
                }
                read = call.far.read(&mut from_far) => {
                    let count = read.unwrap_or(0);
                    let allowed = call.left.map_or(count, |left| count.min(usize::try_from(left).unwrap_or(count)));
                    if let Some(left) = &mut call.left {
                        *left -= allowed as u64;
                    }
                    let drops = count == 0 || call.left == Some(0);
                    line.write_all(from_far.get(..allowed).unwrap_or_default()).await?;
                    if drops {
                        self.lose(line).await?;
                    }
                }
                () = sleep_until(escape.heard_at + guard), if awaits_silence => {
                    self.is_online = false;
                    self.state.note(ModemEvent::Escaped);
                    return line.write_all(&self.state.result("OK")).await;
                }
            }
        }
        Ok(())
    }

    /// The carrier is gone, and the host is told.
    async fn lose<S: AsyncWrite + Unpin>(&mut self, line: &mut S) -> io::Result<()> {
        if let Some(number) = self.drop_call() {
            self.state.note(ModemEvent::CarrierLost(number));
        }
        line.write_all(&self.state.result("NO CARRIER")).await
    }

    /// Ends the call; gives its number.
    fn drop_call(&mut self) -> Option<String> {
        let call = self.call.take()?;
        self.is_online = false;
        self.in_call.store(false, Ordering::SeqCst);
        self.state.hayes.book.release(&call.number);
        Some(call.number)
    }
}

impl Drop for Modem {
    fn drop(&mut self) {
        self.drop_call();
    }
}

impl Escape {
    fn hear(&mut self, bytes: &[u8], guard: std::time::Duration) {
        let silence = self.heard_at.elapsed();
        self.heard_at = Instant::now();
        let only_pluses = bytes.iter().all(|byte| *byte == b'+');
        let goes_on = if self.pluses == 0 {
            silence >= guard
        } else {
            silence < guard
        };
        self.pluses = if only_pluses && goes_on {
            self.pluses + bytes.len()
        } else {
            0
        };
    }
}

/// Comes back when the far end of a call that waits in command mode is heard of: true when it is gone. What it says
/// meanwhile is lost.
async fn carrier_lost(call: Option<&mut Call>) -> bool {
    match call {
        None => std::future::pending().await,
        Some(call) => call.far.read(&mut [0; 512]).await.unwrap_or(0) == 0,
    }
}
