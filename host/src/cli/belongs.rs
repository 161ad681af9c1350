//! Whose reading it is: the device by its name or its number, standing where the reading says.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::import::ImportError;
use crate::model::ClockRule;
use crate::portable::{Manifest, Package};
use crate::store::{PollDevice, Store};

fn plain(serial: &str) -> String {
    serial.trim().trim_start_matches('0').to_ascii_lowercase()
}

/// The device by its name, or by driver and serial number.
pub(super) async fn device(store: &Store, manifest: &Manifest, name: Option<&str>) -> Result<PollDevice, ImportError> {
    let refused = |text: String| Err(ImportError::Device(text));
    let driver = &manifest.driver.id;
    let serial = manifest.device.serial.as_deref();
    let devices = store.poll_plan().await?;
    let Some(name) = name else {
        let Some(serial) = serial else {
            return refused("the device of the package has no serial number: name one with --device".to_owned());
        };
        let is_it = |device: &PollDevice| {
            device.driver == *driver && device.serial.as_deref().map(plain).as_deref() == Some(&*plain(serial))
        };
        let mut found: Vec<PollDevice> = devices.into_iter().filter(is_it).collect();
        let names: Vec<String> = found.iter().map(|device| device.name.to_string()).collect();
        return match (found.pop(), names.len()) {
            (Some(device), 1) => Ok(device),
            (None, _) => refused(format!(
                "no device of driver {driver} has serial number {serial}: name one with --device"
            )),
            (Some(_), _) => refused(format!(
                "devices {} have driver {driver} and serial number {serial}: name one with --device",
                names.join(", ")
            )),
        };
    };
    let Some(device) = devices.into_iter().find(|device| &*device.name == name) else {
        return refused(format!("there is no device {name:?}"));
    };
    if device.driver != *driver {
        return refused(format!(
            "device {name} has driver {}, the package is of {driver}",
            device.driver
        ));
    }
    match (&device.serial, serial) {
        (Some(want), Some(got)) if plain(want) != plain(got) => refused(format!(
            "device {name} has serial number {want}, the package is of {got}"
        )),
        _ => Ok(device),
    }
}

/// Every label has to mean the same instant here as where it was read. `follows`: the device was read as one that follows
/// summer time.
pub(super) fn check_zone(package: &Package, device: &PollDevice, follows: bool) -> Result<(), ImportError> {
    let zone = TimeZone::get(&device.time_zone);
    let zone =
        zone.map_err(|_| ImportError::Device(format!("zone {:?} of the site is not known", device.time_zone)))?;
    let follows = match device.clock_rule.as_deref() {
        Some("zone") => true,
        Some(_) => false,
        None => follows,
    };
    let clock = if follows {
        ClockRule::Zone(zone)
    } else {
        ClockRule::Standard(zone)
    };
    let records = package.reading.tables.iter().flat_map(|table| &table.records);
    for record in records {
        let Some(label) = record.label else { continue };
        let here = clock.instant(label);
        let seconds = here.map(Timestamp::as_second);
        if [record.starts_at, record.ends_at]
            .map(|end| Some(end.as_second()))
            .contains(&seconds)
        {
            continue;
        }
        return Err(ImportError::Zone {
            record: format!("{} {} to {}", record.kind, record.starts_at, record.ends_at),
            label,
            here: here.map_or_else(|| "no instant".to_owned(), |here| here.to_string()),
            zone: format!("{} ({})", package.manifest.zone, package.manifest.clock_rule),
        });
    }
    Ok(())
}
