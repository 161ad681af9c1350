//! Keys of programs, for those who administer everything.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shape;
use crate::api::ApiState;
use crate::api::access::KEY;
use crate::api::dto::{Instant, Page};
use crate::api::extract::{Body, Path};
use crate::api::problem::Problem;
use crate::api::signed_in::SignedIn;
use crate::credential;
use crate::model::AccountId;
use crate::store::{self, AccountChange, AccountFault, KeyInfo};

/// How many characters of a key are kept in clear, to tell it apart: 8 of them are random.
const SHOWN: usize = KEY.len() + 8;

/// Networks that one key may come from.
const NETWORKS: usize = 50;

/// A key of a program.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct ApiKey {
    id: i64,
    /// For people.
    name: String,
    /// How it begins.
    begins: String,
    /// Of `see`, `dispatch`, `engineer`, `administer`, `see-drivers`: it has no others, whatever its account has.
    rights: Vec<String>,
    /// Networks that it may come from; empty: any.
    addresses: Vec<String>,
    created_at: Instant,
    ends_at: Option<Instant>,
    revoked_at: Option<Instant>,
    /// To the minute.
    used_at: Option<Instant>,
    /// Address.
    used_from: Option<String>,
}

/// A new key of a program.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NewApiKey {
    /// For people.
    name: String,
    /// Of `see`, `dispatch`, `engineer`, `administer`, `see-drivers`.
    rights: Vec<String>,
    /// Networks that it may come from, such as `10.0.0.0/24` or `10.0.0.7`; empty: any.
    #[serde(default)]
    addresses: Vec<String>,
    /// Until when it holds; null: until it is revoked.
    ends_at: Option<Instant>,
}

/// How a key is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Rotation {
    /// Hours for which the old key holds beside the new one, 0 to 720.
    overlap_h: u32,
}

/// A key as it is shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct ShownKey {
    id: i64,
    /// For `Authorization: Bearer`.
    key: String,
}

/// The keys of an account, the newest first.
#[utoipa::path(get, path = "/accounts/{id}/keys", tag = "accounts", operation_id = "list_api_keys", params(("id" = i64, Path)),
    responses((status = OK, body = Page<ApiKey>)))]
pub(in crate::api) async fn list(
    State(state): State<ApiState>,
    Path(id): Path<i64>,
) -> Result<Json<Page<ApiKey>>, Problem> {
    if state.store.account(AccountId(id)).await?.is_none() {
        return Err(AccountFault::NoAccount(id).into());
    }
    let keys = state.store.account_keys(AccountId(id)).await?;
    Ok(Json(Page::whole(keys.into_iter().map(show).collect())))
}

/// Gives a program a key.
#[utoipa::path(post, path = "/accounts/{id}/keys", tag = "accounts", operation_id = "add_api_key", params(("id" = i64, Path)),
    request_body = NewApiKey, responses((status = CREATED, body = ShownKey),
        (status = CONFLICT, description = "It has as many as it may have: `conflict`")))]
pub(in crate::api) async fn add(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
    Body(body): Body<NewApiKey>,
) -> Result<(StatusCode, Json<ShownKey>), Problem> {
    let key = new_key()?;
    let new = store::NewKey {
        name: shape::line(&body.name, "name")?,
        token: credential::digest(&key),
        shown: key.chars().take(SHOWN).collect(),
        rights: shape::rights(&body.rights)?,
        addresses: networks(&body.addresses)?,
        ends_at: body.ends_at.map(|at| at.0.as_second()),
    };
    let change = AccountChange::AddKey(new);
    let id = state
        .store
        .change_account(AccountId(id), change, &asks.actor())
        .await??;
    Ok((StatusCode::CREATED, Json(ShownKey { id, key })))
}

/// Gives a program a new key in place of another, with its rights and addresses. For a while both hold.
#[utoipa::path(post, path = "/accounts/{id}/keys/{key}/rotate", tag = "accounts", operation_id = "rotate_api_key",
    params(("id" = i64, Path), ("key" = i64, Path)), request_body = Rotation, responses((status = CREATED, body = ShownKey)))]
pub(in crate::api) async fn rotate(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path((id, old)): Path<(i64, i64)>,
    Body(body): Body<Rotation>,
) -> Result<(StatusCode, Json<ShownKey>), Problem> {
    if body.overlap_h > 720 {
        return Err(Problem::bad_body(format!(
            "overlap_h is {}, expected 0 to 720",
            body.overlap_h
        )));
    }
    let overlap = SignedDuration::from_hours(body.overlap_h.into());
    let until = state.store.now().saturating_add(overlap).unwrap_or(Timestamp::MAX);
    let key = new_key()?;
    let change = AccountChange::RotateKey {
        old,
        token: credential::digest(&key),
        shown: key.chars().take(SHOWN).collect(),
        until: until.as_second(),
    };
    let id = state
        .store
        .change_account(AccountId(id), change, &asks.actor())
        .await??;
    state.access.forget();
    Ok((StatusCode::CREATED, Json(ShownKey { id, key })))
}

/// Revokes a key.
#[utoipa::path(delete, path = "/accounts/{id}/keys/{key}", tag = "accounts", operation_id = "revoke_api_key",
    params(("id" = i64, Path), ("key" = i64, Path)), responses((status = NO_CONTENT)))]
pub(in crate::api) async fn revoke(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path((id, key)): Path<(i64, i64)>,
) -> Result<StatusCode, Problem> {
    let change = AccountChange::RevokeKey(key);
    state
        .store
        .change_account(AccountId(id), change, &asks.actor())
        .await??;
    state.access.forget();
    Ok(StatusCode::NO_CONTENT)
}

fn new_key() -> Result<String, Problem> {
    Ok(format!("{KEY}{}", credential::token()?))
}

fn networks(texts: &[String]) -> Result<Vec<String>, Problem> {
    if texts.len() > NETWORKS {
        return Err(Problem::bad_body(format!(
            "{} addresses, at most {NETWORKS} may be",
            texts.len()
        )));
    }
    let network = |text: &String| {
        let parsed = text
            .parse::<IpNet>()
            .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
        let expected = |_| {
            Problem::bad_body(format!(
                "address {text:?}, expected one such as 10.0.0.0/24 or 10.0.0.7"
            ))
        };
        parsed.map(|network| network.trunc().to_string()).map_err(expected)
    };
    texts.iter().map(network).collect()
}

fn show(info: KeyInfo) -> ApiKey {
    ApiKey {
        id: info.id,
        name: info.name,
        begins: info.shown,
        rights: info.rights,
        addresses: info.addresses,
        created_at: Instant(info.created_at),
        ends_at: info.ends_at.map(Instant),
        revoked_at: info.revoked_at.map(Instant),
        used_at: info.used_at.map(Instant),
        used_from: info.used_from,
    }
}
