//! Sites where they stand.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::ApiState;
use crate::api::attention::Counts;
use crate::api::overview::NodeState;
use crate::api::problem::Problem;
use crate::api::signed_in::SignedIn;
use crate::model::Right;

/// Sites with coordinates, and the tiles that the administrator configured.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct SiteMap {
    /// Null: none are configured, sites are shown by their coordinates alone.
    tiles: Option<MapTiles>,
    items: Vec<MapSite>,
    /// Sites whose coordinates nobody gave.
    without_coordinates: usize,
}

/// Where pictures of a map come from.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct MapTiles {
    /// With `{z}`, `{x}` and `{y}`.
    url: String,
    /// Whose they are: must be shown.
    attribution: String,
}

/// A site on the map.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct MapSite {
    id: i64,
    name: String,
    address: Option<String>,
    /// Degrees, north is positive.
    latitude: f64,
    /// Degrees, east is positive.
    longitude: f64,
    /// That of its node that is worst off.
    state: NodeState,
    counts: Counts,
    disabled: usize,
}

/// Sites where they stand, with the states of their nodes.
#[utoipa::path(get, path = "/map", operation_id = "map", tag = "places", responses((status = OK, body = SiteMap)))]
pub(in crate::api) async fn map(State(state): State<ApiState>, asks: SignedIn) -> Result<Json<SiteMap>, Problem> {
    let snapshot = state.overview.look(&state).await?;
    let mine = state.store.nodes_of(asks.scope(Right::See)).await?;
    let (mut items, mut without_coordinates) = (Vec::new(), 0);
    for site in &snapshot.places.sites {
        let (mut counts, mut disabled, mut worst) = (Counts::default(), 0, None);
        for index in site.nodes.clone() {
            let (Some(node), Some(view)) = (snapshot.places.nodes.get(index), snapshot.nodes.get(index)) else {
                continue;
            };
            if mine.as_ref().is_some_and(|mine| !mine.contains(&node.node.id)) {
                continue;
            }
            let of_it = view.verdict.state;
            counts.add(of_it);
            disabled += usize::from(of_it == NodeState::Disabled);
            let key = |state: NodeState| (state == NodeState::Disabled, state);
            worst = worst.into_iter().chain([of_it]).min_by_key(|state| key(*state));
        }
        let Some(worst) = worst else { continue };
        let Some((latitude, longitude)) = site.site.coordinates else {
            without_coordinates += 1;
            continue;
        };
        items.push(MapSite {
            id: site.site.id,
            name: site.site.name.clone(),
            address: site.site.address.clone(),
            latitude,
            longitude,
            state: worst,
            counts,
            disabled,
        });
    }
    let tiles = state.tiles.as_deref().map(|tiles| MapTiles {
        url: tiles.url.clone(),
        attribution: tiles.attribution.clone(),
    });
    Ok(Json(SiteMap {
        tiles,
        items,
        without_coordinates,
    }))
}
