//! One session of the kit: the production's own session code and limits, on a line of the kit's.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::ConformanceError;
use super::recording::Recording;
use crate::driver::env::{Budget, Sink, SinkFault};
use crate::driver::{Driver, Usage};
use crate::model::{Absence, ArchiveKind, Column, DeviceEvent, Record, RecordKind, Span, Task};
use crate::portable::Table;
use crate::session::{Assignment, Order, Over, Report, replay};

/// What a session gave.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) report: Report,
    pub(super) given: Given,
}

/// What went to the sink.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) tables: Vec<Table>,
    pub(super) absent: Vec<(ArchiveKind, Span, Absence)>,
    pub(super) events: Vec<DeviceEvent>,
    /// The last token, and the archive that it belongs to.
    pub(super) resume: Option<(ArchiveKind, Vec<u8>)>,
}

impl Given {
    /// Records that came.
    pub(super) fn records(&self) -> impl Iterator<Item = (&[Column], &Record)> {
        let tables = self.tables.iter();
        tables.flat_map(|table| table.records.iter().map(|record| (&*table.columns, record)))
    }
}

/// How a session differs from the recorded one.
pub(super) struct Setup {
    pub(super) over: Over,
    pub(super) tasks: Vec<Assignment>,
    pub(super) budget: Budget,
    pub(super) cancel: CancellationToken,
}

impl Setup {
    /// What was recorded, over another line.
    pub(super) fn new(recording: &Recording, over: Over) -> Result<Self, ConformanceError> {
        Ok(Self {
            over,
            tasks: recording.asked.assignments()?,
            budget: Budget::default(),
            cancel: CancellationToken::new(),
        })
    }

    /// With time enough for a line that makes the driver ask again and again.
    pub(super) fn patient(mut self) -> Self {
        self.budget.wall = Duration::from_secs(7 * 24 * 3_600);
        self
    }

    /// From the archive that was cut on.
    pub(super) fn resumed(mut self, token: Option<&(ArchiveKind, Vec<u8>)>) -> Self {
        if let Some((kind, token)) = token {
            let cut = self.tasks.iter_mut().find(|one| one.task == Task::Archive(*kind));
            if let Some(cut) = cut {
                cut.resume = Some(token.clone());
            }
        }
        self
    }
}

/// Holds a session as `recording` was held.
pub(super) async fn hold(driver: &Arc<Driver>, recording: &Recording, setup: Setup) -> Result<Held, ConformanceError> {
    let asked = &recording.asked;
    let order = Order {
        driver: driver.clone(),
        config: recording.config.clone(),
        over: setup.over,
        clock: asked.clock()?,
        serial: asked.serial.clone(),
        model: asked.model.clone(),
        tasks: setup.tasks,
        set_clock: asked.set_clock()?,
        memory: asked.memory()?,
        budget: setup.budget,
        answers_within: None,
        cancel: setup.cancel,
        started_at: asked.started_at()?,
    };
    let keep = Keep::default();
    let report = replay(order, Box::new(keep.clone()), &|_, _| {}).await;
    let given = std::mem::take(&mut *keep.all());
    Ok(Held { report, given })
}

/// Keeps everything in memory; the session's budget of rows is its bound.
#[derive(Debug, Clone, Default)]
struct Keep(Arc<Mutex<Given>>);

impl Keep {
    fn all(&self) -> MutexGuard<'_, Given> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Sink for Keep {
    async fn records(
        &mut self,
        kind: RecordKind,
        columns: &Arc<[Column]>,
        records: Vec<Record>,
        resume: Option<Vec<u8>>,
    ) -> Result<(), SinkFault> {
        let mut given = self.all();
        if let RecordKind::Archive(kind) = kind {
            given.resume = resume.map(|token| (kind, token));
        }
        match given.tables.last_mut() {
            Some(table) if table.kind == kind && Arc::ptr_eq(&table.columns, columns) => table.records.extend(records),
            _ => given.tables.push(Table {
                kind,
                columns: columns.clone(),
                records,
            }),
        }
        Ok(())
    }

    async fn absent(&mut self, kind: ArchiveKind, span: Span, why: Absence) -> Result<(), SinkFault> {
        self.all().absent.push((kind, span, why));
        Ok(())
    }

    async fn events(&mut self, events: Vec<DeviceEvent>) -> Result<(), SinkFault> {
        self.all().events.extend(events);
        Ok(())
    }

    fn progress(&mut self, _done: u32, _total: u32, _usage: &Usage) {}
}
