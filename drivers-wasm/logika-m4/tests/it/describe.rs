//! What `driver.toml` says of НС and models is what the driver does.

use std::collections::BTreeSet;

use logika_m4::LogikaM4;
use logika_m4::extended::model::{Medium, model as extended};
use logika_m4::extended::names::Block as Shown;
use logika_m4::extended::{self as tagged};
use logika_m4::legacy::abnormal;
use logika_m4::legacy::model::model as legacy;
use logika_m4::legacy::table::{Block, Units, columns};
use serde_json::Value;
use uzel_driver_sdk::{Column, Driver};

use crate::corpus::{DEVICES, json};
use crate::corpus_extended::DEVICES as EXTENDED;

fn strings(value: &Value) -> Vec<&str> {
    let all = value.as_array().unwrap().iter();
    all.map(|text| text.as_str().unwrap()).collect()
}

/// Id, НС with categories, and depths of every model, as the driver has them.
fn done() -> Vec<Done> {
    let legacy = DEVICES.iter().map(|(device, name)| {
        let model = legacy(*device).unwrap();
        let known = model.abnormal.iter();
        let conditions = known.map(|known| (abnormal::code(known.bit), known.category.to_owned()));
        let [hours, days, decades, months] = model.depths.map(u64::from);
        let mut depths = vec![("hourly", hours), ("daily", days)];
        // Functions 41 and 4D are documented for this one.
        if model.id == "spg741" {
            depths.extend([("ten-days", decades), ("monthly", months)]);
        }
        (model.id, *name, conditions.collect(), depths)
    });
    let extended = EXTENDED.iter().map(|(device, name)| {
        let model = extended(*device).unwrap();
        let lines = model.abnormal.lines().filter(|line| !line.is_empty());
        let conditions = lines.map(|line| {
            let mut words = line.split(' ');
            let code = abnormal::code(words.next().unwrap().parse().unwrap());
            (code, words.next().unwrap().to_owned())
        });
        let [hours, days, months] = model.depths.map(u64::from);
        let mut depths = vec![("hourly", hours), ("daily", days), ("monthly", months)];
        depths.retain(|(_, depth)| *depth > 0);
        (model.id, *name, conditions.collect(), depths)
    });
    legacy.chain(extended).collect()
}

type Conditions = BTreeSet<(String, String)>;
type Done = (&'static str, &'static str, Conditions, Vec<(&'static str, u64)>);

/// The code of СПГ742 whose text in the public list is that of its neighbour, by mistake.
const NOT_PUBLIC: (&str, &str) = ("SPG742", "НС23");

#[test]
fn every_documented_condition_is_described_and_no_other() {
    let described = json(LogikaM4::describe());
    let documented = json(include_str!("../data/ns-tables.json"));
    for (id, name, done, _) in done() {
        let all = described["conditions"].as_array().unwrap().iter();
        let said: Conditions = all
            .filter(|condition| strings(&condition["models"]).contains(&id))
            .map(|condition| {
                let text = |key: &str| condition[key].as_str().unwrap().to_owned();
                (text("code"), text("category"))
            })
            .collect();
        assert_eq!(said, done, "{name}");
        let empty = serde_json::Map::new();
        let listed: BTreeSet<String> = documented["m4"][name]
            .as_object()
            .unwrap_or(&empty)
            .keys()
            .map(|bit| abnormal::code(bit.parse().unwrap()))
            .filter(|code| (name, code.as_str()) != NOT_PUBLIC)
            .collect();
        let done: BTreeSet<String> = done.into_iter().map(|(code, _)| code).collect();
        assert_eq!(done, listed, "{name}");
    }
}

#[test]
fn models_and_depths_are_described_as_they_are_read() {
    let described = json(LogikaM4::describe());
    let all = described["models"].as_array().unwrap();
    assert_eq!(all.len(), done().len());
    for (id, name, _, done) in done() {
        let said = all.iter().find(|said| said["id"] == id);
        let said = said.unwrap_or_else(|| panic!("{name} is not described"));
        let archives = said["archives"].as_array().unwrap().iter();
        let depths: Vec<(&str, u64)> = archives
            .map(|archive| (archive["kind"].as_str().unwrap(), archive["depth"].as_u64().unwrap()))
            .collect();
        assert_eq!(depths, done, "{name}");
        let kinds = depths.iter().map(|(kind, _)| *kind);
        for capability in kinds.chain(["identify", "current", "totals", "settings"]) {
            assert!(said["evidence"][capability].is_string(), "{name} {capability}");
        }
    }
}

#[test]
fn units_quantities_pipes_and_categories_are_in_the_vocabulary() {
    let vocabulary = json(include_str!("../../../../wit/v1/vocabulary.json"));
    let has = |list: &str, word: &str| assert!(vocabulary[list].get(word).is_some(), "{list} has no {word:?}");
    let known = |columns: &[Column]| {
        for column in columns {
            has("quantities", &column.quantity);
            if !column.unit.is_empty() {
                has("units", &column.unit);
            }
            if let Some(pipe) = &column.pipe {
                has("pipes", pipe);
            }
        }
    };
    let own = || {
        let names = ["P1", "P2", "P3", "P4", "Pб", "dP1", "dP2", "dP3", "dP4"].into_iter();
        names.map(|name| (name, Units::gas(3)))
    };
    for (.., conditions, _) in done() {
        conditions.iter().for_each(|(_, category)| has("categories", category));
    }
    for (device, _) in DEVICES {
        let model = legacy(device).unwrap();
        for setting in 0..3 {
            for block in [Block::Live, Block::Hour, Block::Record, Block::Totals] {
                let mut units = Units::of_setting(setting);
                units.own = own().collect();
                known(&columns(model, block, &[1, 2], &units));
            }
        }
    }
    for (device, name) in EXTENDED {
        let model = extended(device).unwrap();
        let units = Units {
            pressure: "MPa",
            heat: "GJ",
            own: own().collect(),
        };
        for (block, groups) in [
            (Shown::Live, model.live),
            (Shown::Record, model.record),
            (Shown::Totals, model.totals),
        ] {
            let columns = tagged::table::columns(model, block, groups.iter(), &units);
            known(&columns);
            let names: BTreeSet<_> = columns.iter().map(|column| (&column.id, column.point)).collect();
            assert_eq!(names.len(), columns.len(), "{name}: a name stands for one column");
            for column in columns.iter().filter(|column| column.quantity == "pressure") {
                assert!(
                    model.medium != Medium::Gas || !column.unit.is_empty(),
                    "{name} {}",
                    column.id
                );
            }
        }
    }
}
