//! Devices: made, changed.

use axum::extract::State;

use super::super::device::{self, Device};
use super::super::extract::{Body, Path};
use super::body::{DeviceBody, DevicePatch, Known, field};
use super::{ApiState, IfMatch, Problem, SignedIn, Tagged, doer, tell};
use crate::model::{DeviceId, Right};
use crate::store::{KeptDevice, StoreError};

/// Makes a device.
#[utoipa::path(post, path = "/devices", operation_id = "create_device", tag = "devices", request_body = DeviceBody,
    responses((status = CREATED, body = Device),
        (status = UNPROCESSABLE_ENTITY, description = "`invalid`: every fault with its field"),
        (status = CONFLICT, description = "Something else is in the way; the detail names it")))]
pub(super) async fn create(
    State(state): State<ApiState>,
    asks: SignedIn,
    Body(body): Body<DeviceBody>,
) -> Result<Tagged<Device>, Problem> {
    let doer = doer(&state, &asks, Right::Administer);
    let new = body.device(&state, doer.scope, Known::default()).await?;
    let id = state.store.create_device(&doer, new).await.map_err(refused)?;
    tell(&state).await;
    let made = device::one(State(state), Path(id.0)).await?;
    Ok(made.created(format!("/devices/{id}")))
}

/// What is said of a device, as `PATCH` takes it; secrets are masked.
#[utoipa::path(get, path = "/devices/{id}/form", operation_id = "device_form", tag = "devices", params(("id" = i64, Path)),
    responses((status = OK, body = DeviceBody)))]
pub(super) async fn form(
    State(state): State<ApiState>,
    _: SignedIn,
    Path(id): Path<i64>,
) -> Result<Tagged<DeviceBody>, Problem> {
    let kept = find(&state, id).await?;
    Ok(Tagged::ok(kept.revision, DeviceBody::of(&state, &kept)))
}

/// Changes a device. What is left out stays, of the configuration also secrets that are left out or masked.
#[utoipa::path(patch, path = "/devices/{id}", operation_id = "change_device", tag = "devices", params(("id" = i64, Path)),
    request_body = DevicePatch, responses((status = OK, body = Device),
        (status = UNPROCESSABLE_ENTITY, description = "`invalid`: every fault with its field"),
        (status = CONFLICT, description = "Something else is in the way; the detail names it"),
        (status = PRECONDITION_FAILED, description = "`changed-meanwhile`")))]
pub(super) async fn change(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
    expected: IfMatch,
    Body(patch): Body<DevicePatch>,
) -> Result<Tagged<Device>, Problem> {
    let kept = find(&state, id).await?;
    let doer = doer(&state, &asks, Right::Administer);
    let mut body = patch.of(&DeviceBody::of(&state, &kept))?;
    if patch.says("place") && !patch.says("node") {
        body.node = None;
    }
    let known = Known {
        config: Some(kept.device.config.clone()),
        keeps_secrets: true,
    };
    let new = body.device(&state, doer.scope, known).await?;
    let revision = expected.or(kept.revision);
    let changed = state.store.change_device(&doer, kept.id, revision, new).await;
    changed.map_err(refused)?;
    tell(&state).await;
    device::one(State(state), Path(id)).await
}

/// The device of a path, as it is kept.
pub(super) async fn find(state: &ApiState, id: i64) -> Result<KeptDevice, Problem> {
    let kept = state.store.kept_device(DeviceId(id)).await?;
    kept.ok_or_else(|| Problem::not_found(format!("there is no device {id}")))
}

/// Why the store did not take a device, by the fields of its body.
pub(super) fn refused(error: StoreError) -> Problem {
    Problem::from(error).with_fields(field)
}
