//! A device's own journal and settings.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ApiState;
use super::dto::{Instant, Page};
use super::extract::{Path, Query, limit};
use super::problem::Problem;
use super::record::{CellValue, value};
use super::site::PageQuery;
use super::words;
use crate::model::{DeviceId, Severity};
use crate::store::query::{EventQuery, EventRow, SettingChange, SettingRow};

/// Which entries of a journal.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EventsQuery {
    /// Only `info`, `warning` or `alarm`.
    severity: Option<String>,
    /// Only those whose code or text has this.
    q: Option<String>,
    /// From here on.
    from: Option<Instant>,
    /// Before.
    to: Option<Instant>,
    /// `next` of the page before.
    after: Option<String>,
    /// Rows of the page, 100 unless said otherwise, at most 1000.
    limit: Option<u32>,
}

/// Settings as they were when.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SettingsQuery {
    /// As they were then; without it as they were read last.
    at: Option<Instant>,
}

/// One entry of a device's journal.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Event {
    at: Instant,
    /// The meter's own code.
    code: String,
    /// `info`, `warning`, `alarm`.
    #[schema(schema_with = words::severity)]
    severity: String,
    /// True when it began, false when it ended, null for what has no length.
    began: Option<bool>,
    /// Input of the device; 0 is the device as a whole.
    point: u8,
    text: String,
    received_at: Instant,
}

/// A device's settings.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Settings {
    /// Null when they were never read.
    read_at: Option<Instant>,
    items: Vec<Setting>,
}

/// One setting.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Setting {
    /// Stable name.
    id: String,
    title: String,
    value: Option<CellValue>,
    unit: Option<String>,
    /// Whether the driver can write it.
    writable: bool,
}

/// A value that a setting was first read with.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Change {
    at: Instant,
    /// Which session read it.
    session: i64,
    /// Stable name of the setting.
    id: String,
    title: String,
    unit: Option<String>,
    /// It was read for the first time: there is no value before.
    is_first: bool,
    before: Option<CellValue>,
    value: Option<CellValue>,
}

/// A device's journal, newest first.
#[utoipa::path(get, path = "/devices/{id}/events", operation_id = "list_events", tag = "devices", params(("id" = i64, Path), EventsQuery),
    responses((status = OK, body = Page<Event>)))]
pub(super) async fn events(
    State(state): State<ApiState>,
    Path(id): Path<i64>,
    Query(query): Query<EventsQuery>,
) -> Result<Json<Page<Event>>, Problem> {
    let limit = limit(query.limit, 100, 1000)?;
    if let Some(word) = &query.severity
        && ![Severity::Info, Severity::Warning, Severity::Alarm]
            .map(Severity::word)
            .contains(&word.as_str())
    {
        return Err(Problem::bad_query(format!(
            "severity is {word:?}, expected info, warning or alarm"
        )));
    }
    let wanted = EventQuery {
        severity: query.severity,
        text: query.q.filter(|text| !text.is_empty()),
        from: query.from.map(|from| from.0),
        to: query.to.map(|to| to.0),
        after: query.after.as_deref().map(after).transpose()?,
        limit: limit + 1,
    };
    known(&state, id).await?;
    let rows = state.store.device_events(DeviceId(id), &wanted).await?;
    let key = |row: &EventRow| format!("{}.{}", row.at.as_second(), row.id);
    Ok(Json(Page::of(rows, limit, key, |row| Event {
        at: Instant(row.at),
        code: row.code,
        severity: row.severity,
        began: row.began,
        point: row.input,
        text: row.text,
        received_at: Instant(row.received_at),
    })))
}

/// A device's settings: as they were read last, or as they were at some time.
#[utoipa::path(get, path = "/devices/{id}/settings", operation_id = "list_settings", tag = "devices", params(("id" = i64, Path), SettingsQuery),
    responses((status = OK, body = Settings)))]
pub(super) async fn settings(
    State(state): State<ApiState>,
    Path(id): Path<i64>,
    Query(query): Query<SettingsQuery>,
) -> Result<Json<Settings>, Problem> {
    known(&state, id).await?;
    let Some(Instant(at)) = query.at else {
        let rows = state.store.device_settings(DeviceId(id)).await?;
        return Ok(Json(Settings {
            read_at: rows.iter().map(|row| row.read_at).max().map(Instant),
            items: rows.into_iter().map(last_read).collect(),
        }));
    };
    let rows = state.store.settings_at(DeviceId(id), at).await?;
    Ok(Json(Settings {
        read_at: rows.iter().map(|row| row.since).max().map(Instant),
        items: rows
            .into_iter()
            .map(|row| Setting {
                value: value(&row.value),
                id: row.id,
                title: row.title,
                unit: row.unit,
                writable: false,
            })
            .collect(),
    }))
}

/// What became of a device's settings, newest first: each value that one was first read with, and the one before.
#[utoipa::path(get, path = "/devices/{id}/settings/changes", operation_id = "list_setting_changes", tag = "devices",
    params(("id" = i64, Path), PageQuery), responses((status = OK, body = Page<Change>)))]
pub(super) async fn changes(
    State(state): State<ApiState>,
    Path(id): Path<i64>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Change>>, Problem> {
    let limit = query.limit()?;
    let before = query.after.as_deref().map(change_before).transpose()?;
    known(&state, id).await?;
    let rows = state.store.setting_changes(DeviceId(id), before, limit + 1).await?;
    let key = |row: &SettingChange| format!("{}.{}", row.setting.since.as_second(), row.setting.id);
    Ok(Json(Page::of(rows, limit, key, |row| Change {
        at: Instant(row.setting.since),
        session: row.setting.session.0,
        is_first: row.before.is_none(),
        before: row.before.as_ref().and_then(value),
        value: value(&row.setting.value),
        id: row.setting.id,
        title: row.setting.title,
        unit: row.setting.unit,
    })))
}

fn last_read(row: SettingRow) -> Setting {
    Setting {
        value: value(&row.value),
        id: row.id,
        title: row.title,
        unit: row.unit,
        writable: row.writable,
    }
}

async fn known(state: &ApiState, id: i64) -> Result<(), Problem> {
    if state.store.has_device(DeviceId(id)).await? {
        Ok(())
    } else {
        Err(Problem::not_found(format!("there is no device {id}")))
    }
}

/// Instant and key of the last entry of the page before.
fn after(text: &str) -> Result<(Timestamp, i64), Problem> {
    let read = || {
        let (at, id) = text.split_once('.')?;
        Some((Timestamp::from_second(at.parse().ok()?).ok()?, id.parse().ok()?))
    };
    read().ok_or_else(|| Problem::bad_query(format!("after is {text:?}, which no page gave")))
}

/// Instant and name of the last setting of the page before.
fn change_before(text: &str) -> Result<(Timestamp, String), Problem> {
    let read = || {
        let (at, id) = text.split_once('.')?;
        Some((Timestamp::from_second(at.parse().ok()?).ok()?, id.to_owned()))
    };
    read().ok_or_else(|| Problem::bad_query(format!("after is {text:?}, which no page gave")))
}
