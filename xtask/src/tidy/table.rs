//! The import table: which module of the host may import which. It is written for people, in docs/architecture.md.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

/// The heading under which the table stands.
const HEADING: &str = "## Modules and imports";

/// Modules that everybody may import, as the head of the table says.
const OPEN: &[&str] = &["model", "limits", "signing", "foreign", "credential"];

/// The module that only `main` imports.
const TOP: &str = "app";

pub struct Table {
    rules: BTreeMap<String, Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    /// Everything but [`TOP`].
    Everything,
    /// Only what starts with one of these paths: `store`, `collect::Handle`.
    Only(Vec<String>),
}

/// Reads the table out of the document.
///
/// # Errors
/// There is no such heading, no table under it, or a row that names modules without saying what they may import.
pub fn parse(document: &str) -> Result<Table> {
    let mut lines = document.lines().skip_while(|line| line.trim() != HEADING);
    if lines.next().is_none() {
        bail!("there is no heading `{HEADING}`: put the import table under it");
    }
    let rows = lines
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'));
    let mut rules = BTreeMap::new();
    // The first two rows are the head and the line under it.
    for row in rows.skip(2) {
        let mut cells = row.split('|').skip(1);
        let (Some(modules), Some(allowed)) = (cells.next(), cells.next()) else {
            bail!("the row `{row}` needs two cells: modules, and what they may import");
        };
        // A row with a folder is about crates; the manifests are checked for it.
        for module in quoted(modules).filter(|name| !name.contains('/')) {
            rules.insert(module.to_owned(), rule(allowed, row)?);
        }
    }
    if rules.is_empty() {
        bail!("there is no table under `{HEADING}`: put the import table there");
    }
    Ok(Table { rules })
}

fn rule(cell: &str, row: &str) -> Result<Rule> {
    let cell = cell.trim();
    if cell.starts_with("everything") {
        return Ok(Rule::Everything);
    }
    let paths: Vec<_> = quoted(cell).map(str::to_owned).collect();
    if paths.is_empty() && !cell.starts_with("nothing") {
        bail!("the row `{row}` says neither `everything`, `nothing` nor any module in backquotes");
    }
    Ok(Rule::Only(paths))
}

/// The words between backquotes.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

impl Table {
    /// Why `module` may not import the path from the crate root, or none if it may.
    pub fn refusal(&self, module: &str, path: &[String]) -> Option<String> {
        let shown = path.join("::");
        let first = path.first().map_or("", String::as_str);
        if first == module || OPEN.contains(&first) {
            return None;
        }
        // `config` gathers the modules' own `Config`s, so it needs no row.
        let rule = match (self.rules.get(module), module) {
            (Some(rule), _) => rule.clone(),
            (None, "config") => Rule::Everything,
            (None, _) => return Some(format!("the module `{module}` has no row in the import table")),
        };
        let allowed = match rule {
            Rule::Everything => first != TOP,
            Rule::Only(paths) => paths
                .iter()
                .any(|allowed| allowed.split("::").eq(path.iter().take(allowed.split("::").count()))),
        };
        (!allowed).then(|| {
            format!("`{module}` may not import `crate::{shown}`, see the import table in docs/architecture.md")
        })
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub const DOCUMENT: &str = "# Architecture\n\n## Modules and imports\n\nRecords move one way.\n\n\
        | Module | May import (besides `model`, `limits`) |\n\
        | --- | --- |\n\
        | `model`, `limits` | nothing of ours |\n\
        | `transport`, `driver`, `schedule`, `store` | nothing of each other |\n\
        | `session` | `transport`, `driver` |\n\
        | `collect` | `schedule`, `session`, `store` |\n\
        | `api`, `export`, `ops` | `store`; `collect::Handle` to ask for a read now; `driver::Registry` to install |\n\
        | `app` | everything; only `main` imports `app` |\n\
        | `drivers-wasm/*` | `sdk`; never the host |\n\
        | `tests/simulators` | neither drivers nor sdk: a shared mistake would pass every test |\n\n\
        | Another | table |\n| --- | --- |\n| `store` | everything |\n";

    #[test]
    fn the_table_allows_its_rows_and_nothing_else() {
        let table = parse(DOCUMENT).unwrap();
        let cases = [
            ("store", "model::Record", true),
            ("store", "store::device", true),
            ("store", "driver::Registry", false),
            ("model", "limits::PAGE_ROWS", true),
            ("model", "store", false),
            ("session", "driver::Driver", true),
            ("session", "store", false),
            ("api", "collect::Handle", true),
            ("api", "collect::Handle::read_now", true),
            ("api", "collect", false),
            ("api", "collect::Loop", false),
            ("api", "collect::Handler", false),
            ("api", "driver::Registry", true),
            ("api", "*", false),
            ("app", "collect::Loop", true),
            ("app", "config::Config", true),
            ("config", "store::Config", true),
            ("config", "app::run", false),
            ("api", "app::run", false),
            ("api", "config::Config", false),
            ("billing", "store", false),
        ];
        for (module, path, want) in cases {
            let segments: Vec<_> = path.split("::").map(str::to_owned).collect();
            assert_eq!(table.refusal(module, &segments).is_none(), want, "{module} -> {path}");
        }
    }

    #[test]
    fn a_document_without_a_usable_table_is_refused() {
        let cases = [
            (
                "# Architecture\n",
                "there is no heading `## Modules and imports`: put the import table under it",
            ),
            (
                "## Modules and imports\n\nlater\n",
                "there is no table under `## Modules and imports`: put the import table there",
            ),
            (
                "## Modules and imports\n| a | b |\n| --- | --- |\n| `api` | whatever |\n",
                "the row `| `api` | whatever |` says neither `everything`, `nothing` nor any module in backquotes",
            ),
        ];
        for (document, want) in cases {
            assert_eq!(
                parse(document).err().map(|e| e.to_string()).as_deref(),
                Some(want),
                "{document}"
            );
        }
    }
}
