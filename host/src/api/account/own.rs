//! One's own account: password, sign-ins.

use std::net::{IpAddr, Ipv4Addr};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum_extra::extract::cookie::CookieJar;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::person;
use crate::api::ApiState;
use crate::api::access::cookie;
use crate::api::dto::{Instant, Page};
use crate::api::extract::{Body, Path};
use crate::api::problem::Problem;
use crate::api::signed_in::SignedIn;
use crate::credential;
use crate::limits;
use crate::store::{AccountChange, RefusedWhy, SignInInfo, Stays};

/// Done, with a new cookie.
pub(in crate::api) type Renewed = (StatusCode, CookieJar);

/// A password takes the place of another.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NewPassword {
    /// Or the one-time secret.
    old: String,
    /// 10 characters or more.
    new: String,
}

/// A place where the account is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct OwnSignIn {
    id: i64,
    begun_at: Instant,
    /// When it was last used, to the minute.
    seen_at: Instant,
    ends_at: Instant,
    /// Address.
    from: String,
    /// What the browser says of itself.
    agent: String,
    /// Whether it is the one that asks.
    is_this: bool,
}

/// Chooses a password. Every other sign-in of the account ends; the answer has a new cookie.
#[utoipa::path(post, path = "/account/password", tag = "accounts", operation_id = "choose_password", request_body = NewPassword,
    responses((status = NO_CONTENT), (status = BAD_REQUEST, description = "It is one that anybody may guess: `bad-body`"),
        (status = UNAUTHORIZED, description = "The old one is not right: `bad-credentials`")))]
pub(in crate::api) async fn password(
    State(state): State<ApiState>,
    asks: SignedIn,
    Body(body): Body<NewPassword>,
) -> Result<Renewed, Problem> {
    let known = person(&asks)?;
    credential::check_password(&known.name, &body.new)?;
    if body.new == body.old {
        return Err(Problem::bad_body("the new password is the old one"));
    }
    prove(&state, &asks, body.old).await?;
    let hash = state.access.hashed(move || credential::hash(&body.new)).await??;
    renewed(&state, &asks, |stays| AccountChange::Password { hash, stays }).await
}

/// Changes what proves who somebody is. Every other sign-in of the account ends, and the browser that asks gets a new token:
/// whoever may know the old one has nothing any more.
pub(super) async fn renewed(
    state: &ApiState,
    asks: &SignedIn,
    change: impl FnOnce(Option<Stays>) -> AccountChange,
) -> Result<Renewed, Problem> {
    let known = person(asks)?;
    let token = credential::token()?;
    let stays = known.sign_in.as_ref().map(|sign_in| Stays {
        sign_in: sign_in.id,
        token: credential::digest(&token),
    });
    let (change, actor) = (change(stays), asks.actor());
    state.store.change_account(known.account, change, &actor).await??;
    state.access.forget();
    let jar = CookieJar::new().add(cookie(token, state.access.is_secure()));
    Ok((StatusCode::NO_CONTENT, jar))
}

/// Where the account is signed in, the newest first.
#[utoipa::path(get, path = "/account/sign-ins", tag = "accounts", operation_id = "list_sign_ins",
    responses((status = OK, body = Page<OwnSignIn>)))]
pub(in crate::api) async fn sign_ins(
    State(state): State<ApiState>,
    asks: SignedIn,
) -> Result<Json<Page<OwnSignIn>>, Problem> {
    let known = person(&asks)?;
    let this = known.sign_in.as_ref().map(|sign_in| sign_in.id);
    let show = |info: SignInInfo| OwnSignIn {
        id: info.id,
        begun_at: Instant(info.begun_at),
        seen_at: Instant(info.seen_at),
        ends_at: Instant(info.ends_at),
        from: info.from,
        agent: info.agent,
        is_this: this == Some(info.id),
    };
    let all = state.store.sign_ins(known.account).await?;
    Ok(Json(Page::whole(all.into_iter().map(show).collect())))
}

/// Ends one sign-in of the account.
#[utoipa::path(delete, path = "/account/sign-ins/{id}", tag = "accounts", operation_id = "end_sign_in", params(("id" = i64, Path)),
    responses((status = NO_CONTENT)))]
pub(in crate::api) async fn end(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let known = person(&asks)?;
    let change = AccountChange::SignOut(Some(id));
    state
        .store
        .change_account(known.account, change, &asks.actor())
        .await??;
    state.access.forget();
    Ok(StatusCode::NO_CONTENT)
}

/// Lets only those go on who know the password: an open screen is not enough. Wrong ones count as at a sign-in.
pub(super) async fn prove(state: &ApiState, asks: &SignedIn, password: String) -> Result<(), Problem> {
    let known = person(asks)?;
    let from = asks.from().parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let now = state.store.now().as_second();
    let refused = async |why| {
        let refusals = &state.access.refusals;
        refusals.note(&state.store, &known.name, asks.from(), why).await;
    };
    if let Err(wait_s) = state.access.tries.begin(&known.name, from, now) {
        refused(RefusedWhy::TooEarly).await;
        return Err(Problem::slow_down(wait_s));
    }
    let hash = state.store.password(&known.name).await?.map(|known| known.hash);
    let is_right = password.len() <= limits::PASSWORD_BYTES
        && state
            .access
            .hashed(move || credential::verify(&password, hash.as_deref()))
            .await?;
    if !is_right {
        refused(RefusedWhy::Password).await;
        return Err(Problem::bad_credentials());
    }
    state.access.tries.right(&known.name, from);
    Ok(())
}
