//! What one session's instance works with: its line, its sink, its budgets, its trace.

mod transfer;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wasmtime::component::ResourceTable;

use super::env::{Budget, LimitHit, Port, Sink, SinkFault};
use super::guard::Busy;
use crate::limits;
use crate::model::trace::{EntryKind, Trace};
use crate::model::{ClockRule, Column, LabelRule, Outcome, RecordKind};

pub use transfer::Transfer;

/// The port, as the guest holds it: there is one, and the context has it.
#[derive(Debug)]
pub struct PortHandle;

/// The sink, as the guest holds it: there is one, and the context has it.
#[derive(Debug)]
pub struct SinkHandle;

/// What the session is given.
pub struct Surroundings {
    /// The line.
    pub port: Box<dyn Port>,
    /// Where records go.
    pub sink: Box<dyn Sink>,
    /// How the device's clock relates to UTC.
    pub clock: ClockRule,
    /// What the driver remembered of the device.
    pub memory: BTreeMap<String, Vec<u8>>,
    /// What it may use.
    pub budget: Budget,
    /// Told when the session must stop.
    pub cancel: CancellationToken,
}

/// What a session used and moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// Questions: exchanges and writes.
    pub exchanges: u32,
    /// Questions asked again: the same bytes as the question before.
    pub retries: u32,
    /// To the meter.
    pub bytes_sent: u64,
    /// From the meter.
    pub bytes_received: u64,
    /// Rows and events given.
    pub rows: u64,
    /// Log lines and notes.
    pub log_lines: u32,
    /// Host calls that wait.
    pub calls: u32,
    /// Epoch ticks counted against the guest.
    pub cpu_ticks: u32,
    /// Most linear memory, bytes.
    pub memory_peak_bytes: usize,
}

/// The columns in force.
#[derive(Debug, Clone)]
pub struct Declared {
    /// In order.
    pub columns: Arc<[Column]>,
    /// How labels are meant.
    pub labels: LabelRule,
}

/// One session's instance state.
pub struct Context {
    pub(super) table: ResourceTable,
    pub(super) port: Box<dyn Port>,
    pub(super) sink: Box<dyn Sink>,
    pub(super) clock: ClockRule,
    pub(super) memory: BTreeMap<String, Vec<u8>>,
    pub(super) memory_changed: bool,
    pub(super) kind: RecordKind,
    pub(super) declared: Option<Declared>,
    pub(super) usage: Usage,
    pub(super) hit: Option<LimitHit>,
    pub(super) faults: Vec<String>,
    pub(super) faults_more: u64,
    /// Whether a call to the sink was refused since the call of the driver began.
    pub(super) refused: bool,
    /// Why the sink took nothing more, and how the session ends by that.
    pub(super) not_taken: Option<(Outcome, String)>,
    /// What the line said when it was lost, and the outcome that it means.
    pub(super) lost: Option<(Outcome, String)>,
    /// What the line said when no answer came last.
    pub(super) silent: Option<String>,
    pub(super) trace: Trace,
    trace_full: bool,
    /// The last question, as a hash: thousands of sessions wait at once.
    asked: Option<u64>,
    /// Of all memories together.
    pub(super) memory_bytes: usize,
    /// Of all tables together.
    pub(super) table_elements: usize,
    pub(super) budget: Budget,
    pub(super) cancel: CancellationToken,
    /// Set by every host call that waits: the tick that follows is not the guest's.
    pub(super) parked: bool,
    /// Processor time of the guest and of the host's part of its calls.
    pub(super) busy: Arc<Busy>,
    started: Instant,
    started_at: Timestamp,
}

impl Context {
    /// The state of a session that starts now, at `started_at`.
    pub fn new(surroundings: Surroundings, started_at: Timestamp) -> Self {
        let Surroundings {
            port,
            sink,
            clock,
            memory,
            budget,
            cancel,
        } = surroundings;
        Self {
            table: ResourceTable::new(),
            port,
            sink,
            clock,
            memory,
            memory_changed: false,
            kind: RecordKind::Current,
            declared: None,
            usage: Usage::default(),
            hit: None,
            faults: Vec::new(),
            faults_more: 0,
            refused: false,
            not_taken: None,
            lost: None,
            silent: None,
            trace: Trace::default(),
            trace_full: false,
            asked: None,
            memory_bytes: 0,
            table_elements: 0,
            budget,
            cancel,
            parked: false,
            busy: Arc::default(),
            started: Instant::now(),
            // As the journal keeps it, so that a recorded session tells its driver the same times again.
            started_at: Timestamp::from_millisecond(started_at.as_millisecond()).unwrap_or(started_at),
        }
    }

    /// Time since the session started.
    fn elapsed(&self) -> Duration {
        self.port.elapsed().unwrap_or_else(|| self.started.elapsed())
    }

    /// Milliseconds since the session started.
    pub fn at_ms(&self) -> u64 {
        u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Tells the time: that of the start, moved on by a clock that never jumps. It is noted in the trace, as what the
    /// driver makes of it can only be repeated with the same time.
    pub fn now(&mut self) -> Timestamp {
        self.port.tell_time();
        self.trace_text(EntryKind::Moment, "");
        let since = Duration::from_millis(self.at_ms());
        self.started_at.saturating_add(since).unwrap_or(self.started_at)
    }

    /// What is left of the session's wall time.
    pub fn time_left(&self) -> Duration {
        self.budget.wall.saturating_sub(self.elapsed())
    }

    /// Names a fault of the driver that does not end the session.
    pub fn fault(&mut self, text: String) {
        if self.faults.len() < limits::FAULTS {
            self.faults.push(text);
        } else {
            self.faults_more += 1;
        }
    }

    /// Records that a bound was hit and gives the first that was: it tells how the session ends.
    pub fn limit(&mut self, outcome: Outcome, text: String) -> LimitHit {
        self.hit.get_or_insert(LimitHit { outcome, text }).clone()
    }

    fn trace_bytes(&mut self, kind: EntryKind, bytes: &[u8]) {
        if self.trace_open(bytes.len() * 2) {
            let at_ms = self.at_ms();
            self.trace.bytes(at_ms, kind, bytes);
        }
    }

    /// Adds a remark to the trace.
    pub fn trace_text(&mut self, kind: EntryKind, text: &str) {
        if self.trace_open(text.len()) {
            let at_ms = self.at_ms();
            self.trace.text(at_ms, kind, text);
        }
    }

    fn trace_open(&mut self, more: usize) -> bool {
        if !self.trace_full && self.trace.len() + more > limits::TRACE_BYTES {
            self.trace_full = true;
            let at_ms = self.at_ms();
            let text = format!("warn: trace is cut at {} bytes", limits::TRACE_BYTES);
            self.trace.text(at_ms, EntryKind::Log, &text);
        }
        !self.trace_full
    }

    /// Counts a log line or note.
    pub fn count_log_line(&mut self) -> Result<(), LimitHit> {
        self.usage.log_lines += 1;
        if self.usage.log_lines > self.budget.log_lines {
            let text = format!("more than {} log lines and notes", self.budget.log_lines);
            return Err(self.limit(Outcome::LimitLog, text));
        }
        Ok(())
    }

    /// Counts rows or events.
    pub fn count_rows(&mut self, rows: usize) -> Result<(), LimitHit> {
        self.usage.rows = self.usage.rows.saturating_add(u64::try_from(rows).unwrap_or(u64::MAX));
        if self.usage.rows > self.budget.rows {
            let text = format!("more than {} rows and events", self.budget.rows);
            return Err(self.limit(Outcome::LimitRows, text));
        }
        Ok(())
    }

    /// Counts a host call that waits.
    pub fn count_call(&mut self) -> Result<(), LimitHit> {
        self.usage.calls += 1;
        if self.usage.calls > self.budget.calls {
            let text = format!("more than {} calls that wait", self.budget.calls);
            return Err(self.limit(Outcome::LimitBytes, text));
        }
        Ok(())
    }

    /// Notes that the store did not take something: the session ends with it.
    pub fn stored(&mut self, result: Result<(), SinkFault>) -> Result<(), LimitHit> {
        self.parked = true;
        result.map_err(|SinkFault { text, outcome }| {
            self.not_taken = Some((outcome, text.clone()));
            LimitHit { outcome, text }
        })
    }

    /// Keeps `value` under `key` for the next session.
    pub fn remember(&mut self, key: String, value: Vec<u8>) -> Result<(), String> {
        if key.len() > limits::MEMORY_KEY_BYTES {
            return Err(format!(
                "key has {} bytes, at most {} may",
                key.len(),
                limits::MEMORY_KEY_BYTES
            ));
        }
        let others: usize = self
            .memory
            .iter()
            .filter(|(k, _)| **k != key)
            .map(|(k, v)| k.len() + v.len())
            .sum();
        let total = others + key.len() + value.len();
        if total > limits::MEMORY_BYTES {
            return Err(format!("{total} bytes in all, at most {} may", limits::MEMORY_BYTES));
        }
        self.memory_changed |= self.memory.get(&key) != Some(&value);
        self.memory.insert(key, value);
        Ok(())
    }
}
