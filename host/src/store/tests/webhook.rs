//! What webhooks are told, and how far.

use sqlx::ConnectOptions as _;

use super::*;
use crate::limits;
use crate::model::Actor;
use crate::store::{DeliveryState, NewWebhook, Sent, Taken, WebhookChange};

async fn hook(store: &Store, kinds: &[&str]) -> i64 {
    let new = NewWebhook {
        name: kinds.join("-"),
        url: "https://erp.example/".to_owned(),
        kinds: kinds.iter().map(|&kind| kind.to_owned()).collect(),
        secret: "s".to_owned(),
    };
    store.add_webhook(new, &Actor::host()).await.unwrap().unwrap()
}

#[tokio::test]
async fn what_happens_is_kept_only_for_those_who_want_it() {
    let f = Fixture::new().await;
    let node = f.count("select max(id) from node").await;
    f.store.end_interrupted().await.unwrap();
    assert_eq!(f.count("select count(*) from host_event").await, 0, "nobody wants it");
    hook(&f.store, &["session", "node"]).await;
    begin(&f.store, f.device).await;
    f.store.end_interrupted().await.unwrap();
    f.store.tell_nodes(vec![(node, "late")]).await.unwrap();
    f.store.tell_nodes(vec![(node, "late")]).await.unwrap();
    f.store.tell_nodes(vec![(node, "normal")]).await.unwrap();
    let events = f.store.host_events(0, 10).await.unwrap();
    let told: Vec<_> = events
        .iter()
        .map(|event| (event.kind.as_str(), event.was.as_deref(), event.became.as_str()))
        .collect();
    assert_eq!(
        told,
        [("session", None, "interrupted"), ("node", Some("late"), "normal")],
        "a state that was not known before is no news"
    );
}

#[tokio::test]
async fn a_cursor_moves_with_its_delivery_and_forward_only() {
    let f = Fixture::new().await;
    let id = hook(&f.store, &["record"]).await;
    let take = |range| Taken {
        webhook: id,
        is_records: true,
        range,
        items: None,
    };
    for range in [(1, 5), (1, 5), (3, 4), (6, 6)] {
        f.store.take_delivery(take(range)).await.unwrap();
    }
    let rows = f.store.deliveries(id, None, i64::MAX, 10).await.unwrap();
    let ranges: Vec<_> = rows.iter().map(|row| row.range).collect();
    assert_eq!(ranges, [(6, 6), (1, 5)]);
    let off = WebhookChange::Describe {
        name: None,
        url: None,
        kinds: None,
        enabled: Some(false),
    };
    f.store.change_webhook(id, off, &Actor::host()).await.unwrap().unwrap();
    f.store.take_delivery(take((7, 9))).await.unwrap();
    assert_eq!(
        f.store.webhook(id).await.unwrap().unwrap().record_cursor,
        6,
        "it is off"
    );
    let on = WebhookChange::Describe {
        name: None,
        url: None,
        kinds: None,
        enabled: Some(true),
    };
    f.store.change_webhook(id, on, &Actor::host()).await.unwrap().unwrap();
    assert_eq!(
        f.store.webhook(id).await.unwrap().unwrap().record_cursor,
        0,
        "from what is there now"
    );
    let gone = f.store.change_webhook(id, WebhookChange::Remove, &Actor::host()).await;
    gone.unwrap().unwrap();
    assert_eq!(f.count("select count(*) from webhook_delivery").await, 0);
    assert_eq!(hook(&f.store, &["node"]).await, id + 1, "a key is given once");
}

#[tokio::test]
async fn what_came_of_deliveries_is_bounded() {
    let f = Fixture::new().await;
    let id = hook(&f.store, &["record"]).await;
    let most = limits::WEBHOOK_DONE;
    for key in 1..=most + 20 {
        let taken = Taken {
            webhook: id,
            is_records: true,
            range: (key, key),
            items: None,
        };
        f.store.take_delivery(taken).await.unwrap();
        let (due, _) = f.store.delivery_to_send(id).await.unwrap();
        let fault = (key % 20 == 0).then(|| "it answers 500".to_owned());
        let sent = Sent { status: None, fault };
        f.store.delivered(due.unwrap().id, sent, None).await.unwrap();
    }
    let held = async |state| f.store.deliveries(id, Some(state), i64::MAX, 1_000).await.unwrap();
    assert_eq!(held(DeliveryState::Done).await.len(), usize::try_from(most).unwrap());
    assert_eq!(
        held(DeliveryState::Dead).await.len(),
        11,
        "what was given up is kept apart"
    );
}

#[tokio::test]
async fn events_that_nobody_can_be_told_are_removed_and_counted() {
    let f = Fixture::new().await;
    let id = hook(&f.store, &["session"]).await;
    let other = hook(&f.store, &["node"]).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(f.dir.path().join("uzel.sqlite"));
    let mut conn = options.connect().await.unwrap();
    sqlx::query(
        "insert into host_event (at, kind, subject, became)
         with recursive n (n) as (select 1 union all select n + 1 from n where n < $1)
         select 0, case n % 2 when 0 then 'session' else 'node' end, n, 'x' from n",
    )
    .bind(limits::WEBHOOK_EVENTS + 10)
    .execute(&mut conn)
    .await
    .unwrap();
    assert_eq!(f.store.prune_host_events().await.unwrap(), 10);
    for (hook, missed) in [(id, 5), (other, 5)] {
        let hook = f.store.webhook(hook).await.unwrap().unwrap();
        assert_eq!((hook.missed, hook.event_cursor), (missed, 10));
    }
    assert_eq!(f.store.prune_host_events().await.unwrap(), 0);
    for hook in [id, other] {
        let told = Taken {
            webhook: hook,
            is_records: false,
            range: (11, limits::WEBHOOK_EVENTS + 10),
            items: None,
        };
        f.store.take_delivery(told).await.unwrap();
    }
    f.store.prune_host_events().await.unwrap();
    assert_eq!(
        f.count("select count(*) from host_event").await,
        0,
        "everybody was told"
    );
}
