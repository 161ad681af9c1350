//! Dumps of real meters, whose licence keeps them out of this repository: they are looked for beside it. What is read in
//! them is compared with what libsml reads and with what sml-rs has on record.

use std::path::{Path, PathBuf};

use sml::meaning::{column, fixed, name};
use sml::telegram::{Ear, Entry, Telegram, Value};

fn dumps() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/sml");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("skipped: {} is not here", folder.display());
        return Vec::new();
    };
    let mut dumps: Vec<_> = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "bin"))
        .collect();
    dumps.sort();
    dumps
}

fn read(dump: &Path) -> Vec<Telegram> {
    let bytes = std::fs::read(dump).unwrap();
    let mut ear = Ear::default();
    bytes.iter().filter_map(|byte| ear.hear(*byte)?.ok()).collect()
}

fn numbers(telegrams: &[Telegram]) -> Vec<&Entry> {
    let entries = telegrams.iter().flat_map(|telegram| &telegram.entries);
    entries
        .filter(|entry| matches!(entry.value, Value::Number(_)))
        .collect()
}

/// `OBIS*255#value#unit` of libsml, numbers with a unit only.
fn by_libsml(dump: &Path) -> Vec<(String, String, String)> {
    let text = std::fs::read(dump.with_extension("libsml.txt")).unwrap();
    let text = String::from_utf8_lossy(&text).into_owned();
    let line = |line: &str| {
        let (name, rest) = line.split_once('#')?;
        let (value, unit) = rest.rsplit_once('#')?;
        let _: f64 = value.parse().ok()?;
        let name = name.strip_suffix("*255").unwrap_or(name);
        (!unit.is_empty()).then(|| (name.to_owned(), value.to_owned(), unit.to_owned()))
    };
    text.lines().filter_map(line).collect()
}

#[test]
fn values_are_those_of_libsml() {
    let mut compared = 0;
    for dump in dumps() {
        let wanted = by_libsml(&dump);
        let telegrams = read(&dump);
        let with_unit = numbers(&telegrams)
            .into_iter()
            .filter(|entry| !column(entry).unit.is_empty());
        let shown: Vec<_> = with_unit
            .map(|entry| {
                let number = fixed(entry).unwrap();
                let value = number.digits as f64 / 10f64.powi(number.decimals.into());
                let decimals = usize::from(number.decimals);
                (name(entry), format!("{value:.decimals$}"), column(entry).unit)
            })
            .collect();
        let same_unit = |unit: &str| {
            if unit == "°" {
                "deg".to_owned()
            } else {
                unit.to_owned()
            }
        };
        // libsml ends at the first fault in a dump; all that it reads is read here, in its order.
        let mut own = shown.iter();
        for (name, value, unit) in wanted {
            let wanted = (name, value, same_unit(&unit));
            assert!(
                own.any(|one| *one == wanted),
                "{}: {wanted:?} is missing",
                dump.display()
            );
            compared += 1;
        }
    }
    assert!(compared == 0 || compared > 300, "{compared} values");
}

/// Names, units, scalers and numbers of the entries in a record of sml-rs.
fn by_record(dump: &Path) -> Vec<(Vec<u8>, Option<u8>, i8, i128)> {
    let text = std::fs::read_to_string(dump.with_extension("sml-rs.snap")).unwrap();
    let field = |block: &str, key: &str| {
        let line = block
            .lines()
            .find_map(|line| line.trim().strip_prefix(key).map(str::to_owned));
        line.map(|line| line.trim_end_matches(',').to_owned())
    };
    let entry = |block: &str| {
        let block = block.split_once("},").map_or(block, |(block, _)| block);
        let name = field(block, "obj_name: ")?;
        let name = name
            .trim_matches(['[', ']'])
            .split(", ")
            .map(|byte| byte.parse().unwrap())
            .collect();
        let value = field(block, "value: ")?;
        let digits = value.split(['i', 'u']).next()?.parse().ok()?;
        let unit = field(block, "unit: ").and_then(|unit| unit.parse().ok());
        let scaler = field(block, "scaler: ")
            .and_then(|scaler| scaler.parse().ok())
            .unwrap_or(0);
        Some((name, unit, scaler, digits))
    };
    text.split("ListEntry {").skip(1).filter_map(entry).collect()
}

#[test]
fn values_are_those_on_record_of_sml_rs() {
    let mut compared = 0;
    for dump in dumps() {
        let telegrams = read(&dump);
        let shown: Vec<_> = numbers(&telegrams)
            .into_iter()
            .map(|entry| {
                let Value::Number(number) = entry.value else {
                    panic!("a number")
                };
                (entry.name.clone(), entry.unit, entry.scaler, number)
            })
            .collect();
        assert_eq!(shown, by_record(&dump), "{}", dump.display());
        compared += shown.len();
    }
    assert!(compared == 0 || compared > 400, "{compared} values");
}
