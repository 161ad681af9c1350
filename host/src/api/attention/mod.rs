//! The list of attention: nodes that wait for somebody, and why.

mod deeds;
mod show;

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub(super) use deeds::{__path_acknowledge, __path_assign, __path_read_now, acknowledge, assign, read_now};
pub(super) use show::{NodeRow, Rows};

use super::ApiState;
use super::dto::Instant;
use super::extract::{Query, limit};
use super::overview::{NodeState, Snapshot, StakeWord};
use super::place::At;
use super::problem::Problem;
use super::signed_in::SignedIn;
use crate::model::Right;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Which nodes, in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// `waiting` (the usual), a state, or `any`.
    state: Option<String>,
    /// Only of this place: `organisation:3`, `site:5`, `node:7`.
    at: Option<String>,
    /// Only nodes found by this: name, address, serial number or model of anything there, in either script.
    q: Option<String>,
    /// `stake` (the usual): by what is lost; `place`: by organisation, site and name.
    order: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
    /// Rows of the page, 200 unless said otherwise, at most 1000.
    limit: Option<u32>,
}

/// Nodes with their states, and how many there are of each.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Attention {
    /// When states were looked at.
    checked_at: Instant,
    /// Nodes that are polled: the sum of `counts`.
    active: usize,
    /// Nodes that are not.
    disabled: usize,
    counts: Counts,
    notes: Notes,
    /// Who deals with nodes now.
    people: Vec<String>,
    /// Nodes that match, on all pages.
    total: usize,
    items: Vec<NodeRow>,
    /// Give it as `after` for the next page; null on the last.
    next: Option<String>,
}

/// Active nodes by state; each stands in exactly one.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Counts {
    /// Abnormal situations in the newest record.
    pub(super) abnormal: usize,
    /// The meter cannot be reached.
    pub(super) no_connection: usize,
    /// The driver failed or was refused.
    pub(super) driver_fault: usize,
    /// An archive ends too long ago, or nothing was read yet.
    pub(super) late: usize,
    /// None of these.
    pub(super) normal: usize,
}

/// What else there is to say of each count.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Notes {
    /// Nodes that are abnormal since less than a day.
    abnormal_new: usize,
    /// Nodes without connection whose records are lost within a week.
    no_connection_lost_soon: usize,
    /// Drivers at fault.
    drivers: Vec<String>,
    /// Since when the latest node is late.
    late_since: Option<Instant>,
}

impl Counts {
    /// Counts a node; one that is not polled does not count.
    pub(super) fn add(&mut self, state: NodeState) {
        let place = match state {
            NodeState::Disabled => return,
            NodeState::Abnormal => &mut self.abnormal,
            NodeState::NoConnection => &mut self.no_connection,
            NodeState::DriverFault => &mut self.driver_fault,
            NodeState::Late => &mut self.late,
            NodeState::Normal => &mut self.normal,
        };
        *place += 1;
    }

    /// Nodes that count.
    pub(super) fn sum(&self) -> usize {
        self.abnormal + self.no_connection + self.driver_fault + self.late + self.normal
    }
}

/// Which states.
enum Wanted {
    Waiting,
    Any,
    Only(NodeState),
}

impl Wanted {
    fn of(word: Option<&str>) -> Result<Self, Problem> {
        let states = || NodeState::ACTIVE.into_iter().chain([NodeState::Disabled]);
        match word {
            None | Some("waiting") => Ok(Self::Waiting),
            Some("any") => Ok(Self::Any),
            Some(word) => states()
                .find(|state| state.word() == word)
                .map(Self::Only)
                .ok_or_else(|| Problem::bad_query(format!("state is {word:?}, expected waiting, any or a state"))),
        }
    }

    fn is(&self, state: NodeState) -> bool {
        match self {
            Self::Waiting => state.waits(),
            Self::Any => true,
            Self::Only(only) => state == *only,
        }
    }
}

/// Nodes that wait for somebody, by what is at stake; or others, by their state or place.
#[utoipa::path(get, path = "/attention", operation_id = "list_attention", tag = "attention", params(ListQuery), responses((status = OK, body = Attention)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<ListQuery>,
) -> Result<Json<Attention>, Problem> {
    let limit = limit(query.limit, 200, 1000)? as usize;
    let by_place = match query.order.as_deref() {
        None | Some("stake") => false,
        Some("place") => true,
        Some(order) => {
            return Err(Problem::bad_query(format!(
                "order is {order:?}, expected stake or place"
            )));
        }
    };
    let (wanted, at) = (Wanted::of(query.state.as_deref())?, At::of(query.at.as_deref())?);
    let snapshot = state.overview.look(&state).await?;
    let mine = state.store.nodes_of(asks.scope(Right::See)).await?;
    let may = |node: i64| mine.as_ref().is_none_or(|mine| mine.contains(&node));
    let (counts, disabled, notes, people) = sum(&snapshot, may);
    let text = query.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let found = text.map(|text| snapshot.places.index.nodes(text, &snapshot.places));
    let range = at.map_or(Some(0..snapshot.nodes.len()), |at| at.nodes(&snapshot.places));
    let range = range.ok_or_else(|| Problem::not_found("there is no such place"))?;
    let matches = |index: &usize| {
        let (node, view) = (snapshot.places.nodes.get(*index), snapshot.nodes.get(*index));
        node.zip(view)
            .is_some_and(|(node, view)| wanted.is(view.verdict.state) && may(node.node.id))
            && range.contains(index)
            && found.as_ref().is_none_or(|found| found.get(*index) == Some(&true))
    };
    let mut chosen: Vec<usize> = if by_place || !matches!(wanted, Wanted::Waiting) {
        (0..snapshot.nodes.len()).filter(matches).collect()
    } else {
        snapshot.ranked.iter().copied().filter(matches).collect()
    };
    if !by_place {
        chosen.sort_by_key(|index| order(&snapshot, *index));
    }
    let total = chosen.len();
    let first = match query.after.as_deref() {
        Some(after) => begin(&snapshot, &chosen, after, by_place)?,
        None => 0,
    };
    let page: Vec<usize> = chosen.iter().copied().skip(first).take(limit).collect();
    let next = page.last().filter(|_| first + page.len() < total);
    let rows = Rows::of(&state, &snapshot);
    Ok(Json(Attention {
        checked_at: Instant(snapshot.at),
        active: counts.sum(),
        disabled,
        counts,
        notes,
        people,
        total,
        next: next.map(|index| cursor(&snapshot, *index, by_place)),
        items: page.into_iter().filter_map(|index| rows.row(index)).collect(),
    }))
}

/// Where a node stands by what is at stake.
fn order(snapshot: &Snapshot, index: usize) -> Option<(bool, u8, i64, i64)> {
    let node = snapshot.places.nodes.get(index)?;
    Some(snapshot.nodes.get(index)?.order(node.node.id))
}

fn cursor(snapshot: &Snapshot, index: usize, by_place: bool) -> String {
    let node = snapshot.places.nodes.get(index).map_or(0, |node| node.node.id);
    match order(snapshot, index) {
        Some((known, class, key, node)) if !by_place => format!("{}.{class}.{key}.{node}", u8::from(known)),
        _ => node.to_string(),
    }
}

/// The first of `chosen` behind a cursor.
fn begin(snapshot: &Snapshot, chosen: &[usize], after: &str, by_place: bool) -> Result<usize, Problem> {
    let bad = || Problem::bad_query(format!("after is {after:?}, which no page gave"));
    if by_place {
        let node = after.parse().map_err(|_| bad())?;
        let place = snapshot.places.node(node).ok_or_else(bad)?;
        return Ok(chosen.partition_point(|index| *index <= place));
    }
    let mut parts = after.split('.');
    let mut part = || parts.next().and_then(|part| part.parse::<i64>().ok());
    let (known, class, key, node) = part()
        .zip(part())
        .zip(part())
        .zip(part())
        .map(|(((known, class), key), node)| (known != 0, class, key, node))
        .ok_or_else(bad)?;
    let class = u8::try_from(class).map_err(|_| bad())?;
    Ok(chosen.partition_point(|index| order(snapshot, *index) <= Some((known, class, key, node))))
}

/// Counts of the nodes that whoever asks sees, and what there is to say of them.
fn sum(snapshot: &Snapshot, may: impl Fn(i64) -> bool) -> (Counts, usize, Notes, Vec<String>) {
    let (mut counts, mut disabled, mut notes) = (Counts::default(), 0, Notes::default());
    let (mut people, mut drivers, mut late) = (BTreeSet::new(), BTreeSet::new(), None::<Timestamp>);
    let seen = snapshot.places.nodes.iter().zip(&snapshot.nodes);
    for (_, view) in seen.filter(|(node, _)| may(node.node.id)) {
        let verdict = &view.verdict;
        counts.add(verdict.state);
        disabled += usize::from(verdict.state == NodeState::Disabled);
        people.extend(view.assigned.as_ref().map(|(to, _)| to.clone()));
        match verdict.state {
            NodeState::Abnormal => {
                let is_new = verdict
                    .since
                    .is_some_and(|since| snapshot.at.duration_since(since) < DAY);
                notes.abnormal_new += usize::from(is_new);
            }
            NodeState::NoConnection => {
                let is_soon = matches!(view.stake.word, StakeWord::Overwriting | StakeWord::LostSoon);
                notes.no_connection_lost_soon += usize::from(is_soon);
            }
            NodeState::DriverFault => {
                let device = verdict.device.and_then(|device| snapshot.places.device(device));
                drivers.extend(device.map(|at| at.device.driver.clone()));
            }
            NodeState::Late => late = [late, verdict.since].into_iter().flatten().min(),
            NodeState::Normal | NodeState::Disabled => {}
        }
    }
    notes.drivers = drivers.into_iter().collect();
    notes.late_since = late.map(Instant);
    (counts, disabled, notes, people.into_iter().collect())
}
