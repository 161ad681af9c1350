//! Holds the modules of the host to the import table.

use super::Finding;
use super::path_tree;
use super::table::Table;
use super::tokens::Token;

const SOURCE: &str = "host/src/";

/// The places of a file of the host that import what its module may not.
pub fn check(table: &Table, path: &str, tokens: &[Token]) -> Vec<Finding> {
    let Some(module) = path.strip_prefix(SOURCE).and_then(module_path) else {
        return Vec::new();
    };
    let Some(name) = module.first() else { return Vec::new() };
    let judge = |used: path_tree::RootPath| {
        let text = table.refusal(name, &used.segments)?;
        Some(Finding {
            path: path.to_owned(),
            line: used.line,
            text,
        })
    };
    path_tree::find(tokens, &module).into_iter().filter_map(judge).collect()
}

/// `api/sites.rs` is the module `api::sites`. The roots of the library and of binaries wire modules, so they have none.
fn module_path(file: &str) -> Option<Vec<String>> {
    let stem = file.strip_suffix(".rs")?;
    if matches!(stem, "lib" | "main") || stem.starts_with("bin/") {
        return None;
    }
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    Some(stem.split('/').map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::super::{table, tokens};
    use super::*;

    fn findings(path: &str, source: &str) -> Vec<String> {
        let table = table::parse(table::tests::DOCUMENT).unwrap();
        check(&table, path, &tokens::read(source))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_planted_import_is_found_with_its_place() {
        let refused = |place: &str, module: &str, used: &str| {
            vec![format!(
                "{place}: `{module}` may not import `crate::{used}`, see the import table in docs/architecture.md"
            )]
        };
        let cases = [
            (
                "host/src/store/device.rs",
                "use crate::model::Device;\nuse super::row;\n",
                vec![],
            ),
            (
                "host/src/store/device.rs",
                "use crate::model::Device;\nuse crate::session::Outcome;\n",
                refused("host/src/store/device.rs:2", "store", "session::Outcome"),
            ),
            (
                "host/src/store/mod.rs",
                "fn f() {\n    super::driver::load();\n}\n",
                refused("host/src/store/mod.rs:2", "store", "driver::load"),
            ),
            (
                "host/src/schedule.rs",
                "use crate::{\n    model,\n    store,\n};",
                refused("host/src/schedule.rs:3", "schedule", "store"),
            ),
            ("host/src/main.rs", "use crate::app;", vec![]),
            ("host/tests/api.rs", "use crate::app;", vec![]),
        ];
        for (path, source, want) in cases {
            assert_eq!(findings(path, source), want, "{path}: {source}");
        }
    }
}
