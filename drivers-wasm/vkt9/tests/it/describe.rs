//! What `driver.toml` says is what the driver does.

use serde_json::Value as Json;
use uzel_driver_sdk::Driver;
use vkt9::field::Heat;
use vkt9::{Vkt9, table};

fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

#[test]
fn everything_is_said_to_be_experimental() {
    let described = json(Vkt9::describe());
    let evidence = described["models"][0]["evidence"].as_object().unwrap().clone();
    assert_eq!(evidence.len(), 7);
    assert!(evidence.values().all(|word| word == "experimental"), "{evidence:?}");
}

#[test]
fn words_are_in_the_vocabulary() {
    let vocabulary = json(include_str!("../../../../wit/v1/vocabulary.json"));
    let has = |list: &str, word: &str| assert!(vocabulary[list].get(word).is_some(), "{list} has no {word:?}");
    for heat in [Heat::Gcal, Heat::Gj] {
        for fields in [table::now(), table::totals(), table::record(&[1, 2])] {
            for column in fields.iter().map(|field| field.column(heat)) {
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
