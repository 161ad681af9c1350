//! Confirming what was shown: once, in time, and not too often.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::order::noted;
use crate::limits;
use crate::model::{Actor, ControlId, ControlState};
use crate::store::writer::{Tx, Write};
use crate::store::{Store, StoreError};

/// Why an order is not confirmed. It stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotConfirmed {
    /// There is none.
    #[error("there is no order {0}")]
    Nothing(ControlId),
    /// Nothing waits to be confirmed.
    #[error("order {id} is {}, only one that is shown can be confirmed", .state.word())]
    State {
        /// Which.
        id: ControlId,
        /// How it stands.
        state: ControlState,
    },
    /// Another token than the one that came with what was shown.
    #[error("the token is not that of order {0}")]
    Token(ControlId),
    /// Too late.
    #[error("order {id} could be confirmed until {until}: ask again, the device may hold something else by now")]
    Expired {
        /// Which.
        id: ControlId,
        /// Until when.
        until: Timestamp,
    },
    /// The same was written a moment ago.
    #[error("the same was written at {0}, and is not within a minute: its memory wears out")]
    TooSoon(Timestamp),
    /// Too many writes of the device.
    #[error("{0} orders were written to the device within a day, which is the most that may be: its memory wears out")]
    TooMany(u32),
}

impl Store {
    /// Confirms what was shown, in the name of `by`. Only once: two at a time get one confirmation.
    ///
    /// # Errors
    /// The store cannot; or the answer says why the order is not confirmed.
    pub async fn confirm_control(
        &self,
        id: ControlId,
        token: &str,
        by: &Actor,
    ) -> Result<Result<(), NotConfirmed>, StoreError> {
        let confirm = Confirm {
            id,
            token: token.to_owned(),
            by: by.clone(),
            now: self.now(),
        };
        self.queue.write(confirm).await
    }

    /// Takes a confirmation back that nobody could act upon: what was shown waits again.
    pub async fn unconfirm_control(&self, id: ControlId, token: &str, by: &Actor) -> Result<(), StoreError> {
        let unconfirm = Unconfirm {
            id,
            token: token.to_owned(),
            by: by.clone(),
            at: self.now().as_second(),
        };
        self.queue.write(unconfirm).await
    }
}

struct Confirm {
    id: ControlId,
    token: String,
    by: Actor,
    now: Timestamp,
}

/// State, token, expiry; when the same was last written; writes of the device in the last day.
type Row = (String, Option<String>, Option<i64>, Option<i64>, i64);

#[async_trait]
impl Write for Confirm {
    type Answer = Result<(), NotConfirmed>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Answer, StoreError> {
        let day_ago = self
            .now
            .saturating_sub(SignedDuration::from_hours(24))
            .unwrap_or(Timestamp::MIN);
        let row: Option<Row> = sqlx::query_as(
            "select o.state, o.token, o.expires_at_ms,
                 (select max(w.written_at_ms) from control_order w where w.device_id = o.device_id
                      and w.setting is o.setting and w.command is o.command),
                 (select count(*) from control_order w where w.device_id = o.device_id and w.written_at_ms > $1)
             from control_order o where o.id = $2",
        )
        .bind(day_ago.as_millisecond())
        .bind(self.id.0)
        .fetch_optional(&mut tx.conn)
        .await
        .map_err(StoreError::of("read an order"))?;
        if let Err(why) = self.judge(row)? {
            return Ok(Err(why));
        }
        sqlx::query(
            "update control_order set state = $1, token = null, confirmed_by = $2, confirmed_at_ms = $3 where id = $4",
        )
        .bind(ControlState::Confirmed.word())
        .bind(self.by.who.as_str())
        .bind(self.now.as_millisecond())
        .bind(self.id.0)
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("confirm an order"))?;
        noted(tx, self.now.as_second(), &self.by, ("control.confirm", self.id, None)).await?;
        Ok(Ok(()))
    }
}

impl Confirm {
    fn judge(&self, row: Option<Row>) -> Result<Result<(), NotConfirmed>, StoreError> {
        let id = self.id;
        let Some((state, token, expires_at_ms, written_at_ms, writes)) = row else {
            return Ok(Err(NotConfirmed::Nothing(id)));
        };
        let state: ControlState = state.parse()?;
        let instant = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let until = expires_at_ms.map_or(Timestamp::UNIX_EPOCH, instant);
        let last = written_at_ms.map(instant);
        // A clock of the host that was set back must not lock the device.
        let is_recent = |at: &Timestamp| *at <= self.now && at.duration_until(self.now) < limits::CONTROL_APART;
        let writes = u32::try_from(writes).unwrap_or(u32::MAX);
        Ok(if state != ControlState::Shown {
            Err(NotConfirmed::State { id, state })
        } else if token.as_deref() != Some(self.token.as_str()) {
            Err(NotConfirmed::Token(id))
        } else if self.now >= until {
            Err(NotConfirmed::Expired { id, until })
        } else if let Some(at) = last.filter(is_recent) {
            Err(NotConfirmed::TooSoon(at))
        } else if writes >= limits::CONTROL_A_DAY {
            Err(NotConfirmed::TooMany(writes))
        } else {
            Ok(())
        })
    }
}

struct Unconfirm {
    id: ControlId,
    token: String,
    by: Actor,
    at: i64,
}

#[async_trait]
impl Write for Unconfirm {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        sqlx::query(
            "update control_order set state = $1, token = $2, confirmed_by = null, confirmed_at_ms = null
             where id = $3 and state = $4",
        )
        .bind(ControlState::Shown.word())
        .bind(self.token.as_str())
        .bind(self.id.0)
        .bind(ControlState::Confirmed.word())
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("take a confirmation back"))?;
        noted(tx, self.at, &self.by, ("control.unconfirm", self.id, None)).await
    }
}
