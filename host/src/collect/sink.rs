//! Where a session's results go: into the store, and to those who watch.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::SignedDuration;
use tokio::time::{Duration, Instant};

use super::handle::{Board, Live, LiveEvent};
use super::plan::windows_text;
use crate::driver::Usage;
use crate::driver::env::{Sink, SinkFault};
use crate::model::{Absence, ArchiveKind, Column, DeviceEvent, Outcome, Record, RecordKind, Span, Task};
use crate::schedule::shortest;
use crate::session::Assignment;
use crate::store::{RecordBatch, Store, StoreError};

/// Progress is shown this often at most; starts and ends of phases always.
const SHOWN_EVERY: Duration = Duration::from_millis(500);

/// A session as it is shown, and what it brought.
#[derive(Debug)]
pub struct Shown {
    board: Arc<Board>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    live: Live,
    shown: Instant,
    values_added: u64,
    incidents: u64,
    has_absences: bool,
}

impl Shown {
    /// Shows a session that starts.
    pub fn new(board: Arc<Board>, live: Live) -> Arc<Self> {
        board.show(live.clone());
        Arc::new(Self {
            board,
            state: Mutex::new(State {
                live,
                shown: Instant::now(),
                values_added: 0,
                incidents: 0,
                has_absences: false,
            }),
        })
    }

    fn change(&self, always: bool, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        if always || state.shown.elapsed() >= SHOWN_EVERY {
            state.shown = Instant::now();
            self.board.show(state.live.clone());
        }
    }

    /// A phase begins.
    pub fn phase(&self, phase: &str, usage: &Usage) {
        self.change(true, |state| {
            state.live.phase = phase.into();
            (state.live.done, state.live.total) = (0, 0);
            used(&mut state.live, usage);
        });
    }

    /// The session ends.
    pub fn end(&self, change: impl FnOnce(&mut Live)) {
        self.change(true, |state| change(&mut state.live));
    }

    /// Records and values new in the store, and records that came back different.
    pub fn brought(&self) -> (u64, u64, u64) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.live.records_added, state.values_added, state.incidents)
    }

    /// Whether the device said of a part of an archive that it has no records there.
    pub fn has_absences(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).has_absences
    }
}

/// Takes over what was used so far.
pub fn used(live: &mut Live, usage: &Usage) {
    live.bytes_sent = usage.bytes_sent;
    live.bytes_received = usage.bytes_received;
    live.exchanges = usage.exchanges;
}

/// The sink of one session.
pub struct StoreSink {
    /// Where to.
    pub store: Store,
    /// How it is shown: says whose and which session it is.
    pub shown: Arc<Shown>,
    /// What was asked: resume tokens belong to it.
    pub assignments: Arc<[Assignment]>,
    /// How far the device's clock is ahead of ours.
    pub offset_ms: i64,
    /// Whether the driver is on trial: what it gives otherwise than it is stored is not taken.
    pub on_trial: bool,
}

impl StoreSink {
    fn who(&self) -> (crate::model::DeviceId, crate::model::SessionId) {
        let state = self.shown.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.live.device.0, state.live.session)
    }

    fn windows(&self, kind: ArchiveKind) -> String {
        let asked = self
            .assignments
            .iter()
            .find(|assignment| assignment.task == Task::Archive(kind));
        asked
            .map(|assignment| windows_text(&assignment.spans))
            .unwrap_or_default()
    }
}

fn fault(error: &StoreError) -> SinkFault {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        text.push_str(": ");
        text.push_str(&source.to_string());
        cause = source.source();
    }
    SinkFault {
        text,
        outcome: Outcome::Storage,
    }
}

#[async_trait]
impl Sink for StoreSink {
    async fn records(
        &mut self,
        kind: RecordKind,
        columns: &Arc<[Column]>,
        records: Vec<Record>,
        resume: Option<Vec<u8>>,
    ) -> Result<(), SinkFault> {
        let (device, session) = self.who();
        let resume = match (kind, resume) {
            (RecordKind::Archive(kind), Some(token)) => Some((kind, self.windows(kind), token)),
            _ => None,
        };
        let last_end = records.iter().map(|record| record.ends_at).max();
        let values = u64::try_from(columns.len()).unwrap_or(0);
        if self.on_trial {
            let changed = self.store.changed_records(device, session, columns, &records).await;
            if let Some(first) = changed.map_err(|error| fault(&error))?.first() {
                let text = format!("the driver is on trial and gives values otherwise than they are stored: {first}");
                return Err(SinkFault {
                    text,
                    outcome: Outcome::DriverFault,
                });
            }
        }
        let batch = RecordBatch {
            device,
            session,
            columns: columns.clone(),
            records,
            resume,
        };
        let stored = self.store.put_records(batch).await.map_err(|error| fault(&error))?;
        self.shown.change(false, |state| {
            state.live.records_added += stored.added;
            state.values_added += stored.added * values;
            state.incidents += stored.changed;
        });
        if let Some(last_end) = last_end
            && stored.added + stored.changed > 0
        {
            let added = stored.added + stored.changed;
            self.shown.board.tell(LiveEvent::Records {
                device,
                kind,
                added,
                last_end,
                session,
            });
        }
        Ok(())
    }

    async fn absent(&mut self, kind: ArchiveKind, span: Span, why: Absence) -> Result<(), SinkFault> {
        let (device, session) = self.who();
        // What ended only now may still be written: the device is asked again until that is past. Where one of the two
        // clocks is wrong the earlier one counts: a span that is yet to come would be taken for empty for ever.
        let settle = shortest(kind) + shortest(kind).min(SignedDuration::from_hours(24));
        let behind = SignedDuration::from_millis(self.offset_ms.min(0));
        let settled = self.store.now().checked_add(behind - settle).unwrap_or(span.start);
        let span = Span {
            start: span.start,
            end: span.end.min(settled),
        };
        if span.start >= span.end {
            return Ok(());
        }
        self.store
            .put_absence(device, session, kind, span, why)
            .await
            .map_err(|error| fault(&error))?;
        self.shown.change(false, |state| state.has_absences = true);
        Ok(())
    }

    async fn events(&mut self, events: Vec<DeviceEvent>) -> Result<(), SinkFault> {
        let (device, session) = self.who();
        self.store
            .put_events(device, session, &events)
            .await
            .map(drop)
            .map_err(|error| fault(&error))
    }

    fn clock_seen(&mut self, offset_ms: i64) {
        self.offset_ms = offset_ms;
    }

    fn progress(&mut self, done: u32, total: u32, usage: &Usage) {
        self.shown.change(false, |state| {
            (state.live.done, state.live.total) = (done, total);
            used(&mut state.live, usage);
        });
    }
}
