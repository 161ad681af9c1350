//! `uzel replay`: a recorded session is held again, by any driver, without a line and without waiting.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::args::{Format, ReplayArgs, config_json};
use super::print;
use super::read::{ReadError, exit_code, spans};
use crate::driver::env::{Budget, Medium};
use crate::driver::{ConfigFault, Driver, LoadError, Runtime, check_config};
use crate::limits;
use crate::model::SessionId;
use crate::park::{AgainError, compare, ended_by_host, recorded, requests};
use crate::portable::{PackageError, Trust, unpack};
use crate::session::{Asked, AskedFault, AskedTask, Keep, Order, Over, Replay, Script, ScriptError, replay};
use crate::store::query::SessionDetail;
use crate::store::{Store, StoreError};

/// Why there was no replay.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The driver did not load.
    #[error("driver {file}")]
    Driver {
        /// Which.
        file: PathBuf,
        /// Why.
        source: LoadError,
    },
    /// The trace could not be read, or the result not printed.
    #[error("{what}")]
    File {
        /// What.
        what: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is larger than a trace or a package is.
    #[error("{file} has {got} bytes, at most {} may be", limits::TRACE_FILE_BYTES)]
    Size {
        /// Which.
        file: PathBuf,
        /// Its size.
        got: u64,
    },
    /// It is no trace.
    #[error("the trace cannot be replayed")]
    Script(#[from] ScriptError),
    /// It is no package.
    #[error("the package cannot be replayed")]
    Package(#[from] PackageError),
    /// What was asked cannot be made out.
    #[error(transparent)]
    Asked(#[from] AskedFault),
    /// The journal holds what was asked in words that cannot be read.
    #[error("what the session was asked cannot be read")]
    AskedText(#[from] serde_json::Error),
    /// Nothing says what was asked.
    #[error("the trace does not say what the session was asked: say it with --what, and --from, --to for archives")]
    What,
    /// The range or the zone is none.
    #[error(transparent)]
    Range(#[from] ReadError),
    /// The driver does not take the configuration.
    #[error("the configuration of the session does not fit the driver: give what is missing with --set")]
    Config(#[from] ConfigFault),
    /// The session cannot be held again.
    #[error(transparent)]
    Again(#[from] AgainError),
    /// The store failed.
    #[error("the store")]
    Store(#[from] StoreError),
}

/// A session of the store.
struct Stored<'a> {
    store: &'a Store,
    session: SessionDetail,
}

/// Holds it again and prints. `store` is where `--session` is from. Gives the exit code: 0 the same, or all that was
/// asked; 2 different, or part of it; 1 nothing.
pub async fn run(args: ReplayArgs, store: Option<&Store>, out: &mut (dyn Write + Send)) -> Result<u8, ReplayError> {
    let load = |source| ReplayError::Driver {
        file: args.driver.clone(),
        source,
    };
    let runtime = Runtime::new(None).map_err(load)?;
    let driver = Arc::new(Driver::load_file(&runtime, &args.driver).map_err(load)?);
    let (script, stored, secrets) = match (&args.trace, args.session, store) {
        (_, Some(session), Some(store)) => {
            let recorded = recorded(store, SessionId(session)).await?;
            let session = recorded.session;
            (recorded.script, Some(Stored { store, session }), recorded.config)
        }
        (Some(file), ..) => (from_file(file)?, None, Value::Null),
        _ => return Err(ReplayError::What),
    };
    let asked = match &script.asked {
        Some(asked) => asked.clone(),
        None => from_args(&args)?,
    };
    let config = config(&args, &driver, &asked, &secrets)?;
    let replayed = Replay::new(script, asked.medium()?);
    let order = asked.order(driver.clone(), config, Over::Trace(replayed.clone()))?;
    let order = Order {
        budget: Budget {
            // Nobody waits in line behind it.
            cpu_ticks: 6_000,
            ..order.budget
        },
        ..order
    };
    let clock = order.clock.clone();
    let keep = Keep::default();
    let report = replay(order, Box::new(keep.clone()), &|_, _| {}).await;
    let taken = keep.take();
    let printed = |source| ReplayError::File {
        what: "the result".to_owned(),
        source,
    };
    // Beside the store it is the difference that is asked for.
    let format = args.format.or(stored.is_none().then_some(Format::Table));
    if let Some(format) = format {
        print::result(out, format, &report, &taken, &driver.describe, &clock).map_err(printed)?;
    }
    let was_cut = stored.as_ref().is_some_and(|stored| ended_by_host(&stored.session));
    let mut differences = requests(&replayed, was_cut);
    let Some(stored) = stored else {
        for line in &differences {
            eprintln!("{line}");
        }
        return Ok(if differences.is_empty() { exit_code(&report) } else { 2 });
    };
    let Stored { store, session } = &stored;
    differences.extend(compare(store, session, &report, &taken.tables, &taken.events).await?);
    let mut text = String::new();
    for line in &differences {
        text.push_str(&format!("different: {line}\n"));
    }
    let records: usize = taken.tables.iter().map(|table| table.records.len()).sum();
    let (id, count) = (stored.session.brief.id, differences.len());
    text.push_str(&match count {
        0 => format!("session {id}: the same to the last digit, {records} records\n"),
        _ => format!("session {id}: {count} differences in {records} records\n"),
    });
    match args.format {
        None | Some(Format::Table) => out.write_all(text.as_bytes()).map_err(printed)?,
        Some(Format::Csv | Format::Json) => eprint!("{text}"),
    }
    Ok(if count == 0 { 0 } else { 2 })
}

fn from_file(file: &Path) -> Result<Script, ReplayError> {
    let read = |source| ReplayError::File {
        what: format!("trace {}", file.display()),
        source,
    };
    let got = std::fs::metadata(file).map_err(read)?.len();
    if got > u64::try_from(limits::TRACE_FILE_BYTES).unwrap_or(u64::MAX) {
        let file = file.to_owned();
        return Err(ReplayError::Size { file, got });
    }
    let bytes = std::fs::read(file).map_err(read)?;
    if bytes.starts_with(b"PK") {
        let package = unpack(&bytes, Trust::Anybody)?;
        let mut script = Script::parse(&package.reading.trace)?;
        script.asked = Some(serde_json::from_value(package.manifest.asked)?);
        return Ok(script);
    }
    Ok(Script::parse(&String::from_utf8_lossy(&bytes))?)
}

/// What the arguments say of a trace that says nothing itself.
fn from_args(args: &ReplayArgs) -> Result<Asked, ReplayError> {
    if args.what.is_empty() {
        return Err(ReplayError::What);
    }
    let zone = args.zone.as_deref().unwrap_or("Europe/Moscow");
    let started_at = args.at.unwrap_or_else(Timestamp::now);
    let mut asked = Asked {
        started_at: started_at.to_string(),
        zone: zone.to_owned(),
        clock_rule: if args.summer_time { "zone" } else { "standard" }.to_owned(),
        medium: Medium::Replay.word().to_owned(),
        serial: None,
        model: None,
        config: Value::Object(serde_json::Map::new()),
        withheld: Vec::new(),
        tasks: Vec::new(),
        set_clock: None,
        act: None,
        memory: BTreeMap::new(),
    };
    TimeZone::get(zone).map_err(|source| ReadError::Zone {
        zone: zone.to_owned(),
        source,
    })?;
    let clock = asked.clock()?;
    for task in &args.what {
        let spans = spans(*task, args.from, args.to, &clock, started_at)?;
        let texts = spans.iter().map(|span| (span.start.to_string(), span.end.to_string()));
        asked.tasks.push(AskedTask {
            task: task.to_string(),
            spans: texts.collect(),
            resume: None,
        });
    }
    Ok(asked)
}

/// The session's configuration, with what was withheld from the device's, and what the arguments say above all.
fn config(args: &ReplayArgs, driver: &Driver, asked: &Asked, device: &Value) -> Result<Value, ConfigFault> {
    let mut config = asked.config_with(device);
    if let (Value::Object(map), Value::Object(given)) = (&mut config, config_json(&driver.describe, &args.set)) {
        map.extend(given);
    }
    check_config(&driver.describe, &config)
}
