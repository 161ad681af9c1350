//! The one word for how a device fares.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::gap::interval_s;
use crate::model::{ArchiveKind, Outcome, RecordKind};
use crate::store::query::DeviceInfo;

/// How a device fares; the first that holds: `disabled`, it is not polled; `new`, no session with it has ended yet;
/// `driver-fault`, the last session ended by the driver's fault; `no-connection`, in the last session the meter never
/// came to speak, or nothing was ever read and the last session failed; `late`, its hourly or daily archive ends more
/// than two intervals and one poll period ago; `abnormal`, the last 24 hours of an archive, or the last current values,
/// have abnormal situations that are not only information; `normal`.
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
    if !device.enabled || device.archived_at.is_some() {
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
    device.archives.iter().any(|archive| {
        let RecordKind::Archive(kind) = archive.kind else {
            return false;
        };
        let is_short = matches!(kind, ArchiveKind::Hourly | ArchiveKind::Daily);
        let polled = device
            .schedule
            .wait_for(kind, &device.time_zone, now)
            .filter(|_| is_short);
        polled.is_some_and(|period| {
            now.as_second() - archive.last_end.as_second() > 2 * interval_s(kind) + period.as_secs()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DeviceId;
    use crate::store::query::ArchiveInfo;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + hours * 3600).unwrap()
    }

    /// Polled every hour, with hours until `last_end` hours after the start.
    fn device(last_outcome: Option<Outcome>, last_end: Option<i64>, conditions_24h: i64) -> DeviceInfo {
        let kind = RecordKind::Archive(ArchiveKind::Hourly);
        let archive = |end| ArchiveInfo {
            kind,
            records: 1,
            first_start: at(0),
            last_end: at(end),
            conditions_24h,
        };
        DeviceInfo {
            id: DeviceId(1),
            name: String::new(),
            serial: None,
            model: None,
            enabled: true,
            site: (1, String::new()),
            time_zone: "UTC".to_owned(),
            address: None,
            node: (1, String::new()),
            points: Vec::new(),
            driver: String::new(),
            routes: Vec::new(),
            config: serde_json::Value::Null,
            schedule: "every 60m: hourly".parse().unwrap(),
            clock_policy: crate::model::ClockPolicy::Off,
            group: None,
            archives: last_end.map(archive).into_iter().collect(),
            clock: None,
            last_session: None,
            last_outcome,
            last_good_at: None,
            revision: 1,
            archived_at: None,
        }
    }

    #[test]
    fn the_first_that_holds_is_the_state() {
        let now = at(10);
        let good = Some(Outcome::Complete);
        let cases = [
            ("never read", device(None, None, 0), DeviceState::New),
            (
                "driver",
                device(Some(Outcome::DriverTrap), Some(10), 0),
                DeviceState::DriverFault,
            ),
            (
                "silent",
                device(Some(Outcome::NoAnswer), Some(10), 1),
                DeviceState::NoConnection,
            ),
            (
                "other device, nothing read",
                device(Some(Outcome::WrongDevice), None, 0),
                DeviceState::NoConnection,
            ),
            (
                "other device today",
                device(Some(Outcome::WrongDevice), Some(10), 0),
                DeviceState::Normal,
            ),
            ("three hours old", device(good, Some(7), 0), DeviceState::Normal),
            ("four hours old", device(good, Some(6), 1), DeviceState::Late),
            ("abnormal", device(good, Some(10), 1), DeviceState::Abnormal),
            ("normal", device(good, Some(10), 0), DeviceState::Normal),
            ("read, has no archive", device(good, None, 0), DeviceState::Normal),
        ];
        for (name, mut device, want) in cases {
            assert_eq!(state(&device, now), want, "{name}");
            device.enabled = false;
            assert_eq!(state(&device, now), DeviceState::Disabled, "{name}");
        }
    }
}
