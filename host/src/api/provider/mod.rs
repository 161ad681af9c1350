//! Signing in by what a provider of identities says: OpenID Connect.

mod config;

#[cfg(feature = "oidc")]
#[path = "client.rs"]
mod client;
#[cfg(not(feature = "oidc"))]
#[path = "none.rs"]
mod client;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use serde::{Deserialize, Serialize};
use tracing::warn;
use utoipa::{IntoParams, ToSchema};

use super::ApiState;
use super::account::sign_in;
use super::extract::Query;
use super::problem::Problem;
use super::signed_in::SignedIn;
use crate::foreign::shown;
use crate::store::{Provided, RefusedWhy};

pub use client::Provider;
pub use config::Oidc;

/// Who somebody is, as a provider says.
#[cfg_attr(not(feature = "oidc"), allow(dead_code, reason = "only a provider says it"))]
pub(super) struct Said {
    /// The provider.
    issuer: String,
    /// Whom it means, whatever his name is.
    subject: String,
    /// As the configured claim has it.
    name: String,
}

/// How people may sign in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignInWays {
    /// With name and password.
    password: bool,
    /// What the provider of identities is called that `GET /session/provider` leads to; null: there is none.
    provider: Option<String>,
}

/// What a browser brings from the provider.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct BackQuery {
    /// What the host asks the provider with.
    code: Option<String>,
    /// What the browser was sent with.
    state: Option<String>,
    /// Why the provider refuses.
    error: Option<String>,
}

/// Where people are led who were refused.
const REFUSED: &str = "/sign-in?refused=provider";

/// How people may sign in: for the page where they do.
#[utoipa::path(get, path = "/session/ways", tag = "accounts", operation_id = "sign_in_ways", responses((status = OK, body = SignInWays)))]
pub(super) async fn ways(State(state): State<ApiState>) -> Json<SignInWays> {
    Json(SignInWays {
        password: state.access.has_accounts(),
        provider: state.provider.as_ref().map(|provider| provider.config().title.clone()),
    })
}

/// Leads a browser to the provider of identities.
#[utoipa::path(get, path = "/session/provider", tag = "accounts", operation_id = "ask_provider",
    responses((status = SEE_OTHER), (status = NOT_FOUND, description = "There is none")))]
pub(super) async fn ask(State(state): State<ApiState>, asks: SignedIn) -> Result<Response, Problem> {
    let provider = the_provider(&state)?;
    match provider.begin().await {
        Ok(begun) => {
            let jar = CookieJar::new().add(kept(&state, begun.kept));
            Ok((jar, Redirect::to(&begun.url)).into_response())
        }
        Err(error) => Ok(refused(&state, &asks, "", &error).await),
    }
}

/// Takes a browser that comes back from the provider: it is signed in, or told that it is not.
#[utoipa::path(get, path = "/session/provider/back", tag = "accounts", operation_id = "back_from_provider", params(BackQuery),
    responses((status = SEE_OTHER), (status = NOT_FOUND, description = "There is none")))]
pub(super) async fn back(
    State(state): State<ApiState>,
    asks: SignedIn,
    headers: HeaderMap,
    Query(query): Query<BackQuery>,
) -> Result<Response, Problem> {
    let provider = the_provider(&state)?;
    let jar = CookieJar::from_headers(&headers);
    let name = kept_name(&state);
    // It holds once.
    let mut gone = kept(&state, String::new());
    gone.make_removal();
    let forget = CookieJar::new().add(gone);
    let brought = jar.get(name).map(Cookie::value).unwrap_or_default();
    let said = match (&query.code, &query.state) {
        (Some(code), Some(sent)) => provider.end(brought, (sent, code)).await,
        _ => {
            let why = query.error.as_deref().unwrap_or("it brings no code");
            let why: String = why.chars().take(100).collect();
            let none = NoCode(shown(&why));
            return Ok((forget, refused(&state, &asks, "", &none).await).into_response());
        }
    };
    let said = match said {
        Ok(said) => said,
        Err(error) => return Ok((forget, refused(&state, &asks, "", &error).await).into_response()),
    };
    let config = provider.config();
    let tried = said.name.clone();
    let Ok(name) = super::account::name(&said.name) else {
        let none = NoCode(shown(&format!("a name that no account can have, {tried:.64}")));
        return Ok((forget, refused(&state, &asks, "", &none).await).into_response());
    };
    let provided = Provided {
        may_take: config.may_take(&name),
        role: config.role(),
        issuer: said.issuer,
        subject: said.subject,
        name,
        from: asks.from().to_owned(),
    };
    let (account, name) = match state.store.account_of_provider(provided).await? {
        Ok(found) => found,
        Err(fault) => return Ok((forget, refused(&state, &asks, &tried, &fault).await).into_response()),
    };
    let (cookie, _) = sign_in::enter(&state, &asks, &headers, (account, name), true).await?;
    Ok((forget.add(cookie), Redirect::to("/")).into_response())
}

/// The provider says no, or nothing.
#[derive(Debug, thiserror::Error)]
#[error("the provider says {0:?}")]
struct NoCode(String);

fn the_provider(state: &ApiState) -> Result<&Provider, Problem> {
    let provider = state.provider.as_deref().filter(|_| state.access.has_accounts());
    provider.ok_or_else(|| Problem::not_found("there is no provider of identities"))
}

fn kept_name(state: &ApiState) -> &'static str {
    if state.access.is_secure() {
        "__Host-uzel-provider"
    } else {
        "uzel-provider"
    }
}

/// What a browser keeps while it is at the provider. It comes back from another site: only then a cookie that is not strict
/// comes along.
fn kept(state: &ApiState, value: String) -> Cookie<'static> {
    Cookie::build((kept_name(state), value))
        .path("/")
        .http_only(true)
        .secure(state.access.is_secure())
        .same_site(SameSite::Lax)
        .build()
}

/// Leads a browser to where people sign in, and writes down why.
async fn refused(state: &ApiState, asks: &SignedIn, name: &str, why: &(dyn std::error::Error + Sync)) -> Response {
    let refusals = &state.access.refusals;
    if refusals
        .note(&state.store, name, asks.from(), RefusedWhy::Provider)
        .await
    {
        warn!(from = asks.from(), "the provider of identities signs nobody in: {why}");
    }
    Redirect::to(REFUSED).into_response()
}
