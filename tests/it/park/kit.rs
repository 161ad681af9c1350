//! What these tests share: packages of the ВКТ-7's driver, signed and changed at will, and the way to the host's park.

use meter_sim::{Faults, Handle};
use serde_json::{Value as Json, json};
use system_tests::{TestHost, parts};
use uzel::signing::{Signer, key_id, new_key};

pub use system_tests::package::{component, manifest, package, package_of, planted};

use crate::devices::{devices, tcp, young};

/// A vendor with his key.
pub struct Vendor {
    pub signer: Signer,
    pub public: String,
}

impl Vendor {
    pub fn new() -> Self {
        let (secret, _, public) = new_key().unwrap();
        Self {
            signer: Signer::parse(&secret).unwrap(),
            public,
        }
    }

    pub fn id(&self) -> String {
        key_id(&self.public).unwrap()
    }

    /// Lets the host trust this key for the ВКТ-7, for reading and control.
    pub async fn trusted(&self, host: &TestHost) {
        self.trusted_with(host, &json!({})).await;
    }

    /// The same with other words.
    pub async fn trusted_with(&self, host: &TestHost, other: &Json) {
        let mut key = json!({"public": self.public, "name": "the works", "vendor": parts::driver("vkt7").describe.vendor, "roles": ["read", "control"],
            "models": ["vkt7"], "why": "a test"});
        for (word, value) in other.as_object().unwrap() {
            key[word] = value.clone();
        }
        let (status, answer) = host.post("/api/v1/drivers/keys", &key).await;
        assert_eq!(status, 204, "{answer}");
    }
}

/// Sends a package; gives status and answer.
pub async fn send(host: &TestHost, package: Vec<u8>, grant: &str) -> (u16, Json) {
    let url = format!("{}/api/v1/drivers/versions?grant={grant}&why=a+test", host.address());
    let request = reqwest::Client::new().post(&url).body(package);
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (
        status,
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Json::Null),
    )
}

/// Has a good package taken in; gives its digest.
pub async fn installed(host: &TestHost, component: &[u8], vendor: &Vendor) -> String {
    let (status, answer) = send(host, package(component, Some(&vendor.signer)), "diagnostics,control").await;
    assert_eq!(status, 201, "{answer}");
    answer["digest"].as_str().unwrap().to_owned()
}

/// Does something with a version; panics unless it was done.
pub async fn done(host: &TestHost, digest: &str, what: &str, body: &Json) -> Json {
    let (status, answer) = host
        .post(&format!("/api/v1/drivers/versions/{digest}/{what}"), body)
        .await;
    assert!(matches!(status, 200 | 204), "{what}: {status} {answer}");
    answer
}

/// Where a version stands, and why.
pub async fn state(host: &TestHost, digest: &str) -> (String, String) {
    let version = host.get(&format!("/api/v1/drivers/versions/{digest}")).await;
    let word = |key: &str| version[key].as_str().unwrap().to_owned();
    (word("state"), word("why"))
}

/// A host with `count` meters of a day.
pub async fn park(count: u16, config: &str) -> (TestHost, Vec<Handle>) {
    park_behind(count, config, &Faults::new()).await
}

/// The same, behind lines with `faults`.
pub async fn park_behind(count: u16, config: &str, faults: &Faults) -> (TestHost, Vec<Handle>) {
    let mut meters = Vec::new();
    let history = young(1).generate();
    for number in 1..=count {
        let meter = young(1).history(history.clone()).serial(format!("0070{number:04}"));
        meters.push(meter.faults(faults.clone()).start_tcp().await.unwrap());
    }
    let lines: Vec<(String, String)> = meters
        .iter()
        .enumerate()
        .map(|(at, meter)| (format!("meter-{at}"), tcp(meter)))
        .collect();
    let rows: Vec<[&str; 6]> = lines
        .iter()
        .map(|(name, line)| [name.as_str(), "vkt7", line, "", "hourly daily", "address=1"])
        .collect();
    (TestHost::start_with(&devices(&rows), config), meters)
}
