//! Components that are made to cost much, or to be something else, cost the compiling process and nothing more; those
//! that only are large are taken.

use std::fmt::Write as _;

use serde_json::json;
use system_tests::{TestHost, parts};
use uzel::package::Manifest;

use super::kit::{Vendor, component, done, installed, manifest, package_of, park, planted, send};
use crate::hostile::inside::{describing_by, with_instances};

const QUIET: &str = "[polling]\nscheduled = false";

/// Has a component refused by a host that goes on; gives the reason.
async fn refused(host: &TestHost, vendor: &Vendor, like: &Manifest, name: &str, component: &[u8]) -> String {
    let package = package_of(like.clone(), component, Some(&vendor.signer));
    let (status, answer) = send(host, package, "diagnostics,control").await;
    assert_eq!((status, &answer["code"]), (422, &json!("refused")), "{name}: {answer}");
    answer["detail"].as_str().unwrap().to_owned()
}

/// Where `describe` says that its text is, and how long.
fn told(at: u32, length: u32) -> String {
    format!("(i32.store (i32.const 0) (i32.const {at})) (i32.store (i32.const 4) (i32.const {length})) i32.const 0")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_or_a_table_that_is_too_large_is_refused_by_name() {
    let (host, _meters) = park(1, QUIET).await;
    let vendor = Vendor::new();
    vendor.trusted(&host).await;
    let like = manifest(&planted(b'0'));
    let grown = |pages: u32, length: u32| {
        let grow = format!("(drop (memory.grow (i32.const {pages}))) {}", told(16, length));
        describing_by(&grow, "")
    };
    let invalid = format!("(i32.store (i32.const 16) (i32.const 0xfffefdfc)) {}", told(16, 4));
    let cases: [(&str, Vec<u8>, &str); 7] = [
        (
            "50 MB that are not there",
            describing_by(&told(16, 50_000_000), ""),
            "describe() failed",
        ),
        ("50 MB", grown(800, 50_000_000), "bytes of memory, at most 16777216 may"),
        (
            "10 MB",
            grown(160, 10_000_000),
            "it has 10000000 bytes, at most 262144 may be",
        ),
        ("not UTF-8", describing_by(&invalid, ""), "describe() failed"),
        (
            "a large table",
            describing_by("i32.const 0", "(table 30000 funcref)"),
            "asked for 300",
        ),
        (
            "a huge table",
            describing_by("i32.const 0", "(table 4000000000 funcref)"),
            "asked for 40000000",
        ),
        (
            "many tables",
            with_instances(100, "(module (table 10000 funcref))"),
            "describe() failed",
        ),
    ];
    for (name, component, words) in cases {
        let why = refused(&host, &vendor, &like, name, &component).await;
        assert!(why.contains(words), "{name}: {why}");
    }
    assert!(host.get("/api/v1/health").await.is_object());
}

#[tokio::test(flavor = "multi_thread")]
async fn compiled_code_and_programs_are_no_drivers() {
    let (host, _meters) = park(1, QUIET).await;
    let vendor = Vendor::new();
    vendor.trusted(&host).await;
    let like = manifest(&planted(b'0'));
    // What the host keeps for itself begins with a digest; then comes what wasmtime takes for its own.
    let kept = std::fs::read_dir(host.folder().join("cache")).unwrap().next().unwrap();
    let kept = std::fs::read(kept.unwrap().path()).unwrap();
    let why = refused(&host, &vendor, &like, "precompiled", &kept[32..]).await;
    assert!(why.contains("compiled code is never accepted from outside"), "{why}");
    let program = std::fs::read("/bin/true").unwrap();
    for (name, bytes) in [("kept by the host", kept), ("a program", program)] {
        let why = refused(&host, &vendor, &like, name, &bytes).await;
        assert!(why.contains("no WebAssembly component"), "{name}: {why}");
    }
}

/// A component whose one function has 1000 locals, which change in each of 24 000 branches of a loop: the compiler needs
/// a word for each of them in each branch.
fn bomb() -> Vec<u8> {
    let mut body = String::new();
    for branch in 0..24_000 {
        let (to, one, other) = (branch % 1_000, branch * 7 % 1_000, branch * 13 % 1_000);
        let sum = format!("(local.set {to} (i32.add (local.get {one}) (local.get {other})))");
        write!(body, "(if (local.get 0) (then {sum}))").unwrap();
    }
    let locals = "(local i32)".repeat(1_000);
    wat::parse_str(format!(
        "(component (core module (func {locals} (loop {body} (br_if 0 (local.get 1))))))"
    ))
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_takes_gigabytes_to_compile_takes_its_process_and_nothing_else() {
    let (host, _meters) = park(1, QUIET).await;
    let vendor = Vendor::new();
    vendor.trusted(&host).await;
    let bomb = bomb();
    assert!(bomb.len() < 1_000_000, "it is small: {} bytes", bomb.len());
    let good = installed(&host, &component("good"), &vendor).await;
    let like = manifest(&planted(b'0'));
    let digest = json!(uzel::driver::digest(&bomb));
    let compiling = refused(&host, &vendor, &like, "bomb", &bomb);
    tokio::pin!(compiling);
    let swap = async {
        host.until("the compiling", async |host| {
            let events = host.get("/api/v1/drivers/events?limit=1").await;
            let last = &events["items"][0];
            (last["digest"] == digest && last["to"] == "verified").then_some(())
        })
        .await;
        done(&host, &good, "activate", &json!({"why": "a test", "override": true})).await;
    };
    tokio::select! {
        why = &mut compiling => panic!("versions changed places only after the compiling: {why}"),
        () = swap => {}
    }
    let why = compiling.await;
    assert!(
        why.contains("does not compile") && why.contains("it may have 2048 MiB"),
        "{why}"
    );
    let peak = std::fs::read_to_string(format!("/proc/{}/status", host.pid())).unwrap();
    let peak = peak.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak_kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak_kib < 1 << 20, "the host itself took {peak_kib} KiB");
    assert!(host.get("/api/v1/health").await.is_object());
}

#[tokio::test(flavor = "multi_thread")]
async fn drivers_with_an_interpreter_are_installed_like_others() {
    let (host, _meters) = park(1, QUIET).await;
    let vendor = Vendor::new();
    for language in ["javascript", "python"] {
        let component = std::fs::read(parts::example_file(language)).unwrap();
        let manifest = manifest(&component);
        let key = json!({"vendor": manifest.vendor, "models": ["*"]});
        vendor.trusted_with(&host, &key).await;
        let package = package_of(manifest, &component, Some(&vendor.signer));
        let (status, answer) = send(&host, package, "diagnostics,configure,control").await;
        assert_eq!(status, 201, "{language}: {answer}");
    }
}
