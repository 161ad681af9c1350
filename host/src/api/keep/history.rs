//! What was the way to a device when, and which device served a point.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::dto::{Instant, Named, Page};
use super::super::extract::Path;
use super::device::find;
use super::{ApiState, Problem, SignedIn, kept};
use crate::model::Right;
use crate::store::{self, Kind};

/// What happened with a device.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeviceHistory {
    /// Newest first.
    routes: Vec<RouteSpan>,
    /// Newest first.
    points: Vec<PointSpan>,
    /// What it took the place of.
    replaced: Option<ReplacedDevice>,
    /// What took its place.
    replaced_by: Option<ReplacedDevice>,
}

/// A way to a device, and when it was one.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RouteSpan {
    /// Null: since before this was kept.
    from: Option<Instant>,
    /// Null: it is one.
    to: Option<Instant>,
    /// From 0.
    position: u32,
    line: Named,
    /// Of the line, as it is now: `tcp:10.0.0.7:4001`.
    address: String,
    /// Instead of the line's own.
    settings: Option<String>,
}

/// What an input served, and when.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PointSpan {
    /// Null: ever since.
    from: Option<Instant>,
    /// Null: it does.
    to: Option<Instant>,
    /// Of the device.
    input: u8,
    point: Named,
}

/// A device in whose place another is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReplacedDevice {
    device: Named,
    /// When it changed.
    at: Instant,
}

/// A device that serves or served a point.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ServingDevice)]
pub(super) struct PointDevice {
    device: Named,
    serial: Option<String>,
    /// Id of a model in the driver's description.
    model: Option<String>,
    /// Id of its driver.
    driver: String,
    /// Of the device.
    input: u8,
    /// Null: ever since.
    from: Option<Instant>,
    /// Null: it does.
    to: Option<Instant>,
    /// Null: the device is in use.
    archived_at: Option<Instant>,
}

/// Routes and points of a device, with their times; what it replaced and what replaced it.
#[utoipa::path(get, path = "/devices/{id}/history", operation_id = "device_history", tag = "devices",
    params(("id" = i64, Path)), responses((status = OK, body = DeviceHistory)))]
pub(super) async fn of_device(
    State(state): State<ApiState>,
    _: SignedIn,
    Path(id): Path<i64>,
) -> Result<Json<DeviceHistory>, Problem> {
    let kept = find(&state, id).await?;
    let history = state.store.device_history(kept.id).await?;
    let replaced = |replacement: store::Replacement| ReplacedDevice {
        device: replacement.device.into(),
        at: Instant(replacement.at),
    };
    Ok(Json(DeviceHistory {
        routes: history
            .routes
            .into_iter()
            .map(|span| RouteSpan {
                from: span.from.map(Instant),
                to: span.to.map(Instant),
                position: span.position,
                line: span.line.into(),
                address: span.address,
                settings: span.settings,
            })
            .collect(),
        points: history
            .points
            .into_iter()
            .map(|span| PointSpan {
                from: span.from.map(Instant),
                to: span.to.map(Instant),
                input: span.input,
                point: span.point.into(),
            })
            .collect(),
        replaced: history.replaced.map(replaced),
        replaced_by: history.replaced_by.map(replaced),
    }))
}

/// The devices that serve or served a point, newest first.
#[utoipa::path(get, path = "/points/{id}/devices", operation_id = "point_devices", tag = "places",
    params(("id" = i64, Path)), responses((status = OK, body = Page<PointDevice>)))]
pub(super) async fn of_point(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
) -> Result<Json<Page<PointDevice>>, Problem> {
    kept(&state, Kind::Point, id).await?;
    let devices = state.store.point_devices(asks.scope(Right::See), id).await?;
    let shown = devices.into_iter().map(|device| PointDevice {
        device: device.device.into(),
        serial: device.serial,
        model: device.model,
        driver: device.driver,
        input: device.input,
        from: device.from.map(Instant),
        to: device.to.map(Instant),
        archived_at: device.archived_at.map(Instant),
    });
    Ok(Json(Page::whole(shown.collect())))
}
