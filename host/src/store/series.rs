//! Series: the columns of a device's archives.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sqlx::sqlite::SqliteArguments;
use sqlx::{Row as _, SqliteConnection};

use super::error::StoreError;
use super::rows::Rows;
use super::value::add;
use crate::limits;
use crate::model::{Column, DeviceId, Record, RecordKind, Value};

static INSERT: Rows = Rows::new(
    "insert into series (device_id, column_id, quantity, unit, input, tariff, pipe, aggregate, declared_decimals, decimals, point_id) values",
    11,
    "on conflict do nothing",
);

static INSERT_COLUMN: Rows = Rows::new(
    "insert into archive_column (device_id, kind, series_id, ordinal) values",
    4,
    "on conflict do nothing",
);

/// The series of the columns of one declaration.
pub(super) struct SeriesSet {
    columns: Arc<[Column]>,
    /// Key of each column's series.
    pub(super) ids: Arc<[i64]>,
    /// Indexes of the columns in the order of the keys: the order of the table.
    pub(super) order: Arc<[usize]>,
    decimals: Vec<Option<u8>>,
    /// Archives that are known to have them.
    kinds: Vec<RecordKind>,
}

/// Series of the devices that are being read.
#[derive(Default)]
pub(super) struct SeriesCache {
    devices: HashMap<DeviceId, Vec<SeriesSet>>,
}

/// Declarations that are kept for a device: its archives, current values and totals.
const SETS_OF_DEVICE: usize = 8;

impl SeriesCache {
    /// Forgets everything: a transaction that made series was rolled back, or points were moved.
    pub(super) fn clear(&mut self) {
        self.devices.clear();
    }

    /// The series of `columns`, made where they are new. Decimals grow to what `records` bring.
    ///
    /// Answers keys in the order of the columns, and the order of the keys.
    pub(super) async fn of(
        &mut self,
        conn: &mut SqliteConnection,
        device: DeviceId,
        columns: &Arc<[Column]>,
        records: &[Record],
    ) -> Result<(Arc<[i64]>, Arc<[usize]>), StoreError> {
        if self.devices.len() >= limits::SERIES_CACHE_DEVICES && !self.devices.contains_key(&device) {
            self.devices.clear();
        }
        let sets = self.devices.entry(device).or_default();
        let known = sets
            .iter()
            .position(|set| Arc::ptr_eq(&set.columns, columns) || set.columns == *columns);
        let index = match known {
            Some(index) => index,
            None => {
                let set = load(conn, device, columns).await?;
                if sets.len() >= SETS_OF_DEVICE {
                    sets.clear();
                }
                sets.push(set);
                sets.len() - 1
            }
        };
        let set = &mut sets[index];
        set.grow_decimals(conn, records).await?;
        for record in records {
            if !set.kinds.contains(&record.kind) {
                set.put_columns(conn, device, record.kind).await?;
            }
        }
        Ok((set.ids.clone(), set.order.clone()))
    }
}

impl SeriesSet {
    /// Writes down that the archive `kind` has these series.
    async fn put_columns(
        &mut self,
        conn: &mut SqliteConnection,
        device: DeviceId,
        kind: RecordKind,
    ) -> Result<(), StoreError> {
        let columns: Vec<(i64, i64)> = (0i64..).zip(self.ids.iter().copied()).collect();
        for (sql, piece) in INSERT_COLUMN.pieces(&columns) {
            let mut arguments = SqliteArguments::default();
            for (ordinal, series) in piece {
                add(&mut arguments, device.0)?;
                add(&mut arguments, kind.to_string())?;
                add(&mut arguments, *series)?;
                add(&mut arguments, *ordinal)?;
            }
            sqlx::query_with(sql, arguments)
                .execute(&mut *conn)
                .await
                .map_err(StoreError::of("insert the columns of an archive"))?;
        }
        self.kinds.push(kind);
        Ok(())
    }

    /// Raises the decimals of a series to the most that came with its values.
    async fn grow_decimals(&mut self, conn: &mut SqliteConnection, records: &[Record]) -> Result<(), StoreError> {
        let mut most = self.decimals.clone();
        for record in records {
            for (cell, most) in record.cells.iter().zip(&mut most) {
                if let Value::Fixed { decimals, .. } = cell.value {
                    *most = (*most).max(Some(decimals));
                }
            }
        }
        for ((known, most), id) in self.decimals.iter_mut().zip(most).zip(self.ids.iter()) {
            if *known != most {
                sqlx::query("update series set decimals = $1 where id = $2 and (decimals is null or decimals < $1)")
                    .bind(most)
                    .bind(id)
                    .execute(&mut *conn)
                    .await
                    .map_err(StoreError::of("update the decimals of a series"))?;
                *known = most;
            }
        }
        Ok(())
    }
}

async fn load(conn: &mut SqliteConnection, device: DeviceId, columns: &Arc<[Column]>) -> Result<SeriesSet, StoreError> {
    let mut known = fetch(conn, device).await?;
    let missing: Vec<&Column> = columns.iter().filter(|c| !known.contains_key(&key(c))).collect();
    if !missing.is_empty() {
        insert(conn, device, &missing).await?;
        known = fetch(conn, device).await?;
    }
    let mut ids = Vec::with_capacity(columns.len());
    let mut decimals = Vec::with_capacity(columns.len());
    for column in columns.iter() {
        // A column that was just inserted and is not there was declared twice with the same name.
        let (id, most) = known.get(&key(column)).copied().ok_or_else(|| twice(column))?;
        ids.push(id);
        decimals.push(most);
    }
    let mut seen = HashSet::new();
    if let Some(column) = columns.iter().zip(&ids).find(|(_, id)| !seen.insert(**id)) {
        return Err(twice(column.0));
    }
    let mut order: Vec<usize> = (0..ids.len()).collect();
    order.sort_by_key(|index| ids.get(*index));
    Ok(SeriesSet {
        columns: columns.clone(),
        ids: ids.into(),
        order: order.into(),
        decimals,
        kinds: Vec::new(),
    })
}

/// The keys of `columns`; of one that is not there -1, which no series has.
pub(super) async fn known(
    conn: &mut SqliteConnection,
    device: DeviceId,
    columns: &[Column],
) -> Result<Arc<[i64]>, StoreError> {
    let known = fetch(conn, device).await?;
    let id = |column| known.get(&key(column)).map_or(-1, |(id, _)| *id);
    Ok(columns.iter().map(id).collect())
}

fn twice(column: &Column) -> StoreError {
    StoreError::Malformed {
        what: "columns of a declaration",
        got: format!("{} of input {}, twice", column.id, column.point),
        want: "each once".to_owned(),
    }
}

/// What makes a series one series: the unique index `series_identity`.
type Key = (String, String, String, u8, u8, Option<String>, &'static str, Option<u8>);

fn key(column: &Column) -> Key {
    (
        column.id.clone(),
        column.quantity.clone(),
        column.unit.clone(),
        column.point,
        column.tariff,
        column.pipe.clone(),
        column.aggregate.word(),
        column.decimals,
    )
}

async fn fetch(conn: &mut SqliteConnection, device: DeviceId) -> Result<HashMap<Key, (i64, Option<u8>)>, StoreError> {
    let rows = sqlx::query(
        "select id, column_id, quantity, unit, input, tariff, pipe, aggregate, declared_decimals, decimals
         from series where device_id = $1",
    )
    .bind(device.0)
    .fetch_all(conn)
    .await
    .map_err(StoreError::of("read the series of a device"))?;
    rows.iter()
        .map(|row| {
            let aggregate: crate::model::Aggregate = row.get::<&str, _>(7).parse()?;
            let key = (
                row.get(1),
                row.get(2),
                row.get(3),
                row.get(4),
                row.get(5),
                row.get(6),
                aggregate.word(),
                row.get(8),
            );
            Ok((key, (row.get(0), row.get(9))))
        })
        .collect()
}

async fn insert(conn: &mut SqliteConnection, device: DeviceId, columns: &[&Column]) -> Result<(), StoreError> {
    let points: HashMap<u8, i64> =
        sqlx::query_as("select input, point_id from device_point where device_id = $1 and valid_to is null")
            .bind(device.0)
            .fetch_all(&mut *conn)
            .await
            .map_err(StoreError::of("read the points of a device"))?
            .into_iter()
            .collect();
    for (sql, piece) in INSERT.pieces(columns) {
        let mut arguments = SqliteArguments::default();
        for column in piece {
            add(&mut arguments, device.0)?;
            add(&mut arguments, column.id.clone())?;
            add(&mut arguments, column.quantity.clone())?;
            add(&mut arguments, column.unit.clone())?;
            add(&mut arguments, column.point)?;
            add(&mut arguments, column.tariff)?;
            add(&mut arguments, column.pipe.clone())?;
            add(&mut arguments, column.aggregate.word())?;
            add(&mut arguments, column.decimals)?;
            add(&mut arguments, column.decimals)?;
            add(&mut arguments, points.get(&column.point).copied())?;
        }
        sqlx::query_with(sql, arguments)
            .execute(&mut *conn)
            .await
            .map_err(StoreError::of("insert series"))?;
    }
    Ok(())
}
