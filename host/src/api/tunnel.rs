//! A transparent way to a device for a limited time.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::ApiState;
use super::dto::{Instant, Named, Page};
use super::extract::{Body, Path};
use super::problem::Problem;
use super::read_now::refused;
use super::signed_in::SignedIn;
use crate::collect::{self, Connection, Door, HandleError};
use crate::limits;
use crate::model::{DeviceId, Reason, Right};
use crate::store::Done;

/// What is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTunnel {
    /// How long, 1 to 480.
    minutes: u32,
    /// `address:port` of this machine at which it listens; null: any free port, for programs on this machine only.
    /// Whoever can connect there talks to the device.
    #[serde(default)]
    listen: Option<String>,
}

/// A tunnel that waits for its line.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Tunnel {
    /// `host:port` to connect to. Bytes pass as soon as the line is free.
    address: String,
    /// When it closes by itself, if its line is free now. Before, it can be closed.
    until: Instant,
}

/// A tunnel as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TunnelState {
    /// `host:port` to connect to.
    address: String,
    /// How long it stays open, from when its session begins.
    minutes: u32,
    /// Its session; null while it waits for its line.
    session: Option<i64>,
    /// When its session began; null while it waits.
    started_at: Option<Instant>,
    /// Whether its line is open, so that bytes pass.
    is_open: bool,
    /// The last 20 connections, oldest first.
    connections: Vec<TunnelConnection>,
}

/// A tunnel among all.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OpenTunnel {
    device: Named,
    #[serde(flatten)]
    tunnel: TunnelState,
}

/// One connection to a tunnel.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TunnelConnection {
    /// From 1, in the order in which they came.
    number: u64,
    /// `host:port` of who connected.
    from: String,
    /// Bytes to the device.
    bytes_sent: u64,
    /// Bytes from the device.
    bytes_received: u64,
    /// Whether it has ended.
    is_over: bool,
}

impl From<&Connection> for TunnelConnection {
    fn from(connection: &Connection) -> Self {
        Self {
            number: connection.number,
            from: connection.from.to_string(),
            bytes_sent: connection.bytes_sent,
            bytes_received: connection.bytes_received,
            is_over: connection.is_over,
        }
    }
}

/// Opens a TCP port behind which the device answers, as if it hung on it: for its maker's own program. Polling of its
/// line waits meanwhile. The session in the journal has reason `tunnel`, says who connected, and keeps every byte.
#[utoipa::path(post, path = "/devices/{id}/tunnel", tag = "devices", params(("id" = i64, Path)), request_body = NewTunnel,
    responses((status = ACCEPTED, body = Tunnel), (status = CONFLICT, description = "It is being read: `already-reading`")))]
pub(super) async fn open(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
    Body(body): Body<NewTunnel>,
) -> Result<(StatusCode, Json<Tunnel>), Problem> {
    if !(1..=limits::TUNNEL_MINUTES).contains(&body.minutes) {
        let text = format!("minutes is {}, expected 1 to {}", body.minutes, limits::TUNNEL_MINUTES);
        return Err(Problem::bad_body(text));
    }
    let name = state.store.device_name(DeviceId(id)).await?;
    let name = name.ok_or_else(|| Problem::not_found(format!("there is no device {id}")))?;
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listen = body.listen.map_or(Ok(anywhere), |text| {
        let expected = || {
            Problem::bad_body(format!(
                "listen is {text:?}, expected ADDRESS:PORT such as 10.0.0.2:5000"
            ))
        };
        text.parse().map_err(|_| expected())
    })?;
    let tunnel = collect::NewTunnel {
        device: DeviceId(id),
        minutes: body.minutes,
        listen,
    };
    let address = state
        .handle
        .tunnel(tunnel)
        .await
        .map_err(|error| refused(&state, error))?;
    let until = Timestamp::now().saturating_add(SignedDuration::from_mins(body.minutes.into()));
    let until = Instant(until.unwrap_or(Timestamp::MAX));
    let address = address.to_string();
    let after = json!({ "address": address, "minutes": body.minutes });
    let done = done("device.open-tunnel", id, name, Some(after));
    state.store.note_order(&asks.actor(), done).await?;
    Ok((StatusCode::ACCEPTED, Json(Tunnel { address, until })))
}

/// Tunnels that are open or wait for their lines, in the order of the names of their devices.
#[utoipa::path(get, path = "/tunnels", operation_id = "list_tunnels", tag = "devices",
    responses((status = OK, body = Page<OpenTunnel>)))]
pub(super) async fn list(State(state): State<ApiState>, asks: SignedIn) -> Result<Json<Page<OpenTunnel>>, Problem> {
    let doors = state.handle.doors();
    let meant = doors.iter().map(|(device, _)| device.0).collect();
    let names = state.store.names_of_devices(asks.scope(Right::See), &meant).await?;
    let shown = doors.iter().filter_map(|(device, door)| {
        let name = names.get(&device.0)?;
        Some(OpenTunnel {
            device: Named::new(device.0, name),
            tunnel: tunnel_state(&state, *device, door),
        })
    });
    let mut items: Vec<OpenTunnel> = shown.collect();
    items.sort_by(|a, b| a.device.name().cmp(b.device.name()));
    Ok(Json(Page::whole(items)))
}

/// The tunnel to a device: whether it waits for its line, and who is connected.
#[utoipa::path(get, path = "/devices/{id}/tunnel", operation_id = "one_tunnel", tag = "devices", params(("id" = i64, Path)),
    responses((status = OK, body = TunnelState)))]
pub(super) async fn one(State(state): State<ApiState>, Path(id): Path<i64>) -> Result<Json<TunnelState>, Problem> {
    let device = DeviceId(id);
    let door = state.handle.door(device).ok_or(HandleError::NoTunnel(device))?;
    Ok(Json(tunnel_state(&state, device, &door)))
}

fn tunnel_state(state: &ApiState, device: DeviceId, door: &Door) -> TunnelState {
    let running = state.handle.running();
    let session = running
        .iter()
        .find(|live| live.device.0 == device && live.reason == Reason::Tunnel);
    let seen = door.seen();
    TunnelState {
        address: door.address().to_string(),
        minutes: door.minutes(),
        session: session.map(|live| live.session.0),
        started_at: session.map(|live| Instant(live.started_at)),
        is_open: seen.is_open,
        connections: seen.connections.iter().map(Into::into).collect(),
    }
}

/// Closes the tunnel to a device before its time.
#[utoipa::path(delete, path = "/devices/{id}/tunnel", operation_id = "close_tunnel", tag = "devices",
    params(("id" = i64, Path)), responses((status = ACCEPTED), (status = NOT_FOUND, description = "It has none")))]
pub(super) async fn close(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    state.handle.close_tunnel(DeviceId(id)).await?;
    let name = state.store.device_name(DeviceId(id)).await?.unwrap_or_default();
    let done = done("device.close-tunnel", id, name, None);
    state.store.note_order(&asks.actor(), done).await?;
    Ok(StatusCode::ACCEPTED)
}

fn done(deed: &'static str, id: i64, name: String, after: Option<serde_json::Value>) -> Done {
    Done {
        deed,
        subject: "device",
        id: id.to_string(),
        name,
        before: None,
        after,
    }
}
