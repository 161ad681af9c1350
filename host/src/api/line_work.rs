//! What lines do now, and how they all fare: what the list of lines needs at once.

use std::collections::{BTreeMap, HashSet};

use axum::Json;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ApiState;
use super::dto::{Instant, Named, Page, seconds};
use super::extract::Query;
use super::problem::Problem;
use super::signed_in::SignedIn;
use super::talk::share;
use super::words;
use crate::collect::{Live, ModemPool};
use crate::model::Right;

/// What one line does now. A line that does nothing is not there.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct LineWork {
    /// Key of the line.
    line: i64,
    /// The session on it.
    session: Option<LineSession>,
    /// Devices whose turn has come and that wait for it, in the order of their names.
    waiting: Vec<Named>,
}

/// A session on a line.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LineSession {
    id: i64,
    device: Named,
    #[schema(schema_with = words::reason)]
    reason: &'static str,
    started_at: Instant,
}

/// Over which time.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct HoursQuery {
    /// The last so many hours, 24 unless said otherwise, at most 168.
    hours: Option<u32>,
}

/// How the talk over one line went. A line without a session in that time is not there.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LineHealth {
    /// Key of the line.
    line: i64,
    /// Sessions that started in this time and ended.
    sessions: u64,
    /// Complete sessions among those that tell of device and line. 0 to 1; null when there was none.
    success_share: Option<f64>,
    /// Of the questions, how many were asked again. 0 to 1; null when none was asked.
    retry_share: Option<f64>,
    /// To and from meters.
    bytes: u64,
    /// How long it was held.
    busy_s: f64,
    /// How long calls were up, begun seconds.
    on_line_s: u64,
}

/// A pool of modems of ours.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Pool {
    /// The first part of the addresses of its lines.
    name: String,
    modems: Vec<Modem>,
    /// Calls since the host started.
    calls: Vec<CallCount>,
    /// How long calls were up since the host started, begun seconds.
    on_line_s: u64,
}

/// A modem of ours.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Modem {
    /// `serial:/dev/ttyS1`.
    port: String,
    /// Whether it dials or is in a call.
    engaged: bool,
    /// What was wrong with it; null: it works.
    fault: Option<String>,
    /// When one at fault is tried again.
    rests_until: Option<Instant>,
}

/// How many calls went so.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallCount {
    /// `connected`, `busy`, `no-answer`, `no-carrier`, `modem-fault`.
    result: &'static str,
    calls: u64,
}

/// What lines do now.
#[utoipa::path(get, path = "/lines/work", operation_id = "lines_work", tag = "lines",
    responses((status = OK, body = Page<LineWork>)))]
pub(super) async fn work(State(state): State<ApiState>, asks: SignedIn) -> Result<Json<Page<LineWork>>, Problem> {
    let (running, waiting) = (state.handle.running(), state.handle.waiting());
    let meant: HashSet<i64> = running
        .iter()
        .map(|live| live.device.0.0)
        .chain(waiting.keys().map(|device| device.0))
        .collect();
    let names = state.store.names_of_devices(asks.scope(Right::See), &meant).await?;
    let mut lines: BTreeMap<i64, LineWork> = BTreeMap::new();
    for live in running.into_iter().filter(|live| names.contains_key(&live.device.0.0)) {
        lines.entry(live.line.0.0).or_default().session = Some(session(&live));
    }
    for (device, line) in waiting {
        if let Some(name) = names.get(&device.0) {
            lines
                .entry(line.0)
                .or_default()
                .waiting
                .push(Named::new(device.0, name));
        }
    }
    let items = lines.into_iter().map(|(line, mut work)| {
        work.line = line;
        work.waiting.sort_by(|a, b| a.name().cmp(b.name()));
        work
    });
    Ok(Json(Page::whole(items.collect())))
}

/// How the talk went, line by line.
#[utoipa::path(get, path = "/lines/health", operation_id = "lines_health", tag = "lines", params(HoursQuery),
    responses((status = OK, body = Page<LineHealth>)))]
pub(super) async fn health(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<HoursQuery>,
) -> Result<Json<Page<LineHealth>>, Problem> {
    let hours = match query.hours {
        Some(hours) if !(1..=168).contains(&hours) => {
            return Err(Problem::bad_query(format!("hours is {hours}, expected 1 to 168")));
        }
        hours => hours.unwrap_or(24),
    };
    let from = Timestamp::now() - SignedDuration::from_hours(hours.into());
    let lines = state.store.talk_of_lines(asks.scope(Right::See), from).await?;
    let items = lines.into_iter().map(|(line, sums)| LineHealth {
        line,
        sessions: sums.sessions,
        success_share: share(sums.complete, sums.telling),
        retry_share: share(sums.retries, sums.exchanges),
        bytes: sums.bytes,
        busy_s: seconds(i64::try_from(sums.wall_ms).unwrap_or(i64::MAX)),
        on_line_s: sums.on_line_s,
    });
    Ok(Json(Page::whole(items.collect())))
}

/// Pools of modems of ours: which work, and how calls went.
#[utoipa::path(get, path = "/modems", operation_id = "list_modems", tag = "lines",
    responses((status = OK, body = Page<Pool>)))]
pub(super) async fn modems(State(state): State<ApiState>, _asks: SignedIn) -> Json<Page<Pool>> {
    Json(Page::whole(state.handle.modem_pools().into_iter().map(pool).collect()))
}

fn session(live: &Live) -> LineSession {
    LineSession {
        id: live.session.0,
        device: Named::new(live.device.0.0, &*live.device.1),
        reason: live.reason.word(),
        started_at: Instant(live.started_at),
    }
}

fn pool(pool: ModemPool) -> Pool {
    let modems = pool.modems.into_iter().map(|modem| {
        let (fault, until) = modem.fault.unzip();
        Modem {
            port: modem.port,
            engaged: modem.engaged,
            fault,
            rests_until: until.map(Instant),
        }
    });
    let calls = pool.calls.into_iter();
    Pool {
        name: pool.name,
        modems: modems.collect(),
        calls: calls.map(|(result, calls)| CallCount { result, calls }).collect(),
        on_line_s: pool.on_line_s,
    }
}
