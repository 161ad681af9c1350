//! The list of devices as people keep it: what they say of a device, on a command line, in a form or in the row of a table,
//! becomes one that the store takes, and back. There is one way to make a device, whoever asks for it.

mod cell;
mod choose;
mod draft;
mod row;
mod sheet;
mod table;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::driver::{Describe, secret_keys};
use crate::store::SecretKeys;

pub use choose::chosen;
pub use draft::{Draft, DraftPoint, DraftRoute, Fault};
pub use row::{COLUMNS, Row, differences, draft, row};
pub use sheet::{csv, xlsx};
pub use table::{TableError, TableKind, read};
pub use values::{MASK, config_json, keep_secrets};

/// What the drivers say of themselves, by id.
pub type Drivers = BTreeMap<String, Arc<Describe>>;

/// The keys of every driver that are nobody's business.
pub fn secrets(drivers: &Drivers) -> SecretKeys {
    drivers
        .iter()
        .map(|(id, describe)| (id.clone(), secret_keys(describe).map(str::to_owned).collect()))
        .collect()
}
