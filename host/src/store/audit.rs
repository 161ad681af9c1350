//! What was done, by whom, from where: appended to, never changed.

use async_trait::async_trait;
use serde_json::Value as Json;
use sqlx::SqliteConnection;
use tracing::error;

use super::Store;
use super::error::StoreError;
use super::writer::{Tx, Write};
use crate::model::Actor;

/// A change of state.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// What was done, such as `device.create`.
    pub deed: &'static str,
    /// Kind of the object: the first word of the deed.
    pub subject: &'static str,
    /// Its key.
    pub id: String,
    /// As people know it.
    pub name: String,
    /// What it was; none: it was not there, or the deed changes nothing that is kept.
    pub before: Option<Json>,
    /// What it is; none: it is no more.
    pub after: Option<Json>,
}

/// Writes down a deed in the transaction that does it. Neither `before` nor `after` may have secrets.
pub(super) async fn note(conn: &mut SqliteConnection, at: i64, actor: &Actor, done: &Done) -> Result<(), StoreError> {
    sqlx::query(
        "insert into audit (at, account_id, who, from_address, deed, subject, subject_id, subject_name, before, after)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(at)
    .bind(actor.account.map(|account| account.0))
    .bind(&actor.who)
    .bind(&actor.from)
    .bind(done.deed)
    .bind(done.subject)
    .bind(&done.id)
    .bind(&done.name)
    .bind(done.before.as_ref().map(Json::to_string))
    .bind(done.after.as_ref().map(Json::to_string))
    .execute(conn)
    .await
    .map(drop)
    .map_err(StoreError::of("write down what was done"))
}

#[derive(Debug, Clone)]
struct Note {
    at: i64,
    actor: Actor,
    done: Vec<Done>,
}

impl Store {
    /// Writes down a deed that changes nothing in the store itself, such as an order to read now.
    pub async fn note_done(&self, actor: &Actor, done: Done) -> Result<(), StoreError> {
        self.note_all_done(actor, vec![done]).await
    }

    /// The same for an order that stands already. While the storage takes nothing the order waits, and so does its row: both
    /// are gone only with the host.
    pub async fn note_order(&self, actor: &Actor, done: Done) -> Result<(), StoreError> {
        let note = self.note(actor, vec![done]);
        let Err(error) = self.queue.write_ahead(note.clone()).await else {
            return Ok(());
        };
        let turn = self.orders_waiting.clone().try_acquire_owned();
        let (true, Ok(turn)) = (error.is_storage_unavailable(), turn) else {
            return Err(error);
        };
        let queue = self.queue.clone();
        tokio::spawn(async move {
            let _turn = turn;
            let mut state = queue.state().clone();
            while state.wait_for(Option::is_none).await.is_ok() {
                match queue.write_ahead(note.clone()).await {
                    Err(error) if error.is_storage_unavailable() => {}
                    Err(error) => return error!(%error, ?note, "an order is not in the audit"),
                    Ok(()) => return,
                }
            }
        });
        Ok(())
    }

    /// The same for several deeds of one order.
    pub async fn note_all_done(&self, actor: &Actor, done: Vec<Done>) -> Result<(), StoreError> {
        self.queue.write_ahead(self.note(actor, done)).await
    }

    fn note(&self, actor: &Actor, done: Vec<Done>) -> Note {
        Note {
            at: self.now().as_second(),
            actor: actor.clone(),
            done,
        }
    }
}

#[async_trait]
impl Write for Note {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        for done in &self.done {
            note(&mut tx.conn, self.at, &self.actor, done).await?;
        }
        Ok(())
    }
}
