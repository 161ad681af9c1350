//! Sessions, and what the planner sees of them.

use std::collections::BTreeMap;

use super::*;
use crate::store::IdentitySeen;

#[tokio::test]
async fn the_planner_sees_how_a_device_fared() {
    let f = Fixture::new().await;
    let before = f.store.poll_plan().await.unwrap();
    assert_eq!(before[0].last_session_started_at, Some(at(0)));
    assert_eq!((before[0].last_outcome, before[0].failures_in_row), (None, 0));
    let mut session = f.session;
    for (outcome, failures) in [
        (Outcome::NoAnswer, 1),
        (Outcome::Garbled, 2),
        (Outcome::Cancelled, 2),
        (Outcome::Partial, 0),
        (Outcome::DriverTrap, 1),
        (Outcome::Complete, 0),
    ] {
        f.store.end_session(session_end(session, outcome)).await.unwrap();
        let plan = f.store.poll_plan().await.unwrap();
        assert_eq!(
            (plan[0].last_outcome, plan[0].failures_in_row),
            (Some(outcome), failures)
        );
        session = begin(&f.store, f.device).await;
    }
    assert_eq!(f.count("select count(*) from v_session where outcome is null").await, 1);
    assert_eq!(
        f.count("select last_good_at from device_state").await,
        at(5).as_second()
    );
}

#[tokio::test]
async fn serial_and_model_are_filled_once() {
    let f = Fixture::new().await;
    for (model, serial) in [("hm1-a", "0042"), ("hm1-b", "0043")] {
        let mut end = session_end(f.session, Outcome::Complete);
        end.identity = Some(IdentitySeen {
            model: model.to_owned(),
            serial: Some(serial.to_owned()),
            firmware: None,
            details: vec![("scheme".to_owned(), "2".to_owned())],
        });
        end.trace = "0 > 00\n".into();
        f.store.end_session(end).await.unwrap();
    }
    let plan = f.store.poll_plan().await.unwrap();
    assert_eq!(
        (plan[0].model.as_deref(), plan[0].serial.as_deref()),
        (Some("hm1-a"), Some("0042"))
    );
    assert_eq!(f.texts("select serial from v_device").await, ["0042"]);
}

#[tokio::test]
async fn a_session_that_was_not_begun_cannot_end() {
    let f = Fixture::new().await;
    let end = f
        .store
        .end_session(session_end(SessionId(999), Outcome::Complete))
        .await;
    assert!(matches!(end, Err(StoreError::Malformed { .. })), "{end:?}");
}

#[tokio::test]
async fn a_session_that_the_host_left_running_is_interrupted_at_the_next_start() {
    let f = Fixture::new().await;
    f.store.close().await;
    let store = open(&f.dir).await.unwrap();
    assert_eq!(store.end_interrupted().await.unwrap(), 1);
    assert_eq!(store.end_interrupted().await.unwrap(), 0);
    let plan = store.poll_plan().await.unwrap();
    assert_eq!(plan[0].last_outcome, Some(Outcome::Interrupted));
    assert_eq!(plan[0].failures_in_row, 0);
}

#[tokio::test]
async fn a_driver_remembers_per_device_and_driver() {
    let f = Fixture::new().await;
    let memory = BTreeMap::from([("a".to_owned(), vec![1, 0]), ("b".to_owned(), vec![])]);
    f.store.put_memory(f.device, "hm1", &memory).await.unwrap();
    assert_eq!(
        f.store.reader().await.unwrap().memory(f.device, "hm1").await.unwrap(),
        memory
    );
    assert!(
        f.store
            .reader()
            .await
            .unwrap()
            .memory(f.device, "other")
            .await
            .unwrap()
            .is_empty()
    );
    f.store.put_memory(f.device, "hm1", &BTreeMap::new()).await.unwrap();
    assert!(
        f.store
            .reader()
            .await
            .unwrap()
            .memory(f.device, "hm1")
            .await
            .unwrap()
            .is_empty()
    );
}
