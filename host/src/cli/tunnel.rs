//! `uzel tunnel`: a port behind which a device of the running host answers, for the maker's own program.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep};

use super::args::TunnelArgs;

/// Between two looks at who is connected.
const LOOK: Duration = Duration::from_millis(500);

/// Longest answer of the host.
const ANSWER: Duration = Duration::from_secs(20);

/// How long a tunnel may take to close: its line is given back, a modem hangs up.
const CLOSE: Duration = Duration::from_secs(60);

/// Why there was no tunnel, or why it ended badly.
#[derive(Debug, thiserror::Error)]
pub enum TunnelError {
    /// The host does not answer.
    #[error("{url}: the host does not answer: is it running?")]
    NoHost {
        /// What was asked.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The host refuses.
    #[error("{url}: {text}")]
    Refused {
        /// What was asked.
        url: String,
        /// In its words.
        text: String,
    },
    /// The host says something else than expected.
    #[error("{url}: the answer is not that of a host of this version")]
    Answer {
        /// What was asked.
        url: String,
        /// Why.
        source: serde_json::Error,
    },
    /// There is no such device.
    #[error("there is no device {0:?}")]
    NoDevice(String),
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
struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Device {
    id: i64,
    name: String,
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

#[derive(Debug, Deserialize)]
struct Problem {
    title: String,
    detail: Option<String>,
}

/// The API of a running host.
struct Api {
    client: reqwest::Client,
    base: String,
}

impl Api {
    /// Sends a request below `/api/v1`. None: there is no such thing.
    async fn send(
        &self,
        method: reqwest::Method,
        path: &str,
        change: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Result<Option<Vec<u8>>, TunnelError> {
        let url = format!("{}/api/v1{path}", self.base);
        let no_host = |source| TunnelError::NoHost {
            url: url.clone(),
            source,
        };
        let request = change(self.client.request(method, &url));
        let answer = request.send().await.map_err(no_host)?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(no_host)?.to_vec();
        if status == reqwest::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if status.is_success() {
            return Ok(Some(body));
        }
        let problem: Option<Problem> = serde_json::from_slice(&body).ok();
        let text = problem.map_or_else(|| status.to_string(), |told| told.detail.unwrap_or(told.title));
        Err(TunnelError::Refused { url, text })
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<Option<T>, TunnelError> {
        let body = self
            .send(reqwest::Method::GET, path, |request| request.query(query))
            .await?;
        body.map(|body| self.read(path, &body)).transpose()
    }

    fn read<T: DeserializeOwned>(&self, path: &str, body: &[u8]) -> Result<T, TunnelError> {
        serde_json::from_slice(body).map_err(|source| TunnelError::Answer {
            url: format!("{}/api/v1{path}", self.base),
            source,
        })
    }

    /// The device of this name, or else of this number.
    async fn device(&self, name: &str) -> Result<Device, TunnelError> {
        let mut after = String::new();
        loop {
            let mut query = vec![("q", name), ("limit", "1000")];
            query.extend((!after.is_empty()).then_some(("after", after.as_str())));
            let page: Option<Page<Device>> = self.get("/devices", &query).await?;
            let Some(page) = page else { break };
            if let Some(device) = page.items.into_iter().find(|device| device.name == name) {
                return Ok(device);
            }
            let Some(next) = page.next else { break };
            after = next;
        }
        let none = || TunnelError::NoDevice(name.to_owned());
        let id: i64 = name.parse().map_err(|_| none())?;
        self.get(&format!("/devices/{id}"), &[]).await?.ok_or_else(none)
    }

    /// The newest session of a device.
    async fn newest(&self, device: i64) -> Result<Option<Session>, TunnelError> {
        let id = device.to_string();
        let page: Option<Page<Session>> = self.get("/sessions", &[("device", &id), ("limit", "1")]).await?;
        Ok(page.and_then(|page| page.items.into_iter().next()))
    }
}

/// Opens a tunnel, says who uses it, closes it when it is interrupted; comes back when it is closed. `host` is where the
/// API of the running host listens.
pub async fn run(args: &TunnelArgs, host: SocketAddr, out: &mut (dyn Write + Send)) -> Result<(), TunnelError> {
    // From here on an interrupt closes the tunnel instead of leaving it behind.
    let mut interrupts = Interrupts::new()?;
    let base = args.host.clone().unwrap_or_else(|| format!("http://{host}"));
    let base = base.trim_end_matches('/').to_owned();
    // The host is on this machine: no proxy is between.
    let client = reqwest::Client::builder().no_proxy().timeout(ANSWER).build();
    let client = client.map_err(|source| TunnelError::NoHost {
        url: base.clone(),
        source,
    })?;
    let api = Api { client, base };
    let device = api.device(&args.device).await?;
    let before = api.newest(device.id).await?.map_or(0, |session| session.id);
    let path = format!("/devices/{}/tunnel", device.id);
    let body = json!({"minutes": args.minutes, "listen": args.listen}).to_string();
    let opened = api
        .send(reqwest::Method::POST, &path, |request| {
            request.header("content-type", "application/json").body(body)
        })
        .await?
        .ok_or_else(|| TunnelError::NoDevice(args.device.clone()))?;
    let opened: Opened = api.read(&path, &opened)?;
    writeln!(
        out,
        "{}: connect to {}, {} minutes; Ctrl-C closes the tunnel",
        device.name, opened.address, args.minutes
    )?;
    out.flush()?;
    watch(&api, &path, &mut interrupts, out).await?;
    let session = api.newest(device.id).await?;
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
