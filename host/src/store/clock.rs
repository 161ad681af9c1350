//! Devices' clocks: what they showed, and what was done about it.

use async_trait::async_trait;
use jiff::Timestamp;

use super::Store;
use super::error::StoreError;
use super::reader::Reader;
use super::writer::{Tx, Write};
use crate::model::{Civil, ClockOutcome, ClockPolicy, DeviceId, SessionId};

struct PutClock {
    device: DeviceId,
    session: SessionId,
    at_ms: i64,
    offset_ms: i64,
    uncertainty_ms: i64,
}

/// What a session did about a clock that was off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewClockSetting {
    /// Whose clock.
    pub device: DeviceId,
    /// In which session.
    pub session: SessionId,
    /// When it was decided.
    pub at: Timestamp,
    /// Device minus true time before, milliseconds.
    pub before_offset_ms: i64,
    /// What was written; none: nothing was.
    pub target: Option<Civil>,
    /// Device minus true time after it, milliseconds; none: it was not read again.
    pub after_offset_ms: Option<i64>,
    /// What came of it.
    pub outcome: ClockOutcome,
    /// In words.
    pub text: String,
}

struct PutPolicy {
    device: String,
    policy: Option<ClockPolicy>,
}

impl Store {
    /// Says whether the clock of the device of this name is set; none: as its group says. Answers whether there is such
    /// a device.
    pub async fn put_clock_policy(&self, device: &str, policy: Option<ClockPolicy>) -> Result<bool, StoreError> {
        let device = device.to_owned();
        self.queue.write(PutPolicy { device, policy }).await
    }

    /// Stores a reading of the device's clock: device minus true time, milliseconds, give or take.
    pub async fn put_clock(
        &self,
        device: DeviceId,
        session: SessionId,
        at: Timestamp,
        offset_ms: i64,
        uncertainty_ms: u64,
    ) -> Result<(), StoreError> {
        self.queue
            .write(PutClock {
                device,
                session,
                at_ms: at.as_millisecond(),
                offset_ms,
                uncertainty_ms: i64::try_from(uncertainty_ms).unwrap_or(i64::MAX),
            })
            .await
    }

    /// Stores what was done about a clock.
    pub async fn put_clock_setting(&self, setting: NewClockSetting) -> Result<(), StoreError> {
        self.queue.write(setting).await
    }
}

impl Reader {
    /// When somebody last tried to set the device's clock from here.
    pub async fn clock_set_at(&mut self, device: DeviceId) -> Result<Option<Timestamp>, StoreError> {
        // A target stands in the rows of the clocks that were written, or may have been.
        let at_ms: Option<i64> =
            sqlx::query_scalar("select max(at_ms) from clock_setting where device_id = $1 and target is not null")
                .bind(device.0)
                .fetch_one(&mut *self.conn)
                .await
                .map_err(StoreError::of("read when a clock was set"))?;
        Ok(at_ms.and_then(|at_ms| Timestamp::from_millisecond(at_ms).ok()))
    }
}

#[async_trait]
impl Write for PutPolicy {
    type Answer = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        let done = sqlx::query("update device set clock_policy = $1 where name = $2")
            .bind(self.policy.map(|policy| policy.to_string()))
            .bind(self.device.as_str())
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("keep a clock policy"))?;
        sqlx::query("update revision set number = number + 1 where subject = 'devices'")
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("count a change of the devices"))?;
        Ok(done.rows_affected() > 0)
    }
}

#[async_trait]
impl Write for PutClock {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        sqlx::query(
            "insert into clock_reading (device_id, session_id, at_ms, offset_ms, uncertainty_ms)
             values ($1, $2, $3, $4, $5)",
        )
        .bind(self.device.0)
        .bind(self.session.0)
        .bind(self.at_ms)
        .bind(self.offset_ms)
        .bind(self.uncertainty_ms)
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("insert a clock reading"))?;
        Ok(())
    }
}

#[async_trait]
impl Write for NewClockSetting {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        sqlx::query(
            "insert into clock_setting (device_id, session_id, at_ms, before_offset_ms, target, after_offset_ms,
                 outcome, text)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(self.device.0)
        .bind(self.session.0)
        .bind(self.at.as_millisecond())
        .bind(self.before_offset_ms)
        .bind(self.target.map(|target| target.to_string()))
        .bind(self.after_offset_ms)
        .bind(self.outcome.word())
        .bind(self.text.as_str())
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("insert a setting of a clock"))?;
        Ok(())
    }
}
