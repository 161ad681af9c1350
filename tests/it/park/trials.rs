//! A new version is tried before it is trusted, and stopped when it does wrong.

use serde_json::json;
use uzel::model::{ArchiveKind, RecordKind};

use super::kit::{Vendor, component, done, installed, park, planted, state};
use crate::devices::{ON_DEMAND, assert_no_incident, assert_whole, usual};
use crate::judge::{Judge, Model, from_store};

const WHY: &str = "a test";

#[tokio::test(flavor = "multi_thread")]
async fn a_good_version_goes_through_its_whole_life() {
    let (host, meters) = park(2, ON_DEMAND).await;
    let vendor = Vendor::new();
    vendor.trusted(&host).await;
    let (first, second) = (host.device("meter-0").await, host.device("meter-1").await);
    let before = host.read_now(first, &usual()).await;
    assert_eq!(before["outcome"], "complete", "{before}");

    let new = installed(&host, &component("two"), &vendor).await;
    assert_eq!(state(&host, &new).await.0, "self-tested");
    let (status, answer) = host
        .post(
            &format!("/api/v1/drivers/versions/{new}/activate"),
            &json!({"why": WHY}),
        )
        .await;
    assert_eq!(status, 409, "{answer}");
    assert!(
        answer["detail"].as_str().unwrap().contains("has had no shadow"),
        "{answer}"
    );
    let report = done(&host, &new, "shadow", &json!({"why": WHY})).await;
    assert_eq!(
        (&report["is_clean"], &report["sessions"]),
        (&json!(true), &json!(1)),
        "{report}"
    );
    assert!(report["records"].as_u64() > Some(20), "{report}");

    let plan = json!({"why": WHY, "devices": [first], "promote_after": 2});
    done(&host, &new, "canary", &plan).await;
    let other = host.read_now(second, &usual()).await;
    assert_ne!(
        other["driver"]["digest"],
        json!(new),
        "another device is read as before: {other}"
    );
    for _ in 0..2 {
        let tried = host.read_now(first, &usual()).await;
        assert_eq!(
            (&tried["outcome"], &tried["driver"]["digest"]),
            (&json!("complete"), &json!(new)),
            "{tried}"
        );
    }
    host.until("the promotion", async |host| {
        (state(host, &new).await.0 == "active").then_some(())
    })
    .await;
    let after = host.read_now(second, &usual()).await;
    assert_eq!(after["driver"]["digest"], json!(new), "{after}");

    let (status, back) = host
        .post("/api/v1/drivers/vkt7/rollback", &json!({"why": "as before"}))
        .await;
    assert_eq!((status, &back["state"]), (200, &json!("active")), "{back}");
    let old = host.read_now(second, &usual()).await;
    assert_eq!(old["driver"]["digest"], other["driver"]["digest"], "{old}");
    let events = host.get("/api/v1/drivers/events?driver=vkt7").await;
    let to: Vec<&str> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["to"].as_str().unwrap())
        .collect();
    for word in [
        "verified",
        "compiled",
        "self-tested",
        "shadow",
        "canary",
        "active",
        "draining",
    ] {
        assert!(to.contains(&word), "{word} is not among {to:?}");
    }
    let pool = host.pool().await;
    for (device, meter) in [first, second].into_iter().zip(&meters) {
        assert_whole(&Judge::of(Model::Vkt7, meter), &pool, device).await;
    }
    assert_no_incident(&pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_value_in_a_new_version_is_found_by_its_shadow_before_anything_is_stored() {
    let (host, _meters) = park(1, ON_DEMAND).await;
    let vendor = Vendor::new();
    vendor.trusted(&host).await;
    let device = host.device("meter-0").await;
    host.read_now(device, &usual()).await;
    let wrong = installed(&host, &planted(b'1'), &vendor).await;
    let report = done(&host, &wrong, "shadow", &json!({"why": WHY})).await;
    assert_eq!(
        (&report["is_clean"], &report["differing"]),
        (&json!(false), &json!(1)),
        "{report}"
    );
    let first = report["differences"][0].as_str().unwrap();
    assert!(first.contains("was") && first.contains("is"), "{first}");
    let value = &report["values"][0];
    assert_eq!(value["device"], json!({"id": device, "name": "meter-0"}), "{value}");
    assert!(
        value["stored"].is_string() && value["stored"] != value["given"],
        "{value}"
    );
    for what in ["activate", "canary"] {
        let body = json!({"why": WHY, "devices": [device]});
        let body = if what == "canary" { body } else { json!({"why": WHY}) };
        let (status, answer) = host
            .post(&format!("/api/v1/drivers/versions/{wrong}/{what}"), &body)
            .await;
        assert_eq!(status, 409, "{what}: {answer}");
    }
    let used: i64 = sqlx::query_scalar("select count(*) from session where driver_digest = ?")
        .bind(&wrong)
        .fetch_one(&host.pool().await)
        .await
        .unwrap();
    assert_eq!(used, 0, "nothing was read with it");
}

/// Lets a version that behaves in its tests read one device as a canary until the host has stopped it.
async fn fall(fault: u8, words: &str) {
    let (host, meters) = park(2, ON_DEMAND).await;
    let vendor = Vendor::new();
    vendor.trusted(&host).await;
    let device = host.device("meter-0").await;
    let good = host.read_now(device, &usual()).await;
    let new = installed(&host, &planted(fault), &vendor).await;
    let report = done(&host, &new, "shadow", &json!({"why": WHY})).await;
    assert_eq!(report["is_clean"], true, "it behaves while it is watched: {report}");
    let plan = json!({"why": WHY, "devices": [device], "promote_after": 50});
    done(&host, &new, "canary", &plan).await;
    for _ in 0..3 {
        host.read_now(device, &usual()).await;
        if state(&host, &new).await.0 == "quarantined" {
            break;
        }
    }
    let why = host
        .until("the end of the canary", async |host| {
            let (word, why) = state(host, &new).await;
            (word == "quarantined").then_some(why)
        })
        .await;
    assert!(why.contains(words), "{why}");
    let again = host.read_now(device, &usual()).await;
    assert_eq!(again["outcome"], "complete", "{again}");
    assert_eq!(again["driver"]["digest"], good["driver"]["digest"], "{again}");
    let pool = host.pool().await;
    assert_whole(&Judge::of(Model::Vkt7, &meters[0]), &pool, device).await;
    assert_no_incident(&pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_traps_only_in_the_field_is_taken_back_by_itself() {
    fall(b'3', "driver-trap").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_gives_other_values_only_in_the_field_is_taken_back_and_none_of_them_is_stored() {
    fall(b'2', "otherwise than they are stored").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_at_work_that_keeps_trapping_is_stopped_and_the_one_before_goes_on() {
    let (host, _meters) = park(3, ON_DEMAND).await;
    let vendor = Vendor::new();
    vendor.trusted(&host).await;
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(host.device(&format!("meter-{number}")).await);
    }
    let old = host.read_now(ids[0], &usual()).await["driver"]["digest"].clone();
    let bad = installed(&host, &planted(b'3'), &vendor).await;
    done(&host, &bad, "activate", &json!({"why": "in a hurry", "override": true})).await;
    assert!(
        state(&host, &bad)
            .await
            .1
            .starts_with("overridden, although it has had no shadow")
    );
    // Each behaves once, then falls.
    for id in ids.iter().chain(&ids) {
        host.read_now(*id, &usual()).await;
    }
    let why = host
        .until("the quarantine", async |host| {
            let (word, why) = state(host, &bad).await;
            (word == "quarantined").then_some(why)
        })
        .await;
    assert!(
        why.contains("ended by its fault") && why.contains("driver-trap"),
        "{why}"
    );
    let next = host.read_now(ids[1], &usual()).await;
    assert_eq!(
        (&next["outcome"], &next["driver"]["digest"]),
        (&json!("complete"), &old),
        "{next}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_one_session_is_there_in_the_next() {
    let (host, meters) = park(2, ON_DEMAND).await;
    let vendor = Vendor::new();
    vendor.trusted(&host).await;
    let leaky = installed(&host, &planted(b'4'), &vendor).await;
    done(&host, &leaky, "activate", &json!({"why": WHY, "override": true})).await;
    let pool = host.pool().await;
    for (number, meter) in meters.iter().enumerate() {
        let device = host.device(&format!("meter-{number}")).await;
        // Its daily archive is read in the same session as the hourly one, so it shows what a session alone keeps.
        host.read_now(device, &json!({"what": ["hourly"]})).await;
        let judge = Judge::of(Model::Vkt7, meter);
        let hours = RecordKind::Archive(ArchiveKind::Hourly);
        let seen = from_store(&pool, device, hours, &crate::devices::moscow()).await;
        assert!(!seen.is_empty());
        assert!(judge.wrong(&seen).is_empty(), "{:?}", judge.wrong(&seen));
    }
}
