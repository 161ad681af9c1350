//! Every route, for every role, over one's own object and over a foreign one.

use super::*;
use crate::api::access::{Needs, TABLE, needs};

/// Somebody with one role, over one organisation or over everything.
struct Somebody {
    role: Role,
    is_everywhere: bool,
    account: AccountId,
    token: String,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Reached,
    Forbidden,
    Missing,
}

/// What must happen to a request of `who` about an object of his own, or a foreign one.
fn expected(needs: Needs, who: &Somebody, is_own: bool) -> Fate {
    let allowed = |is_allowed| if is_allowed { Fate::Reached } else { Fate::Forbidden };
    match needs {
        Needs::Open | Needs::Begun | Needs::Account => Fate::Reached,
        Needs::Somewhere(right) => allowed(who.role.has(right)),
        Needs::Everywhere(right) => allowed(who.role.has(right) && who.is_everywhere),
        Needs::Over(right, _) => {
            if who.role.has(Right::See) && (is_own || who.is_everywhere) {
                allowed(who.role.has(right))
            } else {
                Fate::Missing
            }
        }
        Needs::Version => match who.role {
            Role::Vendor if is_own => Fate::Reached,
            Role::Vendor => Fate::Missing,
            role => allowed(role.has(Right::SeeDrivers) && who.is_everywhere),
        },
    }
}

fn fate(told: &Told) -> Option<Fate> {
    match told.status {
        _ if told.is_reached => Some(Fate::Reached),
        StatusCode::FORBIDDEN => Some(Fate::Forbidden),
        StatusCode::NOT_FOUND => Some(Fate::Missing),
        _ => None,
    }
}

/// The path of a route with the object that it is about.
fn filled(path: &str, needs: Needs, owned: &Owned) -> String {
    let id = match needs {
        Needs::Over(_, object) => owned.id(object).to_string(),
        // What is of no place.
        _ => "9999".to_owned(),
    };
    path.replace("{id}", &id)
        .replace("{digest}", &owned.digest)
        .replace("{key}", "9999")
}

async fn everybody(town: &Town, own: &Owned) -> Vec<Somebody> {
    let mut all = Vec::new();
    for role in Role::ALL {
        let mut scopes = vec![
            (false, GrantOn::Organisation(own.organisation)),
            (true, GrantOn::Everything),
        ];
        if role == Role::Vendor {
            scopes = vec![(false, GrantOn::Vendor("ours".to_owned()))];
        }
        for (is_everywhere, on) in scopes {
            let name = format!("{}-{is_everywhere}", role.word());
            let account = town.account(&name, AccountKind::Person, &[(role, on)]).await;
            let token = town.sign_in(account).await;
            all.push(Somebody {
                role,
                is_everywhere,
                account,
                token,
            });
        }
    }
    all
}

#[test]
fn every_route_of_the_document_is_in_the_table_and_the_other_way_round() {
    let routes = routes();
    for (method, path) in &routes {
        let method: Method = method.parse().unwrap();
        assert!(
            needs(&method, path).is_some(),
            "{method} {path} is not in api/access/table.rs"
        );
    }
    for (method, path, _) in TABLE {
        let path = format!("/api/v1{path}");
        let is_there = path == "/api/v1/openapi.json" || routes.contains(&(method.to_string(), path.clone()));
        assert!(is_there, "{method} {path} is in the table and is no route");
        let same = TABLE.iter().filter(|route| (&route.0, route.1) == (method, &path[7..]));
        assert_eq!(same.count(), 1, "{method} {path} is there twice");
    }
}

#[tokio::test]
async fn every_role_reaches_what_it_may_and_nothing_else() {
    let town = Town::new().await;
    let (own, foreign) = (town.owned(1).await, town.owned(2).await);
    let mut everybody = everybody(&town, &own).await;
    let mut wrong = Vec::new();
    for (method, path) in routes() {
        let needs = needs(&method.parse().unwrap(), &path).unwrap();
        let nobody = town.reach(&method, &filled(&path, needs, &own), None).await;
        let is_kept_out = nobody.status == StatusCode::UNAUTHORIZED && !nobody.is_reached;
        if is_kept_out == (needs == Needs::Open) {
            wrong.push(format!("{method} {path}: nobody got {}", nobody.status));
        }
        for who in &mut everybody {
            for (object, is_own) in [(&own, true), (&foreign, false)] {
                let path = filled(&path, needs, object);
                let told = town.reach(&method, &path, Some(&who.token)).await;
                let want = expected(needs, who, is_own);
                if fate(&told) != Some(want) {
                    let (role, everywhere) = (who.role.word(), who.is_everywhere);
                    wrong.push(format!(
                        "{method} {path}: {role}, everywhere {everywhere}: {} {:?}, expected {want:?}",
                        told.status,
                        fate(&told)
                    ));
                }
                if method == "DELETE" && path.contains("session") {
                    who.token = town.sign_in(who.account).await;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_is_not_there_is_not_there_for_anybody_with_a_scope() {
    let town = Town::new().await;
    let own = town.owned(1).await;
    let on = GrantOn::Organisation(own.organisation);
    let token = town.signed_in("ivanov", Role::Administrator, on).await;
    for path in [
        "/devices/99",
        "/devices/x",
        "/devices/-1",
        "/sessions/99",
        "/points/99",
        "/lines/9223372036854775807",
    ] {
        let told = town.ask("GET", &format!("/api/v1{path}"), Some(&token), None).await;
        assert_eq!(
            (told.status, &told.json()["code"]),
            (StatusCode::NOT_FOUND, &json!("not-found")),
            "{path}"
        );
    }
    let foreign = town.ask("GET", "/api/v1/devices/2", Some(&token), None).await.json();
    let missing = town.ask("GET", "/api/v1/devices/99", Some(&token), None).await.json();
    let text = |problem: &Json| {
        problem["detail"]
            .as_str()
            .unwrap()
            .replace(|char: char| char.is_ascii_digit(), "")
    };
    assert_eq!(text(&foreign), text(&missing), "a foreign object and none look alike");
}
