//! One meter in the place of another.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;
use sqlx::SqliteConnection;

use super::history::end_routes;
use super::object::{count_change, expect_revision};
use super::{Doer, KeptDevice, Kind, conflict, kept_device, missing, shown_device};
use crate::model::DeviceId;
use crate::store::audit::{self, Done};
use crate::store::error::StoreError;
use crate::store::import::{NewDevice, Target, Writing, check_devices};
use crate::store::writer::{Tx, Write};
use crate::store::{Store, instant};

/// A meter that takes the place of another.
#[derive(Debug, Clone, PartialEq)]
pub struct Replace {
    /// The one that goes.
    pub old: DeviceId,
    /// Only when it still has this revision.
    pub revision: Option<i64>,
    /// When it went; none: now.
    pub at: Option<Timestamp>,
    /// The one that comes. With the name of the old one, the old one is called otherwise.
    pub new: NewDevice,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// The meter that came.
    pub new: DeviceId,
    /// What the one that went is called now.
    pub old_name: String,
}

struct Exchange {
    doer: Doer,
    replace: Replace,
    now: i64,
}

impl Store {
    /// Puts a meter in the place of another: points and their series go on with the new one, records stay with the old one,
    /// which is archived.
    ///
    /// # Errors
    /// `Import` with every fault of the new one; `Refused` when something is in the way.
    pub async fn replace_device(&self, doer: &Doer, replace: Replace) -> Result<Replaced, StoreError> {
        let faults = check_devices(std::slice::from_ref(&replace.new));
        if !faults.is_empty() {
            return Err(StoreError::Import(faults));
        }
        let exchange = Exchange {
            doer: doer.clone(),
            replace,
            now: self.now().as_second(),
        };
        self.queue.write(exchange).await
    }
}

#[async_trait]
impl Write for Exchange {
    type Answer = Replaced;

    async fn run(&self, tx: &mut Tx) -> Result<Replaced, StoreError> {
        let (id, new) = (self.replace.old.0, &self.replace.new);
        let gone = || missing(Kind::Device, id);
        let old = kept_device(&mut tx.conn, id).await?.ok_or_else(gone)?;
        expect_revision(Kind::Device, id, old.revision, self.replace.revision)?;
        let at = self.replace.at.map_or(self.now, Timestamp::as_second);
        self.may_go(&mut tx.conn, &old, at).await?;
        let old_name = if new.name == old.device.name {
            past_name(&mut tx.conn, &old.device.name, at).await?
        } else {
            old.device.name.clone()
        };
        leave(&mut tx.conn, id, &old_name, at, self.now).await?;
        let mut writing = Writing::new(&self.doer, Target::New, at);
        let came = match writing.device(tx, new).await? {
            Ok(imported) => imported.device,
            Err((field, reason)) => return Err(conflict(field, reason)),
        };
        let conn = &mut tx.conn;
        let what = "put a device in the place of another";
        // What the new meter measured before, it measured somewhere else.
        sqlx::query("update device_point set valid_from = $1 where device_id = $2")
            .bind(at)
            .bind(came.0)
            .execute(&mut *conn)
            .await
            .map_err(StoreError::of(what))?;
        sqlx::query("update device set replaced_by = $1, replaced_at = $2 where id = $3")
            .bind(came.0)
            .bind(at)
            .bind(id)
            .execute(&mut *conn)
            .await
            .map_err(StoreError::of(what))?;
        count_change(conn).await?;
        self.note(conn, &old, came, at).await?;
        Ok(Replaced { new: came, old_name })
    }
}

impl Exchange {
    /// Whether the old one can go at `at`.
    async fn may_go(&self, conn: &mut SqliteConnection, old: &KeptDevice, at: i64) -> Result<(), StoreError> {
        let name = &old.device.name;
        if old.archived_at.is_some() {
            return Err(conflict("", format!("device {name:?} is archived: it has no place")));
        }
        if at > self.now {
            let reason = format!("{} has not come yet, it is {}", instant(at), instant(self.now));
            return Err(conflict("at", reason));
        }
        let since: Option<i64> =
            sqlx::query_scalar("select max(valid_from) from device_point where device_id = $1 and valid_to is null")
                .bind(old.id.0)
                .fetch_one(conn)
                .await
                .map_err(StoreError::of("see since when a device serves"))?;
        match since {
            Some(since) if since > 0 && since >= at => {
                let (since, at) = (instant(since), instant(at));
                Err(conflict(
                    "at",
                    format!("device {name:?} has its place since {since}, after {at}"),
                ))
            }
            _ => Ok(()),
        }
    }

    async fn note(
        &self,
        conn: &mut SqliteConnection,
        old: &KeptDevice,
        new: DeviceId,
        at: i64,
    ) -> Result<(), StoreError> {
        let secrets = &self.doer.secrets;
        let done = Done {
            deed: "device.replace",
            subject: "device",
            id: old.id.to_string(),
            name: old.device.name.clone(),
            before: Some(shown_device(&old.device, secrets)),
            after: Some(json!({ "replaced_by": new.0, "at": instant(at).to_string() })),
        };
        audit::note(conn, self.now, &self.doer.actor, &done).await?;
        let done = Done {
            deed: "device.create",
            id: new.to_string(),
            name: self.replace.new.name.clone(),
            before: None,
            after: Some(shown_device(&self.replace.new, secrets)),
            ..done
        };
        audit::note(conn, self.now, &self.doer.actor, &done).await
    }
}

/// A name for the device that goes, when the one that comes has its name.
async fn past_name(conn: &mut SqliteConnection, name: &str, at: i64) -> Result<String, StoreError> {
    let day = instant(at).to_zoned(jiff::tz::TimeZone::UTC).date();
    let first = format!("{name} (until {day})");
    let taken: Vec<String> = sqlx::query_scalar("select name from device where name = $1 or name like $1 || ', %'")
        .bind(&first)
        .fetch_all(conn)
        .await
        .map_err(StoreError::of("find a name for a device that goes"))?;
    let mut names = std::iter::once(first.clone()).chain((2..).map(|number| format!("{first}, {number}")));
    Ok(names.find(|name| !taken.contains(name)).unwrap_or(first))
}

/// The old one goes.
async fn leave(conn: &mut SqliteConnection, id: i64, name: &str, at: i64, now: i64) -> Result<(), StoreError> {
    let what = "take a device from its place";
    sqlx::query("update device_point set valid_to = $1 where device_id = $2 and valid_to is null")
        .bind(at)
        .bind(id)
        .execute(&mut *conn)
        .await
        .map_err(StoreError::of(what))?;
    sqlx::query("update device set name = $1, archived_at = $2 where id = $3")
        .bind(name)
        .bind(now)
        .bind(id)
        .execute(&mut *conn)
        .await
        .map_err(StoreError::of(what))?;
    end_routes(conn, id, at).await
}
