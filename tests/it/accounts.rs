//! An administrator starts a new host, signs in, and finds the way back when the password is lost.

use serde_json::{Value, json};
use system_tests::host::TestHost;

/// A device that does not answer.
const DEVICES: &str = "name,driver,line,zone,config\nboiler,vkt7,tcp:127.0.0.1:9,UTC,\"{\"\"address\"\": 1}\"\n";

/// A browser: it keeps its cookie.
struct Browser {
    address: String,
    cookie: Option<String>,
}

impl Browser {
    fn of(host: &TestHost) -> Self {
        Self {
            address: host.address().to_owned(),
            cookie: None,
        }
    }

    async fn ask(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let method = method.parse().unwrap();
        let mut request = reqwest::Client::new()
            .request(method, format!("{}/api/v1{path}", self.address))
            .header("content-type", "application/json")
            .header("sec-fetch-site", "same-origin")
            .body(body.to_string());
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let answer = request.send().await.unwrap();
        if let Some(cookie) = answer.headers().get("set-cookie") {
            let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
            self.cookie = Some(cookie.to_owned());
        }
        let status = answer.status().as_u16();
        (
            status,
            serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null),
        )
    }

    async fn sign_in(&mut self, name: &str, password: &str) -> u16 {
        let body = json!({ "name": name, "password": password });
        self.ask("POST", "/session", &body).await.0
    }
}

/// The word behind `secret` in what a program said.
fn secret(text: &str) -> String {
    let after = text
        .split("one-time secret ")
        .nth(1)
        .unwrap_or_else(|| panic!("{text}"));
    after.split_whitespace().next().unwrap().to_owned()
}

#[tokio::test]
async fn a_new_host_has_one_administrator_whose_secret_is_told_once() {
    let mut host = TestHost::prepare(DEVICES, "").with_accounts();
    host.spawn();
    let first = secret(&host.said());
    assert!(!host.log().contains(&first), "the secret is in the log");
    let mut browser = Browser::of(&host);
    let (status, problem) = browser.ask("GET", "/devices", &Value::Null).await;
    assert_eq!((status, &problem["code"]), (401, &json!("not-signed-in")));
    let (status, health) = browser.ask("GET", "/health", &Value::Null).await;
    assert_eq!((status, &health["accounts"]), (200, &json!(true)));
    assert_eq!(browser.sign_in("administrator", &first).await, 200);
    assert_eq!(browser.ask("GET", "/devices", &Value::Null).await.0, 403);
    let chosen = json!({ "old": first, "new": "warm water 55" });
    assert_eq!(browser.ask("POST", "/account/password", &chosen).await.0, 204);
    assert_eq!(browser.ask("GET", "/devices", &Value::Null).await.0, 200);

    // With a key, a command does what its account may.
    let machine =
        json!({ "name": "script", "title": "Script", "kind": "machine", "grants": [{ "role": "administrator" }] });
    let (_, made) = browser.ask("POST", "/accounts", &machine).await;
    let path = format!("/accounts/{}/keys", made["account"]["id"]);
    let new = json!({ "name": "k", "rights": ["see"], "addresses": ["127.0.0.0/8"] });
    let (_, key) = browser.ask("POST", &path, &new).await;
    let bearer = async |key: &str| {
        let request = reqwest::Client::new().get(format!("{}/api/v1/devices", host.address()));
        request.bearer_auth(key).send().await.unwrap().status().as_u16()
    };
    assert_eq!(bearer(key["key"].as_str().unwrap()).await, 200);
    assert_eq!(bearer("uzk_made_up").await, 401);

    // The file is the running host's: accounts are not changed behind its back.
    let refused = host.try_uzel(&["account", "reset", "administrator", "--config", "uzel.toml"]);
    assert!(!refused.status.success());
    host.stop();
    let reset = host.uzel(&["account", "reset", "administrator", "--config", "uzel.toml"]);
    host.spawn();
    assert_eq!(host.said(), "", "there are accounts: nothing is told");
    host.address().clone_into(&mut browser.address);
    assert_eq!(
        browser.ask("GET", "/devices", &Value::Null).await.0,
        401,
        "it is signed out"
    );
    let mut browser = Browser::of(&host);
    assert_eq!(browser.sign_in("administrator", "warm water 55").await, 401);
    assert_eq!(browser.sign_in("administrator", &secret(&reset)).await, 200);
    let (_, session) = browser.ask("GET", "/session", &Value::Null).await;
    assert_eq!(session["must_change_password"], true);
    let listed = host.try_uzel(&["account", "list", "--config", "uzel.toml"]);
    assert!(!listed.status.success(), "the host runs");
}

#[tokio::test]
async fn without_accounts_nobody_else_can_connect() {
    let host = TestHost::prepare(DEVICES, "");
    let config = "[http]\nlisten = '0.0.0.0:0'\ninsecure = true\n[drivers]\nfolder = 'none'\n";
    std::fs::write(host.folder().join("open.toml"), config).unwrap();
    let refused = host.try_uzel(&["serve", "--without-accounts", "--config", "open.toml"]);
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && text.contains("without accounts it listens on 127.0.0.1"),
        "{text}"
    );
    std::fs::write(
        host.folder().join("clear.toml"),
        config.replace("insecure = true\n", ""),
    )
    .unwrap();
    let refused = host.try_uzel(&["serve", "--config", "clear.toml"]);
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && text.contains("http.insecure = true"),
        "{text}"
    );
}
