//! Tells webhooks what happens: takes what is next for each, sends it, tries again.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::reach::WebhookConfig;
use super::send::Way;
use crate::api::ApiState;
use crate::api::dto::{Instant, Named};
use crate::api::feed::{changed, columns};
use crate::api::session::SessionBrief;
use crate::limits;
use crate::model::{ControlId, Scope};
use crate::store::{DeliveryKind, HostEvent, Store, StoreError, Taken, ToSend, Webhook};

/// How long things take.
#[derive(Debug, Clone, Copy)]
pub struct WebhookTimes {
    /// Between two looks for what is new.
    pub look: Duration,
    /// Between two looks at the states of nodes.
    pub nodes: Duration,
    /// After the first failure.
    pub wait: Duration,
    /// One request.
    pub request: Duration,
}

impl Default for WebhookTimes {
    fn default() -> Self {
        Self {
            look: limits::WEBHOOK_LOOK,
            nodes: limits::WEBHOOK_NODES,
            wait: limits::WEBHOOK_WAIT,
            request: limits::WEBHOOK_TIME,
        }
    }
}

/// What a task that tells one webhook works with.
#[derive(Clone)]
struct Teller {
    state: ApiState,
    way: std::sync::Arc<Way>,
    wait: Duration,
}

/// Tells webhooks until `cancel`. What is on its way then is sent again after the next start.
pub async fn run(state: ApiState, config: WebhookConfig, times: WebhookTimes, cancel: CancellationToken) {
    let way = match Way::new(config, times.request) {
        Ok(way) => std::sync::Arc::new(way),
        Err(error) => {
            error!(%error, "webhooks are told nothing: there is no way to send");
            return;
        }
    };
    let teller = Teller {
        state,
        way,
        wait: times.wait,
    };
    let (mut look, mut nodes) = (interval(times.look), interval(times.nodes));
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    nodes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut working, mut busy) = (JoinSet::new(), HashSet::new());
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            Some(done) = working.join_next() => match done {
                Ok(hook) => { busy.remove(&hook); }
                // Which one it was is not known: all are looked at anew.
                Err(error) => { error!(%error, "telling a webhook ended badly"); busy.clear(); }
            },
            _ = look.tick() => match teller.state.store.webhooks().await {
                Ok(hooks) => for hook in hooks {
                    if busy.insert(hook.id) {
                        working.spawn(teller.clone().tell(hook));
                    }
                },
                Err(error) => warn!(%error, "webhooks cannot be looked up"),
            },
            _ = nodes.tick() => if let Err(error) = teller.look_at_nodes().await {
                warn!(%error, "the states of nodes cannot be told");
            },
        }
    }
}

impl Teller {
    /// Tells one webhook all that is there for it. Gives its key.
    async fn tell(self, hook: Webhook) -> i64 {
        let id = hook.id;
        match self.tell_all(hook).await {
            // The storage says by itself that it takes nothing.
            Ok(()) | Err(StoreError::Unavailable { .. } | StoreError::Closed) => {}
            Err(error) => warn!(%error, webhook = id, "webhook {id} cannot be told"),
        }
        id
    }

    async fn tell_all(&self, mut hook: Webhook) -> Result<(), StoreError> {
        let store = &self.state.store;
        loop {
            let (due, is_waiting) = store.delivery_to_send(hook.id).await?;
            match due {
                Some(delivery) => self.send(&hook, delivery).await?,
                None if is_waiting || !hook.enabled => return Ok(()),
                None if !self.take(&hook).await? => return Ok(()),
                None => {}
            }
            // It may have been changed meanwhile, or be no more.
            match store.webhook(hook.id).await? {
                Some(changed) => hook = changed,
                None => return Ok(()),
            }
        }
    }

    /// Makes a delivery of what is next, events first: there are few. False: nothing is.
    async fn take(&self, hook: &Webhook) -> Result<bool, StoreError> {
        let store = &self.state.store;
        let wants = |kind: &str| hook.kinds.iter().any(|wanted| wanted == kind);
        let events = store.host_events(hook.event_cursor, limits::WEBHOOK_ITEMS).await?;
        if let (Some(first), Some(last)) = (events.first(), events.last()) {
            let range = (first.id, last.id);
            let wanted: Vec<_> = events.into_iter().filter(|event| wants(&event.kind)).collect();
            let items = if wanted.is_empty() {
                None
            } else {
                Some(Json::from(self.shown(&wanted).await?).to_string())
            };
            let taken = Taken {
                webhook: hook.id,
                is_records: false,
                range,
                items,
            };
            store.take_delivery(taken).await?;
            return Ok(true);
        }
        let newest = store.newest_record().await?;
        if !wants("record") || newest <= hook.record_cursor {
            return Ok(false);
        }
        let last = newest.min(hook.record_cursor.saturating_add(limits::WEBHOOK_RECORDS.into()));
        let taken = Taken {
            webhook: hook.id,
            is_records: true,
            range: (hook.record_cursor + 1, last),
            items: None,
        };
        store.take_delivery(taken).await?;
        Ok(true)
    }

    /// Events as they are told.
    async fn shown(&self, events: &[HostEvent]) -> Result<Vec<Json>, StoreError> {
        let store = &self.state.store;
        let of = |kind: &str| -> Vec<i64> {
            let of_kind = events.iter().filter(|event| event.kind == kind);
            of_kind.map(|event| event.subject).collect()
        };
        let mut sessions = store.session_briefs(&of("session")).await?;
        let mut nodes = HashMap::new();
        for node in of("node") {
            let place = store.place_of_node(Scope::EVERYTHING, node).await?;
            nodes.extend(place.map(|(_, site, name)| (node, (site.name, name))));
        }
        let mut items = Vec::with_capacity(events.len());
        for event in events {
            let at = Instant(event.at);
            items.push(match event.kind.as_str() {
                "session" => {
                    let session = sessions.remove(&event.subject).map(SessionBrief::from);
                    json!({ "kind": "session", "event": event.id, "at": at, "session": session })
                }
                "node" => {
                    let (site, name) = nodes.get(&event.subject).cloned().unwrap_or_default();
                    let node = Named::new(event.subject, name);
                    json!({ "kind": "node", "event": event.id, "at": at, "node": node, "site": site, "was": event.was,
                        "state": event.became })
                }
                _ => {
                    let order = store.control(ControlId(event.subject)).await?;
                    let device = order.as_ref().map(|order| order.device.0);
                    json!({ "kind": "control", "event": event.id, "at": at, "order": event.subject, "device": device,
                        "state": event.became, "text": order.map(|order| order.text) })
                }
            });
        }
        Ok(items)
    }

    async fn send(&self, hook: &Webhook, delivery: ToSend) -> Result<(), StoreError> {
        let store = &self.state.store;
        let body = body(store, hook, &delivery).await?;
        let sent = self.way.send(hook, delivery.id, store.now().as_second(), body).await;
        let attempts = delivery.attempts + 1;
        let wait = (attempts < limits::WEBHOOK_ATTEMPTS).then(|| wait_after(attempts, self.wait));
        if let Some(fault) = &sent.fault {
            let (id, name) = (delivery.id, &hook.name);
            if wait.is_none() {
                error!(
                    delivery = id,
                    "webhook {name:?} was not told: {fault}; after {attempts} attempts it is given up"
                );
            } else {
                info!(delivery = id, attempts, "webhook {name:?} was not told: {fault}");
            }
        }
        store.delivered(delivery.id, sent, wait).await
    }

    /// Writes down what nodes are in another state than was told, when somebody wants to know. Events that are too many
    /// are removed too.
    async fn look_at_nodes(&self) -> Result<(), StoreError> {
        let store = &self.state.store;
        let removed = store.prune_host_events().await?;
        if removed > 0 {
            error!(
                removed,
                "{removed} events were removed before every webhook was told of them"
            );
        }
        let hooks = store.webhooks().await?;
        if !hooks
            .iter()
            .any(|hook| hook.enabled && hook.kinds.iter().any(|kind| kind == "node"))
        {
            return Ok(());
        }
        let Ok(snapshot) = self.state.overview.look(&self.state).await else {
            return Ok(());
        };
        let told: HashMap<i64, String> = store.nodes_told().await?.into_iter().collect();
        let states = snapshot.places.nodes.iter().zip(&snapshot.nodes);
        let states = states.map(|(at, view)| (at.node.id, view.verdict.state.word()));
        let news: Vec<_> = states
            .filter(|(node, state)| told.get(node).map(String::as_str) != Some(*state))
            .collect();
        if news.is_empty() {
            return Ok(());
        }
        store.tell_nodes(news).await
    }
}

/// What is sent: the same each time.
async fn body(store: &Store, hook: &Webhook, delivery: &ToSend) -> Result<String, StoreError> {
    let mut body = json!({ "webhook": hook.id, "delivery": delivery.id });
    body["kind"] = json!(delivery.kind.word());
    if delivery.kind == DeliveryKind::Records {
        let (first, last) = delivery.range;
        let rows = store
            .feed(Scope::EVERYTHING, first - 1, last, limits::WEBHOOK_RECORDS)
            .await?;
        body["series"] = json!(columns(store, &rows).await?);
        body["items"] = json!(rows.into_iter().map(changed).collect::<Vec<_>>());
    } else {
        let items = delivery.items.as_deref();
        let items = items.and_then(|items| serde_json::from_str(items).ok());
        body["items"] = items.unwrap_or_else(|| json!([]));
    }
    Ok(body.to_string())
}

/// How long to wait after so many failures.
fn wait_after(attempts: i64, first: Duration) -> SignedDuration {
    let times = 4_u32.saturating_pow(u32::try_from(attempts - 1).unwrap_or(u32::MAX));
    let wait = first.saturating_mul(times).min(limits::WEBHOOK_WAIT_MOST);
    SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_an_hour() {
        let waits: Vec<i64> = (1..limits::WEBHOOK_ATTEMPTS)
            .map(|attempts| wait_after(attempts, limits::WEBHOOK_WAIT).as_secs())
            .collect();
        assert_eq!(waits, [10, 40, 160, 640, 2_560, 3_600, 3_600]);
    }
}
