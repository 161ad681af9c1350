//! Versions change places under load: nothing is lost, nothing is there twice, no session mixes two versions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use meter_sim::Faults;
use serde_json::json;
use sqlx::{Row as _, SqlitePool};
use system_tests::TestHost;

use super::kit::{Vendor, component, done, installed, park_behind};
use crate::devices::{assert_no_incident, assert_whole};
use crate::judge::{Judge, Model};

/// Meters, all of which are read at once.
const METERS: u16 = 500;

/// Swaps and rollbacks.
const SWAPS: usize = 20;

/// How long an answer takes: the sessions last longer than all swaps.
const ANSWER: Duration = Duration::from_millis(250);

async fn running(pool: &SqlitePool) -> i64 {
    let count = sqlx::query_scalar("select count(*) from session where outcome is null");
    count.fetch_one(pool).await.unwrap()
}

/// Puts one version in the place of another, or goes back.
async fn swap(host: &TestHost, digests: &[String], number: usize) {
    if let Some(digest) = digests.get(number) {
        done(host, digest, "activate", &json!({"why": "a test"})).await;
        return;
    }
    let (status, answer) = host
        .post("/api/v1/drivers/vkt7/rollback", &json!({"why": "a test"}))
        .await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_swaps_under_load_lose_nothing_and_mix_nothing() {
    // The versions are there before the first session, so that nothing stands in the way of what is tested.
    let (mut host, meters) = park_behind(METERS, "[polling]\nscheduled = false", &Faults::new().delay(ANSWER)).await;
    let vendor = Vendor::new();
    vendor.trusted(&host).await;
    let mut digests = Vec::new();
    for name in ["one", "two"] {
        let digest = installed(&host, &component(name), &vendor).await;
        done(&host, &digest, "shadow", &json!({"why": "a test"})).await;
        digests.push(digest);
    }
    assert!(host.stop());
    let config = std::fs::read_to_string(host.folder().join("uzel.toml")).unwrap();
    let config = config.replace("scheduled = false", "sessions = 500");
    std::fs::write(host.folder().join("uzel.toml"), config).unwrap();
    host.spawn();

    let pool = host.pool().await;
    host.until("the load", async |_| (running(&pool).await > 400).then_some(()))
        .await;
    let (mut number, mut most) = (0, 0);
    while number < SWAPS {
        swap(&host, &digests, number).await;
        number += 1;
        most = most.max(running(&pool).await);
        // One device after the other is read by what is active now, as soon as its first session has ended.
        let device = i64::try_from(number).unwrap();
        let path = format!("/api/v1/devices/{device}/read-now");
        host.until("the second reading", async |host| {
            (host.post(&path, &json!({"what": ["hourly"]})).await.0 == 202).then_some(())
        })
        .await;
    }
    host.until("the end of all sessions", async |_| {
        (running(&pool).await == 0).then_some(())
    })
    .await;

    for (number, meter) in meters.iter().enumerate() {
        let device = host.device(&format!("meter-{number}")).await;
        assert_whole(&Judge::of(Model::Vkt7, meter), &pool, device).await;
    }
    assert_no_incident(&pool).await;
    let rows = sqlx::query("select driver_digest, outcome, count(*) from session group by 1, 2");
    let rows = rows.fetch_all(&pool).await.unwrap();
    let outcomes: BTreeMap<(String, String), i64> =
        rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect();
    println!("up to {most} sessions at once, {SWAPS} swaps: {outcomes:?}");
    let versions: BTreeSet<&str> = outcomes.keys().map(|(digest, _)| digest.as_str()).collect();
    assert!(versions.len() > 1, "only one version ever read");
    assert!(
        outcomes.keys().all(|(_, outcome)| outcome == "complete"),
        "a session was hurt by a swap"
    );
    assert!(most > 400, "the load was too small");
}
