//! The rows: asked, looked at, ended, listed.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{held_from, held_json};
use crate::limits;
use crate::model::{Actor, Change, ControlId, ControlState, DeviceId, Held, SessionId};
use crate::store::audit::{Done, note};
use crate::store::writer::{Tx, Write};
use crate::store::{Store, StoreError};

/// An order that is asked for.
#[derive(Debug, Clone)]
pub struct NewControl {
    /// To change which device.
    pub device: DeviceId,
    /// What.
    pub change: Change,
    /// Why.
    pub why: String,
    /// Who asks.
    pub by: Actor,
}

/// What a step of an order came to.
#[derive(Debug, Clone)]
pub struct ControlEnd {
    /// Which order.
    pub id: ControlId,
    /// The session that tried last; none: there was none.
    pub session: Option<SessionId>,
    /// How it stands now.
    pub state: ControlState,
    /// What is shown, after a look.
    pub shown: Vec<Held>,
    /// What the device holds after a write.
    pub held: Vec<Held>,
    /// When the write began; none: nothing was written.
    pub written_at: Option<Timestamp>,
    /// In words.
    pub text: String,
}

/// An order as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlOrder {
    /// Its key.
    pub id: ControlId,
    /// To change which device.
    pub device: DeviceId,
    /// What.
    pub change: Change,
    /// Why.
    pub why: String,
    /// How it stands.
    pub state: ControlState,
    /// In words.
    pub text: String,
    /// Who asked.
    pub asked_by: String,
    /// When.
    pub asked_at: Timestamp,
    /// The session that looked.
    pub looked_session: Option<SessionId>,
    /// What was shown.
    pub shown: Vec<Held>,
    /// Confirms it; none: it is used or void.
    pub token: Option<String>,
    /// Until when.
    pub expires_at: Option<Timestamp>,
    /// Who confirmed.
    pub confirmed_by: Option<String>,
    /// When.
    pub confirmed_at: Option<Timestamp>,
    /// The session that wrote.
    pub wrote_session: Option<SessionId>,
    /// When the write began.
    pub written_at: Option<Timestamp>,
    /// What the device held afterwards.
    pub held: Vec<Held>,
}

const COLUMNS: &str = "id, device_id, setting, value, command, arguments, why, state, text, asked_by, asked_at_ms,
    looked_session, shown, token, expires_at_ms, confirmed_by, confirmed_at_ms, wrote_session, written_at_ms, held";

impl Store {
    /// Writes down that a change is asked for.
    pub async fn ask_control(&self, new: NewControl) -> Result<ControlId, StoreError> {
        let at_ms = self.now().as_millisecond();
        self.queue.write(Ask { new, at_ms }).await
    }

    /// Takes an order back with which nothing was begun: the device is busy, and who asked knows.
    pub async fn forget_control(&self, id: ControlId, actor: &Actor) -> Result<(), StoreError> {
        let forget = Forget(id, actor.clone(), self.now().as_second());
        self.queue.write(forget).await
    }

    /// Writes down what a step came to.
    pub async fn end_control(&self, end: ControlEnd) -> Result<(), StoreError> {
        let at_ms = self.now().as_millisecond();
        self.queue.write(End { end, at_ms }).await
    }

    /// One order.
    pub async fn control(&self, id: ControlId) -> Result<Option<ControlOrder>, StoreError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!(
            "select {COLUMNS} from control_order where id = $1"
        )))
        .bind(id.0)
        .fetch_optional(&self.readers)
        .await
        .map_err(StoreError::of("read an order"))?;
        row.as_ref().map(order).transpose()
    }

    /// The orders of a device, the newest first, from the one before `before` on.
    pub async fn controls(
        &self,
        device: DeviceId,
        before: Option<ControlId>,
        limit: u32,
    ) -> Result<Vec<ControlOrder>, StoreError> {
        let sql = format!(
            "select {COLUMNS} from control_order where device_id = $1 and ($2 is null or id < $2)
             order by id desc limit $3"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(device.0)
            .bind(before.map(|before| before.0))
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(StoreError::of("read the orders of a device"))?;
        rows.iter().map(order).collect()
    }
}

/// A row of [`COLUMNS`].
pub(super) fn order(row: &SqliteRow) -> Result<ControlOrder, StoreError> {
    let instant = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let text = |place: usize| row.get::<Option<String>, _>(place);
    let session = |place: usize| row.get::<Option<i64>, _>(place).map(SessionId);
    let arguments: BTreeMap<String, String> = serde_json::from_str(row.get(5)).unwrap_or_default();
    let change = match (text(2), text(4)) {
        (Some(id), _) => Change::Setting {
            id,
            value: text(3).unwrap_or_default(),
        },
        (None, name) => Change::Command {
            name: name.unwrap_or_default(),
            arguments,
        },
    };
    Ok(ControlOrder {
        id: ControlId(row.get(0)),
        device: DeviceId(row.get(1)),
        change,
        why: row.get(6),
        state: row.get::<&str, _>(7).parse()?,
        text: row.get(8),
        asked_by: row.get(9),
        asked_at: instant(row.get(10)),
        looked_session: session(11),
        shown: held_from(text(12).as_deref()),
        token: text(13),
        expires_at: row.get::<Option<i64>, _>(14).map(instant),
        confirmed_by: text(15),
        confirmed_at: row.get::<Option<i64>, _>(16).map(instant),
        wrote_session: session(17),
        written_at: row.get::<Option<i64>, _>(18).map(instant),
        held: held_from(text(19).as_deref()),
    })
}

struct Ask {
    new: NewControl,
    at_ms: i64,
}

#[async_trait]
impl Write for Ask {
    type Answer = ControlId;

    async fn run(&self, tx: &mut Tx) -> Result<ControlId, StoreError> {
        let (setting, command) = match &self.new.change {
            Change::Setting { id, value } => (Some((id, value)), None),
            Change::Command { name, arguments } => (None, Some((name, arguments))),
        };
        let arguments = command.map(|(_, arguments)| arguments.clone()).unwrap_or_default();
        let id: i64 = sqlx::query_scalar(
            "insert into control_order (device_id, setting, value, command, arguments, why, state, text, asked_by,
                 asked_at_ms)
             values ($1, $2, $3, $4, $5, $6, $7, '', $8, $9) returning id",
        )
        .bind(self.new.device.0)
        .bind(setting.map(|(id, _)| id.as_str()))
        .bind(setting.map(|(_, value)| value.as_str()))
        .bind(command.map(|(name, _)| name.as_str()))
        .bind(serde_json::to_string(&arguments).unwrap_or_default())
        .bind(self.new.why.as_str())
        .bind(ControlState::Asked.word())
        .bind(self.new.by.who.as_str())
        .bind(self.at_ms)
        .fetch_one(&mut tx.conn)
        .await
        .map_err(StoreError::of("keep an order"))?;
        let id = ControlId(id);
        let at = self.at_ms.div_euclid(1_000);
        let after = json!({ "change": told(&self.new.change), "why": self.new.why });
        noted(tx, at, &self.new.by, ("control.ask", id, Some(after))).await?;
        Ok(id)
    }
}

/// A change for the audit.
fn told(change: &Change) -> Json {
    match change {
        Change::Setting { id, value } => json!({ "setting": id, "value": value }),
        Change::Command { name, arguments } => json!({ "command": name, "arguments": arguments }),
    }
}

/// Writes down what is done with an order. It is named after its device.
pub(super) async fn noted(
    tx: &mut Tx,
    at: i64,
    actor: &Actor,
    (deed, id, after): (&'static str, ControlId, Option<Json>),
) -> Result<(), StoreError> {
    let device: Option<String> =
        sqlx::query_scalar("select d.name from control_order o join device d on d.id = o.device_id where o.id = $1")
            .bind(id.0)
            .fetch_optional(&mut tx.conn)
            .await
            .map_err(StoreError::of("find the device of an order"))?;
    let done = Done {
        deed,
        subject: "control",
        id: id.to_string(),
        name: device.unwrap_or_default(),
        before: None,
        after,
    };
    note(&mut tx.conn, at, actor, &done).await
}

struct Forget(ControlId, Actor, i64);

#[async_trait]
impl Write for Forget {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        noted(tx, self.2, &self.1, ("control.take-back", self.0, None)).await?;
        sqlx::query("delete from control_order where id = $1 and state = $2 and looked_session is null")
            .bind(self.0.0)
            .bind(ControlState::Asked.word())
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("take an order back"))?;
        Ok(())
    }
}

struct End {
    end: ControlEnd,
    at_ms: i64,
}

#[async_trait]
impl Write for End {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let end = &self.end;
        let is_shown = end.state == ControlState::Shown;
        // Until it is confirmed a session looks, from then on it writes.
        sqlx::query(
            "update control_order set state = $1, text = $2,
                 looked_session = case when confirmed_at_ms is null then $3 else looked_session end,
                 wrote_session = case when confirmed_at_ms is null then wrote_session else $3 end,
                 shown = coalesce($4, shown), held = coalesce($5, held), written_at_ms = coalesce($6, written_at_ms),
                 token = case when $7 then lower(hex(randomblob(16))) end,
                 expires_at_ms = case when $7 then $8 else expires_at_ms end
             where id = $9",
        )
        .bind(end.state.word())
        .bind(end.text.as_str())
        .bind(end.session.map(|session| session.0))
        .bind(is_shown.then(|| held_json(&end.shown)))
        .bind((!end.held.is_empty()).then(|| held_json(&end.held)))
        .bind(end.written_at.map(|at| at.as_millisecond()))
        .bind(is_shown)
        .bind(
            self.at_ms
                .saturating_add(i64::try_from(limits::CONTROL_CONFIRM.as_millis()).unwrap_or(0)),
        )
        .bind(end.id.0)
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("keep what came of an order"))?;
        if matches!(end.state, ControlState::Differs | ControlState::Unknown) {
            self.note_incident(tx).await?;
        }
        Ok(())
    }
}

impl End {
    /// Somebody must look at the device.
    async fn note_incident(&self, tx: &mut Tx) -> Result<(), StoreError> {
        sqlx::query(
            "insert into incident (device_id, at, kind, session_id, text)
             select device_id, $1, 'control-' || state, coalesce(wrote_session, looked_session), $2 from control_order
             where id = $3 and coalesce(wrote_session, looked_session) is not null",
        )
        .bind(self.at_ms.div_euclid(1_000))
        .bind(format!("order {}: {}", self.end.id, self.end.text))
        .bind(self.end.id.0)
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("insert an incident"))?;
        Ok(())
    }
}

/// Ends the orders that a host left behind when it died: what was confirmed may be written or not.
pub(in crate::store) async fn end_interrupted(tx: &mut Tx, at_ms: i64) -> Result<(), StoreError> {
    sqlx::query(
        "insert into incident (device_id, at, kind, session_id, text)
         select device_id, $1, 'control-' || $2, looked_session, 'order ' || id || ': the host ended while it was written'
         from control_order where state = $3 and looked_session is not null",
    )
    .bind(at_ms.div_euclid(1_000))
    .bind(ControlState::Unknown.word())
    .bind(ControlState::Confirmed.word())
    .execute(&mut tx.conn)
    .await
    .map_err(StoreError::of("insert an incident"))?;
    sqlx::query(
        "update control_order set text = 'the host ended before this came to its end', token = null,
             state = case when state = $1 then $2 else $3 end where state in ($1, $4)",
    )
    .bind(ControlState::Confirmed.word())
    .bind(ControlState::Unknown.word())
    .bind(ControlState::Failed.word())
    .bind(ControlState::Asked.word())
    .execute(&mut tx.conn)
    .await
    .map_err(StoreError::of("end interrupted orders"))?;
    Ok(())
}
