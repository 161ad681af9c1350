//! Registries that lie, stall, give too much, or want to know who asks: small servers on this machine.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, LOCATION, WWW_AUTHENTICATE};
use axum::http::{Method, Request, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::manifest::{digest, write};
use super::{Client, Logins, Reference, Target, Times};

/// What a server answers to a method and a path.
type Answer = dyn Fn(&Method, &str, Option<&str>) -> Response + Send + Sync;

/// A registry that answers so; gives its host.
async fn registry(answer: impl Fn(&str) -> Response + Send + Sync + 'static) -> String {
    asking(Arc::new(move |_, path, _| answer(path))).await
}

async fn asking(answer: Arc<Answer>) -> String {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let router = Router::new().fallback(move |request: Request<Body>| async move {
        let who = request
            .headers()
            .get(AUTHORIZATION)
            .map(|who| who.to_str().unwrap().to_owned());
        answer(request.method(), &request.uri().to_string(), who.as_deref())
    });
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    host
}

fn client(logins: Logins) -> Client {
    let times = Times {
        silence: Duration::from_millis(300),
        ..Times::default()
    };
    Client::new(times, logins).unwrap()
}

fn reference(host: &str, manifest: &[u8]) -> Reference {
    let reference: Reference = format!("oci://{host}/works/vkt7").parse().unwrap();
    reference.with(Target::Digest(digest(manifest)))
}

/// Why nothing comes from such a registry.
async fn why(reference: &Reference) -> String {
    client(Logins::default()).pull(reference).await.unwrap_err().to_string()
}

#[tokio::test]
async fn what_a_registry_gives_has_the_digest_that_was_asked_for_or_is_refused() {
    let package = b"PK the package".to_vec();
    let manifest = write(&package, "a.uzel-driver");
    let serve = |manifest: Vec<u8>, package: Vec<u8>| {
        registry(move |path| match path {
            path if path.contains("/manifests/") => manifest.clone().into_response(),
            _ => package.clone().into_response(),
        })
    };
    let host = serve(manifest.clone(), package.clone()).await;
    let pulled = client(Logins::default()).pull(&reference(&host, &manifest)).await;
    assert_eq!(pulled.unwrap(), package);
    let other = write(b"another", "a.uzel-driver");
    let host = serve(other.clone(), b"another".to_vec()).await;
    let said = why(&reference(&host, &manifest)).await;
    assert!(said.contains(&format!("came with digest {}", digest(&other))), "{said}");
    let host = serve(manifest.clone(), b"PK the packagf".to_vec()).await;
    let said = why(&reference(&host, &manifest)).await;
    assert!(
        said.contains("package sha256:") && said.contains("came with digest"),
        "{said}"
    );
    let host = serve(manifest.clone(), b"PK the package and more".to_vec()).await;
    let said = why(&reference(&host, &manifest)).await;
    assert!(said.contains("more than 14 bytes"), "{said}");
    let large = String::from_utf8(manifest)
        .unwrap()
        .replace("\"size\":14", "\"size\":99000000");
    let host = serve(large.clone().into_bytes(), package).await;
    let said = why(&reference(&host, large.as_bytes())).await;
    assert!(said.contains("99000000 bytes, at most 50331648"), "{said}");
}

#[tokio::test]
async fn a_registry_that_never_ends_or_never_answers_costs_little() {
    let endless = || {
        let pieces = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 4_096]));
        Response::new(Body::from_stream(pieces))
    };
    let host = registry(move |_| endless()).await;
    let said = why(&reference(&host, b"x")).await;
    assert!(said.contains("more than 65536 bytes"), "{said}");
    let host = registry(|_| {
        Response::new(Body::from_stream(futures::stream::pending::<
            Result<Vec<u8>, std::io::Error>,
        >()))
    })
    .await;
    let said = why(&reference(&host, b"x")).await;
    assert!(said.contains("took longer than 0.3 s"), "{said}");
    // It takes the connection and says nothing at all.
    let silent = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let said = why(&reference(&silent.local_addr().unwrap().to_string(), b"x")).await;
    assert!(said.contains("took longer than 0.3 s"), "{said}");
    let host = registry(|path| (StatusCode::FOUND, [(LOCATION, path.to_owned())]).into_response()).await;
    let error = client(Logins::default())
        .pull(&reference(&host, b"x"))
        .await
        .unwrap_err();
    assert!(
        format!("{error:?}").contains("redirects more than 4 times"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_registrys_words_are_shown_and_not_obeyed() {
    let host = registry(|path| match path {
        path if path.contains("/manifests/1.0.0") => b"{}".to_vec().into_response(),
        path if path.contains(&"0".repeat(64)) => StatusCode::NOT_FOUND.into_response(),
        _ => (StatusCode::BAD_GATEWAY, "down\n\u{1b}[2Juzel: all is well").into_response(),
    })
    .await;
    let said = why(&reference(&host, b"x")).await;
    assert!(
        said.ends_with("the answer is 502, expected 200: down\\n\\u{1b}[2Juzel: all is well"),
        "{said}"
    );
    let none = reference(&host, b"x").with(Target::Digest(format!("sha256:{}", "0".repeat(64))));
    assert!(why(&none).await.contains("it has no manifest sha256:0000"));
    let tag = reference(&host, b"x").with(Target::Tag("1.0.0".to_owned()));
    let said = why(&tag).await;
    let by_digest = tag.with(Target::Digest(digest(b"{}"))).to_string();
    assert!(said.contains(&format!("points at today, {by_digest}, if")), "{said}");
    assert!(why(&tag.with(Target::None)).await.contains("it names no digest"));
}

#[tokio::test]
async fn a_token_is_asked_for_by_the_registrys_word_and_for_this_repository_only() {
    let package = b"PK".to_vec();
    let manifest = write(&package, "a.uzel-driver");
    let (host, served) = (Arc::new(std::sync::OnceLock::<String>::new()), manifest.clone());
    let own = host.clone();
    let answer = move |_: &Method, path: &str, who: Option<&str>| {
        let realm = format!("http://{}/token", own.get().unwrap());
        if let Some(query) = path.strip_prefix("/token?") {
            assert_eq!(query, "service=here&scope=repository%3Aworks%2Fvkt7%3Apull");
            let is_known = who == Some("Basic dTpw");
            let status = if is_known {
                StatusCode::OK
            } else {
                StatusCode::UNAUTHORIZED
            };
            return (status, "{\"token\": \"once\"}").into_response();
        }
        if who != Some("Bearer once") {
            let challenge = format!("Bearer realm=\"{realm}\",service=\"here\",scope=\"repository:*:delete\"");
            return (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, challenge)]).into_response();
        }
        let is_manifest = path.contains("/manifests/");
        if is_manifest {
            served.clone().into_response()
        } else {
            package.clone().into_response()
        }
    };
    let address = asking(Arc::new(answer)).await;
    host.set(address.clone()).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        file.path(),
        format!("{{\"auths\": {{\"{address}\": {{\"auth\": \"dTpw\"}}}}}}"),
    )
    .unwrap();
    let logins = Logins::read(file.path()).unwrap();
    let reference = reference(&address, &manifest);
    assert_eq!(client(logins).pull(&reference).await.unwrap(), b"PK");
    let said = why(&reference).await;
    assert!(said.contains("is not allowed (there is no login for it)"), "{said}");
}
