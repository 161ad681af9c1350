//! Who is read with which driver.

use std::collections::HashMap;

use sqlx::Row as _;

use super::Store;
use super::error::StoreError;
use crate::model::DeviceId;

/// A device that is polled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadDevice {
    /// Its key.
    pub id: DeviceId,
    /// Its name.
    pub name: String,
    /// Id of its driver.
    pub driver: String,
}

impl Store {
    /// Devices that are polled, in the order of their names.
    pub async fn read_devices(&self) -> Result<Vec<ReadDevice>, StoreError> {
        let rows =
            sqlx::query("select id, name, driver from device where enabled = 1 and archived_at is null order by name")
                .fetch_all(&self.readers)
                .await
                .map_err(StoreError::of("read who is read with which driver"))?;
        let device = |row: &sqlx::sqlite::SqliteRow| ReadDevice {
            id: DeviceId(row.get(0)),
            name: row.get(1),
            driver: row.get(2),
        };
        Ok(rows.iter().map(device).collect())
    }

    /// Sessions that run, by the digest of the driver that they began with.
    pub async fn sessions_open(&self) -> Result<HashMap<String, u64>, StoreError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "select driver_digest, count(*) from session where outcome is null and reason <> 'tunnel' group by driver_digest",
        )
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("count the sessions that run"))?;
        let count = |(digest, count)| (digest, u64::try_from(count).unwrap_or_default());
        Ok(rows.into_iter().map(count).collect())
    }
}
