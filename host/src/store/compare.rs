//! What a session stored beside what its trace gives now.

use std::collections::BTreeSet;
use std::sync::Arc;

use sqlx::Row as _;

use super::error::StoreError;
use super::record::{Put, RecordBatch};
use super::value::{number, text};
use super::{Store, instant, series, version};
use crate::model::{Column, DeviceEvent, DeviceId, Record, SessionId, Setting};

/// An entry of a journal as the table holds it: at, label, code, severity, began, input, text.
type EventKey = (i64, String, String, String, Option<i64>, i64, String);

impl Store {
    /// How records under one declaration differ from what the store held of them when `session` had ended: a line
    /// each, nothing where they are the same to the last digit.
    pub async fn compare_records(
        &self,
        device: DeviceId,
        session: SessionId,
        columns: &Arc<[Column]>,
        records: &[Record],
    ) -> Result<Vec<String>, StoreError> {
        let mut conn = self.reader().await?.conn;
        let put = put(&mut conn, device, session, columns).await?;
        let records: Vec<&Record> = records.iter().collect();
        version::compare(&mut conn, &put, &records).await
    }

    /// How records that are stored differ from what is given now, a line each; those that are not stored are none of it.
    pub async fn changed_records(
        &self,
        device: DeviceId,
        session: SessionId,
        columns: &Arc<[Column]>,
        records: &[Record],
    ) -> Result<Vec<String>, StoreError> {
        let mut conn = self.reader().await?.conn;
        let put = put(&mut conn, device, session, columns).await?;
        let records: Vec<&Record> = records.iter().collect();
        version::changed(&mut conn, &put, &records).await
    }

    /// Records that `session` stored: archive and start, as `given` has them, that are not in it.
    pub async fn records_missing(
        &self,
        session: SessionId,
        given: &BTreeSet<(String, i64)>,
    ) -> Result<Vec<String>, StoreError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "select distinct kind, starts_at from record where session_id = $1 order by kind, starts_at",
        )
        .bind(session.0)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the records of a session"))?;
        let missing = rows.into_iter().filter(|row| !given.contains(row));
        Ok(missing
            .map(|(kind, start)| format!("{kind} {}: is stored, the replay does not give it", instant(start)))
            .collect())
    }

    /// How entries of a device's journal differ from those stored by `session` and before it.
    pub async fn compare_events(
        &self,
        device: DeviceId,
        session: SessionId,
        events: &[DeviceEvent],
    ) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query(
            "select at, label, code, severity, began, input, text, session_id = $2 from device_event
             where device_id = $1 and session_id <= $2",
        )
        .bind(device.0)
        .bind(session.0)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the journal of a device"))?;
        let (mut stored, mut own) = (BTreeSet::new(), BTreeSet::new());
        for row in &rows {
            let key: EventKey = (
                row.get(0),
                row.get(1),
                row.get(2),
                row.get(3),
                row.get(4),
                row.get(5),
                row.get(6),
            );
            if row.get(7) {
                own.insert(key.clone());
            }
            stored.insert(key);
        }
        let given: BTreeSet<EventKey> = events.iter().map(event_key).collect();
        let shown = |key: &EventKey| format!("event {} {} {}", key.1, key.2, key.6);
        let more = given
            .difference(&stored)
            .map(|key| format!("{}: is not stored", shown(key)));
        let less = own
            .difference(&given)
            .map(|key| format!("{}: is stored, the replay does not give it", shown(key)));
        Ok(more.chain(less).collect())
    }

    /// How settings differ from those that `session` was the last to store.
    pub async fn compare_settings(&self, session: SessionId, settings: &[Setting]) -> Result<Vec<String>, StoreError> {
        let rows: Vec<(String, Option<f64>, Option<String>)> =
            sqlx::query_as("select setting_id, value, text from setting where session_id = $1 order by setting_id")
                .bind(session.0)
                .fetch_all(&self.readers)
                .await
                .map_err(StoreError::of("read the settings of a device"))?;
        let mut differences = Vec::new();
        for (id, value, words) in rows {
            let Some(setting) = settings.iter().find(|setting| setting.id == id) else {
                differences.push(format!("setting {id}: is stored, the replay does not give it"));
                continue;
            };
            let given = (number(&setting.value), text(&setting.value));
            if given.0.map(f64::to_bits) != value.map(f64::to_bits) || given.1 != words {
                differences.push(format!(
                    "setting {id}: was {value:?} {words:?}, is {:?} {:?}",
                    given.0, given.1
                ));
            }
        }
        Ok(differences)
    }
}

/// What says of which series the columns are.
pub(super) async fn put(
    conn: &mut sqlx::SqliteConnection,
    device: DeviceId,
    session: SessionId,
    columns: &Arc<[Column]>,
) -> Result<Put, StoreError> {
    Ok(Put {
        batch: RecordBatch {
            device,
            session,
            columns: columns.clone(),
            records: Vec::new(),
            resume: None,
        },
        received_at: 0,
        series: series::known(conn, device, columns).await?,
        order: Arc::default(),
    })
}

fn event_key(event: &DeviceEvent) -> EventKey {
    (
        event.at.as_second(),
        event.label.to_string(),
        event.code.clone(),
        event.severity.word().to_owned(),
        event.began.map(i64::from),
        event.point.into(),
        event.text.clone(),
    )
}
