//! What these tests share: packages of the ВКТ-7's driver, signed and changed at will, and the way to the host's park.

use std::collections::BTreeMap;

use meter_sim::Handle;
use serde_json::{Value as Json, json};
use system_tests::{TestHost, parts};
use uzel::driver::Driver;
use uzel::package::{COMPONENT, FORMAT, FORMAT_VERSION, Manifest, Text, pack};
use uzel::signing::{Signer, key_id, new_key};

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
        let mut key = json!({"public": self.public, "name": "the works", "vendor": vendor(), "roles": ["read", "control"],
            "models": ["vkt7"], "why": "a test"});
        for (word, value) in other.as_object().unwrap() {
            key[word] = value.clone();
        }
        let (status, answer) = host.post("/api/v1/drivers/keys", &key).await;
        assert_eq!(status, 204, "{answer}");
    }
}

/// The component of the driver, with something more in it that changes nothing but its digest.
pub fn component(more: &str) -> Vec<u8> {
    with_section(std::fs::read(parts::driver_file("vkt7")).unwrap(), more)
}

/// The driver with a planted fault, by its digit.
pub fn planted(fault: u8) -> Vec<u8> {
    let mut bytes = std::fs::read(parts::hostile_file("planted")).unwrap();
    let words = b"planted fault: ";
    let at = bytes.windows(words.len()).position(|window| window == words);
    let digit = at.expect("the words are in the component") + words.len();
    bytes[digit] = fault;
    bytes
}

/// Adds a custom section: its id, its length, its name, its content.
fn with_section(mut component: Vec<u8>, more: &str) -> Vec<u8> {
    let name = b"note";
    component.push(0);
    component.push(u8::try_from(1 + name.len() + more.len()).unwrap());
    component.push(u8::try_from(name.len()).unwrap());
    component.extend(name);
    component.extend(more.as_bytes());
    component
}

fn vendor() -> String {
    parts::driver("vkt7").describe.vendor.clone()
}

/// What the manifest of a package of `component` says.
pub fn manifest(component: &[u8]) -> Manifest {
    let driver = Driver::load(parts::runtime(), component, std::path::Path::new("a test"));
    let driver = driver.unwrap_or_else(|error| panic!("{error}"));
    let describe = &driver.describe;
    let interfaces = driver.interfaces().iter().filter(|name| **name != "meter");
    Manifest {
        changelog: Text::default(),
        contract: "1.0.0".to_owned(),
        files: BTreeMap::new(),
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        id: describe.id.clone(),
        interfaces: interfaces.map(ToString::to_string).collect(),
        models: describe.models.iter().map(|model| model.id.clone()).collect(),
        title: Text::default(),
        vendor: describe.vendor.clone(),
        version: describe.version.clone(),
    }
}

/// A package of `component` alone.
pub fn package(component: &[u8], signer: Option<&Signer>) -> Vec<u8> {
    package_of(manifest(component), component, signer)
}

/// The same with another manifest.
pub fn package_of(manifest: Manifest, component: &[u8], signer: Option<&Signer>) -> Vec<u8> {
    let files = BTreeMap::from([(COMPONENT.to_owned(), component.to_vec())]);
    pack(manifest, &files, signer).unwrap()
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

/// A host with `count` meters of a day, read on demand.
pub async fn park(count: u8, config: &str) -> (TestHost, Vec<Handle>) {
    let mut meters = Vec::new();
    for number in 1..=count {
        let meter = young(1).seed(u64::from(number)).serial(format!("0070{number:04}"));
        meters.push(meter.start_tcp().await.unwrap());
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
