//! The commands for vendors on the drivers of this repository: each passes the conformance kit with its own recordings, and
//! becomes a package that can be signed, checked and measured.

use std::fs;
use std::path::Path;

use serde_json::Value;
use system_tests::parts;

use crate::replay::uzel;

/// The drivers of this repository, and how many recordings each package has.
fn drivers() -> Vec<(String, usize)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../drivers-wasm");
    let mut drivers = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.join("driver.toml").exists() {
            let files = fs::read_dir(path.join("recordings")).unwrap();
            let is_reading = |file: &fs::DirEntry| file.path().extension().is_some_and(|end| end == "uzel-reading");
            let count = files.filter(|file| is_reading(file.as_ref().unwrap())).count();
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(count > 0, "{name} has no recording");
            drivers.push((name.to_owned(), count));
        }
    }
    drivers.sort();
    drivers
}

/// Those among them whose questions are numbered, by themselves or by the frames that they are in.
const NUMBERED: [&str; 2] = ["dlms", "logika-spbus"];

fn project(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../drivers-wasm").join(name);
    folder.to_str().unwrap().to_owned()
}

fn component(name: &str) -> String {
    parts::driver_file(name).to_str().unwrap().to_owned()
}

#[test]
fn our_drivers_pass_the_conformance_kit_with_their_recordings() {
    let folder = tempfile::tempdir().unwrap();
    for (name, recordings) in drivers() {
        let (code, text, complaints) = uzel(
            folder.path(),
            &[
                "driver",
                "test",
                &project(&name),
                "--component",
                &component(&name),
                "--seeds",
                "8",
                "--json",
                "report.json",
            ],
        );
        assert_eq!((code, &*complaints), (0, ""), "{name}: {text}");
        let report = fs::read_to_string(folder.path().join("report.json")).unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        let ok = |check: &str| {
            let checks = report["checks"].as_array().unwrap().iter();
            checks
                .filter(|one| one["check"] == check && one["verdict"] == "ok")
                .count()
        };
        for check in ["component", "no-wasi", "describe", "texts"] {
            assert_eq!(ok(check), 1, "{name}: {check}: {text}");
        }
        for check in [
            "recording",
            "deterministic",
            "limits",
            "silent",
            "noise",
            "cut",
            "split",
            "late",
            "doubled",
            "cancel",
            "resume",
        ] {
            assert_eq!(ok(check), recordings, "{name}: {check}: {text}");
        }
        // On a line where each fourth answer is damaged a driver asks again: that has to lead on, or the noise tries little.
        let noise = text.lines().find(|line| line.contains("ok     noise")).unwrap();
        let counts = noise
            .rsplit(", ")
            .next()
            .unwrap()
            .trim_end_matches(" records")
            .split_once(" of ");
        let (came, all) = counts
            .map(|(came, all)| (came.parse::<u32>().unwrap(), all.parse::<u32>().unwrap()))
            .unwrap();
        // A question that has a number of its own is another one when it is asked again, and a recording has no answer to it:
        // such a driver meets its noise before a simulated meter (`noise`).
        assert!(4 * came > all || NUMBERED.contains(&name.as_str()), "{name}: {noise}");
    }
}

#[test]
fn a_component_that_is_no_driver_fails_by_the_check_that_is_about_it() {
    let folder = tempfile::tempdir().unwrap();
    let wasi = r#"(component (import "wasi:cli/environment@0.2.0" (instance)))"#;
    fs::write(folder.path().join("wasi.wasm"), wat::parse_str(wasi).unwrap()).unwrap();
    let (code, text, _) = uzel(folder.path(), &["driver", "test", "wasi.wasm"]);
    assert_eq!(code, 2, "{text}");
    assert!(
        text.contains("FAILED no-wasi") && text.contains("wasi:cli/environment"),
        "{text}"
    );
    let (code, text, _) = uzel(folder.path(), &["driver", "test", &component("vkt7")]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("FAILED recordings"), "{text}");
}

#[test]
fn a_package_is_signed_checked_and_measured() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str], want: i32| {
        let (code, text, complaints) = uzel(folder.path(), args);
        assert_eq!(code, want, "{args:?}: {text}{complaints}");
        text + &complaints
    };
    for key in ["first.key", "second.key"] {
        run(&["key", "new", key], 0);
    }
    let (project, component) = (project("vkt7"), component("vkt7"));
    let packed = run(
        &["driver", "pack", &project, "--component", &component, "--out", "."],
        0,
    );
    let package = packed.trim().to_owned();
    assert!(package.ends_with("vkt7-0.1.0.uzel-driver"), "{package}");
    let unsigned = run(&["driver", "verify", &package], 2);
    assert!(unsigned.contains("WRONG  nobody signed it"), "{unsigned}");
    for key in ["first.key", "second.key"] {
        run(&["driver", "sign", &package, "--key", key], 0);
    }
    let good = run(&["driver", "verify", &package, "--key", "second.key.pub"], 0);
    for seen in [
        "signed by the key",
        "says what the manifest says",
        "recording vkt7-day.uzel-reading: ",
    ] {
        assert!(good.contains(seen), "{seen}: {good}");
    }
    let other = run(&["driver", "verify", &package, "--key", "first.key.pub"], 2);
    assert!(other.contains("which is another than that of --key"), "{other}");
    let cost = run(&["driver", "bench", &package, "--rounds", "2"], 0);
    assert!(cost.contains("µs a question") && cost.contains("µs a value"), "{cost}");
    // A report of another component is not packed.
    let report = run(
        &[
            "driver",
            "test",
            &project,
            "--component",
            &component,
            "--seeds",
            "1",
            "--json",
            "r.json",
        ],
        0,
    );
    assert!(report.contains("0 failed"), "{report}");
    let text = fs::read_to_string(folder.path().join("r.json")).unwrap();
    let parsed: Value = serde_json::from_str(&text).unwrap();
    let digest = parsed["component"].as_str().unwrap();
    fs::write(folder.path().join("other.json"), text.replace(digest, &"0".repeat(64))).unwrap();
    let pack = [
        "driver",
        "pack",
        &project,
        "--component",
        &component,
        "--out",
        ".",
        "--report",
    ];
    run(&[&pack[..], &["r.json"]].concat(), 0);
    let refused = run(&[&pack[..], &["other.json"]].concat(), 1);
    assert!(refused.contains("it is a report of component 0000"), "{refused}");
    let good = run(&["driver", "verify", &package], 2);
    assert!(good.contains("none failed"), "{good}");
}
