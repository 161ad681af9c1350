//! What `driver.toml` says of НС and models is what the driver does.

use std::collections::BTreeSet;

use logika_spbus::LogikaSpbus;
use logika_spbus::category::category;
use logika_spbus::column::column;
use logika_spbus::model::MODELS;
use serde_json::Value as Json;
use uzel_driver_sdk::{ArchiveKind, Driver};

use crate::corpus::json;

fn strings(value: &Json) -> Vec<&str> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
        .collect()
}

#[test]
fn every_documented_condition_is_described_and_no_other() {
    let described = json(LogikaSpbus::describe());
    let documented = json(include_str!("../data/ns-tables.json"));
    let tables = [
        ("spt961.1", "SPT961_1 / SPT961_2 (firmware 02)"),
        ("spg761.1", "SPG761_1 / SPG761_2"),
        ("spg762.1", "SPG762_1 / SPG762_2"),
        ("spe543", "SPE543"),
    ];
    let mut all = 0;
    for (model, table) in tables {
        let conditions = described["conditions"].as_array().unwrap().iter();
        let of_model = conditions.filter(|condition| strings(&condition["models"]).contains(&model));
        let said: Vec<String> = of_model
            .map(|condition| condition["code"].as_str().unwrap().to_owned())
            .collect();
        let listed = documented["spbus"][table].as_array().unwrap().iter();
        let listed: BTreeSet<String> = listed
            .map(|row| format!("{:02}", row["code"].as_u64().unwrap()))
            .collect();
        assert_eq!(said.len(), listed.len(), "{model}");
        assert_eq!(said.into_iter().collect::<BTreeSet<_>>(), listed, "{model}");
        let conditions = described["conditions"].as_array().unwrap().iter();
        for condition in conditions.filter(|condition| strings(&condition["models"]).contains(&model)) {
            let code = condition["code"].as_str().unwrap();
            assert_eq!(
                category(model, code.parse().unwrap()),
                condition["category"].as_str(),
                "{model} {code}"
            );
        }
        let known = (0..1_000).filter(|code| category(model, *code).is_some()).count();
        assert_eq!(known, listed.len(), "{model}");
        all += listed.len();
    }
    let models = described["conditions"].as_array().unwrap().iter();
    assert_eq!(
        models
            .map(|condition| strings(&condition["models"]).len())
            .sum::<usize>(),
        all
    );
}

#[test]
fn models_and_depths_are_described_as_they_are_read() {
    let described = json(LogikaSpbus::describe());
    let all = described["models"].as_array().unwrap();
    assert_eq!(all.len(), MODELS.len());
    for model in &MODELS {
        let said = all
            .iter()
            .find(|said| said["id"] == model.id)
            .unwrap_or_else(|| panic!("{}", model.id));
        let depths = said["archives"].as_array().unwrap().iter();
        let depths: Vec<(&str, u64)> = depths
            .map(|archive| (archive["kind"].as_str().unwrap(), archive["depth"].as_u64().unwrap()))
            .collect();
        let read = model.archives.iter().map(|archive| {
            let name = match archive.kind {
                ArchiveKind::Hourly => "hourly",
                ArchiveKind::Daily => "daily",
                ArchiveKind::TenDays => "ten-days",
                ArchiveKind::EveryMinutes(30) => "minutes-30",
                _ => "monthly",
            };
            (name, u64::from(archive.depth))
        });
        assert_eq!(depths, read.collect::<Vec<_>>(), "{}", model.id);
        let archives = said["archives"].as_array().unwrap();
        assert!(
            archives.iter().all(|archive| archive["label"] == "interval-end"),
            "{}",
            model.id
        );
    }
}

#[test]
fn units_quantities_pipes_and_categories_are_in_the_vocabulary() {
    let vocabulary = json(include_str!("../../../../wit/v1/vocabulary.json"));
    let has = |list: &str, word: &str| assert!(vocabulary[list].get(word).is_some(), "{list} has no {word:?}");
    for model in &MODELS {
        let known = [model.archive, model.current, model.totals].concat();
        for known in &known {
            let column = column(model, Some(known), known.number, 1, "");
            has("quantities", &column.quantity);
            if let Some(pipe) = &column.pipe {
                has("pipes", pipe);
            }
        }
        // In one declaration an id is of one parameter; the archives of electricity have numbers of their own.
        for list in [model.archive, model.current, model.totals] {
            let ids = list
                .iter()
                .map(|known| column(model, Some(known), known.number, 1, "").id);
            let ids: BTreeSet<_> = ids.collect();
            let is_archive = list.len() == model.archive.len();
            let doubled = match model.id {
                "spg761" | "spg762" | "spg763" if is_archive => 1,
                "spe542" | "spe543" if is_archive => 8,
                _ => 0,
            };
            assert_eq!(ids.len(), list.len() - doubled, "{}", model.id);
        }
    }
    for unit in [
        "'C",
        "кгс/см2",
        "МПа",
        "Гкал",
        "ГДж",
        "МВтч",
        "кВт*ч",
        "кварч",
        "т",
        "м3",
        "т/ч",
        "м3/ч",
        "ч",
        "мин",
        "%",
        "б/р",
    ] {
        has("units", &logika_spbus::column::unit(unit));
    }
    for condition in json(LogikaSpbus::describe())["conditions"].as_array().unwrap() {
        has("categories", condition["category"].as_str().unwrap());
    }
}
