//! The listener: encryption, slow clients, too many of them.

use std::path::Path;

use axum::routing::get;

use super::*;
use crate::api::{Certificate, Tls};
use crate::limits;

/// A listener that needs no store, and where it is.
async fn listening(certificate: Option<Certificate>) -> (std::net::SocketAddr, CancellationToken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let cancel = CancellationToken::new();
    let router = axum::Router::new().route("/", get(async || "here"));
    tokio::spawn(serve(listener, router, certificate, cancel.clone()));
    (address, cancel)
}

/// A new pair in the files; the certificate.
fn renew(files: &Tls) -> String {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    made.cert.pem()
}

fn files(folder: &Path) -> Tls {
    Tls {
        certificate: folder.join("uzel.pem"),
        key: folder.join("uzel.key"),
    }
}

/// What a client that trusts only `certificate` gets over a connection of its own.
async fn fetch(address: std::net::SocketAddr, certificate: &str) -> Result<String, reqwest::Error> {
    let root = reqwest::Certificate::from_pem(certificate.as_bytes()).unwrap();
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_built_in_root_certs(false)
        .add_root_certificate(root)
        .resolve("localhost", address)
        .build()
        .unwrap();
    let url = format!("https://localhost:{}/", address.port());
    client.get(url).send().await?.text().await
}

#[tokio::test]
async fn a_renewed_certificate_is_used_at_once_and_a_broken_one_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    assert!(Certificate::load(&files).is_err(), "there is none");
    let first = renew(&files);
    let certificate = Certificate::load(&files).unwrap();
    let (address, _cancel) = listening(Some(certificate.clone())).await;
    assert_eq!(fetch(address, &first).await.unwrap(), "here");
    let second = renew(&files);
    assert!(fetch(address, &second).await.is_err(), "it was not read yet");
    certificate.reload().unwrap();
    assert_eq!(fetch(address, &second).await.unwrap(), "here");
    assert!(fetch(address, &first).await.is_err());
    for broken in ["", "no certificate", &first] {
        std::fs::write(&files.certificate, broken).unwrap();
        assert!(certificate.reload().is_err(), "{broken:.20}");
    }
    assert_eq!(fetch(address, &second).await.unwrap(), "here", "the old one stays");
}

#[tokio::test]
async fn files_that_change_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    renew(&files);
    let certificate = Certificate::load(&files).unwrap();
    let (address, cancel) = listening(Some(certificate.clone())).await;
    let old = std::fs::File::options().write(true).open(&files.key).unwrap();
    old.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    tokio::time::pause();
    let watching = tokio::spawn(certificate.watch(cancel.clone()));
    tokio::task::yield_now().await;
    let second = renew(&files);
    tokio::time::advance(limits::CERTIFICATE_LOOK * 2).await;
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    tokio::time::resume();
    assert_eq!(fetch(address, &second).await.unwrap(), "here");
    cancel.cancel();
    watching.await.unwrap();
}

#[tokio::test]
async fn plain_words_at_an_encrypted_port_get_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    renew(&files);
    let (address, _cancel) = listening(Some(Certificate::load(&files).unwrap())).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text).await;
    assert!(!String::from_utf8_lossy(&text).contains("here"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_ends_its_question_is_not_waited_for() {
    let (address, _cancel) = listening(None).await;
    let begun = tokio::time::Instant::now();
    for part in [
        "",
        "GET / HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: ",
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(part.as_bytes()).await.unwrap();
        let mut text = Vec::new();
        let _ = stream.read_to_end(&mut text).await;
        assert!(!String::from_utf8_lossy(&text).contains("here"), "{part}");
    }
    assert!(begun.elapsed() >= limits::HTTP_HEAD_TIME);
}

#[tokio::test]
async fn one_address_takes_not_all_connections() {
    let (address, _cancel) = listening(None).await;
    let mut open = Vec::new();
    for _ in 0..limits::HTTP_CONNECTIONS_OF_ADDRESS {
        open.push(TcpStream::connect(address).await.unwrap());
    }
    let ask = async |stream: &mut TcpStream| {
        let _ = stream
            .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .await;
        let mut text = Vec::new();
        let _ = stream.read_to_end(&mut text).await;
        String::from_utf8_lossy(&text).contains("here")
    };
    // They were taken in the order in which they came.
    assert!(ask(open.last_mut().unwrap()).await);
    open.push(TcpStream::connect(address).await.unwrap());
    assert!(ask(open.last_mut().unwrap()).await, "one has ended");
    open.push(TcpStream::connect(address).await.unwrap());
    open.push(TcpStream::connect(address).await.unwrap());
    assert!(!ask(open.last_mut().unwrap()).await, "it is one too many");
}
