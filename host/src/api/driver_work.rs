//! Which version of a driver reads whom, now.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::ApiState;
use super::dto::{Named, Page};
use super::extract::Path;
use super::park;
use super::problem::Problem;

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
pub(super) async fn work(State(state): State<ApiState>) -> Result<Json<Page<VersionWork>>, Problem> {
    let work = park::park(&state)?.work().await?;
    let mut items: Vec<VersionWork> = work
        .into_iter()
        .map(|(digest, work)| VersionWork {
            digest,
            devices: work.devices.len(),
            sessions_open: work.sessions_open,
        })
        .collect();
    items.sort_by(|a, b| a.digest.cmp(&b.digest));
    Ok(Json(Page::whole(items)))
}

/// Devices whose next session begins with a version, by name.
#[utoipa::path(get, path = "/drivers/versions/{digest}/devices", tag = "drivers", operation_id = "driver_devices",
    params(("digest" = String, Path)), responses((status = OK, body = Page<Named>)))]
pub(super) async fn devices(
    State(state): State<ApiState>,
    Path(digest): Path<String>,
) -> Result<Json<Page<Named>>, Problem> {
    let park = park::park(&state)?;
    let version = park.find(&digest).await?;
    let work = park.work().await?.remove(&version.digest).unwrap_or_default();
    let devices = work.devices.into_iter();
    Ok(Json(Page::whole(
        devices.map(|device| Named::new(device.id.0, device.name)).collect(),
    )))
}
