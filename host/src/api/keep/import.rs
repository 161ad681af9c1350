//! The list of devices as a file, in and out.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::extract::{Query, Raw};
use super::super::problem::FieldFault;
use super::{ApiState, Problem, SignedIn, doer, drivers, tell};
use crate::limits;
use crate::model::{Right, Scope};
use crate::roster::{self, Drivers, Row};
use crate::store::{Change, Doer, ImportFault, NewDevice, Seen, StoreError};

/// How to import.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ImportQuery {
    /// Only say what would become of each row.
    #[serde(default, rename = "dry-run")]
    dry_run: bool,
}

/// What becomes of a file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Imported {
    /// How many.
    rows: usize,
    /// Devices that are not there yet.
    new: usize,
    /// Devices that become other.
    changed: usize,
    /// Devices that are just so.
    same: usize,
    /// Rows that cannot be taken.
    faults: usize,
    /// Whether it was stored: never when it is only tried, nor when a row has a fault.
    stored: bool,
    /// One entry a row, in order.
    items: Vec<ImportRow>,
}

/// What becomes of a row.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportRow {
    /// From 1, the head line and empty ones not counted.
    row: usize,
    /// Of the device, as the row says it.
    name: Option<String>,
    /// `new`, `change`, `same` or `fault`.
    #[schema(schema_with = super::super::words::import_verdict)]
    verdict: &'static str,
    /// What becomes other, column by column.
    differences: Vec<Difference>,
    /// All that is wrong.
    faults: Vec<FieldFault>,
}

/// What becomes other of a device.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Difference {
    /// Column.
    field: String,
    /// As it is; empty: nothing is said.
    before: String,
    /// As it will be.
    after: String,
}

/// Takes devices from a CSV or XLSX file: all rows or, when one has a fault, none.
#[utoipa::path(post, path = "/import", operation_id = "import_devices", tag = "devices", params(ImportQuery),
    request_body(content = String, content_type = "application/octet-stream", description = "The file, CSV or XLSX"),
    responses((status = OK, body = Imported), (status = UNPROCESSABLE_ENTITY, description = "`invalid`: it is no such file"),
        (status = PAYLOAD_TOO_LARGE, description = "`too-large`")))]
pub(super) async fn import(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<ImportQuery>,
    Raw(bytes): Raw<{ limits::FILE_TIME_S }>,
) -> Result<Json<Imported>, Problem> {
    let read = tokio::task::spawn_blocking(move || roster::read(&bytes)).await;
    let unreadable = |reason: String| {
        Problem::invalid(vec![FieldFault {
            field: String::new(),
            reason,
        }])
    };
    let read = read.map_err(|_| unreadable("the file cannot be read".to_owned()))?;
    let (_, rows) = read.map_err(|error| unreadable(error.to_string()))?;
    let doer = doer(&state, &asks, Right::Administer);
    let drivers = drivers(&state);
    let mut items = preview(&state, &doer, &drivers, &rows).await?;
    let is_whole = items.iter().all(|(item, _)| item.faults.is_empty());
    let mut stored = false;
    if !query.dry_run && is_whole {
        let devices = items.iter_mut().filter_map(|(_, device)| device.take()).collect();
        state.store.import_for(&doer, devices).await?;
        tell(&state).await;
        stored = true;
    }
    let items: Vec<ImportRow> = items.into_iter().map(|(item, _)| item).collect();
    let count = |verdict: &str| items.iter().filter(|item| item.verdict == verdict).count();
    Ok(Json(Imported {
        rows: items.len(),
        new: count("new"),
        changed: count("change"),
        same: count("same"),
        faults: count("fault"),
        stored,
        items,
    }))
}

/// What would become of each row, and the device that it says.
async fn preview(
    state: &ApiState,
    doer: &Doer,
    drivers: &Drivers,
    rows: &[Row],
) -> Result<Vec<(ImportRow, Option<NewDevice>)>, StoreError> {
    let kept = state.store.kept_devices(doer.scope).await?;
    let configs: HashMap<&str, &serde_json::Value> = kept
        .iter()
        .map(|kept| (kept.device.name.as_str(), &kept.device.config))
        .collect();
    let (mut read, mut devices) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        let config = row.get("name").and_then(|name| configs.get(name.as_str()).copied());
        let device = roster::draft(row, config).and_then(|draft| draft.device(drivers));
        devices.extend(device.as_ref().ok().cloned());
        read.push(device);
    }
    let mut seen = state.store.preview_import(doer, devices).await?.into_iter();
    let mut items = Vec::with_capacity(rows.len());
    for ((number, row), device) in (1..).zip(rows).zip(read) {
        let (device, judged) = match device {
            Ok(device) => (Some(device), seen.next().unwrap_or_else(|| Err(Vec::new()))),
            Err(wrong) => {
                let fault = |(key, reason): roster::Fault| ImportFault {
                    row: number,
                    key: key.to_owned(),
                    reason,
                };
                (None, Err(wrong.into_iter().map(fault).collect()))
            }
        };
        items.push((item(number, row, judged, drivers), device));
    }
    Ok(items)
}

fn item(number: usize, row: &Row, judged: Result<Seen, Vec<ImportFault>>, drivers: &Drivers) -> ImportRow {
    let mut item = ImportRow {
        row: number,
        name: row.get("name").cloned(),
        verdict: "fault",
        differences: Vec::new(),
        faults: Vec::new(),
    };
    match judged {
        Err(faults) => {
            let fault = |fault: ImportFault| FieldFault {
                field: fault.key,
                reason: fault.reason,
            };
            item.faults = faults.into_iter().map(fault).collect();
        }
        Ok(seen) => {
            item.verdict = match seen.imported.change {
                Change::Added => "new",
                Change::Updated(_) => "change",
                Change::Unchanged => "same",
            };
            let differences = seen
                .before
                .iter()
                .flat_map(|before| roster::differences(before, &seen.after, drivers));
            let difference = |(field, before, after): (&str, String, String)| Difference {
                field: field.to_owned(),
                before,
                after,
            };
            item.differences = differences.map(difference).collect();
        }
    }
    item
}

/// Every device in use in the columns of an import, as CSV.
#[utoipa::path(get, path = "/export.csv", operation_id = "export_csv", tag = "devices",
    responses((status = OK, body = String, content_type = "text/csv")))]
pub(super) async fn export_csv(State(state): State<ApiState>, asks: SignedIn) -> Result<Response, Problem> {
    let rows = rows(&state, asks.scope(Right::Administer)).await?;
    let bytes = roster::csv(&rows).map_err(|error| Problem::unwritable(&error))?;
    Ok(file("text/csv; charset=utf-8", "devices.csv", bytes))
}

/// Every device in use in the columns of an import, as a workbook.
#[utoipa::path(get, path = "/export.xlsx", operation_id = "export_xlsx", tag = "devices", responses((status = OK, body = String,
    content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))]
pub(super) async fn export_xlsx(State(state): State<ApiState>, asks: SignedIn) -> Result<Response, Problem> {
    let rows = rows(&state, asks.scope(Right::Administer)).await?;
    let written = tokio::task::spawn_blocking(move || roster::xlsx(&rows)).await;
    let bytes = match written {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => return Err(Problem::unwritable(&error)),
        Err(error) => return Err(Problem::unwritable(&error)),
    };
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    Ok(file(kind, "devices.xlsx", bytes))
}

async fn rows(state: &ApiState, scope: Scope) -> Result<Vec<Row>, Problem> {
    let drivers = drivers(state);
    let kept = state.store.kept_devices(scope).await?;
    Ok(kept.iter().map(|kept| roster::row(&kept.device, &drivers)).collect())
}

fn file(kind: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let head = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (head, bytes).into_response()
}
