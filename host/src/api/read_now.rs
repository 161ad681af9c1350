//! A read that a person or program asks for.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiState;
use super::dto::Instant;
use super::extract::{Body, Path};
use super::problem::Problem;
use super::signed_in::SignedIn;
use crate::collect::{self, HandleError};
use crate::model::{DeviceId, Span, Task};
use crate::store::Done;

/// What to read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadNow {
    /// `clock`, `current`, `totals`, `events`, `settings` or archives: `hourly`, `daily`, …; empty: what its schedule
    /// reads.
    #[serde(default)]
    what: Vec<String>,
    /// Start of the part of the archives to read; null: their gaps.
    from: Option<Instant>,
    /// End of it; null with `from`: until now.
    to: Option<Instant>,
}

/// A read that waits for its turn.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Job {
    /// Its number.
    job: u64,
}

/// Reads a device now.
#[utoipa::path(post, path = "/devices/{id}/read-now", tag = "devices", params(("id" = i64, Path)), request_body = ReadNow,
    responses((status = ACCEPTED, body = Job), (status = CONFLICT, description = "It is being read: `already-reading`")))]
pub(super) async fn read_now(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
    Body(body): Body<ReadNow>,
) -> Result<(StatusCode, Json<Job>), Problem> {
    let read = command(DeviceId(id), &body)?;
    let name = state.store.device_name(read.device).await?;
    let name = name.ok_or_else(|| Problem::not_found(format!("there is no device {id}")))?;
    let done = Done {
        deed: "device.read-now",
        subject: "device",
        id: id.to_string(),
        name,
        before: None,
        after: Some(serde_json::json!({ "what": body.what, "from": body.from, "to": body.to })),
    };
    let job = state
        .handle
        .read_now(read)
        .await
        .map_err(|error| refused(&state, error))?;
    state.store.note_order(&asks.actor(), done).await?;
    Ok((StatusCode::ACCEPTED, Json(Job { job })))
}

/// Why the collector did not take an order; names the session that is in the way.
pub(super) fn refused(state: &ApiState, error: HandleError) -> Problem {
    let HandleError::AlreadyReading(device) = error else {
        return error.into();
    };
    let running = state.handle.running();
    let session = running
        .iter()
        .find(|live| live.device.0 == device)
        .map(|live| live.session.0);
    Problem::already_reading(error.to_string(), session)
}

fn command(device: DeviceId, body: &ReadNow) -> Result<collect::ReadNow, Problem> {
    let what: Result<Vec<Task>, _> = body.what.iter().map(|word| word.parse()).collect();
    let what = what.map_err(|error| Problem::bad_body(format!("what: {error}")))?;
    let span = match (&body.from, &body.to) {
        (None, None) => None,
        (None, Some(_)) => return Err(Problem::bad_body("to without from")),
        (Some(from), to) => {
            let (start, end) = (from.0, to.map_or_else(Timestamp::now, |to| to.0));
            if start >= end {
                return Err(Problem::bad_body(format!(
                    "from is {start}, to is {end}: nothing lies between them"
                )));
            }
            Some(Span { start, end })
        }
    };
    Ok(collect::ReadNow { device, what, span })
}
