//! Which values of a session held again are not those that it stored, one by one: for people who decide about a driver.

use std::sync::Arc;

use jiff::Timestamp;

use super::error::StoreError;
use super::value::StoredCell;
use super::{Store, compare, version};
use crate::model::{Column, DeviceId, Record, SessionId};

/// A value that came otherwise than it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferingValue {
    /// Of which archive.
    pub archive: String,
    /// Begin of its interval.
    pub starts_at: Timestamp,
    /// Its column, as the driver calls it.
    pub column: String,
    /// What is stored; none: the store has no such record, or no such column of it.
    pub stored: Option<String>,
    /// What came.
    pub given: String,
}

impl Store {
    /// The values of `records` that the store did not hold so when `session` had ended, at most `most`.
    pub async fn differing_values(
        &self,
        device: DeviceId,
        session: SessionId,
        columns: &Arc<[Column]>,
        records: &[Record],
        most: usize,
    ) -> Result<Vec<DifferingValue>, StoreError> {
        let mut conn = self.reader().await?.conn;
        let put = compare::put(&mut conn, device, session, columns).await?;
        let all: Vec<&Record> = records.iter().collect();
        let there = version::load(&mut conn, &put, &all, true).await?;
        let mut found = Vec::new();
        for record in records {
            let stored = there.get(&(record.kind, record.starts_at.as_second()));
            for ((column, series), cell) in columns.iter().zip(put.series.iter()).zip(&record.cells) {
                let given = StoredCell::of(cell);
                let stored = stored.and_then(|stored| stored.cells.get(series));
                if stored.is_some_and(|stored| stored.is_same(&given)) {
                    continue;
                }
                if found.len() == most {
                    return Ok(found);
                }
                found.push(DifferingValue {
                    archive: record.kind.to_string(),
                    starts_at: record.starts_at,
                    column: column.id.clone(),
                    stored: stored.map(version::shown),
                    given: version::shown(&given),
                });
            }
        }
        Ok(found)
    }
}
