//! Sites.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ApiState;
use super::dto::{Instant, Named, Page};
use super::extract::{Path, Query, cursor, limit};
use super::keep::Tagged;
use super::problem::Problem;
use super::signed_in::SignedIn;
use crate::model::Right;
use crate::store::KeptQuery;
use crate::store::query::SiteRow;

/// A page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// `next` of the page before.
    pub(super) after: Option<String>,
    /// Rows of the page, 100 unless said otherwise, at most 1000.
    pub(super) limit: Option<u32>,
}

impl PageQuery {
    /// Rows of the page.
    pub(super) fn limit(&self) -> Result<u32, Problem> {
        limit(self.limit, 100, 1000)
    }

    /// The key that the page begins after.
    pub(super) fn key(&self) -> Result<i64, Problem> {
        Ok(cursor(self.after.as_deref())?.unwrap_or(0))
    }
}

/// A page of a list of what is kept.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct KeptPageQuery {
    /// Those that are archived instead of those in use.
    #[serde(default)]
    pub(super) archived: bool,
    /// `next` of the page before.
    pub(super) after: Option<String>,
    /// Rows of the page, 100 unless said otherwise, at most 1000.
    pub(super) limit: Option<u32>,
}

impl KeptPageQuery {
    /// Rows of the page.
    pub(super) fn limit(&self) -> Result<u32, Problem> {
        limit(self.limit, 100, 1000)
    }

    /// The key that the page begins after.
    pub(super) fn key(&self) -> Result<i64, Problem> {
        Ok(cursor(self.after.as_deref())?.unwrap_or(0))
    }

    /// What `asks` sees of it, and one row more: whether there is another page.
    pub(super) fn wanted(&self, asks: &SignedIn) -> Result<KeptQuery, Problem> {
        Ok(KeptQuery {
            scope: asks.scope(Right::See),
            parent: None,
            archived: self.archived,
            limit: self.limit()? + 1,
            after: self.key()?,
        })
    }
}

/// A building or plant.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Site {
    id: i64,
    /// Who owns it.
    organisation: Named,
    name: String,
    address: Option<String>,
    /// IANA name.
    time_zone: String,
    /// Degrees, north is positive.
    latitude: Option<f64>,
    /// Degrees, east is positive.
    longitude: Option<f64>,
    /// Devices in use that stand there.
    devices: i64,
    /// Counts its changes; its `ETag`.
    revision: i64,
    /// Null: it is in use.
    archived_at: Option<Instant>,
}

/// Sites.
#[utoipa::path(get, path = "/sites", operation_id = "list_sites", tag = "places", params(KeptPageQuery), responses((status = OK, body = Page<Site>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<KeptPageQuery>,
) -> Result<Json<Page<Site>>, Problem> {
    let limit = query.limit()?;
    let scope = asks.scope(Right::See);
    let rows = state
        .store
        .sites(scope, Some(query.archived), query.key()?, limit + 1)
        .await?;
    Ok(Json(Page::of(rows, limit, |row| row.id.to_string(), site)))
}

/// One site.
#[utoipa::path(get, path = "/sites/{id}", operation_id = "one_site", tag = "places", params(("id" = i64, Path)),
    responses((status = OK, body = Site)))]
pub(super) async fn one(
    State(state): State<ApiState>,
    _: SignedIn,
    Path(id): Path<i64>,
) -> Result<Tagged<Site>, Problem> {
    let row = state.store.site(id).await?;
    let row = row.ok_or_else(|| Problem::not_found(format!("there is no site {id}")))?;
    Ok(Tagged::ok(row.revision, site(row)))
}

fn site(row: SiteRow) -> Site {
    Site {
        id: row.id,
        organisation: row.organisation.into(),
        name: row.name,
        address: row.address,
        time_zone: row.time_zone,
        latitude: row.latitude,
        longitude: row.longitude,
        devices: row.devices,
        revision: row.revision,
        archived_at: row.archived_at.map(Instant),
    }
}
