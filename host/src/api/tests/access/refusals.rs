//! What people meet when a deed of theirs is refused: one list, in which the web client finds words for all of it.

use super::*;
use crate::collect::HandleError;
use crate::store::{AccountFault, NotConfirmed};

const NOBODY: i64 = 99;

fn deeds() -> Vec<(&'static str, String, Json)> {
    let account = |name: &str, title: &str| json!({ "name": name, "title": title, "kind": "person", "grants": [] });
    let post = |path: &str, body: Json| ("POST", path.to_owned(), body);
    let key = |name: &str, rights: &[&str], networks: &[&str]| json!({ "name": name, "rights": rights, "addresses": networks });
    let many = vec![json!({ "role": "viewer" }); 1_000];
    let networks = vec!["10.0.0.1"; 1_000];
    let nodes: Vec<i64> = (0..100_000).collect();
    vec![
        post("/accounts", account("two words", "x")),
        post("/accounts", account("x", "")),
        post("/accounts", account("root", "x")),
        (
            "PUT",
            "/accounts/1/grants".to_owned(),
            json!({ "grants": [{ "role": "emperor" }] }),
        ),
        (
            "PUT",
            "/accounts/1/grants".to_owned(),
            json!({ "grants": [{ "role": "vendor" }] }),
        ),
        ("PUT", "/accounts/1/grants".to_owned(), json!({ "grants": many })),
        (
            "PUT",
            "/accounts/1/grants".to_owned(),
            json!({ "grants": [{ "role": "viewer", "site": NOBODY }] }),
        ),
        ("GET", format!("/accounts/{NOBODY}"), Json::Null),
        post("/accounts/1/keys", key("k", &["see"], &[])),
        post("/accounts/1/keys", key("k", &[], &[])),
        post("/accounts/1/keys", key("k", &["fly"], &[])),
        post("/accounts/1/keys", key("k", &["see"], &["office"])),
        post("/accounts/1/keys", key("k", &["see"], &networks)),
        post("/accounts/1/keys/1/rotate", json!({ "overlap_h": 1_000 })),
        post("/devices/1/tunnel", json!({ "minutes": 0 })),
        post("/devices/1/tunnel", json!({ "minutes": 5, "listen": "anywhere" })),
        post("/devices/1/read-now", json!({ "what": ["weekly"] })),
        post("/devices/1/read-now", json!({ "to": "2026-01-01T00:00:00Z" })),
        post(
            "/devices/1/read-now",
            json!({ "from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z" }),
        ),
        post("/attention/acknowledge", json!({ "nodes": [] })),
        post("/attention/acknowledge", json!({ "nodes": nodes })),
        post("/attention/assign", json!({ "nodes": [1], "to": " " })),
        post(
            "/devices/1/control",
            json!({ "setting": "x", "value": "\u{7}", "why": "w" }),
        ),
        ("GET", format!("/sessions/{NOBODY}"), Json::Null),
        ("GET", format!("/devices/{NOBODY}"), Json::Null),
    ]
}

/// What depends on the moment, or on another who does the same.
fn rare() -> Vec<String> {
    let (at, id) = (Timestamp::UNIX_EPOCH, ControlId(7));
    let accounts = [
        AccountFault::LastAdministrator,
        AccountFault::OtherKind("machine"),
        AccountFault::OtherKind("person"),
        AccountFault::NoKey(7),
        AccountFault::NoSignIn(7),
        AccountFault::NoCode,
        AccountFault::TooMany(7),
    ];
    let orders = [
        NotConfirmed::Nothing(id),
        NotConfirmed::State {
            id,
            state: ControlState::Confirmed,
        },
        NotConfirmed::Token(id),
        NotConfirmed::Expired { id, until: at },
        NotConfirmed::TooSoon(at),
        NotConfirmed::TooMany(7),
    ];
    let handle = [
        HandleError::NoDevice(DeviceId(7)),
        HandleError::AlreadyReading(DeviceId(7)),
        HandleError::NoSession(SessionId(7)),
        HandleError::NoPort("127.0.0.1:5000".parse().unwrap(), "Address already in use".to_owned()),
        HandleError::NoTunnel(DeviceId(7)),
        HandleError::TooManyTrials,
        HandleError::Busy,
        HandleError::Ended,
    ];
    let mut all: Vec<String> = accounts.iter().map(ToString::to_string).collect();
    all.extend(orders.iter().map(ToString::to_string));
    all.extend(handle.iter().map(ToString::to_string));
    all
}

#[tokio::test]
async fn what_deeds_are_refused_with_is_known_to_the_client() {
    let town = Town::new().await;
    let root = town.signed_in("root", Role::Administrator, GrantOn::Everything).await;
    let mut all = rare();
    for (method, path, body) in deeds() {
        let body = Some(&body).filter(|body| !body.is_null());
        let answer = town.ask(method, &format!("/api/v1{path}"), Some(&root), body).await;
        assert!(answer.status.is_client_error(), "{method} {path}: {}", answer.status);
        all.push(answer.json()["detail"].as_str().unwrap().to_owned());
    }
    all.sort();
    all.dedup();
    insta::assert_snapshot!(all.join("\n"));
}
