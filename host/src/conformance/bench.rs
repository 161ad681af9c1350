//! What a driver costs: processor time of its own recordings.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::ConformanceError;
use super::hold::{Setup, hold};
use super::recording::Recording;
use crate::driver::{Driver, Runtime};
use crate::session::{Over, Replay};

/// One recording, held again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// Which.
    pub recording: String,
    /// How many times.
    pub rounds: u32,
    /// Questions of one round.
    pub exchanges: u32,
    /// Values that one round decodes: cells of records.
    pub values: usize,
    /// Records that one round decodes.
    pub records: usize,
    /// Processor time of one round, the median.
    pub busy: Duration,
    /// Linear memory at most, bytes.
    pub memory_bytes: usize,
}

impl Measure {
    /// Processor time of one question and its answer.
    pub fn an_exchange(&self) -> Duration {
        self.busy / self.exchanges.max(1)
    }

    /// Processor time of one decoded value; none: it decodes none.
    pub fn a_value(&self) -> Option<Duration> {
        let values = u32::try_from(self.values).unwrap_or(u32::MAX);
        (values > 0).then(|| self.busy / values)
    }
}

/// Holds each recording `rounds` times with the component.
///
/// # Errors
/// The component or a recording cannot be used.
pub async fn measure(
    runtime: &Runtime,
    component: &[u8],
    file: &Path,
    recordings: &[(String, Vec<u8>)],
    config: &Value,
    rounds: u32,
) -> Result<Vec<Measure>, ConformanceError> {
    let driver = Arc::new(Driver::load(runtime, component, file)?);
    let mut measures = Vec::new();
    for (name, bytes) in recordings {
        let recording = Recording::open(name, bytes, &driver, config)?;
        let mut measure = Measure {
            recording: name.clone(),
            rounds: rounds.max(1),
            exchanges: 0,
            values: 0,
            records: 0,
            busy: Duration::ZERO,
            memory_bytes: 0,
        };
        let mut busy = Vec::new();
        for _ in 0..measure.rounds {
            let replayed = Replay::new(recording.script.clone(), recording.asked.medium()?);
            let setup = Setup::new(&recording, Over::Trace(replayed))?.patient();
            let held = hold(&driver, &recording, setup).await?;
            measure.exchanges = held.report.usage.exchanges;
            measure.memory_bytes = held.report.usage.memory_peak_bytes;
            measure.records = held.given.records().count();
            measure.values = held.given.records().map(|(_, record)| record.cells.len()).sum();
            busy.push(held.report.busy);
        }
        busy.sort_unstable();
        measure.busy = busy.get(busy.len() / 2).copied().unwrap_or_default();
        measures.push(measure);
    }
    Ok(measures)
}
