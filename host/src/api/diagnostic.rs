//! A device's own journal and settings.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::ApiState;
use super::dto::{Instant, Page};
use super::extract::{Path, Query};
use super::problem::Problem;
use super::record::{CellValue, value};
use super::site::PageQuery;
use super::words;
use crate::model::DeviceId;

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

/// A device's journal, newest first.
#[utoipa::path(get, path = "/devices/{id}/events", operation_id = "list_events", tag = "devices", params(("id" = i64, Path), PageQuery),
    responses((status = OK, body = Page<Event>)))]
pub(super) async fn events(
    State(state): State<ApiState>,
    Path(id): Path<i64>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Event>>, Problem> {
    let limit = query.limit()?;
    let after = query.after.as_deref().map(after).transpose()?;
    known(&state, id).await?;
    let rows = state.store.device_events(DeviceId(id), after, limit + 1).await?;
    let key = |row: &crate::store::query::EventRow| format!("{}.{}", row.at.as_second(), row.id);
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

/// A device's settings as they were read last.
#[utoipa::path(get, path = "/devices/{id}/settings", operation_id = "list_settings", tag = "devices", params(("id" = i64, Path)),
    responses((status = OK, body = Settings)))]
pub(super) async fn settings(State(state): State<ApiState>, Path(id): Path<i64>) -> Result<Json<Settings>, Problem> {
    known(&state, id).await?;
    let rows = state.store.device_settings(DeviceId(id)).await?;
    Ok(Json(Settings {
        read_at: rows.iter().map(|row| row.read_at).max().map(Instant),
        items: rows
            .into_iter()
            .map(|row| Setting {
                value: value(&row.value),
                id: row.id,
                title: row.title,
                unit: row.unit,
                writable: row.writable,
            })
            .collect(),
    }))
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
