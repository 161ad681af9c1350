//! A version proves itself: what it says of itself is what its manifest says, and its vendor's recordings come out as they
//! were recorded.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::again::hold;
use crate::driver::Driver;
use crate::model::{Column, Record, RecordKind};
use crate::package::{self, Package};
use crate::portable::{self, Table, Trust};
use crate::session::Script;

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
        recording(bytes, driver)
            .await
            .map_err(|text| format!("recording {name}: {text}"))?;
        count += 1;
    }
    Ok(count)
}

async fn recording(bytes: &[u8], driver: &Arc<Driver>) -> Result<(), String> {
    let read = portable::unpack(bytes, Trust::Anybody).map_err(|error| error.to_string())?;
    let mut script = Script::parse(&read.reading.trace).map_err(|error| error.to_string())?;
    let asked = serde_json::from_value(read.manifest.asked).map_err(|error| error.to_string())?;
    script.asked = Some(asked);
    let held = hold(script, driver.clone(), &serde_json::Value::Null, false).await;
    let (report, taken, requests) = held.map_err(|error| error.to_string())?;
    if let Some(request) = requests.first() {
        return Err(request.clone());
    }
    let (is, was) = (rows(&taken.tables), rows(&read.reading.tables));
    if let Some(difference) = is.iter().find(|row| !was.contains(row)) {
        return Err(format!("gives {}, which was not recorded", shown(difference)));
    }
    if let Some(difference) = was.iter().find(|row| !is.contains(row)) {
        return Err(format!("does not give {}, which was recorded", shown(difference)));
    }
    if taken.events != read.reading.events {
        return Err(format!(
            "gives {} events, {} were recorded",
            taken.events.len(),
            read.reading.events.len()
        ));
    }
    match report.detail {
        Some(detail) if report.outcome.blames_driver() => Err(format!("ended {}: {detail}", report.outcome)),
        _ => Ok(()),
    }
}

type Row<'a> = (RecordKind, &'a [Column], &'a Record);

fn rows(tables: &[Table]) -> Vec<Row<'_>> {
    let tables = tables.iter();
    tables
        .flat_map(|table| {
            table
                .records
                .iter()
                .map(move |record| (table.kind, &*table.columns, record))
        })
        .collect()
}

fn shown(row: &Row<'_>) -> String {
    format!("the {} record of {}", row.0, row.2.starts_at)
}
