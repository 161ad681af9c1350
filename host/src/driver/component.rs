//! A driver's component, checked and ready to run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use wasmtime::component::InstancePre;

use super::context::Context;
use super::describe::Describe;
use super::engine::{Runtime, digest};
use super::running::Running;
use super::{Surroundings, v1};
use crate::limits;
use crate::model::{ArchiveKind, Effect, LineSettings, Outcome};

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
    runtime: Runtime,
    pre: InstancePre<Context>,
    meter: v1::meter::GuestIndices,
    diagnostics: Option<v1::diagnostics::GuestIndices>,
    interfaces: Vec<&'static str>,
}

/// Why a file is no driver that runs here.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The engine itself could not be made.
    #[error("the WebAssembly engine could not be started: {text}")]
    Engine {
        /// What it says.
        text: String,
    },
    /// No thread for the epoch.
    #[error("the engine's clock thread could not be started")]
    Thread {
        /// Why.
        source: std::io::Error,
    },
    /// The file could not be read.
    #[error("driver file {file}")]
    Read {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is larger than a component may be.
    #[error("driver file has {got} bytes, at most {} may be", limits::COMPONENT_BYTES)]
    Size {
        /// Its size.
        got: u64,
    },
    /// It is compiled code, not a component.
    #[error(
        "the file is precompiled code, expected a WebAssembly component: compiled code is never accepted from outside"
    )]
    Precompiled,
    /// It does not compile.
    #[error("the file is no WebAssembly component that compiles: {text}")]
    Compile {
        /// What the compiler says.
        text: String,
    },
    /// It asks for something that the host does not offer.
    #[error(
        "the component imports {import:?}, which the host does not offer; it offers uzel:driver/line@1.0.0, \
         uzel:driver/host@1.0.0, uzel:driver/types@1.0.0 and nothing else{hint}"
    )]
    Import {
        /// What it asks for.
        import: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// It asks for an interface of ours in another shape.
    #[error("the component does not fit the contract uzel:driver@1.0.0: {text}")]
    Contract {
        /// The difference.
        text: String,
    },
    /// It does not give what every driver gives.
    #[error("the component does not export uzel:driver/meter@1.0.0 as the contract has it: {text}")]
    Export {
        /// What is missing.
        text: String,
    },
    /// `describe()` did not come back.
    #[error("describe() failed: {text}")]
    DescribeCall {
        /// How.
        text: String,
    },
    /// `describe()` gave no document after the schema.
    #[error("describe() does not follow describe.schema.json: {text}")]
    Describe {
        /// What is wrong.
        text: String,
    },
}

impl LoadError {
    pub(super) fn engine(error: wasmtime::Error) -> Self {
        Self::Engine {
            text: format!("{error:#}"),
        }
    }
    pub(super) fn compile(error: wasmtime::Error) -> Self {
        Self::Compile {
            text: format!("{error:#}"),
        }
    }
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
        let component = runtime.compile(bytes)?;
        for (import, _) in component.component_type().imports(runtime.engine()) {
            if !import.starts_with("uzel:driver/") {
                let hint = if import.starts_with("wasi:") {
                    "; build it for wasm32-unknown-unknown: a driver has no WASI"
                } else {
                    ""
                };
                return Err(LoadError::Import {
                    import: import.to_owned(),
                    hint,
                });
            }
        }
        let contract = |error: wasmtime::Error| LoadError::Contract {
            text: format!("{error:#}"),
        };
        let pre = runtime.linker().instantiate_pre(&component).map_err(contract)?;
        let meter = v1::meter::GuestIndices::new(&pre).map_err(|error| LoadError::Export {
            text: format!("{error:#}"),
        })?;
        let diagnostics = v1::diagnostics::GuestIndices::new(&pre).ok();
        let mut interfaces = vec!["meter"];
        for (export, name) in [
            ("uzel:driver/diagnostics@1.0.0", "diagnostics"),
            ("uzel:driver/configure@1.0.0", "configure"),
            ("uzel:driver/control@1.0.0", "control"),
        ] {
            if component.get_export_index(None, export).is_some() {
                interfaces.push(name);
            }
        }
        let mut driver = Self {
            describe: Arc::new(unknown()),
            described: Arc::default(),
            digest: digest(bytes).into(),
            size_bytes: bytes.len(),
            file: file.to_owned(),
            loaded_at: Timestamp::now(),
            runtime: runtime.clone(),
            pre,
            meter,
            diagnostics,
            interfaces,
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
        if !may("diagnostics") {
            self.diagnostics = None;
        }
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

    pub(super) fn runtime(&self) -> &Runtime {
        &self.runtime
    }
    pub(super) fn pre(&self) -> &InstancePre<Context> {
        &self.pre
    }
    pub(super) fn meter(&self) -> &v1::meter::GuestIndices {
        &self.meter
    }
    pub(super) fn diagnostics(&self) -> Option<&v1::diagnostics::GuestIndices> {
        self.diagnostics.as_ref()
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

/// A text in `value` that would do more than stand there when a log or a terminal shows it.
fn unprintable(value: &serde_json::Value) -> Option<&str> {
    use serde_json::Value;
    let judge = |text| Some(text).filter(|text: &&str| text.contains(char::is_control));
    match value {
        Value::String(text) => judge(text.as_str()),
        Value::Array(items) => items.iter().find_map(unprintable),
        Value::Object(map) => map
            .iter()
            .find_map(|(key, value)| judge(key.as_str()).or_else(|| unprintable(value))),
        _ => None,
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
    let describe: Describe = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let words: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
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
