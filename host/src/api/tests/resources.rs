//! What each route answers.

use super::*;

#[tokio::test]
async fn a_device_shows_what_is_known_of_it() {
    let api = filled().await;
    api.board.set_due(DeviceId(1), Some(ago(0)));
    let device = api.json("/api/v1/devices/1").await;
    assert_eq!(device["name"], "Котёл 001");
    assert_eq!(device["state"], "abnormal");
    assert_eq!(device["model_name"], "HM-1");
    assert_eq!(device["config"], json!({ "address": 1, "password": "••" }));
    assert_eq!(device["driver"]["version"], "1.0.0");
    assert_eq!(device["site"]["time_zone"], "Europe/Moscow");
    assert_eq!(device["points"][0]["resource"], "heat");
    assert_eq!(device["routes"][0]["line"]["kind"], "tcp");
    assert_eq!(device["routes"][0]["settings"], "9600-8N2");
    assert_eq!(device["clock"]["offset_s"], -12.5);
    assert_eq!(device["archives"][0]["kind"], "hourly");
    assert_eq!(device["archives"][0]["depth"], 48);
    assert_eq!(device["archives"][0]["records"], 19);
    assert_eq!(device["archives"][0]["conditions_24h"], 19);
    assert_eq!(device["last_session"]["outcome"], "complete");
    assert_eq!(device["last_good_at"], ago(0).to_string());
    assert_eq!(device["next_poll_at"], ago(0).to_string());
    assert_eq!(api.json("/api/v1/devices/2").await["state"], "new");
}

#[tokio::test]
async fn devices_are_found_in_any_case_of_letters() {
    let api = filled().await;
    for (query, want) in [
        ("q=%D0%9A%D0%9E%D0%A2%D0%81%D0%9B%20003", 1),
        ("q=0045", 0),
        ("q=004", 1),
        ("q=%D0%9B%D0%B5%D1%81", 5),
        ("site=1", 1),
        ("site=2", 2),
    ] {
        let found = api.json(&format!("/api/v1/devices?{query}")).await;
        assert_eq!(found["items"].as_array().unwrap().len(), want, "{query}");
    }
}

#[tokio::test]
async fn an_archive_is_a_table_with_marks_conditions_and_gaps() {
    let api = filled().await;
    let page = api.json("/api/v1/devices/1/records?archive=hourly&order=desc").await;
    let ids: Vec<&str> = page["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["t1", "t2", "s"]);
    assert_eq!(page["columns"][0]["decimals"], 2);
    let first = &page["items"][0];
    assert_eq!(first["start"], ago(1).to_string());
    assert_eq!(first["values"], json!([42.01, null, "0x1f"]));
    assert_eq!(
        first["marks"],
        json!([{ "column": 1, "quality": "absent", "code": "50" }])
    );
    assert_eq!(first["conditions"][0]["title"]["en"], "low flow");
    assert_eq!(first["conditions"][0]["column"], 1);
    assert_eq!(first["label"], "2026-11-20T14:00:00");
    let gaps = page["gaps"].as_array().unwrap();
    assert_eq!(
        gaps.len(),
        2,
        "what the ring should hold before, and one hour: {gaps:?}"
    );
    assert_eq!(gaps[1]["intervals"], 1);
    assert_eq!(gaps[1]["start"], ago(5).to_string());
    assert_eq!(gaps[1]["reason"], "not-read");
}

#[tokio::test]
async fn a_period_includes_its_start_and_not_its_end() {
    let api = filled().await;
    let (from, to) = (ago(10), ago(7));
    let page = api
        .json(&format!("/api/v1/devices/1/records?archive=hourly&from={from}&to={to}"))
        .await;
    let starts: Vec<&str> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["start"].as_str().unwrap())
        .collect();
    assert_eq!(starts, [ago(10), ago(9), ago(8)].map(|at| at.to_string()));
    assert_eq!(page["gaps"], json!([]));
}

#[tokio::test]
async fn every_version_of_a_record_is_told() {
    let api = filled().await;
    let page = api.json("/api/v1/devices/1/records?archive=hourly&limit=1").await;
    let record = &page["items"][0];
    assert_eq!((&record["version"], &record["versions"]), (&json!(2), &json!(2)));
    let key = &record["record"];
    let versions = api.json(&format!("/api/v1/records/{key}/versions")).await;
    let first: Vec<&Json> = versions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| &v["values"][0])
        .collect();
    assert_eq!(first, [&json!(42.2), &json!(0.01)]);
}

#[tokio::test]
async fn pages_walk_through_everything_once() {
    let api = filled().await;
    for (path, key, want) in [
        ("/api/v1/devices", "id", 5),
        ("/api/v1/sites", "id", 3),
        ("/api/v1/points", "id", 3),
        ("/api/v1/series", "series", 3),
        ("/api/v1/sessions", "id", 7),
        ("/api/v1/devices/1/events", "code", 7),
        ("/api/v1/devices/1/records?archive=hourly", "start", 19),
        ("/api/v1/devices/1/records?archive=hourly&order=desc", "start", 19),
        ("/api/v1/series/1/values?archive=hourly", "start", 19),
    ] {
        for limit in [1, 2, 7, 100] {
            let items = api.walk(path, limit).await;
            let mut keys: Vec<String> = items.iter().map(|item| item[key].to_string()).collect();
            assert_eq!(keys.len(), want, "{path} by {limit}");
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), want, "{path} by {limit} has repeats");
        }
    }
}

#[tokio::test]
async fn points_and_series_lead_to_values() {
    let api = filled().await;
    let point = api.json("/api/v1/points/1").await;
    assert_eq!(point["device"]["name"], "Котёл 001");
    assert_eq!(point["series"][0]["archives"], json!(["hourly"]));
    assert_eq!(point["series"][0]["device"], 1);
    let columns = api.json("/api/v1/devices/1/columns?archive=hourly").await;
    assert_eq!(columns["items"][2]["id"], "s");
    let values = api.json("/api/v1/series/2/values?archive=hourly&limit=1").await;
    assert_eq!(values["items"][0]["quality"], "absent");
    assert_eq!(values["items"][0]["value"], Json::Null);
    let of_other = api.json("/api/v1/series?device=2").await;
    assert_eq!(of_other["items"], json!([]));
}

#[tokio::test]
async fn a_session_tells_who_answered_and_every_byte() {
    let api = filled().await;
    let session = api.json("/api/v1/sessions/1").await;
    assert_eq!(session["identity"]["details"], json!([["scheme", "2"]]));
    assert_eq!(session["clock"]["shown"], "2026-11-20T14:07:00");
    assert_eq!(session["phases"][0]["ended_ms"], 7);
    assert_eq!(session["faults"][0], "row 3: 2026-02-30 is no date");
    let trace = api.json("/api/v1/sessions/1/trace").await;
    assert_eq!(trace["complete"], true);
    assert_eq!(
        trace["entries"][0],
        json!({ "at_ms": 0, "kind": "sent", "hex": "fe 01", "text": null })
    );
    assert_eq!(trace["entries"][2]["text"], "understood");
    let text = api.get("/api/v1/sessions/1/trace.txt").await;
    assert!(text.header("content-disposition").unwrap().contains("session-1.txt"));
    let lines: Vec<&str> = text.body.lines().skip(1).collect();
    let want = [
        "> fe 01",
        "# 5 ms",
        "~ timeout",
        "# 9 ms note understood",
        "# 12 ms",
        "< 02",
    ];
    assert_eq!(lines, want);
    assert_eq!(api.json("/api/v1/sessions/2/trace").await["complete"], false);
    let complete = api.json("/api/v1/sessions?outcome=complete&device=1&line=1").await;
    assert_eq!(complete["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn journal_settings_drivers_vocabulary_and_health_are_told() {
    let api = filled().await;
    let settings = api.json("/api/v1/devices/1/settings").await;
    assert_eq!(settings["items"][0]["value"], 0.25);
    assert_eq!(settings["read_at"], ago(1).to_string());
    assert_eq!(api.json("/api/v1/devices/2/settings").await["read_at"], Json::Null);
    let drivers = api.json("/api/v1/drivers").await;
    assert_eq!(drivers["items"][0]["sessions"], 1, "the other sessions run");
    assert_eq!(drivers["items"][0]["config"][0]["secret"], true);
    assert!(api.json("/api/v1/vocabulary").await["quantities"]["mass"].is_object());
    let health = api.json("/api/v1/health").await;
    assert_eq!((&health["status"], &health["storage"]), (&json!("ok"), &json!("ok")));
}

#[tokio::test]
async fn commands_reach_the_collector() {
    let api = filled().await;
    let read = api
        .post("/api/v1/devices/1/read-now", &json!({ "what": ["hourly", "clock"] }))
        .await;
    assert_eq!((read.status, read.json()), (202, json!({ "job": 17 })));
    let again = api.post("/api/v1/devices/2/read-now", &json!({ "what": [] })).await;
    assert_eq!((again.status, &again.json()["code"]), (409, &json!("already-reading")));
    assert_eq!(api.ask("DELETE", "/api/v1/sessions/1", "", "").await.status, 202);
    assert_eq!(api.ask("DELETE", "/api/v1/sessions/2", "", "").await.status, 404);
}

#[tokio::test]
async fn the_document_names_every_route_and_is_served() {
    let api = TestApi::start().await;
    let document = api.json("/api/v1/openapi.json").await;
    assert_eq!(document, serde_json::to_value(super::super::openapi()).unwrap());
    for path in [
        "/health",
        "/sites",
        "/devices",
        "/devices/{id}",
        "/devices/{id}/read-now",
        "/devices/{id}/columns",
        "/devices/{id}/records",
        "/records/{id}/versions",
        "/points",
        "/points/{id}",
        "/points/{id}/archive",
        "/points/{id}/archive.csv",
        "/points/{id}/archive.xlsx",
        "/points/{id}/totals",
        "/series",
        "/series/{id}/values",
        "/devices/{id}/events",
        "/devices/{id}/settings",
        "/devices/{id}/settings/changes",
        "/sessions",
        "/sessions.csv",
        "/lines",
        "/lines/{id}",
        "/lines/{id}/health",
        "/devices/{id}/health",
        "/sessions/{id}",
        "/sessions/{id}/trace",
        "/sessions/{id}/trace.txt",
        "/sessions/{id}/replay",
        "/drivers",
        "/vocabulary",
        "/lines/work",
        "/lines/health",
        "/modems",
        "/tunnels",
        "/system",
        "/system/config",
        "/system/metrics",
        "/system/backup",
        "/system/backups",
        "/system/backups/{file}",
        "/live",
    ] {
        assert!(document["paths"][format!("/api/v1{path}")].is_object(), "{path}");
    }
    let outcome = &document["components"]["schemas"]["Outcome"]["enum"];
    assert_eq!(outcome.as_array().unwrap().len(), Outcome::ALL.len());
}

#[test]
fn the_document_is_whole_in_itself() {
    let document = serde_json::to_value(super::super::openapi()).unwrap();
    let (mut references, mut operations) = (Vec::new(), Vec::new());
    gather(&document, "$ref", &mut references);
    gather(&document["paths"], "operationId", &mut operations);
    assert!(references.len() > 50 && operations.len() > 20);
    for reference in &references {
        assert!(
            document.pointer(reference.trim_start_matches('#')).is_some(),
            "{reference}"
        );
    }
    operations.sort();
    let count = operations.len();
    operations.dedup();
    assert_eq!(operations.len(), count, "{operations:?}");
}

#[test]
fn answers_have_all_their_fields() {
    let document = serde_json::to_value(super::super::openapi()).unwrap();
    let required = |pointer: &str| document.pointer(pointer).unwrap().as_array().unwrap().clone();
    assert!(required("/components/schemas/Device/required").contains(&json!("last_session")));
    assert!(required("/components/schemas/Session/allOf/1/required").contains(&json!("identity")));
    assert!(required("/components/schemas/Page_Device/properties/items/items/required").contains(&json!("serial")));
    assert_eq!(document.pointer("/components/schemas/ReadNow/required"), None);
}

/// Every text under `key`, however deep.
fn gather(value: &Json, key: &str, found: &mut Vec<String>) {
    match value {
        Json::Object(fields) => {
            found.extend(fields.get(key).and_then(Json::as_str).map(str::to_owned));
            fields.values().for_each(|value| gather(value, key, found));
        }
        Json::Array(items) => items.iter().for_each(|value| gather(value, key, found)),
        _ => {}
    }
}
