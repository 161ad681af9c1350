//! What makes each route of the model change something.

use super::audit::Sample;
use super::*;

/// In an order in which each finds what it needs: places from the organisation down, then back.
pub(super) async fn model_samples(town: &Town, own: &Owned) -> Vec<Sample> {
    let points = town.store.points(Scope::EVERYTHING, None, 0, 100).await.unwrap();
    let point = points.iter().map(|point| point.id).max().unwrap() + 1;
    let route = |address: &str| json!([{ "address": address }]);
    let device = json!({ "name": "New", "model": "hm-1", "serial": "7", "config": { "address": 1, "password": "s3cret" },
        "place": { "organisation": "Third", "site": "S", "node": "N", "time_zone": "Asia/Omsk" },
        "routes": route("tcp:10.0.0.9:4001") });
    let trial = json!({ "model": "hm-1", "routes": route("tcp:127.0.0.1:1"), "config": {} });
    let sheet = "name,driver,line,organisation,config\nListed,hm1,tcp:10.0.0.8:4001,Third,address=2\n";
    let mut samples = vec![
        sample("POST", "/organisations", "", json!({ "name": "Third" })),
        sample("PATCH", "/organisations/{id}", "3", json!({ "name": "3rd" })),
        sample("PATCH", "/organisations/{id}", "3", json!({ "name": "Third" })),
        sample(
            "POST",
            "/sites",
            "",
            json!({ "organisation": 3, "name": "S", "time_zone": "Asia/Omsk" }),
        ),
        sample("PATCH", "/sites/{id}", "3", json!({ "address": "Lenina 1" })),
        sample("POST", "/nodes", "", json!({ "site": 3, "name": "Spare" })),
        sample("PATCH", "/nodes/{id}", "3", json!({ "name": "Room" })),
        sample(
            "POST",
            "/points",
            "",
            json!({ "node": 3, "name": "P", "resource": "heat", "purpose": "commercial" }),
        ),
        sample("PATCH", "/points/{id}", &point.to_string(), json!({ "name": "Q" })),
    ];
    let objects = [("points", point), ("nodes", 3), ("sites", 3), ("organisations", 3)];
    let back = objects.iter().rev().map(|object| (object, "restore"));
    for ((kind, id), deed) in objects.iter().map(|object| (object, "archive")).chain(back) {
        samples.push(("POST", template(kind, deed), format!("/{kind}/{id}/{deed}"), Json::Null));
    }
    samples.extend([
        sample(
            "POST",
            "/groups",
            "",
            json!({ "name": "gsm", "schedule": "H 2 * * *: daily", "sessions": 2 }),
        ),
        sample("PATCH", "/groups/{id}", "1", json!({ "sessions": 3 })),
        sample("POST", "/groups/{id}/archive", "1", Json::Null),
        sample("POST", "/groups/{id}/restore", "1", Json::Null),
        sample(
            "POST",
            "/lines",
            "",
            json!({ "name": "L", "address": "tcp:10.0.0.7:4001" }),
        ),
        sample("PATCH", "/lines/{id}", "5", json!({ "name": "M" })),
        sample("POST", "/lines/{id}/archive", "5", Json::Null),
        sample("POST", "/lines/{id}/restore", "5", Json::Null),
        sample("POST", "/devices", "", device),
        sample("PATCH", "/devices/{id}", "3", json!({ "serial": "8" })),
        sample(
            "POST",
            "/devices/{id}/replace",
            "3",
            json!({ "device": { "serial": "9" } }),
        ),
        sample("POST", "/devices/{id}/archive", "4", Json::Null),
        sample("POST", "/devices/{id}/restore", "4", Json::Null),
        sample("POST", "/devices/test", "", trial),
        sample("DELETE", "/devices/tests/{id}", "1", Json::Null),
        sample("POST", "/import", "", json!(sheet)),
        sample("POST", "/system/backup", "", Json::Null),
        sample("POST", "/attention/acknowledge", "", json!({ "nodes": [own.node] })),
        sample(
            "POST",
            "/attention/assign",
            "",
            json!({ "nodes": [own.node], "to": "Petrov" }),
        ),
        sample("POST", "/attention/read-now", "", json!({ "nodes": [own.node] })),
    ]);
    samples
}

fn sample(method: &'static str, template: &'static str, id: &str, body: Json) -> Sample {
    (method, template, template.replace("{id}", id), body)
}

fn template(kind: &str, deed: &str) -> &'static str {
    match (kind, deed) {
        ("points", "archive") => "/points/{id}/archive",
        ("points", _) => "/points/{id}/restore",
        ("nodes", "archive") => "/nodes/{id}/archive",
        ("nodes", _) => "/nodes/{id}/restore",
        ("sites", "archive") => "/sites/{id}/archive",
        ("sites", _) => "/sites/{id}/restore",
        (_, "archive") => "/organisations/{id}/archive",
        _ => "/organisations/{id}/restore",
    }
}
