//! Accounts over HTTP: signing in, one's own account, and those that an administrator sees.

pub(super) mod admin;
pub(super) mod key;
pub(super) mod own;
pub(super) mod second_factor;
mod shape;
pub(super) mod sign_in;

pub(super) use shape::name;

use crate::api::problem::Problem;
use crate::api::signed_in::SignedIn;
use crate::credential::CredentialError;
use crate::model::AccountKind;
use crate::store::{AccountFault, Known};

/// The person who asks.
///
/// # Errors
/// The host runs without accounts, or a program asks with its key.
fn person(asks: &SignedIn) -> Result<&Known, Problem> {
    match asks.known() {
        Some(known) if known.kind == AccountKind::Person => Ok(known),
        Some(_) => Err(Problem::forbidden()),
        None => Err(Problem::conflict("this host runs without accounts")),
    }
}

impl From<AccountFault> for Problem {
    fn from(fault: AccountFault) -> Self {
        let text = fault.to_string();
        match fault {
            AccountFault::NoAccount(_) | AccountFault::NoKey(_) | AccountFault::NoSignIn(_) => Self::not_found(text),
            AccountFault::NoSubject { .. } | AccountFault::OtherKind(_) => Self::bad_body(text),
            AccountFault::NameTaken(_)
            | AccountFault::LastAdministrator
            | AccountFault::NoCode
            | AccountFault::TooMany(_) => Self::conflict(text),
        }
    }
}

impl From<CredentialError> for Problem {
    fn from(error: CredentialError) -> Self {
        match error {
            CredentialError::Weak(_) => Self::bad_body(error.to_string()),
            CredentialError::Random(_) | CredentialError::Hash(_) | CredentialError::Code(_) => {
                tracing::error!(%error, "a secret could not be made or read");
                Self::of_status(axum::http::StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}
