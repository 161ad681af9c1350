//! `uzel caller`: modems that called.

use std::io::{self, Write};

use crate::model::{Actor, CallerState, Scope};
use crate::store::query::{CallerQuery, CallerRow};
use crate::store::{Store, StoreError};

/// Why a command about callers was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum CallerError {
    /// Nobody of this name has called.
    #[error("no caller {0:?} has called: expected LISTENER/IDENTITY as `uzel caller list` prints it")]
    Unknown(String),
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The result could not be printed.
    #[error("the output could not be written")]
    Write(#[from] io::Error),
}

/// Rows read at once.
const PAGE: u32 = 500;

/// Lists the callers, the newest first.
pub async fn list(store: &Store, state: Option<CallerState>, out: &mut (dyn Write + Send)) -> Result<(), CallerError> {
    let mut query = CallerQuery {
        state,
        limit: PAGE,
        ..CallerQuery::default()
    };
    let mut any = false;
    loop {
        let rows = store.callers(Scope::EVERYTHING, &query).await?;
        let Some(last) = rows.last() else { break };
        query.after = Some(last.id);
        any = true;
        for row in &rows {
            writeln!(out, "{}", line(row))?;
        }
    }
    if !any {
        writeln!(out, "nobody has called")?;
    }
    Ok(())
}

fn line(row: &CallerRow) -> String {
    let devices: Vec<&str> = row.devices.iter().map(|(_, name)| name.as_str()).collect();
    let devices = match devices.as_slice() {
        [] => "no device".to_owned(),
        names => names.join(", "),
    };
    let signal = row.signal_csq.map(|level| format!(", CSQ {level}")).unwrap_or_default();
    let fault = row.fault.as_ref().map(|fault| format!("\t{fault}")).unwrap_or_default();
    format!(
        "{}/{}\t{}\t{devices}\tfrom {}, {} connections, last heard {}{signal}\t{}{fault}",
        row.listener,
        row.identity,
        row.state.word(),
        row.source,
        row.connects,
        row.last_seen_at,
        row.greeting
    )
}

/// Keeps a decision about the caller `LISTENER/IDENTITY`.
pub async fn decide(
    store: &Store,
    caller: &str,
    state: CallerState,
    out: &mut (dyn Write + Send),
) -> Result<(), CallerError> {
    let unknown = || CallerError::Unknown(caller.to_owned());
    let (listener, identity) = caller.split_once('/').ok_or_else(unknown)?;
    let query = CallerQuery {
        listener: Some(listener.to_owned()),
        identity: Some(identity.to_owned()),
        limit: 1,
        ..CallerQuery::default()
    };
    let row = store
        .callers(Scope::EVERYTHING, &query)
        .await?
        .pop()
        .ok_or_else(unknown)?;
    if !store.decide_caller(row.id, state, &Actor::command_line()).await? {
        return Err(unknown());
    }
    writeln!(out, "{caller}: {}", state.word())?;
    Ok(())
}
