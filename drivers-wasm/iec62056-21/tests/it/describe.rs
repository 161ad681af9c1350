//! What the driver says of itself is what it does.

use iec62056_21::Iec62056;
use iec62056_21::status::conditions;
use uzel_driver_sdk::Driver;

#[test]
fn known_bits_are_described_with_their_categories() {
    let described: serde_json::Value = serde_json::from_str(Iec62056::describe()).unwrap();
    let told: Vec<_> = described["conditions"].as_array().unwrap().iter().collect();
    for condition in conditions(0xff) {
        let found = told.iter().find(|one| one["code"] == condition.code.as_str());
        let found = found.unwrap_or_else(|| panic!("{} is not described", condition.code));
        assert_eq!(
            found["category"].as_str(),
            condition.category.as_deref(),
            "{}",
            condition.code
        );
    }
    assert_eq!(told.len(), 8);
}

#[test]
fn models_are_found_in_both_scripts() {
    let described: serde_json::Value = serde_json::from_str(Iec62056::describe()).unwrap();
    for model in described["models"].as_array().unwrap() {
        let names: Vec<&str> = model["names"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();
        let is_latin = |name: &&str| name.is_ascii();
        assert!(
            names.iter().any(is_latin) && names.iter().any(|name| !is_latin(name)),
            "{names:?}"
        );
    }
}
