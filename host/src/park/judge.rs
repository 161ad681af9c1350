//! Whether a version at work stays there. Pure.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::model::{Cause, Outcome};
use crate::store::DriverSession;

/// What is expected of a canary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CanaryPlan {
    /// These devices; none: a share of all.
    pub devices: Vec<i64>,
    /// So many of a hundred devices.
    pub share_percent: u8,
    /// Clean sessions after which all devices are read with it.
    pub promote_after: u32,
    /// The newest session when it began.
    pub since_session: i64,
}

/// What sessions of a version came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Sessions that say something of the device, the line or the driver.
    pub sessions: u32,
    /// Those that brought what was asked, with nothing changed.
    pub clean: u32,
    /// Those that failed at the meter's side of an open line.
    pub failed: u32,
}

/// What becomes of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// It goes on.
    GoesOn,
    /// It has earned all devices.
    Promote(String),
    /// It is stopped.
    Stop(String),
}

/// A failure that the driver may have made: the line was open.
fn is_failed(outcome: Outcome) -> bool {
    matches!(
        outcome.cause(),
        Some(
            Cause::MeterSilent
                | Cause::MeterRefuses
                | Cause::Garbled
                | Cause::WrongDevice
                | Cause::Driver
                | Cause::Limit
        )
    )
}

impl Counts {
    /// Counts sessions.
    pub fn of<'a>(sessions: impl IntoIterator<Item = &'a DriverSession>) -> Self {
        let mut counts = Self::default();
        for session in sessions {
            let good = matches!(session.outcome, Outcome::Complete | Outcome::Partial);
            let failed = is_failed(session.outcome);
            counts.sessions += u32::from(good || failed);
            counts.clean += u32::from(good && session.changed == 0);
            counts.failed += u32::from(failed);
        }
        counts
    }

    fn failed_percent(self) -> u32 {
        (self.failed * 100).checked_div(self.sessions).unwrap_or(0)
    }
}

/// How far the share of failures of a canary may be above that of the version beside it, of a hundred.
const RISE_PERCENT: u32 = 25;

/// Sessions of a canary from which its failures are a share and no accident.
const RISE_SESSIONS: u32 = 4;

/// Judges a canary by its sessions and, of the same driver, those of the version that it is to follow.
pub fn canary(plan: &CanaryPlan, sessions: &[DriverSession], beside: Counts) -> Ruling {
    let told = |session: &DriverSession| {
        let detail = session.detail.as_deref().unwrap_or_default();
        format!("session {} ended {}: {detail}", session.id, session.outcome)
    };
    if let Some(faulty) = sessions.iter().find(|session| session.outcome.blames_driver()) {
        return Ruling::Stop(told(faulty));
    }
    if let Some(changed) = sessions.iter().find(|session| session.changed > 0) {
        let (id, count) = (changed.id, changed.changed);
        return Ruling::Stop(format!(
            "session {id} gave {count} records otherwise than they are stored"
        ));
    }
    let counts = Counts::of(sessions);
    let (is, was) = (counts.failed_percent(), beside.failed_percent());
    if counts.sessions >= RISE_SESSIONS && is > was + RISE_PERCENT {
        return Ruling::Stop(format!(
            "{} of {} sessions failed, {was} of a hundred do with the version beside it",
            counts.failed, counts.sessions
        ));
    }
    if counts.clean >= plan.promote_after {
        return Ruling::Promote(format!("{} clean sessions", counts.clean));
    }
    Ruling::GoesOn
}

/// Judges the version that reads all devices by its sessions of [`limits::QUARANTINE_WINDOW`].
///
/// One device that brings its driver to fall has its own back-off; the version is stopped when several do, or when
/// nothing else comes of it.
pub fn active(sessions: &[DriverSession]) -> Ruling {
    let faulty: Vec<&DriverSession> = sessions
        .iter()
        .filter(|session| session.outcome.blames_driver())
        .collect();
    let devices: BTreeSet<i64> = faulty.iter().map(|session| session.device).collect();
    let good = sessions.len() - faulty.len();
    let (Some(last), true) = (faulty.last(), faulty.len() >= limits::QUARANTINE_FAULTS) else {
        return Ruling::GoesOn;
    };
    if devices.len() < 2 && good > 0 {
        return Ruling::GoesOn;
    }
    Ruling::Stop(format!(
        "{} sessions with {} devices ended by its fault within {} min; the last, {}, {}: {}",
        faulty.len(),
        devices.len(),
        limits::QUARANTINE_WINDOW.as_secs() / 60,
        last.id,
        last.outcome,
        last.detail.as_deref().unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(id: i64, device: i64, outcome: Outcome, changed: i64) -> DriverSession {
        DriverSession {
            id,
            device,
            outcome,
            detail: Some("so it was".to_owned()),
            ended_at: jiff::Timestamp::UNIX_EPOCH,
            changed,
        }
    }

    fn plan(promote_after: u32) -> CanaryPlan {
        CanaryPlan {
            devices: vec![1],
            share_percent: 0,
            promote_after,
            since_session: 0,
        }
    }

    fn stopped(ruling: &Ruling, words: &str) {
        let Ruling::Stop(why) = ruling else {
            panic!("{ruling:?}, expected a stop")
        };
        assert!(why.contains(words), "{why}");
    }

    #[test]
    fn a_canary_is_promoted_after_its_clean_sessions() {
        let clean: Vec<_> = (1..=3).map(|id| session(id, 1, Outcome::Complete, 0)).collect();
        assert_eq!(canary(&plan(4), &clean, Counts::default()), Ruling::GoesOn);
        assert!(matches!(
            canary(&plan(3), &clean, Counts::default()),
            Ruling::Promote(_)
        ));
    }

    #[test]
    fn a_canary_falls_by_a_trap_a_changed_value_or_more_failures_than_beside_it() {
        let beside = Counts {
            sessions: 10,
            clean: 9,
            failed: 1,
        };
        let mut sessions: Vec<_> = (1..=5).map(|id| session(id, 1, Outcome::Complete, 0)).collect();
        sessions[2] = session(3, 1, Outcome::DriverTrap, 0);
        stopped(
            &canary(&plan(1), &sessions, beside),
            "session 3 ended driver-trap: so it was",
        );
        sessions[2] = session(3, 1, Outcome::Complete, 2);
        stopped(
            &canary(&plan(1), &sessions, beside),
            "session 3 gave 2 records otherwise",
        );
        for id in [1, 3] {
            sessions[id] = session(7, 1, Outcome::Garbled, 0);
        }
        sessions[2] = session(3, 1, Outcome::Complete, 0);
        stopped(&canary(&plan(9), &sessions, beside), "2 of 5 sessions failed");
    }

    #[test]
    fn what_lines_and_people_do_says_nothing_of_a_canary() {
        let sessions: Vec<_> = [
            Outcome::NoRoute,
            Outcome::Cancelled,
            Outcome::LineClosed,
            Outcome::Interrupted,
        ]
        .into_iter()
        .map(|outcome| session(1, 1, outcome, 0))
        .collect();
        assert_eq!(Counts::of(&sessions), Counts::default());
        assert_eq!(canary(&plan(1), &sessions, Counts::default()), Ruling::GoesOn);
    }

    #[test]
    fn a_version_is_stopped_when_several_devices_bring_it_to_fall_or_nothing_else_comes_of_it() {
        let trap = |id, device| session(id, device, Outcome::DriverTrap, 0);
        assert_eq!(active(&[trap(1, 1), trap(2, 2)]), Ruling::GoesOn, "too few");
        stopped(
            &active(&[trap(1, 1), trap(2, 2), trap(3, 1)]),
            "3 sessions with 2 devices",
        );
        let one = [trap(1, 1), session(2, 2, Outcome::Complete, 0), trap(3, 1), trap(4, 1)];
        assert_eq!(active(&one), Ruling::GoesOn, "one device has its own back-off");
        stopped(&active(&[trap(1, 1), trap(2, 1), trap(3, 1)]), "with 1 devices");
    }
}
