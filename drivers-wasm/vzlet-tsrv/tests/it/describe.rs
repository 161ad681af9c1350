//! What `driver.toml` says of models and conditions is what the driver does.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use uzel_driver_sdk::{ArchiveKind, Driver, Effect};
use vzlet_tsrv::VzletTsrv;
use vzlet_tsrv::cells::Context;
use vzlet_tsrv::ident::MODELS;
use vzlet_tsrv::layout::{Run, Signs};
use vzlet_tsrv::model::Model;

fn described() -> Json {
    serde_json::from_str(VzletTsrv::describe()).unwrap()
}

fn strings(value: &Json) -> Vec<&str> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
        .collect()
}

fn signs(model: &Model) -> impl Iterator<Item = &Signs> {
    let parts = model.archives.iter().flat_map(|archive| archive.parts);
    let blocks = model.current.iter().chain(model.totals);
    parts
        .flat_map(|part| part.layout.signs)
        .chain(blocks.flat_map(|block| block.signs))
}

#[test]
fn every_condition_of_a_model_is_described_with_its_meaning_and_no_other() {
    let described = described();
    for model in MODELS {
        let codes: BTreeSet<&str> = signs(model)
            .flat_map(|signs| signs.codes.iter().copied())
            .filter(|code| !code.is_empty())
            .collect();
        let of_model = described["conditions"].as_array().unwrap().iter();
        let of_model: Vec<&Json> = of_model
            .filter(|condition| strings(&condition["models"]).contains(&model.id))
            .collect();
        let said: BTreeSet<&str> = of_model
            .iter()
            .map(|condition| condition["code"].as_str().unwrap())
            .collect();
        assert_eq!(said, codes, "{}", model.id);
        assert_eq!(said.len(), of_model.len(), "{}: no code twice", model.id);
        for archive in model.archives {
            for (code, category, effect) in archive.parts[0].layout.meanings {
                let condition = of_model.iter().find(|condition| condition["code"] == **code).unwrap();
                let effect = effect.map(|effect| match effect {
                    Effect::Counted => "counted",
                    Effect::Stopped => "stopped",
                    Effect::ConstantUsed => "constant-used",
                    Effect::Information => "information",
                });
                let shown = (condition["category"].as_str(), condition["effect"].as_str());
                assert_eq!(shown, (*category, effect), "{} {code}", model.id);
            }
        }
    }
}

#[test]
fn models_and_depths_are_described_as_they_are_read() {
    let described = described();
    let all = described["models"].as_array().unwrap();
    assert_eq!(all.len(), MODELS.len());
    for (model, said) in MODELS.iter().zip(all) {
        assert_eq!(said["id"], model.id);
        let read = model.archives.iter().map(|archive| {
            let name = match archive.kind {
                ArchiveKind::Hourly => "hourly",
                ArchiveKind::Daily => "daily",
                _ => "monthly",
            };
            (name, u64::from(archive.depth))
        });
        let archives = said["archives"].as_array().unwrap().iter();
        let depths = archives.map(|archive| (archive["kind"].as_str().unwrap(), archive["depth"].as_u64().unwrap()));
        assert!(depths.eq(read), "{}", model.id);
        let evidence = said["evidence"].as_object().unwrap();
        for (capability, has) in [
            ("totals", !model.totals.is_empty()),
            ("events", model.indexes.is_some()),
            ("settings", !model.settings.is_empty()),
            ("hourly", !model.archives.is_empty()),
        ] {
            assert_eq!(evidence.contains_key(capability), has, "{} {capability}", model.id);
        }
    }
}

#[test]
fn columns_have_names_of_their_own_and_words_of_the_vocabulary() {
    let vocabulary: Json = serde_json::from_str(include_str!("../../../../wit/v1/vocabulary.json")).unwrap();
    let has = |list: &str, word: &str| assert!(vocabulary[list].get(word).is_some(), "{list} has no {word:?}");
    // Units of the maker that the vocabulary does not have.
    let own = ["kg/s"];
    let context = Context::default();
    for model in MODELS {
        let archives = model.archives.iter().map(|archive| {
            let parts = archive.parts.iter();
            parts.map(|part| (part.layout.runs, part.point)).collect::<Vec<_>>()
        });
        let blocks = [model.current, model.totals].map(|blocks| {
            let blocks = blocks.iter();
            blocks
                .map(|block| (block.runs, block.point))
                .collect::<Vec<(&'static [Run], u8)>>()
        });
        for table in archives.chain(blocks) {
            let mut names = BTreeSet::new();
            for (runs, point) in table {
                for (column, ..) in context.columns(runs, point) {
                    has("quantities", &column.quantity);
                    if !column.unit.is_empty() && !own.contains(&column.unit.as_str()) {
                        has("units", &column.unit);
                    }
                    column.pipe.iter().for_each(|pipe| has("pipes", pipe));
                    assert!(
                        names.insert((column.id.clone(), column.point)),
                        "{} {}",
                        model.id,
                        column.id
                    );
                }
            }
            assert!(names.len() <= 256, "{}: {} columns", model.id, names.len());
        }
    }
    for condition in described()["conditions"].as_array().unwrap() {
        if let Some(category) = condition["category"].as_str() {
            has("categories", category);
        }
    }
}

#[test]
fn records_hold_all_that_their_layouts_name() {
    for model in MODELS {
        for part in model.archives.iter().flat_map(|archive| archive.parts) {
            for run in part.layout.runs {
                for (_, at) in run.places() {
                    let end = at + run.form.size();
                    assert!(end <= part.layout.size, "{} {}: {end}", model.id, run.id);
                }
            }
        }
        for block in model.current.iter().chain(model.totals) {
            assert!(block.count <= 60, "{}: {} registers", model.id, block.count);
            for run in block.runs {
                for (_, at) in run.places() {
                    let end = at + run.form.size();
                    assert!(end <= usize::from(block.count) * 2, "{} {}: {end}", model.id, run.id);
                }
            }
        }
    }
}
