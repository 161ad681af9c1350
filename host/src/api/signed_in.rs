//! Who asks.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::ApiState;
use super::access::Token;
use super::problem::Problem;
use crate::model::{Actor, Right, Scope};
use crate::store::Known;

/// The account behind a request; every handler that shows or changes something of places takes it.
#[derive(Debug, Clone)]
pub(super) struct SignedIn {
    /// None: the host runs without accounts and whoever asks may do everything; or nobody is signed in, and the route is
    /// open to everybody.
    known: Option<Arc<Known>>,
    /// What was shown for it.
    token: Option<Token>,
    /// Whether whoever asks may do everything.
    is_free: bool,
    /// The address that it asks from.
    from: String,
}

impl SignedIn {
    /// Whoever asks a host without accounts.
    pub(super) fn nobody(from: String) -> Self {
        Self {
            known: None,
            token: None,
            is_free: true,
            from,
        }
    }

    /// Whoever asks a host with accounts.
    pub(super) fn account(known: Option<Arc<Known>>, token: Option<Token>, from: String) -> Self {
        Self {
            known,
            token,
            is_free: false,
            from,
        }
    }

    /// The account; none: the host runs without accounts, or nobody is signed in.
    pub(super) fn known(&self) -> Option<&Known> {
        self.known.as_deref()
    }

    /// What was shown for it.
    pub(super) fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// The address that it asks from.
    pub(super) fn from(&self) -> &str {
        &self.from
    }

    /// Who asks by now: an answer may take so long that he was signed out, or sees more or less than before.
    pub(super) async fn again(&self, state: &ApiState) -> Result<Self, Problem> {
        let Some(token) = self.token.clone() else {
            return Ok(self.clone());
        };
        match state.access.who(&state.store, &token).await? {
            Some(known) => Ok(Self::account(Some(known), Some(token), self.from.clone())),
            None => Err(Problem::not_signed_in("what was shown holds no more")),
        }
    }

    /// Whether it has a right over everything.
    pub(super) fn has_everywhere(&self, right: Right) -> bool {
        self.known().map_or(self.is_free, |known| known.has_everywhere(right))
    }

    /// The objects over which it has a right.
    pub(super) fn scope(&self, right: Right) -> Scope {
        match self.known() {
            Some(known) if !known.has_everywhere(right) => Scope {
                account: Some(known.account),
                roles: known.roles(right),
            },
            None if !self.is_free => Scope::NOTHING,
            _ => Scope::EVERYTHING,
        }
    }

    /// The vendors whose drivers it sees; none: it sees every driver.
    pub(super) fn vendors(&self) -> Option<Vec<String>> {
        if self.has_everywhere(Right::SeeDrivers) {
            return None;
        }
        Some(self.known().map(Known::vendors).unwrap_or_default())
    }

    /// For the audit.
    pub(super) fn actor(&self) -> Actor {
        let who = self.known().map_or("nobody signed in", |known| &known.name);
        Actor {
            account: self.known().map(|known| known.account),
            who: who.to_owned(),
            from: self.from.clone(),
        }
    }
}

impl FromRequestParts<ApiState> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, Problem> {
        // Every route is behind the check that puts it there.
        let asks = parts.extensions.get::<Self>().cloned();
        asks.ok_or_else(|| Problem::not_signed_in("sign in first, or show a key"))
    }
}
