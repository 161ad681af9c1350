//! What a person says of a device, and the device that it comes to.

use serde_json::{Value as Json, json};

use super::Drivers;
use super::choose::{chosen, name_model};
use super::values::{configuration, keep_secrets};
use crate::driver::describe::Model;
use crate::driver::{Describe, check_config};
use crate::model::schedule::BadSchedule;
use crate::model::{ClockPolicy, LineAddress, LineOptions, LineSettings, Schedule, Task};
use crate::store::{NewDevice, NewPoint, NewRoute, NewSite, USUAL_SCHEDULE};

/// What is wrong: which part, and why.
pub type Fault = (&'static str, String);

/// The zone of a site of which nobody says where it is.
const USUAL_ZONE: &str = "Europe/Moscow";

/// What a person says of a device. What is left out has the usual meaning.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    /// Unique.
    pub name: Option<String>,
    /// Id of its driver; none: the one that reads the model.
    pub driver: Option<String>,
    /// By any of its names.
    pub model: Option<String>,
    /// Ways to it, in order.
    pub routes: Vec<DraftRoute>,
    /// Who owns the site; none: —.
    pub organisation: Option<String>,
    /// Where it stands; none: the device's name.
    pub site: Option<String>,
    /// Postal address of the site.
    pub address: Option<String>,
    /// Of the site; none: Moscow's.
    pub zone: Option<String>,
    /// Degrees.
    pub latitude: Option<f64>,
    /// Degrees.
    pub longitude: Option<f64>,
    /// The metering installation; none: the device's name.
    pub node: Option<String>,
    /// What its inputs serve; none: one point of the device's name on input 1.
    pub points: Option<Vec<DraftPoint>>,
    /// What must answer.
    pub serial: Option<String>,
    /// Whether it is polled.
    pub enabled: bool,
    /// `standard` or `zone`.
    pub clock_rule: Option<String>,
    /// For the driver: a JSON object, or a text with that or with `KEY=VALUE` pairs.
    pub config: Json,
    /// What is kept of the configuration: its secrets stand where masks do.
    pub kept_config: Option<Json>,
    /// Whether a secret that is left out is the kept one, too.
    pub keeps_secrets: bool,
    /// When and what, in full.
    pub schedule: Option<String>,
    /// Instead of that, minutes between reads.
    pub every_minutes: Option<String>,
    /// And what is read, between spaces.
    pub tasks: Option<String>,
    /// Name of its group.
    pub group: Option<String>,
    /// Whether its clock is set.
    pub clock_policy: Option<String>,
}

/// One way to a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DraftRoute {
    /// Name of the line.
    pub line: Option<String>,
    /// `tcp:10.0.0.7:4001`.
    pub address: String,
    /// `9600-8N2`.
    pub settings: Option<String>,
    /// `rts echo`.
    pub options: Option<String>,
}

/// What one input serves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DraftPoint {
    /// From 1; 0 is the device as a whole.
    pub input: u8,
    /// None: the device's name.
    pub name: Option<String>,
    /// None: what the model measures.
    pub resource: Option<String>,
    /// None: commercial.
    pub purpose: Option<String>,
}

impl Draft {
    /// The device that this comes to, or all that is wrong with it.
    pub fn device(&self, drivers: &Drivers) -> Result<NewDevice, Vec<Fault>> {
        let mut wrong = Vec::new();
        let name = self.name.clone().filter(|name| !name.is_empty());
        if name.is_none() {
            wrong.push(("name", "is missing".to_owned()));
        }
        if self.routes.is_empty() {
            wrong.push(("line", "is missing".to_owned()));
        }
        let (describe, model) = match chosen(self.driver.as_deref(), self.model.as_deref(), drivers) {
            Ok((describe, model)) => (Some(describe), model),
            Err(fault) => {
                wrong.push(fault);
                (None, None)
            }
        };
        let routes = self
            .routes
            .iter()
            .filter_map(|draft| route(draft, &mut wrong))
            .collect();
        let schedule = self.schedule().unwrap_or_else(|fault| {
            wrong.push(fault);
            None
        });
        let clock_policy = parsed::<ClockPolicy>("clock_policy", self.clock_policy.as_deref(), &mut wrong);
        let config = self.configuration(describe, model, &mut wrong);
        let (Some(name), Some(describe), true) = (name, describe, wrong.is_empty()) else {
            return Err(wrong);
        };
        Ok(NewDevice {
            driver: describe.id.clone(),
            organisation: self.organisation.clone().unwrap_or_else(|| "—".to_owned()),
            site: NewSite {
                name: self.site.clone().unwrap_or_else(|| name.clone()),
                address: self.address.clone(),
                time_zone: self.zone.clone().unwrap_or_else(|| USUAL_ZONE.to_owned()),
                latitude: self.latitude,
                longitude: self.longitude,
            },
            node: self.node.clone().unwrap_or_else(|| name.clone()),
            routes,
            serial: self.serial.clone(),
            model: model.map(|model| model.id.clone()),
            enabled: self.enabled,
            clock_rule: self.clock_rule.clone(),
            config,
            schedule,
            clock_policy,
            group: self.group.clone(),
            points: self.points(&name, describe, model),
            name,
        })
    }

    fn configuration(&self, describe: Option<&Describe>, model: Option<&Model>, wrong: &mut Vec<Fault>) -> Json {
        let Some(describe) = describe else { return json!({}) };
        let read = match &self.config {
            Json::String(text) => configuration(text, describe),
            Json::Null => Ok(json!({})),
            other => Ok(other.clone()),
        };
        let mut config = match read {
            Ok(config) => config,
            Err(text) => {
                wrong.push(("config", text));
                return json!({});
            }
        };
        keep_secrets(&mut config, self.kept_config.as_ref(), describe, self.keeps_secrets);
        name_model(&mut config, describe, model);
        if let Err(fault) = check_config(describe, &config) {
            wrong.extend(fault.faults.into_iter().map(|text| ("config", text)));
        }
        config
    }

    fn points(&self, name: &str, describe: &Describe, model: Option<&Model>) -> Vec<NewPoint> {
        let usual = [DraftPoint {
            input: 1,
            ..DraftPoint::default()
        }];
        let resource = usual_resource(describe, model);
        self.points
            .as_deref()
            .unwrap_or(&usual)
            .iter()
            .map(|point| NewPoint {
                input: point.input,
                name: point.name.clone().unwrap_or_else(|| name.to_owned()),
                resource: point.resource.clone().unwrap_or_else(|| resource.to_owned()),
                purpose: point.purpose.clone().unwrap_or_else(|| "commercial".to_owned()),
            })
            .collect()
    }

    /// The schedule in full, or what minutes and tasks come to; none: the group's, or the usual one.
    fn schedule(&self) -> Result<Option<Schedule>, Fault> {
        let (every, tasks) = (self.every_minutes.as_deref(), self.tasks.as_deref());
        if let Some(text) = &self.schedule {
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
}

/// What a device measures of which nobody says so.
pub(super) fn usual_resource<'a>(describe: &'a Describe, model: Option<&'a Model>) -> &'a str {
    let first = describe.models.first();
    let resource = model.or(first).and_then(|model| model.resources.first());
    resource.map_or("heat", String::as_str)
}

fn route(draft: &DraftRoute, wrong: &mut Vec<Fault>) -> Option<NewRoute> {
    let address = parsed::<LineAddress>("line", Some(&draft.address), wrong);
    let settings = parsed::<LineSettings>("settings", draft.settings.as_deref(), wrong);
    let options = parsed::<LineOptions>("line_options", draft.options.as_deref(), wrong);
    Some(NewRoute {
        line: draft.line.clone(),
        address: address?,
        settings,
        options,
    })
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    key: &'static str,
    text: Option<&str>,
    wrong: &mut Vec<Fault>,
) -> Option<T> {
    match text?.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            wrong.push((key, error.to_string()));
            None
        }
    }
}
