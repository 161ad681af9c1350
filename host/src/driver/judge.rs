//! How a call ended: the contract's failures, traps and limits as outcomes.

use wasmtime::Trap;

use super::context::Context;
use super::contract::Told;
use super::env::LimitHit;
use super::guard::came_back;
use super::v1;
use crate::limits;
use crate::model::Outcome;

/// Why a driver's call did not do its work: the contract's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The outcome that it means, should the session end with it.
    pub outcome: Outcome,
    /// What exactly.
    pub text: String,
    /// Whether the line can still be used.
    pub line_usable: bool,
}

/// How a call ended that did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// The driver says why; the instance goes on.
    Failure(Failure),
    /// The instance is gone.
    Ended(Outcome, String),
}

/// What the end of an instance means.
pub(super) fn ended(context: &Context, error: &wasmtime::Error) -> (Outcome, String) {
    if let Some((outcome, text)) = &context.not_taken {
        return (*outcome, text.clone());
    }
    if let Some(hit) = error.downcast_ref::<LimitHit>().or(context.hit.as_ref()) {
        return (hit.outcome, hit.text.clone());
    }
    let text = match error.downcast_ref::<Trap>() {
        Some(trap) => format!("{trap}; {error:?}"),
        None => format!("{error:?}"),
    };
    (Outcome::DriverTrap, v1::text_from(&text, 4 * limits::LOG_LINE_BYTES))
}

/// The contract's failures as outcomes. A limit that was hit on the way names the outcome, whatever the driver made
/// of it.
pub(super) fn judge<T>(context: &Context, result: Option<wasmtime::Result<Result<T, Told>>>) -> Result<T, CallError> {
    let result = came_back(context, result)?;
    if let Some(hit) = &context.hit {
        return Err(CallError::Ended(hit.outcome, hit.text.clone()));
    }
    let failure = match result {
        Ok(value) => return Ok(value),
        Err(failure) => failure,
    };
    let text = |text: String| v1::text_from(&text, limits::TEXT_BYTES);
    let failed = |outcome, text, line_usable| {
        CallError::Failure(Failure {
            outcome,
            text,
            line_usable,
        })
    };
    let silent = context.silent.clone();
    let silent = silent.unwrap_or_else(|| "nothing came within the deadline and the retries".to_owned());
    Err(match failure {
        Told::NoAnswer | Told::Timeout(0) => failed(Outcome::NoAnswer, silent, true),
        Told::Garbled(why) => failed(Outcome::Garbled, text(why), true),
        Told::Refused(why) => failed(Outcome::Refused, text(why), true),
        Told::WrongDevice(who) => failed(Outcome::WrongDevice, text(who), true),
        // So the SDK passes on that the host refused what the driver gave.
        Told::Unsupported(what) if context.refused => failed(Outcome::DriverFault, text(what), true),
        Told::Unsupported(what) => failed(Outcome::Unsupported, text(what), true),
        Told::Config(what) => failed(Outcome::BadConfig, text(what), true),
        Told::Timeout(bytes) => failed(Outcome::Garbled, format!("{bytes} bytes came, then silence"), true),
        Told::Closed => {
            let unknown = || (Outcome::LineClosed, "the far end closed the line".to_owned());
            let (outcome, words) = context.lost.clone().unwrap_or_else(unknown);
            failed(outcome, text(words), false)
        }
        Told::Budget => failed(Outcome::LimitTime, "a budget of the session is spent".to_owned(), false),
        Told::Denied => failed(
            Outcome::DriverFault,
            "the driver asked the line for what it cannot do".to_owned(),
            true,
        ),
        Told::Fault(what) => failed(Outcome::DriverFault, what, true),
        Told::Stopped if context.cancel.is_cancelled() => failed(Outcome::Cancelled, "stopped".to_owned(), false),
        Told::Stopped => failed(
            Outcome::LimitTime,
            format!("longer than {} s", context.budget.wall.as_secs()),
            false,
        ),
    })
}
