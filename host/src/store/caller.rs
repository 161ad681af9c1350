//! Callers: what listeners saw of them, and what people decided.

use std::collections::HashMap;

use async_trait::async_trait;
use serde_json::json;
use sqlx::Row as _;

use super::audit::{Done, note};
use super::error::StoreError;
use super::writer::{Tx, Write};
use super::{Store, instant};
use crate::limits;
use crate::model::{Actor, CallerKnown, CallerSeen, CallerState};

struct Saw(Vec<CallerSeen>);

struct Decide {
    id: i64,
    state: CallerState,
    actor: Actor,
    at: i64,
}

impl Store {
    /// Adds what listeners saw. Of callers that nobody decided about and no device names, only the
    /// [`limits::CALLERS_NEW`] heard last are kept.
    pub async fn saw_callers(&self, seen: Vec<CallerSeen>) -> Result<(), StoreError> {
        self.queue.write(Saw(seen)).await
    }

    /// Keeps what people decided about a caller; false when there is no such caller.
    pub async fn decide_caller(&self, id: i64, state: CallerState, actor: &Actor) -> Result<bool, StoreError> {
        let decide = Decide {
            id,
            state,
            actor: actor.clone(),
            at: self.now().as_second(),
        };
        self.queue.write(decide).await
    }

    /// What is known of the callers that somebody decided about or a device names, by `LISTENER/IDENTITY`.
    pub async fn callers_known(&self) -> Result<HashMap<String, CallerKnown>, StoreError> {
        let rows = sqlx::query(
            "select l.address, c.state, c.last_seen_at, 1
             from line l left join caller c on l.address = c.listener || '/' || c.identity
             where l.kind = 'incoming' and exists (select 1 from route r where r.line_id = l.id)
             union all
             select c.listener || '/' || c.identity, c.state, c.last_seen_at, 0 from caller c where c.state <> 'new'",
        )
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read what is known of callers"))?;
        let mut known: HashMap<String, CallerKnown> = HashMap::new();
        for row in rows {
            let state: Option<&str> = row.get(1);
            let one = known.entry(row.get(0)).or_default();
            one.state = state.map(str::parse).transpose()?.unwrap_or_default();
            one.seen_at = row.get::<Option<i64>, _>(2).map(instant);
            one.routed |= row.get::<i64, _>(3) != 0;
        }
        Ok(known)
    }

    /// Counts up with every decision about a caller and every change of the devices, whoever made it.
    pub async fn callers_revision(&self) -> Result<i64, StoreError> {
        sqlx::query_scalar("select sum(number) from revision where subject in ('callers', 'devices')")
            .fetch_one(&self.readers)
            .await
            .map_err(StoreError::of("read the revision of the callers"))
    }
}

#[async_trait]
impl Write for Saw {
    type Answer = ();

    fn weight(&self) -> usize {
        4 * self.0.len()
    }

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        for seen in &self.0 {
            add(tx, seen).await?;
        }
        sqlx::query(
            "delete from caller where id in (
                 select c.id from caller c
                 where c.state = 'new' and not exists (select 1 from line l
                     where l.kind = 'incoming' and l.address = c.listener || '/' || c.identity)
                 order by c.last_seen_at desc, c.id desc limit -1 offset $1)",
        )
        .bind(limits::CALLERS_NEW)
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("make room for callers"))?;
        Ok(())
    }
}

async fn add(tx: &mut Tx, seen: &CallerSeen) -> Result<(), StoreError> {
    let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let greeted = i64::from(seen.greeting.is_some());
    sqlx::query(
        "insert into caller (listener, identity, state, source, first_seen_at, last_seen_at, connects, bytes_received,
             bytes_sent, greeting, fault, signal_csq)
         values ($1, $2, 'new', $3, $4, $4, $5, $6, $7, coalesce($8, ''), $9, $10)
         on conflict (listener, identity) do update set
             last_seen_at = max(last_seen_at, excluded.last_seen_at),
             connects = connects + excluded.connects,
             bytes_received = bytes_received + excluded.bytes_received,
             bytes_sent = bytes_sent + excluded.bytes_sent,
             source = case when $11 = 1 then excluded.source else source end,
             greeting = case when $11 = 1 then excluded.greeting else greeting end,
             fault = case when $11 = 1 then excluded.fault else fault end,
             signal_csq = coalesce(excluded.signal_csq, signal_csq)",
    )
    .bind(seen.listener.as_str())
    .bind(seen.identity.as_str())
    .bind(seen.source.as_str())
    .bind(seen.seen_at.as_second())
    .bind(whole(seen.connects))
    .bind(whole(seen.bytes_received))
    .bind(whole(seen.bytes_sent))
    .bind(seen.greeting.as_deref())
    .bind(seen.fault.as_deref())
    .bind(seen.signal_csq.map(i64::from))
    .bind(greeted)
    .execute(&mut tx.conn)
    .await
    .map_err(StoreError::of("keep a caller"))?;
    Ok(())
}

#[async_trait]
impl Write for Decide {
    type Answer = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        let row = sqlx::query("select state, listener || '/' || identity from caller where id = $1")
            .bind(self.id)
            .fetch_optional(&mut tx.conn)
            .await
            .map_err(StoreError::of("find a caller"))?;
        let Some(row) = row else { return Ok(false) };
        sqlx::query("update caller set state = $1 where id = $2")
            .bind(self.state.word())
            .bind(self.id)
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("keep a decision about a caller"))?;
        let done = Done {
            deed: "caller.decide",
            subject: "caller",
            id: self.id.to_string(),
            name: row.get(1),
            before: Some(json!({ "state": row.get::<&str, _>(0) })),
            after: Some(json!({ "state": self.state.word() })),
        };
        note(&mut tx.conn, self.at, &self.actor, &done).await?;
        sqlx::query("update revision set number = number + 1 where subject = 'callers'")
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("count a decision about a caller"))?;
        Ok(true)
    }
}
