//! Devices.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ApiState;
use super::catalog::Drivers;
use super::dto::{Instant, Named, Page, Text, seconds};
use super::extract::{Path, Query, limit};
use super::keep::Tagged;
use super::problem::Problem;
use super::session::SessionBrief;
use super::signed_in::SignedIn;
use super::state::{self, DeviceState};
use super::words;
use crate::driver::masked;
use crate::model::{DeviceId, RecordKind, Right};
use crate::store::Route;
use crate::store::query::{DeviceInfo, DeviceQuery};

/// Which devices.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Part of the name, serial number, model, site or address, in any case of letters.
    q: Option<String>,
    /// Only of this site.
    site: Option<i64>,
    /// Those that are archived instead of those in use.
    #[serde(default)]
    archived: bool,
    /// `next` of the page before.
    after: Option<String>,
    /// Rows of the page, 100 unless said otherwise, at most 1000.
    limit: Option<u32>,
}

/// A calculator or meter.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Device {
    id: i64,
    /// Unique.
    name: String,
    serial: Option<String>,
    /// Id of a model in the driver's description.
    model: Option<String>,
    /// The model's official spelling.
    model_name: Option<String>,
    /// Whether it is polled.
    enabled: bool,
    site: DeviceSite,
    node: Named,
    /// What its inputs serve.
    points: Vec<DevicePoint>,
    driver: DeviceDriver,
    /// Ways to it, the first is tried first.
    routes: Vec<DeviceRoute>,
    /// For the driver; secrets are masked.
    #[schema(value_type = Object)]
    config: serde_json::Value,
    poll: Poll,
    /// Null when it is not polled or was never read: then as soon as there is room.
    next_poll_at: Option<Instant>,
    state: DeviceState,
    archives: Vec<ArchiveInfo>,
    /// Null when it was never read.
    clock: Option<Clock>,
    /// Running or ended.
    last_session: Option<SessionBrief>,
    /// End of the last session that ended complete.
    last_good_at: Option<Instant>,
    /// Counts its changes; its `ETag`.
    revision: i64,
    /// Null: it is in use.
    archived_at: Option<Instant>,
}

/// Where a device stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeviceSite {
    id: i64,
    name: String,
    /// IANA name.
    time_zone: String,
    address: Option<String>,
}

/// What an input of a device serves.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DevicePoint {
    id: i64,
    name: String,
    /// `heat`, `hot-water`, `cold-water`, `gas`, `steam`, `electricity`.
    resource: String,
    /// `commercial` or `technological`.
    purpose: String,
    /// Of the device; 0 is the device as a whole.
    input: u8,
}

/// The driver of a device.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeviceDriver {
    id: String,
    /// Active now; null when it is not loaded.
    version: Option<String>,
    title: Option<Text>,
}

/// A way to a device.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeviceRoute {
    /// From 0.
    position: u32,
    line: DeviceLine,
    /// `9600-8N2`; null: the driver's own.
    settings: Option<String>,
}

/// A line.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeviceLine {
    id: i64,
    name: String,
    /// `tcp` or `serial`.
    #[schema(schema_with = words::line_kind)]
    kind: &'static str,
    /// `host:port`, or the path of the port.
    address: String,
}

/// How a device is polled.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Poll {
    /// `every 60m: clock hourly; H 2 * * *: daily`: entries between semicolons, each a time (a period, or a crontab
    /// expression in the site's time, where `H` is a number of the device's own), what is read, and `within` its
    /// longest session.
    schedule: String,
    /// The group whose schedule it has unless it has one of its own.
    group: Option<String>,
    /// Whether its clock is set when it is off: `off`, or limits such as `beyond 30s within 10m every 1d`.
    clock_policy: String,
    /// The period, when the schedule is nothing else.
    every_minutes: Option<u32>,
    /// What is read at some time.
    kinds: Vec<String>,
}

/// What the store has of one archive.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ArchiveInfo {
    /// `hourly`, `daily`, `ten-days`, `monthly`, `yearly`, `minutes-30`.
    kind: String,
    /// Records in the device's ring; null when the model is not known.
    depth: Option<u32>,
    first_start: Option<Instant>,
    last_end: Option<Instant>,
    records: i64,
    /// Abnormal situations in its last 24 hours, without those that are only information.
    conditions_24h: i64,
}

/// A device's clock.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Clock {
    /// Device minus true time.
    offset_s: f64,
    /// Give or take.
    uncertainty_s: f64,
    measured_at: Instant,
}

/// Devices in the order of their names.
#[utoipa::path(get, path = "/devices", operation_id = "list_devices", tag = "devices", params(ListQuery), responses((status = OK, body = Page<Device>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Device>>, Problem> {
    let limit = limit(query.limit, 100, 1000)?;
    let wanted = DeviceQuery {
        text: query.q,
        site: query.site,
        archived: query.archived,
        after: query.after,
        limit: limit + 1,
    };
    let rows = state.store.devices(asks.scope(Right::See), &wanted).await?;
    let (drivers, now) = (Drivers::of(state.drivers.as_ref()), Timestamp::now());
    let page = Page::of(
        rows,
        limit,
        |row| row.name.clone(),
        |row| {
            let next = state.handle.next_at(row.id);
            device(row, &drivers, next, now)
        },
    );
    Ok(Json(page))
}

/// One device.
#[utoipa::path(get, path = "/devices/{id}", operation_id = "one_device", tag = "devices", params(("id" = i64, Path)), responses((status = OK, body = Device)))]
pub(super) async fn one(State(state): State<ApiState>, Path(id): Path<i64>) -> Result<Tagged<Device>, Problem> {
    let info = find(&state, id).await?;
    let next = state.handle.next_at(DeviceId(id));
    let drivers = Drivers::of(state.drivers.as_ref());
    Ok(Tagged::ok(
        info.revision,
        device(info, &drivers, next, Timestamp::now()),
    ))
}

/// The device of a path.
pub(super) async fn find(state: &ApiState, id: i64) -> Result<DeviceInfo, Problem> {
    let found = state.store.device(DeviceId(id)).await?;
    found.ok_or_else(|| Problem::not_found(format!("there is no device {id}")))
}

fn device(info: DeviceInfo, drivers: &Drivers, next_poll_at: Option<Timestamp>, now: Timestamp) -> Device {
    let describe = drivers.describe(&info.driver);
    let model = drivers.model(&info.driver, info.model.as_deref());
    Device {
        id: info.id.0,
        state: state::state(&info, now),
        next_poll_at: next_poll_at.map(Instant),
        archives: archives(&info, drivers),
        model_name: model.and_then(|model| model.names.first().cloned()),
        config: masked(describe, &info.config),
        driver: DeviceDriver {
            version: describe.map(|describe| describe.version.clone()),
            title: describe.map(|describe| Text::from(&describe.title)),
            id: info.driver,
        },
        name: info.name,
        serial: info.serial,
        model: info.model,
        enabled: info.enabled,
        site: DeviceSite {
            id: info.site.0,
            name: info.site.1,
            time_zone: info.time_zone,
            address: info.address,
        },
        node: info.node.into(),
        points: info.points.into_iter().map(point).collect(),
        routes: info.routes.into_iter().map(route).collect(),
        poll: Poll {
            schedule: info.schedule.to_string(),
            every_minutes: info.schedule.every_minutes(),
            kinds: info.schedule.tasks().iter().map(ToString::to_string).collect(),
            clock_policy: info.clock_policy.to_string(),
            group: info.group,
        },
        clock: info.clock.map(|clock| Clock {
            offset_s: seconds(clock.offset_ms),
            uncertainty_s: seconds(clock.uncertainty_ms),
            measured_at: Instant(clock.at),
        }),
        last_session: info.last_session.map(SessionBrief::from),
        last_good_at: info.last_good_at.map(Instant),
        revision: info.revision,
        archived_at: info.archived_at.map(Instant),
    }
}

fn archives(info: &DeviceInfo, drivers: &Drivers) -> Vec<ArchiveInfo> {
    let held = info
        .archives
        .iter()
        .filter(|held| matches!(held.kind, RecordKind::Archive(_)));
    held.map(|held| {
        let kind = held.kind.to_string();
        ArchiveInfo {
            depth: drivers.depth(&info.driver, info.model.as_deref(), &kind),
            kind,
            first_start: Some(Instant(held.first_start)),
            last_end: Some(Instant(held.last_end)),
            records: held.records,
            conditions_24h: held.conditions_24h,
        }
    })
    .collect()
}

fn point(point: crate::store::query::DevicePoint) -> DevicePoint {
    DevicePoint {
        id: point.id,
        name: point.name,
        resource: point.resource,
        purpose: point.purpose,
        input: point.input,
    }
}

fn route(route: Route) -> DeviceRoute {
    DeviceRoute {
        position: route.position,
        line: DeviceLine {
            id: route.line.0,
            name: route.line_name.as_ref().to_owned(),
            kind: route.address.kind(),
            address: route.address.address().to_owned(),
        },
        settings: route.settings.map(|settings| settings.to_string()),
    }
}
