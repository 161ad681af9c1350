//! Passwords, second factors, sign-ins, keys.

use super::*;

const PASSWORD: &str = "тёплая вода 5";

async fn enter(town: &Town, body: &Json) -> Told {
    town.ask("POST", "/api/v1/session", None, Some(body)).await
}

fn code(told: &Told) -> (u16, String) {
    let code = told.json()["code"].as_str().unwrap_or_default().to_owned();
    (told.status.as_u16(), code)
}

#[tokio::test]
async fn a_person_signs_in_is_known_and_signs_out() {
    let town = Town::new().await;
    town.person("ivanov", PASSWORD, Role::Viewer).await;
    let told = enter(&town, &json!({ "name": " Ivanov ", "password": PASSWORD })).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.json());
    let cookie = told.headers["set-cookie"].to_str().unwrap();
    for word in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    assert_eq!(told.json()["rights"]["everywhere"], json!(["see"]));
    let token = told.token().unwrap();
    let who = town.ask("GET", "/api/v1/session", Some(&token), None).await.json();
    assert_eq!(
        (&who["account"]["name"], &who["accounts"]),
        (&json!("ivanov"), &json!(true))
    );
    assert!(!format!("{who}{cookie}").contains("argon2"));
    let out = town.ask("DELETE", "/api/v1/session", Some(&token), None).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    let gone = town.ask("GET", "/api/v1/session", Some(&token), None).await;
    assert_eq!(code(&gone), (401, "not-signed-in".to_owned()));
}

#[tokio::test]
async fn a_one_time_secret_only_allows_to_choose_a_password() {
    let town = Town::new().await;
    let root = town.signed_in("root", Role::Administrator, GrantOn::Everything).await;
    let new = json!({ "name": "ivanov", "title": "Иванов", "kind": "person", "grants": [{ "role": "viewer" }] });
    let made = town.ask("POST", "/api/v1/accounts", Some(&root), Some(&new)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.json());
    let secret = made.json()["secret"].as_str().unwrap().to_owned();
    let told = enter(&town, &json!({ "name": "ivanov", "password": secret })).await;
    assert_eq!(told.json()["must_change_password"], true);
    let mut token = told.token().unwrap();
    let refused = town.ask("GET", "/api/v1/devices", Some(&token), None).await;
    assert_eq!(code(&refused), (403, "password-change-needed".to_owned()));
    for (old, new, status) in [
        ("wrong", "холодная вода", 401),
        (secret.as_str(), "short", 400),
        (secret.as_str(), "xx-ivanov-xx", 400),
        (secret.as_str(), secret.as_str(), 400),
        (secret.as_str(), "холодная вода", 204),
    ] {
        let body = json!({ "old": old, "new": new });
        let told = town
            .ask("POST", "/api/v1/account/password", Some(&token), Some(&body))
            .await;
        assert_eq!(told.status.as_u16(), status, "{old} {new}");
        token = told.token().unwrap_or(token);
    }
    assert_eq!(
        town.ask("GET", "/api/v1/devices", Some(&token), None).await.status,
        StatusCode::OK
    );
    let again = enter(&town, &json!({ "name": "ivanov", "password": secret })).await;
    assert_eq!(code(&again), (401, "bad-credentials".to_owned()));
}

#[tokio::test]
async fn a_new_password_ends_every_other_sign_in() {
    let town = Town::new().await;
    let account = town.person("ivanov", PASSWORD, Role::Viewer).await;
    let (here, elsewhere) = (town.sign_in(account).await, town.sign_in(account).await);
    let body = json!({ "old": PASSWORD, "new": "холодная вода" });
    let told = town
        .ask("POST", "/api/v1/account/password", Some(&here), Some(&body))
        .await;
    assert_eq!(told.status, StatusCode::NO_CONTENT);
    let status = async |token: &str| town.ask("GET", "/api/v1/account/sign-ins", Some(token), None).await;
    assert_eq!(status(&elsewhere).await.status, StatusCode::UNAUTHORIZED);
    let own = status(&told.token().unwrap()).await.json();
    assert_eq!(own["items"].as_array().unwrap().len(), 1);
    assert_eq!(own["items"][0]["is_this"], true);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_once_a_code_of_it_came_and_each_code_holds_once() {
    let town = Town::new().await;
    let account = town.person("ivanov", PASSWORD, Role::Viewer).await;
    let token = town.sign_in(account).await;
    let proof = json!({ "password": PASSWORD });
    let path = "/api/v1/account/second-factor";
    let refused = town
        .ask("POST", path, Some(&token), Some(&json!({ "password": "wrong" })))
        .await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let shown = town.ask("POST", path, Some(&token), Some(&proof)).await.json();
    assert!(shown["url"].as_str().unwrap().starts_with("otpauth://totp/Uzel:ivanov"));
    assert!(shown["qr_svg"].as_str().unwrap().contains("<svg"));
    let plain = json!({ "name": "ivanov", "password": PASSWORD });
    assert_eq!(
        enter(&town, &plain).await.status,
        StatusCode::OK,
        "no code of it came yet"
    );
    let secret = town.store.account_code(account).await.unwrap().unwrap().secret;
    let now = town.store.now().as_second();
    let wrong = json!({ "code": "000000" });
    let path_confirm = format!("{path}/confirm");
    let first = credential::code_at(&secret, now);
    if first != "000000" {
        let told = town.ask("POST", &path_confirm, Some(&token), Some(&wrong)).await;
        assert_eq!(told.status, StatusCode::UNAUTHORIZED);
    }
    let told = town
        .ask("POST", &path_confirm, Some(&token), Some(&json!({ "code": first })))
        .await;
    assert_eq!(told.status, StatusCode::NO_CONTENT, "{}", told.json());
    let token = told.token().unwrap();
    assert_eq!(code(&enter(&town, &plain).await), (401, "code-needed".to_owned()));
    let with = |code: &str| json!({ "name": "ivanov", "password": PASSWORD, "code": code });
    let replayed = enter(&town, &with(&first)).await;
    assert_eq!(
        code(&replayed),
        (401, "bad-credentials".to_owned()),
        "it was taken before"
    );
    let next = credential::code_at(&secret, now + 30);
    assert_eq!(enter(&town, &with(&next)).await.status, StatusCode::OK);
    assert_eq!(enter(&town, &with(&next)).await.status, StatusCode::UNAUTHORIZED);
    let told = town
        .ask("POST", &format!("{path}/remove"), Some(&token), Some(&proof))
        .await;
    assert_eq!(told.status, StatusCode::NO_CONTENT);
    assert_eq!(enter(&town, &plain).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_key_has_its_own_rights_only_and_holds_where_it_may_come_from() {
    let town = Town::new().await;
    let key = town.program(&[Right::See], &[]).await;
    let ask = async |method: &str, path: &str| {
        town.ask(method, path, Some(&key), Some(&json!({ "password": "x" })))
            .await
            .status
    };
    assert_eq!(ask("GET", "/api/v1/devices/1").await, StatusCode::OK);
    assert_eq!(ask("POST", "/api/v1/devices/1/read-now").await, StatusCode::FORBIDDEN);
    assert_eq!(ask("GET", "/api/v1/accounts").await, StatusCode::FORBIDDEN);
    assert_eq!(
        ask("POST", "/api/v1/account/second-factor").await,
        StatusCode::FORBIDDEN
    );
    let page = town.ask("GET", "/api/v1/devices", Some(&key), None).await.json();
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    let town = Town::new().await;
    let elsewhere = town.program(&[Right::See], &["10.0.0.0/8"]).await;
    let told = town.ask("GET", "/api/v1/devices/1", Some(&elsewhere), None).await;
    assert_eq!(told.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_key_is_replaced_while_both_hold_and_revoked_at_once() {
    let town = Town::new().await;
    let root = town.signed_in("root", Role::Administrator, GrantOn::Everything).await;
    let old = town.program(&[Right::See], &[]).await;
    let account = town.store.account_named("program").await.unwrap().unwrap().id;
    let path = format!("/api/v1/accounts/{account}/keys");
    let rotated = town
        .ask(
            "POST",
            &format!("{path}/1/rotate"),
            Some(&root),
            Some(&json!({ "overlap_h": 24 })),
        )
        .await;
    assert_eq!(rotated.status, StatusCode::CREATED, "{}", rotated.json());
    let new = rotated.json()["key"].as_str().unwrap().to_owned();
    let status = async |key: &str| town.ask("GET", "/api/v1/devices/1", Some(key), None).await.status;
    assert_eq!(
        (status(&old).await, status(&new).await),
        (StatusCode::OK, StatusCode::OK)
    );
    let listed = town.ask("GET", &path, Some(&root), None).await.json();
    assert_eq!(listed["items"][0]["rights"], json!(["see"]));
    assert!(
        listed["items"][1]["used_at"].is_string() && listed["items"][1]["ends_at"].is_string(),
        "{listed}"
    );
    assert!(!listed.to_string().contains(&old[20..]), "a key is shown once");
    town.ask("DELETE", &format!("{path}/1"), Some(&root), None).await;
    assert_eq!(
        (status(&old).await, status(&new).await),
        (StatusCode::UNAUTHORIZED, StatusCode::OK)
    );
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let town = Town::new().await;
    let root = town.signed_in("root", Role::Administrator, GrantOn::Everything).await;
    let id = town.store.account_named("root").await.unwrap().unwrap().id;
    let path = format!("/api/v1/accounts/{id}");
    let disabled = json!({ "enabled": false });
    let refused = town.ask("PATCH", &path, Some(&root), Some(&disabled)).await;
    assert_eq!(code(&refused), (409, "conflict".to_owned()));
    let viewer = json!({ "grants": [{ "role": "viewer" }] });
    let refused = town
        .ask("PUT", &format!("{path}/grants"), Some(&root), Some(&viewer))
        .await;
    assert_eq!(code(&refused), (409, "conflict".to_owned()));
    town.person("second", PASSWORD, Role::Administrator).await;
    assert_eq!(
        town.ask("PATCH", &path, Some(&root), Some(&disabled)).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn accounts_that_cannot_be_are_refused() {
    let town = Town::new().await;
    let root = town.signed_in("root", Role::Administrator, GrantOn::Everything).await;
    let new =
        |name: &str, kind: &str, grants: Json| json!({ "name": name, "title": "T", "kind": kind, "grants": grants });
    for (body, status) in [
        (new("", "person", json!([])), 400),
        (new("two words", "person", json!([])), 400),
        (new("root", "person", json!([])), 409),
        (new("ROOT", "person", json!([])), 409),
        (new("a", "robot", json!([])), 400),
        (new("a", "person", json!([{ "role": "king" }])), 400),
        (
            new("a", "person", json!([{ "role": "viewer", "site": 1, "node": 1 }])),
            400,
        ),
        (new("a", "person", json!([{ "role": "viewer", "site": 99 }])), 400),
        (new("a", "person", json!([{ "role": "viewer", "vendor": "ours" }])), 400),
        (new("a", "person", json!([{ "role": "vendor" }])), 400),
        (new("a", "person", json!([{ "role": "viewer", "site": 1 }])), 201),
    ] {
        let told = town.ask("POST", "/api/v1/accounts", Some(&root), Some(&body)).await;
        assert_eq!(told.status.as_u16(), status, "{body}: {}", told.json());
    }
}
