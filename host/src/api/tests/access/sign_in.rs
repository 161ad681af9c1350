//! Whoever had a token or a password before has nothing of what comes after; what was refused is written down.

use super::*;
use crate::limits;
use crate::model::Clock;

const PASSWORD: &str = "тёплая вода 5";

async fn enter(town: &Town, body: &Json) -> Told {
    town.ask("POST", "/api/v1/session", None, Some(body)).await
}

async fn is_known(town: &Town, token: &str) -> bool {
    let told = town.ask("GET", "/api/v1/session", Some(token), None).await;
    told.status == StatusCode::OK
}

#[tokio::test]
async fn whatever_proves_who_somebody_is_changes_with_a_new_token_and_all_others_end() {
    let town = Town::new().await;
    let account = town.person("ivanov", PASSWORD, Role::Viewer).await;
    let mut token = town.sign_in(account).await;
    let path = |rest: &str| format!("/api/v1/account/{rest}");
    let second_factor = json!({ "password": PASSWORD });
    let asked = town
        .ask("POST", &path("second-factor"), Some(&token), Some(&second_factor))
        .await;
    assert_eq!(asked.status, StatusCode::OK);
    let secret = town.store.account_code(account).await.unwrap().unwrap().secret;
    let code = credential::code_at(&secret, town.store.now().as_second());
    for (rest, body) in [
        ("second-factor/confirm", json!({ "code": code })),
        ("second-factor/remove", second_factor),
        ("password", json!({ "old": PASSWORD, "new": "холодная вода" })),
    ] {
        let elsewhere = town.sign_in(account).await;
        assert!(is_known(&town, &token).await && is_known(&town, &elsewhere).await);
        let told = town.ask("POST", &path(rest), Some(&token), Some(&body)).await;
        assert_eq!(told.status, StatusCode::NO_CONTENT, "{rest}: {}", told.json());
        let new = told.token().unwrap_or_else(|| panic!("{rest} gives no new token"));
        assert!(
            !is_known(&town, &token).await,
            "{rest}: the old token is worth something"
        );
        assert!(!is_known(&town, &elsewhere).await, "{rest}: another sign-in goes on");
        assert!(is_known(&town, &new).await, "{rest}");
        token = new;
    }
}

#[tokio::test]
async fn over_tls_the_cookie_is_for_this_host_and_encrypted_ways_only() {
    let mut town = Town::new().await;
    town.person("ivanov", PASSWORD, Role::Viewer).await;
    let config = crate::api::Config {
        tls: Some(crate::api::Tls {
            certificate: "c".into(),
            key: "k".into(),
        }),
        ..crate::api::Config::default()
    };
    let access = Access::without_accounts().with_accounts().reached_as(&config);
    town.state = town.state.clone().with_access(access);
    let told = enter(&town, &json!({ "name": "ivanov", "password": PASSWORD })).await;
    let cookie = told.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-uzel="), "{cookie}");
    for word in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert_eq!(told.headers["strict-transport-security"], "max-age=31536000");
    // A name that somebody on a plain way could set is none.
    let plain = town
        .ask("GET", "/api/v1/session", Some(&told.token().unwrap()), None)
        .await;
    assert_eq!(plain.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn who_has_the_password_does_not_try_codes_without_end() {
    let mut town = Town::new().await;
    let account = town.person("ivanov", PASSWORD, Role::Viewer).await;
    let now = Timestamp::now();
    town.state.store = town.store.clone().with_clock(Clock::of(move || now));
    let change = AccountChange::AskCode(vec![7; 20]);
    town.store
        .change_account(account, change, &Actor::host())
        .await
        .unwrap()
        .unwrap();
    let change = AccountChange::ConfirmCode(1, None);
    town.store
        .change_account(account, change, &Actor::host())
        .await
        .unwrap()
        .unwrap();
    let right = credential::code_at(&[7; 20], now.as_second());
    let wrong = if right == "000000" { "111111" } else { "000000" };
    let mut statuses = Vec::new();
    for _ in 0..6 {
        let told = enter(&town, &json!({ "name": "ivanov", "password": PASSWORD })).await;
        let tried = enter(&town, &json!({ "name": "ivanov", "password": PASSWORD, "code": wrong })).await;
        statuses.push((told.json()["code"].clone(), tried.status.as_u16()));
    }
    let counted: Vec<u16> = statuses.iter().map(|(_, status)| *status).collect();
    assert_eq!(counted, [401, 401, 401, 401, 401, 429], "{statuses:?}");
    let rows = town.store.refused_sign_ins(None, 10).await.unwrap();
    let told: Vec<(&str, i64)> = rows.iter().rev().map(|row| (row.why.as_str(), row.count)).collect();
    assert_eq!(told, [("wrong-code", 5), ("too-early", 2)]);
}

#[tokio::test]
async fn what_was_refused_is_told_with_who_was_tried_from_where_and_why() {
    let mut town = Town::new().await;
    let now = Timestamp::now();
    town.state.store = town.store.clone().with_clock(Clock::of(move || now));
    let account = town.person("ivanov", PASSWORD, Role::Viewer).await;
    let root = town.signed_in("root", Role::Administrator, GrantOn::Everything).await;
    for _ in 0..6 {
        enter(&town, &json!({ "name": "Ivanov", "password": "wrong" })).await;
    }
    enter(&town, &json!({ "name": "secret typed as name", "password": "x" })).await;
    let told = town
        .ask("GET", "/api/v1/refused-sign-ins", Some(&root), None)
        .await
        .json();
    let rows: Vec<_> = told["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["why"].as_str().unwrap(),
                row["account"]["id"].as_i64(),
                row["count"].as_i64().unwrap(),
            )
        })
        .collect();
    let ivanov = Some(account.0);
    assert_eq!(
        rows,
        [
            ("unknown-name", None, 1),
            ("too-early", ivanov, 1),
            ("wrong-password", ivanov, 5)
        ]
    );
    assert!(!told.to_string().contains("typed"), "{told}");
    let page = town
        .ask("GET", "/api/v1/refused-sign-ins?limit=2", Some(&root), None)
        .await
        .json();
    let next = page["next"].as_str().unwrap();
    let rest = town
        .ask(
            "GET",
            &format!("/api/v1/refused-sign-ins?limit=2&after={next}"),
            Some(&root),
            None,
        )
        .await
        .json();
    assert_eq!(
        (&rest["items"][0]["why"], &rest["next"]),
        (&json!("wrong-password"), &Json::Null)
    );
}

#[tokio::test]
async fn whoever_tries_from_however_many_addresses_fills_no_table() {
    let town = Town::new().await;
    for number in 0..10_050_u32 {
        let from = std::net::Ipv4Addr::from(0x0a00_0000 + number).to_string();
        let refused = crate::store::Refused {
            name: "nobody".to_owned(),
            from,
            why: crate::store::RefusedWhy::Password,
            not_written: 0,
        };
        town.store.refused_sign_in(refused).await.unwrap();
    }
    let rows = town.store.refused_sign_ins(None, 20_000).await.unwrap();
    assert_eq!(i64::try_from(rows.len()).unwrap(), limits::REFUSED_ROWS);
}

#[tokio::test]
async fn refused_sign_ins_that_come_too_fast_are_counted_and_not_written_one_by_one() {
    let town = Town::new().await;
    let refusals = &town.state.access.refusals;
    let why = crate::store::RefusedWhy::Password;
    for _ in 0..2_000 {
        refusals.note(&town.store, "nobody", "10.0.0.1", why).await;
    }
    let written: i64 = town
        .store
        .refused_sign_ins(None, 10)
        .await
        .unwrap()
        .iter()
        .map(|row| row.count)
        .sum();
    assert!(
        (i64::from(limits::REFUSED_AT_ONCE)..2_000).contains(&written),
        "{written}"
    );
}
