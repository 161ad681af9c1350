//! Lists leave out what is foreign.

use super::*;

/// Every list of places, with a word that is only in foreign rows: ids of both owners differ everywhere.
const LISTS: [&str; 7] = [
    "/devices",
    "/sites",
    "/points",
    "/series",
    "/lines",
    "/sessions",
    "/callers",
];

#[tokio::test]
async fn lists_have_only_what_is_in_scope() {
    let town = Town::new().await;
    let own = town.owned(1).await;
    let everything = town.signed_in("all", Role::Engineer, GrantOn::Everything).await;
    let scopes = [
        ("organisation", GrantOn::Organisation(own.organisation)),
        ("site", GrantOn::Site(own.site)),
        ("node", GrantOn::Node(own.node)),
    ];
    for (name, on) in scopes {
        let token = town.signed_in(name, Role::Engineer, on).await;
        for path in LISTS {
            let path = format!("/api/v1{path}");
            let all = town.ask("GET", &path, Some(&everything), None).await.json();
            let mine = town.ask("GET", &path, Some(&token), None).await.json();
            let (all, mine) = (all["items"].as_array().unwrap(), mine["items"].as_array().unwrap());
            assert_eq!(mine.len() * 2, all.len(), "{name} {path}: {mine:?}");
            assert!(!mine.is_empty(), "{name} {path}");
            assert!(!json!(mine).to_string().contains("004"), "{name} {path}: {mine:?}");
        }
        let csv = town.ask("GET", "/api/v1/sessions.csv", Some(&token), None).await;
        assert_eq!(String::from_utf8_lossy(&csv.body).lines().count(), 2, "{name}");
        let csv = town
            .ask("GET", "/api/v1/records.csv?archive=hourly", Some(&token), None)
            .await;
        let text = String::from_utf8_lossy(&csv.body).into_owned();
        assert_eq!(text.lines().count(), 4, "{name}: {text}");
        assert!(!text.contains("004"), "{name}: {text}");
        let foreign = "/api/v1/records.csv?archive=hourly&device=2";
        let csv = town.ask("GET", foreign, Some(&token), None).await;
        assert_eq!(String::from_utf8_lossy(&csv.body).lines().count(), 1, "{name}");
        let changes = town.ask("GET", "/api/v1/changes", Some(&token), None).await.json();
        assert_eq!(changes["items"].as_array().unwrap().len(), 1, "{name}: {changes}");
        assert!(!changes["items"].to_string().contains("004"), "{name}: {changes}");
        let next = changes["next"].as_str().unwrap();
        assert!(next.starts_with("2-"), "{name}: what is foreign was looked at: {next}");
    }
}

#[tokio::test]
async fn who_waits_for_changes_is_told_when_he_is_signed_out_or_the_host_goes_down() {
    let town = Town::new().await;
    let account = town
        .account("ivanov", AccountKind::Person, &[(Role::Viewer, GrantOn::Everything)])
        .await;
    let token = town.sign_in(account).await;
    let waits = town.ask("GET", "/api/v1/changes?after=newest&wait=30", Some(&token), None);
    let ends = async {
        waited_for(&town).await;
        let change = AccountChange::Describe {
            title: None,
            enabled: Some(false),
        };
        let changed = town.store.change_account(account, change, &Actor::host()).await;
        changed.unwrap().unwrap();
        town.state.access.forget();
    };
    let (told, ()) = tokio::join!(waits, ends);
    assert_eq!(told.status, StatusCode::UNAUTHORIZED);
    let token = town.signed_in("petrov", Role::Viewer, GrantOn::Everything).await;
    let waits = town.ask("GET", "/api/v1/changes?after=newest&wait=30", Some(&token), None);
    let closes = async {
        waited_for(&town).await;
        town.state.closing.cancel();
    };
    let (told, ()) = tokio::join!(waits, closes);
    assert_eq!((told.status, &told.json()["items"]), (StatusCode::OK, &json!([])));
}

/// Until somebody waits for changes.
async fn waited_for(town: &Town) {
    while town.state.feed_waits.available_permits() == crate::limits::FEED_WAITS {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_shared_line_shows_only_ones_own_devices_and_is_not_ones_own_to_change() {
    let town = Town::new().await;
    let shared = NewDevice {
        organisation: "Water".to_owned(),
        ..new_device(6)
    };
    let line = |device: &mut NewDevice| device.routes[0].address = LineAddress::Tcp("127.0.0.1:2".to_owned());
    let mut shared = shared;
    line(&mut shared);
    shared.routes[0].settings = None;
    town.store.import(vec![shared]).await.unwrap();
    let own = town.owned(1).await;
    let begun = NewSession {
        device: DeviceId(3),
        ..new_session(DeviceId(3))
    };
    let session = town.store.begin_session(begun).await.unwrap();
    town.store.end_session(end(session)).await.unwrap();
    let on = GrantOn::Organisation(own.organisation);
    let token = town.signed_in("ivanov", Role::Engineer, on).await;
    let line = town.ask("GET", "/api/v1/lines/1", Some(&token), None).await.json();
    assert_eq!(line["devices"].as_array().unwrap().len(), 1, "{line}");
    assert_eq!(line["last_session"], Json::Null, "it was with a foreign device: {line}");
    let health = town
        .ask("GET", "/api/v1/lines/1/health", Some(&token), None)
        .await
        .json();
    assert_eq!(health["last_session"], Json::Null);
    let account = town.store.account_named("ivanov").await.unwrap().unwrap().id;
    let over = town.store.roles_over(account, Object::Line, 1).await.unwrap();
    assert_eq!((over.any, over.whole), (Role::Engineer.bit(), 0));
    let over = town.store.roles_over(account, Object::Site, own.site).await.unwrap();
    assert_eq!((over.any, over.whole), (Role::Engineer.bit(), Role::Engineer.bit()));
}

#[tokio::test]
async fn who_has_a_node_has_not_its_site() {
    let town = Town::new().await;
    let own = town.owned(1).await;
    let account = town
        .account(
            "ivanov",
            AccountKind::Person,
            &[(Role::Administrator, GrantOn::Node(own.node))],
        )
        .await;
    for (object, id, whole) in [
        (Object::Node, own.node, Role::Administrator.bit()),
        (Object::Site, own.site, 0),
        (Object::Organisation, own.organisation, 0),
    ] {
        let over = town.store.roles_over(account, object, id).await.unwrap();
        assert_eq!((over.any, over.whole), (Role::Administrator.bit(), whole), "{object:?}");
    }
}

#[tokio::test]
async fn a_vendor_sees_his_drivers_and_no_places() {
    let town = Town::new().await;
    let token = town
        .signed_in("works", Role::Vendor, GrantOn::Vendor("ours".to_owned()))
        .await;
    let versions = town
        .ask("GET", "/api/v1/drivers/versions", Some(&token), None)
        .await
        .json();
    let digests: Vec<_> = versions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| &version["digest"])
        .collect();
    assert_eq!(digests, [DIGESTS[0]]);
    let events = town
        .ask("GET", "/api/v1/drivers/events", Some(&token), None)
        .await
        .json();
    assert_eq!(events["items"].as_array().unwrap().len(), 1, "{events}");
    assert!(!events.to_string().contains("theirs"), "{events}");
    for path in ["/devices", "/sites", "/sessions", "/live", "/audit", "/drivers/keys"] {
        let told = town.ask("GET", &format!("/api/v1{path}"), Some(&token), None).await;
        assert_eq!(told.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn roles_over_several_things_add_up_and_do_not_mix() {
    let town = Town::new().await;
    let (own, foreign) = (town.owned(1).await, town.owned(2).await);
    let grants = [
        (Role::Viewer, GrantOn::Everything),
        (Role::Dispatcher, GrantOn::Organisation(own.organisation)),
    ];
    let account = town.account("ivanov", AccountKind::Person, &grants).await;
    let token = town.sign_in(account).await;
    for (owned, status) in [(&own, StatusCode::ACCEPTED), (&foreign, StatusCode::FORBIDDEN)] {
        let path = format!("/api/v1/devices/{}", owned.device);
        assert_eq!(town.ask("GET", &path, Some(&token), None).await.status, StatusCode::OK);
        let told = town
            .ask("POST", &format!("{path}/read-now"), Some(&token), Some(&json!({})))
            .await;
        assert_eq!(told.status, status);
    }
    let session = town.ask("GET", "/api/v1/session", Some(&token), None).await.json();
    assert_eq!(
        session["rights"],
        json!({ "everywhere": ["see"], "somewhere": ["see", "dispatch"] })
    );
    assert_eq!(session["grants"][1]["organisation"]["name"], "Heat");
}

#[tokio::test]
async fn a_grant_that_is_taken_away_is_gone_at_once() {
    let town = Town::new().await;
    let administrator = town.signed_in("root", Role::Administrator, GrantOn::Everything).await;
    let account = town
        .account("ivanov", AccountKind::Person, &[(Role::Viewer, GrantOn::Everything)])
        .await;
    let token = town.sign_in(account).await;
    let sees = async || town.ask("GET", "/api/v1/devices/1", Some(&token), None).await.status;
    assert_eq!(sees().await, StatusCode::OK);
    let path = format!("/api/v1/accounts/{account}");
    let none = json!({ "grants": [] });
    let told = town
        .ask("PUT", &format!("{path}/grants"), Some(&administrator), Some(&none))
        .await;
    assert_eq!(told.status, StatusCode::OK, "{:?}", told.json());
    assert_eq!(sees().await, StatusCode::NOT_FOUND);
    let disabled = json!({ "enabled": false });
    town.ask("PATCH", &path, Some(&administrator), Some(&disabled)).await;
    assert_eq!(sees().await, StatusCode::UNAUTHORIZED);
}
