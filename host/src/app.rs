//! Builds every part and wires them; nothing else knows everyone.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{CommandFactory as _, Parser as _};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::api::{self, ApiState, DriverCatalog, DriverEntry};
use crate::cli::args::{Arguments, CallerCommand, Command, ConfigFile, DeviceCommand, DriverCommand, GroupCommand};
use crate::cli::{caller, device, driver, read};
use crate::collect::{Callers, CallersHandle, Collector, Handle};
use crate::config::{self, Config};
use crate::driver::{Cache, Driver, Registry, Runtime};
use crate::model::CallerState;
use crate::ops;
use crate::store::{GroupInfo, NewGroup, Store};
use crate::transport::Transport;
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
        Command::Serve(file) => serve(&load(&file)?).await?,
        Command::Read(args) => return Ok(read::read(*args, &mut out).await?),
        Command::Device(command) => devices(command).await?,
        Command::Caller(command) => callers(command).await?,
        Command::Group(command) => groups(command).await?,
        Command::Driver(DriverCommand::Inspect { file, json }) => driver::inspect(&file, json, &mut out)?,
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

async fn open_store(config: &Config) -> anyhow::Result<Store> {
    if let Some(folder) = config
        .store
        .path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).with_context(|| format!("data folder {}", folder.display()))?;
    }
    Ok(Store::open(&config.store).await?)
}

fn descriptions(registry: &Registry) -> device::Drivers {
    registry
        .list()
        .into_iter()
        .map(|driver| (driver.describe.id.clone(), driver.describe.clone()))
        .collect()
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
async fn serve(config: &Config) -> anyhow::Result<()> {
    ops::log::init();
    let metrics = ops::metrics::init()?;
    let cache = Cache::open(&config.drivers.cache)?;
    let folder = &config.drivers.folder;
    if !Path::new(folder).is_dir() {
        bail!(
            "driver folder {} is not there: make it, or name another under drivers.folder",
            folder.display()
        );
    }
    let (registry, refused) = {
        let config = config.clone();
        tokio::task::spawn_blocking(move || drivers(&config, Some(cache))).await??
    };
    if registry.list().is_empty() {
        warn!("no driver is loaded from {}: nothing can be read", folder.display());
    }
    drop(refused);
    let store = open_store(config).await?;
    let interrupted = store.end_interrupted().await?;
    if interrupted > 0 {
        warn!(
            sessions = interrupted,
            "{interrupted} sessions were cut when the host ended"
        );
    }
    let listener = config.http.bind().await?;
    let address = listener.local_addr().context("the address of the listener")?;
    let (handle, board, commands) = Handle::new();
    let cancel = CancellationToken::new();
    let (hub, callers, keeping) = take_calls(config, &store, &handle, &cancel).await?;
    let collector = Collector::new(
        store.clone(),
        registry.clone(),
        Arc::new(Transport::default().with_callers(hub)),
        board,
        config.polling.clone(),
    );
    let collecting = tokio::spawn(collector.run(commands, cancel.clone()));
    let catalog = Arc::new(Catalog(registry));
    let state = ApiState::new(store.clone(), handle, catalog, Some(metrics), cancel.clone()).with_callers(callers);
    let mut serving = tokio::spawn(api::serve(listener, api::router(state), cancel.clone()));
    info!(%address, "serving http://{address}/, to this machine only: there are no accounts yet");
    let ended = tokio::select! {
        signal = stop_signal() => signal,
        served = &mut serving => served.context("the API ended")?.map_err(Into::into),
    };
    info!("stopping");
    cancel.cancel();
    if tokio::time::timeout(STOP, collecting).await.is_err() {
        warn!("sessions did not end within {} s", STOP.as_secs());
    }
    if tokio::time::timeout(STOP, keeping).await.is_err() {
        warn!("callers were not written down within {} s", STOP.as_secs());
    }
    if !serving.is_finished() && tokio::time::timeout(STOP, serving).await.is_err() {
        warn!("answers did not end within {} s", STOP.as_secs());
    }
    store.close().await;
    info!("stopped");
    ended
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
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    tokio::select! {
        done = tokio::signal::ctrl_c() => done.context("listen for Ctrl-C"),
        _ = terminate.recv() => Ok(()),
    }
}
