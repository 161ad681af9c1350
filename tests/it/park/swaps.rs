//! Versions change places under load: nothing is lost, nothing is there twice, no session mixes two versions.

use std::collections::BTreeSet;

use serde_json::json;
use sqlx::Row as _;

use super::kit::{Vendor, component, done, installed, park};
use crate::devices::{assert_no_incident, assert_whole};
use crate::judge::{Judge, Model};

/// Meters that are read at once.
const METERS: u8 = 40;

/// Swaps and rollbacks.
const SWAPS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn twenty_swaps_under_load_lose_nothing_and_mix_nothing() {
    let (host, meters) = park(METERS, "[polling]\nscheduled = false\nsessions = 500").await;
    let vendor = Vendor::new();
    vendor.trusted(&host).await;
    let mut digests = Vec::new();
    for name in ["one", "two"] {
        let digest = installed(&host, &component(name), &vendor).await;
        done(&host, &digest, "shadow", &json!({"why": "a test"})).await;
        digests.push(digest);
    }
    let devices: Vec<i64> = {
        let mut ids = Vec::new();
        for number in 0..METERS {
            ids.push(host.device(&format!("meter-{number}")).await);
        }
        ids
    };
    let what = json!({"what": ["hourly", "daily"]});
    let read_all = async {
        for _ in 0..4 {
            let all = devices.iter().map(|device| host.read_now(*device, &what));
            futures_of(all).await;
        }
    };
    let swap_all = async {
        for swap in 0..SWAPS {
            if swap < 2 {
                done(&host, &digests[swap], "activate", &json!({"why": "a test"})).await;
            } else {
                let (status, answer) = host
                    .post("/api/v1/drivers/vkt7/rollback", &json!({"why": "a test"}))
                    .await;
                assert_eq!(status, 200, "{answer}");
            }
        }
    };
    tokio::join!(read_all, swap_all);
    let pool = host.pool().await;
    for (device, meter) in devices.iter().zip(&meters) {
        assert_whole(&Judge::of(Model::Vkt7, meter), &pool, *device).await;
    }
    assert_no_incident(&pool).await;
    let rows = sqlx::query("select driver_digest, outcome, count(*) from session group by 1, 2")
        .fetch_all(&pool)
        .await
        .unwrap();
    let used: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    println!(
        "{} versions read: {:?}",
        used.len(),
        rows.iter()
            .map(|row| (row.get::<String, _>(1), row.get::<i64, _>(2)))
            .collect::<Vec<_>>()
    );
    assert!(used.len() > 1, "only one version ever read");
    assert!(
        rows.iter().all(|row| row.get::<&str, _>(1) == "complete"),
        "a session was hurt by a swap"
    );
}

/// Waits for all of them at once.
async fn futures_of<T>(all: impl Iterator<Item = impl Future<Output = T>>) {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        all.retain_mut(|one| one.as_mut().poll(context).is_pending());
        if all.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}
