//! The journal as a table for other programs.

use axum::extract::State;
use axum::response::Response;

use super::ApiState;
use super::csv_stream::{self, Table};
use super::extract::Query;
use super::problem::Problem;
use super::session::ListQuery;
use super::signed_in::SignedIn;
use crate::export::plain;
use crate::limits;
use crate::model::{Cause, Outcome, Right, Scope};
use crate::store::query::{SessionBrief, SessionQuery};
use crate::store::{Store, StoreError};

const HEAD: [&str; 20] = [
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
    let query = query.wanted(limits::EXPORT_PAGE.min(rows))?;
    let export = Export {
        store: state.store.clone(),
        scope: asks.scope(Right::See),
        query: Some(query),
        rows,
        is_begun: false,
    };
    csv_stream::send(&state, export)
}

/// An export under way.
struct Export {
    store: Store,
    scope: Scope,
    /// Of the next page; none: there is nothing more.
    query: Option<SessionQuery>,
    /// How many rows may still come.
    rows: u32,
    is_begun: bool,
}

impl Table for Export {
    const FILE: &'static str = "sessions.csv";

    async fn part(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(query) = self.query.take() else {
            return Ok(None);
        };
        let page = self.store.sessions(self.scope, &query).await?;
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing to memory cannot fail.
        if !std::mem::replace(&mut self.is_begun, true) {
            let _ = writer.write_record(HEAD);
        }
        for row in &page.rows {
            let _ = writer.write_record(cells(row));
        }
        self.rows -= u32::try_from(page.rows.len()).unwrap_or(self.rows).min(self.rows);
        self.query = page.next.filter(|_| self.rows > 0).map(|next| SessionQuery {
            after: Some(next),
            limit: query.limit.min(self.rows),
            ..query
        });
        Ok(Some(writer.into_inner().unwrap_or_default()))
    }
}

fn cells(row: &SessionBrief) -> [String; HEAD.len()] {
    let plain = |text: &str| plain(text).into_owned();
    [
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
