//! What a request shows for who it is: the cookie of a sign-in, or a key.

use std::net::IpAddr;

use axum::http::{HeaderMap, header};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use ipnet::IpNet;

use crate::api::ApiState;
use crate::api::problem::Problem;
use crate::api::signed_in::SignedIn;
use crate::credential::digest;
use crate::limits;

/// How a key begins: people and programs that look for lost secrets know it by that.
pub(in crate::api) const KEY: &str = "uzk_";

/// SHA-256 of what was shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::api) enum Token {
    /// Of a sign-in.
    SignIn(Vec<u8>),
    /// Of a program.
    Key(Vec<u8>),
}

/// The cookie's name. A browser takes the longer one only over TLS, for this host alone and for all of its paths.
fn name(is_secure: bool) -> &'static str {
    if is_secure { "__Host-uzel" } else { "uzel" }
}

/// What a request shows. A key goes before a cookie.
///
/// # Errors
/// An `Authorization` that is none of ours is refused: whoever sends it takes himself for signed in.
pub(super) fn token(headers: &HeaderMap, is_secure: bool) -> Result<Option<Token>, Problem> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let key = value.to_str().ok().and_then(|text| {
            let (scheme, key) = text.split_once(' ')?;
            (scheme.eq_ignore_ascii_case("bearer") && key.starts_with(KEY)).then_some(key)
        });
        let key = key.ok_or_else(|| Problem::not_signed_in("expected Authorization: Bearer uzk_…"))?;
        return Ok(Some(Token::Key(digest(key))));
    }
    Ok(old_token(headers, is_secure))
}

/// The sign-in that a browser still has.
pub(in crate::api) fn old_token(headers: &HeaderMap, is_secure: bool) -> Option<Token> {
    let jar = CookieJar::from_headers(headers);
    jar.get(name(is_secure))
        .map(|cookie| Token::SignIn(digest(cookie.value())))
}

/// What makes a browser keep a token: out of reach of scripts, for this host only, and never with what another site asks.
pub(in crate::api) fn cookie(token: String, is_secure: bool) -> Cookie<'static> {
    Cookie::build((name(is_secure), token))
        .path("/")
        .http_only(true)
        .secure(is_secure)
        .same_site(SameSite::Strict)
        .build()
}

/// What makes a browser forget it.
pub(in crate::api) fn cookie_gone(is_secure: bool) -> Cookie<'static> {
    let mut cookie = cookie(String::new(), is_secure);
    cookie.make_removal();
    cookie
}

/// Whether a key comes from where it may. One from elsewhere is none.
pub(super) fn check_address(asks: &SignedIn, from: IpAddr) -> Result<(), Problem> {
    let Some(key) = asks.known().and_then(|known| known.key.as_ref()) else {
        return Ok(());
    };
    let is_in = |network: &String| network.parse::<IpNet>().is_ok_and(|network| network.contains(&from));
    if key.addresses.is_empty() || key.addresses.iter().any(is_in) {
        return Ok(());
    }
    Err(Problem::not_signed_in(format!(
        "the key holds elsewhere only, not at {from}"
    )))
}

/// Writes down, now and then, that a sign-in or a key is used.
pub(super) async fn seen(state: &ApiState, asks: &SignedIn) -> Result<(), Problem> {
    let Some(known) = asks.known() else { return Ok(()) };
    let now = state.store.now().as_second();
    let is_old = |at: Option<jiff::Timestamp>| at.is_none_or(|at| now - at.as_second() >= limits::SEEN_S);
    // A disk that takes nothing must not keep those out who want to see why.
    let written = match (&known.sign_in, &known.key) {
        (Some(sign_in), _) if is_old(Some(sign_in.seen_at)) => state.store.saw_sign_in(sign_in.id).await,
        (_, Some(key)) if is_old(key.used_at) => state.store.saw_key(key.id, asks.from()).await,
        _ => return Ok(()),
    };
    if written.is_ok() {
        state.access.believe_anew(asks);
    }
    Ok(())
}
