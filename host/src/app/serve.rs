//! `uzel serve`: every part of a running host, from the start to a signal that ends it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{load, make_data_folder, open_store, park as park_of, transport};
use crate::api::{
    self, Access, ApiError, ApiState, Certificate, DriverCatalog, DriverEntry, HostFacts, InEffect, Waiting,
    WebhookTimes,
};
use crate::cli::account::{self, FIRST};
use crate::cli::args::{ConfigFile, ServeArgs};
use crate::collect::{Callers, CallersHandle, Collector, Handle};
use crate::config::{self, Config, ConfigError};
use crate::driver::{Cache, Driver, Registry, Runtime};
use crate::model::Figures;
use crate::ops;
use crate::park;
use crate::store::copy::Backups;
use crate::store::{HostLock, Store};
use crate::transport::incoming::{Hub, listen};

/// How long running sessions may take to end when the host stops.
const STOP: Duration = Duration::from_secs(10);

/// Serves until a signal says stop.
/// The store writes in `writing`.
pub(super) async fn serve(args: &ServeArgs, writing: &tokio::runtime::Handle) -> anyhow::Result<()> {
    let file = &args.config_file;
    let mut config = load(file)?;
    if args.without_accounts && !config.http.listen.ip().is_loopback() {
        let listen = config.http.listen;
        return Err(ApiError::NoAccounts { listen }.into());
    }
    let certificate = config.http.tls.as_ref().map(Certificate::load).transpose()?;
    ops::log::init();
    // From here on a hang-up is a request and not the end.
    let mut hang_up = signal(SignalKind::hangup()).context("listen for SIGHUP")?;
    let metrics = ops::metrics::init()?;
    let (registry, runtime) = cached_drivers(&config).await?;
    make_data_folder(&config)?;
    // Kept to the end: two hosts would poll the same lines and end each other's sessions.
    let _lock = HostLock::take(&config.store.path)?;
    let store = {
        let (writing, config) = (writing.clone(), config.clone());
        tokio::task::spawn_blocking(move || writing.block_on(open_store(&config))).await??
    };
    end_interrupted(&store).await?;
    let park = Arc::new(park_of(&config, &store, &runtime, registry.clone())?);
    park.take_folder().await.context("the drivers of the folder")?;
    let listener = config.http.bind().await?;
    let address = listener.local_addr().context("the address of the listener")?;
    let (handle, board, commands) = Handle::new();
    let cancel = CancellationToken::new();
    let (hub, callers, listing) = take_calls(&config, &store, &handle, &cancel).await?;
    let transport = Arc::new(transport(&config)?.with_callers(hub));
    let collector = Collector::new(
        store.clone(),
        registry.clone(),
        transport.clone(),
        board,
        config.polling.clone(),
    );
    let collecting = tokio::spawn(collector.run(commands, cancel.clone()));
    let (retention, retained) = watch::channel(config.retention);
    let keeping = tokio::spawn(ops::keeper::keep(store.clone(), retained, cancel.clone()));
    let turns = handle.clone();
    let watching = tokio::spawn(ops::service::watchdog(move || turns.turns(), cancel.clone()));
    let supervising = tokio::spawn(park::supervise(park.clone(), handle.subscribe(), cancel.clone()));
    let watched = config.drivers.watch.clone();
    let building = watched.map(|folder| tokio::spawn(park::watch(park.clone(), folder, cancel.clone())));
    let access = access(args, &config, &store).await?;
    let figures = Figures::default();
    let (render, noted) = (metrics.clone(), figures.clone());
    let looking = tokio::spawn(ops::figures::watch(move || render.render(), noted, cancel.clone()));
    let (effect, in_effect) = watch::channel(Arc::new(told(file, &config, Vec::new())));
    let facts = HostFacts {
        config: Some(in_effect),
        backups: Some(Backups::new(store.clone(), backup_folder(&config))),
        figures,
    };
    let catalog = Arc::new(Catalog(registry));
    let state = ApiState::new(store.clone(), handle.clone(), catalog, Some(metrics), cancel.clone())
        .with_callers(callers)
        .with_tiles(config.http.tiles.clone())
        .with_park(park)
        .with_facts(facts)
        .with_webhooks(config.webhooks.clone())
        .with_access(access)
        .with_provider(config.http.oidc.clone())?;
    let telling = api::tell_webhooks(
        state.clone(),
        config.webhooks.clone(),
        WebhookTimes::default(),
        cancel.clone(),
    );
    let telling = tokio::spawn(telling);
    let renewing = certificate
        .clone()
        .map(|certificate| tokio::spawn(certificate.watch(cancel.clone())));
    let router = api::router(state);
    let mut serving = tokio::spawn(api::serve(listener, router, certificate.clone(), cancel.clone()));
    let scheme = if certificate.is_some() { "https" } else { "http" };
    let status = format!("serving {scheme}://{address}/");
    if args.without_accounts {
        warn!(%address, "{status}, without accounts: whoever is on this machine may do everything");
    } else {
        info!(%address, "{status}");
    }
    ops::service::ready(&status);
    let stop = stop_signal();
    tokio::pin!(stop);
    let ended = loop {
        tokio::select! {
            signal = &mut stop => break signal,
            served = &mut serving => break served.context("the API ended")?.map_err(Into::into),
            _ = hang_up.recv() => {
                ops::service::reloading();
                reload(file, &mut config, &handle, &retention, &effect).await;
                if let Some(Err(error)) = certificate.as_ref().map(Certificate::reload) {
                    error!(%error, "the certificate cannot be used: the old one stays");
                }
                ops::service::ready(&status);
            }
        }
    };
    info!("stopping");
    ops::service::stopping();
    cancel.cancel();
    if tokio::time::timeout(STOP, collecting).await.is_err() {
        warn!("sessions did not end within {} s", STOP.as_secs());
    }
    if tokio::time::timeout(STOP, listing).await.is_err() {
        warn!("callers were not written down within {} s", STOP.as_secs());
    }
    if tokio::time::timeout(STOP, transport.modems().hung_up()).await.is_err() {
        warn!("modems were not hung up within {} s", STOP.as_secs());
    }
    if !serving.is_finished() && tokio::time::timeout(STOP, serving).await.is_err() {
        warn!("answers did not end within {} s", STOP.as_secs());
    }
    // All end with the token.
    let _ = tokio::join!(keeping, watching, supervising, looking, telling);
    if let Some(renewing) = renewing {
        let _ = renewing.await;
    }
    if let Some(building) = building
        && tokio::time::timeout(STOP, building).await.is_err()
    {
        warn!("what was built is not tried to its end");
    }
    store.close().await;
    info!("stopped");
    ended
}

/// The drivers of the configured folder, from compiled code where there is some.
async fn cached_drivers(config: &Config) -> anyhow::Result<(Arc<Registry>, Runtime)> {
    let runtime = Runtime::new(Some(Cache::open(&config.drivers.cache)?))?;
    let folder = &config.drivers.folder;
    if !Path::new(folder).is_dir() {
        bail!(
            "driver folder {} is not there: make it, or name another under drivers.folder",
            folder.display()
        );
    }
    let registry = {
        let (runtime, folder) = (runtime.clone(), folder.clone());
        let load = move || {
            let registry = Registry::default();
            registry.load_folder(&runtime, &folder).map(|_| registry)
        };
        Arc::new(tokio::task::spawn_blocking(load).await??)
    };
    if registry.list().is_empty() {
        warn!("no driver is loaded from {}: nothing can be read", folder.display());
    }
    Ok((registry, runtime))
}

/// Who may ask. A store without accounts gets its first one; the secret of that is told here and nowhere else.
async fn access(args: &ServeArgs, config: &Config, store: &Store) -> anyhow::Result<Access> {
    let access = Access::without_accounts().reached_as(&config.http);
    if args.without_accounts {
        return Ok(access);
    }
    if !store.has_accounts().await? {
        let secret = account::first(store).await?;
        let mut out = std::io::stdout();
        writeln!(
            out,
            "There were no accounts: sign in as {FIRST} with the one-time secret {secret} and choose a password.\n\
             It holds for three days; `uzel account reset {FIRST}` makes another."
        )?;
        out.flush()?;
    }
    Ok(access.with_accounts())
}

async fn end_interrupted(store: &Store) -> anyhow::Result<()> {
    let interrupted = store.end_interrupted().await?;
    if interrupted > 0 {
        warn!(
            sessions = interrupted,
            "{interrupted} sessions were cut when the host ended"
        );
    }
    Ok(())
}

/// Reads the configuration anew. What a running host can take over it takes over; the rest is named and waits for the
/// next start. A file with faults changes nothing.
async fn reload(
    file: &ConfigFile,
    config: &mut Config,
    handle: &Handle,
    retention: &watch::Sender<ops::keeper::Config>,
    effect: &watch::Sender<Arc<InEffect>>,
) {
    let read = match config::load(file.config.as_deref()) {
        Ok(read) => read,
        Err(ConfigError::Faults { file, faults }) => {
            for fault in &faults {
                error!("configuration {}: {fault}", file.display());
            }
            error!(faults = faults.len(), "the configuration has faults: the old one stays");
            return;
        }
        Err(error) => {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            error!(%error, source, "the configuration cannot be read: the old one stays");
            return;
        }
    };
    let changes = config::changes(config, &read);
    for change in &changes {
        let config::Change { key, before, after, .. } = change;
        if change.is_live {
            info!("configuration: {key} is {after} now, was {before}");
        } else {
            warn!("configuration: {key} is {after}, which the next start takes over; until then {before} holds");
        }
    }
    // What waits for the next start is compared with what runs each time, so that it is named until then.
    config.polling = read.polling;
    config.retention = read.retention;
    if handle.configure(config.polling.clone()).await.is_err() {
        error!("the collector has ended and takes over no configuration");
    }
    retention.send_replace(config.retention);
    let waiting = changes.iter().filter(|change| !change.is_live);
    let waiting = waiting.map(|change| Waiting {
        after: config::mask(&change.key, &change.after),
        key: change.key.clone(),
    });
    effect.send_replace(Arc::new(told(file, config, waiting.collect())));
    info!(changes = changes.len(), "the configuration was read anew");
}

/// The configuration as people may see it.
fn told(file: &ConfigFile, config: &Config, waiting: Vec<Waiting>) -> InEffect {
    let retention = config.retention;
    InEffect {
        file: file.config.as_ref().map(|file| file.display().to_string()),
        keys: config::shown_keys(config),
        waiting,
        retention: (retention.traces_days, retention.sessions_days, retention.hour),
        sessions: config.polling.sessions,
    }
}

/// Where copies of the store are made: beside it unless the configuration says otherwise.
fn backup_folder(config: &Config) -> PathBuf {
    let beside = || config.store.path.with_file_name("backups");
    config.backup.folder.clone().unwrap_or_else(beside)
}

/// Lets modems call: who is connected, the way to them, and the task that keeps the list of them.
async fn take_calls(
    config: &Config,
    store: &Store,
    handle: &Handle,
    cancel: &CancellationToken,
) -> anyhow::Result<(Arc<Hub>, CallersHandle, JoinHandle<()>)> {
    let most: usize = config.listeners.iter().map(|listener| listener.connections).sum();
    ops::files::raise_limit(u64::try_from(most.saturating_add(config.polling.sessions)).unwrap_or(u64::MAX));
    let hub = Arc::new(Hub::default());
    let callers = CallersHandle::new(hub.clone());
    let mut keeper = Callers::new(store.clone(), callers.clone(), handle.clone());
    keeper.look().await;
    let connections = listen(&config.listeners, &hub, cancel)?;
    let keeping = tokio::spawn(keeper.run(connections, cancel.clone()));
    Ok((hub, callers, keeping))
}

/// The registry as the API sees it.
struct Catalog(Arc<Registry>);

impl DriverCatalog for Catalog {
    fn list(&self) -> Vec<DriverEntry> {
        let entry = |driver: Arc<Driver>| DriverEntry {
            describe: driver.describe.clone(),
            digest: driver.digest.to_string(),
            size_bytes: u64::try_from(driver.size_bytes).unwrap_or(u64::MAX),
            interfaces: driver.interfaces().iter().map(ToString::to_string).collect(),
            file: driver.file.display().to_string(),
            loaded_at: driver.loaded_at,
        };
        self.0.list().into_iter().map(entry).collect()
    }
}

/// Waits for Ctrl-C or a request to end.
async fn stop_signal() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    tokio::select! {
        done = tokio::signal::ctrl_c() => done.context("listen for Ctrl-C"),
        _ = terminate.recv() => Ok(()),
    }
}
