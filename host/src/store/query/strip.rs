//! A long stretch of an archive, read in one go: a row a record, a number a series.

use jiff::Timestamp;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};

use super::record::ConditionRow;
use crate::model::{DeviceId, Quality, RecordKind};
use crate::store::value::quality_of;
use crate::store::{Store, StoreError};

/// Which stretch.
#[derive(Debug, Clone)]
pub struct StripQuery {
    /// Whose.
    pub device: DeviceId,
    /// Of which archive.
    pub kind: RecordKind,
    /// Starts from here, included.
    pub from: Timestamp,
    /// Starts before.
    pub to: Timestamp,
    /// The columns; each costs a look into the table of values a record.
    pub series: Vec<i64>,
    /// At most so many records, the oldest.
    pub limit: u32,
}

/// A stretch of an archive.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Strip {
    /// Current versions, oldest first.
    pub rows: Vec<StripRow>,
    /// Cells that are more than a good number: what is said of them, by the key of the record.
    pub odd: Vec<OddCell>,
    /// Abnormal situations, by the key of the record, in its order.
    pub conditions: Vec<(i64, ConditionRow)>,
}

/// The current version of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct StripRow {
    /// Its key.
    pub record: i64,
    /// Unix seconds.
    pub starts_at: i64,
    /// Unix seconds.
    pub ends_at: i64,
    /// From 1.
    pub version: i64,
    /// Which session brought it.
    pub session: i64,
    /// One per series.
    pub numbers: Vec<Option<f64>>,
}

/// A cell that is text, flags, or not simply good.
#[derive(Debug, Clone, PartialEq)]
pub struct OddCell {
    /// Key of the record.
    pub record: i64,
    /// Key of the series.
    pub series: i64,
    /// Flags as `0x1f`, or text, instead of a number.
    pub text: Option<String>,
    /// How good it is.
    pub quality: Quality,
    /// The meter's own word for the quality.
    pub code: Option<String>,
}

impl Store {
    /// A stretch of an archive. The records come by the index of device, archive and start; a year of hours with twelve
    /// series is one statement of 8 760 rows, and two for what is special about them.
    pub async fn strip(&self, query: &StripQuery) -> Result<Strip, StoreError> {
        let mut conn = self
            .readers
            .acquire()
            .await
            .map_err(StoreError::of("take a connection"))?;
        let rows = rows(&mut conn, query).await?;
        let Some(last) = rows.last() else {
            return Ok(Strip::default());
        };
        // What is special is asked of the same records.
        let after = Timestamp::from_second(last.starts_at.saturating_add(1)).unwrap_or(query.to);
        let same = StripQuery {
            to: after.min(query.to),
            limit: u32::MAX,
            ..query.clone()
        };
        Ok(Strip {
            odd: odd(&mut conn, &same).await?,
            conditions: conditions(&mut conn, &same).await?,
            rows,
        })
    }
}

async fn rows(conn: &mut SqliteConnection, query: &StripQuery) -> Result<Vec<StripRow>, StoreError> {
    let mut sql = QueryBuilder::<Sqlite>::new("select r.id, r.starts_at, r.ends_at, r.version, r.session_id");
    for series in &query.series {
        sql.push(", (select v.value from value v where v.record_id = r.id and v.series_id = ")
            .push_bind(*series)
            .push(")");
    }
    sql.push(" from record r");
    within(&mut sql, query);
    let rows = sql
        .build()
        .fetch_all(conn)
        .await
        .map_err(StoreError::of("read a stretch of an archive"))?;
    let shown = rows.iter().map(|row| StripRow {
        record: row.get(0),
        starts_at: row.get(1),
        ends_at: row.get(2),
        version: row.get(3),
        session: row.get(4),
        numbers: (5..5 + query.series.len()).map(|column| row.get(column)).collect(),
    });
    Ok(shown.collect())
}

async fn odd(conn: &mut SqliteConnection, query: &StripQuery) -> Result<Vec<OddCell>, StoreError> {
    let mut sql = QueryBuilder::<Sqlite>::new(
        "select v.record_id, v.series_id, v.text, v.quality, v.code from record r cross join value v
             on v.record_id = r.id and (v.quality <> 0 or v.text is not null or v.code is not null)",
    );
    within(&mut sql, query);
    let rows = sql
        .build()
        .fetch_all(conn)
        .await
        .map_err(StoreError::of("read the qualities of an archive"))?;
    let shown = rows.iter().map(|row| OddCell {
        record: row.get(0),
        series: row.get(1),
        text: row.get(2),
        quality: quality_of(row.get(3)),
        code: row.get(4),
    });
    Ok(shown.collect())
}

async fn conditions(conn: &mut SqliteConnection, query: &StripQuery) -> Result<Vec<(i64, ConditionRow)>, StoreError> {
    let mut sql = QueryBuilder::<Sqlite>::new(
        "select c.record_id, c.code, c.category, c.effect, c.input, c.series_id, c.duration_s
         from record r cross join condition c on c.record_id = r.id",
    );
    within(&mut sql, query);
    let rows = sql
        .build()
        .fetch_all(conn)
        .await
        .map_err(StoreError::of("read the conditions of an archive"))?;
    let shown = rows.iter().map(|row| {
        let condition = ConditionRow {
            code: row.get(1),
            category: row.get(2),
            effect: row.get(3),
            input: row.get(4),
            series: row.get(5),
            duration_s: row.get(6),
        };
        (row.get(0), condition)
    });
    Ok(shown.collect())
}

/// The records that are meant, oldest first.
fn within(sql: &mut QueryBuilder<Sqlite>, query: &StripQuery) {
    sql.push(" where r.device_id = ")
        .push_bind(query.device.0)
        .push(" and r.kind = ")
        .push_bind(query.kind.to_string())
        .push(" and r.starts_at >= ")
        .push_bind(query.from.as_second())
        .push(" and r.starts_at < ")
        .push_bind(query.to.as_second())
        .push(" and r.current = 1 order by r.starts_at limit ")
        .push_bind(query.limit);
}
