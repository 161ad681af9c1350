//! Sites.

use sqlx::Row as _;

use crate::model::Scope;
use crate::store::{Store, StoreError};

/// A site.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteRow {
    /// Its key.
    pub id: i64,
    /// Key and name of the organisation.
    pub organisation: (i64, String),
    /// Unique in the organisation.
    pub name: String,
    /// Postal address.
    pub address: Option<String>,
    /// IANA name.
    pub time_zone: String,
    /// Degrees, north is positive.
    pub latitude: Option<f64>,
    /// Degrees, east is positive.
    pub longitude: Option<f64>,
    /// Devices that stand there.
    pub devices: i64,
}

impl Store {
    /// Sites of `scope` with keys above `after`, in the order of their keys.
    pub async fn sites(&self, scope: Scope, after: i64, limit: u32) -> Result<Vec<SiteRow>, StoreError> {
        let rows = sqlx::query(
            "select s.id, o.id, o.name, s.name, s.address, s.time_zone, s.latitude, s.longitude,
                 (select count(*) from node n join device d on d.node_id = n.id where n.site_id = s.id and ($3 is null or n.id in (
                     select node_id from account_node where account_id = $3 and role & $4 <> 0)))
             from site s join organisation o on o.id = s.organisation_id 
             where s.id > $1 and ($3 is null or s.id in (select site_id from account_site where account_id = $3 and role & $4 <> 0))
             order by s.id limit $2",
        )
        .bind(after)
        .bind(limit)
        .bind(scope.key())
        .bind(scope.roles)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read sites"))?;
        Ok(rows
            .iter()
            .map(|row| SiteRow {
                id: row.get(0),
                organisation: (row.get(1), row.get(2)),
                name: row.get(3),
                address: row.get(4),
                time_zone: row.get(5),
                latitude: row.get(6),
                longitude: row.get(7),
                devices: row.get(8),
            })
            .collect())
    }
}
