//! Steps that a person takes with a version.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::version::{Shadow, Version, shadow_of, version};
use super::{Why, deed, park};
use crate::api::ApiState;
use crate::api::extract::{Body, Path};
use crate::api::problem::Problem;
use crate::api::signed_in::SignedIn;
use crate::park::CanaryPlan;

/// Sessions of a shadow run when nothing is said.
const SHADOW_SESSIONS: u32 = 200;

/// Clean sessions after which a canary is promoted when nothing is said.
const PROMOTE_AFTER: u32 = 20;

/// Why a version is put to work.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Activate {
    /// It is written down.
    why: String,
    /// Whether it is put to work without a clean shadow.
    #[serde(default, rename = "override")]
    overridden: bool,
}

/// How a version is tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TryOut {
    /// It is written down.
    why: String,
    /// Devices that it reads; empty: a share.
    #[serde(default)]
    devices: Vec<i64>,
    /// Of a hundred devices, 1 to 100.
    #[serde(default)]
    share_percent: u8,
    /// Clean sessions after which all devices are read with it; 20 without it.
    promote_after: Option<u32>,
    /// Whether it is tried without a clean shadow.
    #[serde(default, rename = "override")]
    overridden: bool,
}

/// How a shadow is run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RunShadow {
    /// It is written down.
    why: String,
    /// Recorded sessions, the newest first; 200 without it.
    sessions: Option<u32>,
}

/// Holds recorded sessions again with a version and compares what it gives with what is stored.
#[utoipa::path(post, path = "/drivers/versions/{digest}/shadow", tag = "drivers", operation_id = "shadow_driver",
    params(("digest" = String, Path)), request_body = RunShadow, responses((status = OK, body = Shadow),
        (status = CONFLICT, description = "It is in a state that has no shadow: `conflict`")))]
pub(super) async fn shadow(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(digest): Path<String>,
    Body(body): Body<RunShadow>,
) -> Result<Json<Shadow>, Problem> {
    let sessions = body.sessions.unwrap_or(SHADOW_SESSIONS);
    let report = park(&state)?.shadow(&digest, sessions, deed(&asks, &body.why)).await?;
    Ok(Json(shadow_of(report)))
}

/// Reads some devices with a version; the host promotes it or takes it back by itself.
#[utoipa::path(post, path = "/drivers/versions/{digest}/canary", tag = "drivers", operation_id = "try_driver",
    params(("digest" = String, Path)), request_body = TryOut, responses((status = OK, body = Version),
        (status = CONFLICT, description = "It has not proven itself, or is in another state: `conflict`")))]
pub(super) async fn canary(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(digest): Path<String>,
    Body(body): Body<TryOut>,
) -> Result<Json<Version>, Problem> {
    if body.devices.is_empty() && !(1..=100).contains(&body.share_percent) {
        return Err(Problem::bad_body("devices is empty and share_percent is not 1 to 100"));
    }
    let plan = CanaryPlan {
        devices: body.devices,
        share_percent: body.share_percent,
        promote_after: body.promote_after.unwrap_or(PROMOTE_AFTER).max(1),
        since_session: 0,
    };
    let moved = park(&state)?
        .canary(&digest, plan, body.overridden, deed(&asks, &body.why))
        .await?;
    Ok(Json(version(moved)))
}

/// Reads all devices of the driver with a version, from their next sessions on.
#[utoipa::path(post, path = "/drivers/versions/{digest}/activate", tag = "drivers", operation_id = "activate_driver",
    params(("digest" = String, Path)), request_body = Activate, responses((status = OK, body = Version),
        (status = CONFLICT, description = "It has not proven itself, or is in another state: `conflict`")))]
pub(super) async fn activate(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(digest): Path<String>,
    Body(body): Body<Activate>,
) -> Result<Json<Version>, Problem> {
    let moved = park(&state)?
        .activate(&digest, body.overridden, deed(&asks, &body.why))
        .await?;
    Ok(Json(version(moved)))
}

/// Stops a version; when it read all devices, the one before takes its place again.
#[utoipa::path(post, path = "/drivers/versions/{digest}/quarantine", tag = "drivers", operation_id = "quarantine_driver",
    params(("digest" = String, Path)), request_body = Why, responses((status = OK, body = Version),
        (status = CONFLICT, description = "It is stopped already: `conflict`")))]
pub(super) async fn quarantine(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(digest): Path<String>,
    Body(body): Body<Why>,
) -> Result<Json<Version>, Problem> {
    let (stopped, _) = park(&state)?.quarantine(&digest, deed(&asks, &body.why)).await?;
    Ok(Json(version(stopped)))
}

/// Takes a version out that nothing runs with.
#[utoipa::path(post, path = "/drivers/versions/{digest}/retire", tag = "drivers", operation_id = "retire_driver",
    params(("digest" = String, Path)), request_body = Why, responses((status = OK, body = Version),
        (status = CONFLICT, description = "It is at work: `conflict`")))]
pub(super) async fn retire(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(digest): Path<String>,
    Body(body): Body<Why>,
) -> Result<Json<Version>, Problem> {
    let moved = park(&state)?.retire(&digest, deed(&asks, &body.why)).await?;
    Ok(Json(version(moved)))
}

/// Revokes a component: it is stopped where it works, and never taken in again.
#[utoipa::path(post, path = "/drivers/versions/{digest}/revoke", tag = "drivers", operation_id = "revoke_driver",
    params(("digest" = String, Path, description = "The whole digest; it need not be installed")), request_body = Why,
    responses((status = NO_CONTENT)))]
pub(super) async fn revoke(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(digest): Path<String>,
    Body(body): Body<Why>,
) -> Result<StatusCode, Problem> {
    if digest.len() != 64 || !digest.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Problem::bad_query(format!("{digest:?} is no SHA-256 in hex")));
    }
    park(&state)?.revoke_digest(&digest, deed(&asks, &body.why)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts the version back to work that read the driver's devices before.
#[utoipa::path(post, path = "/drivers/{id}/rollback", tag = "drivers", operation_id = "roll_driver_back",
    params(("id" = String, Path)), request_body = Why, responses((status = OK, body = Version),
        (status = CONFLICT, description = "There is none before: `conflict`")))]
pub(super) async fn roll_back(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<String>,
    Body(body): Body<Why>,
) -> Result<Json<Version>, Problem> {
    let before = park(&state)?.roll_back(&id, deed(&asks, &body.why)).await?;
    Ok(Json(version(before)))
}
