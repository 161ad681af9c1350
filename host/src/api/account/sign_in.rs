//! Signing in and out, and who is signed in.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum_extra::extract::cookie::{Cookie, CookieJar};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shape::Grant;
use crate::api::ApiState;
use crate::api::access::{Token, cookie, cookie_gone, old_token};
use crate::api::dto::Instant;
use crate::api::extract::Body;
use crate::api::problem::Problem;
use crate::api::signed_in::SignedIn;
use crate::credential;
use crate::foreign::shown;
use crate::limits;
use crate::model::{AccountId, Actor, Right};
use crate::store::{AccountChange, Known, NewSignIn, RefusedWhy};

/// Who signs in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct SignIn {
    /// Of the account.
    name: String,
    /// Or the one-time secret.
    password: String,
    /// Of the second factor; asked for by `code-needed`.
    code: Option<String>,
}

/// Who is signed in, and what he may: for what a client shows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WhoAmI)]
pub(in crate::api) struct Session {
    /// False: the host runs without accounts, for development; whoever asks may do everything.
    accounts: bool,
    /// Null without accounts.
    account: Option<SessionAccount>,
    /// Whether all that may be done is to choose a password.
    must_change_password: bool,
    /// Whether codes are asked for.
    second_factor: bool,
    /// What may be done.
    rights: Rights,
    grants: Vec<Grant>,
    /// Null when a key was shown, or there are no accounts.
    sign_in: Option<SessionSignIn>,
}

/// An account that is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct SessionAccount {
    id: i64,
    /// As it signs in.
    name: String,
    /// For people.
    title: String,
    /// `person` or `machine`.
    kind: String,
}

/// Of `see`, `dispatch`, `engineer`, `administer`, `see-drivers`.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Rights {
    /// Over everything.
    everywhere: Vec<&'static str>,
    /// Over something: sections without one of these are better not shown.
    somewhere: Vec<&'static str>,
}

/// A sign-in.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct SessionSignIn {
    id: i64,
    begun_at: Instant,
    /// However much it is used.
    ends_at: Instant,
    /// When it ends if it is not used.
    idle_ends_at: Instant,
}

/// Who is signed in.
#[utoipa::path(get, path = "/session", tag = "accounts", operation_id = "who_am_i",
    responses((status = OK, body = Session), (status = UNAUTHORIZED, description = "Nobody: `not-signed-in`")))]
pub(in crate::api) async fn who(State(state): State<ApiState>, asks: SignedIn) -> Result<Json<Session>, Problem> {
    Ok(Json(session(&state, asks.known()).await?))
}

/// Signs in. The answer has a cookie.
#[utoipa::path(post, path = "/session", tag = "accounts", operation_id = "sign_in", request_body = SignIn,
    responses((status = OK, body = Session),
        (status = UNAUTHORIZED, description = "`bad-credentials`, or `code-needed`: the second factor is"),
        (status = TOO_MANY_REQUESTS, description = "`slow-down`: after wrong passwords, Retry-After says how long")))]
pub(in crate::api) async fn sign_in(
    State(state): State<ApiState>,
    asks: SignedIn,
    headers: HeaderMap,
    Body(body): Body<SignIn>,
) -> Result<impl IntoResponse, Problem> {
    if !state.access.has_accounts() {
        return Err(Problem::conflict("this host runs without accounts"));
    }
    let from = asks.from().parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let now = state.store.now().as_second();
    let name = body.name.trim().to_lowercase();
    let tries = &state.access.tries;
    let refused = async |why| state.access.refusals.note(&state.store, &name, asks.from(), why).await;
    if let Err(wait_s) = tries.begin(&name, from, now) {
        refused(RefusedWhy::TooEarly).await;
        return Err(Problem::slow_down(wait_s));
    }
    let account = match proven(&state, &name, body).await {
        Ok(account) => account,
        Err(NotProven::Wrong(why)) => {
            refused(why).await;
            return Err(Problem::bad_credentials());
        }
        Err(NotProven::CodeNeeded) => {
            tries.take_back(&name, from);
            return Err(Problem::code_needed());
        }
        Err(NotProven::Problem(problem)) => return Err(problem),
    };
    tries.right(&name, from);
    let (kept, known) = enter(&state, &asks, &headers, (account, name), false).await?;
    let session = session(&state, known.as_deref()).await?;
    Ok((CookieJar::new().add(kept), Json(session)))
}

/// Signs an account in that has proven to be itself, here or to a provider of identities; the cookie for it.
pub(in crate::api) async fn enter(
    state: &ApiState,
    asks: &SignedIn,
    headers: &HeaderMap,
    (account, name): (AccountId, String),
    by_provider: bool,
) -> Result<(Cookie<'static>, Option<Arc<Known>>), Problem> {
    let now = state.store.now().as_second();
    let actor = Actor {
        account: Some(account),
        who: name,
        from: asks.from().to_owned(),
    };
    // A token that was there before is never taken over: somebody else may have put it there.
    let is_secure = state.access.is_secure();
    if let Some(old) = old_token(headers, is_secure) {
        end_old(state, &old, &actor).await?;
    }
    let token = credential::token()?;
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let digest = credential::digest(&token);
    let new = NewSignIn {
        account,
        token: digest.clone(),
        ends_at: now.saturating_add(limits::SIGN_IN_S),
        from: asks.from().to_owned(),
        by_provider,
        agent: shown(&agent.unwrap_or_default().chars().take(200).collect::<String>()),
    };
    state.store.sign_in(new, &actor).await?;
    state.access.forget();
    let known = state.access.who(&state.store, &Token::SignIn(digest)).await?;
    Ok((cookie(token, is_secure), known))
}

/// Signs out: the cookie is worth nothing any more.
#[utoipa::path(delete, path = "/session", tag = "accounts", operation_id = "sign_out", responses((status = NO_CONTENT)))]
pub(in crate::api) async fn sign_out(
    State(state): State<ApiState>,
    asks: SignedIn,
) -> Result<impl IntoResponse, Problem> {
    let known = super::person(&asks)?;
    let one = known.sign_in.as_ref().map(|sign_in| sign_in.id);
    let change = AccountChange::SignOut(Some(one.unwrap_or_default()));
    state
        .store
        .change_account(known.account, change, &asks.actor())
        .await??;
    state.access.forget();
    let jar = CookieJar::new().add(cookie_gone(state.access.is_secure()));
    Ok((StatusCode::NO_CONTENT, jar))
}

enum NotProven {
    Wrong(RefusedWhy),
    CodeNeeded,
    Problem(Problem),
}

impl<E: Into<Problem>> From<E> for NotProven {
    fn from(error: E) -> Self {
        Self::Problem(error.into())
    }
}

/// Whose name and password, and code, these are. A name that nobody has takes as long as a wrong password.
async fn proven(state: &ApiState, name: &str, body: SignIn) -> Result<AccountId, NotProven> {
    let known = state.store.password(name).await?;
    let hash = known.as_ref().map(|known| known.hash.clone());
    // A password beyond the bound is none: it costs as much as any.
    let is_long = body.password.len() > limits::PASSWORD_BYTES;
    let password = if is_long { String::new() } else { body.password };
    let is_right = state
        .access
        .hashed(move || credential::verify(&password, hash.as_deref()))
        .await?;
    let Some(known) = known.filter(|_| is_right && !is_long) else {
        return Err(NotProven::Wrong(RefusedWhy::Password));
    };
    if !known.has_code {
        return Ok(known.account);
    }
    let Some(code) = body.code else {
        return Err(NotProven::CodeNeeded);
    };
    let Some(factor) = state.store.account_code(known.account).await? else {
        return Err(NotProven::Wrong(RefusedWhy::Code));
    };
    let step = credential::code_step(&factor.secret, &code, state.store.now().as_second())?;
    match step {
        Some(step) if state.store.use_code(known.account, step).await? => Ok(known.account),
        _ => Err(NotProven::Wrong(RefusedWhy::Code)),
    }
}

/// Ends the sign-in that the browser had before.
async fn end_old(state: &ApiState, old: &Token, actor: &Actor) -> Result<(), Problem> {
    let Some(known) = state.access.who(&state.store, old).await? else {
        return Ok(());
    };
    let Some(sign_in) = &known.sign_in else { return Ok(()) };
    let change = AccountChange::SignOut(Some(sign_in.id));
    // It may have ended in the meantime: that is as good.
    let _ = state.store.change_account(known.account, change, actor).await?;
    Ok(())
}

async fn session(state: &ApiState, known: Option<&Known>) -> Result<Session, Problem> {
    let Some(known) = known else {
        let all = || Right::ALL.map(Right::word).to_vec();
        return Ok(Session {
            accounts: false,
            account: None,
            must_change_password: false,
            second_factor: false,
            rights: Rights {
                everywhere: all(),
                somewhere: all(),
            },
            grants: Vec::new(),
            sign_in: None,
        });
    };
    let words = |has: &dyn Fn(Right) -> bool| {
        Right::ALL
            .into_iter()
            .filter(|right| has(*right))
            .map(Right::word)
            .collect()
    };
    let idle = |seen_at: Timestamp| {
        let end = seen_at.saturating_add(SignedDuration::from_secs(limits::SIGN_IN_IDLE_S));
        Instant(end.unwrap_or(Timestamp::MAX))
    };
    let grants = state.store.grants(known.account.0).await?;
    Ok(Session {
        accounts: true,
        account: Some(SessionAccount {
            id: known.account.0,
            name: known.name.clone(),
            title: known.title.clone(),
            kind: known.kind.word().to_owned(),
        }),
        must_change_password: known.must_change,
        second_factor: known.has_code,
        rights: Rights {
            everywhere: words(&|right| known.has_everywhere(right)),
            somewhere: words(&|right| known.has_somewhere(right)),
        },
        grants: grants.into_iter().map(Grant::from).collect(),
        sign_in: known.sign_in.as_ref().map(|sign_in| SessionSignIn {
            id: sign_in.id,
            begun_at: Instant(sign_in.begun_at),
            ends_at: Instant(sign_in.ends_at),
            idle_ends_at: idle(sign_in.seen_at),
        }),
    })
}
