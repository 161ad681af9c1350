//! Packages and components that mean harm, or are only broken, are refused by name; nothing of them runs.

use serde_json::json;
use uzel::package::Manifest;

use super::kit::{Vendor, component, manifest, package, package_of, park, planted, send};
use crate::devices::ON_DEMAND;

#[tokio::test(flavor = "multi_thread")]
async fn a_package_is_refused_unless_everything_about_it_is_right() {
    let (host, _meters) = park(1, ON_DEMAND).await;
    let (vendor, other, revoked, expired) = (Vendor::new(), Vendor::new(), Vendor::new(), Vendor::new());
    vendor.trusted(&host).await;
    revoked.trusted(&host).await;
    let path = format!("/api/v1/drivers/keys/{}/revoke", revoked.id());
    let (status, _) = host.post(&path, &json!({"why": "stolen"})).await;
    assert_eq!(status, 204);
    expired
        .trusted_with(&host, &json!({"valid_to": "2020-01-01T00:00:00Z"}))
        .await;
    let (good, less) = (component("good"), component("less"));
    let signed = |change: &dyn Fn(&mut Manifest)| {
        let mut manifest = manifest(&good);
        change(&mut manifest);
        package_of(manifest, &good, Some(&vendor.signer))
    };
    let mut fewer = manifest(&less);
    fewer.interfaces.retain(|one| one != "control");
    let fewer = package_of(fewer, &less, Some(&vendor.signer));
    let mut tampered = package(&good, Some(&vendor.signer));
    let at = tampered.len() / 2;
    tampered[at] ^= 1;
    let cases: Vec<(&str, Vec<u8>, &str, &str)> = vec![
        ("unsigned", package(&good, None), "diagnostics,control", "not signed"),
        (
            "a stranger",
            package(&good, Some(&other.signer)),
            "diagnostics,control",
            "not among the vendors' keys",
        ),
        (
            "a revoked key",
            package(&good, Some(&revoked.signer)),
            "diagnostics,control",
            "was revoked",
        ),
        (
            "an expired key",
            package(&good, Some(&expired.signer)),
            "diagnostics,control",
            "not today",
        ),
        (
            "not granted",
            signed(&|_| ()),
            "diagnostics",
            "asks for control, which is not granted",
        ),
        (
            "a role too many",
            signed(&|m| m.interfaces.push("configure".into())),
            "diagnostics,control,configure",
            "needs the roles configure",
        ),
        (
            "another vendor",
            signed(&|m| m.vendor = "Others".into()),
            "diagnostics,control",
            "\"Others\" as vendor",
        ),
        (
            "another's model",
            signed(&|m| m.models.push("spt943".into())),
            "diagnostics,control",
            "claims models spt943",
        ),
        (
            "another version",
            signed(&|m| m.version = "9.9.9".into()),
            "diagnostics,control",
            "the manifest says version",
        ),
        ("fewer interfaces", fewer, "diagnostics", "differ in the interfaces"),
        ("changed bytes", tampered, "diagnostics,control", ""),
        ("no package", b"hello".to_vec(), "diagnostics", "no driver package"),
        ("nothing", Vec::new(), "diagnostics", "no driver package"),
    ];
    for (name, bytes, grant, words) in cases {
        let (status, answer) = send(&host, bytes, grant).await;
        assert_eq!((status, &answer["code"]), (422, &json!("refused")), "{name}: {answer}");
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{name}: {detail}");
    }
    let versions = host.get("/api/v1/drivers/versions").await;
    let ready: Vec<&str> = versions["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["origin"] == "package")
        .map(|one| one["state"].as_str().unwrap())
        .collect();
    assert!(ready.iter().all(|state| *state == "quarantined"), "{ready:?}");
    let events = host.get("/api/v1/drivers/events").await;
    let refused = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["to"] == "refused")
        .count();
    assert!(refused >= 9, "{refused} refusals are written down");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_component_is_stopped_and_never_taken_again() {
    let (host, _meters) = park(1, ON_DEMAND).await;
    let vendor = Vendor::new();
    vendor.trusted(&host).await;
    let bytes = package(&component("later revoked"), Some(&vendor.signer));
    let (status, answer) = send(&host, bytes.clone(), "diagnostics,control").await;
    assert_eq!(status, 201, "{answer}");
    let digest = answer["digest"].as_str().unwrap();
    let (status, answer) = send(&host, bytes.clone(), "diagnostics,control").await;
    assert_eq!(status, 409, "twice: {answer}");
    let path = format!("/api/v1/drivers/versions/{digest}/revoke");
    assert_eq!(host.post(&path, &json!({"why": "reads wrong"})).await.0, 204);
    let (status, answer) = send(&host, bytes, "diagnostics,control").await;
    assert_eq!(status, 422, "{answer}");
    assert!(
        answer["detail"].as_str().unwrap().contains("was revoked: reads wrong"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn components_that_no_host_runs_are_refused_by_name() {
    let (host, _meters) = park(1, "[polling]\nscheduled = false").await;
    let vendor = Vendor::new();
    vendor.trusted(&host).await;
    let like = manifest(&planted(b'0'));
    let engine_made = wat::parse_str("(component)").unwrap();
    let wasi = wat::parse_str("(component (import \"wasi:cli/environment@0.2.0\" (instance)))").unwrap();
    let functions = {
        let bodies = "(func)".repeat(60_000);
        wat::parse_str(format!("(component (core module {bodies}))")).unwrap()
    };
    let bomb = {
        // One function whose code takes the compiler long: very many blocks in each other's way.
        let body = "(local.set 0 (i32.add (local.get 0) (local.get 1)))".repeat(200_000);
        wat::parse_str(format!("(component (core module (func (param i32 i32) {body})))")).unwrap()
    };
    let cases: [(&str, Vec<u8>, &str); 6] = [
        ("no component", b"\0asm\x01\0\0\0".to_vec(), "no WebAssembly component"),
        ("text", b"not wasm at all".to_vec(), "no WebAssembly component"),
        ("empty", engine_made, "does not export uzel:driver/meter"),
        ("WASI", wasi, "imports \"wasi:cli/environment@0.2.0\""),
        ("60,000 functions", functions, "does not"),
        ("a large function", bomb, "does not"),
    ];
    for (name, bytes, words) in cases {
        let package = package_of(like.clone(), &bytes, Some(&vendor.signer));
        let (status, answer) = send(&host, package, "diagnostics,control").await;
        assert_eq!(status, 422, "{name}: {answer}");
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{name}: {detail}");
    }
    let health = host.get("/api/v1/health").await;
    assert!(health.is_object(), "the host goes on: {health}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsigned_package_is_taken_in_development_only() {
    let (host, _meters) = park(1, "unsigned = true\n[polling]\nscheduled = false").await;
    let (status, answer) = send(&host, package(&component("unsigned"), None), "diagnostics,control").await;
    assert_eq!((status, &answer["signed_by"]), (201, &json!(null)), "{answer}");
}
