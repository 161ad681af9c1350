//! Devices whose records are written out in bulk.

use sqlx::Row as _;

use crate::model::{DeviceId, RecordKind, Scope};
use crate::store::{Store, StoreError};

/// Of which places; each that is given narrows.
#[derive(Debug, Clone, Copy, Default)]
pub struct BulkQuery {
    /// Only of this organisation.
    pub organisation: Option<i64>,
    /// Only at this site.
    pub site: Option<i64>,
    /// Only of this node.
    pub node: Option<i64>,
    /// Only what was read for this point.
    pub point: Option<i64>,
    /// Only this device.
    pub device: Option<i64>,
}

/// A device that has records of an archive, in use or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkDevice {
    /// Its key.
    pub id: DeviceId,
    /// Its name.
    pub name: String,
    /// Its serial number, when known.
    pub serial: Option<String>,
    /// Key and name of the node.
    pub node: (i64, String),
    /// Key and name of the site.
    pub site: (i64, String),
}

impl Store {
    /// Devices of `scope` that have records of `kind`, with keys above `after`, in the order of their keys.
    pub async fn bulk_devices(
        &self,
        scope: Scope,
        query: &BulkQuery,
        kind: RecordKind,
        after: i64,
        limit: u32,
    ) -> Result<Vec<BulkDevice>, StoreError> {
        let rows = sqlx::query(
            "select d.id, d.name, d.serial, n.id, n.name, s.id, s.name
             from device d join node n on n.id = d.node_id join site s on s.id = n.site_id
             where d.id > $1 and exists (select 1 from archive a where a.device_id = d.id and a.kind = $2)
                 and ($3 is null or s.organisation_id = $3) and ($4 is null or s.id = $4) and ($5 is null or n.id = $5)
                 and ($6 is null or d.id in (select x.device_id from series x where x.point_id = $6))
                 and ($7 is null or d.id = $7)
                 and ($8 is null or n.id in (select node_id from account_node where account_id = $8 and role & $9 <> 0))
             order by d.id limit $10",
        )
        .bind(after)
        .bind(kind.to_string())
        .bind(query.organisation)
        .bind(query.site)
        .bind(query.node)
        .bind(query.point)
        .bind(query.device)
        .bind(scope.key())
        .bind(scope.roles)
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("find devices that have an archive"))?;
        Ok(rows
            .iter()
            .map(|row| BulkDevice {
                id: DeviceId(row.get(0)),
                name: row.get(1),
                serial: row.get(2),
                node: (row.get(3), row.get(4)),
                site: (row.get(5), row.get(6)),
            })
            .collect())
    }
}
