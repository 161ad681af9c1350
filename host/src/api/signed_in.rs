//! Who asks.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::problem::Problem;
use crate::model::{AccountId, Actor, Right, Scope};

/// The account behind a request; every handler that shows or changes something of places takes it.
#[derive(Debug, Clone)]
pub(super) struct SignedIn {
    /// None: the host runs without accounts, whoever asks may do everything.
    account: Option<AccountId>,
    /// Whether a role over everything gives it all rights.
    has_everything: bool,
    /// Its name.
    who: String,
    /// The address that it asks from.
    from: String,
}

impl SignedIn {
    /// Whoever asks a host without accounts.
    fn nobody() -> Self {
        Self {
            account: None,
            has_everything: true,
            who: "nobody signed in".to_owned(),
            from: String::new(),
        }
    }

    /// The objects over which it has a right.
    pub(super) fn scope(&self, right: Right) -> Scope {
        match self.account {
            Some(account) if !self.has_everything => Scope {
                account: Some(account),
                roles: right.roles(),
            },
            _ => Scope::EVERYTHING,
        }
    }

    /// For the audit.
    pub(super) fn actor(&self) -> Actor {
        Actor {
            account: self.account,
            who: self.who.clone(),
            from: self.from.clone(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(Self::nobody))
    }
}
