//! Points and series, as lists.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ApiState;
use super::dto::{Instant, Named, Page};
use super::extract::{Path, Query, cursor, limit};
use super::problem::Problem;
use super::record::{CellValue, Column, archive, column, value};
use super::signed_in::SignedIn;
use super::site::KeptPageQuery;
use super::words;
use crate::limits;
use crate::model::Right;
use crate::store::query::{PointRow, SeriesQuery, SeriesRow};

/// One commercial quantity set: a heat input, a hot-water loop, a cold-water pipe.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Point {
    id: i64,
    name: String,
    /// `heat`, `hot-water`, `cold-water`, `gas`, `steam`, `electricity`.
    resource: String,
    /// `commercial` or `technological`.
    purpose: String,
    node: Named,
    site: Named,
    /// The device that serves it now.
    device: Option<Named>,
    /// Counts its changes; its `ETag`.
    revision: i64,
    /// Null: it is in use.
    archived_at: Option<Instant>,
}

/// Point × quantity × pipe, with unit and decimals: one column of a device's archives.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Series {
    #[serde(flatten)]
    column: Column,
    /// Key of the device.
    device: i64,
    /// Archives that have it.
    archives: Vec<String>,
}

/// Which series.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Only of this point.
    point: Option<i64>,
    /// Only of this device.
    device: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
    /// Rows of the page, 100 unless said otherwise, at most 1000.
    limit: Option<u32>,
}

/// Which values.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ValuesQuery {
    /// `hourly`, `daily`, `ten-days`, `monthly`, `yearly`, `minutes-30`, `current` or `totals`.
    archive: String,
    /// Intervals that start from here on.
    from: Option<Instant>,
    /// Intervals that start before.
    to: Option<Instant>,
    /// `next` of the page before.
    after: Option<String>,
    /// Rows of the page, 1000 unless said otherwise, at most 10 000.
    limit: Option<u32>,
}

/// One value of a series.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SeriesValue {
    start: Instant,
    end: Instant,
    /// Null: the meter has none.
    value: Option<CellValue>,
    /// `good`, `doubtful`, `substituted`, `absent`.
    #[schema(schema_with = words::quality)]
    quality: &'static str,
    /// The meter's own word for the quality.
    code: Option<String>,
    /// Key of the record that it is of.
    record: i64,
}

/// Points.
#[utoipa::path(get, path = "/points", operation_id = "list_points", tag = "places", params(KeptPageQuery), responses((status = OK, body = Page<Point>)))]
pub(super) async fn points(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<KeptPageQuery>,
) -> Result<Json<Page<Point>>, Problem> {
    let limit = query.limit()?;
    let rows = state
        .store
        .points(asks.scope(Right::See), Some(query.archived), query.key()?, limit + 1)
        .await?;
    Ok(Json(Page::of(rows, limit, |row| row.id.to_string(), shown_point)))
}

/// Series.
#[utoipa::path(get, path = "/series", operation_id = "list_series", tag = "records", params(ListQuery), responses((status = OK, body = Page<Series>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Series>>, Problem> {
    let limit = limit(query.limit, 100, 1000)?;
    let wanted = SeriesQuery {
        point: query.point,
        device: query.device,
        series: None,
        after: cursor(query.after.as_deref())?.unwrap_or(0),
        limit: limit + 1,
    };
    let rows = state.store.series(asks.scope(Right::See), &wanted).await?;
    Ok(Json(Page::of(rows, limit, |row| row.id.to_string(), shown_series)))
}

/// Values of a series, oldest first.
#[utoipa::path(get, path = "/series/{id}/values", operation_id = "list_values", tag = "records", params(("id" = i64, Path), ValuesQuery),
    responses((status = OK, body = Page<SeriesValue>)))]
pub(super) async fn values(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
    Query(query): Query<ValuesQuery>,
) -> Result<Json<Page<SeriesValue>>, Problem> {
    let kind = archive(&query.archive)?;
    let after: Option<i64> = cursor(query.after.as_deref())?;
    let limit = limit(query.limit, 1_000, limits::PAGE_ROWS)?;
    let wanted = SeriesQuery {
        series: Some(id),
        limit: 1,
        ..SeriesQuery::default()
    };
    let found = state.store.series(asks.scope(Right::See), &wanted).await?.pop();
    let series = found.ok_or_else(|| Problem::not_found(format!("there is no series {id}")))?;
    let span = (
        query.from.map_or(Timestamp::MIN, |from| from.0),
        query.to.map_or(Timestamp::MAX, |to| to.0),
    );
    let after = after.and_then(|after| Timestamp::from_second(after).ok());
    let rows = state.store.series_values(&series, kind, span, after, limit + 1).await?;
    Ok(Json(Page::of(
        rows,
        limit,
        |row| row.start.as_second().to_string(),
        |row| SeriesValue {
            start: Instant(row.start),
            end: Instant(row.end),
            value: value(&row.cell),
            quality: row.cell.quality.word(),
            code: row.cell.code,
            record: row.record,
        },
    )))
}

/// A point as it is shown.
pub(super) fn shown_point(row: PointRow) -> Point {
    Point {
        id: row.id,
        name: row.name,
        resource: row.resource,
        purpose: row.purpose,
        node: row.node.into(),
        site: row.site.into(),
        device: row.device.map(Named::from),
        revision: row.revision,
        archived_at: row.archived_at.map(Instant),
    }
}

/// A series as it is shown.
pub(super) fn shown_series(row: SeriesRow) -> Series {
    Series {
        column: column(&row),
        device: row.device.0,
        archives: row.archives.iter().map(ToString::to_string).collect(),
    }
}
