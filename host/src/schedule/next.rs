//! When a device is read again.

use jiff::{SignedDuration, Timestamp};

use crate::model::{DeviceId, Outcome};

/// First wait after a failure; it doubles with each further one, up to the device's own period.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(60);

/// What is known of a device's last session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// When it began; none: never.
    pub started_at: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Sessions in a row that brought nothing.
    pub failures: u32,
}

/// When the next session is due. A period is counted from the start of the last session, so that missed ones come to
/// one; a failure is tried again sooner, ever more rarely, and never at the same moment as its neighbours. A session
/// that the host's own end cut goes on at once: the device did nothing wrong.
pub fn next_at(device: DeviceId, every: SignedDuration, past: Past, now: Timestamp) -> Timestamp {
    let Some(started_at) = past.started_at else { return now };
    if past.outcome == Some(Outcome::Interrupted) && past.failures == 0 {
        return now;
    }
    let every = every.max(SignedDuration::from_secs(1));
    let failed = past
        .outcome
        .is_some_and(|outcome| !matches!(outcome, Outcome::Complete | Outcome::Partial));
    let wait = if failed {
        let doubled = FIRST_WAIT
            .checked_mul(1 << past.failures.saturating_sub(1).min(16))
            .unwrap_or(every);
        let jitter = spread(device, past.failures) % (doubled.as_secs() / 4 + 1);
        (doubled + SignedDuration::from_secs(jitter)).min(every)
    } else {
        every
    };
    started_at.checked_add(wait).unwrap_or(now).max(now)
}

/// A number that differs between devices and between tries, and is the same whenever it is asked for.
fn spread(device: DeviceId, failures: u32) -> i64 {
    let mixed = (device.0 ^ (i64::from(failures) << 32)).wrapping_mul(0x5851_f42d_4c95_7f2d);
    mixed.rotate_left(23).wrapping_abs().max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_read_in_its_period_and_sooner_after_a_failure() {
        let start: Timestamp = "2026-11-20T10:00:00Z".parse().unwrap();
        let hour = SignedDuration::from_hours(1);
        let wait = |outcome, failures| {
            let past = Past {
                started_at: Some(start),
                outcome: Some(outcome),
                failures,
            };
            (next_at(DeviceId(7), hour, past, start) - start).get_seconds()
        };
        assert_eq!(wait(Outcome::Complete, 0), 3_600);
        assert_eq!(wait(Outcome::Partial, 0), 3_600);
        assert!((60..=75).contains(&wait(Outcome::NoAnswer, 1)));
        assert!((240..=300).contains(&wait(Outcome::NoAnswer, 3)));
        assert_eq!(wait(Outcome::NoAnswer, 60), 3_600, "never rarer than its period");
    }

    #[test]
    fn a_new_device_and_one_long_overdue_are_read_now() {
        let now: Timestamp = "2026-11-20T10:00:00Z".parse().unwrap();
        let hour = SignedDuration::from_hours(1);
        let never = Past {
            started_at: None,
            outcome: None,
            failures: 0,
        };
        assert_eq!(next_at(DeviceId(1), hour, never, now), now);
        let long_ago = Past {
            started_at: Some(now - hour * 50),
            outcome: Some(Outcome::Complete),
            failures: 0,
        };
        assert_eq!(next_at(DeviceId(1), hour, long_ago, now), now);
    }

    #[test]
    fn a_session_cut_by_the_hosts_end_goes_on_at_once_unless_the_device_failed_before() {
        let now: Timestamp = "2026-11-20T10:00:00Z".parse().unwrap();
        let at = |failures| {
            let past = Past {
                started_at: Some(now),
                outcome: Some(Outcome::Interrupted),
                failures,
            };
            next_at(DeviceId(1), SignedDuration::from_hours(1), past, now)
        };
        assert_eq!(at(0), now);
        assert!(at(1) > now);
    }
}
