//! A device's own journal and its settings.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteArguments;

use super::Store;
use super::error::StoreError;
use super::rows::Rows;
use super::value::{add, number, text};
use super::writer::{Tx, Write};
use crate::model::{DeviceEvent, DeviceId, SessionId, Setting, Value};

static INSERT_EVENT: Rows = Rows::new(
    "insert into device_event (device_id, at, label, code, severity, began, input, text, session_id, received_at) values",
    10,
    "on conflict do nothing",
);

struct PutEvents {
    device: DeviceId,
    session: SessionId,
    events: Vec<DeviceEvent>,
    received_at: i64,
}

struct PutSettings {
    device: DeviceId,
    session: SessionId,
    at: i64,
    settings: Vec<Setting>,
    ordered: Vec<String>,
}

impl Store {
    /// Stores entries of a device's journal; those that are there stay. Answers how many were new.
    pub async fn put_events(
        &self,
        device: DeviceId,
        session: SessionId,
        events: &[DeviceEvent],
    ) -> Result<u64, StoreError> {
        self.queue
            .write(PutEvents {
                device,
                session,
                events: events.to_vec(),
                received_at: self.now().as_second(),
            })
            .await
    }

    /// Stores settings as they were read at `at`. One with another value than before is an incident.
    pub async fn put_settings(
        &self,
        device: DeviceId,
        session: SessionId,
        at: Timestamp,
        settings: &[Setting],
    ) -> Result<(), StoreError> {
        self.put_settings_ordered(device, session, at, settings, Vec::new())
            .await
    }

    /// The same, when somebody has just had those of the names `ordered` changed: that is no incident.
    pub async fn put_settings_ordered(
        &self,
        device: DeviceId,
        session: SessionId,
        at: Timestamp,
        settings: &[Setting],
        ordered: Vec<String>,
    ) -> Result<(), StoreError> {
        self.queue
            .write(PutSettings {
                device,
                session,
                at: at.as_second(),
                settings: settings.to_vec(),
                ordered,
            })
            .await
    }
}

#[async_trait]
impl Write for PutEvents {
    type Answer = u64;

    fn weight(&self) -> usize {
        self.events.len()
    }

    async fn run(&self, tx: &mut Tx) -> Result<u64, StoreError> {
        let mut new = 0;
        for (sql, piece) in INSERT_EVENT.pieces(&self.events) {
            let mut arguments = SqliteArguments::default();
            for event in piece {
                add(&mut arguments, self.device.0)?;
                add(&mut arguments, event.at.as_second())?;
                add(&mut arguments, event.label.to_string())?;
                add(&mut arguments, event.code.clone())?;
                add(&mut arguments, event.severity.word())?;
                add(&mut arguments, event.began.map(i64::from))?;
                add(&mut arguments, event.point)?;
                add(&mut arguments, event.text.clone())?;
                add(&mut arguments, self.session.0)?;
                add(&mut arguments, self.received_at)?;
            }
            let done = sqlx::query_with(sql, arguments)
                .execute(&mut tx.conn)
                .await
                .map_err(StoreError::of("insert events"))?;
            new += done.rows_affected();
        }
        Ok(new)
    }
}

#[async_trait]
impl Write for PutSettings {
    type Answer = ();

    fn weight(&self) -> usize {
        self.settings.len()
    }

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        for setting in &self.settings {
            let before = self.before(tx, setting).await?;
            let is_new = before.as_ref().is_none_or(|before| !is_same(before, setting));
            if is_new {
                self.remember(tx, setting).await?;
            }
            if let Some(before) = before.filter(|_| is_new && !self.ordered.contains(&setting.id)) {
                self.note_change(tx, setting, &before).await?;
            }
            sqlx::query(
                "insert into setting (device_id, setting_id, title, value, decimals, text, unit, writable, read_at, session_id)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                 on conflict (device_id, setting_id) do update set title = excluded.title, value = excluded.value,
                     decimals = excluded.decimals, text = excluded.text, unit = excluded.unit,
                     writable = excluded.writable, read_at = excluded.read_at, session_id = excluded.session_id",
            )
            .bind(self.device.0)
            .bind(setting.id.as_str())
            .bind(setting.title.as_str())
            .bind(number(&setting.value))
            .bind(decimals(&setting.value))
            .bind(text(&setting.value))
            .bind(setting.unit.as_deref())
            .bind(i64::from(setting.writable))
            .bind(self.at)
            .bind(self.session.0)
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("insert a setting"))?;
        }
        Ok(())
    }
}

fn decimals(value: &Value) -> Option<u8> {
    match value {
        Value::Fixed { decimals, .. } => Some(*decimals),
        _ => None,
    }
}

/// A setting's value as the table holds it.
type Held = (Option<f64>, Option<String>);

/// Whether it still has the value that it had, to the last bit.
fn is_same(before: &Held, setting: &Setting) -> bool {
    before.0.map(f64::to_bits) == number(&setting.value).map(f64::to_bits) && before.1 == text(&setting.value)
}

impl PutSettings {
    /// The value that a setting was read with before.
    async fn before(&self, tx: &mut Tx, setting: &Setting) -> Result<Option<Held>, StoreError> {
        let before = sqlx::query("select value, text from setting where device_id = $1 and setting_id = $2")
            .bind(self.device.0)
            .bind(setting.id.as_str())
            .fetch_optional(&mut tx.conn)
            .await
            .map_err(StoreError::of("read a setting"))?;
        Ok(before.map(|before| (before.get(0), before.get(1))))
    }

    /// A row of the history: the setting is new, or has another value than before.
    async fn remember(&self, tx: &mut Tx, setting: &Setting) -> Result<(), StoreError> {
        sqlx::query(
            "insert into setting_history (device_id, setting_id, read_at, title, value, decimals, text, unit, session_id)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             on conflict (device_id, setting_id, read_at) do update set title = excluded.title, value = excluded.value,
                 decimals = excluded.decimals, text = excluded.text, unit = excluded.unit, session_id = excluded.session_id",
        )
        .bind(self.device.0)
        .bind(setting.id.as_str())
        .bind(self.at)
        .bind(setting.title.as_str())
        .bind(number(&setting.value))
        .bind(decimals(&setting.value))
        .bind(text(&setting.value))
        .bind(setting.unit.as_deref())
        .bind(self.session.0)
        .execute(&mut tx.conn)
        .await
        .map(drop)
        .map_err(StoreError::of("remember a setting"))
    }

    /// An incident: nobody had it changed.
    async fn note_change(&self, tx: &mut Tx, setting: &Setting, before: &Held) -> Result<(), StoreError> {
        let new = (number(&setting.value), text(&setting.value));
        sqlx::query("insert into incident (device_id, at, kind, session_id, text) values ($1, $2, $3, $4, $5)")
            .bind(self.device.0)
            .bind(self.at)
            .bind("setting-changed")
            .bind(self.session.0)
            .bind(format!("{} was {}, is {}", setting.id, shown(before), shown(&new)))
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("insert an incident"))?;
        Ok(())
    }
}

fn shown((value, text): &Held) -> String {
    match (value, text) {
        (Some(value), _) => value.to_string(),
        (None, Some(text)) => text.clone(),
        (None, None) => "nothing".to_owned(),
    }
}
