//! What happens, as it happens: server-sent events.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream;
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::ApiState;
use super::dto::{Instant, Named, OutcomeWord};
use super::problem::Problem;
use super::signed_in::SignedIn;
use super::words;
use crate::collect::{Handle, Live, LiveEvent};
use crate::limits;
use crate::model::{Right, SessionId};

/// Progress of a session is told twice a second at most.
const PROGRESS: Duration = Duration::from_millis(500);

/// A session as those who watch see it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LiveSession {
    session: i64,
    device: Named,
    line: Named,
    driver: LiveDriver,
    /// `schedule`, `read-now`, `tunnel`, `control`, `command-line`, `by-hand`.
    #[schema(schema_with = words::reason)]
    reason: &'static str,
    started_at: Instant,
    /// `open`, `identify`, a task's word, `close`.
    phase: String,
    /// Steps done of this phase.
    done: u32,
    /// Steps of this phase; 0 when unknown.
    total: u32,
    bytes_sent: u64,
    bytes_received: u64,
    exchanges: u32,
    records_added: u64,
    /// Null while it runs.
    outcome: Option<OutcomeWord>,
    detail: Option<String>,
    ended_at: Option<Instant>,
}

/// The driver of a running session.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LiveDriver {
    id: String,
    version: String,
}

/// Every running session: the first event of the stream.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LiveSnapshot {
    running: Vec<LiveSession>,
}

/// New records are in the store.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LiveRecords {
    device: i64,
    archive: String,
    added: u64,
    /// End of the last of them.
    last_end: Instant,
    session: i64,
}

/// The watcher was too slow: a fresh snapshot follows.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LiveLagged {
    missed: u64,
}

/// What happens, as it happens. Events: `sessions` (first, and after `lagged`), `session`, `records`, `lagged`.
#[utoipa::path(get, path = "/live", tag = "sessions",
    responses((status = OK, body = String, content_type = "text/event-stream",
        description = "Data of `sessions`: LiveSnapshot; of `session`: LiveSession; of `records`: LiveRecords; of `lagged`: LiveLagged")))]
pub(super) async fn live(State(state): State<ApiState>, asks: SignedIn) -> Result<impl IntoResponse, Problem> {
    let permit = state.streams.clone().try_acquire_owned();
    let permit = permit.map_err(|_| Problem::busy("too many live streams are open"))?;
    let mut tick = interval(PROGRESS);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // First listen, then look: what happens in between is told twice and not lost.
    let events = state.handle.subscribe();
    let mut look = interval(limits::LIVE_LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    look.reset();
    let own = state.store.device_ids(asks.scope(Right::See)).await?;
    let mut watch = Watch {
        events,
        tick,
        look,
        changes: state.access.changes(),
        closing: state.closing.clone(),
        handle: state.handle.clone(),
        board: Board {
            own,
            ..Board::default()
        },
        asks,
        state,
        _permit: permit,
    };
    watch.board.snapshot(&watch.handle);
    let events = stream::unfold(watch, |mut watch| async move {
        let event = watch.next().await?;
        Some((Ok::<_, Infallible>(event), watch))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// One watcher.
struct Watch {
    events: Receiver<LiveEvent>,
    tick: Interval,
    /// When it is looked whether the watcher may still see what it sees.
    look: Interval,
    /// Accounts were changed.
    changes: watch::Receiver<u64>,
    asks: SignedIn,
    state: ApiState,
    closing: CancellationToken,
    handle: Handle,
    board: Board,
    _permit: OwnedSemaphorePermit,
}

impl Watch {
    /// The next event; none when the host goes down.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.board.ready.pop_front() {
                return Some(event);
            }
            tokio::select! {
                () = self.closing.cancelled() => return None,
                event = self.events.recv() => match event {
                    Ok(event) => self.board.take(event),
                    Err(RecvError::Lagged(missed)) => {
                        self.board.push("lagged", &LiveLagged { missed });
                        self.board.snapshot(&self.handle);
                    }
                    Err(RecvError::Closed) => return None,
                },
                _ = self.tick.tick() => self.board.progress(),
                _ = self.look.tick() => if !self.may_go_on().await { return None },
                Ok(()) = self.changes.changed() => if !self.may_go_on().await { return None },
            }
        }
    }
}

impl Watch {
    /// Looks who asks as at the start: he may have been signed out, or see more or less than before.
    async fn may_go_on(&mut self) -> bool {
        if self.asks.token().is_none() {
            return true;
        }
        let state = &self.state;
        let Ok(asks) = self.asks.again(state).await else {
            return false;
        };
        self.asks = asks;
        match state.store.device_ids(self.asks.scope(Right::See)).await {
            Ok(own) => {
                self.board.own = own;
                true
            }
            Err(_) => false,
        }
    }
}

/// What a watcher was told, and what waits to be told.
#[derive(Default)]
struct Board {
    /// Devices of which he is told; none: of all.
    own: Option<HashSet<i64>>,
    ready: VecDeque<Event>,
    known: BTreeSet<SessionId>,
    waiting: BTreeMap<SessionId, Live>,
}

impl Board {
    fn push(&mut self, name: &str, data: &impl Serialize) {
        // These shapes always have JSON; an event without data would only be skipped.
        if let Ok(event) = Event::default().event(name).json_data(data) {
            self.ready.push_back(event);
        }
    }

    fn snapshot(&mut self, handle: &Handle) {
        let mut running = handle.running();
        running.retain(|live| self.is_own(live.device.0.0));
        self.known = running.iter().map(|live| live.session).collect();
        self.waiting.clear();
        let running = running.iter().map(LiveSession::from).collect();
        self.push("sessions", &LiveSnapshot { running });
    }

    fn is_own(&self, device: i64) -> bool {
        self.own.as_ref().is_none_or(|own| own.contains(&device))
    }

    /// Start and end are told at once, progress with the next tick.
    fn take(&mut self, event: LiveEvent) {
        let device = match &event {
            LiveEvent::Session(live) => live.device.0,
            LiveEvent::Records { device, .. } => *device,
        };
        if !self.is_own(device.0) {
            return;
        }
        match event {
            LiveEvent::Session(live) if live.outcome.is_some() => {
                self.known.remove(&live.session);
                self.waiting.remove(&live.session);
                self.push("session", &LiveSession::from(live.as_ref()));
            }
            LiveEvent::Session(live) if self.known.insert(live.session) => {
                self.push("session", &LiveSession::from(live.as_ref()));
            }
            LiveEvent::Session(live) => {
                self.waiting.insert(live.session, *live);
            }
            LiveEvent::Records {
                device,
                kind,
                added,
                last_end,
                session,
            } => self.push(
                "records",
                &LiveRecords {
                    device: device.0,
                    archive: kind.to_string(),
                    added,
                    last_end: Instant(last_end),
                    session: session.0,
                },
            ),
        }
    }

    fn progress(&mut self) {
        for live in std::mem::take(&mut self.waiting).into_values() {
            self.push("session", &LiveSession::from(&live));
        }
    }
}

impl From<&Live> for LiveSession {
    fn from(live: &Live) -> Self {
        Self {
            session: live.session.0,
            device: Named::new(live.device.0.0, live.device.1.as_ref()),
            line: Named::new(live.line.0.0, live.line.1.as_ref()),
            driver: LiveDriver {
                id: live.driver.0.as_ref().to_owned(),
                version: live.driver.1.as_ref().to_owned(),
            },
            reason: live.reason.word(),
            started_at: Instant(live.started_at),
            phase: live.phase.as_ref().to_owned(),
            done: live.done,
            total: live.total,
            bytes_sent: live.bytes_sent,
            bytes_received: live.bytes_received,
            exchanges: live.exchanges,
            records_added: live.records_added,
            outcome: live.outcome.map(OutcomeWord),
            detail: live.detail.clone(),
            ended_at: live.ended_at.map(Instant),
        }
    }
}
