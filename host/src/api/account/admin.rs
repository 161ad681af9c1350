//! Accounts, for those who administer everything.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shape::{self, Grant, NewGrant};
use crate::api::ApiState;
use crate::api::dto::{Instant, Page};
use crate::api::extract::{Body, Path, Query};
use crate::api::problem::Problem;
use crate::api::signed_in::SignedIn;
use crate::api::site::PageQuery;
use crate::credential;
use crate::limits;
use crate::model::{AccountId, AccountKind};
use crate::store::{self, AccountChange, AccountInfo};

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Account {
    id: i64,
    /// As it signs in.
    name: String,
    /// For people.
    title: String,
    /// `person` or `machine`.
    kind: &'static str,
    /// Whether it may sign in, and its keys hold.
    enabled: bool,
    created_at: Instant,
    /// Until when its one-time secret holds; null: it has chosen a password, or is a machine's.
    one_time_until: Option<Instant>,
    /// Whether codes are asked for.
    second_factor: bool,
    /// Where it is signed in: how many places.
    sign_ins: i64,
    /// To the minute; null: never, or long ago.
    seen_at: Option<Instant>,
    grants: Vec<Grant>,
}

/// A new account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NewAccount {
    /// As it signs in: letters, digits, dots, dashes, underscores, @. Capitals become small.
    name: String,
    /// For people.
    title: String,
    /// `person` or `machine`.
    kind: String,
    grants: Vec<NewGrant>,
}

/// A one-time secret. It is shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct OneTime {
    account: Account,
    /// Signs in once, to choose a password. Null for a machine: it has keys.
    secret: Option<String>,
}

/// What changes of an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct AccountPatch {
    /// For people.
    title: Option<String>,
    /// False: it is signed out everywhere, and its keys hold no more.
    enabled: Option<bool>,
}

/// All grants of an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Grants {
    grants: Vec<NewGrant>,
}

/// How an account is reset.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Reset {
    /// Whether the second factor goes as well: the telephone is lost.
    #[serde(default)]
    second_factor: bool,
}

/// Accounts.
#[utoipa::path(get, path = "/accounts", tag = "accounts", operation_id = "list_accounts", params(PageQuery),
    responses((status = OK, body = Page<Account>)))]
pub(in crate::api) async fn list(
    State(state): State<ApiState>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Account>>, Problem> {
    let limit = query.limit()?;
    let rows = state.store.accounts(query.key()?, limit + 1).await?;
    Ok(Json(Page::of(rows, limit, |row| row.id.to_string(), show)))
}

/// Makes an account. A person gets a one-time secret, a machine gets keys later.
#[utoipa::path(post, path = "/accounts", tag = "accounts", operation_id = "create_account", request_body = NewAccount,
    responses((status = CREATED, body = OneTime), (status = CONFLICT, description = "Another has the name: `conflict`")))]
pub(in crate::api) async fn create(
    State(state): State<ApiState>,
    asks: SignedIn,
    Body(body): Body<NewAccount>,
) -> Result<(StatusCode, Json<OneTime>), Problem> {
    let kind = shape::kind(&body.kind)?;
    let (name, title) = (shape::name(&body.name)?, shape::line(&body.title, "title")?);
    let grants = shape::grants(body.grants)?;
    let (secret, one_time) = match kind {
        AccountKind::Machine => (None, None),
        AccountKind::Person => {
            let (secret, hash, ends_at) = one_time(&state).await?;
            (Some(secret), Some((hash, ends_at)))
        }
    };
    let new = store::NewAccount {
        name,
        kind,
        title,
        grants,
        one_time,
    };
    let id = state.store.create_account(new, &asks.actor()).await??;
    let account = find(&state, id.0).await?;
    Ok((StatusCode::CREATED, Json(OneTime { account, secret })))
}

/// One account.
#[utoipa::path(get, path = "/accounts/{id}", tag = "accounts", operation_id = "one_account", params(("id" = i64, Path)),
    responses((status = OK, body = Account)))]
pub(in crate::api) async fn one(State(state): State<ApiState>, Path(id): Path<i64>) -> Result<Json<Account>, Problem> {
    Ok(Json(find(&state, id).await?))
}

/// Changes what people call an account, or whether it may sign in.
#[utoipa::path(patch, path = "/accounts/{id}", tag = "accounts", operation_id = "change_account", params(("id" = i64, Path)),
    request_body = AccountPatch, responses((status = OK, body = Account),
        (status = CONFLICT, description = "It is the last that administers everything: `conflict`")))]
pub(in crate::api) async fn change(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
    Body(body): Body<AccountPatch>,
) -> Result<Json<Account>, Problem> {
    let title = body.title.map(|title| shape::line(&title, "title")).transpose()?;
    let enabled = body.enabled;
    apply(&state, &asks, id, AccountChange::Describe { title, enabled }).await
}

/// Says what an account is granted: these grants, and no others.
#[utoipa::path(put, path = "/accounts/{id}/grants", tag = "accounts", operation_id = "grant", params(("id" = i64, Path)),
    request_body = Grants, responses((status = OK, body = Account),
        (status = CONFLICT, description = "It is the last that administers everything: `conflict`")))]
pub(in crate::api) async fn grant(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
    Body(body): Body<Grants>,
) -> Result<Json<Account>, Problem> {
    let grants = shape::grants(body.grants)?;
    apply(&state, &asks, id, AccountChange::Grants(grants)).await
}

/// Gives a person a one-time secret in place of the password, and signs him out everywhere.
#[utoipa::path(post, path = "/accounts/{id}/reset", tag = "accounts", operation_id = "reset_account", params(("id" = i64, Path)),
    request_body = Reset, responses((status = OK, body = OneTime)))]
pub(in crate::api) async fn reset(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
    Body(body): Body<Reset>,
) -> Result<Json<OneTime>, Problem> {
    let (secret, hash, ends_at) = one_time(&state).await?;
    let change = AccountChange::Reset {
        hash,
        ends_at,
        and_code: body.second_factor,
    };
    let Json(account) = apply(&state, &asks, id, change).await?;
    Ok(Json(OneTime {
        account,
        secret: Some(secret),
    }))
}

/// Signs an account out everywhere.
#[utoipa::path(post, path = "/accounts/{id}/sign-out", tag = "accounts", operation_id = "sign_account_out",
    params(("id" = i64, Path)), responses((status = OK, body = Account)))]
pub(in crate::api) async fn sign_out(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
) -> Result<Json<Account>, Problem> {
    apply(&state, &asks, id, AccountChange::SignOut(None)).await
}

async fn apply(state: &ApiState, asks: &SignedIn, id: i64, change: AccountChange) -> Result<Json<Account>, Problem> {
    let changed = state.store.change_account(AccountId(id), change, &asks.actor()).await?;
    changed?;
    state.access.forget();
    Ok(Json(find(state, id).await?))
}

/// A secret, its hash, and until when it holds.
async fn one_time(state: &ApiState) -> Result<(String, String, i64), Problem> {
    let secret = credential::one_time()?;
    let hashed = secret.clone();
    let hash = state.access.hashed(move || credential::hash(&hashed)).await??;
    let ends_at = state.store.now().as_second().saturating_add(limits::ONE_TIME_S);
    Ok((secret, hash, ends_at))
}

async fn find(state: &ApiState, id: i64) -> Result<Account, Problem> {
    let found = state.store.account(AccountId(id)).await?;
    found
        .map(show)
        .ok_or_else(|| Problem::not_found(format!("there is no account {id}")))
}

fn show(info: AccountInfo) -> Account {
    let instant = |at: Option<Timestamp>| at.map(Instant);
    Account {
        id: info.id.0,
        name: info.name,
        title: info.title,
        kind: info.kind.word(),
        enabled: info.enabled,
        created_at: Instant(info.created_at),
        one_time_until: instant(info.one_time_until),
        second_factor: info.has_code,
        sign_ins: info.sign_ins,
        seen_at: instant(info.seen_at),
        grants: info.grants.into_iter().map(Grant::from).collect(),
    }
}
