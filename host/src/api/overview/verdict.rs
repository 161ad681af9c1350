//! In which one state a node is. Pure: what is known of its devices and the time come in, state and cause go out.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::cause::Cause;
use super::places::DeviceAt;
use crate::api::gap::interval_s;
use crate::model::{ArchiveKind, Outcome, RecordKind};
use crate::store::query::{Abnormal, Standing};

/// Sessions in a row that must fail before a node has no connection.
const ATTEMPTS: u32 = 3;

/// Or so long after the first of them, seconds.
const FAILING_S: i64 = 3_600;

/// The one state of a node; the first that holds. The first hides the truth of those behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::api) enum NodeState {
    /// It has no device that is polled: it does not count as active.
    Disabled,
    /// The driver failed or was refused.
    DriverFault,
    /// Three sessions in a row reached no meter, or none has for an hour.
    NoConnection,
    /// An archive ends more than two intervals and one poll period ago, or nothing was read yet.
    Late,
    /// The newest record has abnormal situations.
    Abnormal,
    /// None of these.
    Normal,
}

impl NodeState {
    /// All but `disabled`, in the order of the tiles on the screen.
    pub(in crate::api) const ACTIVE: [Self; 5] = [
        Self::Abnormal,
        Self::NoConnection,
        Self::DriverFault,
        Self::Late,
        Self::Normal,
    ];

    /// As the API says it.
    pub(in crate::api) fn word(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::DriverFault => "driver-fault",
            Self::NoConnection => "no-connection",
            Self::Late => "late",
            Self::Abnormal => "abnormal",
            Self::Normal => "normal",
        }
    }

    /// Whether somebody should look at it.
    pub(in crate::api) fn waits(self) -> bool {
        !matches!(self, Self::Disabled | Self::Normal)
    }
}

/// The state of a node and why.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::api) struct Verdict {
    /// The state.
    pub(in crate::api) state: NodeState,
    /// Why.
    pub(in crate::api) cause: Cause,
    /// Since when; none when nothing is wrong or it was never otherwise.
    pub(in crate::api) since: Option<Timestamp>,
    /// The device that it is about; none when nothing is wrong.
    pub(in crate::api) device: Option<i64>,
    /// A second state that the first hides, and since when it holds.
    pub(in crate::api) hidden: Option<(NodeState, Cause, Option<Timestamp>)>,
}

/// One thing that is wrong with a device.
struct Claim {
    state: NodeState,
    cause: Cause,
    since: Option<Timestamp>,
    device: i64,
}

/// The state of a node of these devices.
pub(super) fn of(devices: &[&DeviceAt], standings: &HashMap<i64, Standing>, now: Timestamp) -> Verdict {
    let polled: Vec<_> = devices.iter().filter(|at| at.device.enabled).collect();
    if polled.is_empty() {
        return quiet(NodeState::Disabled, Cause::NoDevice);
    }
    let nothing = Standing::default();
    let mut claims: Vec<Claim> = polled
        .iter()
        .flat_map(|at| claims(at, standings.get(&at.device.id).unwrap_or(&nothing), now))
        .collect();
    claims.sort_by_key(|claim| (claim.state, claim.since, claim.device));
    let mut claims = claims.into_iter();
    let Some(first) = claims.next() else {
        return quiet(NodeState::Normal, Cause::Nothing);
    };
    // That nothing is read makes everything late: saying so says nothing.
    let hidden = claims.find(|claim| claim.state != first.state && claim.state != NodeState::Late);
    Verdict {
        state: first.state,
        cause: first.cause,
        since: first.since,
        device: Some(first.device),
        hidden: hidden.map(|claim| (claim.state, claim.cause, claim.since)),
    }
}

fn quiet(state: NodeState, cause: Cause) -> Verdict {
    Verdict {
        state,
        cause,
        since: None,
        device: None,
        hidden: None,
    }
}

fn claims(at: &DeviceAt, standing: &Standing, now: Timestamp) -> Vec<Claim> {
    let claim = |state, cause, since| Claim {
        state,
        cause,
        since,
        device: at.device.id,
    };
    let failing = standing.failing.as_ref().filter(|_| standing.failures_in_row > 0);
    let mut found = Vec::new();
    if let Some(failing) = failing {
        let is_long = now.as_second() - failing.first_at.as_second() >= FAILING_S;
        let is_raised = standing.failures_in_row >= ATTEMPTS || is_long;
        let state = trouble(failing.outcome);
        if is_raised || failing.outcome.blames_driver() {
            let cause = Cause::failing(failing, standing.failures_in_row);
            found.push(claim(state, cause, Some(failing.first_at)));
        }
    }
    let was_read = matches!(standing.last_outcome, Some(Outcome::Complete | Outcome::Partial));
    if standing.reach.is_empty() && !was_read {
        let cause = Cause::NeverRead {
            outcome: failing.map(|failing| failing.outcome),
            detail: failing.and_then(|failing| failing.detail.clone()),
        };
        found.push(claim(NodeState::Late, cause, None));
    } else if let Some((archive, last_end)) = late(at, standing, now) {
        let outcome = failing.map(|failing| failing.outcome);
        let cause = Cause::Late {
            archive,
            last_end,
            outcome,
        };
        found.push(claim(NodeState::Late, cause, Some(last_end)));
    }
    if let Some(abnormal) = abnormal(standing) {
        found.push(claim(
            NodeState::Abnormal,
            Cause::abnormal(abnormal),
            Some(abnormal.since),
        ));
    }
    found
}

/// Which state a failed session is a sign of: one that needs somebody at the line or the meter, or one at the driver.
fn trouble(outcome: Outcome) -> NodeState {
    match outcome {
        outcome if outcome.blames_driver() => NodeState::DriverFault,
        Outcome::Refused | Outcome::Unsupported | Outcome::BadConfig | Outcome::LimitTime => NodeState::DriverFault,
        _ => NodeState::NoConnection,
    }
}

/// The archive of the shortest interval that ends too long ago. Months are late by days before anybody misses them.
fn late(at: &DeviceAt, standing: &Standing, now: Timestamp) -> Option<(ArchiveKind, Timestamp)> {
    let late = standing.reach.iter().filter_map(|(kind, last_end)| {
        let RecordKind::Archive(kind) = *kind else { return None };
        let wait_s = at.wait_s(kind)?;
        let is_short = !matches!(kind, ArchiveKind::TenDays | ArchiveKind::Monthly | ArchiveKind::Yearly);
        let age_s = now.as_second() - last_end.as_second();
        (is_short && age_s > 2 * interval_s(kind) + wait_s).then_some((kind, *last_end))
    });
    late.min_by_key(|(kind, _)| interval_s(*kind))
}

/// The newest record of the shortest archive that tells of something: an hour that is well ends what was wrong the day
/// before. A day of which no hour tells anything speaks for itself.
fn abnormal(standing: &Standing) -> Option<&Abnormal> {
    let has_hours = standing
        .reach
        .iter()
        .any(|(kind, _)| *kind == RecordKind::Archive(ArchiveKind::Hourly));
    let counts = |abnormal: &&Abnormal| match abnormal.kind {
        RecordKind::Archive(ArchiveKind::Daily) => !has_hours || !abnormal.hours_tell,
        RecordKind::Archive(kind) => !has_hours || interval_s(kind) <= interval_s(ArchiveKind::Hourly),
        RecordKind::Current => true,
        RecordKind::Totals => false,
    };
    let length = |abnormal: &&Abnormal| match abnormal.kind {
        RecordKind::Archive(kind) => interval_s(kind),
        // Moments come without the situation's history: an archive tells more.
        _ => i64::MAX,
    };
    standing.abnormal.iter().filter(counts).min_by_key(length)
}
