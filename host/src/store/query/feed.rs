//! Records in the order in which they were committed.
//!
//! There is one order: whoever writes records, this host's writer or a command beside it, takes their keys inside a
//! transaction that excludes every other (`begin immediate`), SQLite gives a new row the key behind the greatest there is,
//! and records are never deleted. So whatever a reader sees, it sees all records up to some key and none behind it.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::of_keys;
use super::record::{RecordRow, record, with_content};
use super::series::{SeriesRow, series};
use crate::model::Scope;
use crate::store::rows::Rows;
use crate::store::{Store, StoreError};

static SERIES: Rows = Rows::new(
    "select id, device_id, point_id, column_id, quantity, unit, input, tariff, pipe, aggregate, decimals
     from series where id in (values",
    1,
    ")",
);

/// A record with the places that it is of.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedRow {
    /// The version of the record; `versions` are those up to it.
    pub record: RecordRow,
    /// Name of the device.
    pub device: String,
    /// Its serial number, when known.
    pub serial: Option<String>,
    /// Key and name of the node.
    pub node: (i64, String),
    /// Key and name of the site.
    pub site: (i64, String),
}

/// What tells one record from another of the same key in another copy of the store: session, start, time of receipt.
pub type RecordMark = (i64, i64, i64);

impl Store {
    /// The key of the newest record; 0: there is none.
    pub async fn newest_record(&self) -> Result<i64, StoreError> {
        sqlx::query_scalar("select coalesce(max(id), 0) from record")
            .fetch_one(&self.readers)
            .await
            .map_err(StoreError::of("find the newest record"))
    }

    /// The newest record up to the key `upto`, with its mark.
    pub async fn record_mark(&self, upto: i64) -> Result<Option<(i64, RecordMark)>, StoreError> {
        let row = sqlx::query(
            "select id, session_id, starts_at, received_at from record where id <= $1 order by id desc limit 1",
        )
        .bind(upto)
        .fetch_optional(&self.readers)
        .await
        .map_err(StoreError::of("find a record"))?;
        Ok(row.map(|row| (row.get(0), (row.get(1), row.get(2), row.get(3)))))
    }

    /// Versions of records of `scope` with keys above `after` up to `upto`, in the order in which they were committed.
    pub async fn feed(&self, scope: Scope, after: i64, upto: i64, limit: u32) -> Result<Vec<FeedRow>, StoreError> {
        // The order of the tables is as it stands here: by any other, all records of a device would be looked through.
        let rows = sqlx::query(
            "select r.id, r.device_id, r.kind, r.starts_at, r.ends_at, r.label, r.length_s, r.version, r.version,
                 r.session_id, r.received_at, d.name, d.serial, n.id, n.name, s.id, s.name
             from record r not indexed cross join device d on d.id = r.device_id cross join node n on n.id = d.node_id
             cross join site s on s.id = n.site_id
             where r.id > $1 and r.id <= $2 and ($3 is null or d.node_id in (
                 select node_id from account_node where account_id = $3 and role & $4 <> 0))
             order by r.id limit $5",
        )
        .bind(after)
        .bind(upto)
        .bind(scope.key())
        .bind(scope.roles)
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read what came"))?;
        let mut records = rows.iter().map(record).collect::<Result<Vec<_>, _>>()?;
        with_content(&self.readers, &mut records).await?;
        Ok(rows.iter().zip(records).map(|(row, record)| of(row, record)).collect())
    }

    /// Series by their keys.
    pub async fn series_of(&self, keys: &[i64]) -> Result<Vec<SeriesRow>, StoreError> {
        let rows = of_keys(&self.readers, &SERIES, keys, "read series").await?;
        rows.iter().map(|row| series(row, None)).collect()
    }
}

fn of(row: &SqliteRow, record: RecordRow) -> FeedRow {
    FeedRow {
        record,
        device: row.get(11),
        serial: row.get(12),
        node: (row.get(13), row.get(14)),
        site: (row.get(15), row.get(16)),
    }
}
