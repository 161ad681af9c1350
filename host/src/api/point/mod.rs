//! A point: which devices serve it, its archive in one answer, its totals beside the sums, and its files.

mod archive;
mod file;
mod gather;
mod join;
pub(super) mod one;
mod totals;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ApiState;

/// Everything under `/points/{id}`.
pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(one::one))
        .routes(routes!(archive::archive))
        .routes(routes!(totals::totals))
        .routes(routes!(file::csv))
        .routes(routes!(file::xlsx))
}
