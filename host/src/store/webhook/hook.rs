//! The list of webhooks.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::limits;
use crate::model::Actor;
use crate::store::audit::{self, Done};
use crate::store::writer::{Tx, Write};
use crate::store::{Store, StoreError, instant};

/// A program that is told of what happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its key.
    pub id: i64,
    /// For people, unique.
    pub name: String,
    /// Where it is told.
    pub url: String,
    /// Of `record`, `session`, `node`, `control`.
    pub kinds: Vec<String>,
    /// What is sent is signed with it.
    pub secret: String,
    /// Whether it is told anything.
    pub enabled: bool,
    /// Records up to this one are told, or in a delivery.
    pub record_cursor: i64,
    /// The same of events.
    pub event_cursor: i64,
    /// Events that were removed before they were told.
    pub missed: i64,
    /// Since when.
    pub created_at: Timestamp,
    /// Deliveries that wait, and that were given up without tests.
    pub waiting: (i64, i64),
}

/// A new one.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// For people, unique.
    pub name: String,
    /// Where it is told.
    pub url: String,
    /// Of `record`, `session`, `node`, `control`.
    pub kinds: Vec<String>,
    /// Signs.
    pub secret: String,
}

/// What is done with one.
#[derive(Debug, Clone)]
pub enum WebhookChange {
    /// It is called so, led there, told of that; none: as it was.
    Describe {
        /// For people.
        name: Option<String>,
        /// Where.
        url: Option<String>,
        /// Of what; of a kind that is new, of what comes from now on.
        kinds: Option<Vec<String>>,
        /// Whether it is told anything. What happens while it is not, it is never told.
        enabled: Option<bool>,
    },
    /// It has another secret.
    Secret(String),
    /// It is no more, nor are its deliveries.
    Remove,
    /// A delivery that was given up is sent once more.
    Again(i64),
    /// It is sent something that says nothing.
    Test,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookFault {
    /// There is none of this key.
    #[error("there is no webhook {0}")]
    NoWebhook(i64),
    /// It has no delivery of this key that was given up.
    #[error("webhook {0} has no delivery {1} that was given up")]
    NoDelivery(i64, i64),
    /// Another one is called so.
    #[error("there is a webhook {0:?} already")]
    Taken(String),
    /// What it was to be tried with waits to be sent.
    #[error("webhook {0} is being tested already")]
    Tested(i64),
    /// There are as many as there may be.
    #[error("there are {0} webhooks, which is the most")]
    TooMany(i64),
}

const COLUMNS: &str = "select id, name, url, kinds, secret, enabled, record_cursor, event_cursor, missed, created_at,
    (select count(*) from webhook_delivery d where d.webhook_id = webhook.id and d.state in ('pending', 'again')),
    (select count(*) from webhook_delivery d where d.webhook_id = webhook.id and d.state = 'dead' and d.kind <> 'test')
    from webhook";

impl Store {
    /// Every webhook, by its key.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, StoreError> {
        let sql = format!("{COLUMNS} order by id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&self.readers).await;
        Ok(rows
            .map_err(StoreError::of("read webhooks"))?
            .iter()
            .map(hook)
            .collect())
    }

    /// One of them.
    pub async fn webhook(&self, id: i64) -> Result<Option<Webhook>, StoreError> {
        Ok(self.webhooks().await?.into_iter().find(|hook| hook.id == id))
    }

    /// Makes one, which is told of what comes from now on. Gives its key.
    pub async fn add_webhook(&self, new: NewWebhook, actor: &Actor) -> Result<Result<i64, WebhookFault>, StoreError> {
        let add = Add {
            new,
            actor: actor.clone(),
            at: self.now().as_second(),
        };
        self.queue.write_ahead(add).await
    }

    /// Does something with one.
    pub async fn change_webhook(
        &self,
        id: i64,
        change: WebhookChange,
        actor: &Actor,
    ) -> Result<Result<(), WebhookFault>, StoreError> {
        let change = Change {
            id,
            change,
            actor: actor.clone(),
            at: self.now().as_second(),
        };
        self.queue.write_ahead(change).await
    }
}

fn hook(row: &SqliteRow) -> Webhook {
    let kinds: &str = row.get(3);
    Webhook {
        id: row.get(0),
        name: row.get(1),
        url: row.get(2),
        kinds: kinds.split_whitespace().map(str::to_owned).collect(),
        secret: row.get(4),
        enabled: row.get(5),
        record_cursor: row.get(6),
        event_cursor: row.get(7),
        missed: row.get(8),
        created_at: instant(row.get(9)),
        waiting: (row.get(10), row.get(11)),
    }
}

/// For the audit: nothing of the secret.
fn told(hook: &Webhook) -> Json {
    json!({ "name": hook.name, "url": hook.url, "kinds": hook.kinds, "enabled": hook.enabled })
}

async fn find(conn: &mut SqliteConnection, id: i64) -> Result<Option<Webhook>, StoreError> {
    let sql = format!("{COLUMNS} where id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(id)
        .fetch_optional(conn)
        .await;
    Ok(row.map_err(StoreError::of("find a webhook"))?.as_ref().map(hook))
}

async fn is_taken(conn: &mut SqliteConnection, name: &str, but: i64) -> Result<bool, StoreError> {
    sqlx::query_scalar("select exists (select 1 from webhook where name = $1 and id <> $2)")
        .bind(name)
        .bind(but)
        .fetch_one(conn)
        .await
        .map_err(StoreError::of("look for a webhook"))
}

/// Nobody was told of nodes so far: what they are by now is no news.
async fn forget_nodes(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query(
        "delete from node_told where not exists (select 1 from webhook where enabled = 1 and instr(kinds, 'node'))",
    )
    .execute(conn)
    .await
    .map(drop)
    .map_err(StoreError::of("forget the states of nodes"))
}

struct Add {
    new: NewWebhook,
    actor: Actor,
    at: i64,
}

#[async_trait]
impl Write for Add {
    type Answer = Result<i64, WebhookFault>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Answer, StoreError> {
        let (conn, new) = (&mut tx.conn, &self.new);
        let held: i64 = sqlx::query_scalar("select count(*) from webhook")
            .fetch_one(&mut *conn)
            .await
            .map_err(StoreError::of("count webhooks"))?;
        if held >= limits::WEBHOOKS {
            return Ok(Err(WebhookFault::TooMany(held)));
        }
        if is_taken(conn, &new.name, 0).await? {
            return Ok(Err(WebhookFault::Taken(new.name.clone())));
        }
        forget_nodes(conn).await?;
        let id: i64 = sqlx::query_scalar(
            "insert into webhook (name, url, kinds, secret, enabled, record_cursor, event_cursor, created_at)
             values ($1, $2, $3, $4, 1, (select coalesce(max(id), 0) from record),
                 (select coalesce(max(id), 0) from host_event), $5) returning id",
        )
        .bind(&new.name)
        .bind(&new.url)
        .bind(new.kinds.join(" "))
        .bind(&new.secret)
        .bind(self.at)
        .fetch_one(&mut *conn)
        .await
        .map_err(StoreError::of("keep a webhook"))?;
        let done = Done {
            deed: "webhook.create",
            subject: "webhook",
            id: id.to_string(),
            name: new.name.clone(),
            before: None,
            after: find(conn, id).await?.as_ref().map(told),
        };
        audit::note(conn, self.at, &self.actor, &done).await?;
        Ok(Ok(id))
    }
}

struct Change {
    id: i64,
    change: WebhookChange,
    actor: Actor,
    at: i64,
}

#[async_trait]
impl Write for Change {
    type Answer = Result<(), WebhookFault>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Answer, StoreError> {
        let conn = &mut tx.conn;
        let Some(before) = find(conn, self.id).await? else {
            return Ok(Err(WebhookFault::NoWebhook(self.id)));
        };
        let (deed, after) = match &self.change {
            WebhookChange::Describe { name, .. } => {
                if let Some(name) = name
                    && is_taken(conn, name, self.id).await?
                {
                    return Ok(Err(WebhookFault::Taken(name.clone())));
                }
                self.describe(conn, &before).await?;
                ("webhook.change", find(conn, self.id).await?.as_ref().map(told))
            }
            WebhookChange::Secret(secret) => {
                self.execute(conn, "update webhook set secret = $2 where id = $1", secret)
                    .await?;
                ("webhook.new-secret", Some(told(&before)))
            }
            WebhookChange::Remove => {
                self.execute(conn, "delete from webhook_delivery where webhook_id = $1", "")
                    .await?;
                self.execute(conn, "delete from webhook where id = $1", "").await?;
                ("webhook.remove", None)
            }
            WebhookChange::Again(delivery) => {
                if !super::delivery::again(conn, self.id, *delivery).await? {
                    return Ok(Err(WebhookFault::NoDelivery(self.id, *delivery)));
                }
                ("webhook.send-again", Some(json!({ "delivery": delivery })))
            }
            WebhookChange::Test => {
                if !super::delivery::test(conn, self.id, self.at).await? {
                    return Ok(Err(WebhookFault::Tested(self.id)));
                }
                ("webhook.test", Some(told(&before)))
            }
        };
        let done = Done {
            deed,
            subject: "webhook",
            id: self.id.to_string(),
            name: before.name.clone(),
            before: Some(told(&before)),
            after,
        };
        audit::note(conn, self.at, &self.actor, &done).await?;
        Ok(Ok(()))
    }
}

impl Change {
    async fn execute(&self, conn: &mut SqliteConnection, sql: &'static str, text: &str) -> Result<(), StoreError> {
        let mut query = sqlx::query(sql).bind(self.id);
        if !text.is_empty() {
            query = query.bind(text.to_owned());
        }
        let done = query.execute(conn).await;
        done.map(drop).map_err(StoreError::of("change a webhook"))
    }

    async fn describe(&self, conn: &mut SqliteConnection, before: &Webhook) -> Result<(), StoreError> {
        let WebhookChange::Describe {
            name,
            url,
            kinds,
            enabled,
        } = &self.change
        else {
            return Ok(());
        };
        forget_nodes(conn).await?;
        let begins = *enabled == Some(true) && !before.enabled;
        let has = |kinds: &[String]| kinds.iter().any(|kind| kind == "record");
        let begins_records = begins || (kinds.as_deref().is_some_and(has) && !has(&before.kinds));
        sqlx::query(
            "update webhook set name = coalesce($2, name), url = coalesce($3, url), kinds = coalesce($4, kinds),
                 enabled = coalesce($5, enabled),
                 record_cursor = case when $7 then (select coalesce(max(id), 0) from record) else record_cursor end,
                 event_cursor = case when $6 then (select coalesce(max(id), 0) from host_event) else event_cursor end
             where id = $1",
        )
        .bind(self.id)
        .bind(name.as_deref())
        .bind(url.as_deref())
        .bind(kinds.as_ref().map(|kinds| kinds.join(" ")))
        .bind(*enabled)
        .bind(begins)
        .bind(begins_records)
        .execute(conn)
        .await
        .map(drop)
        .map_err(StoreError::of("change a webhook"))
    }
}
