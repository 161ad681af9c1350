//! What there is: versions, where each stands.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

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
    /// Report of the last shadow run.
    pub shadow: Option<Value>,
    /// Which devices a canary reads, and what is expected of them.
    pub canary: Option<Value>,
}

struct Add(DriverVersion, Vec<u8>, Deed, Timestamp);

const VERSION: &str = "select digest, driver, version, vendor, origin, manifest, signed_by, granted, state, since, why, \
    installed_at, shadow, canary from driver_version";

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
    })
}

#[async_trait]
impl Write for Add {
    type Answer = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        let Self(version, package, deed, at) = self;
        let added = sqlx::query(
            "insert into driver_version (digest, driver, version, vendor, origin, manifest, package, signed_by, granted,
                 state, since, why, installed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $11) on conflict do nothing",
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
