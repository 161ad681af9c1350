//! The manifest of a package: who read what, when, where and with what, and a digest of every other file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What `format` says.
pub(super) const FORMAT: &str = "uzel-reading";

/// What `version` says. A reader refuses any other.
pub(super) const VERSION: u32 = 1;

/// `manifest.json`. Instants are text such as `2026-11-20T11:00:00Z`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `uzel-reading`.
    pub format: String,
    /// 1.
    pub version: u32,
    /// What wrote it.
    pub program: Program,
    /// Who read, in his own words.
    pub by: Option<String>,
    /// What he has to say about it.
    pub note: Option<String>,
    /// When the session began.
    pub started_at: String,
    /// When it ended.
    pub ended_at: String,
    /// The driver.
    pub driver: DriverUsed,
    /// The device that answered.
    pub device: Device,
    /// The line at the site, such as `serial:/dev/ttyUSB0`.
    pub line: String,
    /// Zone of the site, IANA name.
    pub zone: String,
    /// `standard` or `zone`: whether the device follows the zone's summer time.
    pub clock_rule: String,
    /// The device's clock beside the reader's, when it was read.
    pub clock: Option<ClockShown>,
    /// How the session ended: a word of the journal.
    pub outcome: String,
    /// What exactly was wrong.
    pub detail: Option<String>,
    /// Faults of the driver that did not end it.
    pub faults: Vec<String>,
    /// What the session was asked, the driver's configuration without its secrets among it: for a replay.
    pub asked: serde_json::Value,
    /// What it moved.
    pub moved: Moved,
    /// Every other file but the signature, by name.
    pub files: BTreeMap<String, FileSum>,
}

/// A program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// `uzel`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriverUsed {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its file, hex.
    pub digest: String,
}

/// A device, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Id of a model in the driver's description.
    pub model: String,
    /// Serial number.
    pub serial: Option<String>,
    /// Version of its own program.
    pub firmware: Option<String>,
    /// For people.
    pub details: Vec<(String, String)>,
}

/// What a clock showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockShown {
    /// Civil time without zone.
    pub shown: String,
    /// When, by the reader's clock.
    pub at: String,
    /// Device minus reader, milliseconds.
    pub offset_ms: i64,
    /// Give or take.
    pub uncertainty_ms: u32,
}

/// What a session moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moved {
    /// Questions.
    pub exchanges: u32,
    /// Questions asked again.
    pub retries: u32,
    /// To the device.
    pub bytes_sent: u64,
    /// From the device.
    pub bytes_received: u64,
    /// Length of the session.
    pub wall_ms: u64,
}

/// One file of the package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSum {
    /// Its length.
    pub bytes: u64,
    /// SHA-256, hex.
    pub sha256: String,
}
