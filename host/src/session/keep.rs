//! A sink that keeps everything that a session gives.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::driver::Usage;
use crate::driver::env::{Sink, SinkFault};
use crate::model::{Absence, ArchiveKind, Column, DeviceEvent, Record, RecordKind, Span, Table};

/// What a session gave.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    /// By declaration.
    pub tables: Vec<Table>,
    /// Said to be empty.
    pub absent: Vec<(ArchiveKind, Span, Absence)>,
    /// The device's journal.
    pub events: Vec<DeviceEvent>,
    /// The last token of the driver, and the archive that it belongs to.
    pub resume: Option<(ArchiveKind, Vec<u8>)>,
}

impl Taken {
    /// Records with their columns, in the order given.
    pub fn records(&self) -> impl Iterator<Item = (&[Column], &Record)> {
        self.tables.iter().flat_map(Table::rows)
    }
}

/// Keeps everything in memory; the session's budget of rows is its bound.
#[derive(Clone, Default)]
pub struct Keep {
    taken: Arc<Mutex<Taken>>,
    told: Option<Arc<dyn Fn(u32, u32) + Send + Sync>>,
}

impl Keep {
    /// One that tells how many of how many are done.
    pub fn telling(told: impl Fn(u32, u32) + Send + Sync + 'static) -> Self {
        Self {
            told: Some(Arc::new(told)),
            ..Self::default()
        }
    }

    /// Everything that came.
    pub fn take(&self) -> Taken {
        std::mem::take(&mut *self.taken())
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut taken = self.taken();
        if let RecordKind::Archive(kind) = kind {
            taken.resume = resume.map(|token| (kind, token));
        }
        match taken.tables.last_mut() {
            Some(table) if table.kind == kind && table.columns == *columns => table.records.extend(records),
            _ => taken.tables.push(Table {
                kind,
                columns: columns.clone(),
                records,
            }),
        }
        Ok(())
    }

    async fn absent(&mut self, kind: ArchiveKind, span: Span, why: Absence) -> Result<(), SinkFault> {
        self.taken().absent.push((kind, span, why));
        Ok(())
    }

    async fn events(&mut self, events: Vec<DeviceEvent>) -> Result<(), SinkFault> {
        self.taken().events.extend(events);
        Ok(())
    }

    fn progress(&mut self, done: u32, total: u32, _usage: &Usage) {
        if let Some(told) = &self.told {
            told(done, total);
        }
    }
}
