//! `uzel device`: devices into and out of the store.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::args::{DeviceArgs, config_json};
use super::choose::{chosen, name_model};
use crate::driver::{Describe, check_config};
use crate::model::schedule::BadSchedule;
use crate::model::{ClockPolicy, LineAddress, LineOptions, LineSettings, Schedule, Task};
use crate::store::{
    Change, ImportFault, Imported, NewDevice, NewPoint, NewRoute, NewSite, Store, StoreError, USUAL_SCHEDULE,
};

/// Why devices were not taken.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The file could not be read.
    #[error("file {file}")]
    Read {
        /// Which.
        file: PathBuf,
        /// Why.
        source: csv::Error,
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

/// What the drivers say of themselves, by id.
pub type Drivers = BTreeMap<String, std::sync::Arc<Describe>>;

/// Columns of an import.
const COLUMNS: &[&str] = &[
    "name",
    "driver",
    "line",
    "line_name",
    "settings",
    "line_options",
    "organisation",
    "site",
    "address",
    "node",
    "point",
    "zone",
    "serial",
    "model",
    "every_minutes",
    "tasks",
    "schedule",
    "group",
    "clock_policy",
    "config",
    "latitude",
    "longitude",
];

/// The devices of a CSV file, or every fault in it.
pub fn read_file(file: &Path, drivers: &Drivers) -> Result<Vec<NewDevice>, DeviceError> {
    let read = |source| DeviceError::Read {
        file: file.to_owned(),
        source,
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .flexible(true)
        .from_path(file)
        .map_err(read)?;
    let head = reader.headers().map_err(read)?.clone();
    let mut faults = Vec::new();
    let mut fault = |row, key: &str, reason: String| {
        faults.push(ImportFault {
            row,
            key: key.to_owned(),
            reason,
        })
    };
    for column in &head {
        if !COLUMNS.contains(&column) {
            fault(0, column, format!("no such column, expected {}", COLUMNS.join(", ")));
        }
    }
    let mut devices = Vec::new();
    for (index, record) in reader.records().enumerate() {
        let record = record.map_err(read)?;
        let row = index + 1;
        let get = |key: &str| {
            let at = head.iter().position(|column| column == key)?;
            record.get(at).filter(|text| !text.is_empty())
        };
        match device(&get, drivers) {
            Ok(device) => devices.push(device),
            Err(wrong) => wrong.into_iter().for_each(|(key, reason)| fault(row, key, reason)),
        }
    }
    if faults.is_empty() {
        Ok(devices)
    } else {
        Err(DeviceError::Faults(faults))
    }
}

/// One device from named texts, or all that is wrong with it.
fn device<'a>(
    get: &dyn Fn(&str) -> Option<&'a str>,
    drivers: &Drivers,
) -> Result<NewDevice, Vec<(&'static str, String)>> {
    let mut wrong = Vec::new();
    let mut must = |key: &'static str| {
        let text = get(key);
        if text.is_none() {
            wrong.push((key, "is missing".to_owned()));
        }
        text.unwrap_or_default().to_owned()
    };
    let (name, line) = (must("name"), must("line"));
    let (describe, model) = match chosen(get("driver"), get("model"), drivers) {
        Ok((describe, model)) => (Some(describe), model),
        Err(fault) => {
            wrong.push(fault);
            (None, None)
        }
    };
    let addresses: Result<Vec<LineAddress>, _> = line.split_whitespace().map(str::parse).collect();
    if let Err(error) = &addresses {
        wrong.push(("line", error.to_string()));
    }
    let settings = get("settings").map(str::parse::<LineSettings>).transpose();
    if let Err(error) = &settings {
        wrong.push(("settings", error.to_string()));
    }
    let options = get("line_options").map(str::parse::<LineOptions>).transpose();
    if let Err(error) = &options {
        wrong.push(("line_options", error.to_string()));
    }
    let schedule = schedule(get).map_err(|(key, reason)| wrong.push((key, reason)));
    let clock_policy = get("clock_policy").map(str::parse::<ClockPolicy>).transpose();
    if let Err(error) = &clock_policy {
        wrong.push(("clock_policy", error.to_string()));
    }
    let mut degrees = |key: &'static str| {
        let parsed = get(key).map(str::parse::<f64>).transpose();
        if parsed.is_err() {
            wrong.push((key, "expected degrees such as 55.7558".to_owned()));
        }
        parsed.unwrap_or_default()
    };
    let (latitude, longitude) = (degrees("latitude"), degrees("longitude"));
    let mut config = serde_json::json!({});
    match describe.map(|describe| (describe, configuration(get("config").unwrap_or_default(), describe))) {
        None => {}
        Some((_, Err(text))) => wrong.push(("config", text)),
        Some((describe, Ok(read))) => {
            config = read;
            name_model(&mut config, describe, model);
            if let Err(fault) = check_config(describe, &config) {
                wrong.extend(fault.faults.into_iter().map(|text| ("config", text)));
            }
        }
    }
    let (Ok(addresses), Ok(settings), Ok(options), Ok(schedule), Ok(clock_policy), true) =
        (addresses, settings, options, schedule, clock_policy, wrong.is_empty())
    else {
        return Err(wrong);
    };
    let text = |key: &str| get(key).map(str::to_owned);
    let first = describe.and_then(|describe| describe.models.first());
    let resource = model.or(first).and_then(|model| model.resources.first());
    Ok(NewDevice {
        driver: describe.map(|describe| describe.id.clone()).unwrap_or_default(),
        organisation: text("organisation").unwrap_or_else(|| "—".to_owned()),
        site: NewSite {
            name: text("site").unwrap_or_else(|| name.clone()),
            address: text("address"),
            time_zone: text("zone").unwrap_or_else(|| "Europe/Moscow".to_owned()),
            latitude,
            longitude,
        },
        node: text("node").unwrap_or_else(|| name.clone()),
        routes: addresses
            .into_iter()
            .enumerate()
            .map(|(position, address)| NewRoute {
                line: text("line_name").filter(|_| position == 0),
                address,
                settings,
                options,
            })
            .collect(),
        serial: text("serial"),
        model: model.map(|model| model.id.clone()),
        enabled: true,
        clock_rule: None,
        config,
        schedule,
        clock_policy,
        group: text("group"),
        points: vec![NewPoint {
            input: 1,
            name: text("point").unwrap_or_else(|| name.clone()),
            resource: resource.cloned().unwrap_or_else(|| "heat".to_owned()),
            purpose: "commercial".to_owned(),
        }],
        name,
    })
}

/// The schedule in column `schedule`, or what `every_minutes` and `tasks` come to; none: the group's, or the usual one.
fn schedule<'a>(get: &dyn Fn(&str) -> Option<&'a str>) -> Result<Option<Schedule>, (&'static str, String)> {
    let (every, tasks) = (get("every_minutes"), get("tasks"));
    if let Some(text) = get("schedule") {
        if every.is_some() || tasks.is_some() {
            let reason = "stands beside every_minutes or tasks: expected one or the other";
            return Err(("schedule", reason.to_owned()));
        }
        let schedule = text
            .parse()
            .map_err(|error: BadSchedule| ("schedule", error.to_string()));
        return schedule.map(Some);
    }
    if every.is_none() && tasks.is_none() {
        return Ok(None);
    }
    let minutes = every.map_or(Ok(60), str::parse::<u32>);
    let minutes = minutes.map_err(|_| ("every_minutes", "expected a whole number of minutes".to_owned()))?;
    let usual: Schedule = USUAL_SCHEDULE
        .parse()
        .map_err(|error: BadSchedule| ("schedule", error.to_string()))?;
    let tasks: Result<Vec<Task>, _> = tasks.map_or_else(
        || Ok(usual.tasks()),
        |text| text.split_whitespace().map(str::parse).collect(),
    );
    let tasks = tasks.map_err(|error| ("tasks", error.to_string()))?;
    Schedule::every(minutes, tasks)
        .map(Some)
        .map_err(|error| ("every_minutes", error.to_string()))
}

/// A JSON object, or `KEY=VALUE` pairs between spaces.
fn configuration(text: &str, describe: &Describe) -> Result<serde_json::Value, String> {
    if text.starts_with('{') {
        return serde_json::from_str(text).map_err(|error| format!("{text:?} is no JSON object: {error}"));
    }
    let pairs: Result<Vec<_>, String> = text
        .split_whitespace()
        .map(|pair| {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| format!("{pair:?}: expected KEY=VALUE"))?;
            Ok((key.to_owned(), value.to_owned()))
        })
        .collect();
    Ok(config_json(describe, &pairs?))
}

/// The device of `uzel device add`.
pub fn from_args(args: &DeviceArgs, drivers: &Drivers) -> Result<NewDevice, DeviceError> {
    let line = args.line.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let options = args.options.map(|options| options.to_string());
    let settings = args.settings.map(|settings| settings.to_string());
    let every = args.every.map(|minutes| minutes.to_string());
    let tasks = args.what.iter().map(Task::to_string).collect::<Vec<_>>().join(" ");
    let clock_policy = args.clock_policy.map(|policy| policy.to_string());
    let chosen = chosen(args.driver.as_deref(), args.model.as_deref(), drivers).ok();
    let config = chosen.map(|(describe, _)| config_json(describe, &args.set).to_string());
    let get = |key: &str| match key {
        "name" => Some(args.name.as_str()),
        "driver" => args.driver.as_deref(),
        "model" => args.model.as_deref(),
        "line" => Some(line.as_str()),
        "settings" => settings.as_deref(),
        "line_options" => options.as_deref(),
        "organisation" => args.organisation.as_deref(),
        "site" => args.site.as_deref(),
        "address" => args.address.as_deref(),
        "zone" => Some(args.zone.as_str()),
        "serial" => args.serial.as_deref(),
        "every_minutes" => every.as_deref(),
        "tasks" => Some(tasks.as_str()).filter(|tasks| !tasks.is_empty()),
        "schedule" => args.schedule.as_deref(),
        "group" => args.group.as_deref(),
        "clock_policy" => clock_policy.as_deref(),
        "config" => config.as_deref(),
        _ => None,
    };
    device(&get, drivers).map_err(|wrong| {
        let fault = |(key, reason): (&str, String)| ImportFault {
            row: 1,
            key: key.to_owned(),
            reason,
        };
        DeviceError::Faults(wrong.into_iter().map(fault).collect())
    })
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
    for device in devices {
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
