//! `cargo xtask meters`: the public table of what is supported and how well it is known, from what every driver says of
//! itself. It is committed, so that it can be read without building anything.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use toml::{Table, Value};

use crate::files;
use crate::process::say;
use crate::tidy::Finding;
use crate::workspace::Workspace;

/// The table.
const DOCUMENT: &str = "docs/meters.md";

/// The folder of the pages for the person at the meter, one a driver.
const PAGES: &str = "docs/meters";

/// What stands before the drivers.
const HEAD: &str = "# Meters

Written by `cargo xtask meters` from the `driver.toml` of every driver in `drivers-wasm`: change it there.

A meter is found by any of its names, in either script: `uzel driver list --model 943`, `uzel device add --model spt-943`,
`GET /api/v1/drivers/models?search=943`. Archives are told with the records that the meter's ring holds; more than that no driver
can read. A model that is not here, or that says it is something else than expected, is refused, never decoded as if it were
known.

How well each capability is known:

| Word | What it rests on |
| --- | --- |
| captured | bytes of real devices, which pass through the driver in its tests |
| document | the maker's description of the protocol, or a standard |
| single-driver | one public program that reads such devices, without a document or a capture to compare it with |
| experimental | inference from related devices; nobody has tried it |
";

/// How well something is known, the best first.
const EVIDENCE: [&str; 4] = ["captured", "document", "single-driver", "experimental"];

/// Capabilities in the order in which people look for them; others follow.
const CAPABILITIES: [&str; 14] = [
    "identify",
    "clock",
    "current",
    "totals",
    "hourly",
    "daily",
    "ten-days",
    "monthly",
    "yearly",
    "events",
    "settings",
    "set-clock",
    "write-setting",
    "control",
];

/// Writes the table.
///
/// # Errors
/// A driver's description cannot be read or lacks something, or the table cannot be written.
pub fn write(workspace: &Workspace) -> Result<()> {
    let written = files::write_if_changed(&workspace.root.join(DOCUMENT), document(workspace)?.as_bytes())?;
    say(format!(
        "{DOCUMENT} {}",
        if written { "has changed" } else { "is unchanged" }
    ));
    Ok(())
}

/// That the table is not what the drivers say now.
///
/// # Errors
/// A driver's description cannot be read or lacks something.
pub fn check(workspace: &Workspace) -> Result<Option<Finding>> {
    let committed = fs::read_to_string(workspace.root.join(DOCUMENT)).unwrap_or_default();
    let stale = || Finding {
        path: DOCUMENT.to_owned(),
        line: 0,
        text: "is stale: run `cargo xtask meters` and commit what it changed".to_owned(),
    };
    Ok((committed != document(workspace)?).then(stale))
}

fn document(workspace: &Workspace) -> Result<String> {
    let mut text = HEAD.to_owned();
    for package in workspace.packages_in("drivers-wasm") {
        let file = package.dir.join("driver.toml");
        if !file.is_file() {
            continue;
        }
        let read = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let described: Table = read.parse().with_context(|| format!("{} is no TOML", file.display()))?;
        let page = page(&workspace.root, &package.folder());
        driver(&mut text, &described, page.as_deref()).with_context(|| format!("cannot use {}", file.display()))?;
    }
    Ok(text)
}

/// The page of a driver, relative to the table, if there is one.
fn page(root: &Path, driver: &str) -> Option<String> {
    let path: PathBuf = [PAGES, &format!("{driver}.md")].iter().collect();
    root.join(path).is_file().then(|| format!("meters/{driver}.md"))
}

/// The section of one driver.
fn driver(text: &mut String, described: &Table, page: Option<&str>) -> Result<()> {
    let (id, title) = (word(described, "id")?, english(described, "title")?);
    write!(text, "\n## {id}\n\n{title}.")?;
    if let Some(page) = page {
        write!(text, " For the person at the meter: [{page}]({page}).")?;
    }
    text.push_str("\n\n| Model | Maker | Archives | Known from |\n| --- | --- | --- | --- |\n");
    let models = described.get("models").and_then(Value::as_array);
    let models = models.context("it has no models")?;
    let models: Vec<&Table> = models.iter().filter_map(Value::as_table).collect();
    for model in &models {
        let row = [
            names(model)?,
            english(model, "maker")?,
            archives(model),
            evidence(model),
        ];
        writeln!(text, "| {} |", row.map(|cell| cell.replace('|', "\\|")).join(" | "))?;
    }
    let noted: Vec<_> = models.iter().filter(|model| model.contains_key("notes")).collect();
    if !noted.is_empty() {
        text.push('\n');
    }
    for model in noted {
        let first = list(model, "names").first().copied().unwrap_or_default();
        writeln!(text, "- {first}: {}", english(model, "notes")?)?;
    }
    Ok(())
}

/// The official name, then the other spellings.
fn names(model: &Table) -> Result<String> {
    let names = list(model, "names");
    let (first, others) = names.split_first().context("a model has no names")?;
    let others = if others.is_empty() {
        String::new()
    } else {
        format!(" ({})", others.join(", "))
    };
    Ok(format!("**{first}**{others}"))
}

fn archives(model: &Table) -> String {
    let archives = model.get("archives").and_then(Value::as_array).into_iter().flatten();
    let shown = archives.filter_map(Value::as_table).map(|archive| {
        let depth = archive.get("depth").and_then(Value::as_integer).unwrap_or_default();
        format!(
            "{} {depth}",
            archive.get("kind").and_then(Value::as_str).unwrap_or_default()
        )
    });
    let shown: Vec<_> = shown.collect();
    if shown.is_empty() {
        "none".to_owned()
    } else {
        shown.join(", ")
    }
}

/// What is known how well, the best known first.
fn evidence(model: &Table) -> String {
    let Some(known) = model.get("evidence").and_then(Value::as_table) else {
        return "nothing".to_owned();
    };
    let place = |capability: &str| CAPABILITIES.iter().position(|known| *known == capability);
    let mut parts = Vec::new();
    for evidence in EVIDENCE {
        let of_this = known.iter().filter(|(_, how)| how.as_str() == Some(evidence));
        let mut of_this: Vec<&str> = of_this.map(|(capability, _)| capability.as_str()).collect();
        of_this.sort_by_key(|capability| (place(capability).unwrap_or(CAPABILITIES.len()), *capability));
        if !of_this.is_empty() {
            parts.push(format!("{evidence}: {}", of_this.join(", ")));
        }
    }
    parts.join("; ")
}

fn word(table: &Table, key: &str) -> Result<String> {
    let found = table.get(key).and_then(Value::as_str);
    found.map(str::to_owned).with_context(|| format!("{key} is missing"))
}

/// The English half of a text in both languages.
fn english(table: &Table, key: &str) -> Result<String> {
    let found = table.get(key).and_then(Value::as_table);
    word(found.with_context(|| format!("{key} is missing"))?, "en").with_context(|| format!("in {key}"))
}

fn list<'a>(table: &'a Table, key: &str) -> Vec<&'a str> {
    let items = table.get(key).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_is_told_by_its_own_description() {
        let described: Table = r#"
            id = "hm1"
            title = { ru = "ТМ-1", en = "HM-1, an invented meter" }
            [[models]]
            id = "hm1"
            names = ["ТМ-1", "HM-1"]
            maker = { ru = "Никто", en = "Nobody | nowhere" }
            archives = [{ kind = "hourly", depth = 48, label = "interval-end" }]
            evidence = { daily = "document", zeal = "document", identify = "document", clock = "captured" }
            notes = { ru = "Нет", en = "It is not there." }
        "#
        .parse()
        .unwrap();
        let mut text = String::new();
        driver(&mut text, &described, Some("meters/hm1.md")).unwrap();
        let want = "
## hm1

HM-1, an invented meter. For the person at the meter: [meters/hm1.md](meters/hm1.md).

| Model | Maker | Archives | Known from |
| --- | --- | --- | --- |
| **ТМ-1** (HM-1) | Nobody \\| nowhere | hourly 48 | captured: clock; document: identify, daily, zeal |

- ТМ-1: It is not there.
";
        assert_eq!(text, want);
    }
}
