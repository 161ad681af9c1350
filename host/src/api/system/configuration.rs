//! The configuration in effect.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::ApiState;
use crate::api::problem::Problem;
use crate::api::signed_in::SignedIn;

/// What the host runs with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InEffect {
    /// The file that it was read from; none: there is none, everything is as it is without one.
    pub file: Option<String>,
    /// Every key.
    pub keys: Vec<ConfigKey>,
    /// What the file says otherwise since the start.
    pub waiting: Vec<Waiting>,
    /// Days that traces and sessions are kept, and the hour in which they are removed.
    pub retention: (u32, u32, i8),
    /// Sessions at once, at most.
    pub sessions: usize,
}

/// A key of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ConfigKey {
    /// `polling`; of a list of sections `listeners.0`, from 0.
    pub section: String,
    /// `sessions`.
    pub key: String,
    /// As the file would have it; secrets are masked.
    pub value: String,
    /// Whether it is what holds without a configuration.
    pub is_default: bool,
    /// Whether a running host takes over a change; otherwise the next start does.
    pub is_live: bool,
}

/// A change in the file that waits for the next start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ConfigWaiting)]
pub struct Waiting {
    /// `http.listen`.
    pub key: String,
    /// What the next start takes over; empty: nothing; masked as everywhere.
    pub after: String,
}

/// The configuration in effect.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Configuration {
    /// The file that it was read from; null: there is none.
    file: Option<String>,
    /// Every key, in the order of the sections.
    keys: Vec<ConfigKey>,
    /// Changes in the file that wait for the next start, as they were when it was read last.
    waiting: Vec<Waiting>,
}

/// The configuration in effect. Secrets are masked.
#[utoipa::path(get, path = "/system/config", operation_id = "system_config", tag = "host",
    responses((status = OK, body = Configuration)))]
pub(super) async fn config(State(state): State<ApiState>, _asks: SignedIn) -> Result<Json<Configuration>, Problem> {
    let told = in_effect(&state).ok_or_else(|| Problem::not_found("this host does not tell its configuration"))?;
    Ok(Json(Configuration {
        file: told.file.clone(),
        keys: told.keys.clone(),
        waiting: told.waiting.clone(),
    }))
}

pub(super) fn in_effect(state: &ApiState) -> Option<Arc<InEffect>> {
    state.facts.config.as_ref().map(|config| config.borrow().clone())
}
