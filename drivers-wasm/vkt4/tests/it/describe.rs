//! What `driver.toml` says is what the driver does.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use uzel_driver_sdk::Driver;
use vkt4::Vkt4;
use vkt4::field;
use vkt4::layout;
use vkt4::model::Model;

const MODELS: [Model; 4] = [Model::Vkt4, Model::TwoPipes, Model::FourPipes, Model::Pressures];

fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

fn described() -> Json {
    json(Vkt4::describe())
}

#[test]
fn models_are_described_as_they_are_identified() {
    let described = described();
    let ids: Vec<&str> = described["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, MODELS.map(Model::id));
    for (model, said) in MODELS.iter().zip(described["models"].as_array().unwrap()) {
        assert_eq!(
            said["evidence"].get("current").is_some(),
            !layout::current(*model).is_empty()
        );
    }
}

#[test]
fn every_condition_that_a_record_can_hold_is_described_or_has_no_category() {
    let described = described();
    let listed: BTreeSet<(&str, Option<&str>)> = described["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["code"].as_str().unwrap(), one["category"].as_str()))
        .collect();
    let fields = layout::record(Model::Pressures, false).fields;
    let mut data = [0; 77];
    for at in [0x28, 0x29, 0x3e, 0x3f] {
        data[at] = 0xff;
    }
    let row = field::row(&fields, &data).unwrap();
    assert_eq!(row.conditions.len(), 32);
    let told: BTreeSet<(&str, Option<&str>)> = row
        .conditions
        .iter()
        .filter(|one| one.category.is_some())
        .map(|one| (one.code.as_str(), one.category.as_deref()))
        .collect();
    assert_eq!(told, listed);
    assert!(
        row.conditions
            .iter()
            .any(|one| one.code == "НС.8" && one.category.is_none())
    );
}

#[test]
fn words_are_in_the_vocabulary() {
    let vocabulary = json(include_str!("../../../../wit/v1/vocabulary.json"));
    let has = |list: &str, word: &str| assert!(vocabulary[list].get(word).is_some(), "{list} has no {word:?}");
    for model in MODELS {
        for fields in [
            layout::record(model, false).fields,
            layout::record(model, true).fields,
            layout::totals(model),
            layout::current(model),
        ] {
            for column in fields.iter().map(field::Field::column) {
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
    for condition in described()["conditions"].as_array().unwrap() {
        has("categories", condition["category"].as_str().unwrap());
    }
}
