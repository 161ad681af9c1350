//! A version proves itself: what it says of itself is what its manifest says, and its vendor's recordings come out as they
//! were recorded.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::conformance;
use crate::driver::Driver;
use crate::package::{self, Package};

/// Whether the component is what the manifest says.
///
/// # Errors
/// The first difference.
pub fn says_the_same(package: &Package, driver: &Driver) -> Result<(), String> {
    let (manifest, describe) = (&package.manifest, &driver.describe);
    let pairs = [
        ("id", &manifest.id, &describe.id),
        ("version", &manifest.version, &describe.version),
        ("vendor", &manifest.vendor, &describe.vendor),
    ];
    for (what, says, is) in pairs {
        if says != is {
            return Err(format!("the manifest says {what} {says:?}, the component {is:?}"));
        }
    }
    let claimed: BTreeSet<&str> = manifest.models.iter().map(String::as_str).collect();
    let described: BTreeSet<&str> = describe.models.iter().map(|model| model.id.as_str()).collect();
    if claimed != described {
        let more: Vec<&&str> = claimed.symmetric_difference(&described).collect();
        return Err(format!("manifest and component differ in the models {more:?}"));
    }
    let asked: BTreeSet<&str> = manifest.interfaces.iter().map(String::as_str).collect();
    let exported: BTreeSet<&str> = driver
        .interfaces()
        .iter()
        .copied()
        .filter(|name| *name != "meter")
        .collect();
    if asked != exported {
        let more: Vec<&&str> = asked.symmetric_difference(&exported).collect();
        return Err(format!("manifest and component differ in the interfaces {more:?}"));
    }
    if package::version(&manifest.contract).map(|(major, ..)| major) != Some(1) {
        return Err(format!(
            "the manifest names contract {:?}, this host has 1",
            manifest.contract
        ));
    }
    Ok(())
}

/// Holds every recording of the package again.
///
/// # Errors
/// The first recording that comes out otherwise, and how.
pub async fn recordings(package: &Package, driver: &Arc<Driver>) -> Result<usize, String> {
    let mut count = 0;
    for (name, bytes) in package.recordings() {
        let difference = conformance::difference(driver, name, bytes).await;
        if let Some(text) = difference.map_err(|error| error.to_string())? {
            return Err(format!("recording {name}: {text}"));
        }
        count += 1;
    }
    Ok(count)
}
