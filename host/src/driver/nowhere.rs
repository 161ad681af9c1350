//! The line and the sink of an instance that has neither.

use std::time::Duration;

use async_trait::async_trait;

use super::context::Usage;
use super::env::{Medium, Port, PortFault, Reading, Sink, SinkFault};
use crate::model::{Absence, ArchiveKind, Column, DeviceEvent, LineSettings, Record, RecordKind, Span};

/// The line and the sink of an instance that only describes itself.
pub(super) struct Nowhere;

#[async_trait]
impl Port for Nowhere {
    fn medium(&self) -> Medium {
        Medium::Replay
    }
    async fn write(&mut self, _bytes: &[u8], _deadline: Duration) -> Result<(), PortFault> {
        Err(PortFault::Denied)
    }
    async fn read(&mut self, _how: Reading) -> Result<Vec<u8>, PortFault> {
        Err(PortFault::Denied)
    }
    async fn purge(&mut self) -> usize {
        0
    }
    async fn configure(&mut self, _settings: LineSettings) -> Result<(), PortFault> {
        Err(PortFault::Denied)
    }
}

#[async_trait]
impl Sink for Nowhere {
    async fn records(
        &mut self,
        _kind: RecordKind,
        _columns: &std::sync::Arc<[Column]>,
        _records: Vec<Record>,
        _resume: Option<Vec<u8>>,
    ) -> Result<(), SinkFault> {
        Ok(())
    }
    async fn absent(&mut self, _kind: ArchiveKind, _span: Span, _why: Absence) -> Result<(), SinkFault> {
        Ok(())
    }
    async fn events(&mut self, _events: Vec<DeviceEvent>) -> Result<(), SinkFault> {
        Ok(())
    }
    fn progress(&mut self, _done: u32, _total: u32, _usage: &Usage) {}
}
