//! The host's own figures of the last day.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::ApiState;
use crate::api::dto::Instant;
use crate::api::extract::Query;
use crate::api::problem::Problem;
use crate::api::signed_in::SignedIn;
use crate::model::{Figure, STEP_S};

/// Over which time.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FiguresQuery {
    /// The last so many hours, 24 unless said otherwise and at most.
    hours: Option<u32>,
}

/// Figures of the host, a value a minute. In memory only: they begin with the host.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Metrics {
    /// When the first step began; null: nobody looked yet.
    from: Option<Instant>,
    /// Length of a step.
    step_s: i64,
    series: Vec<MetricSeries>,
}

/// One figure.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MetricSeries {
    /// `sessions-running`, `sessions-waiting`, `sessions-ended`, `sessions-complete`, `records`, `exchanges`, `retries`,
    /// `line-bytes`, `driver-cpu-ms`, `cpu-ms`, `memory-bytes`, `database-bytes`, `log-bytes`, `disk-free-bytes`,
    /// `writes-waiting`, `store-paused`, `callers-connected`, `http-answers`, `http-failures`.
    name: &'static str,
    /// Whether a value is the sum over its step; otherwise it is of the moment.
    is_sum: bool,
    /// One a step; null: not known.
    values: Vec<Option<f64>>,
}

/// The host's own figures of the last day, for charts. `/metrics` has all there are.
#[utoipa::path(get, path = "/system/metrics", operation_id = "system_metrics", tag = "host", params(FiguresQuery),
    responses((status = OK, body = Metrics)))]
pub(super) async fn figures(
    State(state): State<ApiState>,
    _asks: SignedIn,
    Query(query): Query<FiguresQuery>,
) -> Result<Json<Metrics>, Problem> {
    let hours = query.hours.unwrap_or(24);
    if !(1..=24).contains(&hours) {
        return Err(Problem::bad_query(format!("hours is {hours}, expected 1 to 24")));
    }
    let minutes = usize::try_from(hours).unwrap_or(24).saturating_mul(60);
    let seen = state.facts.figures.last(minutes);
    let (from, points) = seen.map_or((None, Vec::new()), |(from, points)| (Some(Instant(from)), points));
    let series = Figure::ALL.iter().enumerate().map(|(place, figure)| MetricSeries {
        name: figure.word(),
        is_sum: figure.is_sum(),
        values: points.iter().map(|point| point.get(place).copied().flatten()).collect(),
    });
    Ok(Json(Metrics {
        from,
        step_s: STEP_S,
        series: series.collect(),
    }))
}
