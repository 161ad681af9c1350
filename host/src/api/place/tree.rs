//! The tree of places, a level at a time.

use std::collections::HashSet;
use std::ops::Range;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::At;
use crate::api::ApiState;
use crate::api::attention::Counts;
use crate::api::extract::Query;
use crate::api::overview::{NodeState, Snapshot};
use crate::api::problem::Problem;
use crate::api::signed_in::SignedIn;
use crate::model::Right;

/// Which level.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct TreeQuery {
    /// What is below this: `organisation:3` its sites, `site:5` its nodes, `node:7` its points and devices; left out: the
    /// organisations.
    at: Option<String>,
}

/// One level of the tree, in the order of names.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Tree {
    items: Vec<TreeItem>,
}

/// Something of the tree.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct TreeItem {
    kind: TreeKind,
    id: i64,
    name: String,
    /// Of a site.
    address: Option<String>,
    /// Its nodes by state.
    counts: Counts,
    /// Its nodes that are not polled.
    disabled: usize,
    /// Whether something hangs below it.
    has_more: bool,
}

/// What something of the tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::api) enum TreeKind {
    Organisation,
    Site,
    Node,
    Point,
    Device,
}

/// Nodes that whoever asks sees.
struct Seen<'a> {
    snapshot: &'a Snapshot,
    mine: Option<HashSet<i64>>,
}

impl Seen<'_> {
    fn may(&self, node: i64) -> bool {
        self.mine.as_ref().is_none_or(|mine| mine.contains(&node))
    }

    /// The item, unless it is foreign: one whose nodes are all foreign, or that has none where not everything is seen.
    fn item(&self, kind: TreeKind, id: i64, name: &str, nodes: Range<usize>) -> Option<TreeItem> {
        let (mut counts, mut disabled) = (Counts::default(), 0);
        let places = &self.snapshot.places;
        for index in nodes {
            let (Some(node), Some(view)) = (places.nodes.get(index), self.snapshot.nodes.get(index)) else {
                continue;
            };
            if self.may(node.node.id) {
                counts.add(view.verdict.state);
                disabled += usize::from(view.verdict.state == NodeState::Disabled);
            }
        }
        let has_some = counts.sum() + disabled > 0;
        (has_some || self.mine.is_none()).then(|| TreeItem {
            kind,
            id,
            name: name.to_owned(),
            address: None,
            counts,
            disabled,
            has_more: has_some,
        })
    }

    fn below(&self, at: Option<At>) -> Option<Vec<TreeItem>> {
        let places = &self.snapshot.places;
        match at {
            None => Some(
                places
                    .organisations
                    .iter()
                    .filter_map(|one| self.item(TreeKind::Organisation, one.id, &one.name, one.nodes.clone()))
                    .collect(),
            ),
            Some(At::Organisation(id)) => {
                let organisation = places.organisations.iter().find(|one| one.id == id)?;
                let sites = places.sites.get(organisation.sites.clone())?.iter();
                let site = |one: &crate::api::overview::SiteAt| {
                    let item = self.item(TreeKind::Site, one.site.id, &one.site.name, one.nodes.clone())?;
                    Some(TreeItem {
                        address: one.site.address.clone(),
                        ..item
                    })
                };
                Some(sites.filter_map(site).collect())
            }
            Some(At::Site(id)) => {
                let site = places.sites.iter().find(|one| one.site.id == id)?;
                let nodes = site.nodes.clone().filter_map(|at| {
                    let node = &places.nodes.get(at)?.node;
                    self.item(TreeKind::Node, node.id, &node.name, at..at + 1)
                });
                Some(nodes.collect())
            }
            Some(At::Node(id)) => {
                let node = places.nodes.get(places.node(id).filter(|_| self.may(id))?)?;
                let leaf = |kind, id, name: &str| TreeItem {
                    kind,
                    id,
                    name: name.to_owned(),
                    address: None,
                    counts: Counts::default(),
                    disabled: 0,
                    has_more: false,
                };
                let points = places.points_of(node).iter();
                let points = points.map(|point| leaf(TreeKind::Point, point.id, &point.name));
                let devices = places.devices_of(node);
                let devices = devices.map(|at| leaf(TreeKind::Device, at.device.id, &at.device.name));
                Some(points.chain(devices).collect())
            }
        }
    }
}

/// One level of the tree of places, with the states of what is below.
#[utoipa::path(get, path = "/tree", operation_id = "tree", tag = "places", params(TreeQuery), responses((status = OK, body = Tree)))]
pub(in crate::api) async fn tree(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<TreeQuery>,
) -> Result<Json<Tree>, Problem> {
    let at = At::of(query.at.as_deref())?;
    let snapshot = state.overview.look(&state).await?;
    let seen = Seen {
        mine: state.store.nodes_of(asks.scope(Right::See)).await?,
        snapshot: &snapshot,
    };
    let items = seen
        .below(at)
        .filter(|items| at.is_none() || !items.is_empty() || seen.mine.is_none());
    let items = items.ok_or_else(|| Problem::not_found("there is no such place"))?;
    Ok(Json(Tree { items }))
}
