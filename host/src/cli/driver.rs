//! `uzel driver`: what drivers say of themselves.

use std::io::{self, Write};
use std::path::Path;

use crate::driver::{Describe, Driver, LoadError, Runtime, Weight};

/// Checks a component and shows what it says of itself.
pub fn inspect(file: &Path, json: bool, out: &mut dyn Write) -> Result<(), InspectError> {
    let runtime = Runtime::new(None)?;
    let driver = Driver::load_file(&runtime, file)?;
    if json {
        serde_json::to_writer_pretty(&mut *out, &*driver.describe).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(());
    }
    let describe = &driver.describe;
    writeln!(out, "{} {}, {}", describe.id, describe.version, describe.vendor)?;
    writeln!(out, "  {} / {}", describe.title.en, describe.title.ru)?;
    writeln!(out, "  digest {}", driver.digest)?;
    writeln!(
        out,
        "  {} bytes{}, contract uzel:driver@{}, interfaces: {}",
        driver.size_bytes,
        if driver.weight == Weight::Big {
            " (a big driver)"
        } else {
            ""
        },
        driver.contract,
        driver.interfaces().join(", ")
    )?;
    let line = &describe.line;
    let settings = driver
        .line_settings()
        .map(|settings| settings.to_string())
        .unwrap_or_default();
    writeln!(out, "  line: {settings}, over {}", line.media.join(", "))?;
    models(describe, "", out)?;
    if !describe.config.is_empty() {
        writeln!(out, "configuration:")?;
    }
    for key in &describe.config {
        let default = key
            .default
            .as_ref()
            .map(|default| format!(", {default} without it"))
            .unwrap_or_default();
        let required = if key.required { ", must be given" } else { "" };
        let hint = key
            .hint
            .as_ref()
            .map(|hint| format!(". {}", hint.en))
            .unwrap_or_default();
        writeln!(out, "  {}: {}{default}{required}{hint}", key.key, key.title.en)?;
    }
    Ok(())
}

/// Why a component could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// It is no driver.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It could not be printed.
    #[error("the output could not be written")]
    Write(#[from] io::Error),
}

/// The models whose names have `part` in them: archives and evidence.
pub fn models(describe: &Describe, part: &str, out: &mut dyn Write) -> io::Result<bool> {
    let part = folded(part);
    let mut any = false;
    for model in &describe.models {
        if !model.names.iter().any(|name| folded(name).contains(&part)) {
            continue;
        }
        any = true;
        writeln!(out, "{} ({}): {}", model.names.join(", "), model.maker.en, describe.id)?;
        let archives: Vec<_> = model
            .archives
            .iter()
            .map(|archive| format!("{} {}", archive.kind, archive.depth))
            .collect();
        writeln!(
            out,
            "  archives: {}",
            if archives.is_empty() {
                "none".to_owned()
            } else {
                archives.join(", ")
            }
        )?;
        let evidence: Vec<_> = model
            .evidence
            .iter()
            .map(|(what, how)| format!("{what} {how}"))
            .collect();
        writeln!(out, "  known by: {}", evidence.join(", "))?;
    }
    Ok(any)
}

/// A model's name so that spellings in both scripts meet: СПТ943, SPT-943, spt 943.
fn folded(name: &str) -> String {
    const LATIN: &[(char, &str)] = &[
        ('а', "a"),
        ('б', "b"),
        ('в', "v"),
        ('г', "g"),
        ('д', "d"),
        ('е', "e"),
        ('ж', "zh"),
        ('з', "z"),
        ('и', "i"),
        ('к', "k"),
        ('л', "l"),
        ('м', "m"),
        ('н', "n"),
        ('о', "o"),
        ('п', "p"),
        ('р', "r"),
        ('с', "s"),
        ('т', "t"),
        ('у', "u"),
        ('ф', "f"),
        ('х', "h"),
        ('ц', "c"),
        ('ч', "ch"),
        ('ш', "sh"),
        ('э', "e"),
        ('я', "ya"),
    ];
    let mut plain = String::new();
    for c in name
        .chars()
        .flat_map(char::to_lowercase)
        .filter(|c| c.is_alphanumeric())
    {
        match LATIN.iter().find(|(cyrillic, _)| *cyrillic == c) {
            Some((_, latin)) => plain.push_str(latin),
            None => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_meet() {
        for name in ["СПТ943", "SPT943", "spt-943", "спт 943"] {
            assert_eq!(folded(name), "spt943", "{name}");
        }
        assert_eq!(folded("ВКТ-7"), folded("VKT7"));
    }
}
