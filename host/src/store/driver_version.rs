//! Versions of drivers, the keys of their vendors, and what was done with both.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::error::StoreError;
use super::writer::{Tx, Write};
use super::{Store, instant};
use crate::model::{DriverState, Outcome};

/// A version of a driver.
#[derive(Debug, Clone, PartialEq)]
pub struct DriverVersion {
    /// SHA-256 of its component.
    pub digest: String,
    /// Id of the driver.
    pub driver: String,
    /// Its version.
    pub version: String,
    /// Who makes it.
    pub vendor: String,
    /// `package`, or the file in the folder of drivers.
    pub origin: String,
    /// Manifest of its package.
    pub manifest: Option<Value>,
    /// Number of the vendor's key that signed it.
    pub signed_by: Option<String>,
    /// Interfaces beyond `meter` that it may use.
    pub granted: Vec<String>,
    /// Where it stands.
    pub state: DriverState,
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub why: String,
    /// When it was taken in.
    pub installed_at: Timestamp,
    /// What the conformance kit found, as its package says.
    pub report: Option<Value>,
    /// Report of the last shadow run.
    pub shadow: Option<Value>,
    /// Which devices a canary reads, and what is expected of them.
    pub canary: Option<Value>,
}

/// Who does something with a version, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// A person, a program, or the host itself.
    pub who: String,
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

/// A session of a version, for those who judge it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverSession {
    /// Its number.
    pub id: i64,
    /// With which device.
    pub device: i64,
    /// How it ended.
    pub outcome: Outcome,
    /// What exactly was wrong.
    pub detail: Option<String>,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Records that came back different from what was stored.
    pub changed: i64,
}

/// What a version becomes, in one go.
#[derive(Debug, Clone)]
pub struct Step {
    /// Which.
    pub digest: String,
    /// Where to.
    pub to: DriverState,
    /// Who and why.
    pub deed: Deed,
    /// Report of a shadow run, to be kept.
    pub shadow: Option<Value>,
    /// Which devices a canary reads; none: none.
    pub canary: Option<Value>,
}

struct Add(DriverVersion, Vec<u8>, Deed, Timestamp);
struct Steps(Vec<Step>, Timestamp);
struct AddKey(VendorKey, Deed, Timestamp);
struct RevokeKey(String, Deed, Timestamp);
struct RevokeDigest(String, Deed, Timestamp);
struct Refused(DriverEvent);

const VERSION: &str = "select digest, driver, version, vendor, origin, manifest, signed_by, granted, state, since, why, \
    installed_at, shadow, canary, report from driver_version";

impl Store {
    /// Takes a version in; `package` may be empty. Answers false when it is there already.
    pub async fn add_driver_version(
        &self,
        version: DriverVersion,
        package: Vec<u8>,
        deed: Deed,
    ) -> Result<bool, StoreError> {
        self.queue.write(Add(version, package, deed, self.now())).await
    }

    /// Moves versions, all or none.
    ///
    /// # Errors
    /// `Malformed` when one of them is not there or may not go there.
    pub async fn move_driver_versions(&self, steps: Vec<Step>) -> Result<(), StoreError> {
        self.queue.write(Steps(steps, self.now())).await
    }

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
            who: deed.who,
            from: None,
            to: "refused".to_owned(),
            why: deed.why,
        };
        self.queue.write(Refused(event)).await
    }

    /// Every version, the newest of each driver first.
    pub async fn driver_versions(&self) -> Result<Vec<DriverVersion>, StoreError> {
        let sql = format!("{VERSION} order by driver, installed_at desc, digest");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&self.readers).await;
        let rows = rows.map_err(StoreError::of("read the versions of drivers"))?;
        rows.iter().map(version).collect()
    }

    /// The versions whose digest begins so.
    pub async fn driver_version(&self, prefix: &str) -> Result<Vec<DriverVersion>, StoreError> {
        let versions = self.driver_versions().await?;
        Ok(versions
            .into_iter()
            .filter(|version| version.digest.starts_with(prefix))
            .collect())
    }

    /// The package of a version; none: it came without.
    pub async fn driver_package(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let package: Option<Option<Vec<u8>>> =
            sqlx::query_scalar("select package from driver_version where digest = $1")
                .bind(digest)
                .fetch_optional(&self.readers)
                .await
                .map_err(StoreError::of("read the package of a driver"))?;
        Ok(package.flatten())
    }

    /// What was done, the newest first, before event `before`.
    pub async fn driver_events(
        &self,
        driver: Option<&str>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<DriverEvent>, StoreError> {
        let rows = sqlx::query(
            "select id, at, driver, version, digest, who, from_state, to_state, why from driver_event
             where ($1 is null or driver = $1) and ($2 is null or id < $2) order by id desc limit $3",
        )
        .bind(driver)
        .bind(before)
        .bind(limit)
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
        sqlx::query_scalar("select number from revision where subject = 'drivers'")
            .fetch_one(&self.readers)
            .await
            .map_err(StoreError::of("read the revision of the drivers"))
    }

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

    /// Ended sessions of a version after session `after`, oldest first. Tunnels are none of it.
    pub async fn sessions_of_driver(
        &self,
        digest: &str,
        after: i64,
        limit: u32,
    ) -> Result<Vec<DriverSession>, StoreError> {
        let rows = sqlx::query(
            "select s.id, s.device_id, s.outcome, s.detail, s.ended_at_ms,
                 (select count(*) from incident i where i.session_id = s.id and i.kind = 'record-changed')
             from session s where s.driver_digest = $1 and s.id > $2 and s.outcome is not null and s.reason <> 'tunnel'
             order by s.id limit $3",
        )
        .bind(digest)
        .bind(after)
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the sessions of a driver"))?;
        rows.iter()
            .map(|row| {
                Ok(DriverSession {
                    id: row.get(0),
                    device: row.get(1),
                    outcome: row.get::<&str, _>(2).parse()?,
                    detail: row.get(3),
                    ended_at: instant(row.get::<i64, _>(4) / 1_000),
                    changed: row.get(5),
                })
            })
            .collect()
    }

    /// The newest session there is.
    pub async fn last_session(&self) -> Result<i64, StoreError> {
        sqlx::query_scalar("select coalesce(max(id), 0) from session")
            .fetch_one(&self.readers)
            .await
            .map_err(StoreError::of("read the newest session"))
    }

    /// Sessions of a driver's devices whose trace can be held again, the newest first: of each device the last few.
    pub async fn sessions_to_replay(&self, driver: &str, limit: u32) -> Result<Vec<i64>, StoreError> {
        sqlx::query_scalar(
            "select s.id from session s join trace t on t.session_id = s.id
             where s.driver = $1 and t.asked is not null and s.outcome in ('complete', 'partial') and s.exchanges > 0
             order by s.id desc limit $2",
        )
        .bind(driver)
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the sessions to hold again"))
    }
}

fn list(text: &str) -> Vec<String> {
    // Only this program writes it.
    serde_json::from_str(text).unwrap_or_default()
}

fn json(list: &[String]) -> String {
    Value::from(list.to_vec()).to_string()
}

fn parsed(text: Option<&str>) -> Option<Value> {
    text.and_then(|text| serde_json::from_str(text).ok())
}

fn version(row: &SqliteRow) -> Result<DriverVersion, StoreError> {
    Ok(DriverVersion {
        digest: row.get(0),
        driver: row.get(1),
        version: row.get(2),
        vendor: row.get(3),
        origin: row.get(4),
        manifest: parsed(row.get(5)),
        signed_by: row.get(6),
        granted: list(row.get(7)),
        state: row.get::<&str, _>(8).parse()?,
        since: instant(row.get(9)),
        why: row.get(10),
        installed_at: instant(row.get(11)),
        shadow: parsed(row.get(12)),
        canary: parsed(row.get(13)),
        report: parsed(row.get(14)),
    })
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

async fn wrote(tx: &mut Tx, event: &DriverEvent) -> Result<(), StoreError> {
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

#[async_trait]
impl Write for Add {
    type Answer = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        let Self(version, package, deed, at) = self;
        let added = sqlx::query(
            "insert into driver_version (digest, driver, version, vendor, origin, manifest, package, signed_by, granted,
                 state, since, why, installed_at, report)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $11, $13) on conflict do nothing",
        )
        .bind(version.digest.as_str())
        .bind(version.driver.as_str())
        .bind(version.version.as_str())
        .bind(version.vendor.as_str())
        .bind(version.origin.as_str())
        .bind(version.manifest.as_ref().map(Value::to_string))
        .bind(Some(package.as_slice()).filter(|package| !package.is_empty()))
        .bind(version.signed_by.as_deref())
        .bind(json(&version.granted))
        .bind(version.state.word())
        .bind(at.as_second())
        .bind(deed.why.as_str())
        .bind(version.report.as_ref().map(Value::to_string))
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("take a version of a driver in"))?;
        if added.rows_affected() == 0 {
            return Ok(false);
        }
        wrote(
            tx,
            &DriverEvent {
                id: 0,
                at: *at,
                driver: version.driver.clone(),
                version: version.version.clone(),
                digest: version.digest.clone(),
                who: deed.who.clone(),
                from: None,
                to: version.state.word().to_owned(),
                why: deed.why.clone(),
            },
        )
        .await?;
        Ok(true)
    }
}

#[async_trait]
impl Write for Steps {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        for step in &self.0 {
            take(tx, step, self.1).await?;
        }
        Ok(())
    }
}

async fn take(tx: &mut Tx, step: &Step, at: Timestamp) -> Result<(), StoreError> {
    let what = "move a version of a driver";
    let row = sqlx::query("select state, driver, version from driver_version where digest = $1")
        .bind(step.digest.as_str())
        .fetch_optional(&mut tx.conn)
        .await
        .map_err(StoreError::of(what))?;
    let Some(row) = row else {
        return Err(StoreError::Malformed {
            what: "digest of a driver's version",
            got: step.digest.clone(),
            want: "one that is installed".to_owned(),
        });
    };
    let from: DriverState = row.get::<&str, _>(0).parse()?;
    if !from.may_become(step.to) {
        return Err(StoreError::Malformed {
            what: "next state of a driver's version",
            got: step.to.word().to_owned(),
            want: format!("one that a version which is {from} may become"),
        });
    }
    sqlx::query(
        "update driver_version set state = $2, since = $3, why = $4, shadow = coalesce($5, shadow), canary = $6
         where digest = $1",
    )
    .bind(step.digest.as_str())
    .bind(step.to.word())
    .bind(at.as_second())
    .bind(step.deed.why.as_str())
    .bind(step.shadow.as_ref().map(Value::to_string))
    .bind(step.canary.as_ref().map(Value::to_string))
    .execute(&mut tx.conn)
    .await
    .map_err(StoreError::of(what))?;
    wrote(
        tx,
        &DriverEvent {
            id: 0,
            at,
            driver: row.get(1),
            version: row.get(2),
            digest: step.digest.clone(),
            who: step.deed.who.clone(),
            from: Some(from.word().to_owned()),
            to: step.to.word().to_owned(),
            why: step.deed.why.clone(),
        },
    )
    .await
}

fn of_key(id: &str, to: &str, deed: &Deed, at: Timestamp) -> DriverEvent {
    DriverEvent {
        id: 0,
        at,
        driver: String::new(),
        version: String::new(),
        digest: id.to_owned(),
        who: deed.who.clone(),
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
        .bind(deed.who.as_str())
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
        wrote(tx, &of_key(&key.id, "key-added", &deed, *at)).await
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
        wrote(tx, &of_key(id, "key-revoked", deed, *at)).await?;
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
            .bind(deed.who.as_str())
            .bind(deed.why.as_str())
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("revoke a component"))?;
        wrote(tx, &of_key(digest, "digest-revoked", deed, *at)).await
    }
}

#[async_trait]
impl Write for Refused {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        wrote(tx, &self.0).await
    }
}
