//! What was done with drivers and keys.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::ApiState;
use crate::api::dto::{Instant, Page};
use crate::api::extract::{Query, cursor, limit};
use crate::api::problem::Problem;
use crate::api::signed_in::SignedIn;
use crate::store::DriverEvent;

/// Something that was done with a version or a key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Done {
    id: i64,
    at: Instant,
    /// Id of the driver; empty for a key.
    driver: String,
    version: String,
    /// Digest of the component, or number of the key.
    digest: String,
    who: String,
    /// Where it stood before.
    from: Option<String>,
    /// Where it stands since, or `refused`, `key-added`, `key-revoked`, `digest-revoked`.
    to: String,
    why: String,
}

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsQuery {
    /// Only of this driver.
    driver: Option<String>,
    /// From the page before.
    after: Option<String>,
    /// At most so many.
    limit: Option<u32>,
}

/// What was done with drivers and keys, the newest first.
#[utoipa::path(get, path = "/drivers/events", tag = "drivers", operation_id = "driver_events", params(EventsQuery),
    responses((status = OK, body = Page<Done>)))]
pub(super) async fn events(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<EventsQuery>,
) -> Result<Json<Page<Done>>, Problem> {
    let most = limit(query.limit, 100, 1_000)?;
    let before: Option<i64> = cursor(query.after.as_deref())?;
    let own = super::own_digests(&state, &asks).await?;
    let rows = state
        .store
        .driver_events(query.driver.as_deref(), own.as_deref(), before, most + 1)
        .await?;
    let done = |event: DriverEvent| Done {
        id: event.id,
        at: Instant(event.at),
        driver: event.driver,
        version: event.version,
        digest: event.digest,
        who: event.who,
        from: event.from,
        to: event.to,
        why: event.why,
    };
    Ok(Json(Page::of(rows, most, |event| event.id.to_string(), done)))
}
