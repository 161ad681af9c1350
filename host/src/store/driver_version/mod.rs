//! Versions of drivers, the keys of their vendors, and what was done with both.

mod decision;
mod event;
mod session;
mod step;
mod trust;
mod version;

pub use decision::{Decided, Standing, Subject};
pub use event::{Deed, DriverEvent};
pub use session::DriverSession;
pub use step::Step;
pub use trust::VendorKey;
pub use version::DriverVersion;

use serde_json::Value;

fn list(text: &str) -> Vec<String> {
    // Only this program writes it.
    serde_json::from_str(text).unwrap_or_default()
}

fn json(list: &[String]) -> String {
    Value::from(list.to_vec()).to_string()
}
