//! Old traces and old entries of the journal are removed, a few at a time. Records never are, nor is anything that they
//! refer to.

use async_trait::async_trait;
use jiff::Timestamp;

use super::Store;
use super::error::StoreError;
use super::writer::{Tx, Write};
use crate::limits;

/// What may be removed when it is old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Old {
    /// Wire traces.
    Traces,
    /// Sessions that brought nothing which is kept: no record, event, setting, incident or absence, and was no order.
    Sessions,
}

/// What one transaction removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruned {
    /// So many.
    pub removed: u64,
    /// Whether there is more to look at.
    pub is_more: bool,
}

impl Store {
    /// Removes some of what is `old`: of sessions that started before `before`. Those that were looked at are not looked
    /// at again, so that each call takes the time of a few sessions however many there are.
    pub async fn prune(&self, old: Old, before: Timestamp) -> Result<Pruned, StoreError> {
        self.queue.write(Prune { old, before }).await
    }
}

struct Prune {
    old: Old,
    before: Timestamp,
}

/// A session that is looked at.
type Candidate = (i64, i64, i64);

/// Start and key of the next sessions, and the bytes of their traces.
const TRACES: &str = "
    select s.started_at_ms, s.id, coalesce(octet_length(t.packed), octet_length(t.text), 0)
    from session s join retention r on r.subject = 'traces' left join trace t on t.session_id = s.id
    where (s.started_at_ms, s.id) > (r.started_at_ms, r.session_id) and s.started_at_ms < $1
    order by s.started_at_ms, s.id limit $2";

/// Start and key of the next sessions, and whether something refers to them. One that runs is kept, and the last of a
/// device.
const SESSIONS: &str = "
    select s.started_at_ms, s.id,
        s.outcome is null
        or exists (select 1 from record x where x.session_id = s.id)
        or exists (select 1 from device_event x where x.session_id = s.id)
        or exists (select 1 from setting x where x.session_id = s.id)
        or exists (select 1 from setting_history x where x.session_id = s.id)
        or exists (select 1 from absence x where x.session_id = s.id)
        or exists (select 1 from incident x where x.session_id = s.id)
        or exists (select 1 from control_order x where x.looked_session = s.id or x.wrote_session = s.id)
        or exists (select 1 from device_state x where x.last_session_id = s.id)
    from session s join retention r on r.subject = 'sessions'
    where (s.started_at_ms, s.id) > (r.started_at_ms, r.session_id) and s.started_at_ms < $1
    order by s.started_at_ms, s.id limit $2";

#[async_trait]
impl Write for Prune {
    type Answer = Pruned;

    fn weight(&self) -> usize {
        limits::PRUNE_SESSIONS
    }

    async fn run(&self, tx: &mut Tx) -> Result<Pruned, StoreError> {
        let (sql, subject) = match self.old {
            Old::Traces => (TRACES, "traces"),
            Old::Sessions => (SESSIONS, "sessions"),
        };
        let most = limits::PRUNE_SESSIONS;
        let found: Vec<Candidate> = sqlx::query_as(sql)
            .bind(self.before.as_millisecond())
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(&mut tx.conn)
            .await
            .map_err(StoreError::of("look for what is old"))?;
        let (mut removed, mut bytes, mut looked_at) = (0, 0, 0);
        for (_, id, what) in &found {
            if bytes > limits::PRUNE_BYTES {
                break;
            }
            looked_at += 1;
            let tables: &[&'static str] = match self.old {
                Old::Traces if *what > 0 => {
                    bytes += what;
                    &["delete from trace where session_id = $1"]
                }
                Old::Sessions if *what == 0 => &[
                    "delete from trace where session_id = $1",
                    "delete from clock_reading where session_id = $1",
                    "delete from clock_setting where session_id = $1",
                    "delete from session where id = $1",
                ],
                _ => continue,
            };
            for sql in tables {
                sqlx::query(*sql)
                    .bind(id)
                    .execute(&mut tx.conn)
                    .await
                    .map_err(StoreError::of("remove what is old"))?;
            }
            removed += 1;
        }
        if let Some((started_at_ms, id, _)) = found[..looked_at].last() {
            sqlx::query("update retention set started_at_ms = $1, session_id = $2 where subject = $3")
                .bind(started_at_ms)
                .bind(id)
                .bind(subject)
                .execute(&mut tx.conn)
                .await
                .map_err(StoreError::of("note how far was looked"))?;
        }
        Ok(Pruned {
            removed,
            is_more: looked_at < found.len() || found.len() == most,
        })
    }
}
