//! What is answered to requests that cannot be served.

use super::*;

#[tokio::test]
async fn what_cannot_be_answered_is_a_problem_with_a_code() {
    let api = filled().await;
    for (path, status, code) in [
        ("/api/v1/devices/99", 404, "not-found"),
        ("/api/v1/devices/x", 404, "not-found"),
        ("/api/v1/devices?limit=0", 400, "bad-query"),
        ("/api/v1/devices?limit=-1", 400, "bad-query"),
        ("/api/v1/devices?colour=red", 400, "bad-query"),
        ("/api/v1/sites?after=x", 400, "bad-query"),
        ("/api/v1/devices/1/records", 400, "bad-query"),
        ("/api/v1/devices/1/records?archive=weekly", 400, "bad-query"),
        (
            "/api/v1/devices/1/records?archive=hourly&from=yesterday",
            400,
            "bad-query",
        ),
        (
            "/api/v1/devices/1/records?archive=hourly&from=2026-02-30T00:00:00Z",
            400,
            "bad-query",
        ),
        (
            "/api/v1/devices/1/records?archive=hourly&after=9999999999999999999",
            400,
            "bad-query",
        ),
        ("/api/v1/devices/1/records?archive=hourly&order=up", 400, "bad-query"),
        ("/api/v1/devices/99/records?archive=hourly", 404, "not-found"),
        ("/api/v1/devices/99/columns?archive=hourly", 404, "not-found"),
        ("/api/v1/devices/99/events", 404, "not-found"),
        ("/api/v1/devices/1/events?after=1", 400, "bad-query"),
        ("/api/v1/devices/99/settings", 404, "not-found"),
        ("/api/v1/records/999/versions", 404, "not-found"),
        ("/api/v1/points/99", 404, "not-found"),
        ("/api/v1/series/99/values?archive=hourly", 404, "not-found"),
        ("/api/v1/sessions?outcome=well", 400, "bad-query"),
        ("/api/v1/sessions/99", 404, "not-found"),
        ("/api/v1/sessions/99/trace", 404, "not-found"),
        ("/api/v1/sessions/99/trace.txt", 404, "not-found"),
        ("/api/v1/nothing", 404, "not-found"),
        ("/metrics", 404, "not-found"),
    ] {
        let answer = api.get(path).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{path}"
        );
        let problem = answer.json();
        assert_eq!(problem["code"], code, "{path}");
        assert_eq!(problem["status"], status, "{path}");
        assert_eq!(problem["request_id"].as_str(), answer.header("x-request-id"), "{path}");
    }
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused() {
    let api = filled().await;
    let path = "/api/v1/devices/1/read-now";
    for body in [
        json!([]),
        json!({ "what": ["everything"] }),
        json!({ "what": [], "colour": 1 }),
        json!({ "to": "2026-11-20T00:00:00Z" }),
        json!({ "from": "2026-11-20T00:00:00Z", "to": "2026-11-20T00:00:00Z" }),
    ] {
        let answer = api.post(path, &body).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (400, &json!("bad-body")),
            "{body}"
        );
    }
    let form = api.ask("POST", path, "content-type: text/plain\r\n", "{}").await;
    assert_eq!(
        form.status, 400,
        "a form of another site needs no permission to send text"
    );
    let unknown = api.post("/api/v1/devices/99/read-now", &json!({})).await;
    assert_eq!(unknown.status, 404);
    let huge = format!(
        "POST {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 1000000000\r\n\r\n",
        api.address
    );
    let answer = api.raw(&huge).await;
    assert_eq!((answer.status, &answer.json()["code"]), (413, &json!("too-large")));
    assert_eq!(api.ask("PUT", path, "", "").await.json()["code"], "method-not-allowed");
}

#[tokio::test]
async fn pages_of_other_sites_cannot_reach_the_api() {
    let api = TestApi::start().await;
    let rebound = "GET /api/v1/health HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n";
    let answer = api.raw(rebound).await;
    assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("bad-host")));
    let crossed = api
        .ask("DELETE", "/api/v1/sessions/1", "origin: http://evil.example\r\n", "")
        .await;
    assert_eq!((crossed.status, &crossed.json()["code"]), (403, &json!("bad-host")));
    let own = format!("origin: http://{}\r\n", api.address);
    assert_eq!(api.ask("DELETE", "/api/v1/sessions/1", &own, "").await.status, 202);
}

#[tokio::test]
async fn every_answer_forbids_what_the_client_does_not_need() {
    let api = TestApi::start().await;
    for path in ["/", "/api/v1/health", "/devices/1", "/nothing.js", "/api/v1/nothing"] {
        let answer = api.get(path).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'self';"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
    assert_eq!(
        api.get("/api/v1/health").await.header("cache-control"),
        Some("no-store")
    );
}

#[tokio::test]
async fn paths_of_the_client_give_its_page_or_say_that_it_was_not_built() {
    let api = TestApi::start().await;
    for path in ["/", "/devices/1"] {
        let answer = api.get(path).await;
        match answer.status {
            200 => assert!(answer.body.contains("<html"), "{path}"),
            404 => assert!(answer.body.contains("is not part of this build"), "{path}"),
            status => panic!("{path}: {status}"),
        }
    }
    assert_eq!(api.get("/favicon-of-nobody.ico").await.status, 404);
    assert_eq!(api.get("/../Cargo.toml").await.status, 404);
}

#[tokio::test]
async fn large_answers_are_compressed_when_asked() {
    let api = TestApi::start().await;
    let answer = api
        .ask("GET", "/api/v1/vocabulary", "accept-encoding: gzip\r\n", "")
        .await;
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
}

#[test]
fn an_address_that_others_can_reach_is_refused() {
    for (listen, is_fine) in [
        ("127.0.0.1:8080", true),
        ("[::1]:1", true),
        ("0.0.0.0:8080", false),
        ("10.0.0.1:80", false),
    ] {
        let config = super::super::Config {
            listen: listen.parse().unwrap(),
            tiles: None,
        };
        assert_eq!(config.check().is_ok(), is_fine, "{listen}");
    }
}
