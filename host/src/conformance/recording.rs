//! A recording as the kit holds it: what was asked, what the line carried, what came of it.

use std::sync::Arc;

use serde_json::Value;

use super::ConformanceError;
use crate::driver::env::Budget;
use crate::driver::{Driver, check_config};
use crate::portable::{Manifest, Reading, Trust, unpack};
use crate::session::{Asked, Exchange, Script};

/// A recording that can be held with a driver.
#[derive(Debug)]
pub(super) struct Recording {
    /// Its file's name.
    pub(super) name: String,
    pub(super) manifest: Manifest,
    pub(super) reading: Reading,
    pub(super) asked: Asked,
    /// What `identify` gets.
    pub(super) config: Value,
    /// What a session with the driver may use.
    pub(super) budget: Budget,
    pub(super) script: Script,
    pub(super) exchanges: Arc<[Exchange]>,
}

impl Recording {
    /// Reads the bytes of a recording. `given` holds configuration keys that stand above the recorded ones: secrets are
    /// not in a recording.
    pub(super) fn open(name: &str, bytes: &[u8], driver: &Driver, given: &Value) -> Result<Self, ConformanceError> {
        let fault = |text: String| ConformanceError::Recording {
            name: name.to_owned(),
            text,
        };
        let package = unpack(bytes, Trust::Anybody).map_err(|error| fault(error.to_string()))?;
        let asked: Asked =
            serde_json::from_value(package.manifest.asked.clone()).map_err(|error| fault(error.to_string()))?;
        let script = Script::parse(&package.reading.trace).map_err(|error| fault(error.to_string()))?;
        let mut config = asked.config.clone();
        if let (Value::Object(config), Value::Object(given)) = (&mut config, given) {
            config.extend(given.clone());
        }
        let config = check_config(&driver.describe, &config).map_err(|error| fault(error.to_string()))?;
        Ok(Self {
            name: name.to_owned(),
            exchanges: script.exchanges().into(),
            manifest: package.manifest,
            reading: package.reading,
            asked,
            config,
            budget: driver.budget(),
            script,
        })
    }

    /// Records and events that it holds.
    pub(super) fn rows(&self) -> usize {
        let records = self.reading.tables.iter().map(|table| table.records.len());
        records.sum::<usize>() + self.reading.events.len()
    }

    /// Whether the meter speaks by itself, and nobody asks it.
    pub(super) fn is_unasked(&self) -> bool {
        self.exchanges.first().is_some_and(Exchange::is_unasked)
    }

    /// The numbers of up to `most` questions, spread evenly from the second to the last. Where the meter speaks by itself
    /// that is the only one.
    pub(super) fn places(&self, most: usize) -> Vec<usize> {
        if self.is_unasked() {
            return vec![0];
        }
        let last = self.exchanges.len().saturating_sub(1);
        let step = last.div_ceil(most.max(1)).max(1);
        (1..=last).step_by(step).collect()
    }
}
