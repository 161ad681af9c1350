//! Turns `driver.toml` into what `describe()` returns, and the parameters of the ECL Comfort into two short tables; packs
//! these, the points of SunSpec and the shipped maps.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

const PARAMETERS: &str = "data/ecl-parameters.json";
const POINTS: &str = "data/sunspec.txt";
const MAPS: &str = "maps";

fn main() {
    uzel_driver_build::describe();
    uzel_driver_build::pack("sunspec-points", &read(POINTS));
    maps();
    let text = read(PARAMETERS);
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
    uzel_driver_build::pack("ecl-parameters", &all.join("\n"));
    uzel_driver_build::pack("ecl-applications", &table);
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

/// Each shipped map under its id.
fn maps() {
    println!("cargo::rerun-if-changed={MAPS}");
    let folder = fs::read_dir(MAPS).unwrap_or_else(|error| panic!("{MAPS}: {error}"));
    for entry in folder {
        let path = entry.unwrap_or_else(|error| panic!("{MAPS}: {error}")).path();
        let id = path.file_stem().and_then(|name| name.to_str());
        let id = id.unwrap_or_else(|| panic!("{}: a map is named by its id", path.display()));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        uzel_driver_build::pack(id, &text);
    }
}

fn read(path: &str) -> String {
    println!("cargo::rerun-if-changed={path}");
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
