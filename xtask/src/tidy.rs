//! `cargo xtask tidy`: the rules of this repository that no compiler knows.

mod imports;
mod manifests;
mod path_tree;
mod source;
mod table;
mod text;
mod tokens;

use std::fmt;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::meters;
use crate::process::{self, say};
use crate::workspace::Workspace;

/// The document that holds the import table.
const ARCHITECTURE: &str = "docs/architecture.md";

/// A place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// Relative to the root.
    pub path: String,
    /// Counted from 1; 0 where the whole file is meant.
    pub line: usize,
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.text),
            line => write!(f, "{}:{line}: {}", self.path, self.text),
        }
    }
}

/// A text file of the repository.
pub struct File {
    /// Relative to the root, with `/` between folders.
    pub path: String,
    pub text: String,
}

/// Checks every file that git has or would add.
///
/// # Errors
/// A rule is broken: every place is printed first. Or the repository cannot be read.
pub fn run(workspace: &Workspace) -> Result<()> {
    let files = read(workspace)?;
    let document = files.iter().find(|file| file.path == ARCHITECTURE);
    let document = document.with_context(|| format!("{ARCHITECTURE} is missing: it holds the import table"))?;
    let table = table::parse(&document.text).with_context(|| format!("cannot use {ARCHITECTURE}"))?;
    let mut findings = manifests::check(workspace);
    findings.extend(meters::check(workspace)?);
    for file in &files {
        if file.path.ends_with(".rs") {
            let tokens = tokens::read(&file.text);
            findings.extend(source::check(&file.path, &tokens));
            findings.extend(imports::check(&table, &file.path, &tokens));
        }
        findings.extend(text::check(file));
        if let Some(warning) = text::length_warning(file) {
            say(format!("warning: {warning}"));
        }
    }
    // Several names out of one forbidden module make one finding a line.
    findings.dedup();
    for finding in &findings {
        eprintln!("{finding}");
    }
    if !findings.is_empty() {
        bail!(
            "{} places break the rules of the repository: change the places listed above",
            findings.len()
        );
    }
    say(format!("tidy: {} files keep the rules", files.len()));
    Ok(())
}

/// Reads the files that git tracks, and new ones that it does not ignore. Files that are not text are left out.
fn read(workspace: &Workspace) -> Result<Vec<File>> {
    let mut git = process::command("git", &workspace.root);
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let names = process::output(&mut git, "tidy looks at what git has: run it inside a clone")?;
    let mut files = Vec::new();
    for name in names.split_terminator('\0') {
        // A file that was deleted but not committed is still listed; one that is not UTF-8 has no lines to look at.
        if let Ok(text) = fs::read_to_string(workspace.root.join(name)) {
            files.push(File {
                path: name.to_owned(),
                text,
            });
        }
    }
    Ok(files)
}
