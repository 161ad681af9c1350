//! Listens, and lets in as many as may.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use metrics::counter;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use super::caller;
use super::config::ListenerConfig;
use super::greeting::Recipe;
use super::hub::{Counts, Hub};
use crate::limits;

/// Pause after an accept that failed: out of descriptors, trying again at once would only burn the processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Why a listener does not listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The port is taken, or the address is not ours.
    #[error("listener {name} cannot listen on {listen}")]
    Bind {
        /// Which.
        name: String,
        /// As configured.
        listen: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The configuration is not usable.
    #[error("listener {name}: {text}")]
    Config {
        /// Which.
        name: String,
        /// What is wrong.
        text: String,
    },
}

/// One listener at work.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) recipe: Recipe,
    pub(super) counts: Arc<Counts>,
    pub(super) hub: Arc<Hub>,
    /// Connections by source address.
    sources: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place among those that may be open. Free again when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    listener: Arc<Listener>,
    source: IpAddr,
}

/// Opens every listener; their callers are in `hub`. Ends with `cancel`; the tracker knows when all have ended.
///
/// # Errors
/// The first that cannot listen; then none does.
pub fn listen(
    listeners: &[ListenerConfig],
    hub: &Arc<Hub>,
    cancel: &CancellationToken,
) -> Result<TaskTracker, ListenError> {
    let mut bound = Vec::new();
    for config in listeners {
        bound.push(bind(config, hub)?);
    }
    let tasks = TaskTracker::new();
    for (socket, listener) in bound {
        let (name, address) = (&listener.counts.name, listener.counts.address);
        info!(listener = name, %address, "listener {name} takes callers on {address}");
        hub.open(listener.counts.clone());
        tasks.spawn(accept(socket, listener, tasks.clone(), cancel.clone()));
    }
    Ok(tasks)
}

fn bind(config: &ListenerConfig, hub: &Arc<Hub>) -> Result<(TcpListener, Arc<Listener>), ListenError> {
    let name = config.name.clone();
    let recipe = Recipe::new(config).map_err(|text| ListenError::Config {
        name: name.clone(),
        text,
    })?;
    let open = || {
        let socket = if config.listen.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        // A host that starts again must not wait for the connections of the one before.
        socket.set_reuseaddr(true)?;
        socket.bind(config.listen)?;
        let socket = socket.listen(limits::BACKLOG)?;
        let address = socket.local_addr()?;
        Ok((socket, address))
    };
    let (socket, address) = open().map_err(|source| ListenError::Bind {
        name,
        listen: config.listen,
        source,
    })?;
    let listener = Listener {
        recipe,
        counts: Arc::new(Counts::new(config, address)),
        hub: hub.clone(),
        sources: Mutex::default(),
    };
    Ok((socket, Arc::new(listener)))
}

async fn accept(socket: TcpListener, listener: Arc<Listener>, tasks: TaskTracker, cancel: CancellationToken) {
    let mut failed = false;
    loop {
        let accepted = tokio::select! {
            biased;
            () = cancel.cancelled() => return,
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                failed = false;
                admit(&listener, stream, peer.ip().to_canonical(), &tasks, &cancel);
            }
            Err(error) => {
                if !std::mem::replace(&mut failed, true) {
                    warn!(listener = listener.counts.name, %error, "a connection could not be taken");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn admit(listener: &Arc<Listener>, stream: TcpStream, source: IpAddr, tasks: &TaskTracker, cancel: &CancellationToken) {
    let counts = &listener.counts;
    counts.accepted.fetch_add(1, Ordering::Relaxed);
    counter!("uzel_callers_accepted_total", "listener" => counts.name.clone()).increment(1);
    match Listener::place(listener, source) {
        Ok(place) => {
            let (listener, cancel) = (listener.clone(), cancel.clone());
            tasks.spawn(async move {
                caller::serve(&listener, stream, source, &cancel).await;
                drop(place);
            });
        }
        Err(why) => {
            counts.turn_away(why);
            debug!(listener = counts.name, %source, "a connection from {source} was turned away: {why}");
        }
    }
}

impl Listener {
    fn place(listener: &Arc<Self>, source: IpAddr) -> Result<Place, &'static str> {
        let config = listener.recipe.config();
        let open = usize::try_from(listener.counts.open.load(Ordering::Relaxed)).unwrap_or(usize::MAX);
        if open >= config.connections {
            return Err("connections");
        }
        let mut sources = listener.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let count = sources.entry(source).or_default();
        if *count >= config.connections_per_address {
            return Err("connections_per_address");
        }
        *count += 1;
        drop(sources);
        listener.counts.open.fetch_add(1, Ordering::Relaxed);
        Ok(Place {
            listener: listener.clone(),
            source,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut sources = self.listener.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = sources.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                sources.remove(&self.source);
            }
        }
        self.listener.counts.open.fetch_sub(1, Ordering::Relaxed);
    }
}
