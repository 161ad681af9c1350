//! The manifest of a component that has none yet.

use std::collections::BTreeMap;

use crate::driver::Driver;
use crate::driver::describe::Text as Described;
use crate::package::{ASKABLE, FORMAT, FORMAT_VERSION, Manifest, Text};

/// What a manifest says of a component: what the component says of itself. It names no files yet.
pub fn manifest_of(driver: &Driver, changelog: Text) -> Manifest {
    let describe = &driver.describe;
    let asks = |name: &&&str| driver.interfaces().contains(*name);
    Manifest {
        changelog,
        contract: "1.0.0".to_owned(),
        files: BTreeMap::new(),
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        id: describe.id.clone(),
        interfaces: ASKABLE.iter().filter(asks).map(|name| (*name).to_owned()).collect(),
        models: describe.models.iter().map(|model| model.id.clone()).collect(),
        title: text(&describe.title),
        vendor: describe.vendor.clone(),
        version: describe.version.clone(),
    }
}

fn text(described: &Described) -> Text {
    Text {
        ru: described.ru.clone(),
        en: described.en.clone(),
    }
}
