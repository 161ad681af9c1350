//! Entries of a device's own journal, and its settings.

use jiff::Timestamp;

use super::record::Value;
use super::time::Civil;

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// For the record.
    Info,
    /// Worth a look.
    Warning,
    /// Counting suffers.
    Alarm,
}

impl Severity {
    /// The word that store, API and screen use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Alarm => "alarm",
        }
    }
}

/// One entry of a device's journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceEvent {
    /// When, as an instant.
    pub at: Timestamp,
    /// When, as the device shows it.
    pub label: Civil,
    /// The meter's own code.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// True when it began, false when it ended, none for what has no length.
    pub began: Option<bool>,
    /// Heat input; 0 is the device as a whole.
    pub point: u8,
    /// What the meter says, or its documents.
    pub text: String,
}

/// One setting of a device as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Stable name.
    pub id: String,
    /// For people.
    pub title: String,
    /// As the meter keeps it.
    pub value: Value,
    /// The meter's unit.
    pub unit: Option<String>,
    /// Whether the driver can write it.
    pub writable: bool,
}
