//! A driver's component, checked and ready to run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use wasmtime::Engine;
use wasmtime::component::InstancePre;

use super::context::Context;
use super::contract::{Exports, chosen};
use super::describe::Describe;
use super::engine::{Runtime, Weight, digest};
use super::env::Budget;
use super::load_error::LoadError;
use super::running::Running;
use super::{Surroundings, v1};
use crate::foreign::{shown, unprintable};
use crate::limits;
use crate::model::{ArchiveKind, Effect, LineSettings, Outcome};

/// The names of the contract's interfaces begin so.
const PACKAGE: &str = "uzel:driver/";

/// One version of a driver.
pub struct Driver {
    /// What it says of itself.
    pub describe: Arc<Describe>,
    /// The same in its own words: JSON.
    pub described: Arc<str>,
    /// SHA-256 of the component, hex.
    pub digest: Arc<str>,
    /// Bytes of the component.
    pub size_bytes: usize,
    /// The file it came from.
    pub file: PathBuf,
    /// When it was loaded.
    pub loaded_at: Timestamp,
    /// How much it needs.
    pub weight: Weight,
    /// The version of the contract by which the host talks to it.
    pub contract: &'static str,
    engine: Engine,
    pre: InstancePre<Context>,
    exports: Arc<dyn Exports>,
    interfaces: Vec<&'static str>,
}

impl Driver {
    /// Reads, compiles and checks a file. Blocks while it compiles.
    pub fn load_file(runtime: &Runtime, file: &Path) -> Result<Self, LoadError> {
        let read = |source| LoadError::Read {
            file: file.to_owned(),
            source,
        };
        check_size(std::fs::metadata(file).map_err(read)?.len())?;
        let bytes = std::fs::read(file).map_err(read)?;
        Self::load(runtime, &bytes, file)
    }

    /// Compiles and checks a component; `file` is for people.
    pub fn load(runtime: &Runtime, bytes: &[u8], file: &Path) -> Result<Self, LoadError> {
        check_size(u64::try_from(bytes.len()).unwrap_or(u64::MAX))?;
        let weight = Weight::of(bytes.len());
        let shop = runtime.shop(weight)?;
        let component = runtime.compile(&shop, bytes)?;
        let kind = component.component_type();
        let imports: Vec<_> = kind.imports(&shop.engine).map(|(name, _)| name).collect();
        let exports: Vec<_> = kind.exports(&shop.engine).map(|(name, _)| name).collect();
        refuse_foreign(&imports)?;
        let (names, given) = (imports.iter().copied(), exports.iter().copied());
        let contract = chosen(runtime.contracts(), names, given)?;
        let version = contract.version();
        let pre = shop
            .linker
            .instantiate_pre(&component)
            .map_err(|error| LoadError::Contract {
                version,
                text: shown(&format!("{error:#}")),
            })?;
        let found = contract.exports(&pre).map_err(|error| LoadError::Export {
            version,
            text: shown(&format!("{error:#}")),
        })?;
        let mut driver = Self {
            describe: Arc::new(unknown()),
            described: Arc::default(),
            digest: digest(bytes).into(),
            size_bytes: bytes.len(),
            file: file.to_owned(),
            loaded_at: Timestamp::now(),
            weight,
            contract: version,
            engine: shop.engine.clone(),
            pre,
            exports: found,
            interfaces: interfaces(&exports),
        };
        let text = Running::describe(&driver).map_err(|text| LoadError::DescribeCall { text })?;
        let describe = parse(&text).map_err(|text| LoadError::Describe { text })?;
        driver.describe = Arc::new(describe);
        driver.described = text.into();
        Ok(driver)
    }

    /// Takes away the interfaces beyond `meter` that are not `granted`: nothing of them is ever called.
    pub fn restricted(mut self, granted: &[String]) -> Self {
        let may = |name: &str| name == "meter" || granted.iter().any(|one| one == name);
        self.interfaces.retain(|name| may(name));
        self
    }

    /// The interfaces it exports: `meter` and the optional ones.
    pub fn interfaces(&self) -> &[&'static str] {
        &self.interfaces
    }

    /// The line as the driver expects it.
    pub fn line_settings(&self) -> Option<LineSettings> {
        v1::config_settings(&self.describe.line)
    }

    /// An instance for one session. The error is how the session ends.
    pub async fn start(&self, surroundings: Surroundings, started_at: Timestamp) -> Result<Running, (Outcome, String)> {
        Running::start(self, surroundings, started_at).await
    }

    /// What a session may use.
    pub fn budget(&self) -> Budget {
        self.weight.budget()
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }
    pub(super) fn pre(&self) -> &InstancePre<Context> {
        &self.pre
    }
    pub(super) fn exports(&self) -> &dyn Exports {
        &*self.exports
    }
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Driver({} {} {})",
            self.describe.id, self.describe.version, self.digest
        )
    }
}

/// Refuses a component that asks for more than the contract offers, WASI above all.
fn refuse_foreign(imports: &[&str]) -> Result<(), LoadError> {
    let Some(import) = imports.iter().find(|name| !name.starts_with(PACKAGE)) else {
        return Ok(());
    };
    let hint = if import.starts_with("wasi:") {
        "; build it for wasm32-unknown-unknown: a driver has no WASI"
    } else {
        ""
    };
    Err(LoadError::Import {
        import: (*import).to_owned(),
        hint,
    })
}

/// The interfaces of the contract among the names of what a component exports.
fn interfaces(exports: &[&str]) -> Vec<&'static str> {
    let exported = |interface: &&&str| {
        let names = exports
            .iter()
            .filter_map(|name| name.strip_prefix(PACKAGE)?.split_once('@'));
        names.map(|(name, _)| name).any(|name| name == **interface)
    };
    ["meter", "diagnostics", "configure", "control"]
        .iter()
        .filter(exported)
        .copied()
        .collect()
}

fn check_size(got: u64) -> Result<(), LoadError> {
    if got > u64::try_from(limits::COMPONENT_BYTES).unwrap_or(u64::MAX) {
        return Err(LoadError::Size { got });
    }
    Ok(())
}

/// Stands in until `describe()` has answered.
fn unknown() -> Describe {
    let text = super::describe::Text {
        ru: String::new(),
        en: String::new(),
    };
    Describe {
        id: String::new(),
        version: String::new(),
        vendor: String::new(),
        title: text,
        protocol: None,
        line: super::describe::Line {
            media: Vec::new(),
            baud: 9_600,
            baud_choices: Vec::new(),
            data_bits: 8,
            parity: "none".to_owned(),
            stop_bits: 1,
        },
        config: Vec::new(),
        models: Vec::new(),
        conditions: Vec::new(),
    }
}

/// Reads and checks the document of `describe()`. The error names the first thing that is wrong.
pub fn parse(text: &str) -> Result<Describe, String> {
    if text.len() > limits::DESCRIBE_BYTES {
        return Err(format!(
            "it has {} bytes, at most {} may be",
            text.len(),
            limits::DESCRIBE_BYTES
        ));
    }
    // What a parser says of somebody's words may quote them.
    let fault = |error: serde_json::Error| -> String {
        let text = shown(&error.to_string());
        text.chars().take(limits::LOG_LINE_BYTES).collect()
    };
    let describe: Describe = serde_json::from_str(text).map_err(fault)?;
    let words: serde_json::Value = serde_json::from_str(text).map_err(fault)?;
    if let Some(text) = unprintable(&words) {
        return Err(format!("text {text:?} has control characters"));
    }
    let id = &describe.id;
    let letters = id
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !letters || !id.starts_with(|c: char| c.is_ascii_lowercase()) || id.len() > 32 {
        return Err(format!(
            "id {id:?}: expected a-z, 0-9 and -, at most 32, a letter first"
        ));
    }
    if describe.version.is_empty() || describe.version.len() > 32 {
        return Err(format!("version {:?}: expected 1 to 32 characters", describe.version));
    }
    if v1::config_settings(&describe.line).is_none() {
        return Err("line: baud, data_bits, parity or stop_bits is none that a line can have".to_owned());
    }
    if describe.models.is_empty() {
        return Err("models is empty".to_owned());
    }
    for model in &describe.models {
        if model.names.is_empty() {
            return Err(format!("model {:?} has no names", model.id));
        }
        for archive in &model.archives {
            archive
                .kind
                .parse::<ArchiveKind>()
                .map_err(|error| format!("model {:?}: {error}", model.id))?;
            if !matches!(archive.label.as_str(), "interval-start" | "interval-end") {
                return Err(format!(
                    "model {:?}: label {:?}, expected interval-start or interval-end",
                    model.id, archive.label
                ));
            }
            if archive.depth == 0 {
                return Err(format!("model {:?}: depth of {} is 0", model.id, archive.kind));
            }
        }
        for (capability, evidence) in &model.evidence {
            if !matches!(
                evidence.as_str(),
                "captured" | "document" | "single-driver" | "experimental"
            ) {
                return Err(format!(
                    "model {:?}: evidence of {capability} is {evidence:?}",
                    model.id
                ));
            }
        }
    }
    for condition in &describe.conditions {
        if let Some(effect) = &condition.effect {
            effect
                .parse::<Effect>()
                .map_err(|error| format!("condition {:?}: {error}", condition.code))?;
        }
    }
    let mut keys: Vec<_> = describe.config.iter().map(|key| key.key.as_str()).collect();
    keys.sort_unstable();
    if let Some([key, _]) = keys.array_windows().find(|[a, b]| a == b) {
        return Err(format!("config key {key:?} stands twice"));
    }
    for key in &describe.config {
        if let Some(default) = &key.default {
            super::config::check_value(key, default)
                .map_err(|text| format!("default of config key {:?}: {text}", key.key))?;
        }
    }
    Ok(describe)
}
