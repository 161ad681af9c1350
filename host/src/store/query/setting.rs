//! Settings of a device as they were, and what became of them.

use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::record::Cell;
use crate::model::{DeviceId, Quality, SessionId};
use crate::store::{Store, StoreError, instant};

/// A setting as it was at some time.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingAt {
    /// Stable name.
    pub id: String,
    /// For people.
    pub title: String,
    /// Its value then.
    pub value: Cell,
    /// The meter's unit.
    pub unit: Option<String>,
    /// When it was first read with this value.
    pub since: Timestamp,
    /// The session that read it then.
    pub session: SessionId,
}

/// A value that a setting was first read with, and the one before.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingChange {
    /// The setting as it was from then on.
    pub setting: SettingAt,
    /// The value before; none: the setting was read for the first time.
    pub before: Option<Cell>,
}

impl Store {
    /// Settings as they were at `at`, in the order of their names.
    pub async fn settings_at(&self, device: DeviceId, at: Timestamp) -> Result<Vec<SettingAt>, StoreError> {
        let rows = sqlx::query(
            "select h.setting_id, h.title, h.value, h.text, h.unit, h.read_at, h.session_id from setting_history h
             where h.device_id = $1 and h.read_at = (select max(x.read_at) from setting_history x
                 where x.device_id = h.device_id and x.setting_id = h.setting_id and x.read_at <= $2)
             order by h.setting_id",
        )
        .bind(device.0)
        .bind(at.as_second())
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the settings of a device as they were"))?;
        Ok(rows.iter().map(setting).collect())
    }

    /// What became of the settings of a device, newest first, from before `before` (instant and name) on.
    pub async fn setting_changes(
        &self,
        device: DeviceId,
        before: Option<(Timestamp, String)>,
        limit: u32,
    ) -> Result<Vec<SettingChange>, StoreError> {
        let rows = sqlx::query(
            "select h.setting_id, h.title, h.value, h.text, h.unit, h.read_at, h.session_id, p.read_at, p.value, p.text
             from setting_history h left join setting_history p on p.device_id = h.device_id
                 and p.setting_id = h.setting_id and p.read_at = (select max(x.read_at) from setting_history x
                     where x.device_id = h.device_id and x.setting_id = h.setting_id and x.read_at < h.read_at)
             where h.device_id = $1 and ($2 is null or h.read_at < $2 or (h.read_at = $2 and h.setting_id > $3))
             order by h.read_at desc, h.setting_id limit $4",
        )
        .bind(device.0)
        .bind(before.as_ref().map(|(at, _)| at.as_second()))
        .bind(before.map(|(_, id)| id))
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read what became of the settings of a device"))?;
        Ok(rows
            .iter()
            .map(|row| SettingChange {
                setting: setting(row),
                before: row.get::<Option<i64>, _>(7).map(|_| held(row, 8)),
            })
            .collect())
    }
}

fn setting(row: &SqliteRow) -> SettingAt {
    SettingAt {
        id: row.get(0),
        title: row.get(1),
        value: held(row, 2),
        unit: row.get(4),
        since: instant(row.get(5)),
        session: SessionId(row.get(6)),
    }
}

fn held(row: &SqliteRow, first: usize) -> Cell {
    Cell {
        number: row.get(first),
        text: row.get(first + 1),
        quality: Quality::Good,
        code: None,
    }
}
