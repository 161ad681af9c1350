//! Whom to trust: the keys of vendors, and components that nobody may use.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::event::{Deed, DriverEvent, wrote};
use super::{json, list};
use crate::store::error::StoreError;
use crate::store::writer::{Tx, Write};
use crate::store::{Store, instant};

/// A key of a vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VendorKey {
    /// Its number, as minisign shows it.
    pub id: String,
    /// The public key.
    pub public: String,
    /// Whose it is, for people.
    pub name: String,
    /// What manifests must name as vendor.
    pub vendor: String,
    /// Of `read`, `configure`, `control`.
    pub roles: Vec<String>,
    /// Models that its packages may claim; `*`: any.
    pub models: Vec<String>,
    /// Since when it holds.
    pub valid_from: Option<Timestamp>,
    /// Until when.
    pub valid_to: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Why.
    pub revoked_why: Option<String>,
}

struct AddKey(VendorKey, Deed, Timestamp);
struct RevokeKey(String, Deed, Timestamp);
struct RevokeDigest(String, Deed, Timestamp);

impl Store {
    /// Adds a key, or changes the one of this number. A revoked key stays revoked.
    pub async fn put_vendor_key(&self, key: VendorKey, deed: Deed) -> Result<(), StoreError> {
        self.queue.write(AddKey(key, deed, self.now())).await
    }

    /// Every key.
    pub async fn vendor_keys(&self) -> Result<Vec<VendorKey>, StoreError> {
        let rows = sqlx::query(
            "select id, public, name, vendor, roles, models, valid_from, valid_to, revoked_at, revoked_why
             from vendor_key order by name, id",
        )
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the keys of vendors"))?;
        rows.iter().map(key).collect()
    }

    /// Revokes a key; false: there is none of this number that holds.
    pub async fn revoke_vendor_key(&self, id: &str, deed: Deed) -> Result<bool, StoreError> {
        self.queue.write(RevokeKey(id.to_owned(), deed, self.now())).await
    }

    /// Revokes a component: it is never taken in.
    pub async fn revoke_digest(&self, digest: &str, deed: Deed) -> Result<(), StoreError> {
        self.queue
            .write(RevokeDigest(digest.to_owned(), deed, self.now()))
            .await
    }

    /// Why a component is revoked; none: it is not.
    pub async fn revoked_digest(&self, digest: &str) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar("select why from driver_revoked where digest = $1")
            .bind(digest)
            .fetch_optional(&self.readers)
            .await
            .map_err(StoreError::of("read the revoked components"))
    }
}

fn key(row: &SqliteRow) -> Result<VendorKey, StoreError> {
    let at = |column| row.get::<Option<i64>, _>(column).map(instant);
    Ok(VendorKey {
        id: row.get(0),
        public: row.get(1),
        name: row.get(2),
        vendor: row.get(3),
        roles: list(row.get(4)),
        models: list(row.get(5)),
        valid_from: at(6),
        valid_to: at(7),
        revoked_at: at(8),
        revoked_why: row.get(9),
    })
}

fn of_key(id: &str, to: &str, deed: &Deed, at: Timestamp) -> DriverEvent {
    DriverEvent {
        id: 0,
        at,
        driver: String::new(),
        version: String::new(),
        digest: id.to_owned(),
        who: deed.who.who.clone(),
        from: None,
        to: to.to_owned(),
        why: deed.why.clone(),
    }
}

#[async_trait]
impl Write for AddKey {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let Self(key, deed, at) = self;
        sqlx::query(
            "insert into vendor_key (id, public, name, vendor, roles, models, valid_from, valid_to, added_at, added_by)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             on conflict (id) do update set public = excluded.public, name = excluded.name, vendor = excluded.vendor,
                 roles = excluded.roles, models = excluded.models, valid_from = excluded.valid_from,
                 valid_to = excluded.valid_to",
        )
        .bind(key.id.as_str())
        .bind(key.public.as_str())
        .bind(key.name.as_str())
        .bind(key.vendor.as_str())
        .bind(json(&key.roles))
        .bind(json(&key.models))
        .bind(key.valid_from.map(Timestamp::as_second))
        .bind(key.valid_to.map(Timestamp::as_second))
        .bind(at.as_second())
        .bind(deed.who.who.as_str())
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("add a vendor's key"))?;
        let mut deed = deed.clone();
        deed.why = format!(
            "{}: {} of {}, roles {}, models {}",
            deed.why,
            key.name,
            key.vendor,
            key.roles.join(" "),
            key.models.join(" ")
        );
        wrote(tx, &of_key(&key.id, "key-added", &deed, *at), &deed.who).await
    }
}

#[async_trait]
impl Write for RevokeKey {
    type Answer = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        let Self(id, deed, at) = self;
        let revoked =
            sqlx::query("update vendor_key set revoked_at = $2, revoked_why = $3 where id = $1 and revoked_at is null")
                .bind(id.as_str())
                .bind(at.as_second())
                .bind(deed.why.as_str())
                .execute(&mut tx.conn)
                .await
                .map_err(StoreError::of("revoke a vendor's key"))?;
        if revoked.rows_affected() == 0 {
            return Ok(false);
        }
        wrote(tx, &of_key(id, "key-revoked", deed, *at), &deed.who).await?;
        Ok(true)
    }
}

#[async_trait]
impl Write for RevokeDigest {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let Self(digest, deed, at) = self;
        sqlx::query("insert into driver_revoked (digest, at, who, why) values ($1, $2, $3, $4) on conflict do nothing")
            .bind(digest.as_str())
            .bind(at.as_second())
            .bind(deed.who.who.as_str())
            .bind(deed.why.as_str())
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("revoke a component"))?;
        wrote(tx, &of_key(digest, "digest-revoked", deed, *at), &deed.who).await
    }
}
