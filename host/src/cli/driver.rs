//! `uzel driver`: what drivers say of themselves.

use std::io::{self, Write};
use std::path::Path;

use crate::driver::{Driver, Found, LoadError, Runtime, Weight, find};

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
    models(&find([describe.as_ref()], ""), out)?;
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

/// Models that a search found: names, archives and evidence.
pub fn models(found: &[Found], out: &mut dyn Write) -> io::Result<()> {
    for Found { describe, model, .. } in found {
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
    Ok(())
}
