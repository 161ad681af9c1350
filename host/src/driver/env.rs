//! What a driver's session needs of its surroundings. The session module implements it over lines and the store.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::context::Usage;
use crate::model::{Absence, ArchiveKind, Column, DeviceEvent, LineSettings, Outcome, Record, RecordKind, Span};

/// What kind of line it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// A serial port.
    Serial,
    /// A byte pipe over TCP.
    Tcp,
    /// A recorded session.
    Replay,
}

impl Medium {
    /// The word that traces use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::Tcp => "tcp",
            Self::Replay => "replay",
        }
    }
}

/// When a read is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// So many bytes.
    Length(usize),
    /// This byte, included.
    Delimiter(u8),
    /// Silence after at least one byte.
    Silence(Duration),
    /// Whatever has come, at least one byte.
    Any,
}

/// One read: complete by `until` or at `max` bytes, given up after `deadline`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// When it is complete.
    pub until: Until,
    /// Most bytes.
    pub max: usize,
    /// From the call on.
    pub deadline: Duration,
}

/// Why a transfer did not happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortFault {
    /// The deadline passed; these bytes came.
    Timeout(Vec<u8>),
    /// The far end went away: in what words.
    Closed(String),
    /// Something on the way says that the line serves another: in what words.
    Busy(String),
    /// Something on the way says that the meter does not answer it: in what words.
    Silent(String),
    /// The line has no such thing.
    Denied,
}

/// The line as a driver sees it.
#[async_trait]
pub trait Port: Send {
    /// What kind of line it is.
    fn medium(&self) -> Medium;
    /// Sends all bytes.
    async fn write(&mut self, bytes: &[u8], deadline: Duration) -> Result<(), PortFault>;
    /// Reads.
    async fn read(&mut self, how: Reading) -> Result<Vec<u8>, PortFault>;
    /// Drops what came and nobody read; returns how many bytes.
    async fn purge(&mut self) -> usize;
    /// Changes the line.
    async fn configure(&mut self, settings: LineSettings) -> Result<(), PortFault>;
    /// How long a call was up that somebody pays for.
    fn on_line(&self) -> Duration {
        Duration::ZERO
    }
    /// Gives the line back when the session is over.
    async fn close(&mut self) {}
    /// Time since the session started by the line's own clock, which a recorded session brings with it. None: the
    /// machine's clock holds.
    fn elapsed(&self) -> Option<Duration> {
        None
    }
    /// Lets time pass by that clock. False: there is none, and the caller has to wait.
    fn pass(&mut self, _wait: Duration) -> bool {
        false
    }
    /// The driver is about to be told the time.
    fn tell_time(&mut self) {}
}

/// Where decoded records go. A call returns when they are durable.
#[async_trait]
pub trait Sink: Send {
    /// Records under one declaration; `resume` belongs to the archive that is being read.
    async fn records(
        &mut self,
        kind: RecordKind,
        columns: &Arc<[Column]>,
        records: Vec<Record>,
        resume: Option<Vec<u8>>,
    ) -> Result<(), SinkFault>;
    /// The device has nothing there.
    async fn absent(&mut self, kind: ArchiveKind, span: Span, why: Absence) -> Result<(), SinkFault>;
    /// The device's clock is so far ahead of ours: what it has not reached is not absent.
    fn clock_seen(&mut self, _offset_ms: i64) {}
    /// Entries of the device's journal.
    async fn events(&mut self, events: Vec<DeviceEvent>) -> Result<(), SinkFault>;
    /// For the person who watches.
    fn progress(&mut self, done: u32, total: u32, usage: &Usage);
}

/// It was not taken, and the session ends.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct SinkFault {
    /// What is wrong.
    pub text: String,
    /// How the session ends.
    pub outcome: Outcome,
}

/// What one session may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Linear memory, bytes.
    pub memory_bytes: usize,
    /// Elements of all tables.
    pub table_elements: usize,
    /// Processor time, in ticks of [`crate::limits::TICK_MS`].
    pub cpu_ticks: u32,
    /// Wall time of the whole session.
    pub wall: Duration,
    /// Bytes both ways.
    pub bytes: u64,
    /// Rows and events.
    pub rows: u64,
    /// Log lines and notes.
    pub log_lines: u32,
    /// Host calls that wait: exchanges, reads, writes, sleeps, and those that store.
    pub calls: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            memory_bytes: 16 << 20,
            table_elements: 20_000,
            cpu_ticks: 500,
            wall: Duration::from_secs(1_800),
            bytes: 16 << 20,
            rows: 200_000,
            log_lines: 50_000,
            calls: 200_000,
        }
    }
}

/// A bound that a session hit: which, and in what words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct LimitHit {
    /// The outcome that it means.
    pub outcome: Outcome,
    /// Names the bound and its value.
    pub text: String,
}
