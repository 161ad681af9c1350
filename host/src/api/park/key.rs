//! The vendors' keys.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Why, deed};
use crate::api::ApiState;
use crate::api::dto::{Instant, Page};
use crate::api::extract::{Body, Path};
use crate::api::problem::Problem;
use crate::api::signed_in::SignedIn;
use crate::signing;
use crate::store::VendorKey;

/// A key of a vendor.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Key {
    /// Its number, as minisign shows it.
    id: String,
    public: String,
    name: String,
    vendor: String,
    /// Of `read`, `configure`, `control`.
    roles: Vec<String>,
    /// Models that its packages may claim; `*`: any.
    models: Vec<String>,
    valid_from: Option<Instant>,
    valid_to: Option<Instant>,
    revoked_at: Option<Instant>,
    revoked_why: Option<String>,
}

/// A new key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKey {
    /// As `uzel key new` or minisign prints it.
    public: String,
    /// Whose it is.
    name: String,
    /// What manifests must name as vendor.
    vendor: String,
    /// Of `read`, `configure`, `control`.
    roles: Vec<String>,
    /// Models that its packages may claim; `*`: any.
    models: Vec<String>,
    /// Instants.
    valid_from: Option<String>,
    valid_to: Option<String>,
    /// It is written down.
    why: String,
}

/// The vendors' keys.
#[utoipa::path(get, path = "/drivers/keys", tag = "drivers", operation_id = "driver_keys", responses((status = OK, body = Page<Key>)))]
pub(super) async fn keys(State(state): State<ApiState>) -> Result<Json<Page<Key>>, Problem> {
    let key = |key: VendorKey| Key {
        id: key.id,
        public: key.public,
        name: key.name,
        vendor: key.vendor,
        roles: key.roles,
        models: key.models,
        valid_from: key.valid_from.map(Instant),
        valid_to: key.valid_to.map(Instant),
        revoked_at: key.revoked_at.map(Instant),
        revoked_why: key.revoked_why,
    };
    let keys = state.store.vendor_keys().await?;
    Ok(Json(Page::whole(keys.into_iter().map(key).collect())))
}

/// Trusts a key, or changes what it may.
#[utoipa::path(post, path = "/drivers/keys", tag = "drivers", operation_id = "trust_key", request_body = NewKey,
    responses((status = NO_CONTENT)))]
pub(super) async fn trust(
    State(state): State<ApiState>,
    asks: SignedIn,
    Body(body): Body<NewKey>,
) -> Result<StatusCode, Problem> {
    let id = signing::key_id(&body.public).map_err(|error| Problem::bad_body(error.to_string()))?;
    if let Some(role) = body
        .roles
        .iter()
        .find(|role| !crate::park::Roles::ALL.contains(&role.as_str()))
    {
        return Err(Problem::bad_body(format!(
            "role {role:?}, expected read, configure or control"
        )));
    }
    let instant = |text: Option<&String>| {
        let parsed = text.map(|text| text.parse::<Timestamp>().map_err(|_| text));
        parsed
            .transpose()
            .map_err(|text| Problem::bad_body(format!("{text:?} is no instant such as 2027-01-01T00:00:00Z")))
    };
    let key = VendorKey {
        id,
        public: body.public.trim().to_owned(),
        name: body.name,
        vendor: body.vendor,
        roles: body.roles,
        models: body.models,
        valid_from: instant(body.valid_from.as_ref())?,
        valid_to: instant(body.valid_to.as_ref())?,
        revoked_at: None,
        revoked_why: None,
    };
    state.store.put_vendor_key(key, deed(&asks, &body.why)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revokes a key: nothing that it signs is taken in any more. What it signed before stays as it is.
#[utoipa::path(post, path = "/drivers/keys/{id}/revoke", tag = "drivers", operation_id = "revoke_key",
    params(("id" = String, Path)), request_body = Why, responses((status = NO_CONTENT)))]
pub(super) async fn revoke_key(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<String>,
    Body(body): Body<Why>,
) -> Result<StatusCode, Problem> {
    if !state.store.revoke_vendor_key(&id, deed(&asks, &body.why)).await? {
        return Err(Problem::not_found(format!("there is no key {id} that holds")));
    }
    Ok(StatusCode::NO_CONTENT)
}
