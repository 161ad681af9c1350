//! Changing a device: asked for, shown, confirmed.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiState;
use super::dto::{Instant, Page};
use super::extract::{Body, Path, Query, cursor};
use super::problem::Problem;
use super::read_now::refused;
use super::signed_in::SignedIn;
use super::site::PageQuery;
use super::words;
use crate::collect::ControlJob;
use crate::limits;
use crate::model::{Act, Change, ControlId, DeviceId, Held, Stage};
use crate::store::{ControlOrder, NewControl, NotConfirmed};

/// What is to be changed: a setting with its value, or a command of the driver's own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOrder {
    /// The setting, by its stable name.
    setting: Option<String>,
    /// Its value, as a person writes it: `21.5`.
    value: Option<String>,
    /// The command, such as `curve`.
    command: Option<String>,
    /// Of the command: what looks like a decimal number is given as one, everything else as text.
    #[serde(default)]
    arguments: BTreeMap<String, String>,
    /// It is written down.
    why: String,
}

/// What confirms an order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirmation {
    /// As it came with what is shown.
    token: String,
}

/// A setting as it is held.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HeldSetting {
    /// Stable name.
    id: String,
    title: String,
    unit: Option<String>,
    /// With the decimals that the device has.
    value: String,
}

/// An order to change a device.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Order {
    id: i64,
    device: i64,
    setting: Option<String>,
    /// What the setting is to be.
    value: Option<String>,
    command: Option<String>,
    arguments: BTreeMap<String, String>,
    why: String,
    /// `asked`: it is to be looked at; `shown`: what it holds waits to be confirmed; `confirmed`: it is to be written;
    /// `done`: written and read back; `refused`: not done, the device holds what it held; `failed`: the device was not
    /// reached; `differs`: read back otherwise than written; `unknown`: it may be written or not.
    #[schema(schema_with = words::control_state)]
    state: &'static str,
    /// What came of it.
    text: String,
    asked_by: String,
    asked_at: Instant,
    /// The session that looked.
    looked_session: Option<i64>,
    /// What the device held of what the order touches.
    shown: Vec<HeldSetting>,
    /// Confirms the order; null when nothing waits for that.
    token: Option<String>,
    /// Until when it may be confirmed.
    expires_at: Option<Instant>,
    confirmed_by: Option<String>,
    confirmed_at: Option<Instant>,
    /// The session that wrote.
    wrote_session: Option<i64>,
    /// When the write began; null: nothing was written.
    written_at: Option<Instant>,
    /// What the device held afterwards.
    held: Vec<HeldSetting>,
}

/// Asks to change a device. It is looked at in a session of its own; nothing is written until the order is confirmed.
#[utoipa::path(post, path = "/devices/{id}/control", tag = "control", operation_id = "ask_control", params(("id" = i64, Path)),
    request_body = NewOrder, responses((status = ACCEPTED, body = Order),
        (status = CONFLICT, description = "It is being read: `already-reading`"),
        (status = UNPROCESSABLE_ENTITY, description = "Its driver cannot: `refused`")))]
pub(super) async fn ask(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
    Body(body): Body<NewOrder>,
) -> Result<(StatusCode, Json<Order>), Problem> {
    let device = DeviceId(id);
    let (change, why) = change(body)?;
    let known = super::device::find(&state, id).await?;
    driver_can(&state, &known.driver)?;
    let new = NewControl {
        device,
        change: change.clone(),
        why,
        by: asks.actor(),
    };
    let order = state.store.ask_control(new).await?;
    let act = Act {
        change,
        stage: Stage::Look,
    };
    if let Err(problem) = enqueue(&state, order, device, act).await {
        state.store.forget_control(order, &asks.actor()).await?;
        return Err(problem);
    }
    Ok((StatusCode::ACCEPTED, Json(show(find(&state, order).await?))))
}

/// Orders to change a device, the newest first.
#[utoipa::path(get, path = "/devices/{id}/control", tag = "control", operation_id = "list_control", params(("id" = i64, Path), PageQuery),
    responses((status = OK, body = Page<Order>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    Path(id): Path<i64>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Order>>, Problem> {
    let limit = query.limit()?;
    let before = cursor(query.after.as_deref())?.map(ControlId);
    if !state.store.has_device(DeviceId(id)).await? {
        return Err(Problem::not_found(format!("there is no device {id}")));
    }
    let rows = state.store.controls(DeviceId(id), before, limit + 1).await?;
    Ok(Json(Page::of(rows, limit, |row| row.id.to_string(), show)))
}

/// One order, with what is shown and the token that confirms it.
#[utoipa::path(get, path = "/control/{id}", tag = "control", operation_id = "one_control", params(("id" = i64, Path)),
    responses((status = OK, body = Order)))]
pub(super) async fn one(State(state): State<ApiState>, Path(id): Path<i64>) -> Result<Json<Order>, Problem> {
    Ok(Json(show(find(&state, ControlId(id)).await?)))
}

/// Confirms what is shown: the device is looked at again, and written if it still holds that.
#[utoipa::path(post, path = "/control/{id}/confirm", tag = "control", operation_id = "confirm_control", params(("id" = i64, Path)),
    request_body = Confirmation, responses((status = ACCEPTED, body = Order),
        (status = CONFLICT, description = "It is being read: `already-reading`; otherwise it cannot be confirmed (any more)")))]
pub(super) async fn confirm(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
    Body(body): Body<Confirmation>,
) -> Result<(StatusCode, Json<Order>), Problem> {
    let id = ControlId(id);
    let order = find(&state, id).await?;
    state.store.confirm_control(id, &body.token, &asks.actor()).await??;
    let act = Act {
        change: order.change,
        stage: Stage::Write { shown: order.shown },
    };
    if let Err(problem) = enqueue(&state, id, order.device, act).await {
        state.store.unconfirm_control(id, &body.token, &asks.actor()).await?;
        return Err(problem);
    }
    Ok((StatusCode::ACCEPTED, Json(show(find(&state, id).await?))))
}

async fn enqueue(state: &ApiState, id: ControlId, device: DeviceId, act: Act) -> Result<(), Problem> {
    let until = state.store.now().saturating_add(limits::CONTROL_WAIT);
    let job = ControlJob {
        id,
        device,
        act,
        until: until.unwrap_or(Timestamp::MAX),
    };
    let taken = state.handle.control(job).await;
    taken.map(drop).map_err(|error| refused(state, error))
}

async fn find(state: &ApiState, id: ControlId) -> Result<ControlOrder, Problem> {
    let found = state.store.control(id).await?;
    found.ok_or_else(|| Problem::not_found(format!("there is no order {id}")))
}

/// Says at once what the session would find out: that the driver changes nothing.
fn driver_can(state: &ApiState, driver: &str) -> Result<(), Problem> {
    let loaded = state
        .drivers
        .list()
        .into_iter()
        .find(|entry| entry.describe.id == driver);
    let can = |entry: &super::DriverEntry| {
        let writes = |name: &String| name == "control" || name == "configure";
        entry.interfaces.iter().any(writes)
    };
    if loaded.as_ref().is_none_or(can) {
        return Ok(());
    }
    Err(Problem::refused(format!(
        "driver {driver} changes no settings: it has neither control nor configure, or is not granted them"
    )))
}

/// What is asked for, within its bounds.
fn change(body: NewOrder) -> Result<(Change, String), Problem> {
    let most = limits::CONTROL_TEXT_BYTES;
    let arguments = body.arguments.iter().flat_map(|(name, text)| [name, text]);
    let texts = [&body.setting, &body.value, &body.command].into_iter().flatten();
    for text in texts.chain([&body.why]).chain(arguments) {
        if text.trim().is_empty() || text.len() > most || text.contains(char::is_control) {
            let text: String = text.chars().take(40).collect();
            let expected = format!("{text:?}: expected 1 to {most} bytes without control characters");
            return Err(Problem::bad_body(expected));
        }
    }
    if body.arguments.len() > limits::CONTROL_ARGUMENTS {
        let got = body.arguments.len();
        let text = format!("{got} arguments, at most {} may be", limits::CONTROL_ARGUMENTS);
        return Err(Problem::bad_body(text));
    }
    let change = match (body.setting, body.value, body.command) {
        (Some(id), Some(value), None) if body.arguments.is_empty() => Change::Setting { id, value },
        (None, None, Some(name)) => Change::Command {
            name,
            arguments: body.arguments,
        },
        _ => {
            let text = "expected either setting and value, or command and its arguments";
            return Err(Problem::bad_body(text));
        }
    };
    Ok((change, body.why.trim().to_owned()))
}

impl From<NotConfirmed> for Problem {
    fn from(why: NotConfirmed) -> Self {
        match why {
            NotConfirmed::Nothing(_) => Self::not_found(why.to_string()),
            _ => Self::conflict(why.to_string()),
        }
    }
}

fn show(order: ControlOrder) -> Order {
    let (setting, value, command, arguments) = match order.change {
        Change::Setting { id, value } => (Some(id), Some(value), None, BTreeMap::new()),
        Change::Command { name, arguments } => (None, None, Some(name), arguments),
    };
    Order {
        id: order.id.0,
        device: order.device.0,
        setting,
        value,
        command,
        arguments,
        why: order.why,
        state: order.state.word(),
        text: order.text,
        asked_by: order.asked_by,
        asked_at: Instant(order.asked_at),
        looked_session: order.looked_session.map(|session| session.0),
        shown: order.shown.into_iter().map(held).collect(),
        token: order.token,
        expires_at: order.expires_at.map(Instant),
        confirmed_by: order.confirmed_by,
        confirmed_at: order.confirmed_at.map(Instant),
        wrote_session: order.wrote_session.map(|session| session.0),
        written_at: order.written_at.map(Instant),
        held: order.held.into_iter().map(held).collect(),
    }
}

fn held(held: Held) -> HeldSetting {
    HeldSetting {
        id: held.id,
        title: held.title,
        unit: held.unit,
        value: held.value,
    }
}
