//! Somebody adds a meter through the API: tries the connection, stores it, reads it; later another meter takes its place, and
//! the host never stops. A file that is no workbook is refused, and a good one changes nothing.

use serde_json::{Value as Json, json};
use system_tests::{TestHost, parts};

use crate::devices::{ON_DEMAND, tcp, word, young};

const NOBODY: &str = "name,driver,line\n";

/// How a test of a connection ended.
async fn tried(host: &TestHost, body: &Json) -> Json {
    let (status, begun) = host.post("/api/v1/devices/test", body).await;
    assert_eq!(status, 202, "{begun}");
    let path = format!("/api/v1/devices/tests/{}", begun["id"]);
    host.until("the end of a test", async |host| {
        let test = host.get(&path).await;
        (test["state"] == "ended").then_some(test)
    })
    .await
}

fn names(phases: &Json) -> Vec<&str> {
    let phases = phases.as_array().unwrap();
    phases.iter().map(|phase| phase["name"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meter_is_tried_added_read_and_replaced_while_the_host_runs() {
    let old = young(3).seed(21).serial("00111111").start_tcp().await.unwrap();
    let new = young(3).seed(22).serial("00222222").start_tcp().await.unwrap();
    let host = TestHost::start_with_drivers(&[parts::driver_file("vkt7")], NOBODY, ON_DEMAND);
    let body = |line: &str| json!({ "model": "bkt-7", "routes": [{ "address": line }] });

    let test = tried(&host, &body(&tcp(&old))).await;
    assert_eq!(test["outcome"], "complete", "{test:#}");
    assert_eq!(
        names(&test["phases"]),
        ["open", "identify", "clock", "current", "close"]
    );
    assert_eq!(test["identity"]["serial"], "00111111");
    assert!(test["clock"]["offset_s"].is_number() && !test["values"].as_array().unwrap().is_empty());
    assert!(
        test["trace"]
            .as_array()
            .unwrap()
            .iter()
            .any(|entry| entry["kind"] == "received")
    );
    let silent = tried(&host, &body("tcp:127.0.0.1:1")).await;
    assert_eq!(silent["outcome"], "line-refused", "{silent:#}");
    assert!(silent["detail"].as_str().unwrap().contains("127.0.0.1:1"), "{silent:#}");
    assert_eq!(
        host.get("/api/v1/devices").await["items"],
        json!([]),
        "nothing is stored"
    );
    assert_eq!(
        host.get("/api/v1/sessions").await["items"],
        json!([]),
        "not even a session"
    );

    let mut device = body(&tcp(&old));
    device["name"] = "boiler".into();
    device["serial"] = test["identity"]["serial"].clone();
    let (status, made) = host.post("/api/v1/devices", &device).await;
    assert_eq!(status, 201, "{made}");
    let first = made["id"].as_i64().unwrap();
    let hours = json!({ "what": ["hourly"] });
    assert_eq!(word(&host.read_now(first, &hours).await), "complete");
    let point = made["points"][0]["id"].as_i64().unwrap();
    let path = format!("/api/v1/points/{point}");
    let held = host
        .get(&format!("/api/v1/devices/{first}/records?archive=hourly&limit=1000"))
        .await;

    let body = json!({ "device": { "serial": "00222222", "routes": [{ "address": tcp(&new) }] } });
    let (status, done) = host.post(&format!("/api/v1/devices/{first}/replace"), &body).await;
    assert_eq!(status, 201, "{done}");
    let second = done["device"]["id"].as_i64().unwrap();
    assert_eq!(word(&host.read_now(second, &hours).await), "complete");
    let shown = host.get(&path).await;
    assert_eq!(shown["device"]["id"], second);
    let series = shown["series"].as_array().unwrap();
    for device in [first, second] {
        assert!(
            series.iter().any(|series| series["device"] == device),
            "series of {device} in {shown}"
        );
    }
    let after = host
        .get(&format!("/api/v1/devices/{first}/records?archive=hourly&limit=1000"))
        .await;
    assert_eq!(held["items"], after["items"], "what the old meter gave stays as it is");
    // The old one is not read any more.
    let path = format!("/api/v1/devices/{first}/read-now");
    host.until("the old meter out of the plan", async |host| {
        (host.post(&path, &hours).await.0 == 404).then_some(())
    })
    .await;
}

/// POST of a file to the import.
async fn import(host: &TestHost, bytes: Vec<u8>) -> (u16, Json) {
    let url = format!("{}/api/v1/import", host.address());
    let answer = reqwest::Client::new().post(&url).body(bytes).send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Json::Null))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_workbook_is_refused_and_an_exported_one_changes_nothing() {
    let devices = "name,driver,line,config\nboiler,vkt7,tcp:127.0.0.1:1,address=1\n";
    let host = TestHost::start_with_drivers(&[parts::driver_file("vkt7")], devices, ON_DEMAND);
    let url = format!("{}/api/v1/export.xlsx", host.address());
    let good = reqwest::get(&url).await.unwrap().bytes().await.unwrap().to_vec();
    let (status, done) = import(&host, good.clone()).await;
    assert_eq!(
        (status, &done["same"], &done["stored"]),
        (200, &json!(1), &json!(true)),
        "{done}"
    );
    let cut = good[..good.len() / 2].to_vec();
    let mut spoilt = good.clone();
    for byte in spoilt.iter_mut().skip(60).step_by(7) {
        *byte ^= 0x55;
    }
    for bad in [cut, spoilt, b"PK\x03\x04".to_vec(), vec![0xff; 100]] {
        let (status, problem) = import(&host, bad).await;
        assert_eq!((status, &problem["code"]), (422, &json!("invalid")), "{problem}");
    }
    assert_eq!(host.get("/api/v1/devices").await["items"].as_array().unwrap().len(), 1);
}
