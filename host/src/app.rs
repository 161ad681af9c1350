//! Builds every part and wires them; nothing else knows everyone.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{CommandFactory as _, Parser as _};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::api::{self, ApiState, DriverCatalog, DriverEntry};
use crate::cli::args::{
    Arguments, CallerCommand, Command, ConfigFile, DeviceCommand, DriverCommand, GroupCommand, KeyCommand, ReplayArgs,
};
use crate::cli::{caller, device, driver, import, keeping, key, read, replay, vendor};
use crate::collect::{Callers, CallersHandle, Collector, Handle};
use crate::config::{self, Config, ConfigError};
use crate::driver::{Cache, Driver, Registry, Runtime};
use crate::model::CallerState;
use crate::ops;
use crate::session::{Modems, Transport};
use crate::store::{GroupInfo, HostLock, NewGroup, Store};
use crate::transport::incoming::{Hub, listen};

/// How long running sessions may take to end when the host stops.
const STOP: Duration = Duration::from_secs(10);

/// Does what the arguments say. Gives the exit code.
pub fn run() -> anyhow::Result<u8> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start the runtime")?;
    let code = runtime.block_on(command(arguments.command));
    // A read of a terminal or a name look-up may never come back: it must not hold the end up.
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

async fn command(command: Command) -> anyhow::Result<u8> {
    let mut out = std::io::stdout();
    match command {
        Command::Serve(file) => serve(&file).await?,
        Command::Read(args) => {
            let transport = Arc::new(transport(&config::load(args.config.as_deref())?)?);
            return Ok(read::read(*args, transport, &mut out).await?);
        }
        Command::Replay(args) | Command::Driver(DriverCommand::Replay(args)) => return replay_one(*args).await,
        Command::Import(args) => {
            let config = load(&args.config_file)?;
            let store = open_store(&config).await?;
            let done = import::import(&args, &config.import, &store, &mut out).await;
            store.close().await;
            done?;
        }
        Command::Key(KeyCommand::New { file }) => key::new(&file, &mut out)?,
        Command::Device(command) => devices(command).await?,
        Command::Caller(command) => callers(command).await?,
        Command::Group(command) => groups(command).await?,
        Command::Driver(DriverCommand::Inspect { file, json }) => driver::inspect(&file, json, &mut out)?,
        Command::Driver(DriverCommand::Vendor(command)) => return Ok(vendor::run(command, &mut out).await?),
        Command::Driver(DriverCommand::List { config, model }) => {
            let (registry, _) = drivers(&load(&config)?, None)?;
            let mut any = false;
            for loaded in registry.list() {
                any |= driver::models(&loaded.describe, model.as_deref().unwrap_or_default(), &mut out)?;
            }
            if !any {
                bail!("no driver knows such a model");
            }
        }
        Command::Check { file, effective } => {
            let config = load(&file)?;
            let (_, refused) = drivers(&config, None)?;
            if let Some(first) = refused.into_iter().next() {
                return Err(first.into());
            }
            if effective {
                write!(out, "{}", toml::to_string(&config)?)?;
            }
        }
        Command::Backup { file, force, config } => {
            keeping::backup(&load(&config)?.store.path, &file, force, &mut out).await?;
        }
        Command::Restore { file, config } => {
            let config = load(&config)?;
            make_data_folder(&config)?;
            keeping::restore(&file, &config.store.path, &mut out).await?;
        }
        Command::Vacuum { config } => keeping::vacuum(&load(&config)?.store.path, &mut out).await?,
        Command::Openapi => writeln!(out, "{}", api::openapi().to_pretty_json()?)?,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "uzel", &mut out);
        }
    }
    Ok(0)
}

fn load(file: &ConfigFile) -> anyhow::Result<Config> {
    Ok(config::load(file.config.as_deref())?)
}

/// The drivers of the configured folder, and those that were refused.
fn drivers(
    config: &Config,
    cache: Option<Cache>,
) -> anyhow::Result<(Arc<Registry>, Vec<crate::driver::RegistryError>)> {
    let runtime = Runtime::new(cache)?;
    let registry = Arc::new(Registry::default());
    let refused = registry.load_folder(&runtime, &config.drivers.folder)?;
    Ok((registry, refused))
}

/// What opens the lines.
fn transport(config: &Config) -> anyhow::Result<Transport> {
    Ok(Transport::default().with_modems(Modems::new(&config.modems)?))
}

async fn open_store(config: &Config) -> anyhow::Result<Store> {
    make_data_folder(config)?;
    Ok(Store::open(&config.store).await?)
}

fn make_data_folder(config: &Config) -> anyhow::Result<()> {
    if let Some(folder) = config
        .store
        .path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).with_context(|| format!("data folder {}", folder.display()))?;
    }
    Ok(())
}

fn descriptions(registry: &Registry) -> device::Drivers {
    registry
        .list()
        .into_iter()
        .map(|driver| (driver.describe.id.clone(), driver.describe.clone()))
        .collect()
}

/// `uzel replay`: the store is opened only for a session that is in it.
async fn replay_one(args: ReplayArgs) -> anyhow::Result<u8> {
    let store = match args.session {
        Some(_) => Some(open_store(&load(&args.config_file)?).await?),
        None => None,
    };
    let done = replay::run(args, store.as_ref(), &mut std::io::stdout()).await;
    if let Some(store) = store {
        store.close().await;
    }
    Ok(done?)
}

async fn devices(command: DeviceCommand) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    match command {
        DeviceCommand::Add(args) => {
            let config = load(&args.config_file)?;
            let (registry, _) = drivers(&config, None)?;
            let new = device::from_args(&args, &descriptions(&registry))?;
            let store = open_store(&config).await?;
            let imported = store.add_device(&new).await?;
            device::print_imported(&[imported], &mut out)?;
            store.close().await;
        }
        DeviceCommand::Import { file, config, dry_run } => {
            let config = load(&config)?;
            let (registry, _) = drivers(&config, None)?;
            let new = device::read_file(&file, &descriptions(&registry))?;
            if dry_run {
                writeln!(out, "{} devices, no faults; nothing was stored", new.len())?;
                return Ok(());
            }
            let store = open_store(&config).await?;
            let imported = store.import(new).await?;
            device::print_imported(&imported, &mut out)?;
            store.close().await;
        }
        DeviceCommand::List { config } => {
            let store = open_store(&load(&config)?).await?;
            device::list(&store, &mut out).await?;
            store.close().await;
        }
    }
    Ok(())
}

async fn callers(command: CallerCommand) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    let (config, change) = match command {
        CallerCommand::List { config, state } => {
            let store = open_store(&load(&config)?).await?;
            caller::list(&store, state, &mut out).await?;
            store.close().await;
            return Ok(());
        }
        CallerCommand::Approve(args) => (args.config, (args.caller, CallerState::Approved)),
        CallerCommand::Refuse(args) => (args.config, (args.caller, CallerState::Refused)),
    };
    let store = open_store(&load(&config)?).await?;
    caller::decide(&store, &change.0, change.1, &mut out).await?;
    store.close().await;
    Ok(())
}

async fn groups(command: GroupCommand) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    match command {
        GroupCommand::Set {
            name,
            schedule,
            sessions,
            config,
        } => {
            let store = open_store(&load(&config)?).await?;
            let group = NewGroup {
                name,
                schedule,
                sessions,
            };
            store.put_group(group).await?;
            store.close().await;
        }
        GroupCommand::List { config } => {
            let store = open_store(&load(&config)?).await?;
            for GroupInfo { group, devices } in store.groups().await? {
                let most = group
                    .sessions
                    .map_or_else(String::new, |most| format!("\tat most {most} at once"));
                writeln!(out, "{}\t{devices} devices\t{}{most}", group.name, group.schedule)?;
            }
            store.close().await;
        }
    }
    Ok(())
}

/// `uzel serve`: until a signal says stop.
async fn serve(file: &ConfigFile) -> anyhow::Result<()> {
    let mut config = load(file)?;
    ops::log::init();
    // From here on a hang-up is a request and not the end.
    let mut hang_up = signal(SignalKind::hangup()).context("listen for SIGHUP")?;
    let metrics = ops::metrics::init()?;
    let registry = cached_drivers(&config).await?;
    make_data_folder(&config)?;
    // Kept to the end: two hosts would poll the same lines and end each other's sessions.
    let _lock = HostLock::take(&config.store.path)?;
    let store = open_store(&config).await?;
    end_interrupted(&store).await?;
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
    let catalog = Arc::new(Catalog(registry));
    let state =
        ApiState::new(store.clone(), handle.clone(), catalog, Some(metrics), cancel.clone()).with_callers(callers);
    let mut serving = tokio::spawn(api::serve(listener, api::router(state), cancel.clone()));
    info!(%address, "serving http://{address}/, to this machine only: there are no accounts yet");
    let status = format!("serving http://{address}/");
    ops::service::ready(&status);
    let stop = stop_signal();
    tokio::pin!(stop);
    let ended = loop {
        tokio::select! {
            signal = &mut stop => break signal,
            served = &mut serving => break served.context("the API ended")?.map_err(Into::into),
            _ = hang_up.recv() => {
                ops::service::reloading();
                reload(file, &mut config, &handle, &retention).await;
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
    // Both end with the token.
    let _ = tokio::join!(keeping, watching);
    store.close().await;
    info!("stopped");
    ended
}

/// The drivers of the configured folder, from compiled code where there is some.
async fn cached_drivers(config: &Config) -> anyhow::Result<Arc<Registry>> {
    let cache = Cache::open(&config.drivers.cache)?;
    let folder = &config.drivers.folder;
    if !Path::new(folder).is_dir() {
        bail!(
            "driver folder {} is not there: make it, or name another under drivers.folder",
            folder.display()
        );
    }
    let (registry, _) = {
        let config = config.clone();
        tokio::task::spawn_blocking(move || drivers(&config, Some(cache))).await??
    };
    if registry.list().is_empty() {
        warn!("no driver is loaded from {}: nothing can be read", folder.display());
    }
    Ok(registry)
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
    info!(changes = changes.len(), "the configuration was read anew");
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
