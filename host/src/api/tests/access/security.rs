//! What somebody tries who means harm.

use super::*;
use crate::model::Clock;

const PASSWORD: &str = "тёплая вода 5";

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &Json) -> Request<Body> {
    let mut request = Request::builder()
        .method(Method::from_bytes(method.as_bytes()).unwrap())
        .uri(path)
        .header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_string())).unwrap()
}

async fn send(town: &Town, method: &str, path: &str, headers: &[(&str, &str)], body: &Json) -> Told {
    let headers = [&[("host", "localhost")][..], headers].concat();
    town.send(router(town.state.clone()), request(method, path, &headers, body))
        .await
}

#[tokio::test]
async fn a_token_that_was_put_into_a_browser_is_never_taken_over() {
    let town = Town::new().await;
    let account = town.person("ivanov", PASSWORD, Role::Viewer).await;
    let planted = town.sign_in(account).await;
    let body = json!({ "name": "ivanov", "password": PASSWORD });
    for cookie in [planted.as_str(), "made-up"] {
        let told = town.ask("POST", "/api/v1/session", Some(cookie), Some(&body)).await;
        let token = told.token().unwrap();
        assert_ne!(token, cookie);
        assert_eq!(token.len(), 64);
        let old = town.ask("GET", "/api/v1/session", Some(cookie), None).await;
        assert_eq!(old.status, StatusCode::UNAUTHORIZED, "{cookie}");
    }
}

#[tokio::test]
async fn the_page_of_another_site_commands_nothing() {
    let town = Town::new().await;
    let token = town.signed_in("ivanov", Role::Administrator, GrantOn::Everything).await;
    let cookie = format!("uzel={token}");
    let path = "/api/v1/devices/1/read-now";
    let own = "http://localhost";
    let cases: [(&[(&str, &str)], u16); 11] = [
        (&[], 403),
        (&[("origin", "http://evil.example")], 403),
        (&[("origin", "null")], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("sec-fetch-site", "none")], 403),
        (&[("origin", own), ("sec-fetch-site", "cross-site")], 403),
        (&[("origin", "http://evil.example"), ("x-uzel", "1")], 403),
        (&[("origin", own)], 202),
        (&[("sec-fetch-site", "same-origin")], 202),
        (&[("x-uzel", "1")], 202),
    ];
    for (headers, status) in cases {
        let headers = [headers, &[("cookie", cookie.as_str())]].concat();
        let told = send(&town, "POST", path, &headers, &json!({})).await;
        assert_eq!(told.status.as_u16(), status, "{headers:?}");
    }
    let body = json!({ "name": "ivanov", "password": PASSWORD });
    let planted = send(
        &town,
        "POST",
        "/api/v1/session",
        &[("sec-fetch-site", "cross-site")],
        &body,
    )
    .await;
    assert_eq!(
        planted.status,
        StatusCode::FORBIDDEN,
        "nor does it sign somebody in as somebody else"
    );
    let form = [
        ("cookie", cookie.as_str()),
        ("origin", own),
        ("content-type", "text/plain"),
    ];
    let request = request(
        "POST",
        path,
        &[&[("host", "localhost")][..], &form[..2]].concat(),
        &json!({}),
    );
    let (mut parts, body) = request.into_parts();
    parts.headers.insert("content-type", form[2].1.parse().unwrap());
    let told = town
        .send(router(town.state.clone()), Request::from_parts(parts, body))
        .await;
    assert_eq!(told.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn tokens_that_nobody_gave_are_worth_nothing() {
    let town = Town::new().await;
    let token = town.signed_in("ivanov", Role::Administrator, GrantOn::Everything).await;
    let digest: String = credential::digest(&token)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    for header in [
        ("cookie", "uzel=".to_owned()),
        ("cookie", "uzel=1".to_owned()),
        ("cookie", format!("uzel={digest}")),
        ("cookie", format!("uzel={}", token.to_uppercase())),
        ("cookie", format!("UZEL={token}")),
        ("cookie", format!("__Host-uzel={token}")),
        ("cookie", "uzel=' or 1=1--".to_owned()),
        ("authorization", format!("Bearer {token}")),
        ("authorization", "Bearer uzk_".to_owned()),
        ("authorization", format!("Bearer uzk_{token}")),
        ("authorization", "Basic cm9vdDpyb290".to_owned()),
    ] {
        let told = send(
            &town,
            "GET",
            "/api/v1/devices",
            &[(header.0, header.1.as_str())],
            &Json::Null,
        )
        .await;
        assert_eq!(told.status, StatusCode::UNAUTHORIZED, "{header:?}");
    }
}

#[tokio::test]
async fn a_name_that_nobody_has_costs_what_a_wrong_password_costs() {
    let town = Town::new().await;
    town.person("ivanov", PASSWORD, Role::Viewer).await;
    town.account("machine", AccountKind::Machine, &[]).await;
    let mut answers = Vec::new();
    for name in ["ivanov", "nobody", "machine", "' or 1=1--", &"x".repeat(10_000)] {
        for password in ["wrong password", "", &"x".repeat(100_000)] {
            let hashes = &town.state.access.hashes;
            let before = hashes.load(std::sync::atomic::Ordering::Relaxed);
            let told = town
                .ask(
                    "POST",
                    "/api/v1/session",
                    None,
                    Some(&json!({ "name": name, "password": password })),
                )
                .await;
            if told.status == StatusCode::UNAUTHORIZED {
                assert_eq!(
                    hashes.load(std::sync::atomic::Ordering::Relaxed) - before,
                    1,
                    "{name:.20}"
                );
            }
            let mut problem = told.json();
            problem["request_id"] = Json::Null;
            answers.push((told.status, problem));
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "all are answered alike: {answers:?}");
    let known = credential::hash("another").unwrap();
    let work = |hash: Option<&str>| {
        let before = credential::hashed_here();
        assert!(!credential::verify("wrong password", hash));
        credential::hashed_here() - before
    };
    assert_eq!((work(None), work(Some(&known))), (1, 1));
}

#[tokio::test]
async fn who_tries_passwords_waits_whether_the_name_is_one_or_not() {
    let mut town = Town::new().await;
    let now = Timestamp::now();
    town.state.store = town.store.clone().with_clock(Clock::of(move || now));
    town.person("ivanov", PASSWORD, Role::Viewer).await;
    for name in ["ivanov", "nobody"] {
        let mut told = Vec::new();
        for _ in 0..6 {
            let body = json!({ "name": name, "password": "wrong" });
            told.push(town.ask("POST", "/api/v1/session", None, Some(&body)).await);
        }
        let statuses: Vec<u16> = told.iter().map(|told| told.status.as_u16()).collect();
        assert_eq!(statuses, [401, 401, 401, 401, 401, 429], "{name}");
        assert!(told[5].headers.contains_key("retry-after"));
    }
    let body = json!({ "name": "ivanov", "password": PASSWORD });
    let right = town.ask("POST", "/api/v1/session", None, Some(&body)).await;
    assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS, "even with the right one");
}

#[tokio::test]
async fn huge_bodies_are_not_taken() {
    let town = Town::new().await;
    let body = json!({ "name": "x".repeat(9 << 20), "password": "x" });
    let told = town.ask("POST", "/api/v1/session", None, Some(&body)).await;
    assert_eq!(told.status, StatusCode::PAYLOAD_TOO_LARGE);
    let claimed = [("content-length", "99999999999")];
    let told = send(&town, "POST", "/api/v1/session", &claimed, &json!({})).await;
    assert_eq!(told.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn paths_lead_to_no_other_files() {
    let town = Town::new().await;
    for path in [
        "/../Cargo.toml",
        "/..%2fCargo.toml",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/assets/../../Cargo.toml",
        "/assets/..%5c..%5cCargo.toml",
        "//etc/passwd.txt",
        "/assets/%00.js",
        "/index.html%00.png",
        "/.git/config.txt",
    ] {
        let told = send(&town, "GET", path, &[], &Json::Null).await;
        let is_client = told.status == StatusCode::OK && String::from_utf8_lossy(&told.body).contains("<html");
        assert!(
            is_client || told.status == StatusCode::NOT_FOUND,
            "{path}: {}",
            told.status
        );
    }
    // Another way to write a path is no way around the check.
    for path in [
        "/api/v1//devices",
        "/api/v1/devices/",
        "/API/v1/devices",
        "/api/v1/%64evices/1",
        "/api/v1/devices/1%2f..",
    ] {
        let told = send(&town, "GET", path, &[], &Json::Null).await;
        let is_client = told.status == StatusCode::OK && String::from_utf8_lossy(&told.body).contains("<html");
        let is_refused = matches!(told.status, StatusCode::NOT_FOUND | StatusCode::UNAUTHORIZED);
        assert!(is_client || is_refused, "{path}: {}", told.status);
        assert!(!String::from_utf8_lossy(&told.body).contains("Котёл"), "{path}");
    }
}

#[tokio::test]
async fn search_fields_take_whatever_is_typed_for_text() {
    let town = Town::new().await;
    let token = town.signed_in("ivanov", Role::Administrator, GrantOn::Everything).await;
    for text in [
        "%27",
        "%25",
        "_",
        "%27%20or%201%3D1--",
        "%22%3B%20drop%20table%20device%3B--",
        "%00",
        "%5c",
        "%EF%BF%BF",
    ] {
        for path in [
            "devices?q=",
            "devices?after=",
            "sessions?q=",
            "drivers/models?search=",
            "callers?listener=",
            "lines?after=",
            "audit?who=",
            "audit?deed=",
            "audit?subject=",
        ] {
            let told = town
                .ask("GET", &format!("/api/v1/{path}{text}"), Some(&token), None)
                .await;
            let is_answered = told.status.is_success() || told.status == StatusCode::BAD_REQUEST;
            assert!(is_answered, "{path}{text}: {}", told.status);
            let found = told.json()["items"].as_array().map_or(0, Vec::len);
            // A page may begin anywhere; a model is looked for by its letters and digits only.
            let is_start = path.contains("after=") || path.contains("search=");
            assert!(is_start || found == 0, "{path}{text} found {found}");
        }
    }
    assert_eq!(town.owned(1).await.device, 1, "everything is still there");
}

#[tokio::test]
async fn a_stored_script_comes_back_as_text_that_nothing_runs() {
    let town = Town::new().await;
    let token = town.signed_in("ivanov", Role::Administrator, GrantOn::Everything).await;
    let script = "<script>alert(1)</script>";
    let body = json!({ "name": "petrov", "title": script, "kind": "person", "grants": [] });
    let told = town.ask("POST", "/api/v1/accounts", Some(&token), Some(&body)).await;
    assert_eq!(told.json()["account"]["title"], script);
    assert_eq!(told.headers["content-type"], "application/json");
    assert_eq!(told.headers["x-content-type-options"], "nosniff");
    let policy = told.headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'self'") && !policy.contains("unsafe"),
        "{policy}"
    );
}

#[tokio::test]
async fn a_stream_ends_when_who_watches_is_signed_out() {
    use futures::StreamExt as _;
    let town = Town::new().await;
    let root = town.signed_in("root", Role::Administrator, GrantOn::Everything).await;
    let account = town
        .account("ivanov", AccountKind::Person, &[(Role::Viewer, GrantOn::Everything)])
        .await;
    let token = town.sign_in(account).await;
    let cookie = format!("uzel={token}");
    let asked = request(
        "GET",
        "/api/v1/live",
        &[("host", "localhost"), ("cookie", &cookie)],
        &Json::Null,
    );
    let response = router(town.state.clone()).oneshot(asked).await.unwrap();
    let mut stream = response.into_body().into_data_stream();
    assert!(stream.next().await.is_some());
    let path = format!("/api/v1/accounts/{account}/sign-out");
    assert_eq!(town.ask("POST", &path, Some(&root), None).await.status, StatusCode::OK);
    while let Some(part) = stream.next().await {
        part.unwrap();
    }
}
