//! What a version of a driver logged.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ApiState;
use super::dto::{Instant, Named, Page};
use super::extract::{Path, Query, cursor, limit};
use super::park;
use super::problem::Problem;
use super::signed_in::SignedIn;
use crate::model::Right;
use crate::store::DriverLine;

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LogQuery {
    /// From the page before.
    after: Option<String>,
    /// About so many: lines of a session are not torn apart.
    limit: Option<u32>,
}

/// A line that a driver logged.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LogLine {
    at: Instant,
    /// `debug`, `info`, `warn` or `error`.
    level: String,
    /// Its name is empty for vendors.
    device: Named,
    /// In which session.
    session: i64,
    /// What; characters that steer a terminal or turn the direction of writing are replaced.
    text: String,
}

/// What a version logged, the newest first. A page may be empty and yet have a next one: it looks at so many sessions.
/// Lines go with the traces of their sessions.
#[utoipa::path(get, path = "/drivers/versions/{digest}/log", tag = "drivers", operation_id = "driver_log",
    params(("digest" = String, Path), LogQuery), responses((status = OK, body = Page<LogLine>)))]
pub(super) async fn log(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(digest): Path<String>,
    Query(query): Query<LogQuery>,
) -> Result<Json<Page<LogLine>>, Problem> {
    let most = limit(query.limit, 100, 1_000)?;
    let before: Option<i64> = cursor(query.after.as_deref())?;
    let version = park::park(&state)?.find(&digest).await?;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let found = state.store.driver_lines(&version.digest, before, most).await?;
    // A vendor sees what his driver says and nothing of the places where it does.
    let sees_places = asks.has_everywhere(Right::See);
    let line = |line: DriverLine| LogLine {
        at: Instant(line.at),
        level: line.level,
        device: if sees_places {
            line.device.into()
        } else {
            Named::new(line.device.0, "")
        },
        session: line.session,
        text: line.text,
    };
    Ok(Json(Page {
        items: found.lines.into_iter().map(line).collect(),
        next: found.next.map(|session| session.to_string()),
    }))
}
