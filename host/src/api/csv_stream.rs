//! Tables of any size as CSV: sent as they are read, and cut, so that the client sees it, when something fails midway.

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream;
use tracing::error;

use super::ApiState;
use super::problem::Problem;
use crate::limits;
use crate::store::StoreError;

/// A table under way. Between two parts it holds nothing of the store; who reads no more drops it.
pub(super) trait Table: Send + 'static {
    /// What it is called, with `.csv`.
    const FILE: &'static str;

    /// The next part of the text; none at the end.
    fn part(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send;
}

/// A list of the store that becomes a table page by page, newest first.
pub(super) trait List: Send + 'static {
    /// What the table is called, with `.csv`.
    const FILE: &'static str;
    /// Names of the columns.
    const HEAD: &'static [&'static str];
    type Row: Send;

    /// The rows after the one with this key, at most `limit`, and the key that the next page begins after; none: there is
    /// nothing more.
    fn page(
        &mut self,
        after: Option<i64>,
        limit: u32,
    ) -> impl Future<Output = Result<(Vec<Self::Row>, Option<i64>), StoreError>> + Send;

    /// One row, as many as there are columns.
    fn cells(row: &Self::Row) -> Vec<String>;
}

/// A list on its way into a table.
pub(super) struct Paged<L> {
    list: L,
    /// What the next page begins after, and how many rows may still come; none: nothing comes any more.
    next: Option<(Option<i64>, u32)>,
    is_begun: bool,
}

impl<L: List> Paged<L> {
    /// At most `rows` of the list, beginning after the row with this key.
    pub(super) fn new(list: L, after: Option<i64>, rows: u32) -> Self {
        Self {
            list,
            next: Some((after, rows)),
            is_begun: false,
        }
    }
}

impl<L: List> Table for Paged<L> {
    const FILE: &'static str = L::FILE;

    async fn part(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let Some((after, left)) = self.next.take() else {
            return Ok(None);
        };
        let (rows, next) = self.list.page(after, left.min(limits::EXPORT_PAGE)).await?;
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing to memory cannot fail.
        if !std::mem::replace(&mut self.is_begun, true) {
            let _ = writer.write_record(L::HEAD);
        }
        for row in &rows {
            let _ = writer.write_record(L::cells(row));
        }
        let left = left.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        self.next = next.filter(|_| left > 0).map(|after| (Some(after), left));
        Ok(Some(writer.into_inner().unwrap_or_default()))
    }
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
