//! Keeps the list of callers: what listeners see goes into the store, what people decide goes to the listeners. Tells the
//! collector of those that came back.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, warn};

use super::handle::Handle;
use crate::limits;
use crate::model::CallerSeen;
use crate::session::{Hub, ListenerCounts};
use crate::store::Store;

/// How often the decisions are looked for that another program, such as `uzel caller refuse`, wrote.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long what was seen gathers before it is written: after a restart thousands call at once.
const GATHER: Duration = Duration::from_millis(200);

/// How long connections may take to end with the host.
const GOODBYE: Duration = Duration::from_secs(2);

/// The keeper of the list.
pub struct Callers {
    store: Store,
    handle: CallersHandle,
    collector: Handle,
    revision: Option<i64>,
}

/// The way from outside to the callers that are connected. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct CallersHandle {
    hub: Arc<Hub>,
    decided: Arc<Notify>,
}

impl CallersHandle {
    /// Of the callers of `hub`.
    pub fn new(hub: Arc<Hub>) -> Self {
        Self {
            hub,
            decided: Arc::default(),
        }
    }

    /// The listeners, in the order of the configuration.
    pub fn listeners(&self) -> Vec<Arc<ListenerCounts>> {
        self.hub.listeners()
    }

    /// Whether the caller of `LISTENER/IDENTITY` is connected.
    pub fn is_connected(&self, address: &str) -> bool {
        self.hub.is_connected(address)
    }

    /// Somebody decided about a caller: the listeners are told at once.
    pub fn decided(&self) {
        self.decided.notify_one();
    }
}

impl Callers {
    /// A keeper that has not begun.
    pub fn new(store: Store, handle: CallersHandle, collector: Handle) -> Self {
        Self {
            store,
            handle,
            collector,
            revision: None,
        }
    }

    /// Tells the listeners what is known. Called before they open, so that nobody who was refused gets in.
    pub async fn look(&mut self) {
        let known = match self.store.callers_revision().await {
            Ok(revision) if self.revision == Some(revision) => return,
            Ok(revision) => self.store.callers_known().await.map(|known| (revision, known)),
            Err(error) => Err(error),
        };
        match known {
            Ok((revision, known)) => {
                self.handle.hub.set_known(known);
                self.revision = Some(revision);
            }
            Err(error) => error!(%error, "what is known of callers could not be read"),
        }
    }

    /// Keeps the list until `cancel`; then waits for the goodbyes of `connections`.
    pub async fn run(mut self, connections: TaskTracker, cancel: CancellationToken) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => break,
                () = self.handle.decided.notified() => self.look().await,
                _ = look.tick() => self.look().await,
                () = self.handle.hub.has_news() => {
                    tokio::time::sleep(GATHER).await;
                    self.write().await;
                }
            }
        }
        connections.close();
        if tokio::time::timeout(GOODBYE, connections.wait()).await.is_err() {
            warn!("connections of callers did not end within {} s", GOODBYE.as_secs());
        }
        self.write().await;
    }

    async fn write(&self) {
        let mut news = self.handle.hub.take_news();
        let came = news.iter().filter(|seen| seen.connects > 0 && seen.fault.is_none());
        let came: HashSet<String> = came.map(CallerSeen::address).collect();
        if !came.is_empty() {
            // A collector that has ended reads nobody any more.
            let _ = self.collector.came_back(came).await;
        }
        while !news.is_empty() {
            let rest = news.split_off(news.len().min(limits::CALLERS_A_WRITE));
            let seen: Vec<CallerSeen> = std::mem::replace(&mut news, rest);
            let count = seen.len();
            if let Err(error) = self.store.saw_callers(seen).await {
                // Their next connection is written; what is lost is a count.
                error!(%error, callers = count, "what was seen of {count} callers could not be kept");
            }
        }
    }
}
