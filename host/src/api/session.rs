//! Sessions and their traces.

use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ApiState;
use super::dto::{Instant, Named, OutcomeWord, Page, seconds};
use super::extract::{Path, Query, cursor, limit};
use super::problem::Problem;
use super::signed_in::SignedIn;
use super::words;
use crate::model::archive::UnknownWord;
use crate::model::trace::{self, EntryKind};
use crate::model::{Cause, Outcome, Right, SessionId};
use crate::store::Done;
use crate::store::query::{self, SessionDetail, SessionQuery};

/// Which sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Only with this device.
    device: Option<i64>,
    /// Only over this line.
    line: Option<i64>,
    /// Only those that ended so.
    outcome: Option<String>,
    /// Only those that failed so: `line`, `modem`, `meter-silent`, `meter-refuses`, `garbled`, `wrong-device`, `driver`,
    /// `limit`, `cancelled`, `host`.
    cause: Option<String>,
    /// Only those that started from here on.
    from: Option<Instant>,
    /// Only those that started before.
    to: Option<Instant>,
    /// Part of the name or serial number of the device, of the name or address of the line, or of the detail, in any
    /// case of letters.
    q: Option<String>,
    /// `next` of the page before; of an export, the `id` of the last row of the one before.
    after: Option<String>,
    /// Rows of the page, 100 unless said otherwise, at most 1000; rows of an export, 1000000 unless said otherwise, which
    /// is the most.
    limit: Option<u32>,
}

/// One conversation with one device over one line.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionBrief {
    id: i64,
    device: Named,
    line: Named,
    driver: SessionDriver,
    /// `schedule`, `read-now`, `tunnel`, `control`, `command-line`, `by-hand`.
    #[schema(schema_with = words::reason)]
    reason: String,
    started_at: Instant,
    ended_at: Option<Instant>,
    /// Null while it runs.
    outcome: Option<OutcomeWord>,
    /// Whom to call; null while it runs, and when it gave what was asked or a part of it.
    #[schema(schema_with = words::cause_or_null)]
    cause: Option<&'static str>,
    /// What exactly was wrong.
    detail: Option<String>,
    /// New records.
    records_added: i64,
    /// Values of new records.
    values_added: i64,
    bytes_sent: i64,
    bytes_received: i64,
    /// Questions asked.
    exchanges: i64,
    /// Questions asked again.
    retries: i64,
}

/// The driver that a session ran.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionDriver {
    pub(super) id: String,
    pub(super) version: String,
    /// Of its file.
    pub(super) digest: String,
}

/// A session with all that is known of it but its trace.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Session {
    #[serde(flatten)]
    brief: SessionBrief,
    /// Null when nobody answered.
    identity: Option<Identity>,
    /// Null when it was not read.
    clock: Option<ClockShown>,
    phases: Vec<Phase>,
    cpu_ms: u64,
    wall_ms: u64,
    /// Seconds that a telephone call was up, begun ones counted whole; 0 on lines without calls.
    on_line_s: u64,
    memory_peak_bytes: u64,
    /// What the driver sent that was not as it should be.
    faults: Vec<String>,
}

/// Who answered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Identity {
    pub(super) model: String,
    pub(super) serial: Option<String>,
    pub(super) firmware: Option<String>,
    /// Names and values, for people.
    pub(super) details: Vec<(String, String)>,
}

/// What the device's clock showed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClockShown {
    /// Civil time without zone.
    pub(super) shown: String,
    /// Device minus true time.
    pub(super) offset_s: f64,
    pub(super) uncertainty_s: f64,
}

/// One part of a session.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Phase {
    /// `open`, `identify`, a task's word, `set-clock`, `close`.
    name: String,
    /// Since the start of the session.
    started_ms: u64,
    /// Since the start of the session.
    ended_ms: u64,
    /// `ok`, or the word of what went wrong, and behind a colon what exactly. Of `set-clock` the word is `set`, `not-held`,
    /// `failed`, `unsupported`, `too-far`, `too-soon` or `near-hour`.
    outcome: String,
    records: u64,
}

/// Every byte, wait and remark of a session in order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Trace {
    /// False while the session runs, and when it left no trace.
    complete: bool,
    entries: Vec<TraceEntry>,
}

/// One entry of a trace.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TraceEntry {
    /// Since the start of the session.
    at_ms: u64,
    /// `sent`, `received`, `timeout`, `note`, `log`, `settings`, `closed`.
    #[schema(schema_with = words::entry_kind)]
    kind: &'static str,
    /// Of `sent` and `received`: bytes separated by blanks.
    hex: Option<String>,
    /// Of the others.
    text: Option<String>,
}

impl ListQuery {
    /// What the store is asked for, with pages of `limit` rows.
    pub(super) fn wanted(self, limit: u32) -> Result<SessionQuery, Problem> {
        Ok(SessionQuery {
            device: self.device,
            line: self.line,
            outcome: word(self.outcome.as_deref())?,
            cause: word(self.cause.as_deref())?,
            from: self.from.map(|from| from.0),
            to: self.to.map(|to| to.0),
            text: self.q,
            after: cursor(self.after.as_deref())?,
            limit,
        })
    }

    /// Rows asked for.
    pub(super) fn limit(&self) -> Option<u32> {
        self.limit
    }
}

/// A word of a closed list.
fn word<T: FromStr<Err = UnknownWord>>(word: Option<&str>) -> Result<Option<T>, Problem> {
    let read: Result<Option<T>, UnknownWord> = word.map(str::parse).transpose();
    read.map_err(|error| Problem::bad_query(error.to_string()))
}

/// Sessions, newest first. A page may have fewer rows than asked for, or none, and still name a next one: each looks
/// through a bounded part of the journal.
#[utoipa::path(get, path = "/sessions", operation_id = "list_sessions", tag = "sessions", params(ListQuery),
    responses((status = OK, body = Page<SessionBrief>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<SessionBrief>>, Problem> {
    let limit = limit(query.limit, 100, 1000)?;
    let page = state
        .store
        .sessions(asks.scope(Right::See), &query.wanted(limit)?)
        .await?;
    Ok(Json(Page {
        items: page.rows.into_iter().map(SessionBrief::from).collect(),
        next: page.next.map(|id| id.to_string()),
    }))
}

/// One session.
#[utoipa::path(get, path = "/sessions/{id}", operation_id = "one_session", tag = "sessions", params(("id" = i64, Path)),
    responses((status = OK, body = Session)))]
pub(super) async fn one(State(state): State<ApiState>, Path(id): Path<i64>) -> Result<Json<Session>, Problem> {
    Ok(Json(find(&state, id).await?.into()))
}

/// Cancels a session that runs. It ends within 2 s.
#[utoipa::path(delete, path = "/sessions/{id}", operation_id = "cancel_session", tag = "sessions", params(("id" = i64, Path)),
    responses((status = ACCEPTED), (status = NOT_FOUND, description = "It does not run")))]
pub(super) async fn cancel(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    state.handle.cancel(SessionId(id)).await?;
    let session = state.store.session(SessionId(id)).await?;
    let done = Done {
        deed: "session.cancel",
        subject: "session",
        id: id.to_string(),
        name: session.map(|session| session.brief.device.1).unwrap_or_default(),
        before: None,
        after: None,
    };
    state.store.note_order(&asks.actor(), done).await?;
    Ok(StatusCode::ACCEPTED)
}

/// The wire trace of a session.
#[utoipa::path(get, path = "/sessions/{id}/trace", operation_id = "session_trace", tag = "sessions", params(("id" = i64, Path)),
    responses((status = OK, body = Trace)))]
pub(super) async fn trace(State(state): State<ApiState>, Path(id): Path<i64>) -> Result<Json<Trace>, Problem> {
    let session = find(&state, id).await?;
    let text = state.store.trace(SessionId(id)).await?;
    Ok(Json(Trace {
        complete: session.brief.outcome.is_some() && text.is_some(),
        entries: trace::shown(text.as_deref().unwrap_or_default())
            .into_iter()
            .map(entry)
            .collect(),
    }))
}

/// The wire trace of a session as a text recording: a line an entry. Drivers are tested with it, and `uzel replay` holds
/// the session again. Secrets of the device's configuration are left out; bytes stay as they went over the line.
#[utoipa::path(get, path = "/sessions/{id}/trace.txt", operation_id = "session_trace_text", tag = "sessions", params(("id" = i64, Path)),
    responses((status = OK, body = String, content_type = "text/plain")))]
pub(super) async fn trace_text(
    State(state): State<ApiState>,
    Path(id): Path<i64>,
) -> Result<impl IntoResponse, Problem> {
    let session = find(&state, id).await?;
    let text = state.store.trace(SessionId(id)).await?.unwrap_or_default();
    let asked = state.store.asked(SessionId(id)).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"session-{id}.txt\""),
        ),
    ];
    Ok((headers, recording(&session, asked.as_deref(), &text)))
}

async fn find(state: &ApiState, id: i64) -> Result<SessionDetail, Problem> {
    let found = state.store.session(SessionId(id)).await?;
    found.ok_or_else(|| Problem::not_found(format!("there is no session {id}")))
}

pub(super) fn entry(entry: trace::Entry) -> TraceEntry {
    let is_bytes = matches!(entry.kind, EntryKind::Sent | EntryKind::Received);
    let (hex, text) = if is_bytes {
        (Some(spaced(&entry.rest)), None)
    } else {
        (None, Some(entry.rest))
    };
    TraceEntry {
        at_ms: entry.at_ms,
        kind: entry.kind.word(),
        hex,
        text,
    }
}

/// Hex with a blank between bytes.
fn spaced(hex: &str) -> String {
    let mut spaced = String::with_capacity(hex.len() * 3 / 2);
    for (index, digit) in hex.chars().filter(|digit| *digit != ' ').enumerate() {
        if index > 0 && index % 2 == 0 {
            spaced.push(' ');
        }
        spaced.push(digit);
    }
    spaced
}

/// The recording that a driver's tests replay: what is neither bytes nor silence becomes a comment, and so do the times.
fn recording(session: &SessionDetail, asked: Option<&str>, text: &str) -> String {
    let brief = &session.brief;
    let mut lines = vec![format!(
        "# source: session {} with {:?} at {}, driver {} {} ({})",
        brief.id, brief.device.1, brief.started_at, brief.driver, brief.driver_version, brief.driver_digest
    )];
    lines.extend(asked.map(|asked| format!("# asked: {asked}")));
    let mut told_ms = 0;
    for entry in trace::parse(text) {
        let at_ms = entry.at_ms;
        let is_step = matches!(entry.kind, EntryKind::Sent | EntryKind::Received | EntryKind::Timeout);
        if is_step && at_ms != told_ms {
            lines.push(format!("# {at_ms} ms"));
        }
        told_ms = at_ms;
        match entry.kind {
            EntryKind::Sent => lines.push(format!("> {}", spaced(&entry.rest))),
            EntryKind::Received => lines.extend(entry.rest.split(' ').map(|read| format!("< {}", spaced(read)))),
            EntryKind::Timeout => lines.push(format!("~ {}", entry.rest)),
            kind => lines.push(
                format!("# {at_ms} ms {} {}", kind.word(), entry.rest)
                    .trim_end()
                    .to_owned(),
            ),
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

impl From<query::SessionBrief> for SessionBrief {
    fn from(row: query::SessionBrief) -> Self {
        Self {
            id: row.id.0,
            device: row.device.into(),
            line: row.line.into(),
            driver: SessionDriver {
                id: row.driver,
                version: row.driver_version,
                digest: row.driver_digest,
            },
            reason: row.reason,
            started_at: Instant(row.started_at),
            ended_at: row.ended_at.map(Instant),
            outcome: row.outcome.map(OutcomeWord),
            cause: row.outcome.and_then(Outcome::cause).map(Cause::word),
            detail: row.detail,
            records_added: row.records_added,
            values_added: row.values_added,
            bytes_sent: row.bytes_sent,
            bytes_received: row.bytes_received,
            exchanges: row.exchanges,
            retries: row.retries,
        }
    }
}

impl From<SessionDetail> for Session {
    fn from(detail: SessionDetail) -> Self {
        let phase = |phase: crate::store::Phase| Phase {
            name: phase.name,
            started_ms: phase.started_ms,
            ended_ms: phase.ended_ms,
            outcome: phase.outcome,
            records: phase.records,
        };
        Self {
            brief: detail.brief.into(),
            identity: detail.identity.map(|identity| Identity {
                model: identity.model,
                serial: identity.serial,
                firmware: identity.firmware,
                details: identity.details,
            }),
            clock: detail.clock.map(|(shown, offset_ms, uncertainty_ms)| ClockShown {
                shown,
                offset_s: seconds(offset_ms),
                uncertainty_s: seconds(uncertainty_ms),
            }),
            phases: detail.phases.into_iter().map(phase).collect(),
            cpu_ms: detail.counters.cpu_ms,
            wall_ms: detail.counters.wall_ms,
            on_line_s: detail.counters.on_line_s,
            memory_peak_bytes: detail.counters.memory_peak_bytes,
            faults: detail.faults,
        }
    }
}
