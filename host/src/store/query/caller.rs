//! Callers, for those who decide about them.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::of_keys;
use crate::model::{CallerState, Scope};
use crate::store::rows::Rows;
use crate::store::{Store, StoreError, instant};

static DEVICES: Rows = Rows::new(
    "select distinct c.id, d.id, d.name from caller c
     join line l on l.kind = 'incoming' and l.address = c.listener || '/' || c.identity
     join route r on r.line_id = l.id join device d on d.id = r.device_id where d.archived_at is null and c.id in (values",
    1,
    ") order by d.id",
);

/// Which callers.
#[derive(Debug, Clone, Default)]
pub struct CallerQuery {
    /// Only of this key.
    pub id: Option<i64>,
    /// Only of this listener.
    pub listener: Option<String>,
    /// Only of this identity.
    pub identity: Option<String>,
    /// Only in this state.
    pub state: Option<CallerState>,
    /// Known for longer than this one.
    pub after: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

/// A modem that called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerRow {
    /// Its key.
    pub id: i64,
    /// Name of the listener.
    pub listener: String,
    /// Unique at the listener; `?` and the source address for one that did not say who it is.
    pub identity: String,
    /// What people decided.
    pub state: CallerState,
    /// Where it called from last.
    pub source: String,
    /// When it called first.
    pub first_seen_at: Timestamp,
    /// When it was last heard and that was written down.
    pub last_seen_at: Timestamp,
    /// Connections that it made.
    pub connects: i64,
    /// Bytes from it.
    pub bytes_received: i64,
    /// Bytes to it.
    pub bytes_sent: i64,
    /// The first bytes of its newest greeting in hex.
    pub greeting: String,
    /// What was wrong with that greeting.
    pub fault: Option<String>,
    /// Signal level as the modem told it, 0 to 31.
    pub signal_csq: Option<i64>,
    /// Keys and names of the devices whose routes name it.
    pub devices: Vec<(i64, String)>,
}

impl Store {
    /// Callers over which devices of `scope` are reached, the newest first. Of each only those devices.
    pub async fn callers(&self, scope: Scope, query: &CallerQuery) -> Result<Vec<CallerRow>, StoreError> {
        let mut sql = QueryBuilder::<Sqlite>::new(
            "select id, listener, identity, state, source, first_seen_at, last_seen_at, connects, bytes_received,
                 bytes_sent, greeting, fault, signal_csq
             from caller where id < ",
        );
        sql.push_bind(query.after.unwrap_or(i64::MAX));
        if let Some(id) = query.id {
            sql.push(" and id = ").push_bind(id);
        }
        for (column, wanted) in [
            (" and listener = ", query.listener.as_deref()),
            (" and identity = ", query.identity.as_deref()),
            (" and state = ", query.state.map(CallerState::word)),
        ] {
            if let Some(wanted) = wanted {
                sql.push(column).push_bind(wanted.to_owned());
            }
        }
        if scope != Scope::EVERYTHING {
            sql.push(
                " and listener || '/' || identity in (select l.address from line l join route r on r.line_id = l.id
                     join device d on d.id = r.device_id where l.kind = 'incoming' and d.node_id in (
                         select node_id from account_node where account_id = ",
            )
            .push_bind(scope.key())
            .push(" and role & ")
            .push_bind(scope.roles)
            .push(" <> 0))");
        }
        sql.push(" order by id desc limit ").push_bind(query.limit);
        let rows = sql
            .build()
            .fetch_all(&self.readers)
            .await
            .map_err(StoreError::of("read callers"))?;
        let mut callers = rows.iter().map(caller).collect::<Result<Vec<_>, _>>()?;
        let keys: Vec<i64> = callers.iter().map(|caller| caller.id).collect();
        let own = self.device_ids(scope).await?;
        let mut devices: HashMap<i64, Vec<(i64, String)>> = HashMap::new();
        for row in of_keys(&self.readers, &DEVICES, &keys, "read the devices of callers").await? {
            if own.as_ref().is_none_or(|own| own.contains(&row.get(1))) {
                devices.entry(row.get(0)).or_default().push((row.get(1), row.get(2)));
            }
        }
        for caller in &mut callers {
            caller.devices = devices.remove(&caller.id).unwrap_or_default();
        }
        Ok(callers)
    }
}

fn caller(row: &SqliteRow) -> Result<CallerRow, StoreError> {
    Ok(CallerRow {
        id: row.get(0),
        listener: row.get(1),
        identity: row.get(2),
        state: row.get::<&str, _>(3).parse()?,
        source: row.get(4),
        first_seen_at: instant(row.get(5)),
        last_seen_at: instant(row.get(6)),
        connects: row.get(7),
        bytes_received: row.get(8),
        bytes_sent: row.get(9),
        greeting: row.get(10),
        fault: row.get(11),
        signal_csq: row.get(12),
        devices: Vec::new(),
    })
}
