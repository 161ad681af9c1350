//! A device's journal and settings.

use jiff::Timestamp;
use sqlx::Row as _;

use super::record::Cell;
use crate::model::{DeviceId, Quality};
use crate::store::{Store, StoreError, instant};

/// One entry of a device's journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Its key.
    pub id: i64,
    /// When it happened.
    pub at: Timestamp,
    /// The meter's own code.
    pub code: String,
    /// `info`, `warning` or `alarm`.
    pub severity: String,
    /// True when it began, false when it ended, none for what has no length.
    pub began: Option<bool>,
    /// Input of the device; 0 is the device as a whole.
    pub input: u8,
    /// What the meter says.
    pub text: String,
    /// When the store got it.
    pub received_at: Timestamp,
}

/// Which entries of a device's journal.
#[derive(Debug, Clone, Default)]
pub struct EventQuery {
    /// Only of this severity.
    pub severity: Option<String>,
    /// Only those whose code has this, in any case, or whose text has it as it stands.
    pub text: Option<String>,
    /// From here on.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
    /// Instant and key of the last entry of the page before.
    pub after: Option<(Timestamp, i64)>,
    /// At most so many.
    pub limit: u32,
}

/// One setting as it was read last.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingRow {
    /// Stable name.
    pub id: String,
    /// For people.
    pub title: String,
    /// Its value.
    pub value: Cell,
    /// The meter's unit.
    pub unit: Option<String>,
    /// Whether the driver can write it.
    pub writable: bool,
    /// When it was read.
    pub read_at: Timestamp,
}

impl Store {
    /// A device's journal, newest first.
    pub async fn device_events(&self, device: DeviceId, query: &EventQuery) -> Result<Vec<EventRow>, StoreError> {
        let rows = sqlx::query(
            "select id, at, code, severity, began, input, text, received_at from device_event
             where device_id = $1 and ($2 is null or at < $2 or (at = $2 and id < $3))
                 and ($5 is null or severity = $5) and ($6 is null or at >= $6) and ($7 is null or at < $7)
                 and ($8 is null or instr(lower(code), lower($8)) > 0 or instr(text, $8) > 0)
             order by at desc, id desc limit $4",
        )
        .bind(device.0)
        .bind(query.after.map(|(at, _)| at.as_second()))
        .bind(query.after.map(|(_, id)| id))
        .bind(query.limit)
        .bind(query.severity.as_deref())
        .bind(query.from.map(Timestamp::as_second))
        .bind(query.to.map(Timestamp::as_second))
        .bind(query.text.as_deref())
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the journal of a device"))?;
        Ok(rows
            .iter()
            .map(|row| EventRow {
                id: row.get(0),
                at: instant(row.get(1)),
                code: row.get(2),
                severity: row.get(3),
                began: row.get::<Option<i64>, _>(4).map(|began| began != 0),
                input: row.get(5),
                text: row.get(6),
                received_at: instant(row.get(7)),
            })
            .collect())
    }

    /// A device's settings as they were read last, in the order of their names.
    pub async fn device_settings(&self, device: DeviceId) -> Result<Vec<SettingRow>, StoreError> {
        let rows = sqlx::query(
            "select setting_id, title, value, text, unit, writable, read_at from setting
             where device_id = $1 order by setting_id",
        )
        .bind(device.0)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the settings of a device"))?;
        Ok(rows
            .iter()
            .map(|row| SettingRow {
                id: row.get(0),
                title: row.get(1),
                value: Cell {
                    number: row.get(2),
                    text: row.get(3),
                    quality: Quality::Good,
                    code: None,
                },
                unit: row.get(4),
                writable: row.get::<i64, _>(5) != 0,
                read_at: instant(row.get(6)),
            })
            .collect())
    }
}
