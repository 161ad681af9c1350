//! What people meet when a form of theirs is refused: one list, in which the web client finds words for all of it.

use super::keep::send;
use super::*;
use crate::driver::check_config;

fn reasons(of: &Json) -> Vec<String> {
    let faults = of["faults"].as_array().into_iter().flatten();
    faults
        .map(|fault| fault["reason"].as_str().unwrap().to_owned())
        .collect()
}

/// Reasons of the faults of a problem, or its detail where it has none.
fn told(problem: &Json) -> Vec<String> {
    let reasons = reasons(problem);
    let detail = || vec![problem["detail"].as_str().unwrap().to_owned()];
    if reasons.is_empty() { detail() } else { reasons }
}

fn of_places() -> Vec<(&'static str, &'static str, Json)> {
    let (long, control) = ("я".repeat(2_000), "bell\u{7}");
    vec![
        ("POST", "/organisations", json!({ "name": long })),
        ("POST", "/organisations", json!({ "name": control })),
        ("POST", "/organisations", json!({ "name": "Heat" })),
        (
            "POST",
            "/sites",
            json!({ "organisation": 1, "name": " ", "time_zone": "Mars", "latitude": 91.5, "longitude": -181.0 }),
        ),
        (
            "POST",
            "/points",
            json!({ "node": 1, "name": "P", "resource": "air", "purpose": "fun" }),
        ),
        ("PATCH", "/points/1", json!({ "node": 2 })),
        ("POST", "/organisations/1/archive", Json::Null),
        ("POST", "/sites/1/archive", Json::Null),
    ]
}

fn of_groups_and_lines() -> Vec<(&'static str, &'static str, Json)> {
    let schedules = [
        "now and then",
        "",
        "every 0m: hourly",
        "every soon: hourly",
        "every 60m: hourly; every 60m: daily",
        "every 60m:",
        "every 60m: weekly",
        "every 60m: hourly within 3d",
        "every 60m: hourly within reason",
        "2 * *: daily",
        "H 25 * * *: daily",
    ];
    let policies = [
        "often",
        "beyond 30s within 10y",
        "beyond 0s within 10m",
        "beyond 10m within 30s",
        "beyond 30s within 10m every 1s",
    ];
    let group = |schedule: &str, policy: &str| {
        (
            "POST",
            "/groups",
            json!({ "name": "g", "schedule": schedule, "clock_policy": policy }),
        )
    };
    let mut all: Vec<_> = schedules.iter().map(|schedule| group(schedule, "off")).collect();
    all.extend(policies.iter().map(|policy| group("every 60m: hourly", policy)));
    all.extend([
        (
            "POST",
            "/groups",
            json!({ "name": "g", "schedule": "every 60m: hourly", "sessions": 0 }),
        ),
        (
            "POST",
            "/lines",
            json!({ "name": "L", "address": "tcp:somewhere", "settings": "9600", "options": "loud" }),
        ),
        ("POST", "/lines", json!({ "name": "L", "address": "tcp:127.0.0.1:0" })),
    ]);
    all
}

fn of_devices() -> Vec<(&'static str, &'static str, Json)> {
    let route = json!([{ "address": "tcp:10.0.0.9:4001" }]);
    vec![
        ("POST", "/devices", json!({})),
        (
            "POST",
            "/devices",
            json!({ "name": "D", "model": "unheard of", "routes": route }),
        ),
        (
            "POST",
            "/devices",
            json!({ "name": "D", "driver": "unheard-of", "routes": route }),
        ),
        (
            "POST",
            "/devices",
            json!({ "name": "D", "driver": "hm1", "routes": [{ "line": 99 }, {}], "node": 99,
                "config": { "speed": 1, "address": "x", "password": 5 } }),
        ),
        (
            "POST",
            "/devices",
            json!({ "name": "D", "driver": "hm1", "routes": route, "node": 1, "place": { "site": "S" }, "config": "address=1" }),
        ),
        (
            "POST",
            "/devices",
            json!({ "name": "D", "driver": "hm1", "routes": route, "clock_rule": "moon", "group": "nobody's",
                "points": [{ "input": 1, "name": "a" }, { "input": 1, "name": "b" }], "place": { "time_zone": "Mars" } }),
        ),
        (
            "POST",
            "/devices",
            json!({ "name": "D", "driver": "hm1", "routes": route, "group": "nobody's", "node": 1 }),
        ),
        (
            "POST",
            "/devices",
            json!({ "name": "Котёл 000", "driver": "hm1", "routes": route, "node": 1 }),
        ),
    ]
}

fn sheets() -> [&'static str; 9] {
    [
        "",
        "name,nmae\n",
        "name,name\n",
        "name,driver,line,latitude,enabled\nA,hm1,tcp:10.0.0.1:1,north,perhaps\n",
        "name,driver,line,settings\nA,hm1,tcp:10.0.0.1:1,9600-8N1 | 9600-8N1\n",
        "name,driver,line,point\nA,hm1,tcp:10.0.0.1:1,[1\n",
        "name,driver,line,schedule,tasks\nA,hm1,tcp:10.0.0.1:1,every 60m: hourly,hourly\n\
         B,hm1,tcp:10.0.0.2:1,,weekly\nC,hm1,tcp:10.0.0.3:1,,hourly\n",
        "name,driver,line,every_minutes,config\nA,hm1,tcp:10.0.0.1:1,soon,address\nB,hm1,tcp:10.0.0.2:1,0,address=1\n",
        "name,driver,line,organisation,site,zone,line_name\nA,hm1,tcp:10.0.0.1:1,Heat,School,Europe/Moscow,L\n\
         A,hm1,tcp:10.0.0.2:1,Heat,School,Asia/Omsk,L\nB,hm1,tcp:127.0.0.1:0,Heat,Школа 0,Asia/Omsk,M\n",
    ]
}

/// What a driver's description allows of a value.
fn of_configurations() -> Vec<String> {
    let title = json!({ "ru": "к", "en": "k" });
    let mut described = serde_json::to_value(describe()).unwrap();
    described["config"] = json!([
        { "key": "number", "type": "integer", "min": 1, "max": 9, "title": title },
        { "key": "least", "type": "integer", "min": 1, "title": title },
        { "key": "list", "type": "integers", "min": 1, "max": 9, "title": title },
        { "key": "flag", "type": "boolean", "title": title },
        { "key": "word", "type": "string", "choices": ["a", "b"], "title": title },
        { "key": "code", "type": "string", "min": 4, "max": 8, "title": title },
        { "key": "needed", "type": "string", "required": true, "title": title },
    ]);
    let described = serde_json::from_value(described).unwrap();
    let wrong = json!({ "number": 10, "least": 0, "list": [10], "flag": 1, "word": "c", "code": "abc" });
    check_config(&described, &wrong).unwrap_err().faults
}

#[tokio::test]
async fn what_forms_are_refused_with_is_known_to_the_client() {
    let api = TestApi::start().await;
    api.store.import(vec![new_device(0), new_device(2)]).await.unwrap();
    let mut all = of_configurations();
    for (method, path, body) in of_places().into_iter().chain(of_groups_and_lines()).chain(of_devices()) {
        let answer = send(&api, method, path, &body, None).await;
        assert!(
            (400..500).contains(&answer.status),
            "{method} {path} {body}: {answer:?}"
        );
        all.extend(told(&answer.json()));
    }
    for sheet in sheets() {
        let answer = api
            .ask("POST", "/api/v1/import", "content-type: text/csv\r\n", sheet)
            .await;
        match answer.json()["items"].as_array() {
            Some(rows) => all.extend(rows.iter().flat_map(reasons)),
            None => all.extend(told(&answer.json())),
        }
    }
    all.sort();
    all.dedup();
    insta::assert_snapshot!(all.join("\n"));
}
