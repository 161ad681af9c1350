//! What happened beside records.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::limits;
use crate::store::writer::{Tx, Write};
use crate::store::{Store, StoreError, instant};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostEvent {
    /// Its key.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// `session`, `node`, `control`.
    pub kind: String,
    /// Key of the session, node or order.
    pub subject: i64,
    /// Of a node: the state before.
    pub was: Option<String>,
    /// Outcome of the session, state of the node or the order.
    pub became: String,
}

fn event(row: &SqliteRow) -> HostEvent {
    HostEvent {
        id: row.get(0),
        at: instant(row.get(1)),
        kind: row.get(2),
        subject: row.get(3),
        was: row.get(4),
        became: row.get(5),
    }
}

impl Store {
    /// What happened behind the key `after`, in the order in which it was committed.
    pub async fn host_events(&self, after: i64, limit: u32) -> Result<Vec<HostEvent>, StoreError> {
        let rows =
            sqlx::query("select id, at, kind, subject, was, became from host_event where id > $1 order by id limit $2")
                .bind(after)
                .bind(limit)
                .fetch_all(&self.readers)
                .await;
        Ok(rows
            .map_err(StoreError::of("read what happened"))?
            .iter()
            .map(event)
            .collect())
    }

    /// The states of nodes that were told last.
    pub async fn nodes_told(&self) -> Result<Vec<(i64, String)>, StoreError> {
        sqlx::query_as("select node_id, state from node_told")
            .fetch_all(&self.readers)
            .await
            .map_err(StoreError::of("read the states of nodes"))
    }

    /// Nodes have these states now. A node of which nothing was known has none before: that is no news.
    pub async fn tell_nodes(&self, states: Vec<(i64, &'static str)>) -> Result<(), StoreError> {
        let at = self.now().as_second();
        self.queue.write(TellNodes { states, at }).await
    }

    /// Removes what everybody was told, and what is too much; who was not told of it is told how much it was. Gives that
    /// number.
    pub async fn prune_host_events(&self) -> Result<i64, StoreError> {
        let is_due: bool = sqlx::query_scalar(
            "select exists (select 1 from host_event where id <= coalesce(
                 (select min(event_cursor) from webhook where enabled = 1), (select max(id) from host_event)))
                 or (select coalesce(max(id) - min(id), 0) from host_event) >= $1",
        )
        .bind(limits::WEBHOOK_EVENTS)
        .fetch_one(&self.readers)
        .await
        .map_err(StoreError::of("look for what was told"))?;
        if is_due { self.queue.write(Prune).await } else { Ok(0) }
    }
}

struct TellNodes {
    states: Vec<(i64, &'static str)>,
    at: i64,
}

#[async_trait]
impl Write for TellNodes {
    type Answer = ();

    fn weight(&self) -> usize {
        self.states.len() * 2
    }

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        for (node, state) in &self.states {
            sqlx::query(
                "insert into host_event (at, kind, subject, was, became)
                 select $1, 'node', node_id, state, $3 from node_told where node_id = $2 and state <> $3",
            )
            .bind(self.at)
            .bind(node)
            .bind(*state)
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("write down the state of a node"))?;
            sqlx::query(
                "insert into node_told (node_id, state) values ($1, $2)
                 on conflict (node_id) do update set state = excluded.state",
            )
            .bind(node)
            .bind(*state)
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("write down the state of a node"))?;
        }
        Ok(())
    }
}

struct Prune;

#[async_trait]
impl Write for Prune {
    type Answer = i64;

    async fn run(&self, tx: &mut Tx) -> Result<i64, StoreError> {
        let what = "remove what was told";
        sqlx::query(
            "delete from host_event where id <= coalesce((select min(event_cursor) from webhook where enabled = 1),
                 (select max(id) from host_event))",
        )
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of(what))?;
        let cut: Option<i64> = sqlx::query_scalar("select id from host_event order by id desc limit 1 offset $1")
            .bind(limits::WEBHOOK_EVENTS)
            .fetch_optional(&mut tx.conn)
            .await
            .map_err(StoreError::of(what))?;
        let Some(cut) = cut else { return Ok(0) };
        sqlx::query(
            "update webhook set event_cursor = $1, missed = missed + (select count(*) from host_event e
                 where e.id > webhook.event_cursor and e.id <= $1 and instr(webhook.kinds, e.kind))
             where enabled = 1 and event_cursor < $1",
        )
        .bind(cut)
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of(what))?;
        let removed = sqlx::query("delete from host_event where id <= $1")
            .bind(cut)
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of(what))?;
        Ok(i64::try_from(removed.rows_affected()).unwrap_or(i64::MAX))
    }
}
