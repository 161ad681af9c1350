//! A new project: a small driver that works, its tests, a simulated meter to try it with, and the SDK.

use std::fs;
use std::path::Path;

use crc::{CRC_16_MODBUS, Crc};

use super::{ProjectError, sdk};

/// What a project consists of beside the SDK: name, and text with places to fill in.
const FILES: [(&str, &str); 9] = [
    ("Cargo.toml", include_str!("template/Cargo.toml.txt")),
    (".gitignore", "/target\n"),
    ("README.md", include_str!("template/README.md.txt")),
    ("build.rs", include_str!("template/build.rs.txt")),
    ("changelog.toml", include_str!("template/changelog.toml.txt")),
    ("driver.toml", include_str!("template/driver.toml.txt")),
    ("examples/meter.rs", include_str!("template/meter.rs.txt")),
    ("src/frame.rs", include_str!("template/frame.rs.txt")),
    ("src/lib.rs", include_str!("template/lib.rs.txt")),
];

/// One model of driver.toml.
const MODEL: &str = include_str!("template/model.toml.txt");

/// The model of a project for which none was named: that of its simulated meter.
const EXAMPLE: &str = "primer-1";

/// Makes the project `name` in `folder`, which must not be there.
///
/// # Errors
/// A name that cannot be, a folder that is there, a file that cannot be written.
pub fn new(folder: &Path, name: &str, models: &[String], vendor: &str) -> Result<(), ProjectError> {
    check("the driver's name", name)?;
    for model in models {
        check("model", model)?;
    }
    let is_plain = |c: char| !c.is_control() && c != '"' && c != '\\';
    if vendor.trim().is_empty() || vendor.chars().count() > 80 || !vendor.chars().all(is_plain) {
        let got = vendor.to_owned();
        return Err(ProjectError::Vendor { got });
    }
    if folder.exists() {
        let folder = folder.to_owned();
        return Err(ProjectError::Exists { folder });
    }
    let models: Vec<&str> = match models {
        [] => vec![EXAMPLE],
        models => models.iter().map(String::as_str).collect(),
    };
    let blocks: Vec<_> = models
        .iter()
        .map(|model| {
            MODEL
                .replace("@MODEL@", model)
                .replace("@SHOWN@", &model.to_uppercase())
        })
        .collect();
    let known: Vec<_> = models
        .iter()
        .map(|model| format!("(\"{}\", \"{model}\")", model.to_uppercase()))
        .collect();
    let first = models.first().copied().unwrap_or(EXAMPLE).to_uppercase();
    let fill = |text: &str| {
        // First what has places of its own.
        text.replace("@MODELS@", &blocks.join("\n"))
            .replace("@NAME@", name)
            .replace("@VENDOR@", vendor)
            .replace("@KNOWN@", &known.join(", "))
            .replace("@FIRST@", &first)
    };
    for (file, text) in FILES {
        write(&folder.join(file), fill(text).as_bytes())?;
    }
    write(&folder.join("recordings/current.txt"), recording(&first).as_bytes())?;
    for (file, bytes) in sdk::files() {
        write(&folder.join("vendor/uzel-sdk").join(file), &bytes)?;
    }
    Ok(())
}

/// What the simulated meter says, as the driver's own test replays it.
fn recording(shown: &str) -> String {
    const MODBUS: Crc<u16> = Crc::<u16>::new(&CRC_16_MODBUS);
    let frame = |body: &str| {
        let frame = format!("#{body}*{:04X}\r\n", MODBUS.checksum(body.as_bytes()));
        frame.bytes().map(|byte| format!(" {byte:02x}")).collect::<String>()
    };
    let mut text = "# source: the simulated meter, examples/meter.rs\n".to_owned();
    for (question, fields) in [
        ("01I", format!("{shown};00012345;1.2")),
        ("01C", "2026-02-01T10:20:30;81.25;49.70;1.234".to_owned()),
    ] {
        let answer = frame(&format!("{question}={fields}"));
        text.push_str(&format!(">{}\n<{answer}\n", frame(question)));
    }
    text
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), ProjectError> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(ProjectError::file(folder))?;
    }
    fs::write(file, bytes).map_err(ProjectError::file(file))
}

fn check(what: &'static str, got: &str) -> Result<(), ProjectError> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_name = got.starts_with(|c: char| c.is_ascii_lowercase()) && got.len() <= 32 && got.chars().all(is_plain);
    if is_name {
        return Ok(());
    }
    let got = got.to_owned();
    Err(ProjectError::Name { what, got })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_has_no_place_left_to_fill_in_and_nothing_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("hm");
        new(
            &project,
            "hm",
            &["hm-1".to_owned(), "hm-2".to_owned()],
            "Завод «Пример»",
        )
        .unwrap();
        for (file, _) in FILES {
            let text = fs::read_to_string(project.join(file)).unwrap();
            let left = ["NAME", "VENDOR", "MODELS", "MODEL", "SHOWN", "KNOWN", "FIRST"].map(|name| format!("@{name}@"));
            assert!(!left.iter().any(|place| text.contains(place)), "{file}: {text}");
        }
        let toml = fs::read_to_string(project.join("driver.toml")).unwrap();
        assert!(toml.contains("hm-2") && toml.contains("Завод «Пример»"), "{toml}");
        let again = new(&project, "hm", &[], "v").unwrap_err();
        assert!(again.to_string().contains("is there already"), "{again}");
        for name in ["", "HM", "1hm", "../x", "a b"] {
            assert!(new(&folder.path().join("x"), name, &[], "v").is_err(), "{name}");
        }
        assert!(!folder.path().join("x").exists());
    }
}
