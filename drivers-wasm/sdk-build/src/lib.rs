//! The build-script half of the driver SDK: `driver.toml` becomes the JSON that `describe()` returns.
//!
//! A driver's `build.rs` is `fn main() { uzel_driver_build::describe() }`; its `lib.rs` then has
//! `include_str!(concat!(env!("OUT_DIR"), "/describe.json"))`, or `uzel_driver_sdk::packed!("describe.json")` where it is long.

use std::path::Path;
use std::{env, fs};

/// Effort of packing: the most, since it is spent once and the result is carried by every installation.
const EFFORT: u8 = 10;

/// Turns `driver.toml` beside `Cargo.toml` into `$OUT_DIR/describe.json`, and packs it. Panics, which fails the build, when the file
/// is no TOML or its `version` is not the crate's.
pub fn describe() {
    println!("cargo::rerun-if-changed=driver.toml");
    let text = fs::read_to_string("driver.toml").unwrap_or_else(|error| panic!("driver.toml: {error}"));
    let mut document: toml::Table = text.parse().unwrap_or_else(|error| panic!("driver.toml: {error}"));
    let crate_version = env::var("CARGO_PKG_VERSION").expect("cargo sets CARGO_PKG_VERSION");
    document
        .entry("version")
        .or_insert_with(|| crate_version.clone().into());
    let version = document
        .get("version")
        .and_then(toml::Value::as_str)
        .unwrap_or_default();
    assert!(
        version == crate_version,
        "driver.toml: version is {version:?}, the crate's is {crate_version:?}"
    );
    let json = serde_json::to_string(&document).unwrap_or_else(|error| panic!("driver.toml: {error}"));
    write("describe.json", json.as_bytes());
    pack("describe.json", &json);
}

/// Writes a text as `$OUT_DIR/NAME.deflate`, for `uzel_driver_sdk::packed!(NAME)`. Panics, which fails the build, when it
/// cannot be written.
pub fn pack(name: &str, text: &str) {
    let packed = miniz_oxide::deflate::compress_to_vec(text.as_bytes(), EFFORT);
    write(&format!("{name}.deflate"), &packed);
}

fn write(name: &str, bytes: &[u8]) {
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join(name), bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
}
