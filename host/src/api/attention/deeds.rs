//! What people do with many nodes of the list at once: each node has an outcome of its own.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::ApiState;
use crate::api::extract::Body;
use crate::api::overview::Snapshot;
use crate::api::problem::Problem;
use crate::api::signed_in::SignedIn;
use crate::collect::{HandleError, ReadNow};
use crate::limits;
use crate::model::{DeviceId, Right};
use crate::store::{CareWord, Done, Said};

/// Nodes that are acknowledged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Acknowledge {
    /// Keys, at most 500.
    nodes: Vec<i64>,
    /// False takes the word back.
    #[serde(default = "yes")]
    known: bool,
}

/// Nodes that somebody deals with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Assign {
    /// Keys, at most 500.
    nodes: Vec<i64>,
    /// Who deals with them, at most 100 characters; null: nobody.
    to: Option<String>,
}

/// Nodes whose devices are read now.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct ReadNodes {
    /// Keys, at most 500.
    nodes: Vec<i64>,
}

/// What came of it, node by node, in the order that was asked.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Outcomes {
    /// How many of them are done.
    done: usize,
    items: Vec<NodeOutcome>,
}

/// What came of it for one node.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct NodeOutcome {
    node: i64,
    outcome: NodeWord,
}

/// What came of it for one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::api) enum NodeWord {
    /// It is done; a read waits for its line.
    Done,
    /// Nothing is wrong with it any more.
    NotWaiting,
    /// All its devices are being read or wait for their lines.
    AlreadyReading,
    /// It has no device that is polled.
    NoDevice,
    /// Too many reads wait.
    Busy,
    /// There is no such node.
    NotFound,
}

fn yes() -> bool {
    true
}

/// Nodes that were asked for once each, with their places in the snapshot; none: not there, or not for whoever asks.
async fn find(
    state: &ApiState,
    asks: &SignedIn,
    snapshot: &Snapshot,
    nodes: &[i64],
) -> Result<Vec<(i64, Option<usize>)>, Problem> {
    if nodes.is_empty() || nodes.len() > limits::BULK_NODES {
        return Err(Problem::bad_body(format!(
            "nodes has {} keys, expected 1 to {}",
            nodes.len(),
            limits::BULK_NODES
        )));
    }
    let mine = state.store.nodes_of(asks.scope(Right::Dispatch)).await?;
    let may = |node: i64| mine.as_ref().is_none_or(|mine| mine.contains(&node));
    let mut seen = BTreeSet::new();
    let once = nodes.iter().copied().filter(|node| seen.insert(*node));
    Ok(once
        .map(|node| (node, snapshot.places.node(node).filter(|_| may(node))))
        .collect())
}

/// As people know a node.
fn name(snapshot: &Snapshot, index: usize) -> String {
    let node = snapshot.places.nodes.get(index);
    let site = node.and_then(|node| snapshot.places.sites.get(node.site));
    match (site, node) {
        (Some(site), Some(node)) => format!("{} / {}", site.site.name, node.node.name),
        _ => String::new(),
    }
}

fn answer(items: Vec<NodeOutcome>) -> Json<Outcomes> {
    let done = items.iter().filter(|item| item.outcome == NodeWord::Done).count();
    Json(Outcomes { done, items })
}

/// Says one thing of those nodes for which `word` finds something to say.
async fn say(
    state: &ApiState,
    asks: &SignedIn,
    nodes: &[i64],
    word: impl Fn(&Snapshot, usize) -> Option<CareWord>,
) -> Result<Json<Outcomes>, Problem> {
    let snapshot = state.overview.look(state).await?;
    let (mut said, mut items) = (Vec::new(), Vec::new());
    for (node, index) in find(state, asks, &snapshot, nodes).await? {
        let found = index.map(|index| (index, word(&snapshot, index)));
        let outcome = match found {
            Some((index, Some(word))) => {
                said.push(Said {
                    node,
                    name: name(&snapshot, index),
                    word,
                });
                NodeWord::Done
            }
            Some((_, None)) => NodeWord::NotWaiting,
            None => NodeWord::NotFound,
        };
        items.push(NodeOutcome { node, outcome });
    }
    if !said.is_empty() {
        state.store.say(&asks.actor(), said).await?;
        state.overview.spoil().await;
    }
    Ok(answer(items))
}

/// Says that the trouble of nodes is known: they sink in the list until there is another one.
#[utoipa::path(post, path = "/attention/acknowledge", tag = "attention", request_body = Acknowledge, responses((status = OK, body = Outcomes)))]
pub(in crate::api) async fn acknowledge(
    State(state): State<ApiState>,
    asks: SignedIn,
    Body(body): Body<Acknowledge>,
) -> Result<Json<Outcomes>, Problem> {
    say(&state, &asks, &body.nodes, |snapshot, index| {
        let verdict = &snapshot.nodes.get(index)?.verdict;
        let trouble = (verdict.state.word().to_owned(), verdict.cause.occurrence());
        verdict
            .state
            .waits()
            .then(|| CareWord::Acknowledge(body.known.then_some(trouble)))
    })
    .await
}

/// Says who deals with the trouble of nodes.
#[utoipa::path(post, path = "/attention/assign", tag = "attention", request_body = Assign, responses((status = OK, body = Outcomes)))]
pub(in crate::api) async fn assign(
    State(state): State<ApiState>,
    asks: SignedIn,
    Body(body): Body<Assign>,
) -> Result<Json<Outcomes>, Problem> {
    let to = body.to.as_deref().map(str::trim);
    if to.is_some_and(|to| to.is_empty() || to.chars().count() > limits::NAME_CHARS || to.contains(char::is_control)) {
        return Err(Problem::bad_body(format!(
            "to must be 1 to {} characters without control characters, or null",
            limits::NAME_CHARS
        )));
    }
    say(&state, &asks, &body.nodes, |snapshot, index| {
        let waits = snapshot.nodes.get(index)?.verdict.state.waits();
        waits.then(|| CareWord::Assign(to.map(str::to_owned)))
    })
    .await
}

/// Reads the devices of nodes now.
#[utoipa::path(post, path = "/attention/read-now", operation_id = "read_nodes_now", tag = "attention", request_body = ReadNodes, responses((status = OK, body = Outcomes)))]
pub(in crate::api) async fn read_now(
    State(state): State<ApiState>,
    asks: SignedIn,
    Body(body): Body<ReadNodes>,
) -> Result<Json<Outcomes>, Problem> {
    let snapshot = state.overview.look(&state).await?;
    let (mut items, mut deeds) = (Vec::new(), Vec::new());
    for (node, index) in find(&state, &asks, &snapshot, &body.nodes).await? {
        let mut came = Vec::new();
        let at = index.and_then(|index| snapshot.places.nodes.get(index));
        let devices = at.map(|at| snapshot.places.devices_of(at)).into_iter().flatten();
        for at in devices.filter(|at| at.device.enabled) {
            let read = ReadNow {
                device: DeviceId(at.device.id),
                what: Vec::new(),
                span: None,
            };
            let word = match state.handle.read_now(read).await {
                Ok(_) => NodeWord::Done,
                Err(HandleError::AlreadyReading(_)) => NodeWord::AlreadyReading,
                Err(HandleError::NoDevice(_)) => NodeWord::NoDevice,
                Err(HandleError::Busy) => NodeWord::Busy,
                Err(error) => return Err(error.into()),
            };
            if word == NodeWord::Done {
                deeds.push(deed(at.device.id, &at.device.name));
            }
            came.push(word);
        }
        let words = [NodeWord::Done, NodeWord::AlreadyReading, NodeWord::Busy];
        let outcome = match index {
            None => NodeWord::NotFound,
            Some(_) => words
                .into_iter()
                .find(|word| came.contains(word))
                .unwrap_or(NodeWord::NoDevice),
        };
        items.push(NodeOutcome { node, outcome });
    }
    if !deeds.is_empty() {
        state.store.note_all_done(&asks.actor(), deeds).await?;
    }
    Ok(answer(items))
}

fn deed(device: i64, name: &str) -> Done {
    Done {
        deed: "device.read-now",
        subject: "device",
        id: device.to_string(),
        name: name.to_owned(),
        before: None,
        after: Some(serde_json::json!({ "what": [] })),
    }
}
