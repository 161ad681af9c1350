//! Packages on their way through `docker-registry`, the registry that many sites run.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use system_tests::TestHost;
use tempfile::TempDir;

use super::kit::{Vendor, component, package, park, state};

/// A running registry with a login. Killed when dropped.
struct Registry {
    child: Child,
    host: String,
    folder: TempDir,
}

/// bcrypt of `secret`, as the registry keeps passwords.
const HASHED: &str = "works:$2b$04$cX59wsjrWcug9MaoOqywwuhSF7XXMSsYwtwCyVk2CPK9jFZIZBzAC\n";

/// Base64 of `works:secret`.
const LOGIN: &str = "d29ya3M6c2VjcmV0";

impl Registry {
    async fn start() -> Self {
        let program = "/usr/bin/docker-registry";
        assert!(
            Path::new(program).is_file(),
            "docker-registry is not installed, and registries cannot be tested without: `cargo xtask test` installs it, or \
             `apt-get install docker-registry`"
        );
        let folder = tempfile::tempdir().unwrap();
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let host = free.local_addr().unwrap().to_string();
        drop(free);
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("passwords"), HASHED).unwrap();
        let logins = json!({"auths": {host.as_str(): {"auth": LOGIN}}});
        std::fs::write(path("logins.json"), logins.to_string()).unwrap();
        let config = format!(
            "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: {{rootdirectory: \
             '{}'}}}}\nhttp: {{addr: '{host}'}}\nauth: {{htpasswd: {{realm: works, path: '{}'}}}}\n",
            path("data"),
            path("passwords")
        );
        std::fs::write(path("config.yml"), config).unwrap();
        let mut command = Command::new(program);
        command
            .arg("serve")
            .arg(path("config.yml"))
            .env("OTEL_TRACES_EXPORTER", "none");
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let registry = Self { child, host, folder };
        let begun = Instant::now();
        while reqwest::get(format!("http://{}/v2/", registry.host)).await.is_err() {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "docker-registry does not answer"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        registry
    }

    fn logins(&self) -> String {
        self.folder.path().join("logins.json").display().to_string()
    }

    /// Sends a package; gives the reference by digest.
    fn push(&self, host: &TestHost, package: &[u8], tag: &str) -> String {
        let file = self.folder.path().join("a.uzel-driver");
        std::fs::write(&file, package).unwrap();
        let to = format!("oci://{}/works/vkt7{tag}", self.host);
        let file = file.display().to_string();
        let said = host.uzel(&["driver", "push", &file, &to, "--logins", &self.logins()]);
        said.trim().to_owned()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Has the host fetch a package; gives status and answer.
async fn fetch(host: &TestHost, reference: &str) -> (u16, Json) {
    let url = format!("{}/api/v1/drivers/versions", host.address());
    let query = [("from", reference), ("grant", "diagnostics,control"), ("why", "a test")];
    let answer = reqwest::Client::new().post(&url).query(&query).send().await.unwrap();
    let status = answer.status().as_u16();
    (
        status,
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Json::Null),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_goes_through_a_registry_and_is_taken_by_its_digest() {
    let registry = Registry::start().await;
    let config = format!(
        "registry_logins = '{}'\n[polling]\nscheduled = false",
        registry.logins()
    );
    let (host, _meters) = park(1, &config).await;
    let vendor = Vendor::new();
    vendor.trusted(&host).await;
    let first = registry.push(&host, &package(&component("one"), Some(&vendor.signer)), "");
    let second = registry.push(&host, &package(&component("two"), Some(&vendor.signer)), ":newest");
    assert_ne!(first, second);

    let said = host.uzel(&[
        "driver",
        "install",
        &first,
        "--grant",
        "diagnostics,control",
        "--why",
        "contract 17",
        "--config",
        "uzel.toml",
    ]);
    assert!(said.contains("is installed, signed by"), "{said}");
    let (status, answer) = fetch(&host, &second).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(state(&host, answer["digest"].as_str().unwrap()).await.0, "self-tested");
    let history = host.uzel(&["driver", "history", "vkt7", "--config", "uzel.toml"]);
    for words in [format!("contract 17 (from {first})"), format!("a test (from {second})")] {
        assert!(history.contains(&words), "{words} is not in {history}");
    }

    let tagged = format!("oci://{}/works/vkt7:newest", registry.host);
    let (status, answer) = fetch(&host, &tagged).await;
    let detail = answer["detail"].as_str().unwrap();
    assert_eq!((status, detail.contains(&second)), (422, true), "{answer}");
    let unsigned = registry.push(&host, &package(&component("three"), None), ":1.0.0");
    let (status, answer) = fetch(&host, &unsigned).await;
    assert_eq!(status, 422, "{answer}");
    assert!(answer["detail"].as_str().unwrap().contains("not signed"), "{answer}");
    let none = format!("oci://{}/works/vkt7@sha256:{}", registry.host, "0".repeat(64));
    let (status, answer) = fetch(&host, &none).await;
    assert_eq!(status, 422, "{answer}");
    assert!(
        answer["detail"].as_str().unwrap().contains("it has no manifest"),
        "{answer}"
    );
    let versions = host.get("/api/v1/drivers/versions").await;
    let packages = versions["items"].as_array().unwrap().iter();
    assert_eq!(
        packages.filter(|one| one["origin"] == "package").count(),
        2,
        "{versions}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_wants_a_login_gets_the_one_of_its_host_and_no_log_tells_it() {
    let registry = Registry::start().await;
    let (host, _meters) = park(1, "registry_logins = 'logins.json'\n[polling]\nscheduled = false").await;
    let vendor = Vendor::new();
    vendor.trusted(&host).await;
    let reference = registry.push(&host, &package(&component("one"), Some(&vendor.signer)), "");
    let detail = async |words: &str| {
        let (status, answer) = fetch(&host, &reference).await;
        let detail = answer["detail"].as_str().unwrap_or_default();
        assert!(
            status == 422 && detail.contains(words),
            "{status} {answer}, expected {words}"
        );
    };
    detail("logins").await;
    let file = host.folder().join("logins.json");
    std::fs::write(&file, json!({"auths": {"other": {"auth": LOGIN}}}).to_string()).unwrap();
    detail("there is no login for it").await;
    let wrong = json!({"auths": {registry.host.as_str(): {"auth": "d29ya3M6d3Jvbmc="}}});
    std::fs::write(&file, wrong.to_string()).unwrap();
    detail("the login does not do").await;
    std::fs::copy(registry.logins(), &file).unwrap();
    let (status, answer) = fetch(&host, &reference).await;
    assert_eq!(status, 201, "{answer}");
    let events = host.get("/api/v1/drivers/events").await.to_string();
    for secret in [LOGIN, "d29ya3M6d3Jvbmc=", "secret"] {
        assert!(
            !host.log().contains(secret) && !events.contains(secret),
            "{secret} is told"
        );
    }
}
