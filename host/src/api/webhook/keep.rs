//! The list of webhooks, and what came of telling them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::reach::{NoWay, WebhookConfig};
use crate::api::ApiState;
use crate::api::dto::{Instant, Page};
use crate::api::extract::{Body, Path, Query, cursor, limit};
use crate::api::problem::{FieldFault, Problem};
use crate::api::signed_in::SignedIn;
use crate::credential;
use crate::limits;
use crate::store::{self, DeliveryRow, DeliveryState, WebhookChange, WebhookFault};

/// How a secret begins.
const SECRET: &str = "uzh_";

/// What a webhook can be told of.
const KINDS: [&str; 4] = ["record", "session", "node", "control"];

/// A program that is told of what happens.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Webhook {
    id: i64,
    /// For people.
    name: String,
    /// Where it is told.
    url: String,
    /// Of `record`, `session`, `node`, `control`.
    kinds: Vec<String>,
    /// Whether it is told anything.
    enabled: bool,
    created_at: Instant,
    /// Deliveries that wait to be sent, or sent again.
    waiting: i64,
    /// Deliveries that were given up; tests do not count.
    dead: i64,
    /// Events that were removed before they could be told: it could not be reached for too long.
    missed: i64,
}

/// A new webhook.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NewWebhookBody {
    /// For people, unique; at most 100 characters.
    name: String,
    /// Where it is told: `https://…`.
    url: String,
    /// Of `record` (records and new versions of them), `session` (one ended), `node` (its state is another), `control` (an
    /// order to change a device came to its end).
    kinds: Vec<String>,
}

/// What is changed of a webhook; what is not given stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct WebhookPatch {
    /// For people, unique; at most 100 characters.
    name: Option<String>,
    /// Where it is told.
    url: Option<String>,
    /// Of `record`, `session`, `node`, `control`.
    kinds: Option<Vec<String>>,
    /// Whether it is told anything. What happens while it is not, it is never told.
    enabled: Option<bool>,
}

/// The secret of a webhook, as it is shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct WebhookSecret {
    id: i64,
    /// What is sent is signed with it.
    secret: String,
}

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct DeliveriesQuery {
    /// Only those that stand so: `pending`, `done`, `dead`, `again`.
    state: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
    /// Rows of the page, 100 unless said otherwise, at most 1000.
    limit: Option<u32>,
}

/// Some records or events, and what came of sending them.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Delivery {
    /// As `delivery` in what is sent.
    id: i64,
    /// `records`, `events`, `test`.
    kind: String,
    /// `pending`: it is sent until it is taken, or too often; `done`; `dead`: it was given up; `again`: it was given up and
    /// is tried once more.
    state: String,
    /// Key of the first record or event; 0 of a test.
    first: i64,
    /// Key of the last.
    last: i64,
    /// How often it was sent.
    attempts: i64,
    created_at: Instant,
    /// While it is pending: not before.
    next_at: Option<Instant>,
    /// When it was taken or given up.
    ended_at: Option<Instant>,
    /// HTTP status of the last answer; null: there was none.
    status: Option<i64>,
    /// What was wrong the last time.
    fault: Option<String>,
}

/// Every route of webhooks.
pub(in crate::api) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(one, change, remove))
        .routes(routes!(new_secret))
        .routes(routes!(deliveries))
        .routes(routes!(again))
        .routes(routes!(test))
}

/// Every webhook.
#[utoipa::path(get, path = "/webhooks", operation_id = "list_webhooks", tag = "webhooks",
    responses((status = OK, body = Page<Webhook>)))]
async fn list(State(state): State<ApiState>) -> Result<Json<Page<Webhook>>, Problem> {
    let hooks = state.store.webhooks().await?;
    Ok(Json(Page::whole(hooks.into_iter().map(show).collect())))
}

/// Makes a webhook, which is told of what comes from now on. Its secret is shown this once.
#[utoipa::path(post, path = "/webhooks", operation_id = "create_webhook", tag = "webhooks", request_body = NewWebhookBody,
    responses((status = CREATED, body = WebhookSecret),
        (status = CONFLICT, description = "Another one is called so, or there are as many as there may be: `conflict`"),
        (status = UNPROCESSABLE_ENTITY, description = "Every fault of what was sent: `invalid`")))]
async fn create(
    State(state): State<ApiState>,
    asks: SignedIn,
    Body(body): Body<NewWebhookBody>,
) -> Result<(StatusCode, Json<WebhookSecret>), Problem> {
    let kinds = sorted(&body.kinds);
    let parts = (Some(body.name.as_str()), Some(body.url.as_str()), Some(&kinds));
    check(&state.webhooks, parts)?;
    let secret = secret()?;
    let new = store::NewWebhook {
        name: body.name.trim().to_owned(),
        url: body.url,
        kinds,
        secret: secret.clone(),
    };
    let id = state.store.add_webhook(new, &asks.actor()).await??;
    Ok((StatusCode::CREATED, Json(WebhookSecret { id, secret })))
}

/// One webhook.
#[utoipa::path(get, path = "/webhooks/{id}", operation_id = "get_webhook", tag = "webhooks", params(("id" = i64, Path)),
    responses((status = OK, body = Webhook)))]
async fn one(State(state): State<ApiState>, Path(id): Path<i64>) -> Result<Json<Webhook>, Problem> {
    let hook = state.store.webhook(id).await?.ok_or(WebhookFault::NoWebhook(id))?;
    Ok(Json(show(hook)))
}

/// Changes a webhook. One that is enabled again is told of what comes from then on.
#[utoipa::path(patch, path = "/webhooks/{id}", operation_id = "change_webhook", tag = "webhooks", params(("id" = i64, Path)),
    request_body = WebhookPatch, responses((status = OK, body = Webhook),
        (status = CONFLICT, description = "Another one is called so: `conflict`"),
        (status = UNPROCESSABLE_ENTITY, description = "Every fault of what was sent: `invalid`")))]
async fn change(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
    Body(body): Body<WebhookPatch>,
) -> Result<Json<Webhook>, Problem> {
    let kinds = body.kinds.as_deref().map(sorted);
    check(
        &state.webhooks,
        (body.name.as_deref(), body.url.as_deref(), kinds.as_ref()),
    )?;
    let change = WebhookChange::Describe {
        name: body.name.map(|name| name.trim().to_owned()),
        url: body.url,
        kinds,
        enabled: body.enabled,
    };
    state.store.change_webhook(id, change, &asks.actor()).await??;
    one(State(state), Path(id)).await
}

/// Removes a webhook with its deliveries.
#[utoipa::path(delete, path = "/webhooks/{id}", operation_id = "remove_webhook", tag = "webhooks", params(("id" = i64, Path)),
    responses((status = NO_CONTENT)))]
async fn remove(State(state): State<ApiState>, asks: SignedIn, Path(id): Path<i64>) -> Result<StatusCode, Problem> {
    let actor = asks.actor();
    state.store.change_webhook(id, WebhookChange::Remove, &actor).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a webhook another secret, which is shown this once. The old one signs nothing any more.
#[utoipa::path(post, path = "/webhooks/{id}/secret", operation_id = "new_webhook_secret", tag = "webhooks",
    params(("id" = i64, Path)), responses((status = CREATED, body = WebhookSecret)))]
async fn new_secret(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
) -> Result<(StatusCode, Json<WebhookSecret>), Problem> {
    let secret = secret()?;
    let change = WebhookChange::Secret(secret.clone());
    state.store.change_webhook(id, change, &asks.actor()).await??;
    Ok((StatusCode::CREATED, Json(WebhookSecret { id, secret })))
}

/// Deliveries of a webhook, the newest first: the last 200 that were taken, the last 1000 that were given up, what waits.
#[utoipa::path(get, path = "/webhooks/{id}/deliveries", operation_id = "list_deliveries", tag = "webhooks",
    params(("id" = i64, Path), DeliveriesQuery), responses((status = OK, body = Page<Delivery>)))]
async fn deliveries(
    State(state): State<ApiState>,
    Path(id): Path<i64>,
    Query(query): Query<DeliveriesQuery>,
) -> Result<Json<Page<Delivery>>, Problem> {
    let most = limit(query.limit, 100, 1_000)?;
    let wanted = |word: &str| DeliveryState::ALL.into_iter().find(|state| state.word() == word);
    let of_state =
        match query.state.as_deref() {
            None => None,
            Some(word) => Some(wanted(word).ok_or_else(|| {
                Problem::bad_query(format!("state is {word:?}, expected pending, done, dead or again"))
            })?),
        };
    let before: Option<i64> = cursor(query.after.as_deref())?;
    if state.store.webhook(id).await?.is_none() {
        return Err(WebhookFault::NoWebhook(id).into());
    }
    let before = before.unwrap_or(i64::MAX);
    let rows = state.store.deliveries(id, of_state, before, most + 1).await?;
    Ok(Json(Page::of(rows, most, |row| row.id.to_string(), show_delivery)))
}

/// Sends a delivery that was given up once more.
#[utoipa::path(post, path = "/webhooks/{id}/deliveries/{key}/again", operation_id = "send_again", tag = "webhooks",
    params(("id" = i64, Path), ("key" = i64, Path)), responses((status = ACCEPTED)))]
async fn again(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path((id, delivery)): Path<(i64, i64)>,
) -> Result<StatusCode, Problem> {
    let change = WebhookChange::Again(delivery);
    state.store.change_webhook(id, change, &asks.actor()).await??;
    Ok(StatusCode::ACCEPTED)
}

/// Sends a webhook a delivery of the kind `test` without items: once, at once, before what waits and also while it is
/// disabled. What comes of it is seen in its deliveries.
#[utoipa::path(post, path = "/webhooks/{id}/test", operation_id = "test_webhook", tag = "webhooks",
    params(("id" = i64, Path)), responses((status = ACCEPTED),
        (status = CONFLICT, description = "The test before waits to be sent: `conflict`")))]
async fn test(State(state): State<ApiState>, asks: SignedIn, Path(id): Path<i64>) -> Result<StatusCode, Problem> {
    state
        .store
        .change_webhook(id, WebhookChange::Test, &asks.actor())
        .await??;
    Ok(StatusCode::ACCEPTED)
}

impl From<WebhookFault> for Problem {
    fn from(fault: WebhookFault) -> Self {
        let text = fault.to_string();
        match fault {
            WebhookFault::NoWebhook(_) | WebhookFault::NoDelivery(..) => Self::not_found(text),
            WebhookFault::Taken(_) | WebhookFault::Tested(_) | WebhookFault::TooMany(_) => Self::conflict(text),
        }
    }
}

fn secret() -> Result<String, Problem> {
    Ok(format!("{SECRET}{}", credential::token()?))
}

/// Each once, in one order.
fn sorted(kinds: &[String]) -> Vec<String> {
    let mut kinds = kinds.to_vec();
    kinds.sort();
    kinds.dedup();
    kinds
}

type Parts<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a Vec<String>>);

/// Every fault of what is said of a webhook.
fn check(config: &WebhookConfig, (name, url, kinds): Parts<'_>) -> Result<(), Problem> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, reason: String| {
        faults.push(FieldFault {
            field: field.to_owned(),
            reason,
        });
    };
    if let Some(name) = name {
        let length = name.trim().chars().count();
        if length == 0 || length > limits::NAME_CHARS || name.contains(crate::foreign::is_active) {
            let most = limits::NAME_CHARS;
            fault(
                "name",
                format!("it has {length} characters, expected 1 to {most} that can be seen"),
            );
        }
    }
    if let Some(Err(no_way)) = url.map(|url| config.judge(url)) {
        let no_way: NoWay = no_way;
        fault("url", no_way.to_string());
    }
    if let Some(kinds) = kinds {
        let strange = kinds.iter().find(|kind| !KINDS.contains(&kind.as_str()));
        if kinds.is_empty() || strange.is_some() {
            let got = strange.map_or("nothing", String::as_str);
            fault("kinds", format!("{got:?}, expected some of {}", KINDS.join(", ")));
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Problem::invalid(faults))
    }
}

fn show(hook: store::Webhook) -> Webhook {
    Webhook {
        id: hook.id,
        name: hook.name,
        url: hook.url,
        kinds: hook.kinds,
        enabled: hook.enabled,
        created_at: Instant(hook.created_at),
        waiting: hook.waiting.0,
        dead: hook.waiting.1,
        missed: hook.missed,
    }
}

fn show_delivery(row: DeliveryRow) -> Delivery {
    let is_pending = row.state == DeliveryState::Pending.word();
    Delivery {
        id: row.id,
        kind: row.kind,
        state: row.state,
        first: row.range.0,
        last: row.range.1,
        attempts: row.attempts,
        created_at: Instant(row.created_at),
        next_at: is_pending.then_some(Instant(row.next_at)),
        ended_at: row.ended_at.map(Instant),
        status: row.status,
        fault: row.fault,
    }
}
