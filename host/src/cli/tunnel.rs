//! `uzel tunnel`: a port behind which a device of the running host answers, for the maker's own program.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep};

use super::api::{Api, HostError, Page};
use super::args::TunnelArgs;

/// Between two looks at who is connected.
const LOOK: Duration = Duration::from_millis(500);

/// How long a tunnel may take to close: its line is given back, a modem hangs up.
const CLOSE: Duration = Duration::from_secs(60);

/// Why there was no tunnel, or why it ended badly.
#[derive(Debug, thiserror::Error)]
pub enum TunnelError {
    /// The running host did not do it.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The session ended before its time.
    #[error("the tunnel ended: {outcome}: {detail}")]
    Ended {
        /// Its word.
        outcome: String,
        /// What exactly was wrong.
        detail: String,
    },
    /// It does not close.
    #[error("the tunnel did not close within {} s", CLOSE.as_secs())]
    Open,
    /// The state could not be printed.
    #[error("the output could not be written")]
    Write(#[from] io::Error),
}

#[derive(Debug, Deserialize)]
struct Opened {
    address: String,
}

#[derive(Debug, Deserialize)]
struct State {
    is_open: bool,
    connections: Vec<Connection>,
}

#[derive(Debug, Deserialize)]
struct Connection {
    number: u64,
    from: String,
    bytes_sent: u64,
    bytes_received: u64,
    is_over: bool,
}

#[derive(Debug, Deserialize)]
struct Session {
    id: i64,
    reason: String,
    outcome: Option<String>,
    detail: Option<String>,
    bytes_sent: u64,
    bytes_received: u64,
    /// Only where one session is asked for.
    #[serde(default)]
    on_line_s: u64,
}

/// The newest session of a device.
async fn newest(api: &Api, device: i64) -> Result<Option<Session>, TunnelError> {
    let id = device.to_string();
    let page: Option<Page<Session>> = api.get("/sessions", &[("device", &id), ("limit", "1")]).await?;
    Ok(page.and_then(|page| page.items.into_iter().next()))
}

/// Opens a tunnel, says who uses it, closes it when it is interrupted; comes back when it is closed. `host` is where the
/// API of the running host listens.
pub async fn run(args: &TunnelArgs, host: SocketAddr, out: &mut (dyn Write + Send)) -> Result<(), TunnelError> {
    // From here on an interrupt closes the tunnel instead of leaving it behind.
    let mut interrupts = Interrupts::new()?;
    let api = Api::new(args.host.as_deref(), host)?;
    let device = api.device(&args.device).await?;
    let before = newest(&api, device.id).await?.map_or(0, |session| session.id);
    let path = format!("/devices/{}/tunnel", device.id);
    let body = json!({"minutes": args.minutes, "listen": args.listen});
    let opened: Option<Opened> = api.post(&path, &body).await?;
    let opened = opened.ok_or_else(|| HostError::NoDevice(args.device.clone()))?;
    writeln!(
        out,
        "{}: connect to {}, {} minutes; Ctrl-C closes the tunnel",
        device.name, opened.address, args.minutes
    )?;
    out.flush()?;
    watch(&api, &path, &mut interrupts, out).await?;
    let session = newest(&api, device.id).await?;
    ended(
        &api,
        session.filter(|session| session.id > before && session.reason == "tunnel"),
        out,
    )
    .await
}

/// Ctrl-C, or a request to end.
struct Interrupts(Signal, Signal);

impl Interrupts {
    fn new() -> io::Result<Self> {
        Ok(Self(signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
    }

    async fn come(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

/// Tells what happens until the tunnel is closed.
async fn watch(
    api: &Api,
    path: &str,
    interrupts: &mut Interrupts,
    out: &mut (dyn Write + Send),
) -> Result<(), TunnelError> {
    let mut shown = Shown::default();
    let mut closes_until: Option<Instant> = None;
    loop {
        let Some(state) = api.get::<State>(path, &[]).await? else {
            return Ok(());
        };
        shown.tell(&state, out)?;
        if closes_until.is_some_and(|until| Instant::now() >= until) {
            return Err(TunnelError::Open);
        }
        tokio::select! {
            () = interrupts.come(), if closes_until.is_none() => {
                writeln!(out, "closing")?;
                out.flush()?;
                api.send(reqwest::Method::DELETE, path, |request| request).await?;
                closes_until = Some(Instant::now() + CLOSE);
            }
            () = sleep(LOOK) => {}
        }
    }
}

/// What was told of a tunnel.
#[derive(Debug, Default)]
struct Shown {
    looked: bool,
    open: bool,
    connected: u64,
    over: u64,
}

impl Shown {
    fn tell(&mut self, state: &State, out: &mut (dyn Write + Send)) -> io::Result<()> {
        if state.is_open && !self.open {
            self.open = true;
            writeln!(out, "the line is open")?;
        } else if !state.is_open && !self.looked {
            writeln!(out, "waiting for the line")?;
        }
        self.looked = true;
        for connection in &state.connections {
            if connection.number > self.connected {
                self.connected = connection.number;
                writeln!(out, "connected: {}", connection.from)?;
            }
            if connection.is_over && connection.number > self.over {
                self.over = connection.number;
                writeln!(
                    out,
                    "disconnected: {}, {} bytes to the device, {} from it",
                    connection.from, connection.bytes_sent, connection.bytes_received
                )?;
            }
        }
        out.flush()
    }
}

/// Tells how the session went that the tunnel was.
async fn ended(api: &Api, session: Option<Session>, out: &mut (dyn Write + Send)) -> Result<(), TunnelError> {
    let Some(brief) = session else {
        writeln!(out, "closed before its line was free")?;
        return Ok(());
    };
    let whole: Option<Session> = api.get(&format!("/sessions/{}", brief.id), &[]).await?;
    let session = whole.unwrap_or(brief);
    let outcome = session.outcome.unwrap_or_default();
    if !matches!(outcome.as_str(), "complete" | "cancelled") {
        let detail = session.detail.unwrap_or_default();
        return Err(TunnelError::Ended { outcome, detail });
    }
    let call = match session.on_line_s {
        0 => String::new(),
        seconds => format!(", {seconds} s of a call"),
    };
    writeln!(
        out,
        "closed: {} bytes to the device, {} from it{call}; session {}",
        session.bytes_sent, session.bytes_received, session.id
    )?;
    Ok(())
}
