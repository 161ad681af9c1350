//! Words of packages and components that would forge a line of a log, or command a terminal, are only shown.

use std::io::{Cursor, Write as _};

use serde_json::{Value as Json, json};
use system_tests::TestHost;
use uzel::foreign::is_active;
use uzel::package::{COMPONENT, MANIFEST, Manifest, SIGNATURE};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::kit::{Vendor, manifest, package_of, park, planted, send};
use crate::hostile::inside::{DESCRIBE, describing_by, saying};

/// A line of the host's own log, a command to a terminal, a turn of the writing.
const EVIL: &str = "x\n{\"level\":\"INFO\",\"message\":\"forged\"}\u{1b}[2J\u{202e}\u{2028}";

/// A package file of these bytes, whatever they are.
fn zipped(manifest: &[u8], vendor: &Vendor, names: &[&str]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let signature = vendor.signer.sign(manifest, "a test").unwrap();
    let files = [
        (MANIFEST, manifest),
        (SIGNATURE, signature.as_bytes()),
        (COMPONENT, b"component"),
    ];
    for (name, bytes) in files.into_iter().chain(names.iter().map(|name| (*name, &b"more"[..]))) {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Packages with such words in every place that a host reads.
fn packages(like: &Manifest, vendor: &Vendor) -> Vec<(&'static str, Vec<u8>)> {
    let plain = serde_json::to_value(like).unwrap();
    let with = |change: &dyn Fn(&mut Json)| {
        let mut manifest = plain.clone();
        change(&mut manifest);
        zipped(format!("{manifest}\n").as_bytes(), vendor, &[])
    };
    let described = |change: &dyn Fn(&mut Json)| {
        let mut words: Json = serde_json::from_str(DESCRIBE).unwrap();
        change(&mut words);
        package_of(like.clone(), &saying(&words.to_string()), Some(&vendor.signer))
    };
    // A trap names the functions in which it happened.
    let name = EVIL
        .bytes()
        .fold(String::new(), |text, byte| format!("{text}\\{byte:02x}"));
    let trap = describing_by(
        &format!("(call $\"{name}\") i32.const 0"),
        &format!("(func $\"{name}\" unreachable)"),
    );
    vec![
        ("unknown key", with(&|one| one[EVIL] = json!(1))),
        ("format", with(&|one| one["format"] = json!(EVIL))),
        (
            "version of the format",
            with(&|one| one["format_version"] = json!(EVIL)),
        ),
        ("id", with(&|one| one["id"] = json!(EVIL))),
        ("version", with(&|one| one["version"] = json!(EVIL))),
        ("vendor", with(&|one| one["vendor"] = json!(EVIL))),
        ("model", with(&|one| one["models"] = json!([EVIL]))),
        ("title", with(&|one| one["title"]["ru"] = json!(EVIL))),
        ("changelog", with(&|one| one["changelog"]["en"] = json!(EVIL))),
        ("interface", with(&|one| one["interfaces"] = json!([EVIL]))),
        (
            "file",
            with(&|one| one["files"][EVIL] = json!({"bytes": 1, "sha256": EVIL})),
        ),
        (
            "name in the zip",
            zipped(format!("{plain}\n").as_bytes(), vendor, &[EVIL]),
        ),
        ("described key", described(&|one| one[EVIL] = json!(1))),
        ("described title", described(&|one| one["title"]["en"] = json!(EVIL))),
        ("described id", described(&|one| one["id"] = json!(EVIL))),
        ("trap", package_of(like.clone(), &trap, Some(&vendor.signer))),
    ]
}

/// Whether a text holds nothing that does more than stand there, lines and columns aside.
fn is_plain(text: &str) -> bool {
    !text.contains(|c| is_active(c) && !matches!(c, '\n' | '\t'))
}

/// What the program prints about a package, for people on a terminal.
fn printed(host: &TestHost, args: &[&str]) -> String {
    let output = host.try_uzel(args);
    [output.stdout, output.stderr]
        .map(|bytes| String::from_utf8(bytes).unwrap())
        .concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_would_forge_a_log_or_command_a_terminal_are_only_shown() {
    let (host, _meters) = park(1, "[polling]\nscheduled = false").await;
    let vendor = Vendor::new();
    vendor.trusted(&host).await;
    let packages = packages(&manifest(&planted(b'0')), &vendor);
    for (name, package) in &packages {
        let (status, answer) = send(&host, package.clone(), "diagnostics,control").await;
        assert_eq!(status, 422, "{name}: {answer}");
        let detail = answer["detail"].as_str().unwrap();
        assert!(!detail.contains(is_active), "{name}: {detail:?}");
        let file = host.folder().join("evil.uzel-driver");
        std::fs::write(&file, package).unwrap();
        let said = printed(&host, &["driver", "verify", "evil.uzel-driver"]);
        assert!(is_plain(&said) && !said.contains("\n{"), "{name}: {said:?}");
    }
    let path = format!("/api/v1/drivers/versions/{}/revoke", "0".repeat(64));
    assert_eq!(host.post(&path, &json!({"why": EVIL})).await.0, 204);

    let events = host.get("/api/v1/drivers/events?limit=1000").await;
    let events = events["items"].as_array().unwrap();
    assert!(events.len() > packages.len(), "{} events", events.len());
    let history = printed(&host, &["driver", "history", "--config", "uzel.toml"]);
    assert_eq!(history.lines().count(), events.len(), "{history}");
    let versions = printed(&host, &["driver", "versions", "--config", "uzel.toml"]);
    assert!(is_plain(&history) && is_plain(&versions), "{history}{versions}");
    let log = host.log();
    for line in log.lines() {
        let event: Json = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_ne!(event["message"], "forged", "{line}");
        assert!(is_plain(line), "{line:?}");
    }
    assert!(log.contains("forged"), "the words are shown: {log}");
}
