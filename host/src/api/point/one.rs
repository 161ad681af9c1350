//! One point: its place, its devices, what there is of its archives, its series.

use std::collections::BTreeMap;

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::archive::{PointDevice, device};
use crate::api::ApiState;
use crate::api::catalog::Drivers;
use crate::api::device::find;
use crate::api::dto::Instant;
use crate::api::extract::Path;
use crate::api::keep::Tagged;
use crate::api::problem::Problem;
use crate::api::series::{Point, Series, shown_point, shown_series};
use crate::model::Scope;
use crate::store::query::{SeriesQuery, Serving};

/// Series of one point at most: inputs, quantities and tariffs of the largest meters.
const SERIES_OF_POINT: u32 = 1_000;

/// A point with its series.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct PointWithSeries {
    #[serde(flatten)]
    point: Point,
    /// IANA name: the time of its site.
    time_zone: String,
    /// Those that have served it, in the order of time; rows are not counted here.
    devices: Vec<PointDevice>,
    archives: Vec<PointArchives>,
    series: Vec<Series>,
}

/// What there is of one archive of a point.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PointArchives {
    kind: String,
    /// Records in the ring of the device that serves it now, as its driver says.
    depth: Option<u32>,
    first_start: Instant,
    last_end: Instant,
}

/// One point with its series, of every device that served it.
#[utoipa::path(get, path = "/points/{id}", operation_id = "one_point", tag = "places", params(("id" = i64, Path)),
    responses((status = OK, body = PointWithSeries)))]
pub(in crate::api) async fn one(
    State(state): State<ApiState>,
    Path(id): Path<i64>,
) -> Result<Tagged<PointWithSeries>, Problem> {
    let found = state.store.point(id).await?;
    let point = found.ok_or_else(|| Problem::not_found(format!("there is no point {id}")))?;
    let wanted = SeriesQuery {
        point: Some(id),
        limit: SERIES_OF_POINT,
        ..SeriesQuery::default()
    };
    // Whoever sees a point sees what every device measured there, wherever that stands now.
    let series = state.store.series(Scope::EVERYTHING, &wanted).await?;
    let serving = state.store.serving(id).await?;
    let revision = point.revision;
    let shown = PointWithSeries {
        point: shown_point(point),
        time_zone: state.store.zone_of_point(id).await?.unwrap_or_else(|| "UTC".to_owned()),
        archives: archives(&state, &serving).await?,
        devices: serving.iter().map(|one| device(one, 0)).collect(),
        series: series.into_iter().map(shown_series).collect(),
    };
    Ok(Tagged::ok(revision, shown))
}

/// What each device has of its part of the time, put together.
async fn archives(state: &ApiState, serving: &[Serving]) -> Result<Vec<PointArchives>, Problem> {
    let drivers = Drivers::of(state.drivers.as_ref());
    let mut spans: BTreeMap<String, (Timestamp, Timestamp, Option<u32>)> = BTreeMap::new();
    for one in serving {
        let info = find(state, one.device.0).await?;
        for held in &info.archives {
            let Some((first, last)) = one.within(held.first_start, held.last_end.max(held.first_start)) else {
                continue;
            };
            let word = held.kind.to_string();
            let depth = drivers.depth(&info.driver, info.model.as_deref(), &word);
            let span = spans.entry(word).or_insert((first, last, depth));
            *span = (span.0.min(first), span.1.max(last), depth);
        }
    }
    Ok(spans
        .into_iter()
        .map(|(kind, (first, last, depth))| PointArchives {
            kind,
            depth,
            first_start: Instant(first),
            last_end: Instant(last),
        })
        .collect())
}
