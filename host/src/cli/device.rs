//! `uzel device`: devices into and out of the store.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value as Json;

use super::args::DeviceArgs;
use crate::model::{ClockPolicy, LineAddress, Task};
use crate::roster::{self, Draft, DraftRoute, Drivers, TableError};
use crate::store::{Change, ImportFault, Imported, KeptDevice, NewDevice, Seen, Store, StoreError};

/// Why devices were not taken.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The file could not be read.
    #[error("file {file}")]
    Read {
        /// Which.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no list of devices.
    #[error("file {file}")]
    Table {
        /// Which.
        file: PathBuf,
        /// Why.
        source: TableError,
    },
    /// It has faults: all of them.
    #[error("{} faults, nothing was stored:\n  {}", .0.len(), .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  "))]
    Faults(Vec<ImportFault>),
    /// There is none of this name.
    #[error("there is no device {0:?}: `uzel device list` names them")]
    Unknown(String),
    /// The store did not take them.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The result could not be printed.
    #[error("the output could not be written")]
    Write(#[from] io::Error),
}

/// The devices of a file, or every fault in it. `kept` are those that are there.
pub fn read_file(file: &Path, drivers: &Drivers, kept: &[KeptDevice]) -> Result<Vec<NewDevice>, DeviceError> {
    let bytes = std::fs::read(file).map_err(|source| DeviceError::Read {
        file: file.to_owned(),
        source,
    })?;
    let (_, rows) = roster::read(&bytes).map_err(|source| DeviceError::Table {
        file: file.to_owned(),
        source,
    })?;
    let configs: HashMap<&str, &Json> = kept
        .iter()
        .map(|kept| (kept.device.name.as_str(), &kept.device.config))
        .collect();
    let (mut devices, mut faults) = (Vec::new(), Vec::new());
    for (row, cells) in (1..).zip(&rows) {
        let config = cells.get("name").and_then(|name| configs.get(name.as_str()).copied());
        match roster::draft(cells, config).and_then(|draft| draft.device(drivers)) {
            Ok(device) => devices.push(device),
            Err(wrong) => faults.extend(of_row(row, wrong)),
        }
    }
    if faults.is_empty() {
        Ok(devices)
    } else {
        Err(DeviceError::Faults(faults))
    }
}

fn of_row(row: usize, wrong: Vec<roster::Fault>) -> impl Iterator<Item = ImportFault> {
    wrong.into_iter().map(move |(key, reason)| ImportFault {
        row,
        key: key.to_owned(),
        reason,
    })
}

/// The device of `uzel device add`.
pub fn from_args(args: &DeviceArgs, drivers: &Drivers) -> Result<NewDevice, DeviceError> {
    let tasks = args.what.iter().map(Task::to_string).collect::<Vec<_>>().join(" ");
    let describe = roster::chosen(args.driver.as_deref(), args.model.as_deref(), drivers).ok();
    let config = describe.map(|(describe, _)| roster::config_json(describe, &args.set));
    let route = |address: &LineAddress| DraftRoute {
        line: None,
        address: address.to_string(),
        settings: args.settings.map(|settings| settings.to_string()),
        options: args.options.map(|options| options.to_string()),
    };
    let draft = Draft {
        name: Some(args.name.clone()),
        driver: args.driver.clone(),
        model: args.model.clone(),
        routes: args.line.iter().map(route).collect(),
        organisation: args.organisation.clone(),
        site: args.site.clone(),
        address: args.address.clone(),
        zone: Some(args.zone.clone()),
        serial: args.serial.clone(),
        enabled: true,
        config: config.unwrap_or_default(),
        schedule: args.schedule.clone(),
        every_minutes: args.every.map(|minutes| minutes.to_string()),
        tasks: Some(tasks).filter(|tasks| !tasks.is_empty()),
        group: args.group.clone(),
        clock_policy: args.clock_policy.map(|policy| policy.to_string()),
        ..Draft::default()
    };
    draft
        .device(drivers)
        .map_err(|wrong| DeviceError::Faults(of_row(1, wrong).collect()))
}

/// Says what became of each device.
pub fn print_imported(imported: &[Imported], out: &mut dyn Write) -> io::Result<()> {
    for device in imported {
        match &device.change {
            Change::Added => writeln!(out, "{}: added", device.name)?,
            Change::Updated(parts) => writeln!(out, "{}: changed {}", device.name, parts.join(", "))?,
            Change::Unchanged => writeln!(out, "{}: as it was", device.name)?,
        }
    }
    Ok(())
}

/// Says what would become of each device, and ends with an error when one has faults.
pub fn print_preview(
    seen: &[Result<Seen, Vec<ImportFault>>],
    drivers: &Drivers,
    out: &mut dyn Write,
) -> Result<(), DeviceError> {
    let faults: Vec<ImportFault> = seen
        .iter()
        .filter_map(|seen| seen.as_ref().err())
        .flatten()
        .cloned()
        .collect();
    if !faults.is_empty() {
        return Err(DeviceError::Faults(faults));
    }
    for seen in seen.iter().flatten() {
        print_imported(std::slice::from_ref(&seen.imported), out)?;
        let differences = seen
            .before
            .iter()
            .flat_map(|before| roster::differences(before, &seen.after, drivers));
        for (key, before, after) in differences {
            writeln!(out, "  {key}: {before:?} becomes {after:?}")?;
        }
    }
    writeln!(out, "{} devices, no faults; nothing was stored", seen.len())?;
    Ok(())
}

/// Says whether a device's clock is set; none: as its group says.
pub async fn set_clock_policy(store: &Store, name: &str, policy: Option<ClockPolicy>) -> Result<(), DeviceError> {
    if store.put_clock_policy(name, policy).await? {
        Ok(())
    } else {
        Err(DeviceError::Unknown(name.to_owned()))
    }
}

/// Lists the devices with how they fared.
pub async fn list(store: &Store, out: &mut (dyn Write + Send)) -> Result<(), DeviceError> {
    let now = Timestamp::now();
    let devices = store.poll_plan().await?;
    if devices.is_empty() {
        writeln!(
            out,
            "no devices yet: add one with `uzel device add`, or many with `uzel device import`"
        )?;
    }
    for device in devices.into_iter().filter(|device| !device.archived) {
        let line = device
            .routes
            .first()
            .map(|route| route.address.to_string())
            .unwrap_or_default();
        let last = match (device.last_outcome, device.last_session_started_at) {
            (Some(outcome), Some(at)) => {
                let minutes = at.duration_until(now).as_mins();
                format!("{outcome} {minutes} min ago")
            }
            _ => "never read".to_owned(),
        };
        let off = if device.enabled { "" } else { ", disabled" };
        let model = device.model.as_deref().unwrap_or("?");
        let serial = device.serial.as_deref().unwrap_or("?");
        writeln!(
            out,
            "{}\t{} {model} No. {serial}\t{line}\t{}{off}\t{last}",
            device.name, device.driver, device.schedule
        )?;
    }
    Ok(())
}
