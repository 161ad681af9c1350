//! Making, changing, archiving and importing through the API.

use super::*;

/// Asks with a JSON body, and with a revision when there is one.
pub(super) async fn send(api: &TestApi, method: &str, path: &str, body: &Json, revision: Option<&str>) -> Answer {
    let revision = revision.map_or_else(String::new, |revision| format!("if-match: {revision}\r\n"));
    let head = format!("content-type: application/json\r\n{revision}");
    api.ask(method, &format!("/api/v1{path}"), &head, &body.to_string())
        .await
}

async fn upload(api: &TestApi, path: &str, text: &str) -> Json {
    let answer = api
        .ask("POST", &format!("/api/v1{path}"), "content-type: text/csv\r\n", text)
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// The fields of the faults of a problem.
fn fields(problem: &Json) -> Vec<&str> {
    let faults = problem["faults"].as_array().unwrap();
    faults.iter().map(|fault| fault["field"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_place_is_made_from_the_organisation_down_to_the_point() {
    let api = TestApi::start().await;
    let made = send(&api, "POST", "/organisations", &json!({ "name": "Теплосеть" }), None).await;
    assert_eq!(
        (made.status, made.header("location")),
        (201, Some("/api/v1/organisations/1"))
    );
    assert_eq!(made.header("etag"), Some("\"1\""));
    let body = json!({ "organisation": 1, "name": "", "time_zone": "Mars", "latitude": 91.0 });
    let refused = send(&api, "POST", "/sites", &body, None).await;
    assert_eq!((refused.status, &refused.json()["code"]), (422, &json!("invalid")));
    assert_eq!(fields(&refused.json()), ["name", "time_zone", "latitude"]);
    let body = json!({ "organisation": 1, "name": "Мира 15а", "time_zone": "Europe/Moscow" });
    assert_eq!(send(&api, "POST", "/sites", &body, None).await.status, 201);
    let again = send(&api, "POST", "/sites", &body, None).await;
    assert_eq!((again.status, &again.json()["code"]), (409, &json!("conflict")));
    assert_eq!(again.json()["detail"], "site \"Мира 15а\" is there already");
    let orphan = json!({ "site": 9, "name": "ИТП" });
    assert_eq!(send(&api, "POST", "/nodes", &orphan, None).await.status, 404);
    assert_eq!(
        send(&api, "POST", "/nodes", &json!({ "site": 1, "name": "ИТП" }), None)
            .await
            .status,
        201
    );
    let point = json!({ "node": 1, "name": "Отопление", "resource": "heat", "purpose": "commercial" });
    assert_eq!(send(&api, "POST", "/points", &point, None).await.status, 201);
    let changed = send(
        &api,
        "PATCH",
        "/sites/1",
        &json!({ "address": "ул. Мира" }),
        Some("\"1\""),
    )
    .await;
    assert_eq!((changed.status, changed.header("etag")), (200, Some("\"2\"")));
    assert_eq!(changed.json()["name"], "Мира 15а");
    let late = send(&api, "PATCH", "/sites/1", &json!({ "address": null }), Some("\"1\"")).await;
    assert_eq!((late.status, &late.json()["code"]), (412, &json!("changed-meanwhile")));
    let emptied = send(&api, "PATCH", "/sites/1", &json!({ "address": null }), Some("W/\"2\"")).await;
    assert_eq!(emptied.json()["address"], Json::Null);
    let moved = send(&api, "PATCH", "/points/1", &json!({ "node": 2 }), None).await;
    assert_eq!(fields(&moved.json()), ["node"]);
    let nothing = send(&api, "PATCH", "/nodes/1", &json!({ "colour": "red" }), None).await;
    assert_eq!(nothing.json()["code"], "bad-body");
    let held = send(&api, "POST", "/organisations/1/archive", &json!({}), None).await;
    assert_eq!(
        held.json()["detail"],
        "organisation \"Теплосеть\" has sites in use: \"Мира 15а\""
    );
    assert_eq!(
        send(&api, "POST", "/points/1/archive", &json!({}), None).await.status,
        204
    );
    assert_eq!(api.json("/api/v1/points").await["items"], json!([]));
    assert_eq!(api.json("/api/v1/points?archived=true").await["items"][0]["id"], 1);
    assert_eq!(
        send(&api, "POST", "/points/1/restore", &json!({}), Some("\"1\""))
            .await
            .status,
        412
    );
    let group = json!({ "name": "gsm", "schedule": "H 2 * * *: daily", "sessions": 0 });
    assert_eq!(
        fields(&send(&api, "POST", "/groups", &group, None).await.json()),
        ["sessions"]
    );
    let group = json!({ "name": "gsm", "schedule": "H 2 * * *: daily", "sessions": 2 });
    assert_eq!(send(&api, "POST", "/groups", &group, None).await.status, 201);
    let line = json!({ "name": "A", "address": "tcp:somewhere", "settings": "9600", "options": "loud" });
    let refused = send(&api, "POST", "/lines", &line, None).await.json();
    assert_eq!(fields(&refused), ["address", "settings", "options"]);
    let line = json!({ "name": "Мира 15а", "address": "tcp:10.0.0.7:4001" });
    assert_eq!(send(&api, "POST", "/lines", &line, None).await.status, 201);
    let line = json!({ "name": "Other", "address": "tcp:10.0.0.7:4001" });
    let taken = send(&api, "POST", "/lines", &line, None).await.json();
    assert_eq!(taken["detail"], "line tcp:10.0.0.7:4001 belongs to \"Мира 15а\"");
}

#[tokio::test]
async fn a_device_is_made_by_what_people_call_it_and_its_secrets_stay_inside() {
    let api = TestApi::start().await;
    let wrong = json!({ "model": "hm1", "config": { "address": "x", "speed": 1 }, "routes": [{ "address": "tcp:a" }, {}],
        "schedule": "now and then", "node": 9, "clock_policy": "often" });
    let refused = send(&api, "POST", "/devices", &wrong, None).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    assert_eq!(
        fields(&refused.json()),
        [
            "routes",
            "node",
            "name",
            "routes",
            "schedule",
            "clock_policy",
            "config",
            "config"
        ],
        "{}",
        refused.body
    );
    let body = json!({ "name": "Котёл 7", "model": "hm-1", "serial": "7", "config": { "address": 1, "password": "s3cret" },
        "place": { "organisation": "Теплосеть", "site": "Мира 15а", "node": "ИТП", "time_zone": "Asia/Omsk" },
        "routes": [{ "address": "tcp:10.0.0.7:4001", "name": "Мира 15а", "options": "echo" }] });
    let made = send(&api, "POST", "/devices", &body, None).await;
    assert_eq!(made.status, 201, "{made:?}");
    let device = made.json();
    assert_eq!(
        (&device["driver"]["id"], &device["model"]),
        (&json!("hm1"), &json!("hm1-a"))
    );
    assert_eq!(device["config"], json!({ "address": 1, "password": "••" }));
    assert_eq!(device["site"]["time_zone"], "Asia/Omsk");
    assert_eq!(device["points"][0]["resource"], "heat");
    let form = api.json("/api/v1/devices/1/form").await;
    assert_eq!(
        form["routes"],
        json!([{ "line": 1, "address": null, "name": null, "settings": null, "options": null }])
    );
    assert_eq!(form["config"]["password"], "••");
    // The whole form, given back, changes nothing; a secret that is left out stays, one that is null goes.
    let config = async || {
        let kept = api.store.kept_device(DeviceId(1)).await.unwrap().unwrap();
        kept.device.config
    };
    let tag = made.header("etag").unwrap().to_owned();
    let same = send(&api, "PATCH", "/devices/1", &form, Some(&tag)).await;
    assert_eq!(
        (same.status, same.header("etag")),
        (200, Some(tag.as_str())),
        "{same:?}"
    );
    assert_eq!(config().await["password"], "s3cret");
    let less = send(
        &api,
        "PATCH",
        "/devices/1",
        &json!({ "config": { "address": 2 }, "serial": null }),
        None,
    )
    .await;
    assert_eq!((less.status, &less.json()["serial"]), (200, &Json::Null), "{less:?}");
    assert_eq!(config().await, json!({ "address": 2, "password": "s3cret" }));
    send(
        &api,
        "PATCH",
        "/devices/1",
        &json!({ "config": { "password": null } }),
        None,
    )
    .await;
    assert_eq!(config().await, json!({}));
    let late = send(&api, "PATCH", "/devices/1", &json!({ "name": "x" }), Some(&tag)).await;
    assert_eq!(late.status, 412);
    // Over the same line, in the same place; what the site is need not be said again.
    let body = json!({ "name": "Котёл 8", "driver": "hm1", "routes": [{ "line": 1 }], "node": 1 });
    assert_eq!(send(&api, "POST", "/devices", &body, None).await.status, 201);
    let body = json!({ "name": "Котёл 9", "driver": "hm1", "routes": [{ "line": 1 }],
        "place": { "organisation": "Теплосеть", "site": "Мира 15а", "node": "Чердак" } });
    assert_eq!(send(&api, "POST", "/devices", &body, None).await.status, 201);
    let body = json!({ "name": "Котёл 7", "driver": "hm1", "routes": [{ "line": 1 }], "node": 1 });
    let taken = send(&api, "POST", "/devices", &body, None).await;
    assert_eq!(
        (taken.status, &taken.json()["faults"][0]["field"]),
        (409, &json!("name"))
    );
    let lines = api.json("/api/v1/lines/1").await;
    assert_eq!(lines["devices"].as_array().unwrap().len(), 3);
    assert_eq!(
        send(&api, "POST", "/devices/3/archive", &json!({}), None).await.status,
        204
    );
    assert_eq!(api.json("/api/v1/devices").await["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        api.json("/api/v1/devices?archived=true").await["items"][0]["name"],
        "Котёл 9"
    );
    assert_eq!(api.json("/api/v1/devices/3").await["state"], "disabled");
}

#[tokio::test]
async fn a_meter_is_replaced_by_what_is_other_about_the_new_one() {
    let api = filled().await;
    let points = api.json("/api/v1/points/1").await["series"].as_array().unwrap().len();
    assert!(points > 0);
    let body = json!({ "at": ago(2).to_string(), "device": { "serial": "456" } });
    let done = send(&api, "POST", "/devices/1/replace", &body, None).await;
    assert_eq!(
        (done.status, done.header("location")),
        (201, Some("/api/v1/devices/6")),
        "{done:?}"
    );
    let done = done.json();
    assert_eq!(
        (&done["device"]["name"], &done["device"]["serial"]),
        (&json!("Котёл 001"), &json!("456"))
    );
    assert_eq!(done["device"]["points"][0]["id"], 1);
    assert!(
        done["replaced_name"].as_str().unwrap().starts_with("Котёл 001 (until "),
        "{done}"
    );
    let secret = api.store.kept_device(DeviceId(6)).await.unwrap().unwrap().device.config;
    assert_eq!(secret["password"], "secret");
    let served = api.json("/api/v1/points/1/devices").await;
    let served: Vec<_> = served["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["device"]["id"].clone())
        .collect();
    assert_eq!(served, [json!(6), json!(1)]);
    let history = api.json("/api/v1/devices/6/history").await;
    assert_eq!(history["replaced"]["device"]["id"], 1);
    assert_eq!(history["routes"][0]["from"], ago(2).to_string());
    assert_eq!(api.json("/api/v1/points/1").await["device"]["id"], 6);
    assert_eq!(
        api.json("/api/v1/points/1").await["series"].as_array().unwrap().len(),
        points
    );
    let records = api.json("/api/v1/devices/1/records?archive=hourly").await;
    assert!(
        !records["items"].as_array().unwrap().is_empty(),
        "records stay with the old one"
    );
    let late = json!({ "at": "2999-01-01T00:00:00Z", "device": {} });
    let late = send(&api, "POST", "/devices/2/replace", &late, None).await.json();
    assert_eq!(fields(&late), ["at"]);
}

#[tokio::test]
async fn what_was_exported_is_the_same_when_it_is_imported() {
    let api = filled().await;
    let body = json!({ "name": "=1+1", "model": "hm-1", "enabled": false, "clock_rule": "zone", "config": { "password": "s" },
        "points": [{ "input": 1, "name": "-T" }, { "input": 2, "name": "Котёл; \"2\"", "resource": "gas" }],
        "routes": [{ "address": "tcp:10.0.0.7:4001", "settings": "9600-8N1", "name": "@line" }, { "address": "tcp:b:1" }] });
    assert_eq!(send(&api, "POST", "/devices", &body, None).await.status, 201);
    let exported = api.get("/api/v1/export.csv").await;
    assert_eq!(exported.header("content-type"), Some("text/csv; charset=utf-8"));
    assert!(
        !exported.body.contains("secret") && exported.body.contains("••"),
        "{}",
        exported.body
    );
    assert!(
        exported.body.lines().all(|line| !line.starts_with('=')),
        "{}",
        exported.body
    );
    let verdicts = upload(&api, "/import?dry-run=true", &exported.body).await;
    assert_eq!(
        (&verdicts["rows"], &verdicts["same"]),
        (&json!(6), &json!(6)),
        "{verdicts:#}"
    );
    let stored = upload(&api, "/import", &exported.body).await;
    assert_eq!((&stored["same"], &stored["stored"]), (&json!(6), &json!(true)));
    let kept = api.store.kept_device(DeviceId(1)).await.unwrap().unwrap();
    assert_eq!(kept.device.config["password"], "secret");
}

#[tokio::test]
async fn an_import_tells_each_row_its_verdict_and_stores_all_or_nothing() {
    let api = filled().await;
    let file = "name;driver;line;site;organisation;node;schedule;config\n\
        Новый;hm1;tcp:10.0.0.1:1;;;;;\n\
        Котёл 001;hm1;tcp:127.0.0.1:1;Школа 0;Heat;Подвал;every 30m: hourly;address=1 password=••\n\
        Плохой;hm2;tcp:10.0.0.1;;;;;\n";
    let verdicts = upload(&api, "/import?dry-run=true", file).await;
    let words: Vec<_> = verdicts["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["verdict"].clone())
        .collect();
    assert_eq!(words, ["new", "change", "fault"], "{verdicts:#}");
    let differences = verdicts["items"][1]["differences"].as_array().unwrap();
    let schedule = differences
        .iter()
        .find(|difference| difference["field"] == "schedule")
        .unwrap();
    assert_eq!(schedule["after"], "every 30m: hourly");
    assert!(
        schedule["before"].as_str().unwrap().starts_with("every 60m"),
        "{schedule}"
    );
    assert!(
        differences.iter().all(|difference| difference["field"] != "config"),
        "{differences:?}"
    );
    let faults = verdicts["items"][2]["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 2, "the driver and the line: {faults:?}");
    let tried = upload(&api, "/import", file).await;
    assert_eq!((&tried["stored"], &tried["faults"]), (&json!(false), &json!(1)));
    assert_eq!(api.json("/api/v1/devices?q=Новый").await["items"], json!([]));
    let good: String = file.lines().take(3).map(|line| line.to_owned() + "\n").collect();
    let stored = upload(&api, "/import", &good).await;
    assert_eq!(
        (&stored["stored"], &stored["new"], &stored["changed"]),
        (&json!(true), &json!(1), &json!(1))
    );
    assert_eq!(
        api.json("/api/v1/devices?q=Новый").await["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let table = api.ask("POST", "/api/v1/import", "", "PK\u{3}\u{4} no workbook").await;
    assert_eq!((table.status, &table.json()["code"]), (422, &json!("invalid")));
}

#[tokio::test]
async fn a_connection_is_tried_by_what_is_known_so_far_and_only_so_many_at_once() {
    let api = TestApi::start().await;
    let refused = send(&api, "POST", "/devices/test", &json!({ "model": "hm-1" }), None).await;
    assert_eq!(fields(&refused.json()), ["routes"]);
    let body =
        json!({ "model": "hm-1", "routes": [{ "address": "tcp:127.0.0.1:1" }], "config": { "password": "s3cret" } });
    for number in 1..=crate::limits::TRIALS {
        let begun = send(&api, "POST", "/devices/test", &body, None).await;
        assert_eq!((begun.status, &begun.json()["id"]), (202, &json!(number)));
    }
    let many = send(&api, "POST", "/devices/test", &body, None).await;
    assert_eq!((many.status, &many.json()["code"]), (503, &json!("busy")));
    let test = api.json("/api/v1/devices/tests/1").await;
    assert_eq!((&test["state"], &test["outcome"]), (&json!("waiting"), &Json::Null));
    assert!(!test.to_string().contains("s3cret"));
    assert_eq!(api.ask("DELETE", "/api/v1/devices/tests/1", "", "").await.status, 202);
    assert_eq!(api.get("/api/v1/devices/tests/99").await.status, 404);
    assert_eq!(
        api.json("/api/v1/devices").await["items"],
        json!([]),
        "nothing is stored"
    );
}
