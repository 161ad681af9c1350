//! Builds every part and wires them; nothing else knows everyone.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{CommandFactory as _, Parser as _};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::api::{self, ApiState, DriverCatalog, DriverEntry};
use crate::cli::args::{Arguments, Command, ConfigFile, DeviceCommand, DriverCommand};
use crate::cli::{device, driver, read};
use crate::collect::{Collector, Handle};
use crate::config::{self, Config};
use crate::driver::{Cache, Driver, Registry, Runtime};
use crate::ops;
use crate::session::{Modems, Transport};
use crate::store::Store;

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
        Command::Read(args) => {
            let transport = transport(&config::load(args.config.as_deref())?)?;
            return Ok(read::read(*args, transport, &mut out).await?);
        }
        Command::Device(command) => devices(command).await?,
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

/// What opens the lines.
fn transport(config: &Config) -> anyhow::Result<Arc<Transport>> {
    Ok(Arc::new(Transport::default().with_modems(Modems::new(&config.modems)?)))
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
    let transport = transport(config)?;
    let collector = Collector::new(
        store.clone(),
        registry.clone(),
        transport.clone(),
        board,
        config.polling.clone(),
    );
    let collecting = tokio::spawn(collector.run(commands, cancel.clone()));
    let catalog = Arc::new(Catalog(registry));
    let state = ApiState::new(store.clone(), handle, catalog, Some(metrics), cancel.clone());
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
    if tokio::time::timeout(STOP, transport.modems().hung_up()).await.is_err() {
        warn!("modems were not hung up within {} s", STOP.as_secs());
    }
    if !serving.is_finished() && tokio::time::timeout(STOP, serving).await.is_err() {
        warn!("answers did not end within {} s", STOP.as_secs());
    }
    store.close().await;
    info!("stopped");
    ended
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
