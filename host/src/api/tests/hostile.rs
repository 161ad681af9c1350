//! What comes over the socket from somebody who means harm.

use super::*;
use crate::limits;

/// What is answered to a request as it is written here; nothing comes when the connection is only closed.
async fn told(api: &TestApi, head: &str, body: &str) -> Answer {
    let request = format!("{head}\r\nconnection: close\r\n\r\n{body}");
    api.raw(&request).await
}

#[tokio::test]
async fn a_request_that_calls_the_host_by_two_names_or_another_one_is_refused() {
    let api = filled().await;
    let own = api.address;
    for head in [
        "GET /api/v1/devices HTTP/1.1".to_owned(),
        "GET /api/v1/devices HTTP/1.1\r\nhost: ".to_owned(),
        "GET /api/v1/devices HTTP/1.1\r\nhost: evil.example".to_owned(),
        format!("GET /api/v1/devices HTTP/1.1\r\nhost: {own}\r\nhost: evil.example"),
        format!("GET /api/v1/devices HTTP/1.1\r\nhost: {own}@evil.example"),
        format!("GET /api/v1/devices HTTP/1.1\r\nhost: evil.example#{own}"),
        format!("GET http://evil.example/api/v1/devices HTTP/1.1\r\nhost: {own}"),
    ] {
        let answer = told(&api, &head, "").await;
        assert!((400..500).contains(&answer.status), "{head:?}: {answer:?}");
        assert!(!answer.body.contains("Котёл"), "{head:?}");
    }
    // What a proxy may say of names is not believed, and goes into no answer.
    let head = format!(
        "GET /api/v1/devices HTTP/1.1\r\nhost: {own}\r\nx-forwarded-host: evil.example\r\nx-forwarded-for: 10.9.8.7\r\nforwarded: host=evil.example"
    );
    let answer = told(&api, &head, "").await;
    assert_eq!(answer.status, 200);
    assert!(!format!("{answer:?}").contains("evil.example") && !format!("{answer:?}").contains("10.9.8.7"));
}

#[tokio::test]
async fn methods_that_no_route_has_do_nothing() {
    let api = filled().await;
    let own = api.address;
    for method in [
        "TRACE", "CONNECT", "PROPFIND", "PUT", "OPTIONS", "get", "GETT", "DELETE",
    ] {
        for path in ["/", "/api/v1/devices/1", "/api/v1/devices", "/assets/x.js"] {
            let head = format!("{method} {path} HTTP/1.1\r\nhost: {own}\r\ncookie: uzel=secret\r\nx-echo: told-back");
            let answer = told(&api, &head, "").await;
            assert!((400..500).contains(&answer.status), "{method} {path}: {answer:?}");
            let text = format!("{answer:?}");
            assert!(
                !text.contains("told-back") && !text.contains("secret"),
                "{method} {path}: {text}"
            );
            assert!(!answer.head.contains("access-control-allow"), "{method} {path}: {text}");
        }
    }
    assert!(api.store.device(DeviceId(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_and_not_kept() {
    let api = filled().await;
    let own = api.address;
    let large = "x".repeat(limits::HTTP_HEAD_BYTES * 4);
    let many: String = (0..1_000).map(|number| format!("\r\nx-{number}: 1")).collect();
    for head in [
        format!("GET /api/v1/devices HTTP/1.1\r\nhost: {own}\r\nx-large: {large}"),
        format!("GET /api/v1/devices HTTP/1.1\r\nhost: {own}\r\ncookie: uzel={large}"),
        format!("GET /api/v1/devices?q={large} HTTP/1.1\r\nhost: {own}"),
        format!("GET /api/v1/devices HTTP/1.1\r\nhost: {own}{many}"),
    ] {
        let answer = told(&api, &head, "").await;
        // The server may close before all of it was sent.
        assert!(
            answer.status == 0 || (400..500).contains(&answer.status),
            "{:.80}: {:.200}",
            head,
            answer.head
        );
    }
    assert_eq!(api.get("/api/v1/devices").await.status, 200, "others are served");
}

#[tokio::test]
async fn two_lengths_of_one_body_make_no_second_request() {
    let api = filled().await;
    let own = api.address;
    let hidden = format!("DELETE /api/v1/sessions/1 HTTP/1.1\r\nhost: {own}\r\nx-uzel: 1\r\n\r\n");
    for lengths in [
        "content-length: 4\r\ntransfer-encoding: chunked".to_owned(),
        "transfer-encoding: chunked\r\ncontent-length: 4".to_owned(),
        "transfer-encoding: xchunked".to_owned(),
        format!("content-length: 0\r\ncontent-length: {}", hidden.len()),
        "content-length: -1".to_owned(),
        "content-length: 1, 2".to_owned(),
    ] {
        let head = format!(
            "POST /api/v1/devices/1/read-now HTTP/1.1\r\nhost: {own}\r\ncontent-type: application/json\r\n{lengths}"
        );
        let answer = api.raw(&format!("{head}\r\n\r\n0\r\n\r\n{hidden}")).await;
        assert!(
            answer.status == 0 || (400..500).contains(&answer.status),
            "{lengths}: {answer:?}"
        );
        assert!(!answer.body.contains("HTTP/1.1 202"), "{lengths}: {answer:?}");
    }
}

#[tokio::test]
async fn paths_of_files_stay_in_the_client_however_they_are_written() {
    let api = filled().await;
    let own = api.address;
    for path in [
        "/assets/../../Cargo.toml",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/%2e%2e/%2e%2e/Cargo.toml",
        "/assets/%252e%252e%252fCargo.toml",
        "/assets/..\\..\\Cargo.toml",
        "/assets/..%5c..%5cCargo.toml",
        "/assets/....//....//Cargo.toml",
        "/./../Cargo.toml",
        "//etc/passwd.conf",
        "///etc/passwd.conf",
        "/C:/Windows/win.ini",
        "/assets/%00.js",
        "/index.html%00.png",
        "/index.html/../../Cargo.toml",
        "/%c0%ae%c0%ae/Cargo.toml",
        "/api/v1/../../Cargo.toml",
        "/api/v1/system/backups/..%2f..%2fuzel.sqlite",
        "/api/v1/system/backups/%2fetc%2fpasswd",
        "/uzel.sqlite",
        "file:///etc/passwd",
        "http://127.0.0.1/etc/passwd.conf",
    ] {
        let head = format!("GET {path} HTTP/1.1\r\nhost: {own}");
        let answer = told(&api, &head, "").await;
        assert!((400..500).contains(&answer.status), "{path}: {answer:?}");
        let text = format!("{answer:?}");
        assert!(
            !text.contains("[package]") && !text.contains("root:") && !text.contains("SQLite format"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_not_waited_for() {
    let api = TestApi::start().await;
    tokio::time::pause();
    for (path, kind) in [
        ("/api/v1/session", "application/json"),
        ("/api/v1/devices", "application/json"),
        ("/api/v1/import", "text/csv"),
    ] {
        let mut stream = TcpStream::connect(api.address).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: {kind}\r\ncontent-length: 1000\r\n\r\n",
            api.address
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let begun = tokio::time::Instant::now();
        let (mut reading, mut writing) = stream.split();
        // A byte now and then keeps the connection from being silent.
        let drip = async {
            loop {
                tokio::time::sleep(std::time::Duration::from_secs(5)).await;
                if writing.write_all(b" ").await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        let mut part = [0; 4096];
        let count = tokio::select! {
            count = reading.read(&mut part) => count.unwrap_or(0),
            () = drip => 0,
        };
        let text = String::from_utf8_lossy(&part[..count]).into_owned();
        assert!(text.starts_with("HTTP/1.1 408"), "{path}: {text}");
        assert!(
            begun.elapsed().as_secs() <= limits::FILE_TIME_S + 5,
            "{path}: {:?}",
            begun.elapsed()
        );
    }
}

#[tokio::test]
async fn what_a_driver_says_is_text_for_whoever_asks() {
    let api = filled().await;
    let script = "<script>alert(1)</script>";
    let session = begin(&api.store, DeviceId(1)).await;
    let mut event = DeviceEvent {
        at: ago(2),
        label: "2026-11-20T14:00:00".parse().unwrap(),
        code: script.to_owned(),
        severity: Severity::Alarm,
        began: None,
        point: 0,
        text: script.to_owned(),
    };
    event.text.push_str("\r\nset-cookie: uzel=evil");
    api.store.put_events(DeviceId(1), session, &[event]).await.unwrap();
    let setting = Setting {
        id: "g".to_owned(),
        title: script.to_owned(),
        value: Value::Text(script.to_owned()),
        unit: Some(script.to_owned()),
        writable: false,
    };
    api.store
        .put_settings(DeviceId(1), session, ago(0), &[setting])
        .await
        .unwrap();
    let said = SessionEnd {
        detail: Some(script.to_owned()),
        faults: vec![script.to_owned()],
        ..end(session)
    };
    api.store.end_session(said).await.unwrap();
    for path in [
        "/api/v1/devices/1/events".to_owned(),
        "/api/v1/devices/1/settings".to_owned(),
        "/api/v1/devices/1/settings/changes".to_owned(),
        format!("/api/v1/sessions/{session}"),
        format!("/api/v1/sessions/{session}/trace.txt"),
        "/api/v1/sessions.csv".to_owned(),
    ] {
        let answer = api.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let kind = answer.header("content-type").unwrap();
        let is_data = kind == "application/json" || kind.starts_with("text/plain") || kind.starts_with("text/csv");
        assert!(is_data, "{path}: {kind}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert!(
            answer
                .header("content-security-policy")
                .is_some_and(|policy| !policy.contains("unsafe"))
        );
        assert_eq!(answer.header("set-cookie"), None, "{path}");
    }
    let events = api.json("/api/v1/devices/1/events").await;
    assert!(
        events.to_string().contains("<script>"),
        "it comes back as it was said: {events}"
    );
}
