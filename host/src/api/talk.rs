//! Lines, and how well the talk with devices and over lines goes.

use axum::Json;
use axum::extract::State;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ApiState;
use super::dto::{Instant, OutcomeWord, Page};
use super::extract::{Path, Query, limit};
use super::keep::Tagged;
use super::problem::Problem;
use super::session::SessionBrief;
use super::signed_in::SignedIn;
use super::words;
use crate::model::{Cause, DeviceId, LineId, Outcome, Right};
use crate::store::query::{LineInfo, Talk, TalkSums, Whose};

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LinesQuery {
    /// Those that are archived instead of those in use.
    #[serde(default)]
    archived: bool,
    /// `next` of the page before.
    after: Option<String>,
    /// Rows of the page, 100 unless said otherwise, at most 1000.
    limit: Option<u32>,
}

/// A line: the shared way to devices, one session at a time.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Line {
    id: i64,
    /// Unique.
    name: String,
    #[schema(schema_with = words::line_kind)]
    kind: &'static str,
    /// `host:port`, the path of the port, `listener/identity` or `pool/number`.
    address: String,
    /// `9600-8N2`; null: the drivers' own.
    settings: Option<String>,
    /// Words between spaces: `rts echo gap=50`; empty for none.
    options: String,
    /// The devices that are reached over it, in the order of their names.
    devices: Vec<LineDevice>,
    /// The last session over it that ended.
    last_session: Option<SessionBrief>,
    /// Counts its changes; its `ETag`.
    revision: i64,
    /// Null: it is in use.
    archived_at: Option<Instant>,
}

/// A device on a line.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LineDevice {
    id: i64,
    name: String,
    /// Which of the device's ways this is, from 0.
    position: u32,
}

/// Over which time.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WindowQuery {
    /// The last so many days, 7 unless said otherwise, at most 366.
    days: Option<u32>,
    /// IANA name of the zone in which days begin, UTC unless said otherwise.
    zone: Option<String>,
}

/// How well the talk goes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Communication {
    from: Instant,
    to: Instant,
    /// Sessions that started in this time and ended.
    sessions: u64,
    /// Those that gave everything.
    complete: u64,
    /// Those that gave a part of it.
    partial: u64,
    /// Complete sessions among those that tell of device and line: those that were cancelled or that the host cut do
    /// not. 0 to 1; null when there was none.
    success_share: Option<f64>,
    /// The failed ones by cause, most frequent first.
    causes: Vec<CauseCount>,
    /// All of them by outcome, most frequent first: tells a modem that is silent from one that has a fault.
    outcomes: Vec<OutcomeCount>,
    /// Questions asked.
    exchanges: u64,
    /// Questions asked again.
    retries: u64,
    /// Of the questions, how many were asked again. 0 to 1; null when none was asked.
    retry_share: Option<f64>,
    /// New records.
    records_added: u64,
    /// How long the line was held.
    busy_s: f64,
    /// To meters.
    bytes_sent: u64,
    /// From meters.
    bytes_received: u64,
    /// How long calls were up, begun seconds; 0 where no modem of ours calls.
    on_line_s: u64,
    /// Day by day, oldest first; days without a session are not there.
    by_day: Vec<TalkDay>,
    /// End of the last session in which the device that is meant told who it is, be it before this time; null: never.
    last_contact_at: Option<Instant>,
    /// The last session that ended, be it before this time.
    last_session: Option<SessionBrief>,
}

/// How well the talk went on one day.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TalkDay {
    /// `2026-11-20`.
    day: String,
    sessions: u64,
    /// As over the whole time; null when no session tells.
    success_share: Option<f64>,
    retry_share: Option<f64>,
    busy_s: f64,
}

/// How many sessions failed so.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CauseCount {
    #[schema(schema_with = words::cause)]
    cause: &'static str,
    sessions: u64,
}

/// How many sessions ended so.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OutcomeCount {
    outcome: OutcomeWord,
    sessions: u64,
}

/// Lines in the order of their names.
#[utoipa::path(get, path = "/lines", operation_id = "list_lines", tag = "lines", params(LinesQuery),
    responses((status = OK, body = Page<Line>)))]
pub(super) async fn lines(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<LinesQuery>,
) -> Result<Json<Page<Line>>, Problem> {
    let limit = limit(query.limit, 100, 1000)?;
    let rows = state
        .store
        .lines(
            asks.scope(Right::See),
            query.archived,
            query.after.as_deref(),
            limit + 1,
        )
        .await?;
    Ok(Json(Page::of(rows, limit, |row| row.name.clone(), line)))
}

/// One line.
#[utoipa::path(get, path = "/lines/{id}", operation_id = "one_line", tag = "lines", params(("id" = i64, Path)),
    responses((status = OK, body = Line)))]
pub(super) async fn one_line(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
) -> Result<Tagged<Line>, Problem> {
    let info = find(&state, &asks, id).await?;
    Ok(Tagged::ok(info.revision, line(info)))
}

/// How well the talk with a device goes, over whatever line.
#[utoipa::path(get, path = "/devices/{id}/health", operation_id = "device_health", tag = "devices",
    params(("id" = i64, Path), WindowQuery), responses((status = OK, body = Communication)))]
pub(super) async fn of_device(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
    Query(query): Query<WindowQuery>,
) -> Result<Json<Communication>, Problem> {
    if !state.store.has_device(DeviceId(id)).await? {
        return Err(Problem::not_found(format!("there is no device {id}")));
    }
    health(&state, &asks, Whose::Device(DeviceId(id)), &query).await
}

/// How well the talk over a line goes, with whatever device.
#[utoipa::path(get, path = "/lines/{id}/health", operation_id = "line_health", tag = "lines",
    params(("id" = i64, Path), WindowQuery), responses((status = OK, body = Communication)))]
pub(super) async fn of_line(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
    Query(query): Query<WindowQuery>,
) -> Result<Json<Communication>, Problem> {
    find(&state, &asks, id).await?;
    health(&state, &asks, Whose::Line(LineId(id)), &query).await
}

async fn find(state: &ApiState, asks: &SignedIn, id: i64) -> Result<LineInfo, Problem> {
    let found = state.store.line(asks.scope(Right::See), LineId(id)).await?;
    found.ok_or_else(|| Problem::not_found(format!("there is no line {id}")))
}

async fn health(
    state: &ApiState,
    asks: &SignedIn,
    whose: Whose,
    query: &WindowQuery,
) -> Result<Json<Communication>, Problem> {
    let days = match query.days {
        Some(days) if !(1..=366).contains(&days) => {
            return Err(Problem::bad_query(format!("days is {days}, expected 1 to 366")));
        }
        days => days.unwrap_or(7),
    };
    let to = Timestamp::now();
    let from = to - SignedDuration::from_hours(24 * i64::from(days));
    let zone = query.zone.as_deref().unwrap_or("UTC");
    let zone =
        TimeZone::get(zone).map_err(|_| Problem::bad_query(format!("zone is {zone:?}, expected an IANA name")))?;
    let talk = state.store.talk(asks.scope(Right::See), whose, from).await?;
    let by_day = state.store.talk_days(whose, from, &zone).await?;
    let mut shown = communication(talk, from, to);
    shown.by_day = by_day.into_iter().map(talk_day).collect();
    Ok(Json(shown))
}

fn talk_day((day, sums): (Date, TalkSums)) -> TalkDay {
    TalkDay {
        day: day.to_string(),
        sessions: sums.sessions,
        success_share: share(sums.complete, sums.telling),
        retry_share: share(sums.retries, sums.exchanges),
        busy_s: super::dto::seconds(i64::try_from(sums.wall_ms).unwrap_or(i64::MAX)),
    }
}

fn communication(talk: Talk, from: Timestamp, to: Timestamp) -> Communication {
    let count = |wanted: &dyn Fn(Outcome) -> bool| -> u64 {
        let counted = talk.outcomes.iter().filter(|(outcome, _)| wanted(*outcome));
        counted.map(|(_, sessions)| sessions).sum()
    };
    let complete = count(&|outcome| outcome == Outcome::Complete);
    let telling = count(&|outcome| !outcome.cause().is_some_and(Cause::is_ours));
    let mut causes: Vec<_> = Cause::ALL
        .iter()
        .map(|cause| CauseCount {
            cause: cause.word(),
            sessions: count(&|outcome| outcome.cause() == Some(*cause)),
        })
        .filter(|counted| counted.sessions > 0)
        .collect();
    causes.sort_by_key(|counted| std::cmp::Reverse(counted.sessions));
    let outcome = |(outcome, sessions): &(Outcome, u64)| OutcomeCount {
        outcome: OutcomeWord(*outcome),
        sessions: *sessions,
    };
    Communication {
        from: Instant(from),
        to: Instant(to),
        sessions: count(&|_| true),
        complete,
        partial: count(&|outcome| outcome == Outcome::Partial),
        success_share: share(complete, telling),
        causes,
        outcomes: talk.outcomes.iter().map(outcome).collect(),
        exchanges: talk.exchanges,
        retries: talk.retries,
        retry_share: share(talk.retries, talk.exchanges),
        records_added: talk.records_added,
        busy_s: super::dto::seconds(i64::try_from(talk.wall_ms).unwrap_or(i64::MAX)),
        bytes_sent: talk.bytes_sent,
        bytes_received: talk.bytes_received,
        on_line_s: talk.on_line_s,
        by_day: Vec::new(),
        last_contact_at: talk.last_contact_at.map(Instant),
        last_session: talk.last_session.map(SessionBrief::from),
    }
}

#[allow(clippy::cast_precision_loss, reason = "a share for people")]
pub(super) fn share(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

fn line(info: LineInfo) -> Line {
    let device = |device: crate::store::query::LineDevice| LineDevice {
        id: device.id,
        name: device.name,
        position: device.position,
    };
    Line {
        id: info.id.0,
        name: info.name,
        kind: info.address.kind(),
        address: info.address.address().to_owned(),
        settings: info.settings,
        options: info.options.to_string(),
        devices: info.devices.into_iter().map(device).collect(),
        last_session: info.last_session.map(SessionBrief::from),
        revision: info.revision,
        archived_at: info.archived_at.map(Instant),
    }
}
