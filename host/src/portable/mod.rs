//! Readings that travel: what a session gave, in one signed file. `docs/portable-reading.md` describes the format.

mod manifest;
mod package;
mod read;
mod rows;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use manifest::{ClockShown, Device, DriverUsed, FileSum, Manifest, Moved, Program};
pub use package::{Package, PackageError, Trust, digest, pack, unpack};
pub use read::longest;

use crate::model::{Absence, ArchiveKind, DeviceEvent, Setting, Span, Table};

/// Section `import` of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Public keys of those whose readings are taken, as `uzel key new` prints them.
    pub keys: Vec<String>,
    /// Whether `uzel import --unsigned` may take a reading that nobody signed.
    pub unsigned: bool,
}

/// What a session gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// By declaration.
    pub tables: Vec<Table>,
    /// Said to be empty.
    pub absent: Vec<(ArchiveKind, Span, Absence)>,
    /// The device's journal.
    pub events: Vec<DeviceEvent>,
    /// Its settings, when they were read.
    pub settings: Vec<Setting>,
    /// The wire trace.
    pub trace: String,
}
