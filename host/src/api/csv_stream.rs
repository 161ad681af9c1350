//! Tables of any size as CSV: sent as they are read, and cut, so that the client sees it, when something fails midway.

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream;
use tracing::error;

use super::ApiState;
use super::problem::Problem;
use crate::store::StoreError;

/// A table under way. Between two parts it holds nothing of the store; who reads no more drops it.
pub(super) trait Table: Send + 'static {
    /// What it is called, with `.csv`.
    const FILE: &'static str;

    /// The next part of the text; none at the end.
    fn part(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send;
}

/// Answers with a table.
///
/// # Errors
/// `busy`: as many as may be sent at once are under way.
pub(super) fn send<T: Table>(state: &ApiState, table: T) -> Result<Response, Problem> {
    let permit = state.exports.clone().try_acquire_owned();
    let permit = permit.map_err(|_| Problem::busy("too many exports are under way"))?;
    let parts = stream::try_unfold((table, permit), |(mut table, permit)| async {
        let part = table.part().await;
        part.map(|part| part.map(|part| (part, (table, permit))))
            .inspect_err(|error| error!(%error, "the table {} was cut", T::FILE))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", T::FILE),
        ),
    ];
    Ok((headers, Body::from_stream(parts)).into_response())
}
