//! What there is: versions, where each stands.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::event::{Deed, DriverEvent, wrote};
use super::{json, list};
use crate::model::DriverState;
use crate::store::error::StoreError;
use crate::store::writer::{Tx, Write};
use crate::store::{Store, instant};

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

struct Add(DriverVersion, Vec<u8>, Deed, Timestamp);

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

    /// Every version, the newest of each driver first.
    pub async fn driver_versions(&self) -> Result<Vec<DriverVersion>, StoreError> {
        let sql = format!("{VERSION} order by driver, installed_at desc, digest");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&self.readers).await;
        versions(rows)
    }

    /// The versions whose digest begins so.
    pub async fn driver_version(&self, prefix: &str) -> Result<Vec<DriverVersion>, StoreError> {
        of_prefix(&mut self.reader().await?.conn, prefix).await
    }

    /// The package of a version; none: it came without.
    pub async fn driver_package(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        sqlx::query_scalar("select package from driver_package where digest = $1")
            .bind(digest)
            .fetch_optional(&self.readers)
            .await
            .map_err(StoreError::of("read the package of a driver"))
    }
}

/// The versions whose digest begins so.
pub(super) async fn of_prefix(conn: &mut SqliteConnection, prefix: &str) -> Result<Vec<DriverVersion>, StoreError> {
    // A digest is in hex: whatever follows the beginning is less than "g".
    let sql = format!("{VERSION} where digest >= $1 and digest < $1 || 'g' order by digest");
    versions(sqlx::query(sqlx::AssertSqlSafe(sql)).bind(prefix).fetch_all(conn).await)
}

/// Every version of a driver, the newest first.
pub(super) async fn of_driver(conn: &mut SqliteConnection, driver: &str) -> Result<Vec<DriverVersion>, StoreError> {
    let sql = format!("{VERSION} where driver = $1 order by installed_at desc, digest");
    versions(sqlx::query(sqlx::AssertSqlSafe(sql)).bind(driver).fetch_all(conn).await)
}

fn versions(rows: Result<Vec<SqliteRow>, sqlx::Error>) -> Result<Vec<DriverVersion>, StoreError> {
    let rows = rows.map_err(StoreError::of("read the versions of drivers"))?;
    rows.iter().map(version).collect()
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

#[async_trait]
impl Write for Add {
    type Answer = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        let Self(version, package, deed, at) = self;
        let added = sqlx::query(
            "insert into driver_version (digest, driver, version, vendor, origin, manifest, signed_by, granted,
                 state, since, why, installed_at, report)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10, $12) on conflict do nothing",
        )
        .bind(version.digest.as_str())
        .bind(version.driver.as_str())
        .bind(version.version.as_str())
        .bind(version.vendor.as_str())
        .bind(version.origin.as_str())
        .bind(version.manifest.as_ref().map(Value::to_string))
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
        if !package.is_empty() {
            sqlx::query("insert into driver_package (digest, package) values ($1, $2)")
                .bind(version.digest.as_str())
                .bind(package.as_slice())
                .execute(&mut tx.conn)
                .await
                .map_err(StoreError::of("keep the package of a driver"))?;
        }
        wrote(
            tx,
            &DriverEvent {
                id: 0,
                at: *at,
                driver: version.driver.clone(),
                version: version.version.clone(),
                digest: version.digest.clone(),
                who: deed.who.who.clone(),
                from: None,
                to: version.state.word().to_owned(),
                why: deed.why.clone(),
            },
            &deed.who,
        )
        .await?;
        Ok(true)
    }
}
