//! Archives as tables.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ApiState;
use super::catalog::Drivers;
use super::device;
use super::dto::{Instant, Page, Text};
use super::extract::{Path, Query, cursor, limit};
use super::gap::{self, Gap};
use super::problem::Problem;
use super::words;
use crate::limits;
use crate::model::{DeviceId, Quality, RecordKind, Span};
use crate::store::query::{Cell, DeviceInfo, Order, RecordQuery, RecordRow, SeriesRow};

/// Which archive.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ColumnsQuery {
    /// `hourly`, `daily`, `ten-days`, `monthly`, `yearly`, `minutes-30`, `current` or `totals`.
    archive: String,
}

/// Which records.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RecordsQuery {
    /// `hourly`, `daily`, `ten-days`, `monthly`, `yearly`, `minutes-30`, `current` or `totals`.
    archive: String,
    /// Intervals that start from here on.
    from: Option<Instant>,
    /// Intervals that start before.
    to: Option<Instant>,
    /// `asc`, oldest first, unless it is `desc`.
    order: Option<OrderWord>,
    /// `next` of the page before.
    after: Option<String>,
    /// Rows of the page, 1000 unless said otherwise, at most 10 000 and fewer of wide archives.
    limit: Option<u32>,
}

/// In which order.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum OrderWord {
    /// Oldest first.
    Asc,
    /// Newest first.
    Desc,
}

/// One column of an archive.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Column {
    /// Key of the series.
    series: i64,
    /// The maker's own name.
    id: String,
    /// From the vocabulary.
    quantity: String,
    /// The meter's own; empty for none.
    unit: String,
    /// Input of the device; 0 is the device as a whole.
    point: u8,
    /// The point that the input serves.
    point_id: Option<i64>,
    /// From 1; 0 is all together.
    tariff: u8,
    /// From the vocabulary.
    pipe: Option<String>,
    /// `instant`, `mean`, `sum`, `minimum`, `maximum`, `total`, `duration`, `state`.
    aggregate: &'static str,
    /// Null: the meter's own float.
    decimals: Option<u8>,
}

/// One version of a record.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Record {
    /// Its key.
    record: i64,
    start: Instant,
    end: Instant,
    /// As the device showed it: civil time without zone.
    label: Option<String>,
    /// Real length of the interval.
    length_s: Option<u32>,
    /// From 1.
    version: i64,
    /// How many there are.
    versions: i64,
    /// Which session brought it.
    session: i64,
    received_at: Instant,
    /// One per column.
    values: Vec<Option<CellValue>>,
    /// Cells that are not simply good.
    marks: Vec<Mark>,
    conditions: Vec<Condition>,
}

/// A number, exact with the column's decimals; flags as `0x1f`; or text.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum CellValue {
    /// A number.
    Number(f64),
    /// Flags or text.
    Text(String),
}

/// What is said of a cell.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Mark {
    /// Index of the column.
    column: usize,
    /// `doubtful`, `substituted`, `absent`.
    #[schema(schema_with = words::quality)]
    quality: &'static str,
    /// The meter's own word for it.
    code: Option<String>,
}

/// An abnormal situation of the interval.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Condition {
    /// The meter's own code.
    code: String,
    /// From the vocabulary; null when undocumented.
    category: Option<String>,
    /// `counted`, `stopped`, `constant-used`, `information`; null when undocumented.
    effect: Option<String>,
    /// Input of the device; 0 is the device as a whole.
    point: u8,
    /// Index of the one column that it belongs to.
    column: Option<usize>,
    duration_s: Option<u32>,
    /// What the driver's description says of the code.
    title: Option<Text>,
}

/// One page of an archive.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordsPage {
    /// The same on every page.
    columns: Vec<Column>,
    items: Vec<Record>,
    /// Gaps of the whole period, on the first page; at most 1000. Archives only.
    gaps: Vec<Gap>,
    /// Give it as `after` for the next page; null on the last.
    next: Option<String>,
}

/// Columns of an archive.
#[utoipa::path(get, path = "/devices/{id}/columns", operation_id = "list_columns", tag = "records", params(("id" = i64, Path), ColumnsQuery),
    responses((status = OK, body = Page<Column>)))]
pub(super) async fn columns(
    State(state): State<ApiState>,
    Path(id): Path<i64>,
    Query(query): Query<ColumnsQuery>,
) -> Result<Json<Page<Column>>, Problem> {
    let kind = archive(&query.archive)?;
    if !state.store.has_device(DeviceId(id)).await? {
        return Err(Problem::not_found(format!("there is no device {id}")));
    }
    let series = state.store.columns(DeviceId(id), kind).await?;
    Ok(Json(Page::whole(series.iter().map(column).collect())))
}

/// One page of an archive.
#[utoipa::path(get, path = "/devices/{id}/records", operation_id = "list_records", tag = "records", params(("id" = i64, Path), RecordsQuery),
    responses((status = OK, body = RecordsPage)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    Path(id): Path<i64>,
    Query(query): Query<RecordsQuery>,
) -> Result<Json<RecordsPage>, Problem> {
    let kind = archive(&query.archive)?;
    let after: Option<i64> = cursor(query.after.as_deref())?;
    let asked = limit(query.limit, 1_000, limits::PAGE_ROWS)?;
    let info = device::find(&state, id).await?;
    let series = state.store.columns(info.id, kind).await?;
    let width = u32::try_from(series.len().max(1)).unwrap_or(u32::MAX);
    let limit = asked.min((limits::PAGE_VALUES / width).max(1));
    let wanted = RecordQuery {
        device: info.id,
        kind,
        from: query.from.map_or(Timestamp::MIN, |from| from.0),
        to: query.to.map_or(Timestamp::MAX, |to| to.0),
        order: match query.order {
            None | Some(OrderWord::Asc) => Order::Ascending,
            Some(OrderWord::Desc) => Order::Descending,
        },
        after: after.and_then(|after| Timestamp::from_second(after).ok()),
        limit: limit + 1,
    };
    let rows = state.store.records(&wanted).await?;
    let gaps = if after.is_none() {
        gaps(&state, &info, &wanted).await?
    } else {
        Vec::new()
    };
    let shown = Shown::of(&state, &info, &series);
    let page = Page::of(
        rows,
        limit,
        |row| row.start.as_second().to_string(),
        |row| shown.record(row),
    );
    Ok(Json(RecordsPage {
        columns: series.iter().map(column).collect(),
        items: page.items,
        gaps,
        next: page.next,
    }))
}

/// Every version of the interval of a record, oldest first.
#[utoipa::path(get, path = "/records/{id}/versions", operation_id = "list_versions", tag = "records", params(("id" = i64, Path)),
    responses((status = OK, body = Page<Record>)))]
pub(super) async fn versions(
    State(state): State<ApiState>,
    Path(id): Path<i64>,
) -> Result<Json<Page<Record>>, Problem> {
    let rows = state.store.record_versions(id).await?;
    let (device, kind) = rows
        .first()
        .map(|row| (row.device, row.kind))
        .ok_or_else(|| Problem::not_found(format!("there is no record {id}")))?;
    let info = device::find(&state, device.0).await?;
    let series = state.store.columns(device, kind).await?;
    let shown = Shown::of(&state, &info, &series);
    Ok(Json(Page::whole(
        rows.into_iter().map(|row| shown.record(row)).collect(),
    )))
}

/// The kind of records that a word names.
pub(super) fn archive(word: &str) -> Result<RecordKind, Problem> {
    word.parse()
        .map_err(|error| Problem::bad_query(format!("archive: {error}")))
}

async fn gaps(state: &ApiState, info: &DeviceInfo, query: &RecordQuery) -> Result<Vec<Gap>, Problem> {
    let RecordKind::Archive(kind) = query.kind else {
        return Ok(Vec::new());
    };
    let now = Timestamp::now();
    let held = info.archives.iter().find(|archive| archive.kind == query.kind);
    let depth = Drivers::of(state.drivers.as_ref()).depth(&info.driver, info.model.as_deref(), &kind.to_string());
    let Some(horizon) = gap::horizon(kind, depth, held.map(|archive| archive.first_start), now) else {
        return Ok(Vec::new());
    };
    let span = Span {
        start: query.from.max(horizon),
        end: query.to.min(now),
    };
    if span.start >= span.end {
        return Ok(Vec::new());
    }
    let coverage = state.store.reader().await?.coverage(info.id, kind, span.start).await?;
    Ok(gap::gaps(kind, span, &coverage))
}

/// A series as a column.
pub(super) fn column(series: &SeriesRow) -> Column {
    let column = &series.column;
    Column {
        series: series.id,
        id: column.id.clone(),
        quantity: column.quantity.clone(),
        unit: column.unit.clone(),
        point: column.point,
        point_id: series.point,
        tariff: column.tariff,
        pipe: column.pipe.clone(),
        aggregate: column.aggregate.word(),
        decimals: column.decimals,
    }
}

/// The value of a cell.
pub(super) fn value(cell: &Cell) -> Option<CellValue> {
    let text = || cell.text.clone().map(CellValue::Text);
    cell.number.map(CellValue::Number).or_else(text)
}

/// How the records of one archive are shown.
struct Shown<'a> {
    info: &'a DeviceInfo,
    series: &'a [SeriesRow],
    places: HashMap<i64, usize>,
    drivers: Drivers,
}

impl<'a> Shown<'a> {
    fn of(state: &ApiState, info: &'a DeviceInfo, series: &'a [SeriesRow]) -> Self {
        Self {
            info,
            series,
            places: series
                .iter()
                .enumerate()
                .map(|(place, series)| (series.id, place))
                .collect(),
            drivers: Drivers::of(state.drivers.as_ref()),
        }
    }

    fn record(&self, row: RecordRow) -> Record {
        let cells: Vec<Option<&Cell>> = self.series.iter().map(|series| row.cells.get(&series.id)).collect();
        Record {
            record: row.id,
            start: Instant(row.start),
            end: Instant(row.end),
            length_s: row.length_s,
            version: row.version,
            versions: row.versions,
            session: row.session,
            received_at: Instant(row.received_at),
            values: cells.iter().map(|cell| cell.and_then(value)).collect(),
            marks: cells
                .iter()
                .enumerate()
                .filter_map(|(place, cell)| mark(place, (*cell)?))
                .collect(),
            conditions: row
                .conditions
                .iter()
                .map(|condition| self.condition(condition))
                .collect(),
            label: row.label,
        }
    }

    fn condition(&self, row: &crate::store::query::ConditionRow) -> Condition {
        let model = self.info.model.as_deref();
        Condition {
            code: row.code.clone(),
            category: row.category.clone(),
            effect: row.effect.clone(),
            point: row.input,
            column: row.series.and_then(|series| self.places.get(&series).copied()),
            duration_s: row.duration_s,
            title: self.drivers.condition(&self.info.driver, model, &row.code),
        }
    }
}

fn mark(column: usize, cell: &Cell) -> Option<Mark> {
    (cell.quality != Quality::Good).then(|| Mark {
        column,
        quality: cell.quality.word(),
        code: cell.code.clone(),
    })
}
