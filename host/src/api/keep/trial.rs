//! Tests of connections, before anything is stored.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::dto::{Instant, OutcomeWord, seconds};
use super::super::extract::{Body, Path, Query};
use super::super::record::CellValue;
use super::super::session::{ClockShown, Identity, TraceEntry, entry};
use super::super::words;
use super::body::{DeviceBody, Known};
use super::device::find;
use super::{ApiState, Problem, SignedIn, doer};
use crate::collect::{Phase, Trial, TrialSeen};
use crate::model::{Right, Value, trace};
use crate::store::Done;

/// Which device lends its secrets.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TrialQuery {
    /// Key of a device whose secrets stand where masks do or nothing is said.
    device: Option<i64>,
}

/// A test that somebody asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TrialJob {
    /// Its number.
    id: u64,
}

/// How a test goes. Nothing of it is stored.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeviceTest {
    id: u64,
    asked_at: Instant,
    /// `waiting` for the line, `running`, `ended`.
    #[schema(schema_with = words::trial_state)]
    state: &'static str,
    /// The line that is tried: `tcp:10.0.0.7:4001`.
    line: String,
    /// What is done: `open`, `identify`, `clock`, `current`, `close`; empty before the first.
    phase: String,
    /// Since it has the line.
    phase_at_ms: u64,
    /// What was done; whole when it has ended.
    phases: Vec<TestPhase>,
    bytes_sent: u64,
    bytes_received: u64,
    /// How it ended; null while it goes.
    outcome: Option<OutcomeWord>,
    /// What exactly was wrong.
    detail: Option<String>,
    /// Who answered.
    identity: Option<Identity>,
    clock: Option<ClockShown>,
    /// Current values.
    values: Vec<TestValue>,
    /// The line's bytes, waits and remarks, without secrets; whole when it has ended.
    trace: Vec<TraceEntry>,
    ended_at: Option<Instant>,
}

/// One part of a test.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TestPhase {
    /// `open`, `identify`, `clock`, `current`, `close`.
    name: String,
    /// Since it has the line.
    started_ms: u64,
    /// Since it has the line.
    ended_ms: u64,
    /// `ok`, or the word of what went wrong.
    outcome: String,
    /// What exactly.
    detail: Option<String>,
}

/// A current value.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TestValue {
    /// The maker's own name.
    id: String,
    quantity: String,
    unit: String,
    /// Input of the device; 0 is the device as a whole.
    input: u8,
    pipe: Option<String>,
    /// Null: the meter has none.
    value: Option<CellValue>,
    #[schema(schema_with = words::quality)]
    quality: &'static str,
}

/// Tries a connection: opens the line, lets the device say who it is, reads its clock and its current values. Nothing is
/// stored. A name and a place need not be said.
#[utoipa::path(post, path = "/devices/test", operation_id = "test_device", tag = "devices", params(TrialQuery),
    request_body = DeviceBody, responses((status = ACCEPTED, body = TrialJob),
        (status = UNPROCESSABLE_ENTITY, description = "`invalid`: every fault with its field"),
        (status = SERVICE_UNAVAILABLE, description = "`busy`: too many tests at once")))]
pub(super) async fn begin(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<TrialQuery>,
    Body(mut body): Body<DeviceBody>,
) -> Result<(StatusCode, Json<TrialJob>), Problem> {
    let doer = doer(&state, &asks, Right::Administer);
    let mut known = Known::default();
    if let Some(id) = query.device {
        let kept = find(&state, id).await?;
        if state.store.place_of_node(doer.scope, kept.node).await?.is_none() {
            return Err(Problem::not_found(format!("there is no device {id}")));
        }
        known = Known {
            config: Some(kept.device.config),
            keeps_secrets: true,
        };
    }
    body.name.get_or_insert_with(|| "—".to_owned());
    let device = body.device(&state, doer.scope, known).await?;
    let lines: Vec<String> = device.routes.iter().map(|route| route.address.to_string()).collect();
    let done = Done {
        deed: "device.test",
        subject: "device",
        id: String::new(),
        name: device.name.clone(),
        before: None,
        after: Some(serde_json::json!({ "driver": device.driver, "model": device.model, "lines": lines })),
    };
    let id = state.handle.try_device(device, doer.actor.account).await?;
    state.store.note_done(&doer.actor, done).await?;
    Ok((StatusCode::ACCEPTED, Json(TrialJob { id })))
}

/// How a test goes.
#[utoipa::path(get, path = "/devices/tests/{id}", operation_id = "device_test", tag = "devices", params(("id" = u64, Path)),
    responses((status = OK, body = DeviceTest)))]
pub(super) async fn one(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<u64>,
) -> Result<Json<DeviceTest>, Problem> {
    let trial = trial(&state, &asks, id)?;
    Ok(Json(shown(&trial, trial.seen())))
}

/// Ends a test.
#[utoipa::path(delete, path = "/devices/tests/{id}", operation_id = "end_device_test", tag = "devices",
    params(("id" = u64, Path)), responses((status = ACCEPTED, description = "It ends within 2 s")))]
pub(super) async fn end(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<u64>,
) -> Result<StatusCode, Problem> {
    trial(&state, &asks, id)?.cancel();
    let done = Done {
        deed: "device.end-test",
        subject: "device",
        id: String::new(),
        name: format!("test {id}"),
        before: None,
        after: None,
    };
    state.store.note_done(&asks.actor(), done).await?;
    Ok(StatusCode::ACCEPTED)
}

/// A test of late of whoever asks.
fn trial(state: &ApiState, asks: &SignedIn, id: u64) -> Result<std::sync::Arc<Trial>, Problem> {
    let trial = state.handle.trial(id);
    let trial = trial.filter(|trial| trial.asked_by == asks.actor().account);
    trial.ok_or_else(|| Problem::not_found(format!("there is no test {id}")))
}

fn shown(trial: &Trial, seen: TrialSeen) -> DeviceTest {
    let identity = seen.identity.map(|identity| Identity {
        model: identity.model,
        serial: identity.serial,
        firmware: identity.firmware,
        details: identity.details,
    });
    DeviceTest {
        id: trial.id,
        asked_at: Instant(trial.asked_at),
        state: seen.state.word(),
        line: seen.line,
        phase: seen.phase,
        phase_at_ms: seen.phase_at_ms,
        phases: seen.phases.into_iter().map(phase).collect(),
        bytes_sent: seen.moved.0,
        bytes_received: seen.moved.1,
        outcome: seen.outcome.map(OutcomeWord),
        detail: seen.detail,
        identity,
        clock: seen.clock.map(|clock| ClockShown {
            shown: clock.shown.to_string(),
            offset_s: seconds(clock.offset_ms),
            uncertainty_s: seconds(clock.uncertainty_ms.into()),
        }),
        values: seen
            .values
            .iter()
            .flat_map(|(columns, record)| values(columns, record))
            .collect(),
        trace: trace::shown(&seen.trace).into_iter().map(entry).collect(),
        ended_at: seen.ended_at.map(Instant),
    }
}

fn phase(phase: Phase) -> TestPhase {
    let (outcome, detail) = match phase.failed {
        None => ("ok".to_owned(), phase.said),
        Some((outcome, text)) => (outcome.to_string(), Some(text)),
    };
    TestPhase {
        name: phase.name,
        started_ms: phase.started_ms,
        ended_ms: phase.ended_ms,
        outcome,
        detail,
    }
}

fn values<'a>(
    columns: &'a [crate::model::Column],
    record: &'a crate::model::Record,
) -> impl Iterator<Item = TestValue> + 'a {
    columns.iter().zip(&record.cells).map(|(column, cell)| TestValue {
        id: column.id.clone(),
        quantity: column.quantity.clone(),
        unit: column.unit.clone(),
        input: column.point,
        pipe: column.pipe.clone(),
        value: match &cell.value {
            Value::Absent => None,
            Value::Bits(bits) => Some(CellValue::Text(format!("{bits:#x}"))),
            Value::Text(text) => Some(CellValue::Text(text.clone())),
            number => number.number().map(CellValue::Number),
        },
        quality: cell.quality.word(),
    })
}
