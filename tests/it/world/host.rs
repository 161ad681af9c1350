//! The host of a world: its store and its collector as they are, started and killed at will.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uzel::collect::{self, Collector, Handle};
use uzel::driver::Registry;
use uzel::store::{self, Store};
use uzel::transport::Transport;

use super::{Net, Time};
use system_tests::parts;

/// A database file, and the store that has it open, if any.
#[derive(Clone)]
pub struct Storage {
    path: PathBuf,
    open: Arc<Mutex<Option<Store>>>,
}

impl Storage {
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            open: Arc::default(),
        }
    }

    /// Whether a thread of SQLite has something to do: time stands meanwhile.
    pub fn is_busy(&self) -> impl Fn() -> bool + Send + Sync + 'static {
        let open = self.open.clone();
        move || {
            let open = open.lock().expect("nobody panics while it is held");
            open.as_ref().is_some_and(Store::is_working)
        }
    }

    /// Opens the file as a host does that starts.
    pub async fn open(&self, time: &Time) -> Store {
        let config = store::Config {
            path: self.path.clone(),
        };
        // Connecting is work of a thread that nobody waits for: time must not run away meanwhile.
        tokio::time::resume();
        let store = Store::open(&config).await.expect("the file can be opened");
        tokio::time::pause();
        let store = store.with_clock(time.host_clock());
        *self.open.lock().expect("nobody panics while it is held") = Some(store.clone());
        store
    }
}

/// A host that polls.
pub struct Host {
    pub store: Store,
    pub handle: Handle,
    storage: Storage,
    cancel: CancellationToken,
    collecting: JoinHandle<()>,
}

/// All drivers, compiled once.
fn registry() -> Arc<Registry> {
    static REGISTRY: OnceLock<Arc<Registry>> = OnceLock::new();
    let load = || {
        let registry = Registry::default();
        let refused = registry.load_folder(parts::runtime(), &parts::drivers_folder());
        let refused = refused.expect("the folder of drivers is there");
        assert!(refused.is_empty(), "{refused:?}");
        Arc::new(registry)
    };
    REGISTRY.get_or_init(load).clone()
}

impl Host {
    /// Starts as the program does: what an earlier one left running is ended first. `sessions` at once at most.
    pub async fn start(storage: &Storage, store: Store, net: Arc<Net>, sessions: usize) -> Self {
        let config = collect::Config {
            sessions,
            // Nobody else changes the devices.
            look_s: 300,
            ..collect::Config::default()
        };
        Self::start_with(storage, store, net, config).await
    }

    /// The same, collecting in another way.
    pub async fn start_with(storage: &Storage, store: Store, net: Arc<Net>, config: collect::Config) -> Self {
        store.end_interrupted().await.expect("the store takes it");
        let (handle, board, commands) = Handle::new();
        let transport = Arc::new(Transport::default().with_network(net));
        let collector = Collector::new(store.clone(), registry(), transport, board, config);
        let cancel = CancellationToken::new();
        let collecting = tokio::spawn(collector.run(commands, cancel.clone()));
        Self {
            store,
            handle,
            storage: storage.clone(),
            cancel,
            collecting,
        }
    }

    /// Ends properly: sessions are ended, the file is closed.
    pub async fn stop(self) {
        self.cancel.cancel();
        self.collecting.await.expect("the collector does not panic");
        tokio::time::resume();
        self.store.close().await;
        *self.storage.open.lock().expect("nobody panics while it is held") = None;
    }
}
