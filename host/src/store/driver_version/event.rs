//! What was done, by whom and why.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;
use sqlx::{Row as _, SqliteConnection};

use crate::model::Actor;
use crate::store::audit::{Done, note};
use crate::store::error::StoreError;
use crate::store::writer::{Tx, Write};
use crate::store::{Store, instant};

/// Who does something with a version, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// A person, a program, or the host itself.
    pub who: Actor,
    /// Why.
    pub why: String,
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverEvent {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Id of the driver; empty for a key.
    pub driver: String,
    /// Its version.
    pub version: String,
    /// Digest of its component, or number of a key.
    pub digest: String,
    /// Who did it.
    pub who: String,
    /// Where it stood before.
    pub from: Option<String>,
    /// Where it stands since, or what was done.
    pub to: String,
    /// Why.
    pub why: String,
}

struct Refused(DriverEvent, Actor);

impl Store {
    /// Writes down that a package was refused.
    pub async fn driver_refused(
        &self,
        driver: &str,
        version: &str,
        digest: &str,
        deed: Deed,
    ) -> Result<(), StoreError> {
        let event = DriverEvent {
            id: 0,
            at: self.now(),
            driver: driver.to_owned(),
            version: version.to_owned(),
            digest: digest.to_owned(),
            who: deed.who.who.clone(),
            from: None,
            to: "refused".to_owned(),
            why: deed.why,
        };
        self.queue.write(Refused(event, deed.who)).await
    }

    /// What was done, the newest first, before event `before`: with the components of `own`, or with everything.
    pub async fn driver_events(
        &self,
        driver: Option<&str>,
        own: Option<&[String]>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<DriverEvent>, StoreError> {
        let rows = sqlx::query(
            "select id, at, driver, version, digest, who, from_state, to_state, why from driver_event
             where ($1 is null or driver = $1) and ($2 is null or id < $2)
                 and ($4 is null or digest in (select value from json_each($4)))
             order by id desc limit $3",
        )
        .bind(driver)
        .bind(before)
        .bind(limit)
        .bind(own.map(|own| json!(own).to_string()))
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read what was done with drivers"))?;
        Ok(rows
            .iter()
            .map(|row| DriverEvent {
                id: row.get(0),
                at: instant(row.get(1)),
                driver: row.get(2),
                version: row.get(3),
                digest: row.get(4),
                who: row.get(5),
                from: row.get(6),
                to: row.get(7),
                why: row.get(8),
            })
            .collect())
    }

    /// Counts up with every change of a version or a key, whoever made it.
    pub async fn drivers_revision(&self) -> Result<i64, StoreError> {
        revision(&mut self.reader().await?.conn).await
    }
}

/// [`Store::drivers_revision`] over a connection.
pub(super) async fn revision(conn: &mut SqliteConnection) -> Result<i64, StoreError> {
    sqlx::query_scalar("select number from revision where subject = 'drivers'")
        .fetch_one(conn)
        .await
        .map_err(StoreError::of("read the revision of the drivers"))
}

/// Writes an event down, inside the change that it tells of.
pub(super) async fn wrote(tx: &mut Tx, event: &DriverEvent, actor: &Actor) -> Result<(), StoreError> {
    note(&mut tx.conn, event.at.as_second(), actor, &done(event)).await?;
    let what = "write down what is done with a driver";
    sqlx::query(
        "insert into driver_event (at, driver, version, digest, who, from_state, to_state, why)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(event.at.as_second())
    .bind(event.driver.as_str())
    .bind(event.version.as_str())
    .bind(event.digest.as_str())
    .bind(event.who.as_str())
    .bind(event.from.as_deref())
    .bind(event.to.as_str())
    .bind(event.why.as_str())
    .execute(&mut tx.conn)
    .await
    .map_err(StoreError::of(what))?;
    sqlx::query("update revision set number = number + 1 where subject = 'drivers'")
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of(what))?;
    Ok(())
}

/// The same for the audit. Keys of vendors and components that nobody may use have no driver.
fn done(event: &DriverEvent) -> Done {
    let (deed, subject) = match event.to.as_str() {
        "key-added" => ("vendor-key.trust", "vendor-key"),
        "key-revoked" => ("vendor-key.revoke", "vendor-key"),
        "digest-revoked" => ("driver.revoke", "driver"),
        "refused" => ("driver.refuse", "driver"),
        _ if event.from.is_none() => ("driver.install", "driver"),
        _ => ("driver.move", "driver"),
    };
    let name = format!("{} {}", event.driver, event.version);
    Done {
        deed,
        subject,
        id: event.digest.clone(),
        name: name.trim().to_owned(),
        before: event.from.as_ref().map(|from| json!({ "state": from })),
        after: Some(json!({ "state": event.to, "why": event.why })),
    }
}

#[async_trait]
impl Write for Refused {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        wrote(tx, &self.0, &self.1).await
    }
}
