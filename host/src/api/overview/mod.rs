//! Every place with its state, kept in memory: what the list of attention, the tree, the search and the map are made of.
//!
//! It is brought up to date when somebody looks: places when their revision says so (and now and then), a device when a
//! session with it began or ended. States themselves follow from that and the time.

mod cause;
mod places;
mod rank;
mod search;
#[cfg(test)]
mod tests;
mod verdict;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::Mutex;

pub(super) use cause::Cause;
pub(super) use places::{DeviceAt, NodeAt, SiteAt, Structure};
pub(super) use rank::{Stake, StakeWord};
pub(super) use search::{Found, Kind};
pub(super) use verdict::{NodeState, Verdict};

use super::ApiState;
use super::catalog::Drivers;
use super::problem::Problem;
use crate::store::query::Standing;
use crate::store::{Acknowledged, Care, Store};

/// Bringing it up to date may take one part in so many of the time.
const SHARE: u32 = 10;

/// What takes no longer is done for each look.
const CHEAP: Duration = Duration::from_millis(20);

/// A look is never older.
const STALE: Duration = Duration::from_secs(3);

/// Places are read anew after so long even when their revision stands still: names change without it.
const PLACES_EVERY: Duration = Duration::from_secs(30);

/// How all nodes fare at one moment.
pub(super) struct Snapshot {
    /// When.
    pub(super) at: Timestamp,
    /// The places.
    pub(super) places: Arc<Structure>,
    /// As `places.nodes`.
    pub(super) nodes: Vec<NodeView>,
    /// Nodes that wait for somebody, by what is at stake.
    pub(super) ranked: Vec<usize>,
    /// How devices fare.
    pub(super) standings: Arc<HashMap<i64, Standing>>,
}

/// How a node fares.
pub(super) struct NodeView {
    /// Its state and why.
    pub(super) verdict: Verdict,
    /// What is lost by it.
    pub(super) stake: Stake,
    /// Who knows of this trouble.
    pub(super) acknowledged: Option<Acknowledged>,
    /// Who deals with it, and since when.
    pub(super) assigned: Option<(String, Timestamp)>,
}

impl NodeView {
    /// Where it stands in the list of attention: the least first, nodes that are equal by their key.
    pub(super) fn order(&self, node: i64) -> (bool, u8, i64, i64) {
        (self.acknowledged.is_some(), self.stake.class, self.stake.key, node)
    }
}

/// Keeps the places and what is known of devices between looks. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Overview(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    snapshot: Option<Arc<Snapshot>>,
    made: Option<(Instant, Duration)>,
    places: Arc<Structure>,
    places_read: Option<Instant>,
    revision: i64,
    standings: Arc<HashMap<i64, Standing>>,
    newest_session: i64,
    open_sessions: BTreeSet<i64>,
}

impl Overview {
    /// How all nodes fare now.
    pub(super) async fn look(&self, state: &ApiState) -> Result<Arc<Snapshot>, Problem> {
        let mut kept = self.0.lock().await;
        if let (Some(snapshot), Some((made, took))) = (&kept.snapshot, kept.made)
            && took > CHEAP
            && made.elapsed() < (took * SHARE).min(STALE)
        {
            return Ok(snapshot.clone());
        }
        let begun = Instant::now();
        kept.follow(state).await?;
        let cares = state.store.cares().await?;
        let snapshot = Arc::new(kept.judge(state, &cares));
        kept.snapshot = Some(snapshot.clone());
        kept.made = Some((Instant::now(), begun.elapsed()));
        Ok(snapshot)
    }

    /// The next look is a fresh one: somebody has just changed what it shows.
    pub(super) async fn spoil(&self) {
        self.0.lock().await.made = None;
    }
}

impl Kept {
    /// Takes over what changed in the store.
    async fn follow(&mut self, state: &ApiState) -> Result<(), Problem> {
        let store = &state.store;
        // Asked first: what changes meanwhile is found the next time.
        let (changed, newest, open) = store
            .devices_read_since(self.newest_session, &self.open_sessions)
            .await?;
        let revision = store.devices_revision().await?;
        let is_old = self.places_read.is_none_or(|read| read.elapsed() > PLACES_EVERY);
        // A first session fills a device's model and serial number.
        let is_named = changed.iter().any(|device| self.places.is_unnamed(*device));
        if is_old || is_named || revision != self.revision {
            let drivers = Drivers::of(state.drivers.as_ref());
            self.places = Arc::new(Structure::of(store.places().await?, &drivers, store.now()));
            self.places_read = Some(Instant::now());
            self.revision = revision;
        }
        self.read_standings(store, changed).await?;
        (self.newest_session, self.open_sessions) = (newest, open);
        Ok(())
    }

    async fn read_standings(&mut self, store: &Store, mut devices: BTreeSet<i64>) -> Result<(), Problem> {
        let missing = self.places.devices.iter().map(|at| at.device.id);
        devices.extend(missing.filter(|device| !self.standings.contains_key(device)));
        if devices.is_empty() {
            return Ok(());
        }
        let devices: Vec<i64> = devices.into_iter().collect();
        let read = store.standings(&devices).await?;
        Arc::make_mut(&mut self.standings).extend(read);
        Ok(())
    }

    fn judge(&self, state: &ApiState, cares: &HashMap<i64, Care>) -> Snapshot {
        let (drivers, now) = (Drivers::of(state.drivers.as_ref()), state.store.now());
        let nodes: Vec<NodeView> = self
            .places
            .nodes
            .iter()
            .map(|node| self.view(node, &drivers, now, cares.get(&node.node.id)))
            .collect();
        let key = |index: usize| Some(nodes.get(index)?.order(self.places.nodes.get(index)?.node.id));
        let mut ranked: Vec<usize> = (0..nodes.len())
            .filter(|index| nodes.get(*index).is_some_and(|view| view.verdict.state.waits()))
            .collect();
        ranked.sort_by_key(|index| key(*index));
        Snapshot {
            at: now,
            places: self.places.clone(),
            nodes,
            ranked,
            standings: self.standings.clone(),
        }
    }

    fn view(&self, node: &NodeAt, drivers: &Drivers, now: Timestamp, care: Option<&Care>) -> NodeView {
        let devices: Vec<_> = self.places.devices_of(node).collect();
        let verdict = verdict::of(&devices, &self.standings, now);
        let stake = rank::of(&verdict, &devices, &self.standings, drivers, now);
        // What was said of an earlier trouble says nothing of this one.
        let is_of_this = |at: Timestamp| verdict.since.is_none_or(|since| at >= since);
        let waits = verdict.state.waits();
        let acknowledged = care.and_then(|care| care.acknowledged.clone()).filter(|said| {
            waits
                && is_of_this(said.at)
                && said.state == verdict.state.word()
                && said.cause == verdict.cause.occurrence()
        });
        let assigned = care.and_then(|care| care.assigned.clone());
        NodeView {
            assigned: assigned.filter(|(_, at)| waits && is_of_this(*at)),
            acknowledged,
            verdict,
            stake,
        }
    }
}
