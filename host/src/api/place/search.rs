//! The search over places and devices.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::ApiState;
use crate::api::dto::Named;
use crate::api::extract::{Query, limit};
use crate::api::overview::{Found, Kind, NodeState, Snapshot};
use crate::api::problem::Problem;
use crate::api::signed_in::SignedIn;
use crate::model::Right;

/// The longest query: nobody remembers more of an address.
const QUERY_CHARS: usize = 200;

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct SearchQuery {
    /// Words of a name, an address, a serial number or a model, in either script and keyboard layout; all must match.
    q: String,
    /// Only of this kind.
    kind: Option<String>,
    /// Most that is given, 20 unless said otherwise, at most 200.
    limit: Option<u32>,
}

/// What was found, the best first.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct SearchFound {
    /// All that match.
    total: usize,
    items: Vec<Hit>,
}

/// Something that was found.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Hit {
    kind: Kind,
    id: i64,
    name: String,
    /// Of a site or what is in it.
    site: Option<Named>,
    address: Option<String>,
    /// Of a node, a point or a device.
    node: Option<Named>,
    serial: Option<String>,
    /// Official spelling of a device's model.
    model_name: Option<String>,
    /// State of the node; of a site or an organisation that of its node that is worst off.
    state: Option<NodeState>,
}

/// Organisations, sites, nodes, points and devices by what people remember of them.
#[utoipa::path(get, path = "/search", operation_id = "search", tag = "places", params(SearchQuery), responses((status = OK, body = SearchFound)))]
pub(in crate::api) async fn search(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<SearchQuery>,
) -> Result<Json<SearchFound>, Problem> {
    let limit = limit(query.limit, 20, 200)? as usize;
    if query.q.chars().count() > QUERY_CHARS {
        return Err(Problem::bad_query(format!("q is longer than {QUERY_CHARS} characters")));
    }
    let kinds = [Kind::Site, Kind::Node, Kind::Device, Kind::Point, Kind::Organisation];
    let kind = match query.kind.as_deref() {
        None => None,
        Some(word) => Some(kinds.into_iter().find(|kind| kind.word() == word).ok_or_else(|| {
            Problem::bad_query(format!(
                "kind is {word:?}, expected site, node, device, point or organisation"
            ))
        })?),
    };
    let snapshot = state.overview.look(&state).await?;
    let mine = state.store.nodes_of(asks.scope(Right::See)).await?;
    let places = &snapshot.places;
    let may = |found: Found| {
        kind.is_none_or(|kind| kind == found.kind)
            && mine.as_ref().is_none_or(|mine| {
                let mut nodes = places.nodes_of(found).into_iter().flatten();
                nodes.any(|at| places.nodes.get(at).is_some_and(|node| mine.contains(&node.node.id)))
            })
    };
    let found = places.index.find(&query.q, may);
    Ok(Json(SearchFound {
        total: found.len(),
        items: found
            .into_iter()
            .take(limit)
            .filter_map(|found| hit(&snapshot, found))
            .collect(),
    }))
}

fn hit(snapshot: &Snapshot, found: Found) -> Option<Hit> {
    let places = &snapshot.places;
    let nodes = places.nodes_of(found)?;
    let views = snapshot.nodes.get(nodes.clone()).unwrap_or_default();
    // A place is as its worst node is; the order of states begins with those that are not polled.
    let states = views.iter().map(|view| view.verdict.state);
    let state = states.min_by_key(|state| (*state == NodeState::Disabled, *state));
    let bare = |id, name: &str| Hit {
        kind: found.kind,
        id,
        name: name.to_owned(),
        site: None,
        address: None,
        node: None,
        serial: None,
        model_name: None,
        state,
    };
    let node = places.nodes.get(nodes.start);
    let site = match found.kind {
        Kind::Organisation => None,
        Kind::Site => places.sites.get(found.at),
        _ => node.and_then(|node| places.sites.get(node.site)),
    };
    let of_node = || node.map(|node| Named::new(node.node.id, &node.node.name));
    let hit = match found.kind {
        Kind::Organisation => {
            let one = places.organisations.get(found.at)?;
            bare(one.id, &one.name)
        }
        Kind::Site => {
            let one = places.sites.get(found.at)?;
            bare(one.site.id, &one.site.name)
        }
        Kind::Node => bare(node?.node.id, &node?.node.name),
        Kind::Point => {
            let one = places.points.get(found.at)?;
            Hit {
                node: of_node(),
                ..bare(one.id, &one.name)
            }
        }
        Kind::Device => {
            let one = places.devices.get(found.at)?;
            Hit {
                node: of_node(),
                serial: one.device.serial.clone(),
                model_name: one.model_name.clone(),
                ..bare(one.device.id, &one.device.name)
            }
        }
    };
    Some(Hit {
        site: site.map(|site| Named::new(site.site.id, &site.site.name)),
        address: site.and_then(|site| site.site.address.clone()),
        ..hit
    })
}
