//! A node with its state.

use axum::Json;
use axum::extract::State;

use crate::api::ApiState;
use crate::api::attention::{NodeRow, Rows};
use crate::api::extract::Path;
use crate::api::problem::Problem;
use crate::api::signed_in::SignedIn;
use crate::model::Right;

/// A node with its state, why it is in it, and what hangs on it.
#[utoipa::path(get, path = "/nodes/{id}/state", operation_id = "node_state", tag = "places", params(("id" = i64, Path)), responses((status = OK, body = NodeRow)))]
pub(in crate::api) async fn state(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
) -> Result<Json<NodeRow>, Problem> {
    let snapshot = state.overview.look(&state).await?;
    let mine = state.store.nodes_of(asks.scope(Right::See)).await?;
    let may = mine.is_none_or(|mine| mine.contains(&id));
    let index = snapshot.places.node(id).filter(|_| may);
    index
        .and_then(|index| Rows::of(&state, &snapshot).row(index))
        .map(Json)
        .ok_or_else(|| Problem::not_found(format!("there is no node {id}")))
}
