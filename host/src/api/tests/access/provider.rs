//! Signing in by what a provider of identities says: a provider on a socket of its own, with its own keys.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::api::Oidc;

const SECRET: &str = "the secret of this host";

/// How the provider signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signs {
    Well,
    ByAnotherKey,
    NotAtAll,
    ByTheSecret,
}

/// What the provider says when it is asked with the code.
struct Answer {
    claims: Json,
    signs: Signs,
    /// Of the browser that was sent.
    challenge: String,
}

/// A provider of identities.
struct Provider {
    address: SocketAddr,
    key: EcdsaKeyPair,
    other: EcdsaKeyPair,
    answer: Mutex<Answer>,
}

/// RFC 4648, section 5, without padding.
fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for part in bytes.chunks(3) {
        let bits = part.iter().fold(0_u32, |bits, byte| (bits << 8) | u32::from(*byte)) << (8 * (3 - part.len()));
        for letter in 0..=part.len() {
            let index = usize::try_from((bits >> (18 - 6 * letter)) & 63).unwrap();
            text.push(char::from(LETTERS[index]));
        }
    }
    text
}

fn key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap()
}

impl Provider {
    async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Arc::new(Self {
            address: listener.local_addr().unwrap(),
            key: key(),
            other: key(),
            answer: Mutex::new(Answer {
                claims: Json::Null,
                signs: Signs::Well,
                challenge: String::new(),
            }),
        });
        let served = provider.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(served.clone().serve(stream));
            }
        });
        provider
    }

    fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    async fn serve(self: Arc<Self>, mut stream: TcpStream) {
        let mut request = Vec::new();
        let mut part = [0; 4096];
        while !(is_whole(&request) || request.starts_with(b"GET") && request.ends_with(b"\r\n\r\n")) {
            match stream.read(&mut part).await {
                Ok(0) | Err(_) => return,
                Ok(count) => request.extend_from_slice(&part[..count]),
            }
        }
        let request = String::from_utf8(request).unwrap();
        let path = request.split(' ').nth(1).unwrap();
        let (status, body) = match path {
            "/.well-known/openid-configuration" => (200, self.document()),
            "/keys" => (200, self.keys()),
            "/token" => self.token(&request),
            _ => (404, Json::Null),
        };
        let body = body.to_string();
        let answer = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.write_all(answer.as_bytes()).await;
    }

    fn document(&self) -> Json {
        let issuer = self.issuer();
        json!({
            "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        })
    }

    fn keys(&self) -> Json {
        let public = self.key.public_key().as_ref();
        let (x, y) = (base64url(&public[1..33]), base64url(&public[33..]));
        json!({ "keys": [{ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "one", "x": x, "y": y }] })
    }

    /// Gives the token for the code, to whoever has the secret and the verifier of the challenge.
    fn token(&self, request: &str) -> (u16, Json) {
        let (head, form) = request.split_once("\r\n\r\n").unwrap();
        let form: HashMap<&str, &str> = form.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let answer = self.answer.lock().unwrap();
        let verifier = form.get("code_verifier").copied().unwrap_or_default();
        let is_proven = base64url(&Sha256::digest(verifier)) == answer.challenge;
        let is_client = head.to_lowercase().contains("authorization: basic ");
        if !is_proven || !is_client || form.get("code") != Some(&"the-code") {
            return (400, json!({ "error": "invalid_grant" }));
        }
        let token = self.signed(&answer);
        (
            200,
            json!({ "access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": token }),
        )
    }

    fn signed(&self, answer: &Answer) -> String {
        let algorithm = match answer.signs {
            Signs::Well | Signs::ByAnotherKey => "ES256",
            Signs::NotAtAll => "none",
            Signs::ByTheSecret => "HS256",
        };
        let head = base64url(json!({ "alg": algorithm, "kid": "one" }).to_string().as_bytes());
        let text = format!("{head}.{}", base64url(answer.claims.to_string().as_bytes()));
        let by = |key: &EcdsaKeyPair| {
            key.sign(&SystemRandom::new(), text.as_bytes())
                .unwrap()
                .as_ref()
                .to_vec()
        };
        let signature = match answer.signs {
            Signs::Well => by(&self.key),
            Signs::ByAnotherKey => by(&self.other),
            Signs::NotAtAll => Vec::new(),
            Signs::ByTheSecret => {
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
                ring::hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
            }
        };
        format!("{text}.{}", base64url(&signature))
    }
}

/// A host whose people may come by a provider, and that provider.
async fn town(accounts: &[&str], role: Option<&str>) -> (Town, Arc<Provider>) {
    let mut town = Town::new().await;
    let provider = Provider::start().await;
    let secret_file = town._dir.path().join("oidc.secret");
    std::fs::write(&secret_file, format!("{SECRET}\n")).unwrap();
    let oidc = Oidc {
        issuer: provider.issuer(),
        client_id: "uzel".to_owned(),
        secret_file: Some(secret_file),
        redirect: "http://localhost/api/v1/session/provider/back".to_owned(),
        title: "Heat ID".to_owned(),
        claim: "preferred_username".to_owned(),
        accounts: accounts.iter().map(|&name| name.to_owned()).collect(),
        role: role.map(str::to_owned),
    };
    town.state = town.state.clone().with_provider(Some(oidc)).unwrap();
    (town, provider)
}

/// The cookies of an answer by name; those that are taken away are empty.
fn cookies(told: &Told) -> HashMap<String, String> {
    let all = told.headers.get_all("set-cookie").iter();
    let cookie = all.map(|cookie| {
        let text = cookie.to_str().unwrap();
        let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    });
    cookie.collect()
}

async fn get(town: &Town, path: &str, cookie: &str) -> Told {
    let request = Request::builder()
        .uri(path)
        .header("host", "localhost")
        .header("sec-fetch-site", "cross-site")
        .header("cookie", cookie)
        .body(Body::empty())
        .unwrap();
    town.send(router(town.state.clone()), request).await
}

/// A browser goes to the provider, which says `claims` beside the usual ones, and comes back.
async fn comes_back(town: &Town, provider: &Provider, claims: Json, signs: Signs) -> Told {
    let sent = get(town, "/api/v1/session/provider", "").await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.json());
    let url = reqwest::Url::parse(sent.headers["location"].to_str().unwrap()).unwrap();
    assert!(url.as_str().starts_with(&provider.issuer()), "{url}");
    let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
    assert_eq!(
        (asked["code_challenge_method"].as_str(), asked["response_type"].as_str()),
        ("S256", "code")
    );
    let now = Timestamp::now().as_second();
    let mut said = json!({
        "iss": provider.issuer(), "aud": "uzel", "sub": "subject-1", "exp": now + 60, "iat": now,
        "nonce": asked["nonce"], "preferred_username": "Ivanov",
    });
    said.as_object_mut()
        .unwrap()
        .extend(claims.as_object().unwrap().clone());
    *provider.answer.lock().unwrap() = Answer {
        claims: said,
        signs,
        challenge: asked["code_challenge"].clone(),
    };
    let kept = format!("uzel-provider={}", cookies(&sent)["uzel-provider"]);
    let path = format!(
        "/api/v1/session/provider/back?code=the-code&session_state=x&state={}",
        asked["state"]
    );
    get(town, &path, &kept).await
}

fn is_refused(told: &Told) -> bool {
    let led = told.headers.get("location").and_then(|to| to.to_str().ok());
    told.status == StatusCode::SEE_OTHER
        && led == Some("/sign-in?refused=provider")
        && !cookies(told).contains_key("uzel")
}

#[tokio::test]
async fn who_is_listed_is_signed_in_by_what_the_provider_says() {
    let (town, provider) = town(&["ivanov"], None).await;
    let account = town.person("ivanov", "тёплая вода 5", Role::Viewer).await;
    let ways = town.ask("GET", "/api/v1/session/ways", None, None).await.json();
    assert_eq!(ways, json!({ "password": true, "provider": "Heat ID" }));
    let told = comes_back(&town, &provider, json!({}), Signs::Well).await;
    assert_eq!(told.headers["location"], "/", "{:?}", told.headers);
    let cookies = cookies(&told);
    assert_eq!(cookies["uzel-provider"], "", "what was kept holds once");
    let who = town
        .ask("GET", "/api/v1/session", Some(&cookies["uzel"]), None)
        .await
        .json();
    assert_eq!(
        (&who["account"]["id"], &who["must_change_password"]),
        (&json!(account.0), &json!(false))
    );
    // The name may change at the provider: the subject is known.
    let renamed = comes_back(&town, &provider, json!({ "preferred_username": "petrov" }), Signs::Well).await;
    assert_eq!(renamed.headers["location"], "/");
    // Somebody else who takes the name there is not he.
    let other = comes_back(&town, &provider, json!({ "sub": "subject-2" }), Signs::Well).await;
    assert!(is_refused(&other), "{:?}", other.headers);
}

#[tokio::test]
async fn what_is_not_the_providers_answer_to_this_question_signs_nobody_in() {
    let (town, provider) = town(&["*"], None).await;
    town.person("ivanov", "тёплая вода 5", Role::Viewer).await;
    let past = Timestamp::now().as_second() - 3600;
    for (claims, signs) in [
        (json!({ "nonce": "another" }), Signs::Well),
        (json!({ "nonce": null }), Signs::Well),
        (json!({ "aud": "another" }), Signs::Well),
        (json!({ "aud": ["uzel", "another"] }), Signs::Well),
        (json!({ "iss": "http://evil.example" }), Signs::Well),
        (json!({ "exp": past }), Signs::Well),
        (json!({ "preferred_username": null }), Signs::Well),
        (json!({ "preferred_username": "<script>" }), Signs::Well),
        (json!({ "preferred_username": "nobody" }), Signs::Well),
        (json!({}), Signs::ByAnotherKey),
        (json!({}), Signs::NotAtAll),
        (json!({}), Signs::ByTheSecret),
    ] {
        let told = comes_back(&town, &provider, claims.clone(), signs).await;
        assert!(
            is_refused(&told),
            "{claims} {signs:?}: {} {:?}",
            told.status,
            told.headers
        );
    }
    for (path, cookie) in [
        ("back?code=the-code&state=x", "uzel-provider=y.n.v"),
        ("back?code=the-code&state=x", ""),
        ("back?code=the-code&state=", "uzel-provider=.n.v"),
        ("back?code=wrong&state=x", "uzel-provider=x.n.v"),
        ("back?error=access_denied&state=x", "uzel-provider=x.n.v"),
        ("back", ""),
    ] {
        let told = get(&town, &format!("/api/v1/session/provider/{path}"), cookie).await;
        assert!(is_refused(&told), "{path} {cookie}: {} {:?}", told.status, told.headers);
    }
    let rows = town.store.refused_sign_ins(None, 100).await.unwrap();
    assert!(rows.iter().all(|row| row.why == "provider"), "{rows:?}");
    assert_eq!(rows.iter().map(|row| row.count).sum::<i64>(), 18);
}

#[tokio::test]
async fn an_account_is_made_only_with_a_role_and_none_is_taken_that_is_not_listed() {
    let (town, provider) = town(&[], Some("dispatcher")).await;
    town.person("root", "тёплая вода 5", Role::Administrator).await;
    let root = comes_back(&town, &provider, json!({ "preferred_username": "root" }), Signs::Well).await;
    assert!(is_refused(&root), "{:?}", root.headers);
    let told = comes_back(&town, &provider, json!({}), Signs::Well).await;
    let token = &cookies(&told)["uzel"];
    let who = town.ask("GET", "/api/v1/session", Some(token), None).await.json();
    assert_eq!(who["account"]["name"], "ivanov");
    assert_eq!(who["rights"]["everywhere"], json!(["see", "dispatch"]));
    let account = AccountId(who["account"]["id"].as_i64().unwrap());
    let change = AccountChange::Describe {
        title: None,
        enabled: Some(false),
    };
    town.store
        .change_account(account, change, &Actor::host())
        .await
        .unwrap()
        .unwrap();
    let disabled = comes_back(&town, &provider, json!({}), Signs::Well).await;
    assert!(is_refused(&disabled), "{:?}", disabled.headers);
}

#[tokio::test]
async fn a_host_without_a_provider_leads_nowhere() {
    let town = Town::new().await;
    let ways = town.ask("GET", "/api/v1/session/ways", None, None).await.json();
    assert_eq!(ways, json!({ "password": true, "provider": null }));
    for path in [
        "/api/v1/session/provider",
        "/api/v1/session/provider/back?code=a&state=b",
    ] {
        assert_eq!(get(&town, path, "").await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
