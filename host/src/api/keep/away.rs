//! Out of use, and back: alike for everything that is kept.

use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::extract::Path;
use super::{ApiState, IfMatch, Problem, SignedIn, doer, tell};
use crate::model::Right;
use crate::store::Kind;

/// Two routes of one kind of object.
macro_rules! away {
    ($kind:expr, $tag:literal, $archive:ident, $archive_path:literal, $restore:ident, $restore_path:literal) => {
        /// Takes it out of use and out of the lists; nothing is deleted.
        #[utoipa::path(post, path = $archive_path, tag = $tag, params(("id" = i64, Path)),
                    responses((status = NO_CONTENT, description = "It is archived"),
                        (status = CONFLICT, description = "Something in use hangs on it; the detail names that"),
                        (status = PRECONDITION_FAILED, description = "`changed-meanwhile`")))]
        async fn $archive(
            State(state): State<ApiState>,
            asks: SignedIn,
            Path(id): Path<i64>,
            expected: IfMatch,
        ) -> Result<StatusCode, Problem> {
            let doer = doer(&state, &asks, Right::Administer);
            state.store.archive(&doer, $kind, id, expected.0).await?;
            tell(&state).await;
            Ok(StatusCode::NO_CONTENT)
        }

        /// Takes it into use again.
        #[utoipa::path(post, path = $restore_path, tag = $tag, params(("id" = i64, Path)),
                    responses((status = NO_CONTENT, description = "It is in use"),
                        (status = CONFLICT, description = "What it hangs on is archived; the detail names that"),
                        (status = PRECONDITION_FAILED, description = "`changed-meanwhile`")))]
        async fn $restore(
            State(state): State<ApiState>,
            asks: SignedIn,
            Path(id): Path<i64>,
            expected: IfMatch,
        ) -> Result<StatusCode, Problem> {
            let doer = doer(&state, &asks, Right::Administer);
            state.store.restore(&doer, $kind, id, expected.0).await?;
            tell(&state).await;
            Ok(StatusCode::NO_CONTENT)
        }
    };
}

away!(
    Kind::Organisation,
    "places",
    archive_organisation,
    "/organisations/{id}/archive",
    restore_organisation,
    "/organisations/{id}/restore"
);
away!(
    Kind::Site,
    "places",
    archive_site,
    "/sites/{id}/archive",
    restore_site,
    "/sites/{id}/restore"
);
away!(
    Kind::Node,
    "places",
    archive_node,
    "/nodes/{id}/archive",
    restore_node,
    "/nodes/{id}/restore"
);
away!(
    Kind::Point,
    "places",
    archive_point,
    "/points/{id}/archive",
    restore_point,
    "/points/{id}/restore"
);
away!(
    Kind::Line,
    "lines",
    archive_line,
    "/lines/{id}/archive",
    restore_line,
    "/lines/{id}/restore"
);
away!(
    Kind::Group,
    "groups",
    archive_group,
    "/groups/{id}/archive",
    restore_group,
    "/groups/{id}/restore"
);
away!(
    Kind::Device,
    "devices",
    archive_device,
    "/devices/{id}/archive",
    restore_device,
    "/devices/{id}/restore"
);

/// All of them.
pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(archive_organisation))
        .routes(routes!(restore_organisation))
        .routes(routes!(archive_site))
        .routes(routes!(restore_site))
        .routes(routes!(archive_node))
        .routes(routes!(restore_node))
        .routes(routes!(archive_point))
        .routes(routes!(restore_point))
        .routes(routes!(archive_line))
        .routes(routes!(restore_line))
        .routes(routes!(archive_group))
        .routes(routes!(restore_group))
        .routes(routes!(archive_device))
        .routes(routes!(restore_device))
}
