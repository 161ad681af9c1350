//! One's own second factor: codes of 30 seconds (RFC 6238).

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::own::{Renewed, prove, renewed};
use super::person;
use crate::api::ApiState;
use crate::api::extract::Body;
use crate::api::problem::Problem;
use crate::api::signed_in::SignedIn;
use crate::credential;
use crate::store::{AccountChange, AccountFault};

/// Proof that it is not only an open screen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Proof {
    password: String,
}

/// A code of the second factor.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct FirstCode {
    /// Six digits.
    code: String,
}

/// What an application makes codes from. It is shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct SecondFactor {
    /// To be typed: base 32.
    secret: String,
    /// The same as an `otpauth://` address.
    url: String,
    /// The same as a QR code: SVG.
    qr_svg: String,
}

/// Shows a new second factor. Codes are asked for once one of them has come.
#[utoipa::path(post, path = "/account/second-factor", tag = "accounts", operation_id = "ask_second_factor", request_body = Proof,
    responses((status = OK, body = SecondFactor), (status = CONFLICT, description = "It has one: remove that first"),
        (status = UNAUTHORIZED, description = "The password is not right: `bad-credentials`")))]
pub(in crate::api) async fn ask(
    State(state): State<ApiState>,
    asks: SignedIn,
    Body(body): Body<Proof>,
) -> Result<Json<SecondFactor>, Problem> {
    let known = person(&asks)?;
    if known.has_code {
        return Err(Problem::conflict("the account has a second factor: remove it first"));
    }
    prove(&state, &asks, body.password).await?;
    let secret = credential::code_secret()?;
    let (text, url) = credential::code_shown(&secret, &known.name)?;
    let qr_svg = credential::qr(&url)?;
    let change = AccountChange::AskCode(secret);
    state
        .store
        .change_account(known.account, change, &asks.actor())
        .await??;
    Ok(Json(SecondFactor {
        secret: text,
        url,
        qr_svg,
    }))
}

/// Takes the first code: from now on codes are asked for. Every other sign-in of the account ends; the answer has a new
/// cookie.
#[utoipa::path(post, path = "/account/second-factor/confirm", tag = "accounts", operation_id = "confirm_second_factor",
    request_body = FirstCode, responses((status = NO_CONTENT), (status = CONFLICT, description = "Nothing waits for a code"),
        (status = UNAUTHORIZED, description = "The code is not right: `bad-credentials`")))]
pub(in crate::api) async fn confirm(
    State(state): State<ApiState>,
    asks: SignedIn,
    Body(body): Body<FirstCode>,
) -> Result<Renewed, Problem> {
    let known = person(&asks)?;
    let factor = state.store.account_code(known.account).await?;
    let factor = factor
        .filter(|factor| !factor.is_confirmed)
        .ok_or(AccountFault::NoCode)?;
    let step = credential::code_step(&factor.secret, &body.code, state.store.now().as_second())?;
    let step = step.ok_or_else(Problem::bad_credentials)?;
    renewed(&state, &asks, |stays| AccountChange::ConfirmCode(step, stays)).await
}

/// Removes the second factor. Every other sign-in of the account ends; the answer has a new cookie.
#[utoipa::path(post, path = "/account/second-factor/remove", tag = "accounts", operation_id = "remove_second_factor",
    request_body = Proof, responses((status = NO_CONTENT),
        (status = UNAUTHORIZED, description = "The password is not right: `bad-credentials`")))]
pub(in crate::api) async fn remove(
    State(state): State<ApiState>,
    asks: SignedIn,
    Body(body): Body<Proof>,
) -> Result<Renewed, Problem> {
    prove(&state, &asks, body.password).await?;
    renewed(&state, &asks, AccountChange::RemoveCode).await
}
