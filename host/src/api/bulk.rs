//! Records of many devices as one table for other programs, as it is read: a value a row.

use std::collections::{HashMap, VecDeque};

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use super::ApiState;
use super::csv_stream::{self, Table};
use super::dto::Instant;
use super::extract::Query;
use super::problem::Problem;
use super::record::archive;
use super::signed_in::SignedIn;
use crate::export::plain;
use crate::limits;
use crate::model::{RecordKind, Right, Scope};
use crate::store::query::{BulkDevice, BulkQuery, Cell, Order, RecordQuery, RecordRow, SeriesRow};
use crate::store::{Store, StoreError};

/// Names as in the view `v_record`; instants are RFC 3339.
const HEAD: [&str; 28] = [
    "site_id",
    "site",
    "node_id",
    "node",
    "point_id",
    "device_id",
    "device",
    "device_serial",
    "archive",
    "starts_at",
    "ends_at",
    "label",
    "length_s",
    "series_id",
    "column_id",
    "input",
    "quantity",
    "pipe",
    "tariff",
    "aggregate",
    "unit",
    "value",
    "text",
    "quality",
    "quality_code",
    "condition_codes",
    "record_id",
    "version",
];

/// Which records.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct BulkCsvQuery {
    /// `hourly`, `daily`, `ten-days`, `monthly`, `yearly`, `minutes-30`, `current` or `totals`.
    archive: String,
    /// Intervals that start from here on.
    from: Option<Instant>,
    /// Intervals that start before.
    to: Option<Instant>,
    /// Only of this organisation.
    organisation: Option<i64>,
    /// Only at this site.
    site: Option<i64>,
    /// Only of this node.
    node: Option<i64>,
    /// Only what was read for this point.
    point: Option<i64>,
    /// Only of this device.
    device: Option<i64>,
}

/// Current versions of records as CSV: a row a value, device by device, oldest first. Rows come as they are read, so that
/// the size of the table is not bounded; when it is cut, so is the transfer, and the client is told that it is not whole.
#[utoipa::path(get, path = "/records.csv", operation_id = "export_records", tag = "records", params(BulkCsvQuery),
    responses((status = OK, body = String, content_type = "text/csv"),
        (status = SERVICE_UNAVAILABLE, description = "Too many exports are under way: `busy`")))]
pub(super) async fn export(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<BulkCsvQuery>,
) -> Result<Response, Problem> {
    let export = Export {
        kind: archive(&query.archive)?,
        from: query.from.map_or(Timestamp::MIN, |from| from.0),
        to: query.to.map_or(Timestamp::MAX, |to| to.0),
        places: BulkQuery {
            organisation: query.organisation,
            site: query.site,
            node: query.node,
            point: query.point,
            device: query.device,
        },
        store: state.store.clone(),
        scope: asks.scope(Right::See),
        devices: VecDeque::new(),
        looked: Some(0),
        current: None,
        is_begun: false,
    };
    csv_stream::send(&state, export)
}

/// An export under way.
struct Export {
    store: Store,
    scope: Scope,
    kind: RecordKind,
    from: Timestamp,
    to: Timestamp,
    places: BulkQuery,
    /// Those that are next.
    devices: VecDeque<BulkDevice>,
    /// Devices up to this key were looked up; none: all.
    looked: Option<i64>,
    current: Option<Reading>,
    is_begun: bool,
}

/// The device whose records are being written.
struct Reading {
    device: BulkDevice,
    series: Vec<SeriesRow>,
    after: Option<Timestamp>,
}

impl Table for Export {
    const FILE: &'static str = "records.csv";

    async fn part(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing to memory cannot fail.
        if !std::mem::replace(&mut self.is_begun, true) {
            let _ = writer.write_record(HEAD);
        }
        while let Some(reading) = self.reading().await? {
            let rows = self.rows(&reading).await?;
            for row in &rows {
                write(&mut writer, &reading, row);
            }
            // The next part goes on behind the last row; a device that has none left is done with.
            self.current = rows.last().map(|last| Reading {
                after: Some(last.start),
                ..reading
            });
            if !rows.is_empty() {
                break;
            }
        }
        let text = writer.into_inner().unwrap_or_default();
        Ok((!text.is_empty()).then_some(text))
    }
}

impl Export {
    /// The device whose records are next; none: there is none left.
    async fn reading(&mut self) -> Result<Option<Reading>, StoreError> {
        if let Some(reading) = self.current.take() {
            return Ok(Some(reading));
        }
        loop {
            let Some(device) = self.device().await? else {
                return Ok(None);
            };
            let mut series = self.store.columns(device.id, self.kind).await?;
            series.retain(|series| self.places.point.is_none() || series.point == self.places.point);
            if !series.is_empty() {
                return Ok(Some(Reading {
                    device,
                    series,
                    after: None,
                }));
            }
        }
    }

    async fn device(&mut self) -> Result<Option<BulkDevice>, StoreError> {
        if self.devices.is_empty()
            && let Some(after) = self.looked.take()
        {
            let store = &self.store;
            let found = store
                .bulk_devices(self.scope, &self.places, self.kind, after, limits::BULK_DEVICES)
                .await?;
            self.looked = found.last().map(|device| device.id.0);
            self.devices = found.into();
        }
        Ok(self.devices.pop_front())
    }

    async fn rows(&self, reading: &Reading) -> Result<Vec<RecordRow>, StoreError> {
        let width = u32::try_from(reading.series.len().max(1)).unwrap_or(u32::MAX);
        let query = RecordQuery {
            device: reading.device.id,
            kind: self.kind,
            from: self.from,
            to: self.to,
            order: Order::Ascending,
            after: reading.after,
            limit: (limits::BULK_VALUES / width).max(1),
        };
        self.store.records(&query).await
    }
}

/// Writes the values of one record.
fn write(writer: &mut csv::Writer<Vec<u8>>, reading: &Reading, row: &RecordRow) {
    let conditions = conditions(row);
    for series in &reading.series {
        if let Some(cell) = row.cells.get(&series.id) {
            let of_input = conditions.get(&series.column.point).or_else(|| conditions.get(&0));
            let cells = cells(reading, row, series, cell, of_input.map_or("", String::as_str));
            let _ = writer.write_record(cells);
        }
    }
}

/// Codes of each input between blanks, with those of the device as a whole, which stand under 0 too.
fn conditions(row: &RecordRow) -> HashMap<u8, String> {
    let inputs: Vec<u8> = row.conditions.iter().map(|condition| condition.input).collect();
    let codes = |input: u8| {
        let own = row.conditions.iter().filter(|one| one.input == 0 || one.input == input);
        own.map(|one| one.code.as_str()).collect::<Vec<_>>().join(" ")
    };
    inputs.into_iter().map(|input| (input, codes(input))).collect()
}

fn cells(
    reading: &Reading,
    row: &RecordRow,
    series: &SeriesRow,
    cell: &Cell,
    conditions: &str,
) -> [String; HEAD.len()] {
    let (device, column) = (&reading.device, &series.column);
    let plain = |text: &str| plain(text).into_owned();
    let or_empty = |text: Option<&str>| text.map(plain).unwrap_or_default();
    [
        device.site.0.to_string(),
        plain(&device.site.1),
        device.node.0.to_string(),
        plain(&device.node.1),
        series.point.map(|point| point.to_string()).unwrap_or_default(),
        device.id.to_string(),
        plain(&device.name),
        or_empty(device.serial.as_deref()),
        row.kind.to_string(),
        row.start.to_string(),
        row.end.to_string(),
        or_empty(row.label.as_deref()),
        row.length_s.map(|length| length.to_string()).unwrap_or_default(),
        series.id.to_string(),
        plain(&column.id),
        column.point.to_string(),
        plain(&column.quantity),
        or_empty(column.pipe.as_deref()),
        column.tariff.to_string(),
        column.aggregate.word().to_owned(),
        plain(&column.unit),
        cell.number
            .map(|number| shown(number, column.decimals))
            .unwrap_or_default(),
        or_empty(cell.text.as_deref()),
        cell.quality.word().to_owned(),
        or_empty(cell.code.as_deref()),
        plain(conditions),
        row.id.to_string(),
        row.version.to_string(),
    ]
}

fn shown(number: f64, decimals: Option<u8>) -> String {
    match decimals {
        Some(decimals) => format!("{number:.*}", usize::from(decimals)),
        None => number.to_string(),
    }
}
