//! A recorded session, held again.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::ApiState;
use super::extract::{Body, Path};
use super::park::{ShadowValue, park, value};
use super::problem::Problem;
use super::session::SessionDriver;
use super::signed_in::SignedIn;
use crate::model::SessionId;
use crate::park::Replayed;
use crate::store::Done;

/// With what it is held again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Replay {
    /// The version whose digest begins so; null: the one that the driver of the session works with now.
    version: Option<String>,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReplayResult {
    /// The version that held it.
    driver: SessionDriver,
    /// It asked the same and gave the same, to the last digit.
    same: bool,
    /// Records that it gave.
    records: u64,
    /// Where it asked otherwise than was asked then: what would have come is not known.
    requests: Vec<String>,
    /// How what it gave differs from what the session had stored; at most 200.
    differences: Vec<String>,
    /// Values that came otherwise than they are stored; at most 200.
    values: Vec<ShadowValue>,
}

/// Holds a recorded session again with a version of its driver: the same bytes, without a line. Nothing is stored.
#[utoipa::path(post, path = "/sessions/{id}/replay", tag = "sessions", operation_id = "replay_session", params(("id" = i64, Path)),
    request_body = Replay, responses((status = OK, body = ReplayResult),
        (status = SERVICE_UNAVAILABLE, description = "Another session is being held again: `busy`"),
        (status = UNPROCESSABLE_ENTITY, description = "It left no trace, or does not say what it was asked: `refused`")))]
pub(super) async fn replay(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
    Body(body): Body<Replay>,
) -> Result<Json<ReplayResult>, Problem> {
    let session = state.store.session(SessionId(id)).await?;
    let session = session.ok_or_else(|| Problem::not_found(format!("there is no session {id}")))?;
    let replayed = park(&state)?.replay(SessionId(id), body.version.as_deref()).await?;
    let replayed = replayed.ok_or_else(|| Problem::busy("another session is being held again"))?;
    let done = Done {
        deed: "session.replay",
        subject: "session",
        id: id.to_string(),
        name: session.brief.device.1,
        before: None,
        after: Some(json!({ "driver": replayed.driver, "version": replayed.version, "same": replayed.is_same() })),
    };
    state.store.note_done(&asks.actor(), done).await?;
    Ok(Json(shown(replayed)))
}

fn shown(replayed: Replayed) -> ReplayResult {
    ReplayResult {
        same: replayed.is_same(),
        driver: SessionDriver {
            id: replayed.driver,
            version: replayed.version,
            digest: replayed.digest,
        },
        records: replayed.records,
        requests: replayed.requests,
        differences: replayed.differences,
        values: replayed.values.into_iter().map(value).collect(),
    }
}
