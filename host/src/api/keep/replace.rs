//! One meter in the place of another.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::device::{self, Device};
use super::super::dto::Instant;
use super::super::extract::{Body, Path};
use super::body::{DeviceBody, DevicePatch, Known};
use super::device::{find, refused};
use super::{ApiState, IfMatch, Problem, SignedIn, Tagged, doer, tell};
use crate::model::Right;
use crate::store::Replace;

/// A meter that takes the place of another.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplaceBody {
    /// When the old one went; null: now.
    at: Option<Instant>,
    /// What is said of the new one. What is left out is as of the old one, but for the serial number; with another driver or
    /// model also but for the configuration. With the old one's name, the old one is called `NAME (until 2026-11-21)`.
    #[schema(inline)]
    device: DevicePatch,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Replacement {
    /// The meter that came.
    device: Device,
    /// Key of the one that went, which is archived.
    replaced: i64,
    /// What that is called now.
    replaced_name: String,
}

/// Puts a meter in the place of another: the points go on with the new one, the records stay with the old one, which is
/// archived.
#[utoipa::path(post, path = "/devices/{id}/replace", operation_id = "replace_device", tag = "devices",
    params(("id" = i64, Path)), request_body = ReplaceBody, responses((status = CREATED, body = Replacement),
        (status = UNPROCESSABLE_ENTITY, description = "`invalid`: every fault with its field"),
        (status = CONFLICT, description = "Something else is in the way; the detail names it"),
        (status = PRECONDITION_FAILED, description = "`changed-meanwhile`")))]
pub(super) async fn replace(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
    expected: IfMatch,
    Body(body): Body<ReplaceBody>,
) -> Result<Tagged<Replacement>, Problem> {
    let old = find(&state, id).await?;
    let doer = doer(&state, &asks, Right::Administer);
    let mut start = DeviceBody {
        serial: None,
        enabled: None,
        ..DeviceBody::of(&state, &old)
    };
    let is_other = body.device.says("driver") || body.device.says("model");
    if is_other {
        (start.driver, start.model, start.config) = (None, None, None);
    }
    let mut said = body.device.of(&start)?;
    if body.device.says("place") && !body.device.says("node") {
        said.node = None;
    }
    let known = Known {
        config: (!is_other).then(|| old.device.config.clone()),
        keeps_secrets: false,
    };
    let replace = Replace {
        old: old.id,
        revision: Some(expected.or(old.revision)),
        at: body.at.map(|at| at.0),
        new: said.device(&state, doer.scope, known).await?,
    };
    let replaced = state.store.replace_device(&doer, replace).await.map_err(refused)?;
    tell(&state).await;
    let new = device::one(State(state), Path(replaced.new.0)).await?;
    let path = format!("/devices/{}", replaced.new);
    let shown = new.map(|device| Replacement {
        device,
        replaced: id,
        replaced_name: replaced.old_name,
    });
    Ok(shown.created(path))
}
