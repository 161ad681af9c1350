//! What people said of a node's trouble: that they know of it, and who deals with it.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;
use sqlx::Row as _;

use super::audit::{self, Done};
use super::error::StoreError;
use super::writer::{Tx, Write};
use super::{Store, instant};
use crate::model::Actor;

/// What was said of one node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Care {
    /// That it is known.
    pub acknowledged: Option<Acknowledged>,
    /// Who deals with it, and since when.
    pub assigned: Option<(String, Timestamp)>,
}

/// Somebody knows of a trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// When it was said.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// The state that it was said of.
    pub state: String,
    /// What exactly was wrong.
    pub cause: String,
}

/// What somebody says of the trouble of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Which.
    pub node: i64,
    /// As people know it.
    pub name: String,
    /// What is said.
    pub word: CareWord,
}

/// What can be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CareWord {
    /// This trouble is known; none: it is not.
    Acknowledge(Option<(String, String)>),
    /// Somebody deals with it; none: nobody does.
    Assign(Option<String>),
}

struct Say {
    at: i64,
    actor: Actor,
    said: Vec<Said>,
}

impl Store {
    /// All that was said, by node.
    pub async fn cares(&self) -> Result<HashMap<i64, Care>, StoreError> {
        let rows = sqlx::query(
            "select node_id, acknowledged_at, acknowledged_by, acknowledged_state, acknowledged_cause, assigned_at, assigned_to
             from node_care",
        )
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read who knows of what"))?;
        let care = |row: &sqlx::sqlite::SqliteRow| Care {
            acknowledged: row.get::<Option<i64>, _>(1).map(|at| Acknowledged {
                at: instant(at),
                by: row.get::<Option<_>, _>(2).unwrap_or_default(),
                state: row.get::<Option<_>, _>(3).unwrap_or_default(),
                cause: row.get::<Option<_>, _>(4).unwrap_or_default(),
            }),
            assigned: row
                .get::<Option<String>, _>(6)
                .zip(row.get::<Option<i64>, _>(5).map(instant)),
        };
        Ok(rows.iter().map(|row| (row.get(0), care(row))).collect())
    }

    /// Says it of several nodes at once, each with its line in the audit.
    pub async fn say(&self, actor: &Actor, said: Vec<Said>) -> Result<(), StoreError> {
        let say = Say {
            at: self.now().as_second(),
            actor: actor.clone(),
            said,
        };
        self.queue.write_ahead(say).await
    }
}

#[async_trait]
impl Write for Say {
    type Answer = ();

    fn weight(&self) -> usize {
        self.said.len() * 2
    }

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        for said in &self.said {
            let done = match &said.word {
                CareWord::Acknowledge(trouble) => self.acknowledge(tx, said, trouble.as_ref()).await?,
                CareWord::Assign(to) => self.assign(tx, said, to.as_deref()).await?,
            };
            audit::note(&mut tx.conn, self.at, &self.actor, &done).await?;
        }
        Ok(())
    }
}

impl Say {
    async fn acknowledge(
        &self,
        tx: &mut Tx,
        said: &Said,
        trouble: Option<&(String, String)>,
    ) -> Result<Done, StoreError> {
        sqlx::query(
            "insert into node_care (node_id, acknowledged_at, acknowledged_by, acknowledged_state, acknowledged_cause)
             values ($1, $2, $3, $4, $5) on conflict (node_id) do update set acknowledged_at = excluded.acknowledged_at,
                 acknowledged_by = excluded.acknowledged_by, acknowledged_state = excluded.acknowledged_state,
                 acknowledged_cause = excluded.acknowledged_cause",
        )
        .bind(said.node)
        .bind(trouble.map(|_| self.at))
        .bind(trouble.map(|_| self.actor.who.as_str()))
        .bind(trouble.map(|(state, _)| state.as_str()))
        .bind(trouble.map(|(_, cause)| cause.as_str()))
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("write down who knows of what"))?;
        let after = trouble.map(|(state, cause)| json!({ "state": state, "cause": cause }));
        Ok(Self::done("node.acknowledge", said, None, after))
    }

    async fn assign(&self, tx: &mut Tx, said: &Said, to: Option<&str>) -> Result<Done, StoreError> {
        let before: Option<Option<String>> = sqlx::query_scalar("select assigned_to from node_care where node_id = $1")
            .bind(said.node)
            .fetch_optional(&mut tx.conn)
            .await
            .map_err(StoreError::of("read who deals with a node"))?;
        sqlx::query(
            "insert into node_care (node_id, assigned_at, assigned_to, assigned_by) values ($1, $2, $3, $4)
             on conflict (node_id) do update set assigned_at = excluded.assigned_at, assigned_to = excluded.assigned_to,
                 assigned_by = excluded.assigned_by",
        )
        .bind(said.node)
        .bind(to.map(|_| self.at))
        .bind(to)
        .bind(to.map(|_| self.actor.who.as_str()))
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("write down who deals with a node"))?;
        let before = before.flatten().map(|to| json!({ "to": to }));
        Ok(Self::done(
            "node.assign",
            said,
            before,
            to.map(|to| json!({ "to": to })),
        ))
    }

    fn done(
        deed: &'static str,
        said: &Said,
        before: Option<serde_json::Value>,
        after: Option<serde_json::Value>,
    ) -> Done {
        Done {
            deed,
            subject: "node",
            id: said.node.to_string(),
            name: said.name.clone(),
            before,
            after,
        }
    }
}
