//! Clock policies, and what was done about clocks.

use super::*;
use crate::model::{ClockOutcome, ClockPolicy};
use crate::store::{NewClockSetting, NewGroup};

/// The policy that the planner sees.
async fn planned(f: &Fixture) -> String {
    f.store.poll_plan().await.unwrap()[0].clock_policy.to_string()
}

#[tokio::test]
async fn a_clock_is_set_as_the_device_says_else_its_group_else_never() {
    let f = Fixture::new().await;
    assert_eq!(planned(&f).await, "off");
    let group = NewGroup {
        name: "gsm".to_owned(),
        schedule: "every 60m: clock".parse().unwrap(),
        sessions: None,
        clock_policy: "beyond 30s within 10m".parse().unwrap(),
    };
    f.store.put_group(group.clone()).await.unwrap();
    assert_eq!(f.store.groups().await.unwrap()[0].group, group);
    let mut device = new_device("boiler-7", 1);
    device.group = Some("gsm".to_owned());
    f.store.add_device(&device).await.unwrap();
    assert_eq!(planned(&f).await, "beyond 30s within 10m every 1d");
    device.clock_policy = "beyond 5s within 1m every 2d".parse().ok();
    let changed = f.store.add_device(&device).await.unwrap().change;
    assert_eq!(changed, crate::store::Change::Updated(vec!["clock_policy".to_owned()]));
    assert_eq!(planned(&f).await, "beyond 5s within 1m every 2d");

    let before = f.store.devices_revision().await.unwrap();
    assert!(
        f.store
            .put_clock_policy("boiler-7", Some(ClockPolicy::Off))
            .await
            .unwrap()
    );
    assert!(
        f.store.devices_revision().await.unwrap() > before,
        "a running host takes it over"
    );
    assert_eq!(planned(&f).await, "off");
    assert!(f.store.put_clock_policy("boiler-7", None).await.unwrap());
    assert_eq!(planned(&f).await, "beyond 30s within 10m every 1d");
    assert!(!f.store.put_clock_policy("boiler-8", None).await.unwrap());
}

#[tokio::test]
async fn only_a_clock_that_was_written_counts_as_set() {
    let f = Fixture::new().await;
    let setting = |second: i64, outcome, target: Option<&str>| NewClockSetting {
        device: f.device,
        session: f.session,
        at: at(second),
        before_offset_ms: 90_000,
        target: target.map(|target| target.parse().unwrap()),
        after_offset_ms: target.map(|_| 300),
        outcome,
        text: "+90.0 s before".to_owned(),
    };
    f.store
        .put_clock_setting(setting(0, ClockOutcome::TooFar, None))
        .await
        .unwrap();
    assert_eq!(
        f.store.reader().await.unwrap().clock_set_at(f.device).await.unwrap(),
        None
    );
    for (second, outcome, target) in [
        (100, ClockOutcome::Set, Some("2026-11-20T14:20:30")),
        (50, ClockOutcome::Failed, Some("2026-11-20T14:19:40")),
        (200, ClockOutcome::TooSoon, None),
    ] {
        f.store
            .put_clock_setting(setting(second, outcome, target))
            .await
            .unwrap();
    }
    assert_eq!(
        f.store.reader().await.unwrap().clock_set_at(f.device).await.unwrap(),
        Some(at(100))
    );
    let rows = f
        .texts("select outcome || ' ' || coalesce(target, '-') from clock_setting order by at_ms")
        .await;
    assert_eq!(
        rows,
        [
            "too-far -",
            "failed 2026-11-20T14:19:40",
            "set 2026-11-20T14:20:30",
            "too-soon -"
        ]
    );
}
