//! The table of SunSpec's points beside the models as they are published, and devices that have them.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value as Json;
use uzel_driver_sdk::Value;

use crate::conversations::{shipped, value};
use crate::example::whole;
use crate::far::{Device, Framing};

/// Published models of which nothing is read: identity, addresses, settings, curves, a location, states alone.
const NOT_READ: [u16; 35] = [
    1, 2, 3, 4, 6, 13, 15, 18, 120, 126, 128, 131, 133, 135, 137, 139, 140, 142, 144, 305, 703, 705, 707, 709, 711,
    715, 801, 809, 63_001, 64_001, 64_101, 64_112, 64_411, 64_413, 64_415,
];

/// Types and units as the table writes them.
fn kind(kind: &str) -> &str {
    match kind {
        "int16" => "i16",
        "uint16" => "u16",
        "uint32" => "u32",
        "uint64" => "u64",
        "acc32" => "a32",
        "acc64" => "a64",
        "float32" => "f32",
        other => other,
    }
}

fn unit(unit: Option<&str>) -> &str {
    match unit {
        None => "1",
        Some("C") => "Cel",
        Some("Pct" | "% AhrRtg") => "%",
        Some("WH") => "Wh",
        Some("AH") => "Ah",
        Some("Var") => "var",
        Some("Varh" | "VArh") => "varh",
        Some("HPa") => "hPa",
        Some("mps") => "m/s",
        Some("kO") => "kOhm",
        Some("ohms") => "Ohm",
        Some("Vm") => "V/m",
        Some(other) => other,
    }
}

/// Name, offset and description of each point of a group, and the registers of all.
fn points(group: &Json) -> (Vec<(&str, u64, &Json)>, u64) {
    let mut offset = 0;
    let mut all = Vec::new();
    for point in group["points"].as_array().unwrap() {
        all.push((point["name"].as_str().unwrap(), offset, point));
        offset += point["size"].as_u64().unwrap();
    }
    (all, offset)
}

#[test]
fn the_table_is_what_the_published_models_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/modbus/sunspec-models");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("skipped: {} is not here", folder.display());
        return;
    };
    let (mut compared, mut passed_over) = (0, BTreeSet::new());
    for file in files {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let model: Json = serde_json::from_str(&text).unwrap();
        let Some(id) = model["id"].as_u64() else { continue };
        let lines = include_str!("../../data/sunspec.txt").lines();
        let lines: Vec<&str> = lines.filter(|line| line.starts_with(&format!("{id} "))).collect();
        if lines.is_empty() {
            passed_over.insert(u16::try_from(id).unwrap());
        }
        let (fixed, length) = points(&model["group"]);
        let group = model["group"]["groups"].get(0);
        let (repeated, size) = group.map(points).unwrap_or_default();
        for line in lines {
            let words: Vec<&str> = line.split(' ').collect();
            let want = match size {
                0 => (length - 2).to_string(),
                size => format!("{}+{size}", length - 2),
            };
            assert_eq!(words[1], want, "{line}");
            let (of, offset) = match words[3].strip_prefix('+') {
                Some(offset) => (&repeated, offset),
                None => (&fixed, words[3]),
            };
            let found = of.iter().find(|(name, ..)| *name == words[2]);
            let (_, at, point) = found.unwrap_or_else(|| panic!("{line}: no such point"));
            assert_eq!(
                (offset, words[4]),
                (&*at.to_string(), kind(point["type"].as_str().unwrap())),
                "{line}"
            );
            let scale = match &point["sf"] {
                Json::String(name) => fixed.iter().find(|(of, ..)| of == name).unwrap().1.to_string(),
                Json::Number(power) => format!(".{}", -power.as_i64().unwrap()),
                _ => "-".to_owned(),
            };
            assert_eq!((words[5], words[6]), (&*scale, unit(point["units"].as_str())), "{line}");
            assert_ne!(point["access"], "RW", "{line}: a setting");
            compared += 1;
        }
    }
    let all = include_str!("../../data/sunspec.txt").lines().count();
    assert_eq!(compared, all, "every line is of a published model");
    assert_eq!(passed_over, NOT_READ.into(), "models of which nothing is read");
}

/// A device with these models behind its common model, each with its values from the third register on.
fn device(models: &[(u16, Vec<u16>)]) -> Device {
    let mut meter = Device::new(Framing::Tcp);
    meter.put(40_000, &[0x5375, 0x6e53, 1, 66]);
    meter.put(40_004, &[0; 66]);
    let mut at = 40_070;
    for (model, registers) in models {
        meter.put(at, &[*model, u16::try_from(registers.len()).unwrap()]);
        meter.put(at + 2, registers);
        at += 2 + u16::try_from(registers.len()).unwrap();
    }
    meter.put(at, &[0xffff, 0]);
    meter
}

#[test]
fn modules_are_points_of_their_own() {
    let module = |amperes: u16, wh: u16| {
        let mut registers = vec![0xffff; 20];
        registers[9] = amperes;
        (registers[12], registers[13], registers[16]) = (0, wh, 0x8000);
        registers
    };
    // Factors of A, V, W, Wh, events, two modules, no period.
    let mut modules = vec![0xfffe, 0, 0, 1, 0, 0, 2, 0];
    modules.extend(module(512, 900));
    modules.extend(module(498, 0));
    let mut status = vec![0; 44];
    (status[3], status[6], status[27]) = (0, 4_321, 0x8000);
    let back = vec![215, 0x8000, 198];
    let (_, all) = shipped(device(&[(160, modules), (122, status), (303, back)]), "sunspec");
    let of = |id: &str| {
        all.iter()
            .filter(|(name, ..)| name == id)
            .map(|(.., value)| value.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("DCA"), [whole(512, 2), whole(498, 2)]);
    assert_eq!(of("DCWH"), [whole(9_000, 0), Value::Absent], "never counted");
    assert_eq!(of("TmpBOM"), [whole(215, 1), Value::Absent, whole(198, 1)]);
    assert_eq!(
        (value(&all, "ActWh"), value(&all, "ActVAh")),
        (whole(4_321, 0), Value::Absent)
    );
}
