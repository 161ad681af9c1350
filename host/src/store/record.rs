//! Records into the store: new ones are inserted, those that are there are compared.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, Row as _};

use super::error::StoreError;
use super::rows::Rows;
use super::value::add;
use super::writer::{Tx, Write};
use super::{Store, version};
use crate::model::{ArchiveKind, Column, Condition, DeviceId, Record, RecordKind, SessionId};

/// It answers no keys: each row of an answer would go through the channel of the connection by itself.
static INSERT_RECORD: Rows = Rows::new(
    "insert into record (device_id, kind, starts_at, ends_at, label, length_s, version, current, session_id, received_at) values",
    10,
    "on conflict (device_id, kind, starts_at, version) do nothing",
);
static INSERT_CONDITION: Rows = Rows::new(
    "insert into condition (record_id, ordinal, code, category, effect, input, series_id, duration_s) values",
    8,
    "",
);

/// Records of one device as one call of its driver gave them.
#[derive(Debug, Clone)]
pub struct RecordBatch {
    /// Whose.
    pub device: DeviceId,
    /// Which session read them.
    pub session: SessionId,
    /// What their cells are.
    pub columns: Arc<[Column]>,
    /// One cell per column each.
    pub records: Vec<Record>,
    /// Where reading goes on if the session is cut after this batch: archive, windows asked for, the driver's token.
    /// Durable together with the records.
    pub resume: Option<(ArchiveKind, String, Vec<u8>)>,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stored {
    /// Records that were not there.
    pub added: u64,
    /// Records that were there with the same content.
    pub same: u64,
    /// Records that were there with other content: each became a new version and an incident.
    pub changed: u64,
}

/// A batch on its way.
pub(super) struct Put {
    pub(super) batch: RecordBatch,
    pub(super) received_at: i64,
    pub(super) series: Arc<[i64]>,
    pub(super) order: Arc<[usize]>,
}

struct PutRecords(RecordBatch, i64);

impl Store {
    /// Stores a batch and answers when it is durable. The same batch again adds nothing.
    ///
    /// # Errors
    /// `Malformed` when a record has not one cell per column or two columns are the same series: nothing of the batch
    /// is stored then.
    pub async fn put_records(&self, batch: RecordBatch) -> Result<Stored, StoreError> {
        let want = batch.columns.len();
        if let Some(record) = batch.records.iter().find(|record| record.cells.len() != want) {
            return Err(StoreError::Malformed {
                what: "cells of a record",
                got: record.cells.len().to_string(),
                want: want.to_string(),
            });
        }
        self.queue.write(PutRecords(batch, self.now().as_second())).await
    }
}

#[async_trait]
impl Write for PutRecords {
    type Answer = Stored;

    fn weight(&self) -> usize {
        self.0.records.len() * (self.0.columns.len() + 1)
    }

    async fn run(&self, tx: &mut Tx) -> Result<Stored, StoreError> {
        let Self(batch, received_at) = self;
        let (series, order) = tx
            .series
            .of(&mut tx.conn, batch.device, &batch.columns, &batch.records)
            .await?;
        let put = Put {
            batch: batch.clone_head(),
            received_at: *received_at,
            series,
            order,
        };
        let mut stored = Stored::default();
        let mut left: Vec<&Record> = batch.records.iter().collect();
        while !left.is_empty() {
            let again = round(tx, &put, left, &mut stored).await?;
            left = again;
        }
        put_resume(tx, batch).await?;
        Ok(stored)
    }
}

impl RecordBatch {
    /// The batch without its records.
    fn clone_head(&self) -> Self {
        Self {
            device: self.device,
            session: self.session,
            columns: self.columns.clone(),
            records: Vec::new(),
            resume: None,
        }
    }
}

/// Stores records of different intervals; answers those whose interval occurred before in the same batch.
async fn round<'r>(
    tx: &mut Tx,
    put: &Put,
    records: Vec<&'r Record>,
    stored: &mut Stored,
) -> Result<Vec<&'r Record>, StoreError> {
    let mut seen = HashSet::with_capacity(records.len());
    let (now, again): (Vec<&Record>, Vec<&Record>) = records
        .into_iter()
        .partition(|record| seen.insert((record.kind, record.starts_at.as_second())));
    let ids = insert_records(tx, put, &now).await?;
    let mut there = Vec::new();
    let mut summary: HashMap<RecordKind, (u64, i64, i64)> = HashMap::new();
    for record in now {
        let start = record.starts_at.as_second();
        let Some(id) = ids.get(&(record.kind, start)) else {
            there.push(record);
            continue;
        };
        put_content(tx, put, *id, record).await?;
        let end = record.ends_at.as_second();
        let (count, first, last) = summary.entry(record.kind).or_insert((0, start, end));
        (*count, *first, *last) = (*count + 1, (*first).min(start), (*last).max(end));
        stored.added += 1;
    }
    for (kind, (count, first, last)) in summary {
        put_summary(tx, put.batch.device, kind, count, first, last).await?;
    }
    if !there.is_empty() {
        // What is compared must be in the table.
        tx.pending.flush(&mut tx.conn).await?;
        version::settle(tx, put, &there, stored).await?;
    }
    Ok(again)
}

/// Inserts the first version of each record that has none. Answers the keys of the new ones.
async fn insert_records(
    tx: &mut Tx,
    put: &Put,
    records: &[&Record],
) -> Result<HashMap<(RecordKind, i64), i64>, StoreError> {
    let mut ids = HashMap::with_capacity(records.len());
    for (sql, piece) in INSERT_RECORD.pieces(records) {
        let mut arguments = SqliteArguments::default();
        arguments.reserve(piece.len() * 10, 0);
        for record in piece {
            add_record(&mut arguments, put, record, 1)?;
        }
        let done = sqlx::query_with(sql, arguments)
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("insert records"))?;
        // SQLite gives a new row the key behind the greatest there is (Autoincrement, section 2), so those of one
        // statement follow one another.
        let added = i64::try_from(done.rows_affected()).unwrap_or(i64::MAX);
        let before = done.last_insert_rowid().saturating_sub(added);
        if usize::try_from(added) == Ok(piece.len()) {
            let new = piece.iter().zip(before + 1..);
            ids.extend(new.map(|(record, id)| ((record.kind, record.starts_at.as_second()), id)));
        } else if added > 0 {
            let rows = sqlx::query("select id, kind, starts_at from record where id > $1 and device_id = $2")
                .bind(before)
                .bind(put.batch.device.0)
                .fetch_all(&mut tx.conn)
                .await
                .map_err(StoreError::of("read the keys of new records"))?;
            for row in rows {
                ids.insert((row.get::<&str, _>(1).parse()?, row.get(2)), row.get(0));
            }
        }
    }
    Ok(ids)
}

fn add_record(arguments: &mut SqliteArguments, put: &Put, record: &Record, version: i64) -> Result<(), StoreError> {
    add(arguments, put.batch.device.0)?;
    add(arguments, record.kind.to_string())?;
    add(arguments, record.starts_at.as_second())?;
    add(arguments, record.ends_at.as_second())?;
    add(arguments, record.label.map(|label| label.to_string()))?;
    add(arguments, record.length_s.map(i64::from))?;
    add(arguments, version)?;
    add(arguments, 1i64)?;
    add(arguments, put.batch.session.0)?;
    add(arguments, put.received_at)
}

/// Inserts a later version of a record and answers its key.
pub(super) async fn insert_version(tx: &mut Tx, put: &Put, record: &Record, version: i64) -> Result<i64, StoreError> {
    let mut arguments = SqliteArguments::default();
    add_record(&mut arguments, put, record, version)?;
    let done = sqlx::query_with(INSERT_RECORD.one(), arguments)
        .execute(&mut tx.conn)
        .await
        .and_then(|done| match done.rows_affected() {
            1 => Ok(done.last_insert_rowid()),
            _ => Err(sqlx::Error::RowNotFound),
        });
    done.map_err(StoreError::of("insert a version of a record"))
}

/// Cells and conditions of a record.
pub(super) async fn put_content(tx: &mut Tx, put: &Put, id: i64, record: &Record) -> Result<(), StoreError> {
    for index in put.order.iter() {
        if let (Some(series), Some(cell)) = (put.series.get(*index), record.cells.get(*index)) {
            tx.pending.push(id, *series, cell);
        }
    }
    if tx.pending.is_full() {
        tx.pending.flush_full(&mut tx.conn).await?;
    }
    let conditions: Vec<(usize, &Condition)> = record.conditions.iter().enumerate().collect();
    put_conditions(tx, id, &conditions, &put.series).await
}

/// Conditions of a record, each with its place.
async fn put_conditions(
    tx: &mut Tx,
    id: i64,
    conditions: &[(usize, &Condition)],
    series: &[i64],
) -> Result<(), StoreError> {
    for (sql, piece) in INSERT_CONDITION.pieces(conditions) {
        let mut arguments = SqliteArguments::default();
        for (ordinal, condition) in piece {
            let column = condition.column.and_then(|column| series.get(usize::from(column)));
            add(&mut arguments, id)?;
            add(&mut arguments, i64::try_from(*ordinal).unwrap_or(i64::MAX))?;
            add(&mut arguments, condition.code.clone())?;
            add(&mut arguments, condition.category.clone())?;
            add(&mut arguments, condition.effect.map(|effect| effect.word()))?;
            add(&mut arguments, condition.point)?;
            add(&mut arguments, column.copied())?;
            add(&mut arguments, condition.duration_s)?;
        }
        sqlx::query_with(sql, arguments)
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("insert conditions"))?;
    }
    Ok(())
}

/// Keeps table `archive` in step with the records.
pub(super) async fn put_summary(
    tx: &mut Tx,
    device: DeviceId,
    kind: RecordKind,
    count: u64,
    first: i64,
    last: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into archive (device_id, kind, records, first_start, last_end) values ($1, $2, $3, $4, $5)
         on conflict (device_id, kind) do update set records = archive.records + excluded.records,
             first_start = case when excluded.first_start < archive.first_start
                           then excluded.first_start else archive.first_start end,
             last_end = case when excluded.last_end > archive.last_end then excluded.last_end else archive.last_end end",
    )
    .bind(device.0)
    .bind(kind.to_string())
    .bind(i64::try_from(count).unwrap_or(i64::MAX))
    .bind(first)
    .bind(last)
    .execute(&mut tx.conn)
    .await
    .map_err(StoreError::of("update the summary of an archive"))?;
    Ok(())
}

async fn put_resume(tx: &mut Tx, batch: &RecordBatch) -> Result<(), StoreError> {
    let Some((kind, windows, token)) = &batch.resume else {
        return Ok(());
    };
    sqlx::query(
        "insert into resume (device_id, kind, driver_digest, windows, token)
         select $1, $2, driver_digest, $3, $4 from session where id = $5
         on conflict (device_id, kind) do update set driver_digest = excluded.driver_digest,
             windows = excluded.windows, token = excluded.token",
    )
    .bind(batch.device.0)
    .bind(kind.to_string())
    .bind(windows)
    .bind(token)
    .bind(batch.session.0)
    .execute(&mut tx.conn)
    .await
    .map_err(StoreError::of("keep where an archive reading goes on"))?;
    Ok(())
}
