//! Builds every part and wires them; nothing else knows everyone.

mod serve;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{CommandFactory as _, Parser as _};

use crate::api;
use crate::cli::args::{
    AccountCommand, Arguments, CallerCommand, Command, ConfigFile, DeviceCommand, DriverCommand, GroupCommand,
    KeyCommand, ReplayArgs,
};
use crate::cli::{account, caller, control, device, driver, import, keeping, key, probe, read, replay, tunnel, vendor};
use crate::config::{self, Config};
use crate::driver::{Cache, Registry, Runtime, find};
use crate::model::{CallerState, ClockPolicy, Scope};
use crate::park::{Park, Rules};
use crate::roster::{Drivers, secrets};
use crate::session::{Modems, Transport};
use crate::store::{Doer, GroupInfo, HostLock, NewGroup, Store};

use serve::serve;

/// Does what the arguments say. Gives the exit code.
pub fn run() -> anyhow::Result<u8> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start the runtime")?;
    let writing = writing_runtime().context("start the runtime of the store")?;
    let code = runtime.block_on(command(arguments.command, writing.handle()));
    // A read of a terminal or a name look-up may never come back: it must not hold the end up.
    runtime.shutdown_timeout(Duration::from_secs(1));
    writing.shutdown_timeout(Duration::from_secs(1));
    code
}

/// A thread for the store's writer. Each of its statements is handed to the thread of the connection and back: among
/// thousands of sessions the writer would wait its turn after each of them, and all sessions for it.
fn writing_runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).thread_name("store").enable_all().build()
}

async fn command(command: Command, writing: &tokio::runtime::Handle) -> anyhow::Result<u8> {
    let mut out = std::io::stdout();
    match command {
        Command::Serve(args) => serve(&args, writing).await?,
        Command::Account(command) => accounts(command).await?,
        Command::Read(args) => {
            let transport = Arc::new(transport(&config::load(args.config.as_deref())?)?);
            return Ok(read::read(*args, transport, &mut out).await?);
        }
        Command::Probe(args) => {
            let config = load(&args.config_file)?;
            let (registry, refused) = drivers(&config)?;
            for error in refused {
                writeln!(out, "not tried: {error}")?;
            }
            let transport = Arc::new(transport(&config)?);
            return Ok(probe::probe(&args, &registry.list(), transport, &mut out).await?);
        }
        Command::Replay(args) => return replay_one(*args).await,
        Command::Import(args) => {
            let config = load(&args.config_file)?;
            let store = open_store(&config).await?;
            let done = import::import(&args, &config.import, &store, &mut out).await;
            store.close().await;
            done?;
        }
        Command::Tunnel(args) => {
            let listen = load(&args.config_file)?.http.listen;
            tunnel::run(&args, listen, &mut out).await?;
        }
        Command::Control(command) => {
            let listen = load(command.config_file())?.http.listen;
            return Ok(control::run(&command, listen, &mut out).await?);
        }
        Command::Key(KeyCommand::New { file }) => key::new(&file, &mut out)?,
        Command::Device(command) => devices(command).await?,
        Command::Caller(command) => callers(command).await?,
        Command::Group(command) => groups(command).await?,
        Command::Driver(command) => return driver_command(*command).await,
        Command::Check { file, effective } => {
            let config = load(&file)?;
            let (_, refused) = drivers(&config)?;
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

/// The drivers of the configured folder, and those that were refused. Compiled anew where there is no cache yet, which is
/// the service's to make, or it is somebody else's.
fn drivers(config: &Config) -> anyhow::Result<(Arc<Registry>, Vec<crate::driver::RegistryError>)> {
    let folder = &config.drivers.cache;
    let cache = folder.is_dir().then(|| Cache::open(folder).ok()).flatten();
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

fn descriptions(registry: &Registry) -> Drivers {
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
            let (registry, _) = drivers(&config)?;
            let new = device::from_args(&args, &descriptions(&registry))?;
            let store = open_store(&config).await?;
            let imported = store.add_device(&new).await?;
            device::print_imported(&[imported], &mut out)?;
            store.close().await;
        }
        DeviceCommand::Import { file, config, dry_run } => {
            let config = load(&config)?;
            let (registry, _) = drivers(&config)?;
            let described = descriptions(&registry);
            let store = open_store(&config).await?;
            let kept = store.kept_devices(Scope::EVERYTHING).await?;
            let new = device::read_file(&file, &described, &kept)?;
            let doer = Doer {
                secrets: secrets(&described),
                ..Doer::command_line()
            };
            if dry_run {
                let seen = store.preview_import(&doer, new).await?;
                device::print_preview(&seen, &described, &mut out)?;
            } else {
                let seen = store.import_for(&doer, new).await?;
                let imported: Vec<_> = seen.into_iter().map(|seen| seen.imported).collect();
                device::print_imported(&imported, &mut out)?;
            }
            store.close().await;
        }
        DeviceCommand::SetClockPolicy { name, policy, config } => {
            let store = open_store(&load(&config)?).await?;
            device::set_clock_policy(&store, &name, policy).await?;
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

async fn accounts(command: AccountCommand) -> anyhow::Result<()> {
    let config = load(command.config())?;
    // A host that runs believes for some seconds what it knows of accounts; and whoever can write its file has it stopped.
    let _lock = HostLock::take(&config.store.path)?;
    let store = open_store(&config).await?;
    let done = account::run(&store, command, &mut std::io::stdout()).await;
    store.close().await;
    Ok(done?)
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

async fn driver_command(command: DriverCommand) -> anyhow::Result<u8> {
    let mut out = std::io::stdout();
    match command {
        DriverCommand::Inspect { file, json } => driver::inspect(&file, json, &mut out)?,
        DriverCommand::List { config, model } => {
            let (registry, _) = drivers(&load(&config)?)?;
            let described = descriptions(&registry);
            let wanted = model.as_deref().unwrap_or_default();
            let found = find(described.values().map(AsRef::as_ref), wanted);
            if found.is_empty() {
                bail!("no driver knows a model {wanted:?}");
            }
            driver::models(&found, &mut out)?;
        }
        DriverCommand::Replay(args) => return replay_one(*args).await,
        DriverCommand::Vendor(command) => return Ok(vendor::run(command, &mut out).await?),
        DriverCommand::Compile { file, into } => crate::park::compile::in_child(&file, &into)?,
        DriverCommand::Park(command) => {
            let config = load(command.config())?;
            let store = open_store(&config).await?;
            let runtime = Runtime::new(Some(Cache::open(&config.drivers.cache)?))?;
            let registry = Arc::new(Registry::default());
            registry.load_folder(&runtime, &config.drivers.folder)?;
            let park = park(&config, &store, &runtime, registry)?;
            park.take_folder().await?;
            let done = crate::cli::park::run(&park, command, &mut out).await;
            store.close().await;
            done?;
        }
    }
    Ok(0)
}

/// The versions of drivers of this store.
fn park(config: &Config, store: &Store, runtime: &Runtime, registry: Arc<Registry>) -> anyhow::Result<Park> {
    let rules = Rules {
        unsigned: config.drivers.unsigned,
        registry_logins: config.drivers.registry_logins.clone(),
    };
    let program = std::env::current_exe().context("the path of this program")?;
    let cache = config.drivers.cache.clone();
    Ok(Park::new(
        store.clone(),
        runtime.clone(),
        registry,
        rules,
        program,
        cache,
    ))
}

async fn groups(command: GroupCommand) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    match command {
        GroupCommand::Set {
            name,
            schedule,
            sessions,
            clock_policy,
            config,
        } => {
            let store = open_store(&load(&config)?).await?;
            let group = NewGroup {
                name,
                schedule,
                sessions,
                clock_policy,
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
                let clocks = match group.clock_policy {
                    ClockPolicy::Off => String::new(),
                    policy => format!("\tclocks are set {policy}"),
                };
                writeln!(
                    out,
                    "{}\t{devices} devices\t{}{most}{clocks}",
                    group.name, group.schedule
                )?;
            }
            store.close().await;
        }
    }
    Ok(())
}
