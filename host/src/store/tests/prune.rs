//! Retention: what is old goes, what a record refers to stays.

use super::*;
use crate::model::ClockOutcome;
use crate::store::{NewClockSetting, Old, Pruned};

/// A session that started so many hours after the beginning and left a trace.
async fn session(f: &Fixture, hours: i64, outcome: Option<Outcome>) -> SessionId {
    let session = f
        .store
        .begin_session(NewSession {
            started_at: at(hours * HOUR),
            ..NewSession {
                device: f.device,
                line: LineId(1),
                driver: "hm1".to_owned(),
                driver_version: "1.0.0".to_owned(),
                driver_digest: "d1".to_owned(),
                reason: Reason::Schedule,
                started_at: at(0),
            }
        })
        .await
        .unwrap();
    if let Some(outcome) = outcome {
        let mut end = session_end(session, outcome);
        end.trace = "0 > 00\n".into();
        f.store.end_session(end).await.unwrap();
    }
    session
}

/// Prunes to the end; gives how many went and how many transactions it took.
async fn prune(f: &Fixture, old: Old, hours: i64) -> (u64, u32) {
    let (mut removed, mut calls) = (0, 0);
    loop {
        let Pruned { removed: some, is_more } = f.store.prune(old, at(hours * HOUR)).await.unwrap();
        (removed, calls) = (removed + some, calls + 1);
        if !is_more {
            return (removed, calls);
        }
    }
}

#[tokio::test]
async fn old_traces_go_in_small_steps_and_their_sessions_stay() {
    let f = Fixture::new().await;
    for hours in 1..=500 {
        session(&f, hours, Some(Outcome::NoAnswer)).await;
    }
    assert_eq!(prune(&f, Old::Traces, 451).await, (450, 3));
    assert_eq!(f.count("select count(*) from trace").await, 50);
    assert_eq!(f.count("select count(*) from session").await, 501);
    assert_eq!(prune(&f, Old::Traces, 451).await, (0, 1), "nothing is looked at twice");
    assert_eq!(prune(&f, Old::Traces, 461).await.0, 10, "it goes on where it was");
}

#[tokio::test]
async fn old_sessions_go_unless_something_that_is_kept_came_with_them() {
    let f = Fixture::new().await;
    let columns: Arc<[Column]> = Arc::new([column("t1", 1, None)]);
    let mut brought = f.batch(&columns, vec![hour(1, vec![fixed(42)])]);
    brought.session = session(&f, 1, Some(Outcome::Interrupted)).await;
    let kept = brought.session;
    f.store.put_records(brought).await.unwrap();
    let silent = session(&f, 2, Some(Outcome::NoAnswer)).await;
    let clock = session(&f, 3, Some(Outcome::Garbled)).await;
    f.store.put_clock(f.device, clock, at(3 * HOUR), 100, 10).await.unwrap();
    let left = NewClockSetting {
        device: f.device,
        session: clock,
        at: at(3 * HOUR),
        before_offset_ms: 100_000,
        target: None,
        after_offset_ms: None,
        outcome: ClockOutcome::NearHour,
        text: "near an hour's end".to_owned(),
    };
    f.store.put_clock_setting(left).await.unwrap();
    let last = session(&f, 4, Some(Outcome::NoAnswer)).await;
    assert_eq!(prune(&f, Old::Sessions, 100).await.0, 2, "{silent} and {clock}");
    let left = f.texts("select cast(id as text) from session order by id").await;
    let want = [f.session, kept, last].map(|session| session.to_string());
    assert_eq!(
        left, want,
        "the one that runs, the one with a record, the last of the device"
    );
    assert_eq!(f.count("select count(*) from clock_reading").await, 0);
    assert_eq!(f.count("select count(*) from clock_setting").await, 0);
    assert_eq!(f.count("select count(*) from record").await, 1);
    assert_eq!(f.count("select count(*) from pragma_foreign_key_check").await, 0);
}

#[tokio::test]
async fn the_size_of_the_store_is_told_and_what_is_free_in_it() {
    let f = Fixture::new().await;
    let before = f.store.size().await.unwrap();
    assert!(before.database > 0 && before.log > 0, "{before:?}");
    let mut end = session_end(f.session, Outcome::NoAnswer);
    end.trace = super::long_trace();
    f.store.end_session(end).await.unwrap();
    assert_eq!(prune(&f, Old::Traces, 1).await.0, 1);
    let after = f.store.size().await.unwrap();
    assert!(after.free > before.free + 600_000, "{before:?} {after:?}");
}
