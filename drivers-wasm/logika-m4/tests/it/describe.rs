//! What `driver.toml` says of НС and models is what the driver does.

use std::collections::BTreeSet;

use logika_m4::LogikaM4;
use logika_m4::ident::Device;
use logika_m4::legacy::abnormal;
use logika_m4::legacy::model::model;
use serde_json::Value;
use uzel_driver_sdk::Driver;

use crate::corpus::json;

const MODELS: [(Device, &str); 3] = [
    (Device::Spt941_10, "SPT941_10"),
    (Device::Spt942, "SPT942"),
    (Device::Spt943, "SPT943"),
];

fn strings(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
        .collect()
}

#[test]
fn every_documented_condition_is_described_and_no_other() {
    let described = json(LogikaM4::describe());
    let documented = json(include_str!("../data/ns-tables.json"));
    for (device, name) in MODELS {
        let model = model(device).unwrap();
        let said: BTreeSet<(String, String)> = described["conditions"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|condition| strings(&condition["models"]).contains(&model.id))
            .map(|condition| {
                let text = |key: &str| condition[key].as_str().unwrap().to_owned();
                (text("code"), text("category"))
            })
            .collect();
        let done: BTreeSet<(String, String)> = model
            .abnormal
            .iter()
            .map(|known| (abnormal::code(known.bit), known.category.to_owned()))
            .collect();
        assert_eq!(said, done, "{name}");
        let listed: BTreeSet<String> = documented["m4"][name]
            .as_object()
            .unwrap()
            .keys()
            .map(|bit| abnormal::code(bit.parse().unwrap()))
            .collect();
        assert_eq!(
            done.into_iter().map(|(code, _)| code).collect::<BTreeSet<_>>(),
            listed,
            "{name}"
        );
    }
}

#[test]
fn models_and_depths_are_described_as_they_are_read() {
    let described = json(LogikaM4::describe());
    for (device, name) in MODELS {
        let model = model(device).unwrap();
        let all = described["models"].as_array().unwrap();
        let said = all
            .iter()
            .find(|said| said["id"] == model.id)
            .unwrap_or_else(|| panic!("{name} is not described"));
        let depths: Vec<(&str, u64)> = said["archives"]
            .as_array()
            .unwrap()
            .iter()
            .map(|archive| (archive["kind"].as_str().unwrap(), archive["depth"].as_u64().unwrap()))
            .collect();
        let [hours, days, _] = model.depths.map(u64::from);
        assert_eq!(depths, [("hourly", hours), ("daily", days)], "{name}");
    }
}

#[test]
fn units_quantities_pipes_and_categories_are_in_the_vocabulary() {
    use logika_m4::legacy::table::{Block, Units, columns};
    let vocabulary = json(include_str!("../../../../wit/v1/vocabulary.json"));
    let has = |list: &str, word: &str| assert!(vocabulary[list].get(word).is_some(), "{list} has no {word:?}");
    for (device, _) in MODELS {
        let model = model(device).unwrap();
        for known in model.abnormal {
            has("categories", known.category);
        }
        for setting in 0..3 {
            for block in [Block::Live, Block::Record, Block::Totals] {
                for column in columns(model, block, &[1, 2], Units::of_setting(setting)) {
                    has("quantities", &column.quantity);
                    if !column.unit.is_empty() {
                        has("units", &column.unit);
                    }
                    if let Some(pipe) = &column.pipe {
                        has("pipes", pipe);
                    }
                }
            }
        }
    }
}
