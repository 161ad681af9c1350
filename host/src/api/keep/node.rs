//! Nodes and points.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::dto::{Instant, Named, Page};
use super::super::extract::{Body, Path, Query, cursor, limit};
use super::super::point::one::{self, PointWithSeries};
use super::super::problem::FieldFault;
use super::{ApiState, IfMatch, Patch, Problem, SignedIn, Tagged, doer, kept};
use crate::model::Right;
use crate::store::{Form, Kept, KeptQuery, Kind};

/// What is said of a node.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeBody {
    /// Key of where it stands, for good.
    site: i64,
    /// Unique in the site.
    name: String,
}

/// What is other of it.
pub(super) type NodePatch = Patch<NodeBody>;

/// A metering installation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Node {
    id: i64,
    site: Named,
    name: String,
    /// Devices in use.
    devices: i64,
    /// Counts its changes; its `ETag`.
    revision: i64,
    /// Null: it is in use.
    archived_at: Option<Instant>,
}

/// What is said of a point.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PointBody {
    /// Key of the installation that it is of, for good.
    node: i64,
    /// Unique in the node.
    name: String,
    /// `heat`, `hot-water`, `cold-water`, `gas`, `steam` or `electricity`.
    resource: String,
    /// `commercial` or `technological`.
    purpose: String,
}

/// What is other of it.
pub(super) type PointPatch = Patch<PointBody>;

/// Which nodes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct NodesQuery {
    /// Only of this site.
    site: Option<i64>,
    /// Those that are archived instead of those in use.
    #[serde(default)]
    archived: bool,
    /// `next` of the page before.
    after: Option<String>,
    /// Rows of the page, 100 unless said otherwise, at most 1000.
    limit: Option<u32>,
}

/// Nodes.
#[utoipa::path(get, path = "/nodes", operation_id = "list_nodes", tag = "places", params(NodesQuery),
    responses((status = OK, body = Page<Node>)))]
pub(super) async fn nodes(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<NodesQuery>,
) -> Result<Json<Page<Node>>, Problem> {
    let limit = limit(query.limit, 100, 1000)?;
    let wanted = KeptQuery {
        scope: asks.scope(Right::See),
        parent: query.site,
        archived: query.archived,
        after: cursor(query.after.as_deref())?.unwrap_or(0),
        limit: limit + 1,
    };
    let rows = state.store.kept_list(Kind::Node, &wanted).await?;
    Ok(Json(Page::of(rows, limit, |row| row.id.to_string(), shown_node)))
}

/// One node.
#[utoipa::path(get, path = "/nodes/{id}", operation_id = "one_node", tag = "places", params(("id" = i64, Path)),
    responses((status = OK, body = Node)))]
pub(super) async fn node(
    State(state): State<ApiState>,
    _: SignedIn,
    Path(id): Path<i64>,
) -> Result<Tagged<Node>, Problem> {
    let kept = kept(&state, Kind::Node, id).await?;
    Ok(Tagged::ok(kept.revision, shown_node(kept)))
}

/// Makes a node.
#[utoipa::path(post, path = "/nodes", tag = "places", request_body = NodeBody,
    responses((status = CREATED, body = Node), (status = UNPROCESSABLE_ENTITY, description = "`invalid`"),
        (status = CONFLICT, description = "The name is taken")))]
pub(super) async fn create_node(
    State(state): State<ApiState>,
    asks: SignedIn,
    Body(body): Body<NodeBody>,
) -> Result<Tagged<Node>, Problem> {
    let form = Form::Node {
        site: body.site,
        name: body.name,
    };
    let id = state
        .store
        .create(&doer(&state, &asks, Right::Administer), form)
        .await?;
    let made = node(State(state), asks, Path(id)).await?;
    Ok(made.created(format!("/nodes/{id}")))
}

/// Changes a node.
#[utoipa::path(patch, path = "/nodes/{id}", tag = "places", params(("id" = i64, Path)), request_body = NodePatch,
    responses((status = OK, body = Node), (status = PRECONDITION_FAILED, description = "`changed-meanwhile`")))]
pub(super) async fn change_node(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
    expected: IfMatch,
    Body(patch): Body<NodePatch>,
) -> Result<Tagged<Node>, Problem> {
    let kept = kept(&state, Kind::Node, id).await?;
    let site = kept.parent.as_ref().map_or(0, |(site, _)| *site);
    let body = patch.of(&NodeBody {
        site,
        name: kept.form.name().to_owned(),
    })?;
    stays("site", site, body.site)?;
    let form = Form::Node { site, name: body.name };
    let doer = doer(&state, &asks, Right::Administer);
    state.store.change(&doer, id, expected.or(kept.revision), form).await?;
    node(State(state), asks, Path(id)).await
}

/// Makes a point.
#[utoipa::path(post, path = "/points", tag = "places", request_body = PointBody,
    responses((status = CREATED, body = PointWithSeries), (status = UNPROCESSABLE_ENTITY, description = "`invalid`"),
        (status = CONFLICT, description = "The name is taken")))]
pub(super) async fn create_point(
    State(state): State<ApiState>,
    asks: SignedIn,
    Body(body): Body<PointBody>,
) -> Result<Tagged<PointWithSeries>, Problem> {
    let doer = doer(&state, &asks, Right::Administer);
    let id = state.store.create(&doer, point_form(body)).await?;
    let made = one::one(State(state), Path(id)).await?;
    Ok(made.created(format!("/points/{id}")))
}

/// Changes a point.
#[utoipa::path(patch, path = "/points/{id}", tag = "places", params(("id" = i64, Path)), request_body = PointPatch,
    responses((status = OK, body = PointWithSeries), (status = PRECONDITION_FAILED, description = "`changed-meanwhile`")))]
pub(super) async fn change_point(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
    expected: IfMatch,
    Body(patch): Body<PointPatch>,
) -> Result<Tagged<PointWithSeries>, Problem> {
    let kept = kept(&state, Kind::Point, id).await?;
    let Form::Point {
        node,
        name,
        resource,
        purpose,
    } = kept.form
    else {
        return Err(Problem::not_found(format!("there is no point {id}")));
    };
    let is = PointBody {
        node,
        name,
        resource,
        purpose,
    };
    let body = patch.of(&is)?;
    stays("node", node, body.node)?;
    let doer = doer(&state, &asks, Right::Administer);
    state
        .store
        .change(&doer, id, expected.or(kept.revision), point_form(body))
        .await?;
    one::one(State(state), Path(id)).await
}

fn point_form(body: PointBody) -> Form {
    Form::Point {
        node: body.node,
        name: body.name,
        resource: body.resource,
        purpose: body.purpose,
    }
}

/// What belongs to one thing for good is not moved to another.
fn stays(field: &str, is: i64, said: i64) -> Result<(), Problem> {
    if is == said {
        return Ok(());
    }
    Err(Problem::invalid(vec![FieldFault {
        field: field.to_owned(),
        reason: format!("is {is} for good, not {said}: make another there"),
    }]))
}

fn shown_node(kept: Kept) -> Node {
    Node {
        id: kept.id,
        name: kept.form.name().to_owned(),
        site: Named::from(kept.parent.unwrap_or_default()),
        devices: kept.children,
        revision: kept.revision,
        archived_at: kept.archived_at.map(Instant),
    }
}
