//! Modems that call us, and the listeners that they call.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ApiState;
use super::dto::{Instant, Named, Page};
use super::extract::{Path, Query, cursor, limit};
use super::problem::Problem;
use super::signed_in::SignedIn;
use crate::collect::ListenerCounts;
use crate::model::{CallerState, Right};
use crate::store::query::{CallerQuery, CallerRow};

/// Which callers.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Only of this listener.
    listener: Option<String>,
    /// Only in this state: `new`, `approved`, `refused`.
    state: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
    /// Rows of the page, 100 unless said otherwise, at most 1000.
    limit: Option<u32>,
}

/// A modem that called.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Caller {
    id: i64,
    /// Name of the listener that it called.
    listener: String,
    /// Unique at the listener; `?` and the source address for one that did not say who it is.
    identity: String,
    /// Its line, as `uzel device add --line` takes it.
    line: String,
    /// What people decided.
    state: CallerStateWord,
    /// Whether it is connected now.
    connected: bool,
    /// Address that it called from last.
    source: String,
    first_seen_at: Instant,
    /// When it was last heard and that was written down: at the start of a connection, after a session, at the end.
    last_seen_at: Instant,
    /// Connections that it made.
    connects: i64,
    bytes_received: i64,
    bytes_sent: i64,
    /// The first 64 bytes of its newest greeting in hex.
    greeting: String,
    /// What was wrong with that greeting.
    fault: Option<String>,
    /// Signal level as the modem told it (3GPP 27.007, `+CSQ`), 0 to 31.
    signal_csq: Option<i64>,
    /// Devices whose routes name it.
    devices: Vec<Named>,
}

/// What people decided about a caller.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = CallerState)]
pub(super) enum CallerStateWord {
    /// Nothing yet.
    New,
    /// It may be read.
    Approved,
    /// It is sent away.
    Refused,
}

/// A port that modems call.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Listener {
    name: String,
    /// Address and port.
    listen: String,
    /// How its callers say who they are: `none`, `fixed`, `text`, `pattern`, `irz-atm`, `teleofis-wrx`, `assv-030`, `dtu`.
    greeting: String,
    /// Connections open now.
    open: u64,
    /// Those of them that said who they are.
    connected: u64,
    /// Those of them that a session uses.
    in_session: u64,
    /// Connections taken since the host started.
    accepted: u64,
    /// Those whose greeting was none.
    bad_greetings: u64,
    /// Those that were turned away: refused callers, too many.
    turned_away: u64,
    /// Those that a newer one of the same caller replaced.
    replaced: u64,
}

/// Modems that called, the newest first.
#[utoipa::path(get, path = "/callers", operation_id = "list_callers", tag = "callers", params(ListQuery),
    responses((status = OK, body = Page<Caller>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Caller>>, Problem> {
    let limit = limit(query.limit, 100, 1000)?;
    let wanted: Option<CallerState> = match query.state.as_deref().map(str::parse) {
        None => None,
        Some(Ok(wanted)) => Some(wanted),
        Some(Err(error)) => return Err(Problem::bad_query(error.to_string())),
    };
    let query = CallerQuery {
        listener: query.listener,
        state: wanted,
        after: cursor(query.after.as_deref())?,
        limit: limit + 1,
        ..CallerQuery::default()
    };
    let rows = state.store.callers(asks.scope(Right::Engineer), &query).await?;
    Ok(Json(Page::of(
        rows,
        limit,
        |row| row.id.to_string(),
        |row| show(&state, row),
    )))
}

/// Lets a caller be read: it is no longer counted among the unknown.
#[utoipa::path(post, path = "/callers/{id}/approve", operation_id = "approve_caller", tag = "callers", params(("id" = i64, Path)),
    responses((status = OK, body = Caller)))]
pub(super) async fn approve(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
) -> Result<Json<Caller>, Problem> {
    decide(&state, &asks, id, CallerState::Approved).await
}

/// Sends a caller away, now and whenever it calls.
#[utoipa::path(post, path = "/callers/{id}/refuse", operation_id = "refuse_caller", tag = "callers", params(("id" = i64, Path)),
    responses((status = OK, body = Caller)))]
pub(super) async fn refuse(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
) -> Result<Json<Caller>, Problem> {
    decide(&state, &asks, id, CallerState::Refused).await
}

/// Ports that modems call.
#[utoipa::path(get, path = "/listeners", operation_id = "list_listeners", tag = "callers", responses((status = OK, body = Page<Listener>)))]
pub(super) async fn listeners(State(state): State<ApiState>) -> Json<Page<Listener>> {
    let listeners = state.callers.listeners();
    Json(Page::whole(listeners.iter().map(|counts| listener(counts)).collect()))
}

async fn decide(state: &ApiState, asks: &SignedIn, id: i64, wanted: CallerState) -> Result<Json<Caller>, Problem> {
    if !state.store.decide_caller(id, wanted, &asks.actor()).await? {
        return Err(Problem::not_found(format!("there is no caller {id}")));
    }
    state.callers.decided();
    let query = CallerQuery {
        id: Some(id),
        limit: 1,
        ..CallerQuery::default()
    };
    let row = state.store.callers(asks.scope(Right::Engineer), &query).await?.pop();
    let row = row.ok_or_else(|| Problem::not_found(format!("there is no caller {id}")))?;
    Ok(Json(show(state, row)))
}

fn show(state: &ApiState, row: CallerRow) -> Caller {
    let address = format!("{}/{}", row.listener, row.identity);
    Caller {
        id: row.id,
        connected: state.callers.is_connected(&address),
        line: format!("incoming:{address}"),
        listener: row.listener,
        identity: row.identity,
        state: match row.state {
            CallerState::New => CallerStateWord::New,
            CallerState::Approved => CallerStateWord::Approved,
            CallerState::Refused => CallerStateWord::Refused,
        },
        source: row.source,
        first_seen_at: Instant(row.first_seen_at),
        last_seen_at: Instant(row.last_seen_at),
        connects: row.connects,
        bytes_received: row.bytes_received,
        bytes_sent: row.bytes_sent,
        greeting: row.greeting,
        fault: row.fault,
        signal_csq: row.signal_csq,
        devices: row.devices.into_iter().map(Named::from).collect(),
    }
}

fn listener(counts: &ListenerCounts) -> Listener {
    let now = |count: &AtomicU64| count.load(Ordering::Relaxed);
    Listener {
        name: counts.name.clone(),
        listen: counts.address.to_string(),
        greeting: counts.greeting.word().to_owned(),
        open: now(&counts.open),
        connected: now(&counts.connected),
        in_session: now(&counts.leased),
        accepted: now(&counts.accepted),
        bad_greetings: now(&counts.bad_greetings),
        turned_away: now(&counts.turned_away),
        replaced: now(&counts.replaced),
    }
}
