//! What a client says of a device.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::super::problem::FieldFault;
use super::{ApiState, Patch, Problem, drivers};
use crate::driver::masked;
use crate::model::{LineAddress, Scope};
use crate::roster::{Draft, DraftPoint, DraftRoute, Fault};
use crate::store::{KeptDevice, NewDevice};

/// What is said of a device. What is left out has the usual meaning.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DeviceBody {
    /// Unique.
    pub(super) name: Option<String>,
    /// Id of its driver; null: the one that reads the model.
    pub(super) driver: Option<String>,
    /// The model by any spelling in either script, or its id in the driver's description.
    pub(super) model: Option<String>,
    /// Key of the node where it stands.
    pub(super) node: Option<i64>,
    /// Instead of that, the place by names: what is not there is made.
    pub(super) place: Option<DevicePlaceBody>,
    /// Ways to it, the first is tried first.
    pub(super) routes: Option<Vec<DeviceRouteBody>>,
    /// What its inputs serve; null: input 1 serves one point of the device's name.
    pub(super) points: Option<Vec<DevicePointBody>>,
    /// What must answer; null: the first session learns it.
    pub(super) serial: Option<String>,
    /// Whether it is polled; null: it is.
    pub(super) enabled: Option<bool>,
    /// `standard` or `zone`: whether its clock follows summer time; null: as its model does.
    pub(super) clock_rule: Option<String>,
    /// For the driver, by the keys of its description. Secrets are written only: they read as `••`.
    #[schema(value_type = Option<Object>)]
    pub(super) config: Option<Json>,
    /// `every 60m: clock hourly; H 2 * * *: daily`; null: its group's, or the usual one.
    pub(super) schedule: Option<String>,
    /// Name of its group.
    pub(super) group: Option<String>,
    /// `off`, or limits such as `beyond 30s within 10m every 1d`; null: its group's, or off.
    pub(super) clock_policy: Option<String>,
}

/// What is other of it.
pub(super) type DevicePatch = Patch<DeviceBody>;

/// A place by names.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DevicePlaceBody {
    /// Who owns the site; null: `—`.
    organisation: Option<String>,
    /// Null: the device's name.
    site: Option<String>,
    /// Postal.
    address: Option<String>,
    /// IANA name; null: that of the site, or Europe/Moscow.
    time_zone: Option<String>,
    /// Degrees, north is positive.
    latitude: Option<f64>,
    /// Degrees, east is positive.
    longitude: Option<f64>,
    /// The metering installation; null: the device's name.
    node: Option<String>,
}

/// A way to a device: over a line that is there, or at an address.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DeviceRouteBody {
    /// Key of a line.
    line: Option<i64>,
    /// Instead of that, `tcp:10.0.0.7:4001`.
    address: Option<String>,
    /// What the line is called; null: its address.
    name: Option<String>,
    /// `9600-8N2`, instead of the line's own; null: the line's or the driver's.
    settings: Option<String>,
    /// What the line needs beside, `rts echo gap=50`; null: as it is.
    options: Option<String>,
}

/// What one input serves.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DevicePointBody {
    /// From 1; 0 is the device as a whole.
    input: u8,
    /// Unique in its node; null: the device's name.
    name: Option<String>,
    /// `heat`, …; null: what the model measures.
    resource: Option<String>,
    /// `commercial` or `technological`; null: commercial.
    purpose: Option<String>,
}

/// What is known of a device when somebody says something of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Its configuration, whose secrets stand where masks do.
    pub(super) config: Option<Json>,
    /// Whether a secret that is left out stays.
    pub(super) keeps_secrets: bool,
}

impl DeviceBody {
    /// What `PATCH` starts from.
    pub(super) fn of(state: &ApiState, kept: &KeptDevice) -> Self {
        let device = &kept.device;
        let drivers = drivers(state);
        let describe = drivers.get(&device.driver).map(AsRef::as_ref);
        let routes = kept
            .lines
            .iter()
            .zip(&device.routes)
            .map(|(line, route)| DeviceRouteBody {
                line: Some(*line),
                settings: route.settings.map(|settings| settings.to_string()),
                ..DeviceRouteBody::default()
            });
        let points = device.points.iter().map(|point| DevicePointBody {
            input: point.input,
            name: Some(point.name.clone()),
            resource: Some(point.resource.clone()),
            purpose: Some(point.purpose.clone()),
        });
        Self {
            name: Some(device.name.clone()),
            driver: Some(device.driver.clone()),
            model: device.model.clone(),
            node: Some(kept.node),
            place: None,
            routes: Some(routes.collect()),
            points: Some(points.collect()),
            serial: device.serial.clone(),
            enabled: Some(device.enabled),
            clock_rule: device.clock_rule.clone(),
            config: Some(masked(describe, &device.config)),
            schedule: device.schedule.as_ref().map(ToString::to_string),
            group: device.group.clone(),
            clock_policy: device.clock_policy.map(|policy| policy.to_string()),
        }
    }

    /// The device that this comes to for somebody with `scope`, or every fault.
    pub(super) async fn device(&self, state: &ApiState, scope: Scope, known: Known) -> Result<NewDevice, Problem> {
        let mut wrong: Vec<Fault> = Vec::new();
        let mut draft = Draft {
            name: self.name.clone(),
            driver: self.driver.clone(),
            model: self.model.clone(),
            routes: self.routes(state, scope, &mut wrong).await?,
            points: self.points.as_ref().map(|points| points.iter().map(point).collect()),
            serial: self.serial.clone().filter(|serial| !serial.is_empty()),
            enabled: self.enabled.unwrap_or(true),
            clock_rule: self.clock_rule.clone(),
            config: self.config.clone().unwrap_or_default(),
            kept_config: known.config,
            keeps_secrets: known.keeps_secrets,
            schedule: self.schedule.clone(),
            group: self.group.clone(),
            clock_policy: self.clock_policy.clone(),
            ..Draft::default()
        };
        self.stand(state, scope, &mut draft, &mut wrong).await?;
        if draft.config.is_string() {
            wrong.push(("config", "is a text, expected an object of keys".to_owned()));
            draft.config = Json::Null;
        }
        let line_is_told = wrong.iter().any(|(key, _)| *key == "line");
        let device = draft.device(&drivers(state)).map_err(|mut more| {
            more.retain(|(key, reason)| !(line_is_told && *key == "line" && reason == "is missing"));
            more
        });
        match device {
            Ok(device) if wrong.is_empty() => Ok(device),
            Ok(_) => Err(faults(wrong)),
            Err(more) => {
                wrong.extend(more);
                Err(faults(wrong))
            }
        }
    }

    /// Where it stands.
    async fn stand(
        &self,
        state: &ApiState,
        scope: Scope,
        draft: &mut Draft,
        wrong: &mut Vec<Fault>,
    ) -> Result<(), Problem> {
        let site = match (self.node, &self.place) {
            (Some(_), Some(_)) => {
                wrong.push(("node", "stands beside place: expected one or the other".to_owned()));
                None
            }
            (None, None) => None,
            (Some(id), None) => {
                let Some((organisation, site, node)) = state.store.place_of_node(scope, id).await? else {
                    wrong.push(("node", format!("there is no node {id}")));
                    return Ok(());
                };
                (draft.organisation, draft.node) = (Some(organisation), Some(node));
                Some(site)
            }
            (None, Some(place)) => {
                draft.organisation.clone_from(&place.organisation);
                draft.node.clone_from(&place.node);
                draft.site.clone_from(&place.site);
                draft.address.clone_from(&place.address);
                draft.zone.clone_from(&place.time_zone);
                (draft.latitude, draft.longitude) = (place.latitude, place.longitude);
                let site = place.site.as_ref().or(self.name.as_ref());
                let organisation = place.organisation.as_deref().unwrap_or("—");
                match site {
                    Some(site) => state.store.site_named(organisation, site).await?,
                    None => None,
                }
            }
        };
        // Of a site that is there, what is not said is as it is.
        if let Some(site) = site {
            draft.site = Some(site.name);
            draft.address = draft.address.take().or(site.address);
            draft.zone = draft.zone.take().or(Some(site.time_zone));
            draft.latitude = draft.latitude.or(site.latitude);
            draft.longitude = draft.longitude.or(site.longitude);
        }
        Ok(())
    }

    async fn routes(&self, state: &ApiState, scope: Scope, wrong: &mut Vec<Fault>) -> Result<Vec<DraftRoute>, Problem> {
        let mut routes = Vec::new();
        for route in self.routes.iter().flatten() {
            let address = match (route.line, &route.address) {
                (Some(line), None) => match state.store.line_address(scope, line).await? {
                    Some(address) => address.to_string(),
                    None => {
                        wrong.push(("line", format!("there is no line {line}")));
                        continue;
                    }
                },
                (None, Some(address)) => {
                    // What is no address is told with all that is wrong with the device.
                    let parsed: Option<LineAddress> = address.parse().ok();
                    if let Some(parsed) = parsed
                        && !state.store.may_call(scope, &parsed).await?
                    {
                        wrong.push(("line", format!("line {address} belongs to somebody else")));
                        continue;
                    }
                    address.clone()
                }
                _ => {
                    wrong.push(("line", "expected either line or address".to_owned()));
                    continue;
                }
            };
            routes.push(DraftRoute {
                line: route.name.clone(),
                address,
                settings: route.settings.clone(),
                options: route.options.clone(),
            });
        }
        Ok(routes)
    }
}

fn point(body: &DevicePointBody) -> DraftPoint {
    DraftPoint {
        input: body.input,
        name: body.name.clone(),
        resource: body.resource.clone(),
        purpose: body.purpose.clone(),
    }
}

fn faults(wrong: Vec<Fault>) -> Problem {
    let fault = |(key, reason): Fault| FieldFault {
        field: field(key),
        reason,
    };
    Problem::invalid(wrong.into_iter().map(fault).collect())
}

/// The field of a body that a part of a device is in.
pub(super) fn field(key: &str) -> String {
    match key {
        "line" | "line.address" | "line.name" | "settings" | "line_options" => "routes".to_owned(),
        "point" | "points.name" | "points.resource" | "points.purpose" | "points.input" => "points".to_owned(),
        "organisation" => "place.organisation".to_owned(),
        "site" | "site.name" => "place.site".to_owned(),
        "zone" => "place.time_zone".to_owned(),
        other => match other.strip_prefix("site.") {
            Some(part) => format!("place.{part}"),
            None => other.to_owned(),
        },
    }
}
