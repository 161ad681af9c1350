//! The list of attention, the tree, the search and the map over the wire.

use super::*;

/// Ends sessions of a device so often with no answer.
async fn silent(store: &Store, device: DeviceId, times: usize) {
    for _ in 0..times {
        let session = begin(store, device).await;
        let ended = SessionEnd {
            outcome: Outcome::NoAnswer,
            detail: Some("3 requests of 5 s".to_owned()),
            ..end(session)
        };
        store.end_session(ended).await.unwrap();
    }
}

/// Device 1 is abnormal, 2 silent, 4 and 5 were never read, 3 is not polled.
async fn troubled() -> TestApi {
    let api = TestApi::start().await;
    let mut devices: Vec<NewDevice> = (1..=5).map(new_device).collect();
    for device in &mut devices {
        device.node = format!("Подвал {}", device.name);
        device.enabled = device.name != "Котёл 003";
    }
    api.store.import(devices).await.unwrap();
    let session = begin(&api.store, DeviceId(1)).await;
    let records = (1..=4).map(|hours| hour(hours, 4200)).collect();
    api.store
        .put_records(batch(DeviceId(1), session, records))
        .await
        .unwrap();
    api.store.end_session(end(session)).await.unwrap();
    silent(&api.store, DeviceId(2), 3).await;
    api
}

fn names(page: &Json) -> Vec<(&str, &str)> {
    let rows = page["items"].as_array().unwrap().iter();
    rows.map(|row| (row["name"].as_str().unwrap(), row["state"].as_str().unwrap()))
        .collect()
}

#[tokio::test]
async fn each_active_node_is_in_exactly_one_state() {
    let api = troubled().await;
    let page = api.json("/api/v1/attention").await;
    let counts = page["counts"].as_object().unwrap();
    let sum: u64 = counts.values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(
        (page["active"].as_u64(), page["disabled"].as_u64()),
        (Some(sum), Some(1))
    );
    assert_eq!(
        page["counts"],
        json!({ "abnormal": 1, "no-connection": 1, "driver-fault": 0, "late": 2, "normal": 0 })
    );
    assert_eq!(
        names(&page),
        [
            ("Подвал Котёл 001", "abnormal"),
            ("Подвал Котёл 002", "no-connection"),
            ("Подвал Котёл 004", "late"),
            ("Подвал Котёл 005", "late")
        ]
    );
    let first = &page["items"][0];
    assert_eq!(first["cause"]["situations"][0]["title"]["en"], "low flow");
    assert_eq!(first["since"], ago(4).to_string(), "since the first of the hours");
    assert_eq!(first["stake"]["word"], "heat-stopped");
    let silent = &page["items"][1]["cause"];
    assert_eq!(
        (&silent["outcome"], &silent["attempts"]),
        (&json!("no-answer"), &json!(3))
    );
    assert_eq!(silent["detail"], "3 requests of 5 s");
    assert_eq!(page["items"][2]["cause"]["code"], "never-read");
    let walked = api.walk("/api/v1/attention?state=any&order=place", 2).await;
    assert_eq!(walked.len(), 5);
    let walked = api.walk("/api/v1/attention", 1).await;
    assert_eq!(Json::from(walked), page["items"]);
    let found = api.json("/api/v1/attention?state=any&q=00002").await;
    assert_eq!(names(&found), []);
    let found = api.json("/api/v1/attention?state=any&at=site:1&q=003").await;
    assert_eq!(names(&found), []);
    let found = api
        .json(&format!("/api/v1/attention?state=disabled&q={}", escaped("котел 003")))
        .await;
    assert_eq!(names(&found), [("Подвал Котёл 003", "disabled")]);
    for bad in ["state=sad", "order=random", "at=country:1", "after=1.2", "limit=0"] {
        assert_eq!(api.get(&format!("/api/v1/attention?{bad}")).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn a_state_ends_with_the_session_that_brings_something() {
    let api = troubled().await;
    assert_eq!(api.json("/api/v1/nodes/2/state").await["state"], "no-connection");
    let session = begin(&api.store, DeviceId(2)).await;
    let mut well = hour(1, 1);
    well.conditions.clear();
    api.store
        .put_records(batch(DeviceId(2), session, vec![well]))
        .await
        .unwrap();
    api.store.end_session(end(session)).await.unwrap();
    // A look that took long is kept for a while.
    while api.json("/api/v1/nodes/2/state").await["state"] != "normal" {
        tokio::task::yield_now().await;
    }
    assert_eq!(api.get("/api/v1/nodes/99/state").await.status, 404);
}

#[tokio::test]
async fn who_knows_of_a_trouble_does_not_know_of_the_next() {
    let api = troubled().await;
    let body = json!({ "nodes": [1, 2, 3, 99, 1] });
    let answer = api.post("/api/v1/attention/acknowledge", &body).await.json();
    let words: Vec<_> = answer["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["outcome"].as_str())
        .collect();
    let want = ["done", "done", "not-waiting", "not-found"].map(Some);
    assert_eq!((words.as_slice(), &answer["done"]), (want.as_slice(), &json!(2)));
    let answer = api
        .post("/api/v1/attention/assign", &json!({ "nodes": [2], "to": "Ким" }))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let page = api.json("/api/v1/attention").await;
    assert_eq!(page["people"], json!(["Ким"]));
    let order: Vec<_> = names(&page).into_iter().map(|(name, _)| name).collect();
    let sunk = [
        "Подвал Котёл 004",
        "Подвал Котёл 005",
        "Подвал Котёл 001",
        "Подвал Котёл 002",
    ];
    assert_eq!(order, sunk, "what is known sinks");
    assert_eq!(page["items"][2]["acknowledged"]["by"], "nobody signed in");
    assert_eq!(page["items"][3]["assigned"]["to"], "Ким");
    // Another trouble of the same node.
    let session = begin(&api.store, DeviceId(2)).await;
    let trapped = SessionEnd {
        outcome: Outcome::DriverTrap,
        ..end(session)
    };
    api.store.end_session(trapped).await.unwrap();
    loop {
        let node = api.json("/api/v1/nodes/2/state").await;
        if node["state"] == "driver-fault" {
            assert_eq!(node["acknowledged"], Json::Null);
            break;
        }
        tokio::task::yield_now().await;
    }
    let back = json!({ "nodes": [1], "known": false });
    assert_eq!(api.post("/api/v1/attention/acknowledge", &back).await.json()["done"], 1);
    assert_eq!(api.json("/api/v1/nodes/1/state").await["acknowledged"], Json::Null);
    let nobody = json!({ "nodes": [2], "to": null });
    assert_eq!(api.post("/api/v1/attention/assign", &nobody).await.json()["done"], 1);
    assert_eq!(api.json("/api/v1/nodes/2/state").await["assigned"], Json::Null);
    for bad in [
        json!({ "nodes": [] }),
        json!({ "nodes": (0..501).collect::<Vec<_>>() }),
        json!({ "nodes": [1], "to": " " }),
    ] {
        assert_eq!(api.post("/api/v1/attention/assign", &bad).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn many_nodes_are_read_with_an_outcome_each() {
    let api = troubled().await;
    let answer = api
        .post("/api/v1/attention/read-now", &json!({ "nodes": [1, 2, 3, 99] }))
        .await
        .json();
    assert_eq!(
        answer["items"],
        json!([
            { "node": 1, "outcome": "done" },
            { "node": 2, "outcome": "already-reading" },
            { "node": 3, "outcome": "no-device" },
            { "node": 99, "outcome": "not-found" },
        ])
    );
}

#[tokio::test]
async fn the_tree_counts_what_is_below() {
    let api = troubled().await;
    let top = api.json("/api/v1/tree").await;
    assert_eq!(top["items"][0]["counts"]["late"], 2);
    assert_eq!(top["items"][0]["disabled"], 1);
    let sites = api.json("/api/v1/tree?at=organisation:1").await;
    assert_eq!(sites["items"].as_array().unwrap().len(), 3);
    assert_eq!(sites["items"][0]["address"], "Лесная, 1");
    let nodes = api.json("/api/v1/tree?at=site:1").await;
    assert_eq!(nodes["items"][0]["counts"]["abnormal"], 1);
    let leaves = api.json("/api/v1/tree?at=node:1").await;
    let kinds: Vec<_> = leaves["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["point", "device"]);
    assert_eq!(api.get("/api/v1/tree?at=site:99").await.status, 404);
}

#[tokio::test]
async fn things_are_found_by_what_people_remember() {
    let api = troubled().await;
    for (query, kind, want) in [
        ("котел 004", "device", 1),
        ("003", "device", 1),
        ("HM-1", "device", 5),
        ("НМ-1", "device", 5),
        ("lesnaya", "site", 3),
        ("ktcyfz", "site", 3),
        ("heat", "organisation", 1),
        ("отопление", "point", 5),
        ("нет такого", "site", 0),
    ] {
        let found = api
            .json(&format!("/api/v1/search?kind={kind}&q={}", escaped(query)))
            .await;
        assert_eq!(found["total"], want, "{query}: {found}");
    }
    let found = api
        .json(&format!("/api/v1/search?limit=1&q={}", escaped("котел 002")))
        .await;
    assert_eq!(found["items"][0]["kind"], "node", "{found}");
    assert_eq!(found["items"][0]["state"], "no-connection");
    assert_eq!(api.get("/api/v1/search?q=a&kind=street").await.status, 400);
}

#[tokio::test]
async fn sites_without_coordinates_are_counted_on_the_map() {
    let api = troubled().await;
    let map = api.json("/api/v1/map").await;
    assert_eq!(map, json!({ "tiles": null, "items": [], "without_coordinates": 3 }));
}
