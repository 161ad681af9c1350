//! Points, series, and the values of one series.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::of_devices;
use super::record::{Cell, cell};
use crate::model::{Column, DeviceId, RecordKind, Scope};
use crate::store::{Store, StoreError, instant};

/// A point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointRow {
    /// Its key.
    pub id: i64,
    /// Unique in its node.
    pub name: String,
    /// `heat`, …
    pub resource: String,
    /// `commercial` or `technological`.
    pub purpose: String,
    /// Key and name of the node.
    pub node: (i64, String),
    /// Key and name of the site.
    pub site: (i64, String),
    /// Key and name of the device that serves it now.
    pub device: Option<(i64, String)>,
    /// Counts its changes.
    pub revision: i64,
    /// Since when it is out of use.
    pub archived_at: Option<Timestamp>,
}

/// Which series.
#[derive(Debug, Clone, Default)]
pub struct SeriesQuery {
    /// Only of this point.
    pub point: Option<i64>,
    /// Only of this device.
    pub device: Option<i64>,
    /// Only this one.
    pub series: Option<i64>,
    /// Keys above this one.
    pub after: i64,
    /// At most so many.
    pub limit: u32,
}

/// A series.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesRow {
    /// Its key.
    pub id: i64,
    /// Whose.
    pub device: DeviceId,
    /// The point that it is of.
    pub point: Option<i64>,
    /// What it is; decimals are the most that came.
    pub column: Column,
    /// Which archives have it.
    pub archives: Vec<RecordKind>,
}

/// One value of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesValue {
    /// Start of the interval.
    pub start: Timestamp,
    /// End of the interval.
    pub end: Timestamp,
    /// The value.
    pub cell: Cell,
    /// The record that it is of.
    pub record: i64,
}

impl Store {
    /// Points of `scope` with keys above `after`, in the order of their keys. `archived`: only those that are, or are not.
    pub async fn points(
        &self,
        scope: Scope,
        archived: Option<bool>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<PointRow>, StoreError> {
        let rows = sqlx::query(
            "select p.id, p.name, p.resource, p.purpose, n.id, n.name, s.id, s.name,
                 d.id, d.name, p.revision, p.archived_at
             from point p join node n on n.id = p.node_id join site s on s.id = n.site_id
             left join device d on d.id = (select min(x.id) from device_point c join device x on x.id = c.device_id
                 where c.point_id = p.id and c.valid_to is null and x.archived_at is null)
             where p.id > $1 and ($5 is null or (p.archived_at is not null) = $5) and ($3 is null or n.id in (
                 select node_id from account_node where account_id = $3 and role & $4 <> 0))
             order by p.id limit $2",
        )
        .bind(after)
        .bind(limit)
        .bind(scope.key())
        .bind(scope.roles)
        .bind(archived)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read points"))?;
        Ok(rows.iter().map(point).collect())
    }

    /// One point; none when there is no such.
    pub async fn point(&self, id: i64) -> Result<Option<PointRow>, StoreError> {
        let found = self.points(Scope::EVERYTHING, None, id.saturating_sub(1), 1).await?;
        Ok(found.into_iter().find(|point| point.id == id))
    }

    /// Series of `scope` in the order of their keys.
    pub async fn series(&self, scope: Scope, query: &SeriesQuery) -> Result<Vec<SeriesRow>, StoreError> {
        let mut sql = QueryBuilder::<Sqlite>::new(
            "select id, device_id, point_id, column_id, quantity, unit, input, tariff, pipe, aggregate, decimals,
                 (select group_concat(a.kind, ' ') from archive_column a where a.series_id = series.id)
             from series where id > ",
        );
        sql.push_bind(query.after);
        for (column, wanted) in [
            (" and point_id = ", query.point),
            (" and device_id = ", query.device),
            (" and id = ", query.series),
        ] {
            if let Some(wanted) = wanted {
                sql.push(column).push_bind(wanted);
            }
        }
        if scope != Scope::EVERYTHING {
            of_devices(&mut sql, scope);
        }
        sql.push(" order by id limit ").push_bind(query.limit);
        let rows = sql
            .build()
            .fetch_all(&self.readers)
            .await
            .map_err(StoreError::of("read series"))?;
        rows.iter().map(|row| series(row, row.get(11))).collect()
    }

    /// Series of one archive of a device, in the order in which they are shown: by input, then as declared.
    pub async fn columns(&self, device: DeviceId, kind: RecordKind) -> Result<Vec<SeriesRow>, StoreError> {
        let rows = sqlx::query(
            "select s.id, s.device_id, s.point_id, s.column_id, s.quantity, s.unit, s.input, s.tariff, s.pipe,
                 s.aggregate, s.decimals
             from archive_column a join series s on s.id = a.series_id
             where a.device_id = $1 and a.kind = $2 order by s.input, a.ordinal, s.id",
        )
        .bind(device.0)
        .bind(kind.to_string())
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the columns of an archive"))?;
        rows.iter().map(|row| series(row, None)).collect()
    }

    /// Values of a series whose intervals start from `from` (included) to `to`, and after `after`; oldest first.
    pub async fn series_values(
        &self,
        series: &SeriesRow,
        kind: RecordKind,
        span: (Timestamp, Timestamp),
        after: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<SeriesValue>, StoreError> {
        let from = span.0.as_second();
        let from = after.map_or(from, |after| from.max(after.as_second().saturating_add(1)));
        let rows = sqlx::query(
            "select r.starts_at, r.ends_at, r.id, v.value, v.text, v.quality, v.code
             from record r join value v on v.record_id = r.id and v.series_id = $1
             where r.device_id = $2 and r.kind = $3 and r.starts_at >= $4 and r.starts_at < $5
                 and r.current = 1
             order by r.starts_at limit $6",
        )
        .bind(series.id)
        .bind(series.device.0)
        .bind(kind.to_string())
        .bind(from)
        .bind(span.1.as_second())
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the values of a series"))?;
        Ok(rows
            .iter()
            .map(|row| SeriesValue {
                start: instant(row.get(0)),
                end: instant(row.get(1)),
                record: row.get(2),
                cell: cell(row, 3),
            })
            .collect())
    }
}

fn point(row: &SqliteRow) -> PointRow {
    let device: Option<i64> = row.get(8);
    PointRow {
        id: row.get(0),
        name: row.get(1),
        resource: row.get(2),
        purpose: row.get(3),
        node: (row.get(4), row.get(5)),
        site: (row.get(6), row.get(7)),
        device: device.map(|device| (device, row.get::<Option<String>, _>(9).unwrap_or_default())),
        revision: row.get(10),
        archived_at: row.get::<Option<i64>, _>(11).map(instant),
    }
}

/// A series whose columns are the first.
pub(super) fn series(row: &SqliteRow, kinds: Option<&str>) -> Result<SeriesRow, StoreError> {
    let archives: Result<Vec<RecordKind>, _> = kinds.unwrap_or_default().split_whitespace().map(str::parse).collect();
    Ok(SeriesRow {
        id: row.get(0),
        device: DeviceId(row.get(1)),
        point: row.get(2),
        column: Column {
            id: row.get(3),
            quantity: row.get(4),
            unit: row.get(5),
            point: row.get(6),
            tariff: row.get(7),
            pipe: row.get(8),
            aggregate: row.get::<&str, _>(9).parse()?,
            decimals: row.get(10),
        },
        archives: archives?,
    })
}
