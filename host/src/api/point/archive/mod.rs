//! The archive of a point column by column: a year of hours in one answer of some hundred kilobytes.

mod runs;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use self::runs::{differences, marks, runs, values, versions};
use super::gather::{ArchiveQuery, Gathered, Row, gather};
use super::join::Joined;
use crate::api::ApiState;
use crate::api::catalog::Drivers;
use crate::api::dto::{Instant, Text};
use crate::api::extract::{Path, Query};
use crate::api::gap::Gap;
use crate::api::problem::Problem;
use crate::api::words;
use crate::store::query::{ConditionRow, Serving};

/// The archive of a point. What is said of a row names it by its place, from 0. Runs are of rows that follow one another.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PointArchive {
    kind: String,
    columns: Vec<PointColumn>,
    /// Those that served the point in the period, in the order of time.
    devices: Vec<PointDevice>,
    /// Begin of each interval, oldest first: the first in Unix seconds, each other as the seconds since the one before.
    starts: Vec<i64>,
    /// Lengths of the intervals, seconds; 0 of moments.
    lengths: Vec<Run>,
    /// Keys of the records: the first whole, each other as the difference to the one before.
    records: Vec<i64>,
    /// Keys of the sessions that brought them.
    sessions: Vec<Run>,
    /// Rows that came back with other content: the number of the version, from 2.
    versions: Vec<RowVersion>,
    /// One list per column, one number per row; null: the meter has none, or the cell is text. A series without decimals
    /// has the meter's own floats; of those that fit 32 bits the digits are the fewest that tell it.
    values: Vec<Vec<Option<Number>>>,
    /// Cells that are more than a good number.
    marks: Vec<CellMark>,
    /// Abnormal situations that occur.
    conditions: Vec<PointCondition>,
    condition_runs: Vec<ConditionRun>,
    /// What should be there and is not, and why.
    gaps: Vec<Gap>,
    /// There was more: narrow the period.
    truncated: bool,
}

/// One column.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PointColumn {
    /// The name that the newest device has for it.
    id: String,
    /// From the vocabulary.
    quantity: String,
    /// The meter's own; empty for none.
    unit: String,
    /// From the vocabulary.
    pipe: Option<String>,
    /// From 1; 0 is all together.
    tariff: u8,
    /// `instant`, `mean`, `sum`, `minimum`, `maximum`, `total`, `duration`, `state`.
    aggregate: &'static str,
    /// Null: the meter's own float.
    decimals: Option<u8>,
    /// The series that it is made of.
    series: Vec<ColumnSeries>,
}

/// A series of a device.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ColumnSeries {
    /// Place of the device.
    device: usize,
    /// Key of the series.
    series: i64,
}

/// A device that served the point.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PointDevice {
    id: i64,
    name: String,
    serial: Option<String>,
    model: Option<String>,
    driver: String,
    /// Which of its inputs.
    input: u8,
    from: Instant,
    /// Null: it serves it still.
    to: Option<Instant>,
    /// How many rows are its: they follow those of the device before.
    rows: usize,
}

/// Rows that have the same.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Run {
    rows: usize,
    value: i64,
}

/// The version of a row.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RowVersion {
    row: usize,
    version: i64,
}

/// What is said of a cell, and of those under it.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct CellMark {
    column: usize,
    /// The first row.
    row: usize,
    rows: usize,
    #[schema(schema_with = words::quality)]
    quality: &'static str,
    /// The meter's own word for the quality.
    code: Option<String>,
    /// Flags as `0x1f`, or text, instead of a number.
    text: Option<String>,
}

/// An abnormal situation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PointCondition {
    /// The meter's own code.
    code: String,
    /// From the vocabulary; null when undocumented.
    category: Option<String>,
    /// `counted`, `stopped`, `constant-used`, `information`; null when undocumented.
    effect: Option<String>,
    /// The one column that it belongs to.
    column: Option<usize>,
    /// What the driver's description says of the code.
    title: Option<Text>,
}

/// Rows that have the same situations.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct ConditionRun {
    /// The first row.
    row: usize,
    rows: usize,
    /// Places in the list of situations.
    conditions: Vec<usize>,
}

/// A number as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Number {
    /// Exact with the decimals of its series, or a float of 64 bits.
    Whole(f64),
    /// A meter's float of 32 bits.
    Short(f32),
}

impl PartialSchema for Number {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(SchemaType::new(Type::Number)).into()
    }
}

impl ToSchema for Number {}

impl Number {
    #[allow(clippy::cast_possible_truncation, reason = "it is looked whether anything was lost")]
    fn of(value: f64, decimals: Option<u8>) -> Self {
        let short = value as f32;
        if decimals.is_none() && f64::from(short).to_bits() == value.to_bits() {
            Self::Short(short)
        } else {
            Self::Whole(value)
        }
    }
}

/// The archive of a point in a period, at most 20 000 rows of 64 columns.
#[utoipa::path(get, path = "/points/{id}/archive", operation_id = "point_archive", tag = "places", params(("id" = i64, Path), ArchiveQuery),
    responses((status = OK, body = PointArchive)))]
pub(super) async fn archive(
    State(state): State<ApiState>,
    Path(id): Path<i64>,
    Query(query): Query<ArchiveQuery>,
) -> Result<Json<PointArchive>, Problem> {
    let gathered = gather(&state, id, &query).await?;
    Ok(Json(shown(gathered, &Drivers::of(state.drivers.as_ref()))))
}

fn shown(gathered: Gathered, drivers: &Drivers) -> PointArchive {
    let rows = &gathered.rows;
    let (conditions, condition_runs) = conditions(&gathered, drivers);
    PointArchive {
        kind: gathered.kind.to_string(),
        devices: devices(&gathered.devices, rows),
        starts: differences(rows.iter().map(|row| row.strip.starts_at)),
        lengths: runs(rows.iter().map(|row| row.strip.ends_at - row.strip.starts_at)),
        records: differences(rows.iter().map(|row| row.strip.record)),
        sessions: runs(rows.iter().map(|row| row.strip.session)),
        versions: versions(rows),
        values: values(&gathered.columns, rows),
        marks: marks(rows),
        conditions,
        condition_runs,
        columns: gathered.columns.iter().map(column).collect(),
        gaps: gathered.gaps,
        truncated: gathered.is_truncated,
    }
}

fn column(joined: &Joined) -> PointColumn {
    let column = &joined.column;
    PointColumn {
        id: column.id.clone(),
        quantity: column.quantity.clone(),
        unit: column.unit.clone(),
        pipe: column.pipe.clone(),
        tariff: column.tariff,
        aggregate: column.aggregate.word(),
        decimals: column.decimals,
        series: joined
            .series
            .iter()
            .map(|(device, series)| ColumnSeries {
                device: *device,
                series: *series,
            })
            .collect(),
    }
}

fn devices(devices: &[Serving], rows: &[Row]) -> Vec<PointDevice> {
    devices
        .iter()
        .enumerate()
        .map(|(place, serving)| device(serving, rows.iter().filter(|row| row.device == place).count()))
        .collect()
}

/// A device with so many rows.
pub(super) fn device(serving: &Serving, rows: usize) -> PointDevice {
    PointDevice {
        id: serving.device.0,
        name: serving.name.clone(),
        serial: serving.serial.clone(),
        model: serving.model.clone(),
        driver: serving.driver.clone(),
        input: serving.input,
        from: Instant(serving.from),
        to: serving.to.map(Instant),
        rows,
    }
}

fn conditions(gathered: &Gathered, drivers: &Drivers) -> (Vec<PointCondition>, Vec<ConditionRun>) {
    let mut known: Vec<(usize, ConditionRow)> = Vec::new();
    let mut shown = Vec::new();
    let mut runs: Vec<ConditionRun> = Vec::new();
    for (place, row) in gathered.rows.iter().enumerate() {
        let mut mine = Vec::with_capacity(row.conditions.len());
        for condition in &row.conditions {
            // How long it held is told with the record itself.
            let condition = ConditionRow {
                duration_s: None,
                ..condition.clone()
            };
            let found = known
                .iter()
                .position(|(device, one)| *device == row.device && *one == condition);
            mine.push(found.unwrap_or_else(|| {
                shown.push(of_device(gathered, drivers, row.device, &condition));
                known.push((row.device, condition));
                known.len() - 1
            }));
        }
        match runs.last_mut() {
            _ if mine.is_empty() => {}
            Some(run) if run.row + run.rows == place && run.conditions == mine => run.rows += 1,
            _ => runs.push(ConditionRun {
                row: place,
                rows: 1,
                conditions: mine,
            }),
        }
    }
    (shown, runs)
}

fn of_device(gathered: &Gathered, drivers: &Drivers, device: usize, condition: &ConditionRow) -> PointCondition {
    let serving = gathered.devices.get(device);
    let column = condition.series.and_then(|series| {
        let has = |joined: &Joined| joined.series.contains(&(device, series));
        gathered.columns.iter().position(has)
    });
    PointCondition {
        code: condition.code.clone(),
        category: condition.category.clone(),
        effect: condition.effect.clone(),
        column,
        title: serving.and_then(|of| drivers.condition(&of.driver, of.model.as_deref(), &condition.code)),
    }
}
