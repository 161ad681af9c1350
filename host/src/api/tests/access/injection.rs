//! Texts that would be more than texts for a database, a template, a spreadsheet or a page.

use super::*;
use crate::roster::COLUMNS;

/// What is typed by somebody who hopes that it is not taken for text.
const HOSTILE: [&str; 12] = [
    "' or 1=1--",
    "\"; drop table device;--",
    "%",
    "_",
    "\\",
    "\u{0}",
    "\u{ffff}",
    "* OR NEAR(",
    "{\"$ne\":null}",
    "${7*7}{{7*7}}",
    "<script>alert(1)</script>",
    "../../../etc/passwd",
];

/// Every query of the document: path, and what may be asked.
fn queries() -> Vec<(String, Vec<String>)> {
    let document = serde_json::to_value(super::super::super::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let query = |(path, item): (&String, &Json)| {
        let all = item["get"]["parameters"].as_array()?;
        let names = all.iter().filter(|one| one["in"] == "query");
        let names: Vec<String> = names.map(|one| one["name"].as_str().unwrap().to_owned()).collect();
        (!names.is_empty()).then(|| (path.clone(), names))
    };
    paths.iter().filter_map(query).collect()
}

#[tokio::test]
async fn whatever_is_typed_into_a_query_is_text() {
    let town = Town::new().await;
    let token = town.signed_in("ivanov", Role::Administrator, GrantOn::Everything).await;
    let routes = router(town.state.clone());
    let mut tried = 0;
    for (path, names) in queries().iter().filter(|(path, _)| !path.ends_with("/live")) {
        let path = path.replace("{id}", "1").replace("{digest}", DIGESTS[0]);
        for name in names {
            for text in HOSTILE {
                let asked = format!("{path}?{name}={}", escaped(text));
                let told = town.request(routes.clone(), "GET", &asked, Some(&token), None).await;
                let is_refused = told.status.is_client_error() && told.json()["code"].is_string();
                let is_answered = told.status == StatusCode::OK;
                assert!(is_answered || is_refused, "{path}?{name}={text}: {}", told.status);
                let text = String::from_utf8_lossy(&told.body).to_lowercase();
                assert!(
                    !text.contains("sqlite") && !text.contains("syntax error"),
                    "{path}?{name}: {text}"
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 500, "{tried}");
    assert_eq!(town.store.kept_devices(Scope::EVERYTHING).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_search_for_a_sign_finds_what_has_it_and_nothing_else() {
    let town = Town::new().await;
    let token = town.signed_in("ivanov", Role::Administrator, GrantOn::Everything).await;
    let found = async |path: &str, text: &str| {
        let path = format!("/api/v1/{path}{}", escaped(text));
        let told = town.ask("GET", &path, Some(&token), None).await.json();
        told["items"].as_array().map_or(0, Vec::len)
    };
    for path in ["devices?q=", "search?q="] {
        assert!(found(path, "Котёл").await > 0, "{path}");
        for text in ["%", "К_тёл", "Котёл%", "' or ''='", "Котёл\" OR \"x", "*"] {
            assert_eq!(found(path, text).await, 0, "{path}{text}");
        }
    }
}

#[tokio::test]
async fn every_column_of_an_import_takes_whatever_is_typed_for_text() {
    let town = Town::new().await;
    let token = town.signed_in("ivanov", Role::Administrator, GrantOn::Everything).await;
    let before = town.store.kept_devices(Scope::EVERYTHING).await.unwrap();
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    for column in COLUMNS {
        let usual = [("name", "Новый"), ("driver", "hm1"), ("line", "tcp:10.0.0.9:1")];
        let usual = usual.iter().filter(|(key, _)| key != column);
        let (mut head, cells): (Vec<&str>, Vec<&str>) = usual.copied().unzip();
        head.push(column);
        let mut file = head.join(",");
        let texts = [&HOSTILE[..], &["=cmd|'/c calc'!A0", "'; delete from account;--"]].concat();
        for text in &texts {
            let row: Vec<String> = cells.iter().chain([text]).map(|cell| quoted(cell)).collect();
            file = format!("{file}\n{}", row.join(","));
        }
        let request = Request::builder()
            .method("POST")
            .uri("/api/v1/import?dry-run=true")
            .header("host", "localhost")
            .header("x-uzel", "test")
            .header("cookie", format!("uzel={token}"))
            .body(Body::from(file))
            .unwrap();
        let told = town.send(router(town.state.clone()), request).await;
        assert_eq!(told.status, StatusCode::OK, "{column}");
        assert_eq!(told.json()["rows"], texts.len(), "{column}");
    }
    assert_eq!(town.store.kept_devices(Scope::EVERYTHING).await.unwrap(), before);
}

#[tokio::test]
async fn names_that_are_formulas_or_scripts_are_text_wherever_they_are_shown() {
    let town = Town::new().await;
    let token = town.signed_in("ivanov", Role::Administrator, GrantOn::Everything).await;
    let own = town.owned(1).await;
    let names = ["=HYPERLINK(\"http://evil\")", "@SUM(1)", "<img src=x onerror=alert(1)>"];
    for (kind, id, name) in [
        ("nodes", own.node, names[0]),
        ("points", own.point, names[1]),
        ("sites", own.site, names[2]),
    ] {
        let path = format!("/api/v1/{kind}/{id}");
        let told = town
            .ask("PATCH", &path, Some(&token), Some(&json!({ "name": name })))
            .await;
        assert_eq!(told.status, StatusCode::OK, "{}", told.json());
        assert_eq!(told.json()["name"], *name);
        assert_eq!(told.headers["content-type"], "application/json");
        assert_eq!(told.headers["x-content-type-options"], "nosniff");
    }
    let point = format!("/api/v1/points/{}/archive", own.point);
    let from = ago(48);
    for path in [
        "/api/v1/export.csv".to_owned(),
        "/api/v1/sessions.csv".to_owned(),
        format!("{point}.csv?kind=hourly&from={from}&to={}", ago(0)),
    ] {
        let told = town.ask("GET", &path, Some(&token), None).await;
        assert_eq!(told.status, StatusCode::OK, "{path}: {}", told.json());
        let text = String::from_utf8(told.body.clone()).unwrap();
        let mut rows = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(if text.lines().next().is_some_and(|line| line.contains(';')) {
                b';'
            } else {
                b','
            })
            .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        for cell in rows
            .records()
            .flat_map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
        {
            let is_number = cell.replace(',', ".").parse::<f64>().is_ok();
            assert!(
                is_number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
                "{path}: {cell}"
            );
        }
        let kind = told.headers["content-type"].to_str().unwrap();
        assert!(kind.starts_with("text/csv"), "{path}: {kind}");
        let kept = told.headers["content-disposition"].to_str().unwrap();
        assert!(kept.starts_with("attachment;") && !kept.contains('<'), "{path}: {kept}");
    }
}

#[tokio::test]
async fn a_json_that_is_deep_or_strange_is_refused_and_stops_nobody() {
    let town = Town::new().await;
    let token = town.signed_in("ivanov", Role::Administrator, GrantOn::Everything).await;
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(200_000), close.repeat(200_000));
    for body in [
        deep("[", "]"),
        deep("{\"config\":", "}"),
        format!("{{\"name\":\"x\",\"config\":{}}}", deep("[", "]")),
        "{\"name\":1e999999}".to_owned(),
        "{\"name\":\"a\",\"name\":\"b\"}".to_owned(),
        "\u{feff}{}".to_owned(),
        "{\"__proto__\":{\"name\":\"x\"}}".to_owned(),
    ] {
        let request = Request::builder()
            .method("POST")
            .uri("/api/v1/devices")
            .header("host", "localhost")
            .header("x-uzel", "test")
            .header("content-type", "application/json")
            .header("cookie", format!("uzel={token}"))
            .body(Body::from(body.clone()))
            .unwrap();
        let told = town.send(router(town.state.clone()), request).await;
        assert!(told.status.is_client_error(), "{body:.60}: {}", told.status);
    }
}
