//! The one word for how a device fares.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::gap::interval_s;
use crate::model::{ArchiveKind, Outcome, RecordKind, Task};
use crate::store::query::DeviceInfo;

/// How a device fares; the first that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum DeviceState {
    /// It is not polled.
    Disabled,
    /// No session with it has ended yet.
    New,
    /// The last session ended by the driver's fault.
    DriverFault,
    /// In the last session the meter never came to speak; or nothing was ever read and the last session failed.
    NoConnection,
    /// Its hourly or daily archive ends more than two intervals and one poll period ago.
    Late,
    /// The last 24 hours of an archive, or the last current values, have abnormal situations.
    Abnormal,
    /// None of these.
    Normal,
}

/// How `device` fares at `now`.
pub(super) fn state(device: &DeviceInfo, now: Timestamp) -> DeviceState {
    if !device.enabled {
        return DeviceState::Disabled;
    }
    let Some(outcome) = device.last_outcome else {
        return DeviceState::New;
    };
    if outcome.blames_driver() {
        return DeviceState::DriverFault;
    }
    let is_good = matches!(outcome, Outcome::Complete | Outcome::Partial);
    if outcome.is_no_connection() || (device.archives.is_empty() && !is_good) {
        return DeviceState::NoConnection;
    }
    if is_late(device, now) {
        return DeviceState::Late;
    }
    if device.archives.iter().any(|archive| archive.conditions_24h > 0) {
        return DeviceState::Abnormal;
    }
    DeviceState::Normal
}

fn is_late(device: &DeviceInfo, now: Timestamp) -> bool {
    let poll_s = i64::from(device.every_minutes) * 60;
    device.archives.iter().any(|archive| {
        let RecordKind::Archive(kind) = archive.kind else {
            return false;
        };
        let is_polled = device.tasks.contains(&Task::Archive(kind));
        let is_short = matches!(kind, ArchiveKind::Hourly | ArchiveKind::Daily);
        is_polled && is_short && now.as_second() - archive.last_end.as_second() > 2 * interval_s(kind) + poll_s
    })
}
