//! Whether the host is well.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::ApiState;
use super::dto::Instant;
use super::signed_in::SignedIn;
use super::words;
use crate::collect::Resting;
use crate::model::Right;
use crate::store::Pause;

/// How the host fares.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`, or `degraded` while storage is paused.
    #[schema(schema_with = words::health)]
    status: &'static str,
    /// Of the host.
    version: &'static str,
    /// When the host started.
    started_at: Instant,
    /// The host's clock.
    now: Instant,
    /// `ok`, or `paused` while the disk takes nothing.
    #[schema(schema_with = words::storage)]
    storage: &'static str,
    /// Why the disk takes nothing; null while it does, and for those who see only a part.
    storage_pause: Option<StoragePause>,
    /// `running`, or `paused` until the disk takes data again.
    #[schema(schema_with = words::polling)]
    polling: &'static str,
    /// Whether only this machine can reach the API.
    loopback_only: bool,
    /// Whether people sign in; false: for development, whoever asks may do everything, and every screen says so.
    accounts: bool,
    /// Whether driver packages are taken that nobody signed: for development only.
    drivers_unsigned: bool,
    /// Sessions that run; 0 for those who see only a part.
    sessions_open: usize,
    /// Modems of ours that rest because they were at fault; none for those who are no engineers over everything.
    modems_resting: Vec<RestingModem>,
}

/// A modem of ours that was at fault.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RestingModem {
    /// Name of its pool.
    pool: String,
    /// Its port.
    modem: String,
    /// What was wrong.
    fault: String,
    /// When it is tried again; the first call after it shows whether it works.
    until: Instant,
}

impl From<Resting> for RestingModem {
    fn from(resting: Resting) -> Self {
        Self {
            pool: resting.pool,
            modem: resting.modem,
            fault: resting.fault,
            until: Instant(resting.until),
        }
    }
}

/// The disk takes nothing. What was read and acknowledged is kept; polling goes on by itself.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoragePause {
    /// `full`, `locked` by another program, `read-only` or `failing`.
    #[schema(schema_with = words::storage_cause)]
    cause: &'static str,
    /// What exactly the last try ran into.
    detail: String,
    since: Instant,
}

impl From<Pause> for StoragePause {
    fn from(pause: Pause) -> Self {
        Self {
            cause: pause.cause.word(),
            detail: pause.detail,
            since: Instant(pause.since),
        }
    }
}

/// Whether the host is well.
#[utoipa::path(get, path = "/health", tag = "host", responses((status = OK, body = Health)))]
pub(super) async fn health(State(state): State<ApiState>, asks: SignedIn) -> Json<Health> {
    let pause = state.store.pause();
    let paused = pause.is_some();
    Json(Health {
        status: if paused { "degraded" } else { "ok" },
        version: env!("CARGO_PKG_VERSION"),
        started_at: Instant(state.started_at),
        now: Instant(Timestamp::now()),
        storage: if paused { "paused" } else { "ok" },
        storage_pause: pause.filter(|_| asks.has_everywhere(Right::See)).map(Into::into),
        polling: if paused { "paused" } else { "running" },
        loopback_only: state.access.is_local(),
        accounts: state.access.has_accounts(),
        drivers_unsigned: state.park.as_ref().is_some_and(|park| park.takes_unsigned()),
        sessions_open: if asks.has_everywhere(Right::See) {
            state.handle.running().len()
        } else {
            0
        },
        modems_resting: if asks.has_everywhere(Right::Engineer) {
            state.handle.resting_modems().into_iter().map(Into::into).collect()
        } else {
            Vec::new()
        },
    })
}
