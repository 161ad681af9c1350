//! What is lost by a node's trouble, and how it ranks by that. Pure.
//!
//! First what a device is about to overwrite within a day, then heat that is not counted, then what is overwritten within
//! a week, then heat in doubt, then the rest: each by how much, or how soon.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::cause::Cause;
use super::places::DeviceAt;
use super::verdict::{NodeState, Verdict};
use crate::api::catalog::Drivers;
use crate::api::gap::interval_s;
use crate::model::{ArchiveKind, RecordKind};
use crate::store::query::Standing;

const DAY_S: i64 = 86_400;

/// What is lost by a node's trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::api) enum StakeWord {
    /// Records that nobody read are being overwritten, or are within a day.
    Overwriting,
    /// The meter counts no heat.
    HeatStopped,
    /// Records that nobody read are overwritten within a week.
    LostSoon,
    /// The meter counts heat that may be wrong.
    HeatInDoubt,
    /// The meter keeps what is not read for longer than a week.
    Kept,
    /// Nobody knows how long the meter keeps what is not read, or what the situation does to the counting.
    Unknown,
    /// Nothing is wrong.
    Nothing,
}

/// What is lost, as a word with what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::api) struct Stake {
    /// The reason for the rank.
    pub(in crate::api) word: StakeWord,
    /// Heat of the newest day that was read, gigacalories.
    pub(in crate::api) heat_gcal_day: Option<f64>,
    /// When the meter overwrites the first record that is not read.
    pub(in crate::api) lost_at: Option<Timestamp>,
    /// The archive that `lost_at` and `unread` are about.
    pub(in crate::api) archive: Option<ArchiveKind>,
    /// Its intervals that have passed since the last one read.
    pub(in crate::api) unread: Option<i64>,
    /// Its records that the meter keeps.
    pub(in crate::api) depth: Option<u32>,
    /// The least ranks first.
    pub(super) class: u8,
    /// Within a class the least ranks first.
    pub(super) key: i64,
}

/// What the trouble of a node costs.
pub(super) fn of(
    verdict: &Verdict,
    devices: &[&DeviceAt],
    standings: &HashMap<i64, Standing>,
    drivers: &Drivers,
    now: Timestamp,
) -> Stake {
    let at = devices.iter().find(|at| Some(at.device.id) == verdict.device);
    let standing = at.and_then(|at| standings.get(&at.device.id));
    let heat = standing.and_then(|standing| standing.heat_day_gcal);
    match (verdict.state, at) {
        (NodeState::Normal | NodeState::Disabled, _) | (_, None) => plain(StakeWord::Nothing, 9, 0),
        (NodeState::Abnormal, _) => in_doubt(&verdict.cause, heat),
        (_, Some(at)) => unread(at, standing, drivers, heat, now),
    }
}

fn plain(word: StakeWord, class: u8, key: i64) -> Stake {
    Stake {
        word,
        heat_gcal_day: None,
        lost_at: None,
        archive: None,
        unread: None,
        depth: None,
        class,
        key,
    }
}

/// The records are there: what they say of the heat is in doubt.
fn in_doubt(cause: &Cause, heat: Option<f64>) -> Stake {
    let effects = || match cause {
        Cause::Abnormal { situations, .. } => situations.as_slice(),
        _ => &[],
    };
    let is_stopped = effects().iter().any(|one| one.effect.as_deref() == Some("stopped"));
    let is_known = effects().iter().any(|one| one.effect.is_some());
    let (word, class) = match (is_stopped, is_known) {
        (true, _) => (StakeWord::HeatStopped, 1),
        (false, true) => (StakeWord::HeatInDoubt, 3),
        (false, false) => (StakeWord::Unknown, 3),
    };
    Stake {
        heat_gcal_day: heat,
        ..plain(word, class, -milligcal(heat))
    }
}

/// Nothing is read: what is lost first is the archive that is overwritten first.
fn unread(at: &DeviceAt, standing: Option<&Standing>, drivers: &Drivers, heat: Option<f64>, now: Timestamp) -> Stake {
    let archives = standing.map(|standing| standing.reach.as_slice()).unwrap_or_default();
    let ends = archives.iter().filter_map(|(kind, last_end)| {
        let RecordKind::Archive(kind) = *kind else { return None };
        at.wait_s(kind)?;
        let depth = drivers.depth(&at.device.driver, at.device.model.as_deref(), &kind.to_string());
        let lost_at = depth.and_then(|depth| {
            let keeps_s = i64::from(depth).saturating_mul(interval_s(kind));
            Timestamp::from_second(last_end.as_second().saturating_add(keeps_s)).ok()
        });
        Some((kind, *last_end, depth, lost_at))
    });
    // Archives whose depth is not known come last, the short ones first.
    let first = ends.min_by_key(|(kind, _, _, lost_at)| (lost_at.unwrap_or(Timestamp::MAX), interval_s(*kind)));
    let Some((kind, last_end, depth, lost_at)) = first else {
        return plain(StakeWord::Unknown, 6, 0);
    };
    let left_s = lost_at.map(|lost_at| lost_at.as_second() - now.as_second());
    let (word, class) = match left_s {
        Some(left) if left <= DAY_S => (StakeWord::Overwriting, 0),
        Some(left) if left <= 7 * DAY_S => (StakeWord::LostSoon, 2),
        Some(_) => (StakeWord::Kept, 5),
        None => (StakeWord::Unknown, 6),
    };
    Stake {
        heat_gcal_day: heat,
        lost_at,
        archive: Some(kind),
        unread: Some(((now.as_second() - last_end.as_second()) / interval_s(kind)).max(0)),
        depth,
        ..plain(word, class, left_s.unwrap_or(0))
    }
}

/// Heat as a whole number, for an order.
fn milligcal(heat: Option<f64>) -> i64 {
    #[allow(clippy::cast_possible_truncation, reason = "a cast of a float saturates")]
    heat.map_or(0, |gcal| (gcal * 1e3) as i64)
}
