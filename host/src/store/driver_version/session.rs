//! Sessions of a version, for those who judge it and those who hold them again.

use jiff::Timestamp;
use sqlx::Row as _;

use crate::model::Outcome;
use crate::store::error::StoreError;
use crate::store::{Store, instant};

/// A session of a version, for those who judge it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverSession {
    /// Its number.
    pub id: i64,
    /// With which device.
    pub device: i64,
    /// How it ended.
    pub outcome: Outcome,
    /// What exactly was wrong.
    pub detail: Option<String>,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Records that came back different from what was stored.
    pub changed: i64,
}

impl Store {
    /// Ended sessions of a version after session `after`, oldest first. Tunnels are none of it.
    pub async fn sessions_of_driver(
        &self,
        digest: &str,
        after: i64,
        limit: u32,
    ) -> Result<Vec<DriverSession>, StoreError> {
        let rows = sqlx::query(
            "select s.id, s.device_id, s.outcome, s.detail, s.ended_at_ms,
                 (select count(*) from incident i where i.session_id = s.id and i.kind = 'record-changed')
             from session s where s.driver_digest = $1 and s.id > $2 and s.outcome is not null and s.reason <> 'tunnel'
             order by s.id limit $3",
        )
        .bind(digest)
        .bind(after)
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the sessions of a driver"))?;
        rows.iter()
            .map(|row| {
                Ok(DriverSession {
                    id: row.get(0),
                    device: row.get(1),
                    outcome: row.get::<&str, _>(2).parse()?,
                    detail: row.get(3),
                    ended_at: instant(row.get::<i64, _>(4) / 1_000),
                    changed: row.get(5),
                })
            })
            .collect()
    }

    /// The newest session there is.
    pub async fn last_session(&self) -> Result<i64, StoreError> {
        sqlx::query_scalar("select coalesce(max(id), 0) from session")
            .fetch_one(&self.readers)
            .await
            .map_err(StoreError::of("read the newest session"))
    }

    /// Sessions of a driver's devices whose trace can be held again, the newest first: of each device the last few.
    pub async fn sessions_to_replay(&self, driver: &str, limit: u32) -> Result<Vec<i64>, StoreError> {
        sqlx::query_scalar(
            "select s.id from session s join trace t on t.session_id = s.id
             where s.driver = $1 and t.asked is not null and s.outcome in ('complete', 'partial') and s.exchanges > 0
             order by s.id desc limit $2",
        )
        .bind(driver)
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the sessions to hold again"))
    }
}
