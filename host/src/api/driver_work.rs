//! Which version of a driver reads whom, now.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ApiState;
use super::dto::{Named, Page};
use super::extract::{Path, Query, limit};
use super::park;
use super::problem::Problem;
use super::signed_in::SignedIn;
use crate::store::ReadDevice;

/// What one version does now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VersionWork {
    /// Of the component.
    digest: String,
    /// Devices whose next session begins with it.
    devices: usize,
    /// Sessions that run with it.
    sessions_open: u64,
}

/// What each version does that does anything now.
#[utoipa::path(get, path = "/drivers/work", tag = "drivers", operation_id = "driver_work",
    responses((status = OK, body = Page<VersionWork>)))]
pub(super) async fn work(State(state): State<ApiState>, asks: SignedIn) -> Result<Json<Page<VersionWork>>, Problem> {
    let work = park::park(&state)?.work().await?;
    let own = park::own_digests(&state, &asks).await?;
    let mut items: Vec<VersionWork> = work
        .into_iter()
        .filter(|(digest, _)| own.as_ref().is_none_or(|own| own.contains(digest)))
        .map(|(digest, work)| VersionWork {
            digest,
            devices: work.devices.len(),
            sessions_open: work.sessions_open,
        })
        .collect();
    items.sort_by(|a, b| a.digest.cmp(&b.digest));
    Ok(Json(Page::whole(items)))
}

/// Which devices.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DevicesQuery {
    /// From the page before.
    after: Option<String>,
    /// At most so many.
    limit: Option<u32>,
}

/// Devices whose next session begins with a version, by name.
#[utoipa::path(get, path = "/drivers/versions/{digest}/devices", tag = "drivers", operation_id = "driver_devices",
    params(("digest" = String, Path), DevicesQuery), responses((status = OK, body = Page<Named>)))]
pub(super) async fn devices(
    State(state): State<ApiState>,
    Path(digest): Path<String>,
    Query(query): Query<DevicesQuery>,
) -> Result<Json<Page<Named>>, Problem> {
    let most = limit(query.limit, 100, 1_000)?;
    let park = park::park(&state)?;
    let version = park.find(&digest).await?;
    let work = park.work().await?.remove(&version.digest).unwrap_or_default();
    // They come by their names, which are unique.
    let after = |device: &ReadDevice| query.after.as_ref().is_none_or(|after| device.name > *after);
    let rows = work.devices.into_iter().filter(after).collect();
    let show = |device: ReadDevice| Named::new(device.id.0, device.name);
    Ok(Json(Page::of(
        rows,
        most,
        |device: &ReadDevice| device.name.clone(),
        show,
    )))
}
