//! `cargo xtask openapi`: the API's document and the types of the web client that follow from it. Both are committed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::files;
use crate::host::Programs;
use crate::process::{self, say};
use crate::web;
use crate::workspace::Workspace;

const ADVICE: &str = "run `cargo xtask openapi` and commit what it changed";

/// Writes `web/openapi.json` and the types.
///
/// # Errors
/// The host or npm fails.
pub fn write(workspace: &Workspace, programs: &Programs) -> Result<()> {
    let written = files::write_if_changed(&document_path(workspace), document(workspace, programs)?.as_bytes())?;
    say(if written {
        "web/openapi.json has changed"
    } else {
        "web/openapi.json is unchanged"
    });
    web::install(workspace)?;
    web::script(workspace, "api", &[])
}

/// Fails when the committed document or types are not what the host says now. Leaves both as they were.
///
/// # Errors
/// One of them is stale, or the host or npm fails.
pub fn check(workspace: &Workspace, programs: &Programs) -> Result<()> {
    let path = document_path(workspace);
    if read(&path)? != document(workspace, programs)? {
        bail!("web/openapi.json is stale: {ADVICE}");
    }
    web::install(workspace)?;
    let types = types_path(workspace)?;
    let committed = read(&types)?;
    web::script(workspace, "api", &[])?;
    let generated = read(&types)?;
    if generated != committed {
        fs::write(&types, &committed).with_context(|| format!("cannot put back {}", types.display()))?;
        bail!("{} is stale: {ADVICE}", types.display());
    }
    Ok(())
}

fn document_path(workspace: &Workspace) -> PathBuf {
    workspace.web().join("openapi.json")
}

fn document(workspace: &Workspace, programs: &Programs) -> Result<String> {
    let mut uzel = process::command(programs.uzel(), &workspace.root);
    process::output(uzel.arg("openapi"), "look at the host's words above")
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}: {ADVICE}", path.display()))
}

/// The file that the npm script `api` writes, as the script itself says.
fn types_path(workspace: &Workspace) -> Result<PathBuf> {
    let line = web::script_line(workspace, "api")?.context("web/package.json has no script `api`")?;
    let output = output_option(&line).context("the script `api` in web/package.json has no option -o")?;
    Ok(workspace.web().join(output))
}

fn output_option(line: &str) -> Option<&str> {
    line.split_whitespace()
        .skip_while(|word| !matches!(*word, "-o" | "--output"))
        .nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generated_file_is_read_from_the_script() {
        let cases = [
            (
                "node scripts/types.mjs openapi.json -o src/lib/api/openapi.ts",
                Some("src/lib/api/openapi.ts"),
            ),
            (
                "openapi-typescript openapi.json --output a.ts --alphabetize",
                Some("a.ts"),
            ),
            ("openapi-typescript openapi.json", None),
        ];
        for (line, want) in cases {
            assert_eq!(output_option(line), want, "{line}");
        }
    }
}
