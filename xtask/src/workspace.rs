//! Where things are: the workspace root, its packages, and the folders that xtask writes to.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// The workspace as cargo sees it.
pub struct Workspace {
    pub root: PathBuf,
    /// Where cargo puts what it builds for this machine; `CARGO_TARGET_DIR` moves it.
    pub cargo_target: PathBuf,
    pub packages: Vec<Package>,
}

pub struct Package {
    pub name: String,
    /// The folder that holds its Cargo.toml.
    pub dir: PathBuf,
    /// The name of its cdylib, the part of a guest that becomes a component.
    pub cdylib: Option<String>,
    /// Names of the packages it depends on, of every kind (normal, build, dev).
    pub dependencies: Vec<String>,
}

impl Workspace {
    /// Asks cargo for the workspace that xtask belongs to.
    ///
    /// # Errors
    /// xtask was not started by cargo, or a manifest is broken.
    pub fn load() -> Result<Self> {
        let manifest_dir = std::env::var_os("CARGO_MANIFEST_DIR")
            .context("CARGO_MANIFEST_DIR is not set: start this tool as `cargo xtask`")?;
        let root = Path::new(&manifest_dir)
            .parent()
            .context("xtask has no parent folder")?
            .to_path_buf();
        let text = process::output(
            process::command("cargo", &root).args(["metadata", "--no-deps", "--format-version", "1"]),
            "repair the Cargo.toml that it names",
        )?;
        let metadata: Value = serde_json::from_str(&text).context("`cargo metadata` printed no valid JSON")?;
        let cargo_target = metadata["target_directory"]
            .as_str()
            .context("`cargo metadata` names no target folder")?;
        Ok(Self {
            cargo_target: cargo_target.into(),
            packages: list(&metadata["packages"]).map(package).collect::<Result<_>>()?,
            root,
        })
    }

    /// xtask's own output folder. It does not move with `CARGO_TARGET_DIR`, so that documents can name it.
    pub fn target(&self) -> PathBuf {
        self.root.join("target")
    }

    pub fn web(&self) -> PathBuf {
        self.root.join("web")
    }

    /// The packages whose folders lie directly in `folder` (relative to the root), ordered by folder name.
    pub fn packages_in(&self, folder: &str) -> Vec<&Package> {
        let folder = self.root.join(folder);
        let mut found: Vec<_> = self
            .packages
            .iter()
            .filter(|p| p.dir.parent() == Some(&folder))
            .collect();
        found.sort_by(|a, b| a.dir.cmp(&b.dir));
        found
    }
}

impl Package {
    /// The name of its folder, by which people call a driver.
    pub fn folder(&self) -> String {
        self.dir.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn package(value: &Value) -> Result<Package> {
    let text = |key: &str| {
        value[key]
            .as_str()
            .with_context(|| format!("`cargo metadata` gives a package no {key}"))
    };
    let is_cdylib = |target: &&Value| list(&target["kind"]).any(|kind| kind == "cdylib");
    Ok(Package {
        name: text("name")?.to_owned(),
        dir: Path::new(text("manifest_path")?)
            .parent()
            .context("a manifest has no folder")?
            .to_path_buf(),
        cdylib: list(&value["targets"])
            .find(is_cdylib)
            .and_then(|t| t["name"].as_str())
            .map(|n| n.replace('-', "_")),
        dependencies: list(&value["dependencies"])
            .filter_map(|d| d["name"].as_str())
            .map(str::to_owned)
            .collect(),
    })
}
