//! Pages of records.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqlitePool};

use super::of_keys;
use crate::model::{DeviceId, Quality, RecordKind};
use crate::store::rows::Rows;
use crate::store::value::quality_of;
use crate::store::{Store, StoreError, instant};

static VALUES: Rows = Rows::new(
    "select record_id, series_id, value, text, quality, code from value where record_id in (values",
    1,
    ")",
);
static CONDITIONS: Rows = Rows::new(
    "select record_id, code, category, effect, input, series_id, duration_s from condition where record_id in (values",
    1,
    ") order by record_id, ordinal",
);

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Oldest first.
    Ascending,
    /// Newest first.
    Descending,
}

/// Which records of a device.
#[derive(Debug, Clone)]
pub struct RecordQuery {
    /// Whose.
    pub device: DeviceId,
    /// Of which archive.
    pub kind: RecordKind,
    /// Starts from here, included.
    pub from: Timestamp,
    /// Starts before.
    pub to: Timestamp,
    /// In which order.
    pub order: Order,
    /// Start of the last record of the page before.
    pub after: Option<Timestamp>,
    /// At most so many.
    pub limit: u32,
}

/// One version of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordRow {
    /// Its key.
    pub id: i64,
    /// Whose.
    pub device: DeviceId,
    /// Of which archive.
    pub kind: RecordKind,
    /// Start of the interval.
    pub start: Timestamp,
    /// End of the interval.
    pub end: Timestamp,
    /// As the device showed it.
    pub label: Option<String>,
    /// Real length, seconds.
    pub length_s: Option<u32>,
    /// From 1.
    pub version: i64,
    /// How many versions there are.
    pub versions: i64,
    /// Which session brought it.
    pub session: i64,
    /// When.
    pub received_at: Timestamp,
    /// By series.
    pub cells: HashMap<i64, Cell>,
    /// In the order in which the meter gave them.
    pub conditions: Vec<ConditionRow>,
}

/// One value as the table holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// A number.
    pub number: Option<f64>,
    /// Flags or text instead of a number.
    pub text: Option<String>,
    /// How good it is.
    pub quality: Quality,
    /// The meter's own word for the quality.
    pub code: Option<String>,
}

/// An abnormal situation of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionRow {
    /// The meter's own code.
    pub code: String,
    /// From the vocabulary.
    pub category: Option<String>,
    /// What it does to the counting.
    pub effect: Option<String>,
    /// Input of the device; 0 is the device as a whole.
    pub input: u8,
    /// The one series that it belongs to.
    pub series: Option<i64>,
    /// How long it held, seconds.
    pub duration_s: Option<u32>,
}

impl Store {
    /// Current versions of records.
    pub async fn records(&self, query: &RecordQuery) -> Result<Vec<RecordRow>, StoreError> {
        let (mut from, mut to) = (query.from.as_second(), query.to.as_second());
        // Two literals, as the order of rows cannot be a parameter.
        let sql = match query.order {
            Order::Ascending => {
                from = query
                    .after
                    .map_or(from, |after| from.max(after.as_second().saturating_add(1)));
                "select id, device_id, kind, starts_at, ends_at, label, length_s, version, version, session_id, received_at
                 from record where device_id = $1 and kind = $2 and starts_at >= $3 and starts_at < $4 and current = 1
                 order by starts_at limit $5"
            }
            Order::Descending => {
                to = query.after.map_or(to, |after| to.min(after.as_second()));
                "select id, device_id, kind, starts_at, ends_at, label, length_s, version, version, session_id, received_at
                 from record where device_id = $1 and kind = $2 and starts_at >= $3 and starts_at < $4 and current = 1
                 order by starts_at desc limit $5"
            }
        };
        let rows = sqlx::query(sql)
            .bind(query.device.0)
            .bind(query.kind.to_string())
            .bind(from)
            .bind(to)
            .bind(query.limit)
            .fetch_all(&self.readers)
            .await
            .map_err(StoreError::of("read records"))?;
        self.contents(&rows).await
    }

    /// Every version of the interval of a record, oldest first; empty when there is no such record.
    pub async fn record_versions(&self, record: i64) -> Result<Vec<RecordRow>, StoreError> {
        let rows = sqlx::query(
            "select r.id, r.device_id, r.kind, r.starts_at, r.ends_at, r.label, r.length_s, r.version,
                 (select count(*) from record x where x.device_id = r.device_id and x.kind = r.kind
                     and x.starts_at = r.starts_at),
                 r.session_id, r.received_at
             from record r join record o on o.device_id = r.device_id and o.kind = r.kind and o.starts_at = r.starts_at
             where o.id = $1 order by r.version",
        )
        .bind(record)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the versions of a record"))?;
        self.contents(&rows).await
    }

    async fn contents(&self, rows: &[SqliteRow]) -> Result<Vec<RecordRow>, StoreError> {
        let mut records = rows.iter().map(record).collect::<Result<Vec<_>, _>>()?;
        with_content(&self.readers, &mut records).await?;
        Ok(records)
    }
}

/// Fills in values and conditions.
pub(super) async fn with_content(readers: &SqlitePool, records: &mut [RecordRow]) -> Result<(), StoreError> {
    let places: HashMap<i64, usize> = records.iter().enumerate().map(|(place, r)| (r.id, place)).collect();
    let keys: Vec<i64> = records.iter().map(|record| record.id).collect();
    for row in of_keys(readers, &VALUES, &keys, "read values").await? {
        if let Some(record) = places.get(&row.get(0)).and_then(|place| records.get_mut(*place)) {
            record.cells.insert(row.get(1), cell(&row, 2));
        }
    }
    for row in of_keys(readers, &CONDITIONS, &keys, "read conditions").await? {
        if let Some(record) = places.get(&row.get(0)).and_then(|place| records.get_mut(*place)) {
            record.conditions.push(ConditionRow {
                code: row.get(1),
                category: row.get(2),
                effect: row.get(3),
                input: row.get(4),
                series: row.get(5),
                duration_s: row.get(6),
            });
        }
    }
    Ok(())
}

/// A record whose columns are the first, without its content.
pub(super) fn record(row: &SqliteRow) -> Result<RecordRow, StoreError> {
    Ok(RecordRow {
        id: row.get(0),
        device: DeviceId(row.get(1)),
        kind: row.get::<&str, _>(2).parse()?,
        start: instant(row.get(3)),
        end: instant(row.get(4)),
        label: row.get(5),
        length_s: row.get(6),
        version: row.get(7),
        versions: row.get(8),
        session: row.get(9),
        received_at: instant(row.get(10)),
        cells: HashMap::new(),
        conditions: Vec::new(),
    })
}

/// A cell whose columns begin at `first`.
pub(super) fn cell(row: &SqliteRow, first: usize) -> Cell {
    Cell {
        number: row.get(first),
        text: row.get(first + 1),
        quality: quality_of(row.get(first + 2)),
        code: row.get(first + 3),
    }
}
