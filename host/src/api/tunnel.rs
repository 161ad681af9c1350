//! A transparent way to a device for a limited time.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiState;
use super::dto::Instant;
use super::extract::{Body, Path};
use super::problem::Problem;
use super::read_now::refused;
use crate::limits;
use crate::model::DeviceId;

/// What is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTunnel {
    /// How long, 1 to 480.
    minutes: u32,
}

/// A tunnel that waits for its line.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Tunnel {
    /// `host:port` to connect to. Bytes pass as soon as the line is free.
    address: String,
    /// When it closes by itself. Before, cancelling its session closes it.
    until: Instant,
}

/// Opens a TCP port behind which the device answers, as if it hung on it: for its maker's own program. Polling of its
/// line waits meanwhile. The session in the journal has reason `tunnel`, says who connected, and keeps every byte.
#[utoipa::path(post, path = "/devices/{id}/tunnel", tag = "devices", params(("id" = i64, Path)), request_body = NewTunnel,
    responses((status = ACCEPTED, body = Tunnel), (status = CONFLICT, description = "It is being read: `already-reading`")))]
pub(super) async fn open(
    State(state): State<ApiState>,
    Path(id): Path<i64>,
    Body(body): Body<NewTunnel>,
) -> Result<(StatusCode, Json<Tunnel>), Problem> {
    if !(1..=limits::TUNNEL_MINUTES).contains(&body.minutes) {
        let text = format!("minutes is {}, expected 1 to {}", body.minutes, limits::TUNNEL_MINUTES);
        return Err(Problem::bad_body(text));
    }
    if !state.store.has_device(DeviceId(id)).await? {
        return Err(Problem::not_found(format!("there is no device {id}")));
    }
    let address = state
        .handle
        .tunnel(DeviceId(id), body.minutes)
        .await
        .map_err(|error| refused(&state, error))?;
    let until = Timestamp::now().saturating_add(SignedDuration::from_mins(body.minutes.into()));
    let until = Instant(until.unwrap_or(Timestamp::MAX));
    let address = address.to_string();
    Ok((StatusCode::ACCEPTED, Json(Tunnel { address, until })))
}
