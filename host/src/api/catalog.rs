//! The drivers that are loaded, as the API needs them.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::dto::Text;
use crate::driver::describe::{Describe, Model};

/// One driver that is loaded.
#[derive(Debug, Clone)]
pub struct DriverEntry {
    /// What it says of itself.
    pub describe: Arc<Describe>,
    /// Digest of its file.
    pub digest: String,
    /// Bytes of its file.
    pub size_bytes: u64,
    /// What it exports: `meter`, `diagnostics`, …
    pub interfaces: Vec<String>,
    /// Where it was loaded from.
    pub file: String,
    /// When.
    pub loaded_at: Timestamp,
}

/// Who knows the drivers.
pub trait DriverCatalog: Send + Sync {
    /// The active version of each driver.
    fn list(&self) -> Vec<DriverEntry>;
}

/// The drivers by id, for one request.
pub(super) struct Drivers(HashMap<String, DriverEntry>);

impl Drivers {
    pub(super) fn of(catalog: &dyn DriverCatalog) -> Self {
        let entries = catalog.list().into_iter();
        Self(entries.map(|entry| (entry.describe.id.clone(), entry)).collect())
    }

    /// What a driver says of itself; none when it is not loaded.
    pub(super) fn describe(&self, id: &str) -> Option<&Describe> {
        self.0.get(id).map(|entry| entry.describe.as_ref())
    }

    /// A model of a driver.
    pub(super) fn model(&self, driver: &str, model: Option<&str>) -> Option<&Model> {
        self.describe(driver)?
            .models
            .iter()
            .find(|known| Some(known.id.as_str()) == model)
    }

    /// Records in the ring of an archive.
    pub(super) fn depth(&self, driver: &str, model: Option<&str>, kind: &str) -> Option<u32> {
        let archives = &self.model(driver, model)?.archives;
        archives
            .iter()
            .find(|archive| archive.kind == kind)
            .map(|archive| archive.depth)
    }

    /// What the code of an abnormal situation means: first as the model has it, then as every model.
    pub(super) fn condition(&self, driver: &str, model: Option<&str>, code: &str) -> Option<Text> {
        let known = &self.describe(driver)?.conditions;
        let of_code = || known.iter().filter(|condition| condition.code == code);
        let of_model = of_code().find(|condition| condition.models.iter().any(|known| Some(known.as_str()) == model));
        let found = of_model.or_else(|| of_code().find(|condition| condition.models.is_empty()));
        found.map(|condition| Text::from(&condition.title))
    }
}
