//! Whatever changes something is written down, with who did it; what is refused is not.

use super::*;
use crate::driver::{Registry, Runtime};
use crate::park::{Park, Rules};
use crate::store::query::AuditQuery;

/// What loads a component, which there is none of here. A step of a version goes through one function of the store, which
/// is tried by itself below; a session that is held again changes nothing.
const STEPS: [&str; 5] = [
    "/api/v1/sessions/{id}/replay",
    "/api/v1/drivers/versions/{digest}/shadow",
    "/api/v1/drivers/versions/{digest}/canary",
    "/api/v1/drivers/versions/{digest}/activate",
    "/api/v1/drivers/{id}/rollback",
];

const PASSWORD: &str = "тёплая вода 5";

/// What is tried of a route: method, template, path behind `/api/v1`, body.
pub(super) type Sample = (&'static str, &'static str, String, Json);

async fn with_park(town: &mut Town) {
    let runtime = Runtime::new(None).unwrap();
    let rules = Rules {
        unsigned: true,
        registry_logins: None,
    };
    let folder = town._dir.path().to_owned();
    let park = Park::new(
        town.store.clone(),
        runtime,
        Arc::new(Registry::default()),
        rules,
        "uzel".into(),
        folder,
    );
    let facts = system::facts(&town.store, &town._dir);
    town.state = town.state.clone().with_park(Arc::new(park)).with_facts(facts);
}

/// The public key of a vendor, and its number.
fn vendor_key() -> (String, String) {
    let (_, _, public) = crate::signing::new_key().unwrap();
    let id = crate::signing::key_id(&public).unwrap();
    (public, id)
}

/// Every changing route with what makes it change something, in an order in which that works.
async fn samples(town: &Town, own: &Owned, other: AccountId) -> Vec<Sample> {
    let token = town.store.control(ControlId(1)).await.unwrap().unwrap().token.unwrap();
    let (public, key) = vendor_key();
    let trust = json!({ "public": public, "name": "k", "vendor": "ours", "roles": ["read"], "models": ["*"],
        "valid_from": null, "valid_to": null, "why": "w" });
    let order = json!({ "setting": "a", "value": "1", "command": null, "why": "w" });
    let machine = town.account("m", AccountKind::Machine, &[]).await;
    let new_key = json!({ "name": "k", "rights": ["see"], "addresses": ["10.0.0.7/8"] });
    let account =
        json!({ "name": "Petrov", "title": "P", "kind": "person", "grants": [{ "role": "viewer", "site": own.site }] });
    let why = || json!({ "why": "w" });
    let none = || Json::Null;
    let device = |rest: &str| format!("/devices/1{rest}");
    let version = |rest: &str| format!("/drivers/versions/{}{rest}", own.digest);
    let hook = json!({ "name": "erp", "url": "https://erp.example/uzel", "kinds": ["record"] });
    let dead = dead_delivery(town).await;
    vec![
        ("POST", "/webhooks", "/webhooks".into(), hook),
        (
            "PATCH",
            "/webhooks/{id}",
            "/webhooks/1".into(),
            json!({ "enabled": false }),
        ),
        ("POST", "/webhooks/{id}/secret", "/webhooks/1/secret".into(), none()),
        (
            "POST",
            "/webhooks/{id}/deliveries/{key}/again",
            format!("/webhooks/1/deliveries/{dead}/again"),
            none(),
        ),
        ("POST", "/webhooks/{id}/test", "/webhooks/1/test".into(), none()),
        ("DELETE", "/webhooks/{id}", "/webhooks/1".into(), none()),
        (
            "POST",
            "/session",
            "/session".into(),
            json!({ "name": "root", "password": PASSWORD }),
        ),
        ("POST", "/devices/{id}/read-now", device("/read-now"), json!({})),
        (
            "POST",
            "/devices/{id}/tunnel",
            device("/tunnel"),
            json!({ "minutes": 5 }),
        ),
        ("DELETE", "/devices/{id}/tunnel", device("/tunnel"), none()),
        ("POST", "/devices/{id}/control", device("/control"), order),
        (
            "POST",
            "/control/{id}/confirm",
            "/control/1/confirm".into(),
            json!({ "token": token }),
        ),
        (
            "POST",
            "/callers/{id}/approve",
            format!("/callers/{}/approve", own.caller),
            none(),
        ),
        (
            "POST",
            "/callers/{id}/refuse",
            format!("/callers/{}/refuse", own.caller),
            none(),
        ),
        ("DELETE", "/sessions/{id}", "/sessions/1".into(), none()),
        (
            "POST",
            "/drivers/versions",
            "/drivers/versions?why=w".into(),
            json!("no package"),
        ),
        (
            "POST",
            "/drivers/versions/{digest}/quarantine",
            version("/quarantine"),
            why(),
        ),
        ("POST", "/drivers/versions/{digest}/retire", version("/retire"), why()),
        (
            "POST",
            "/drivers/versions/{digest}/revoke",
            format!("/drivers/versions/{}/revoke", "c".repeat(64)),
            why(),
        ),
        ("POST", "/drivers/keys", "/drivers/keys".into(), trust),
        (
            "POST",
            "/drivers/keys/{id}/revoke",
            format!("/drivers/keys/{key}/revoke"),
            why(),
        ),
        ("POST", "/accounts", "/accounts".into(), account),
        (
            "PATCH",
            "/accounts/{id}",
            format!("/accounts/{other}"),
            json!({ "title": "Q", "enabled": true }),
        ),
        (
            "PUT",
            "/accounts/{id}/grants",
            format!("/accounts/{other}/grants"),
            json!({ "grants": [] }),
        ),
        (
            "POST",
            "/accounts/{id}/sign-out",
            format!("/accounts/{other}/sign-out"),
            none(),
        ),
        (
            "POST",
            "/accounts/{id}/reset",
            format!("/accounts/{other}/reset"),
            json!({ "second_factor": true }),
        ),
        (
            "POST",
            "/accounts/{id}/keys",
            format!("/accounts/{machine}/keys"),
            new_key,
        ),
        (
            "POST",
            "/accounts/{id}/keys/{key}/rotate",
            format!("/accounts/{machine}/keys/1/rotate"),
            json!({ "overlap_h": 1 }),
        ),
        (
            "DELETE",
            "/accounts/{id}/keys/{key}",
            format!("/accounts/{machine}/keys/1"),
            none(),
        ),
        (
            "POST",
            "/account/second-factor",
            "/account/second-factor".into(),
            json!({ "password": PASSWORD }),
        ),
        (
            "POST",
            "/account/second-factor/confirm",
            "/account/second-factor/confirm".into(),
            json!({ "code": "" }),
        ),
        (
            "POST",
            "/account/second-factor/remove",
            "/account/second-factor/remove".into(),
            json!({ "password": PASSWORD }),
        ),
        (
            "POST",
            "/account/password",
            "/account/password".into(),
            json!({ "old": PASSWORD, "new": "холодная вода 7" }),
        ),
        ("DELETE", "/account/sign-ins/{id}", "/account/sign-ins/".into(), none()),
        ("DELETE", "/session", "/session".into(), none()),
    ]
}

/// A delivery of webhook 1 that was given up; its key.
async fn dead_delivery(town: &Town) -> i64 {
    let new = crate::store::NewWebhook {
        name: "first".to_owned(),
        url: "https://first.example/".to_owned(),
        kinds: vec!["record".to_owned()],
        secret: "uzh_s".to_owned(),
    };
    let hook = town.store.add_webhook(new, &Actor::host()).await.unwrap().unwrap();
    let taken = crate::store::Taken {
        webhook: hook,
        is_records: true,
        range: (3, 9),
        items: None,
    };
    town.store.take_delivery(taken).await.unwrap();
    let delivery = town.store.delivery_to_send(hook).await.unwrap().0.unwrap();
    let sent = crate::store::Sent {
        status: Some(500),
        fault: Some("it answers 500".to_owned()),
    };
    town.store.delivered(delivery.id, sent, None).await.unwrap();
    delivery.id
}

async fn newest(town: &Town) -> i64 {
    let query = AuditQuery {
        limit: 1,
        ..AuditQuery::default()
    };
    let rows = town.store.audit(Scope::EVERYTHING, &query).await.unwrap();
    rows.first().map_or(0, |row| row.id)
}

/// What can only be known once the route's turn has come: a code, the number of a sign-in.
async fn completed(town: &Town, sample: Sample, root: AccountId) -> (String, Option<Json>) {
    let (method, template, mut path, mut body) = sample;
    if template.ends_with("/confirm") && template.starts_with("/account/") {
        let factor = town.store.account_code(root).await.unwrap().unwrap();
        let now = town.store.now().as_second();
        body["code"] = json!(credential::code_at(&factor.secret, now));
    }
    if method == "DELETE" && template == "/account/sign-ins/{id}" {
        town.sign_in(root).await;
        path = format!("{path}{}", town.store.sign_ins(root).await.unwrap()[0].id);
    }
    (path, (!body.is_null()).then_some(body))
}

#[tokio::test]
async fn every_changing_route_writes_down_who_did_it_and_a_refused_one_does_not() {
    let mut town = Town::new().await;
    with_park(&mut town).await;
    let own = town.owned(1).await;
    let root = town.person("root", PASSWORD, Role::Administrator).await;
    let other = town.person("ivanov", PASSWORD, Role::Viewer).await;
    let viewer = town.signed_in("viewer", Role::Viewer, GrantOn::Everything).await;
    let mut token = town.sign_in(root).await;
    let mut samples = samples(&town, &own, other).await;
    samples.splice(0..0, super::model_samples::model_samples(&town, &own).await);
    for (method, path) in routes().iter().filter(|(method, _)| method != "GET") {
        let is_tried = |sample: &Sample| sample.0 == method && format!("/api/v1{}", sample.1) == *path;
        let is_known = samples.iter().any(is_tried) || STEPS.contains(&path.as_str());
        assert!(
            is_known,
            "{method} {path} changes something: add what makes it do so to the samples"
        );
    }
    for sample in samples {
        let (method, template) = (sample.0, sample.1);
        let is_own = template.starts_with("/account/") || template == "/session";
        let (path, body) = completed(&town, sample, root).await;
        let path = format!("/api/v1{path}");
        if !is_own {
            let before = newest(&town).await;
            let refused = town.ask(method, &path, Some(&viewer), body.as_ref()).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{method} {path}");
            assert_eq!(
                newest(&town).await,
                before,
                "{method} {path} was refused and is written down"
            );
        }
        let before = newest(&town).await;
        let told = town.ask(method, &path, Some(&token), body.as_ref()).await;
        // A package that is none is refused, and that is written down.
        let is_fine = told.status.is_success() || template == "/drivers/versions";
        assert!(is_fine, "{method} {path}: {} {}", told.status, told.json());
        let query = AuditQuery {
            limit: 1,
            ..AuditQuery::default()
        };
        let row = town.store.audit(Scope::EVERYTHING, &query).await.unwrap().remove(0);
        assert!(row.id > before, "{method} {path} is not written down");
        assert_eq!(
            (row.who.as_str(), row.account),
            ("root", Some(root.0)),
            "{method} {path}: {row:?}"
        );
        assert!(row.deed.starts_with(&format!("{}.", row.subject)), "{row:?}");
        let texts = format!("{:?}{:?}", row.before, row.after);
        assert!(
            !texts.contains("argon2") && !texts.contains("вода") && !texts.contains("uzk_") && !texts.contains("uzh_")
                || row.deed.ends_with("key"),
            "{row:?}"
        );
        if told.token().is_some() {
            token = town.sign_in(root).await;
        }
    }
}

#[tokio::test]
async fn every_step_of_a_driver_is_written_down() {
    let town = Town::new().await;
    for to in [
        DriverState::Canary,
        DriverState::Active,
        DriverState::Draining,
        DriverState::Retired,
    ] {
        let step = crate::store::Step {
            digest: DIGESTS[0].to_owned(),
            to,
            deed: Deed {
                who: Actor::host(),
                why: "w".to_owned(),
            },
            shadow: None,
            canary: None,
        };
        let before = newest(&town).await;
        town.store.move_driver_versions(vec![step]).await.unwrap();
        assert!(newest(&town).await > before, "{to}");
    }
}

#[tokio::test]
async fn what_was_done_is_found_by_who_what_and_when() {
    let town = Town::new().await;
    let root = town.signed_in("root", Role::Administrator, GrantOn::Everything).await;
    let own = town.owned(1).await;
    let local = town
        .signed_in("local", Role::Administrator, GrantOn::Organisation(own.organisation))
        .await;
    for device in [1, 2] {
        town.ask(
            "POST",
            &format!("/api/v1/devices/{device}/tunnel"),
            Some(&root),
            Some(&json!({ "minutes": 5 })),
        )
        .await;
    }
    town.ask("POST", "/api/v1/devices/1/read-now", Some(&local), Some(&json!({})))
        .await;
    let deeds = async |token: &str, query: &str| {
        let page = town
            .ask("GET", &format!("/api/v1/audit?{query}"), Some(token), None)
            .await;
        assert_eq!(page.status, StatusCode::OK, "{query}");
        let items = page.json()["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|item| item["deed"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(deeds(&root, "who=local").await, ["device.read-now"]);
    assert_eq!(
        deeds(&root, "deed=device.&limit=2").await,
        ["device.read-now", "device.open-tunnel"]
    );
    assert_eq!(deeds(&root, "subject=device&id=1&limit=1").await, ["device.read-now"]);
    let table = async |token: &str, query: &str| {
        let path = format!("/api/v1/audit.csv?{query}");
        let answer = town.ask("GET", &path, Some(token), None).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}");
        let mut reader = csv::Reader::from_reader(answer.body.as_slice());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        rows.iter().map(|row| row[5].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        table(&root, "deed=device.&limit=2").await,
        deeds(&root, "deed=device.&limit=2").await
    );
    assert_eq!(table(&root, "").await, deeds(&root, "limit=1000").await);
    assert_eq!(table(&local, "").await, deeds(&local, "limit=1000").await);
    assert_eq!(deeds(&root, "deed=device.&from=2100-01-01T00:00:00Z").await, [""; 0]);
    assert_eq!(deeds(&root, "deed=device.&to=2000-01-01T00:00:00Z").await, [""; 0]);
    let injected = "who=%27%20or%201%3D1--";
    assert_eq!(deeds(&root, injected).await, [""; 0]);
    // Of accounts and drivers, and of foreign devices, who administers one owner's objects sees nothing.
    let seen = deeds(&local, "").await;
    assert_eq!(seen[..2], ["device.read-now", "device.open-tunnel"]);
    let is_of_places = |deed: &String| !deed.starts_with("account.") && !deed.starts_with("driver.");
    assert!(seen.iter().all(is_of_places), "{seen:?}");
    assert_eq!(seen.iter().filter(|deed| *deed == "control.ask").count(), 1, "{seen:?}");
}

#[tokio::test]
async fn a_table_of_deeds_goes_on_over_many_pages() {
    let town = Town::new().await;
    let root = town.signed_in("root", Role::Administrator, GrantOn::Everything).await;
    let count = 2 * crate::limits::EXPORT_PAGE + 10;
    let done = |number: u32| crate::store::Done {
        deed: "device.read-now",
        subject: "device",
        id: "1".to_owned(),
        name: number.to_string(),
        before: None,
        after: None,
    };
    let done = (0..count).map(done).collect();
    town.store.note_all_done(&Actor::host(), done).await.unwrap();
    let names = async |limit: &str| {
        let path = format!("/api/v1/audit.csv?deed=device.read-now{limit}");
        let answer = town.ask("GET", &path, Some(&root), None).await;
        assert_eq!(answer.status, StatusCode::OK);
        let mut reader = csv::Reader::from_reader(answer.body.as_slice());
        let rows = reader.records().map(Result::unwrap);
        rows.map(|row| row[8].parse().unwrap()).collect::<Vec<u32>>()
    };
    assert_eq!(names("").await, (0..count).rev().collect::<Vec<_>>());
    assert_eq!(
        names("&limit=1003").await,
        (count - 1003..count).rev().collect::<Vec<_>>()
    );
    // The last page is just full.
    let full = 2 * crate::limits::EXPORT_PAGE;
    assert_eq!(names(&format!("&limit={full}")).await.len(), full as usize);
}
