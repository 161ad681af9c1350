//! Organisations and sites.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::dto::{Instant, Page};
use super::super::extract::{Body, Path, Query};
use super::super::site::{self, KeptPageQuery, Site};
use super::{ApiState, IfMatch, Patch, Problem, SignedIn, Tagged, doer, kept, tell};
use crate::model::Right;
use crate::store::{Form, Kept, Kind};

/// What is said of an organisation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OrganisationBody {
    /// Unique.
    name: String,
}

/// What is other of it.
pub(super) type OrganisationPatch = Patch<OrganisationBody>;

/// Who owns sites.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Organisation {
    id: i64,
    name: String,
    /// Sites in use.
    sites: i64,
    /// Counts its changes; its `ETag`.
    revision: i64,
    /// Null: it is in use.
    archived_at: Option<Instant>,
}

/// What is said of a site.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SiteBody {
    /// Key of who owns it.
    organisation: i64,
    /// Unique in the organisation.
    name: String,
    /// Postal.
    address: Option<String>,
    /// IANA name.
    time_zone: String,
    /// Degrees, north is positive.
    latitude: Option<f64>,
    /// Degrees, east is positive.
    longitude: Option<f64>,
}

/// What is other of it.
pub(super) type SitePatch = Patch<SiteBody>;

/// Organisations.
#[utoipa::path(get, path = "/organisations", operation_id = "list_organisations", tag = "places", params(KeptPageQuery),
    responses((status = OK, body = Page<Organisation>)))]
pub(super) async fn organisations(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<KeptPageQuery>,
) -> Result<Json<Page<Organisation>>, Problem> {
    let limit = query.limit()?;
    let rows = state.store.kept_list(Kind::Organisation, &query.wanted(&asks)?).await?;
    Ok(Json(Page::of(
        rows,
        limit,
        |row| row.id.to_string(),
        shown_organisation,
    )))
}

/// One organisation.
#[utoipa::path(get, path = "/organisations/{id}", operation_id = "one_organisation", tag = "places",
    params(("id" = i64, Path)), responses((status = OK, body = Organisation)))]
pub(super) async fn organisation(
    State(state): State<ApiState>,
    _: SignedIn,
    Path(id): Path<i64>,
) -> Result<Tagged<Organisation>, Problem> {
    let kept = kept(&state, Kind::Organisation, id).await?;
    Ok(Tagged::ok(kept.revision, shown_organisation(kept)))
}

/// Makes an organisation.
#[utoipa::path(post, path = "/organisations", tag = "places", request_body = OrganisationBody,
    responses((status = CREATED, body = Organisation), (status = UNPROCESSABLE_ENTITY, description = "`invalid`"),
        (status = CONFLICT, description = "The name is taken")))]
pub(super) async fn create_organisation(
    State(state): State<ApiState>,
    asks: SignedIn,
    Body(body): Body<OrganisationBody>,
) -> Result<Tagged<Organisation>, Problem> {
    let form = Form::Organisation { name: body.name };
    let id = state
        .store
        .create(&doer(&state, &asks, Right::Administer), form)
        .await?;
    let made = organisation(State(state), asks, Path(id)).await?;
    Ok(made.created(format!("/organisations/{id}")))
}

/// Changes an organisation.
#[utoipa::path(patch, path = "/organisations/{id}", tag = "places", params(("id" = i64, Path)),
    request_body = OrganisationPatch, responses((status = OK, body = Organisation),
        (status = PRECONDITION_FAILED, description = "`changed-meanwhile`")))]
pub(super) async fn change_organisation(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
    expected: IfMatch,
    Body(patch): Body<OrganisationPatch>,
) -> Result<Tagged<Organisation>, Problem> {
    let kept = kept(&state, Kind::Organisation, id).await?;
    let body = patch.of(&OrganisationBody {
        name: kept.form.name().to_owned(),
    })?;
    let form = Form::Organisation { name: body.name };
    let doer = doer(&state, &asks, Right::Administer);
    state.store.change(&doer, id, expected.or(kept.revision), form).await?;
    organisation(State(state), asks, Path(id)).await
}

/// Makes a site.
#[utoipa::path(post, path = "/sites", tag = "places", request_body = SiteBody,
    responses((status = CREATED, body = Site), (status = UNPROCESSABLE_ENTITY, description = "`invalid`"),
        (status = CONFLICT, description = "The name is taken")))]
pub(super) async fn create_site(
    State(state): State<ApiState>,
    asks: SignedIn,
    Body(body): Body<SiteBody>,
) -> Result<Tagged<Site>, Problem> {
    let doer = doer(&state, &asks, Right::Administer);
    let id = state.store.create(&doer, site_form(body)).await?;
    let made = site::one(State(state), asks, Path(id)).await?;
    Ok(made.created(format!("/sites/{id}")))
}

/// Changes a site.
#[utoipa::path(patch, path = "/sites/{id}", tag = "places", params(("id" = i64, Path)), request_body = SitePatch,
    responses((status = OK, body = Site), (status = PRECONDITION_FAILED, description = "`changed-meanwhile`")))]
pub(super) async fn change_site(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
    expected: IfMatch,
    Body(patch): Body<SitePatch>,
) -> Result<Tagged<Site>, Problem> {
    let row = state.store.site(id).await?;
    let row = row.ok_or_else(|| Problem::not_found(format!("there is no site {id}")))?;
    let revision = expected.or(row.revision);
    let body = patch.of(&SiteBody {
        organisation: row.organisation.0,
        name: row.name,
        address: row.address,
        time_zone: row.time_zone,
        latitude: row.latitude,
        longitude: row.longitude,
    })?;
    let doer = doer(&state, &asks, Right::Administer);
    state.store.change(&doer, id, revision, site_form(body)).await?;
    tell(&state).await;
    site::one(State(state), asks, Path(id)).await
}

fn site_form(body: SiteBody) -> Form {
    Form::Site {
        organisation: body.organisation,
        name: body.name,
        address: body.address,
        time_zone: body.time_zone,
        latitude: body.latitude,
        longitude: body.longitude,
    }
}

fn shown_organisation(kept: Kept) -> Organisation {
    Organisation {
        id: kept.id,
        name: kept.form.name().to_owned(),
        sites: kept.children,
        revision: kept.revision,
        archived_at: kept.archived_at.map(Instant),
    }
}
