//! Turns `driver.toml` into what `describe()` returns, and the parameters of the ECL Comfort into two short tables.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use serde_json::Value;

const PARAMETERS: &str = "data/ecl-parameters.json";

fn main() {
    uzel_driver_build::describe();
    println!("cargo::rerun-if-changed={PARAMETERS}");
    let text = fs::read_to_string(PARAMETERS).unwrap_or_else(|error| panic!("{PARAMETERS}: {error}"));
    let document: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{PARAMETERS}: {error}"));
    let applications = document["apps"].as_object().expect("apps is an object");
    // Most parameters are the same in many applications: each is kept once.
    let mut lines = BTreeMap::new();
    for parameters in applications.values() {
        for (number, parameter) in parameters.as_object().expect("an application is an object") {
            lines.insert(line(number, parameter), 0);
        }
    }
    for (place, number) in lines.values_mut().enumerate() {
        *number = place;
    }
    let mut table = String::new();
    for (name, parameters) in applications {
        table.push_str(name);
        for (number, parameter) in parameters.as_object().expect("an application is an object") {
            table.push_str(&format!(" {}", lines[&line(number, parameter)]));
        }
        table.push('\n');
    }
    let all: Vec<_> = lines.into_keys().collect();
    write("ecl-parameters.txt", &all.join("\n"));
    write("ecl-applications.txt", &table);
}

/// `[label, scale, min, max, default, writable]` as number, scale, min, max, writable, label.
fn line(number: &str, parameter: &Value) -> String {
    let part = |place: usize| {
        parameter[place]
            .as_i64()
            .unwrap_or_else(|| panic!("{PARAMETERS}: {number}: {parameter}"))
    };
    let label = parameter[0].as_str().unwrap_or(number);
    format!("{number} {} {} {} {} {label}", part(1), part(2), part(3), part(5))
}

fn write(name: &str, text: &str) {
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join(name), text).unwrap_or_else(|error| panic!("{name}: {error}"));
}
