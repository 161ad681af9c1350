//! Keys and names of what is foreign, where they are not in the path: in a query, a body, a file.

use super::*;

/// Somebody who administers the first owner's organisation, and what each owner has.
async fn administrator() -> (Town, String, Owned, Owned) {
    let town = Town::new().await;
    let (own, foreign) = (town.owned(1).await, town.owned(2).await);
    let on = GrantOn::Organisation(own.organisation);
    let token = town.signed_in("ivanov", Role::Administrator, on).await;
    (town, token, own, foreign)
}

/// Everything that is kept of places, devices and lines: what a refused request must not change.
async fn kept(town: &Town) -> String {
    let devices = town.store.kept_devices(Scope::EVERYTHING).await.unwrap();
    let sites = town.store.sites(Scope::EVERYTHING, None, 0, 100).await.unwrap();
    let lines = town.store.lines(Scope::EVERYTHING, false, None, 100).await.unwrap();
    let places = town.store.places().await.unwrap();
    let names: Vec<_> = places.nodes.iter().map(|node| &node.name).collect();
    format!("{devices:?}{sites:?}{lines:?}{names:?}{:?}", places.organisations)
}

async fn upload(town: &Town, path: &str, token: &str, file: &str) -> Told {
    let request = Request::builder()
        .method("POST")
        .uri(path)
        .header("host", "localhost")
        .header("x-uzel", "test")
        .header("cookie", format!("uzel={token}"))
        .body(Body::from(file.to_owned()))
        .unwrap();
    town.send(router(town.state.clone()), request).await
}

#[tokio::test]
async fn a_body_cannot_name_what_is_foreign() {
    let (town, token, own, foreign) = administrator().await;
    let before = kept(&town).await;
    let line = format!("/devices/{}", own.device);
    let new = |rest: Json| {
        let mut body =
            json!({ "name": "Новый", "driver": "hm1", "routes": [{ "address": "tcp:10.0.0.9:1" }], "node": own.node });
        for (key, value) in rest.as_object().unwrap() {
            body[key] = value.clone();
        }
        body
    };
    let foreign_line = json!([{ "line": foreign.line }]);
    let foreign_address = json!([{ "address": "tcp:127.0.0.1:4" }]);
    let foreign_place = json!({ "organisation": "Water", "site": "Школа 2", "node": "Подвал" });
    let new_place = json!({ "organisation": "Gas" });
    let replace = format!("{line}/replace");
    for (method, path, body) in [
        ("PATCH", line.as_str(), json!({ "node": foreign.node })),
        ("PATCH", &line, json!({ "routes": foreign_line })),
        ("PATCH", &line, json!({ "routes": foreign_address })),
        ("PATCH", &line, json!({ "place": foreign_place })),
        ("PATCH", &line, json!({ "place": new_place })),
        ("POST", "/devices", new(json!({ "node": foreign.node }))),
        ("POST", "/devices", new(json!({ "node": null, "place": foreign_place }))),
        ("POST", "/devices", new(json!({ "node": null, "place": new_place }))),
        ("POST", "/devices", new(json!({ "routes": foreign_line }))),
        ("POST", "/devices", new(json!({ "routes": foreign_address }))),
        ("POST", &replace, new(json!({ "routes": foreign_line }))),
        ("POST", &replace, new(json!({ "routes": foreign_address }))),
        ("POST", &replace, new(json!({ "node": foreign.node }))),
        ("POST", "/devices/test", new(json!({ "routes": foreign_line }))),
        ("POST", "/devices/test", new(json!({ "routes": foreign_address }))),
        ("POST", "/devices/test?device=2", new(json!({}))),
        (
            "POST",
            "/sites",
            json!({ "organisation": foreign.organisation, "name": "X", "time_zone": "UTC" }),
        ),
        ("POST", "/nodes", json!({ "site": foreign.site, "name": "X" })),
        (
            "POST",
            "/points",
            json!({ "node": foreign.node, "name": "X", "resource": "heat", "purpose": "commercial" }),
        ),
        (
            "PATCH",
            &format!("/nodes/{}", own.node),
            json!({ "site": foreign.site }),
        ),
        (
            "PATCH",
            &format!("/points/{}", own.point),
            json!({ "node": foreign.node }),
        ),
        (
            "PATCH",
            &format!("/sites/{}", own.site),
            json!({ "organisation": foreign.organisation }),
        ),
    ] {
        let told = town
            .ask(method, &format!("/api/v1{path}"), Some(&token), Some(&body))
            .await;
        assert!(told.status.is_client_error(), "{method} {path} {body}: {}", told.status);
        let text = String::from_utf8_lossy(&told.body);
        assert!(
            !text.contains("Котёл 004") && !text.contains("Школа 2\\\""),
            "{method} {path}: {text}"
        );
    }
    assert_eq!(kept(&town).await, before);
}

#[tokio::test]
async fn deeds_for_many_nodes_leave_out_those_that_are_foreign() {
    let (town, token, own, foreign) = administrator().await;
    let nodes = json!([own.node, foreign.node]);
    for (path, body) in [
        ("read-now", json!({ "nodes": nodes })),
        ("acknowledge", json!({ "nodes": nodes })),
        ("assign", json!({ "nodes": nodes, "to": "me" })),
    ] {
        let path = format!("/api/v1/attention/{path}");
        let told = town.ask("POST", &path, Some(&token), Some(&body)).await;
        let outcomes = told.json();
        assert_ne!(outcomes["items"][0]["outcome"], "not-found", "{path}: {outcomes}");
        assert_eq!(outcomes["items"][1]["outcome"], "not-found", "{path}: {outcomes}");
    }
}

#[tokio::test]
async fn queries_by_a_foreign_key_find_nothing() {
    let (town, token, own, foreign) = administrator().await;
    for (path, own, foreign) in [
        ("sessions?device=", own.device, foreign.device),
        ("sessions?line=", own.line, foreign.line),
        ("series?device=", own.device, foreign.device),
        ("series?point=", own.point, foreign.point),
        ("nodes?site=", own.site, foreign.site),
        ("devices?site=", own.site, foreign.site),
    ] {
        let found = async |id: i64| {
            let told = town
                .ask("GET", &format!("/api/v1/{path}{id}"), Some(&token), None)
                .await;
            (told.status, told.json()["items"].as_array().map_or(0, Vec::len))
        };
        let (status, count) = found(own).await;
        assert!(status == StatusCode::OK && count > 0, "{path}{own} finds one's own");
        let (status, count) = found(foreign).await;
        assert!(
            status == StatusCode::NOT_FOUND || count == 0,
            "{path}{foreign}: {status} {count}"
        );
    }
}

#[tokio::test]
async fn an_import_changes_nothing_foreign_and_says_nothing_of_it() {
    let (town, token, ..) = administrator().await;
    let before = kept(&town).await;
    let head = "name,driver,line,line_name,line_options,organisation,site,address,node,point";
    for (row, secret) in [
        ("Новый,hm1,tcp:10.0.0.9:1,,,Water,Школа 2,,Подвал,", "Лесная"),
        ("Новый,hm1,tcp:10.0.0.9:1,,,Water,Школа 2,Иная улица,Подвал,", "address"),
        ("Новый,hm1,tcp:10.0.0.9:1,,,Gas,,,,", "made"),
        (
            "Новый,hm1,tcp:127.0.0.1:4,Моя,,Heat,Школа 1,,Подвал,",
            "127.0.0.1:4 belongs to \\\"",
        ),
        ("Новый,hm1,tcp:10.0.0.9:1,127.0.0.1:4,,Heat,Школа 1,,Подвал,", "is at"),
        ("Новый,hm1,tcp:127.0.0.1:4,,echo,Heat,Школа 1,,Подвал,", "options"),
        ("Котёл 004,hm1,tcp:10.0.0.9:1,,,Heat,Школа 1,,Подвал,", "127.0.0.1:4"),
        ("Котёл 004,hm1,tcp:127.0.0.1:4,,,Water,Школа 2,,Подвал,", "Лесная"),
    ] {
        for path in ["/api/v1/import?dry-run=true", "/api/v1/import"] {
            let told = upload(&town, path, &token, &format!("{head}\n{row}\n")).await;
            let answer = told.json();
            assert_eq!(
                (&answer["stored"], &answer["faults"]),
                (&json!(false), &json!(1)),
                "{row}: {answer}"
            );
            let faults = answer["items"][0]["faults"].to_string();
            assert!(!faults.contains(secret), "{row}: {faults}");
        }
    }
    assert_eq!(kept(&town).await, before);
}

#[tokio::test]
async fn who_has_a_part_of_a_site_or_a_line_does_not_change_it_by_an_import() {
    let town = Town::new().await;
    let own = town.owned(1).await;
    // The line of device 1 leads to a device of the other owner, too.
    let mut shared = NewDevice {
        organisation: "Water".to_owned(),
        ..new_device(6)
    };
    shared.routes[0].address = LineAddress::Tcp("127.0.0.1:2".to_owned());
    shared.routes[0].settings = None;
    town.store.import(vec![shared]).await.unwrap();
    let before = kept(&town).await;
    let token = town
        .signed_in("ivanov", Role::Administrator, GrantOn::Node(own.node))
        .await;
    let head = "name,driver,line,line_name,line_options,organisation,site,address,node,point";
    for row in [
        "Новый,hm1,tcp:10.0.0.9:1,,,Heat,Школа 1,Иная улица,Подвал,",
        "Новый,hm1,tcp:127.0.0.1:2,Моя,,Heat,Школа 1,,Подвал,",
        "Новый,hm1,tcp:10.0.0.9:1,127.0.0.1:2,,Heat,Школа 1,,Подвал,",
        "Новый,hm1,tcp:127.0.0.1:2,,echo,Heat,Школа 1,,Подвал,",
    ] {
        let told = upload(&town, "/api/v1/import", &token, &format!("{head}\n{row}\n")).await;
        let answer = told.json();
        assert_eq!(answer["stored"], false, "{row}: {answer}");
    }
    assert_eq!(kept(&town).await, before);
    let fine = "Новый,hm1,tcp:10.0.0.9:1,,,Heat,Школа 1,,Подвал,";
    let told = upload(&town, "/api/v1/import", &token, &format!("{head}\n{fine}\n")).await;
    assert_eq!(told.json()["stored"], true, "{}", told.json());
}
