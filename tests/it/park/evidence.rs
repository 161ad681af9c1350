//! What a package says of its own trial by the conformance kit is shown where it is installed, and has to be about it.

use std::collections::BTreeMap;

use serde_json::json;
use uzel::conformance::{Check, FORMAT, Report, Verdict};
use uzel::package::{COMPONENT, REPORT, pack};

use super::kit::{Vendor, component, manifest, park, send};

fn report(component: &[u8], last: Verdict) -> Report {
    let check = |check: &str, verdict| Check {
        check: check.to_owned(),
        recording: None,
        verdict,
        text: "seen by the kit".to_owned(),
    };
    Report {
        format: FORMAT.to_owned(),
        format_version: 1,
        uzel: "0.1.0".to_owned(),
        component: uzel::driver::digest(component),
        driver: None,
        seeds: 64,
        checks: vec![check("describe", Verdict::Ok), check("noise", last)],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_of_a_package_is_shown_and_has_to_be_about_its_component() {
    let (host, _meters) = park(1, "[polling]\nscheduled = false").await;
    let vendor = Vendor::new();
    vendor.trusted(&host).await;
    let with = |component: &[u8], report: Option<Vec<u8>>| {
        let mut files = BTreeMap::from([(COMPONENT.to_owned(), component.to_vec())]);
        files.extend(report.map(|report| (REPORT.to_owned(), report)));
        pack(manifest(component), &files, Some(&vendor.signer)).unwrap()
    };
    let bytes = |report: &Report| Some(serde_json::to_vec(report).unwrap());
    let [good, bad, bare] = ["good", "bad", "bare"].map(component);
    let cases = [
        (
            &good,
            bytes(&report(&good, Verdict::NotApplicable)),
            json!([1, 0, 1, []]),
        ),
        (
            &bad,
            bytes(&report(&bad, Verdict::Failed)),
            json!([1, 1, 0, ["noise, the component: seen by the kit"]]),
        ),
        (&bare, None, json!(null)),
    ];
    for (component, report, want) in cases {
        let (status, answer) = send(&host, with(component, report), "diagnostics,control").await;
        assert_eq!(status, 201, "{answer}");
        let path = format!("/api/v1/drivers/versions/{}", answer["digest"].as_str().unwrap());
        let version = host.get(&path).await;
        assert_eq!(answer["report"], version["report"], "{answer}");
        let found = &version["report"];
        let shown = json!([found["ok"], found["failed"], found["not_applicable"], found["failures"]]);
        assert_eq!(if found.is_null() { json!(null) } else { shown }, want, "{version}");
    }
    let versions = host.uzel(&["driver", "versions", "vkt7", "--config", "uzel.toml"]);
    for words in [
        "kit 0.1.0: 1 checks ok, 0 failed",
        "1 checks ok, 1 failed",
        "no report of the conformance kit",
    ] {
        assert!(versions.contains(words), "{words} is not in {versions}");
    }

    let other = component("other");
    let of_another = bytes(&report(&good, Verdict::Ok));
    for (name, report, words) in [
        ("of another component", of_another, "report.json is of component"),
        ("no report", Some(b"{\"format\": 1}".to_vec()), "report.json: "),
    ] {
        let (status, answer) = send(&host, with(&other, report), "diagnostics,control").await;
        assert_eq!(status, 422, "{name}: {answer}");
        assert!(answer["detail"].as_str().unwrap().contains(words), "{name}: {answer}");
    }
    let events = host.get("/api/v1/drivers/events").await;
    let refused = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["to"] == "refused");
    assert_eq!(refused.count(), 2, "{events}");
}
