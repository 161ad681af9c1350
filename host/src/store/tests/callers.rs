//! Callers: added up, decided about, bounded.

use super::*;
use crate::limits;
use crate::model::{Actor, CallerSeen, CallerState, Scope};
use crate::store::query::CallerQuery;

fn seen(identity: &str, seconds: i64) -> CallerSeen {
    CallerSeen {
        listener: "gprs".to_owned(),
        identity: identity.to_owned(),
        source: "10.0.0.1".to_owned(),
        seen_at: at(seconds),
        connects: 1,
        greeting: Some("41 54".to_owned()),
        fault: None,
        signal_csq: Some(16),
        bytes_received: 100,
        bytes_sent: 10,
    }
}

async fn one(store: &Store, identity: &str) -> crate::store::query::CallerRow {
    let query = CallerQuery {
        listener: Some("gprs".to_owned()),
        identity: Some(identity.to_owned()),
        limit: 2,
        ..CallerQuery::default()
    };
    let mut found = store.callers(Scope::EVERYTHING, &query).await.unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

#[tokio::test]
async fn what_is_seen_adds_up_and_decisions_stay() {
    let f = Fixture::new().await;
    f.store.saw_callers(vec![seen("a", 0)]).await.unwrap();
    let a = one(&f.store, "a").await;
    assert_eq!((a.state, a.connects, a.devices.len()), (CallerState::New, 1, 0));
    assert!(
        f.store.callers_known().await.unwrap().is_empty(),
        "nobody decided, no device names it"
    );

    let before = f.store.callers_revision().await.unwrap();
    assert!(
        f.store
            .decide_caller(a.id, CallerState::Refused, &Actor::host())
            .await
            .unwrap()
    );
    assert!(
        !f.store
            .decide_caller(a.id + 1, CallerState::Refused, &Actor::host())
            .await
            .unwrap()
    );
    assert!(f.store.callers_revision().await.unwrap() > before);
    let gone = CallerSeen {
        connects: 0,
        greeting: None,
        signal_csq: None,
        source: "10.0.0.9".to_owned(),
        ..seen("a", 60)
    };
    f.store.saw_callers(vec![gone]).await.unwrap();
    let a = one(&f.store, "a").await;
    assert_eq!(
        (a.state, a.connects, a.bytes_received, a.bytes_sent),
        (CallerState::Refused, 1, 200, 20)
    );
    assert_eq!(
        (a.greeting.as_str(), a.signal_csq, a.source.as_str()),
        ("41 54", Some(16), "10.0.0.1")
    );
    assert_eq!((a.first_seen_at, a.last_seen_at), (at(0), at(60)));

    let mut device = new_device("boiler-8", 2);
    device.routes[0].address = LineAddress::Incoming("gprs/b".to_owned());
    f.store.add_device(&device).await.unwrap();
    let known = f.store.callers_known().await.unwrap();
    assert_eq!(known["gprs/a"].state, CallerState::Refused);
    assert!(known["gprs/b"].routed && known["gprs/b"].seen_at.is_none());
    f.store.saw_callers(vec![seen("b", 70)]).await.unwrap();
    assert_eq!(one(&f.store, "b").await.devices[0].1, "boiler-8");
    assert_eq!(f.store.callers_known().await.unwrap()["gprs/b"].seen_at, Some(at(70)));
}

#[tokio::test]
async fn strangers_make_room_and_others_stay() {
    let f = Fixture::new().await;
    let mut device = new_device("boiler-8", 2);
    device.routes[0].address = LineAddress::Incoming("gprs/named".to_owned());
    f.store.add_device(&device).await.unwrap();
    f.store
        .saw_callers(vec![seen("named", 0), seen("approved", 0)])
        .await
        .unwrap();
    let approved = one(&f.store, "approved").await.id;
    f.store
        .decide_caller(approved, CallerState::Approved, &Actor::host())
        .await
        .unwrap();
    let many = i64::from(limits::CALLERS_NEW) + 20;
    let strangers = (0..many).map(|number| seen(&format!("s{number}"), number)).collect();
    f.store.saw_callers(strangers).await.unwrap();
    assert_eq!(
        f.count("select count(*) from caller where identity like 's%'").await,
        i64::from(limits::CALLERS_NEW)
    );
    assert_eq!(
        f.count("select count(*) from caller where identity in ('s0', 's19')")
            .await,
        0
    );
    assert_eq!(
        f.count("select count(*) from caller where identity in ('s20', 'named', 'approved')")
            .await,
        3
    );
}
