//! What is on its way to webhooks, and what came of it.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::limits;
use crate::store::writer::{Tx, Write};
use crate::store::{Store, StoreError, instant};

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is sent until it is taken, or too often.
    Pending,
    /// It was taken.
    Done,
    /// It was given up.
    Dead,
    /// It was given up, and is tried once more.
    Again,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Done, Self::Dead, Self::Again];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Again => "again",
        }
    }
}

/// What a delivery is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryKind {
    /// Records, which are read when they are sent.
    Records,
    /// Events.
    Events,
    /// Nothing: whoever keeps the webhook wants to see whether it is taken.
    Test,
}

impl DeliveryKind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Events => "events",
            Self::Test => "test",
        }
    }

    fn of(word: &str) -> Self {
        let all = [Self::Records, Self::Test];
        all.into_iter().find(|kind| kind.word() == word).unwrap_or(Self::Events)
    }
}

/// A delivery in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Its key.
    pub id: i64,
    /// The word of its kind.
    pub kind: String,
    /// The word of its state.
    pub state: String,
    /// Keys of the first and last record or event.
    pub range: (i64, i64),
    /// How often it was sent.
    pub attempts: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// While it waits: not before.
    pub next_at: Timestamp,
    /// When it was taken or given up.
    pub ended_at: Option<Timestamp>,
    /// HTTP status of the last answer.
    pub status: Option<i64>,
    /// What was wrong the last time.
    pub fault: Option<String>,
}

/// A delivery that is sent now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToSend {
    /// Its key.
    pub id: i64,
    /// Of what.
    pub kind: DeliveryKind,
    /// Keys of the first and last.
    pub range: (i64, i64),
    /// Of events: a JSON list.
    pub items: Option<String>,
    /// How often it was sent before.
    pub attempts: i64,
}

/// What a webhook is told next.
#[derive(Debug, Clone)]
pub struct Taken {
    /// The webhook.
    pub webhook: i64,
    /// Whether it is of records; otherwise of events.
    pub is_records: bool,
    /// Keys: the first is behind the cursor, the last is where the cursor is then.
    pub range: (i64, i64),
    /// Of events: a JSON list. None, and not of records: none of them is for it.
    pub items: Option<String>,
}

/// What came of sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// HTTP status of the answer.
    pub status: Option<i64>,
    /// What was wrong; none: it was taken.
    pub fault: Option<String>,
}

impl Store {
    /// Deliveries of a webhook, the newest first.
    pub async fn deliveries(
        &self,
        webhook: i64,
        state: Option<DeliveryState>,
        before: i64,
        limit: u32,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        let rows = sqlx::query(
            "select id, kind, state, first_id, last_id, attempts, created_at, next_at_ms, ended_at, status, fault
             from webhook_delivery where webhook_id = $1 and ($2 is null or state = $2) and id < $3
             order by id desc limit $4",
        )
        .bind(webhook)
        .bind(state.map(DeliveryState::word))
        .bind(before)
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read deliveries"))?;
        Ok(rows.iter().map(delivery).collect())
    }

    /// The delivery of a webhook that is sent now, and whether one waits for its time: nothing overtakes it.
    pub async fn delivery_to_send(&self, webhook: i64) -> Result<(Option<ToSend>, bool), StoreError> {
        let rows = sqlx::query(
            "select id, kind, first_id, last_id, items, attempts, next_at_ms from webhook_delivery
             where webhook_id = $1 and state in ('again', 'pending') order by state, id limit 2",
        )
        .bind(webhook)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("find what is sent next"))?;
        let now = self.now().as_millisecond();
        let due = rows.iter().find(|row| row.get::<i64, _>(6) <= now);
        let found = due.map(|row| ToSend {
            id: row.get(0),
            kind: DeliveryKind::of(row.get(1)),
            range: (row.get(2), row.get(3)),
            items: row.get(4),
            attempts: row.get(5),
        });
        Ok((found, !rows.is_empty()))
    }

    /// Makes a delivery of what a webhook is told next, and moves its cursor. Does nothing when the webhook is no more, or
    /// is told nothing by now.
    pub async fn take_delivery(&self, taken: Taken) -> Result<(), StoreError> {
        let take = Take { taken, at: self.now() };
        self.queue.write(take).await
    }

    /// Writes down what came of sending: `wait` is how long until the next try; none: there is none.
    pub async fn delivered(&self, id: i64, sent: Sent, wait: Option<SignedDuration>) -> Result<(), StoreError> {
        let settle = Settle {
            id,
            sent,
            wait,
            at: self.now(),
        };
        self.queue.write(settle).await
    }
}

fn delivery(row: &SqliteRow) -> DeliveryRow {
    DeliveryRow {
        id: row.get(0),
        kind: row.get(1),
        state: row.get(2),
        range: (row.get(3), row.get(4)),
        attempts: row.get(5),
        created_at: instant(row.get(6)),
        next_at: Timestamp::from_millisecond(row.get(7)).unwrap_or(Timestamp::UNIX_EPOCH),
        ended_at: row.get::<Option<i64>, _>(8).map(instant),
        status: row.get(9),
        fault: row.get(10),
    }
}

/// Has a delivery that was given up sent once more; false: there is no such.
pub(super) async fn again(conn: &mut SqliteConnection, webhook: i64, id: i64) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "update webhook_delivery set state = 'again', next_at_ms = 0 where id = $1 and webhook_id = $2 and state = 'dead'",
    )
    .bind(id)
    .bind(webhook)
    .execute(conn)
    .await
    .map_err(StoreError::of("send a delivery once more"))?;
    Ok(done.rows_affected() == 1)
}

/// Has a webhook sent something that says nothing, once and before all that waits; false: one waits already.
pub(super) async fn test(conn: &mut SqliteConnection, webhook: i64, at: i64) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "insert into webhook_delivery (webhook_id, kind, state, first_id, last_id, created_at, next_at_ms)
         select $1, 'test', 'again', 0, 0, $2, 0 where not exists
             (select 1 from webhook_delivery where webhook_id = $1 and kind = 'test' and state = 'again')",
    )
    .bind(webhook)
    .bind(at)
    .execute(conn)
    .await
    .map_err(StoreError::of("keep a delivery"))?;
    Ok(done.rows_affected() == 1)
}

struct Take {
    taken: Taken,
    at: Timestamp,
}

#[async_trait]
impl Write for Take {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let Taken {
            webhook,
            is_records,
            range: (first, last),
            items,
        } = &self.taken;
        // Two literals, as a column cannot be a parameter. The cursor moves forward only, and with it a delivery comes.
        let sql = if *is_records {
            "update webhook set record_cursor = $2 where id = $1 and enabled = 1 and record_cursor < $2"
        } else {
            "update webhook set event_cursor = $2 where id = $1 and enabled = 1 and event_cursor < $2"
        };
        let moved = sqlx::query(sql)
            .bind(webhook)
            .bind(last)
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("move the cursor of a webhook"))?;
        if moved.rows_affected() == 0 || (!is_records && items.is_none()) {
            return Ok(());
        }
        let kind = if *is_records {
            DeliveryKind::Records
        } else {
            DeliveryKind::Events
        };
        sqlx::query(
            "insert into webhook_delivery (webhook_id, kind, state, first_id, last_id, items, created_at, next_at_ms)
             values ($1, $2, 'pending', $3, $4, $5, $6, $7)",
        )
        .bind(webhook)
        .bind(kind.word())
        .bind(first)
        .bind(last)
        .bind(items.as_deref())
        .bind(self.at.as_second())
        .bind(self.at.as_millisecond())
        .execute(&mut tx.conn)
        .await
        .map(drop)
        .map_err(StoreError::of("keep a delivery"))
    }
}

struct Settle {
    id: i64,
    sent: Sent,
    wait: Option<SignedDuration>,
    at: Timestamp,
}

#[async_trait]
impl Write for Settle {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let is_taken = self.sent.fault.is_none();
        let next = self
            .wait
            .filter(|_| !is_taken)
            .and_then(|wait| self.at.checked_add(wait).ok());
        sqlx::query(
            "update webhook_delivery set attempts = attempts + 1, status = $2, fault = $3,
                 items = case when $4 then null else items end,
                 state = case when $4 then 'done' when state = 'again' or $5 is null then 'dead' else 'pending' end,
                 ended_at = case when $4 or state = 'again' or $5 is null then $6 end,
                 next_at_ms = coalesce($5, next_at_ms)
             where id = $1",
        )
        .bind(self.id)
        .bind(self.sent.status)
        .bind(self.sent.fault.as_deref())
        .bind(is_taken)
        .bind(next.map(Timestamp::as_millisecond))
        .bind(self.at.as_second())
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("write down what came of a delivery"))?;
        for (state, most) in [("done", limits::WEBHOOK_DONE), ("dead", limits::WEBHOOK_DEAD)] {
            sqlx::query(
                "delete from webhook_delivery where state = $2
                     and webhook_id = (select webhook_id from webhook_delivery where id = $1)
                     and id <= (select id from webhook_delivery where state = $2
                         and webhook_id = (select webhook_id from webhook_delivery where id = $1)
                         order by id desc limit 1 offset $3)",
            )
            .bind(self.id)
            .bind(state)
            .bind(most)
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("remove old deliveries"))?;
        }
        Ok(())
    }
}
