//! What is no driver is refused when it is loaded, in a sentence that says what to do.

use std::fs::File;
use std::path::Path;

use serde_json::{Value, json};
use system_tests::parts;
use uzel::driver::{Cache, Driver, LoadError, Runtime};

use super::inside::{self, describing_by, importing, saying, with_instances};

const COMPILES: &str = "the file is no WebAssembly component that compiles: ";
const DESCRIBES: &str = "describe() does not follow describe.schema.json: ";
const CALL: &str = "describe() failed: ";

/// Compares sentences; one that ends with `…` is only the beginning, the rest is wasmtime's.
fn assert_refused(name: &str, bytes: &[u8], want: &str) {
    let refusal = match Driver::load(parts::runtime(), bytes, Path::new("x.wasm")) {
        Ok(_) => panic!("{name} was loaded"),
        Err(error) => error.to_string(),
    };
    match want.strip_suffix('…') {
        Some(begin) => assert!(refusal.starts_with(begin), "{name}: {refusal}, expected {want}"),
        None => assert_eq!(refusal, want, "{name}"),
    }
}

#[test]
fn what_the_host_does_not_offer_is_not_imported() {
    let offer = "which the host does not offer; it offers uzel:driver/line@1.0.0, uzel:driver/host@1.0.0, \
                 uzel:driver/types@1.0.0 and nothing else";
    let cases = [
        (
            "wasi:cli/stdout@0.2.0",
            format!(
                "the component imports \"wasi:cli/stdout@0.2.0\", {offer}; build it for wasm32-unknown-unknown: \
                 a driver has no WASI"
            ),
        ),
        (
            "uzel:drivers/line@1.0.0",
            format!("the component imports \"uzel:drivers/line@1.0.0\", {offer}"),
        ),
        (
            "uzel:driver/line@2.0.0",
            "the component is built for the contract uzel:driver@2.0.0, this host has 1.0.0".to_owned(),
        ),
        (
            "uzel:driver/line@1.0.0",
            "the component does not fit the contract uzel:driver@1.0.0: component imports instance \
             `uzel:driver/line@1.0.0`, but a matching implementation was not found in the linker…"
                .to_owned(),
        ),
    ];
    for (interface, want) in cases {
        assert_refused(interface, &importing(interface), &want);
    }
}

#[test]
fn what_is_no_component_is_refused() {
    let module = wat::parse_str("(module)").expect("a module");
    let half = inside::guest();
    let half = &half[..half.len() / 2];
    for (name, bytes) in [
        ("nothing", &b""[..]),
        ("text", b"#!/bin/sh"),
        ("module", &module),
        ("half", half),
    ] {
        assert_refused(name, bytes, &format!("{COMPILES}…"));
    }
    let empty = &inside::guest()[..8];
    assert_refused(
        "empty",
        empty,
        "the component does not export uzel:driver/meter@1.0.0 as the contract has it: …",
    );
}

#[test]
fn compiled_code_is_not_taken_from_outside() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path().join("code");
    let cache = Cache::open(&folder).expect("a private folder");
    let runtime = Runtime::new(Some(cache)).expect("the engine starts");
    Driver::load(&runtime, &inside::guest(), Path::new("x.wasm")).expect("the guest loads");
    let mut files = folder.read_dir().expect("the folder is there");
    let file = files
        .next()
        .expect("the code is kept")
        .expect("the folder can be read")
        .path();
    let code = std::fs::read(file).expect("the code is kept");
    let want = "the file is precompiled code, expected a WebAssembly component: compiled code is never accepted from \
                outside";
    // What the host itself keeps begins with a digest.
    assert_refused("precompiled", &code[32..], want);
    assert_refused("kept by the host", &code, &format!("{COMPILES}…"));
}

#[test]
fn a_file_that_is_too_large_is_not_even_read() {
    let want = "driver file has 33554433 bytes, at most 33554432 may be";
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("large.wasm");
    let file = File::create(&path).expect("a file");
    file.set_len((32 << 20) + 1).expect("a file without content");
    let refusal = Driver::load_file(parts::runtime(), &path)
        .map(drop)
        .map_err(|error| error.to_string());
    assert_eq!(refusal, Err(want.to_owned()));
    assert_refused("uploaded", &vec![0; (32 << 20) + 1], want);
    let missing = Driver::load_file(parts::runtime(), &folder.path().join("missing.wasm"));
    assert!(matches!(missing, Err(LoadError::Read { .. })), "{missing:?}");
}

#[test]
fn a_description_that_does_not_come_is_not_waited_for() {
    let grow = "(loop (drop (memory.grow (i32.const 1))) (br 0)) unreachable";
    let cases = [
        (
            "endless",
            describing_by("(loop (br 0)) unreachable", ""),
            "more than 2000 ms of processor time",
        ),
        (
            "trap",
            describing_by("unreachable", ""),
            "wasm trap: wasm `unreachable` instruction executed…",
        ),
        (
            "memory",
            describing_by(grow, ""),
            "asked for 16842752 bytes of memory, at most 16777216 may",
        ),
        ("beyond the memory", describing_by("i32.const 0x7fff0000", ""), "…"),
        (
            "large table",
            describing_by("i32.const 0", "(table 30000 funcref)"),
            "asked for 300…",
        ),
        (
            "endless start",
            describing_by("i32.const 0", "(func $start (loop (br 0))) (start $start)"),
            "more than 2000 ms of processor time",
        ),
        (
            "start traps",
            describing_by("i32.const 0", "(func $start unreachable) (start $start)"),
            "wasm trap: wasm `unreachable` instruction executed…",
        ),
        ("memories", with_instances(4, "(module (memory 0))"), "…"),
        ("tables", with_instances(100, "(module (table 0 funcref))"), "…"),
        ("instances", with_instances(100, "(module)"), "…"),
    ];
    for (name, component, want) in cases {
        assert_refused(name, &component, &format!("{CALL}{want}"));
    }
}

/// A description may be asked for where nothing can wait: on a thread without a runtime.
#[test]
fn a_description_that_waits_is_refused() {
    // The guest's own module sleeps nowhere in `describe`, so this one is told to by its import.
    let component = describing_by(
        "(call $sleep (i32.const 1)) i32.const 0",
        "(import \"uzel:driver/host@1.0.0\" \"sleep\" (func $sleep (param i32)))",
    );
    assert_refused("sleeping", &component, &format!("{CALL}more than 0 calls that wait"));
}

#[test]
fn a_description_that_does_not_follow_the_schema_is_refused() {
    let good: Value = serde_json::from_str(inside::DESCRIBE).expect("the guest's description");
    let set = |pointer: &str, value: Value| {
        let mut document = good.clone();
        *document
            .pointer_mut(pointer)
            .unwrap_or_else(|| panic!("{pointer} is there")) = value;
        document.to_string()
    };
    let key = good["config"][0].clone();
    let with_default = |value: Value| {
        let mut key = key.clone();
        key["default"] = value;
        json!([key])
    };
    let cases = [
        ("no JSON", "hello".to_owned(), "expected value at line 1 column 1"),
        ("a list", "[]".to_owned(), "…"),
        ("deep", "[".repeat(100_000), "…"),
        (
            "large",
            " ".repeat(300_000),
            "it has 300000 bytes, at most 262144 may be",
        ),
        (
            "a key too many",
            set("/line", json!({"speed": 1})),
            "unknown field `speed`…",
        ),
        (
            "id",
            set("/id", json!("../x")),
            "id \"../x\": expected a-z, 0-9 and -, at most 32, a letter first",
        ),
        (
            "version",
            set("/version", json!("")),
            "version \"\": expected 1 to 32 characters",
        ),
        (
            "forged log line",
            set("/version", json!("1\nok")),
            "text \"1\\nok\" has control characters",
        ),
        (
            "key of a map",
            set("/models/0/evidence", json!({"\u{7}": "captured"})),
            "text \"\\u{7}\" has control characters",
        ),
        (
            "speed",
            set("/line/baud", json!(1)),
            "line: baud, data_bits, parity or stop_bits is none that a line can have",
        ),
        ("models", set("/models", json!([])), "models is empty"),
        (
            "names",
            set("/models/0/names", json!([])),
            "model \"plain\" has no names",
        ),
        (
            "kind",
            set("/models/0/archives/0/kind", json!("weekly")),
            "model \"plain\": \"weekly\" is no archive kind, expected hourly, daily, ten-days, monthly, yearly or \
             minutes-1 to minutes-1440",
        ),
        (
            "depth",
            set("/models/0/archives/0/depth", json!(0)),
            "model \"plain\": depth of hourly is 0",
        ),
        (
            "label",
            set("/models/0/archives/0/label", json!("end")),
            "model \"plain\": label \"end\", expected interval-start or interval-end",
        ),
        (
            "evidence",
            set("/models/0/evidence", json!({"hourly": "sure"})),
            "model \"plain\": evidence of hourly is \"sure\"",
        ),
        (
            "key twice",
            set("/config", json!([key, key])),
            "config key \"how\" stands twice",
        ),
        (
            "default",
            set("/config", with_default(json!(1))),
            "default of config key \"how\": is 1, expected text",
        ),
    ];
    for (name, text, want) in cases {
        assert_refused(name, &saying(&text), &format!("{DESCRIBES}{want}"));
    }
}
