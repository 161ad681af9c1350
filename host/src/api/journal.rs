//! The journal as a table for other programs.

use axum::extract::State;
use axum::response::Response;

use super::ApiState;
use super::csv_stream::{self, List, Paged};
use super::extract::Query;
use super::problem::Problem;
use super::session::ListQuery;
use super::signed_in::SignedIn;
use crate::export::plain;
use crate::limits;
use crate::model::{Cause, Outcome, Right, Scope};
use crate::store::query::{SessionBrief, SessionQuery};
use crate::store::{Store, StoreError};

/// The journal as CSV, newest session first; the filters are those of the list. An export ends after 1000000 rows: the
/// next begins with `after` at the `id` of its last row.
#[utoipa::path(get, path = "/sessions.csv", operation_id = "export_sessions", tag = "sessions", params(ListQuery),
    responses((status = OK, body = String, content_type = "text/csv"),
        (status = SERVICE_UNAVAILABLE, description = "Too many exports are under way: `busy`")))]
pub(super) async fn export(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let rows = match query.limit() {
        Some(0) => return Err(Problem::bad_query("limit is 0, expected 1 to 1000000")),
        limit => limit.unwrap_or(limits::EXPORT_ROWS).min(limits::EXPORT_ROWS),
    };
    let query = query.wanted(0)?;
    let after = query.after;
    let sessions = Sessions {
        store: state.store.clone(),
        scope: asks.scope(Right::See),
        query,
    };
    csv_stream::send(&state, Paged::new(sessions, after, rows))
}

/// What an export is of.
struct Sessions {
    store: Store,
    scope: Scope,
    /// Its place and limit are those of the page asked for last.
    query: SessionQuery,
}

impl List for Sessions {
    const FILE: &'static str = "sessions.csv";
    const HEAD: &'static [&'static str] = &[
        "id",
        "started_at",
        "ended_at",
        "device_id",
        "device",
        "line_id",
        "line",
        "driver",
        "driver_version",
        "driver_digest",
        "reason",
        "outcome",
        "cause",
        "detail",
        "exchanges",
        "retries",
        "bytes_sent",
        "bytes_received",
        "records_added",
        "values_added",
    ];
    type Row = SessionBrief;

    async fn page(&mut self, after: Option<i64>, limit: u32) -> Result<(Vec<SessionBrief>, Option<i64>), StoreError> {
        (self.query.after, self.query.limit) = (after, limit);
        let page = self.store.sessions(self.scope, &self.query).await?;
        Ok((page.rows, page.next))
    }

    fn cells(row: &SessionBrief) -> Vec<String> {
        let plain = |text: &str| plain(text).into_owned();
        vec![
            row.id.to_string(),
            row.started_at.to_string(),
            row.ended_at.map(|at| at.to_string()).unwrap_or_default(),
            row.device.0.to_string(),
            plain(&row.device.1),
            row.line.0.to_string(),
            plain(&row.line.1),
            plain(&row.driver),
            plain(&row.driver_version),
            row.driver_digest.clone(),
            row.reason.clone(),
            row.outcome.map(Outcome::word).unwrap_or_default().to_owned(),
            row.outcome
                .and_then(Outcome::cause)
                .map(Cause::word)
                .unwrap_or_default()
                .to_owned(),
            plain(row.detail.as_deref().unwrap_or_default()),
            row.exchanges.to_string(),
            row.retries.to_string(),
            row.bytes_sent.to_string(),
            row.bytes_received.to_string(),
            row.records_added.to_string(),
            row.values_added.to_string(),
        ]
    }
}
