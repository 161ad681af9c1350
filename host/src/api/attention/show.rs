//! A node as lists show it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::ApiState;
use crate::api::catalog::Drivers;
use crate::api::dto::{Instant, Named, OutcomeWord, Text};
use crate::api::overview::{Cause, NodeState, Snapshot, Stake, StakeWord};
use crate::store::query::Situation;

/// A node with its one state.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct NodeRow {
    id: i64,
    name: String,
    site: RowSite,
    organisation: Named,
    points: Vec<Named>,
    devices: Vec<RowDevice>,
    state: NodeState,
    cause: CauseShown,
    /// Since when it is in this state; null when nothing is wrong, or when it was never otherwise.
    since: Option<Instant>,
    /// The device that the state is about; null when nothing is wrong.
    device: Option<i64>,
    /// A second state that this one hides: the last that is known of it.
    hidden: Option<Hidden>,
    stake: StakeShown,
    /// Who knows of this trouble.
    acknowledged: Option<AcknowledgedShown>,
    /// Who deals with it.
    assigned: Option<AssignedShown>,
    /// End of the last session that brought everything, of any of its devices.
    contact_at: Option<Instant>,
}

/// Where a node is.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct RowSite {
    id: i64,
    name: String,
    address: Option<String>,
    /// IANA name.
    time_zone: String,
}

/// A device of a node.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct RowDevice {
    id: i64,
    name: String,
    serial: Option<String>,
    /// The model's official spelling.
    model_name: Option<String>,
    /// Id of its driver.
    driver: String,
    /// Whether it is polled.
    enabled: bool,
    /// The line that is tried first.
    line: Option<Named>,
    /// Its address.
    line_address: Option<String>,
    last_session: Option<i64>,
}

/// Why a node is in its state: a code, and what belongs to it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub(in crate::api) enum CauseShown {
    /// Sessions end so.
    Outcome {
        outcome: OutcomeWord,
        /// What exactly was wrong.
        detail: Option<String>,
        /// Sessions since the last that brought something.
        attempts: u32,
        driver_version: String,
        line: String,
        line_address: String,
        /// End of the last session that brought something; null: none has.
        contact_at: Option<Instant>,
        /// The last of them.
        session: i64,
    },
    /// An archive ends too long ago.
    Late {
        archive: String,
        last_end: Instant,
        /// How the last session ended that brought nothing; null: it brought something.
        outcome: Option<OutcomeWord>,
    },
    /// No session has brought anything yet.
    NeverRead {
        /// How the last session ended; null: there was none.
        outcome: Option<OutcomeWord>,
        /// What exactly was wrong.
        detail: Option<String>,
    },
    /// The newest record has abnormal situations.
    Abnormal {
        archive: String,
        start: Instant,
        end: Instant,
        /// The session that brought it.
        session: i64,
        situations: Vec<SituationShown>,
    },
    /// It has no device that is polled.
    NoDevice,
    /// Nothing is wrong.
    Nothing,
}

/// One abnormal situation.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct SituationShown {
    /// The meter's own code.
    code: String,
    /// From the vocabulary; null when undocumented.
    category: Option<String>,
    /// `counted`, `stopped`, `constant-used`; null when undocumented.
    effect: Option<String>,
    duration_s: Option<i64>,
    /// As the driver names it; null when it does not know the code.
    title: Option<Text>,
}

/// What one state hides.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Hidden {
    state: NodeState,
    cause: CauseShown,
    since: Option<Instant>,
}

/// What is lost: the reason for the rank.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct StakeShown {
    word: StakeWord,
    /// Heat of the newest day that was read, gigacalories; converted for the rank, rounded to three decimals.
    heat_gcal_day: Option<f64>,
    /// When the meter overwrites the first record that is not read.
    lost_at: Option<Instant>,
    /// The archive that the rest is about.
    archive: Option<String>,
    /// Intervals that have passed since the last one read.
    unread: Option<i64>,
    /// Records that the meter keeps.
    depth: Option<u32>,
}

/// Who knows of a trouble.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct AcknowledgedShown {
    by: String,
    at: Instant,
}

/// Who deals with a trouble.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct AssignedShown {
    to: String,
    at: Instant,
}

/// Makes rows of a snapshot.
pub(in crate::api) struct Rows<'a> {
    snapshot: &'a Snapshot,
    drivers: Drivers,
}

impl<'a> Rows<'a> {
    pub(in crate::api) fn of(state: &ApiState, snapshot: &'a Snapshot) -> Self {
        Self {
            snapshot,
            drivers: Drivers::of(state.drivers.as_ref()),
        }
    }

    /// The node at this place of the snapshot.
    pub(in crate::api) fn row(&self, index: usize) -> Option<NodeRow> {
        let places = &self.snapshot.places;
        let (node, view) = (places.nodes.get(index)?, self.snapshot.nodes.get(index)?);
        let site = places.sites.get(node.site)?;
        let organisation = places.organisations.get(site.organisation)?;
        let verdict = &view.verdict;
        let standing = |device: i64| self.snapshot.standings.get(&device);
        let device = |at: &crate::api::overview::DeviceAt| RowDevice {
            id: at.device.id,
            name: at.device.name.clone(),
            serial: at.device.serial.clone(),
            model_name: at.model_name.clone(),
            driver: at.device.driver.clone(),
            enabled: at.device.enabled,
            line: at.device.line.as_ref().map(|(id, name, _)| Named::new(*id, name)),
            line_address: at.device.line.as_ref().map(|(_, _, address)| address.clone()),
            last_session: standing(at.device.id).and_then(|standing| standing.last_session),
        };
        let contact = places
            .devices_of(node)
            .filter_map(|at| standing(at.device.id)?.last_good_at)
            .max();
        Some(NodeRow {
            id: node.node.id,
            name: node.node.name.clone(),
            site: RowSite {
                id: site.site.id,
                name: site.site.name.clone(),
                address: site.site.address.clone(),
                time_zone: site.site.time_zone.clone(),
            },
            organisation: Named::new(organisation.id, &organisation.name),
            points: places
                .points_of(node)
                .iter()
                .map(|point| Named::new(point.id, &point.name))
                .collect(),
            devices: places.devices_of(node).map(device).collect(),
            state: verdict.state,
            cause: self.cause(&verdict.cause, verdict.device),
            since: verdict.since.map(Instant),
            device: verdict.device,
            hidden: verdict.hidden.as_ref().map(|(state, cause, since)| Hidden {
                state: *state,
                cause: self.cause(cause, verdict.device),
                since: since.map(Instant),
            }),
            stake: stake(&view.stake),
            acknowledged: view.acknowledged.as_ref().map(|said| AcknowledgedShown {
                by: said.by.clone(),
                at: Instant(said.at),
            }),
            assigned: view.assigned.as_ref().map(|(to, at)| AssignedShown {
                to: to.clone(),
                at: Instant(*at),
            }),
            contact_at: contact.map(Instant),
        })
    }

    fn cause(&self, cause: &Cause, device: Option<i64>) -> CauseShown {
        match cause {
            Cause::Outcome {
                outcome,
                detail,
                attempts,
                driver_version,
                line,
                contact_at,
                session,
            } => CauseShown::Outcome {
                outcome: OutcomeWord(*outcome),
                detail: detail.clone(),
                attempts: *attempts,
                driver_version: driver_version.clone(),
                line: line.0.clone(),
                line_address: line.1.clone(),
                contact_at: contact_at.map(Instant),
                session: *session,
            },
            Cause::Late {
                archive,
                last_end,
                outcome,
            } => CauseShown::Late {
                archive: archive.to_string(),
                last_end: Instant(*last_end),
                outcome: outcome.map(OutcomeWord),
            },
            Cause::NeverRead { outcome, detail } => CauseShown::NeverRead {
                outcome: outcome.map(OutcomeWord),
                detail: detail.clone(),
            },
            Cause::Abnormal {
                archive,
                interval,
                session,
                situations,
            } => CauseShown::Abnormal {
                archive: archive.to_string(),
                start: Instant(interval.0),
                end: Instant(interval.1),
                session: *session,
                situations: situations.iter().map(|one| self.situation(one, device)).collect(),
            },
            Cause::NoDevice => CauseShown::NoDevice,
            Cause::Nothing => CauseShown::Nothing,
        }
    }

    fn situation(&self, situation: &Situation, device: Option<i64>) -> SituationShown {
        let device = device.and_then(|device| self.snapshot.places.device(device));
        let title = device.and_then(|at| {
            let model = at.device.model.as_deref();
            self.drivers.condition(&at.device.driver, model, &situation.code)
        });
        SituationShown {
            code: situation.code.clone(),
            category: situation.category.clone(),
            effect: situation.effect.clone(),
            duration_s: situation.duration_s,
            title,
        }
    }
}

fn stake(stake: &Stake) -> StakeShown {
    StakeShown {
        word: stake.word,
        heat_gcal_day: stake.heat_gcal_day.map(|gcal| (gcal * 1e3).round() / 1e3),
        lost_at: stake.lost_at.map(Instant),
        archive: stake.archive.map(|archive| archive.to_string()),
        unread: stake.unread,
        depth: stake.depth,
    }
}
