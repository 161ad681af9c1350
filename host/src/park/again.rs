//! A recorded session held again with a driver, beside what it had stored.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use serde_json::Value;

use crate::driver::{ConfigFault, Driver, Secrets, check_config};
use crate::model::{DeviceEvent, DeviceId, Outcome, Record, SessionId, Table};
use crate::session::{AskedFault, Keep, Over, Replay, Report, Script, ScriptError, Taken, replay};
use crate::store::query::SessionDetail;
use crate::store::{Store, StoreError};

/// Why a session was not held again.
#[derive(Debug, thiserror::Error)]
pub enum AgainError {
    /// There is no such session, or it left no trace.
    #[error("session {session} {text}")]
    Session {
        /// Which.
        session: SessionId,
        /// What is missing.
        text: &'static str,
    },
    /// Its trace cannot be read.
    #[error("the trace cannot be replayed")]
    Script(#[from] ScriptError),
    /// What it was asked cannot be read.
    #[error("what the session was asked cannot be read")]
    Text(#[from] serde_json::Error),
    /// What it was asked makes no sense.
    #[error(transparent)]
    Asked(#[from] AskedFault),
    /// The driver does not take the configuration.
    #[error("the configuration of the session does not fit the driver")]
    Config(#[from] ConfigFault),
    /// The store failed.
    #[error("the store")]
    Store(#[from] StoreError),
}

/// A session of the store that can be held again.
pub struct Recorded {
    /// What the journal has of it.
    pub session: SessionDetail,
    /// Its trace.
    pub script: Script,
    /// Configuration of its device: it has the secrets that the journal leaves out.
    pub config: Value,
}

/// A session held again.
#[derive(Debug)]
pub struct Again {
    /// What the journal has of it.
    pub session: SessionDetail,
    /// How it went.
    pub report: Report,
    /// What it gave.
    pub taken: Taken,
    /// How it asked otherwise than the session had.
    pub requests: Vec<String>,
    /// How what it gave differs from what the session had stored.
    pub stored: Vec<String>,
}

/// Session `id` of `store`; its script says what it was asked.
///
/// # Errors
/// There is nothing that could be held again.
pub async fn recorded(store: &Store, id: SessionId) -> Result<Recorded, AgainError> {
    let missing = |text| AgainError::Session { session: id, text };
    let session = store.session(id).await?;
    let session = session.ok_or_else(|| missing("is not in the journal"))?;
    let text = store.trace(id).await?.ok_or_else(|| missing("left no trace"))?;
    let asked = store.asked(id).await?;
    let asked = asked.ok_or_else(|| missing("was held before its journal kept what was asked"))?;
    let mut script = Script::parse(&text)?;
    script.asked = Some(serde_json::from_str(&asked)?);
    let config = store.device_config(DeviceId(session.brief.device.0)).await?;
    Ok(Recorded {
        session,
        script,
        config: config.unwrap_or_default(),
    })
}

/// Holds session `id` of `store` again with `driver`, and compares.
///
/// # Errors
/// There is nothing that could be held again.
pub async fn hold_again(store: &Store, id: SessionId, driver: Arc<Driver>) -> Result<Again, AgainError> {
    let Recorded {
        session,
        script,
        config,
    } = recorded(store, id).await?;
    let asked = script.asked.clone().ok_or(AgainError::Session {
        session: id,
        text: "does not say what it was asked",
    })?;
    let replayed = Replay::new(script, asked.medium()?);
    let config = check_config(&driver.describe, &asked.config_with(&config))?;
    let secrets = Secrets::of(&driver.describe, &config);
    let order = asked.order(driver, config, Over::Trace(replayed.clone()))?;
    let keep = Keep::default();
    let report = replay(order, Box::new(keep.clone()), &|_, _| {}).await;
    let taken = keep.take();
    let stored = compare(store, &session, &report, &taken.tables, &taken.events).await?;
    let asked_otherwise = requests(&replayed, ended_by_host(&session));
    Ok(Again {
        requests: asked_otherwise.iter().map(|line| secrets.mask_words(line)).collect(),
        session,
        report,
        taken,
        stored,
    })
}

/// What was asked otherwise than in the trace. Of a session that `was_cut` the driver goes on where the trace ends.
pub fn requests(replayed: &Replay, was_cut: bool) -> Vec<String> {
    let mismatch = replayed.mismatch();
    let mismatch = mismatch.filter(|mismatch| !(was_cut && mismatch.recorded.is_none()));
    let mismatch = mismatch.map(|mismatch| mismatch.to_string());
    let unasked = match replayed.unasked() {
        0 => None,
        count => Some(format!("{count} requests of the trace were not asked")),
    };
    mismatch.into_iter().chain(unasked).collect()
}

/// Whether it ended by the doing of the host, of which the replay knows nothing.
pub fn ended_by_host(session: &SessionDetail) -> bool {
    matches!(
        session.brief.outcome,
        None | Some(Outcome::Cancelled | Outcome::Interrupted | Outcome::LimitTime | Outcome::Storage)
    )
}

/// A line for everything that is not as `session` stored it.
///
/// # Errors
/// The store failed.
pub async fn compare(
    store: &Store,
    session: &SessionDetail,
    report: &Report,
    tables: &[Table],
    events: &[DeviceEvent],
) -> Result<Vec<String>, StoreError> {
    let (device, id) = (DeviceId(session.brief.device.0), session.brief.id);
    let mut lines = journal(session, report);
    let mut given = BTreeSet::new();
    for table in last_of_each(tables) {
        for record in &table.records {
            given.insert((record.kind.to_string(), record.starts_at.as_second()));
        }
        let columns = &table.columns;
        lines.extend(store.compare_records(device, id, columns, &table.records).await?);
    }
    lines.extend(store.records_missing(id, &given).await?);
    lines.extend(store.compare_events(device, id, events).await?);
    let settings = report.settings.as_deref().unwrap_or_default();
    lines.extend(store.compare_settings(id, settings).await?);
    Ok(lines)
}

/// How the session ended, who answered and what his clock showed.
fn journal(session: &SessionDetail, report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    let outcome = session.brief.outcome;
    if !ended_by_host(session) && outcome != Some(report.outcome) {
        let was = outcome.map_or("none", Outcome::word);
        let detail = report.detail.as_deref().unwrap_or_default();
        lines.push(format!("outcome was {was}, is {} {detail}", report.outcome));
    }
    let shown = |model: &str, serial: Option<&str>| format!("{model} {}", serial.unwrap_or("without a number"));
    let was = session
        .identity
        .as_ref()
        .map(|seen| shown(&seen.model, seen.serial.as_deref()));
    let is = report
        .identity
        .as_ref()
        .map(|seen| shown(&seen.model, seen.serial.as_deref()));
    if was.is_some() && was != is {
        lines.push(format!("device was {was:?}, is {is:?}"));
    }
    let is = report.clock.map(|clock| {
        let give = i64::from(clock.uncertainty_ms);
        (clock.shown.to_string(), clock.offset_ms, give)
    });
    if session.clock != is {
        lines.push(format!("clock was {:?}, is {is:?}", session.clock));
    }
    lines
}

/// Of records that were given more than once under the same columns the last, which is what the store has kept.
pub(super) fn last_of_each(tables: &[Table]) -> Vec<Table> {
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for table in tables.iter().rev() {
        let fresh = |record: &&Record| seen.insert((table.columns.clone(), record.kind, record.starts_at.as_second()));
        kept.push(Table {
            records: table.records.iter().rev().filter(fresh).cloned().collect(),
            ..table.clone()
        });
    }
    kept.reverse();
    kept
}
