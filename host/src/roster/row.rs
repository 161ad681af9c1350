//! A device as the row of a table, and back.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::draft::{Draft, DraftPoint, DraftRoute, Fault, usual_resource};
use super::{Drivers, MASK};
use crate::driver::masked;
use crate::store::NewDevice;

/// Columns of the list.
pub const COLUMNS: &[&str] = &[
    "name",
    "driver",
    "model",
    "serial",
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
    "latitude",
    "longitude",
    "every_minutes",
    "tasks",
    "schedule",
    "group",
    "clock_policy",
    "clock_rule",
    "enabled",
    "config",
];

/// Stands between what belongs to the first line, the second line, and so on.
const EACH: &str = " | ";

/// Stands where a line has none of its own among others that have.
const NONE: &str = "-";

/// Texts by column; what is empty is not there.
pub type Row = BTreeMap<String, String>;

/// What a row says. `kept` is the configuration of the device of this name.
pub fn draft(row: &Row, kept: Option<&Json>) -> Result<Draft, Vec<Fault>> {
    let mut wrong = Vec::new();
    let text = |key: &str| row.get(key).cloned();
    let mut degrees = |key: &'static str| {
        let parsed = row.get(key).map(|text| text.parse::<f64>()).transpose();
        if parsed.is_err() {
            wrong.push((key, "expected degrees such as 55.7558".to_owned()));
        }
        parsed.unwrap_or_default()
    };
    let (latitude, longitude) = (degrees("latitude"), degrees("longitude"));
    let points = points(row, &mut wrong);
    let routes = routes(row, &mut wrong);
    let enabled = match row.get("enabled").map(String::as_str) {
        None | Some("yes") => true,
        Some("no") => false,
        Some(other) => {
            wrong.push(("enabled", format!("{other:?}, expected yes or no")));
            true
        }
    };
    if !wrong.is_empty() {
        return Err(wrong);
    }
    Ok(Draft {
        name: text("name"),
        driver: text("driver"),
        model: text("model"),
        routes,
        organisation: text("organisation"),
        site: text("site"),
        address: text("address"),
        zone: text("zone"),
        latitude,
        longitude,
        node: text("node"),
        points,
        serial: text("serial"),
        enabled,
        clock_rule: text("clock_rule"),
        config: text("config").map_or(Json::Null, Json::String),
        kept_config: kept.cloned(),
        keeps_secrets: false,
        schedule: text("schedule"),
        every_minutes: text("every_minutes"),
        tasks: text("tasks"),
        group: text("group"),
        clock_policy: text("clock_policy"),
    })
}

/// Several lines between spaces; what belongs to each between bars, or once for all.
fn routes(row: &Row, wrong: &mut Vec<Fault>) -> Vec<DraftRoute> {
    let addresses: Vec<&str> = row.get("line").map_or("", String::as_str).split_whitespace().collect();
    let mut each = |key: &'static str| -> Vec<Option<String>> {
        let Some(text) = row.get(key) else {
            return vec![None; addresses.len()];
        };
        if !text.contains('|') {
            return vec![Some(text.clone()); addresses.len()];
        }
        let parts: Vec<&str> = text.split('|').map(str::trim).collect();
        if parts.len() != addresses.len() {
            let (got, want) = (parts.len(), addresses.len());
            wrong.push((
                key,
                format!("has {got} parts between bars, expected {want}: one a line"),
            ));
            return vec![None; addresses.len()];
        }
        let said = |part: &&str| (*part != NONE).then(|| (*part).to_owned());
        parts.iter().map(said).collect()
    };
    let (settings, options) = (each("settings"), each("line_options"));
    let mut names = each("line_name");
    if row.get("line_name").is_some_and(|text| !text.contains('|')) {
        // One name is that of the first line.
        names.iter_mut().skip(1).for_each(|name| *name = None);
    }
    let mut routes = Vec::with_capacity(addresses.len());
    for (((address, line), settings), options) in addresses.iter().zip(names).zip(settings).zip(options) {
        routes.push(DraftRoute {
            line,
            address: (*address).to_owned(),
            settings,
            options,
        });
    }
    routes
}

/// The name of the point of input 1, or a JSON list with what each input serves.
fn points(row: &Row, wrong: &mut Vec<Fault>) -> Option<Vec<DraftPoint>> {
    let text = row.get("point")?;
    if !text.starts_with('[') {
        return Some(vec![DraftPoint {
            input: 1,
            name: Some(text.clone()),
            ..DraftPoint::default()
        }]);
    }
    let read = |point: &Json| {
        let word = |key: &str| point.get(key)?.as_str().map(str::to_owned);
        Some(DraftPoint {
            input: point.get("input")?.as_u64()?.try_into().ok()?,
            name: word("name"),
            resource: word("resource"),
            purpose: word("purpose"),
        })
    };
    let list: Option<Vec<Json>> = serde_json::from_str(text).ok();
    let points = list.and_then(|list| list.iter().map(read).collect());
    if points.is_none() {
        let reason = r#"expected a name, or a list such as [{"input":1,"name":"Heating","resource":"heat"}]"#;
        wrong.push(("point", reason.to_owned()));
    }
    points
}

/// A device as a row: what [`draft`] makes the same device of. Secrets are masked.
pub fn row(device: &NewDevice, drivers: &Drivers) -> Row {
    let describe = drivers.get(&device.driver).map(AsRef::as_ref);
    let model = describe.and_then(|describe| {
        let mut models = describe.models.iter();
        models.find(|model| Some(&model.id) == device.model.as_ref())
    });
    let usual = describe.map(|describe| usual_resource(describe, model));
    let point = match device.points.as_slice() {
        [point] if point.input == 1 && Some(point.resource.as_str()) == usual && point.purpose == "commercial" => {
            point.name.clone()
        }
        points => {
            let each = points.iter().map(|point| {
                json!({ "input": point.input, "name": point.name, "resource": point.resource, "purpose": point.purpose })
            });
            Json::Array(each.collect()).to_string()
        }
    };
    let config = masked(describe, &device.config);
    let config = config
        .as_object()
        .filter(|config| !config.is_empty())
        .map(|_| config.to_string());
    let degrees = |degrees: Option<f64>| degrees.map(|degrees| degrees.to_string());
    let addresses: Vec<String> = device.routes.iter().map(|route| route.address.to_string()).collect();
    let cells = [
        ("name", Some(device.name.clone())),
        ("driver", Some(device.driver.clone())),
        ("model", device.model.clone()),
        ("serial", device.serial.clone()),
        ("line", Some(addresses.join(" "))),
        (
            "line_name",
            each(device.routes.iter().map(|route| route.line.clone()), false),
        ),
        (
            "settings",
            each(
                device
                    .routes
                    .iter()
                    .map(|route| route.settings.map(|is| is.to_string())),
                true,
            ),
        ),
        (
            "line_options",
            each(device.routes.iter().map(|route| options(route.options)), true),
        ),
        ("organisation", Some(device.organisation.clone())),
        ("site", Some(device.site.name.clone())),
        ("address", device.site.address.clone()),
        ("node", Some(device.node.clone())),
        ("point", Some(point)),
        ("zone", Some(device.site.time_zone.clone())),
        ("latitude", degrees(device.site.latitude)),
        ("longitude", degrees(device.site.longitude)),
        ("schedule", device.schedule.as_ref().map(ToString::to_string)),
        ("group", device.group.clone()),
        ("clock_policy", device.clock_policy.map(|policy| policy.to_string())),
        ("clock_rule", device.clock_rule.clone()),
        ("enabled", Some(if device.enabled { "yes" } else { "no" }.to_owned())),
        ("config", config),
    ];
    let said = |(key, text): (&str, Option<String>)| Some((key.to_owned(), text.filter(|text| !text.is_empty())?));
    cells.into_iter().filter_map(said).collect()
}

fn options(options: Option<crate::model::LineOptions>) -> Option<String> {
    options
        .map(|options| options.to_string())
        .filter(|text| !text.is_empty())
}

/// What belongs to each line. `once`: what all have alike is said once.
fn each(parts: impl Iterator<Item = Option<String>>, once: bool) -> Option<String> {
    let parts: Vec<Option<String>> = parts.collect();
    let first = parts.first()?;
    if parts.len() == 1 || (once && parts.iter().all(|part| part == first)) {
        return first.clone();
    }
    let texts: Vec<&str> = parts.iter().map(|part| part.as_deref().unwrap_or(NONE)).collect();
    Some(texts.join(EACH))
}

/// What a device would have otherwise: column, as it is, as it would be. A secret that changes is told without both.
pub fn differences(before: &NewDevice, after: &NewDevice, drivers: &Drivers) -> Vec<(&'static str, String, String)> {
    let (old, new) = (row(before, drivers), row(after, drivers));
    let cell = |row: &Row, key: &str| row.get(key).cloned().unwrap_or_default();
    let mut all = Vec::new();
    for key in COLUMNS {
        let (old, new) = (cell(&old, key), cell(&new, key));
        if old != new {
            all.push((*key, old, new));
        } else if *key == "config" && before.config != after.config {
            all.push(("config", MASK.to_owned(), MASK.to_owned()));
        }
    }
    all
}
