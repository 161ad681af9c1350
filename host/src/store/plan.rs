//! What the planner works from: every device with its routes and how it fared.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::Store;
use super::error::StoreError;
use super::instant;
use crate::model::{ClockPolicy, DeviceId, LineAddress, LineId, LineOptions, LineSettings, Outcome, Schedule};

/// When a device is read for which nobody said anything.
pub const USUAL_SCHEDULE: &str = "every 60m: clock current totals hourly daily monthly";

/// One device as the planner sees it.
#[derive(Debug, Clone)]
pub struct PollDevice {
    /// Its key.
    pub id: DeviceId,
    /// Its name.
    pub name: Arc<str>,
    /// Whether it is polled at all; never when it is archived.
    pub enabled: bool,
    /// Whether it is out of use.
    pub archived: bool,
    /// Id of its driver.
    pub driver: String,
    /// For the driver: a JSON object.
    pub config: serde_json::Value,
    /// Serial number, when known.
    pub serial: Option<String>,
    /// Id of a model in the driver's description, when known.
    pub model: Option<String>,
    /// Zone of its site, IANA name.
    pub time_zone: String,
    /// `standard` or `zone`; none: as the model's description says.
    pub clock_rule: Option<String>,
    /// When, and what: its own schedule, else its group's, else the usual one.
    pub schedule: Schedule,
    /// Whether its clock is set: its own policy, else its group's, else off.
    pub clock_policy: ClockPolicy,
    /// The group, when it has one.
    pub group: Option<Group>,
    /// Ways to it, the first is tried first.
    pub routes: Vec<Route>,
    /// Start of its last session.
    pub last_session_started_at: Option<Timestamp>,
    /// Outcome of its last session that ended.
    pub last_outcome: Option<Outcome>,
    /// Sessions since the last that brought something; cancelled ones and those that the host spoilt do not count.
    pub failures_in_row: u32,
    /// When each entry of a schedule was last done, by its text.
    pub schedule_done: HashMap<String, Timestamp>,
}

/// A group of devices that are read alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its key.
    pub id: i64,
    /// Its name.
    pub name: Arc<str>,
    /// Sessions at once of its devices; none: as many as there may be.
    pub sessions: Option<u32>,
}

/// One way to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// From 0.
    pub position: u32,
    /// Over which line.
    pub line: LineId,
    /// Its name.
    pub line_name: Arc<str>,
    /// Where it is.
    pub address: LineAddress,
    /// Settings of the route, else of the line; none: the driver's own.
    pub settings: Option<LineSettings>,
    /// What the line needs beside.
    pub options: LineOptions,
}

impl Store {
    /// The configuration of a device; none: there is no such device.
    pub async fn device_config(&self, device: DeviceId) -> Result<Option<serde_json::Value>, StoreError> {
        let text: Option<String> = sqlx::query_scalar("select config from device where id = $1")
            .bind(device.0)
            .fetch_optional(&self.readers)
            .await
            .map_err(StoreError::of("read the configuration of a device"))?;
        text.map(|text| json("a configuration", &text)).transpose()
    }

    /// Every device, disabled ones too, in the order of their keys.
    pub async fn poll_plan(&self) -> Result<Vec<PollDevice>, StoreError> {
        let mut routes = self.routes().await?;
        let rows = sqlx::query(
            "select d.id, d.name, d.enabled, d.driver, d.config, d.serial, d.model, s.time_zone, d.clock_rule,
                 coalesce(d.schedule, g.schedule), x.started_at_ms, t.last_outcome, t.failures_in_row, t.schedule_done,
                 g.id, g.name, g.sessions, coalesce(d.clock_policy, g.clock_policy), d.archived_at is not null
             from device d join node n on n.id = d.node_id join site s on s.id = n.site_id
             left join poll_group g on g.id = d.poll_group_id left join device_state t on t.device_id = d.id left join session x on x.id = t.last_session_id
             order by d.id",
        )
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the devices"))?;
        rows.iter()
            .map(|row| {
                let id: i64 = row.get(0);
                Ok(PollDevice {
                    id: DeviceId(id),
                    name: row.get::<&str, _>(1).into(),
                    enabled: row.get::<i64, _>(2) != 0 && !row.get::<bool, _>(18),
                    archived: row.get(18),
                    driver: row.get(3),
                    config: json("a configuration", row.get(4))?,
                    serial: row.get(5),
                    model: row.get(6),
                    time_zone: row.get(7),
                    clock_rule: row.get(8),
                    schedule: schedule(row.get(9))?,
                    clock_policy: clock_policy(row.get(17))?,
                    group: group(row),
                    routes: routes.remove(&id).unwrap_or_default(),
                    last_session_started_at: row
                        .get::<Option<i64>, _>(10)
                        .and_then(|ms| Timestamp::from_millisecond(ms).ok()),
                    last_outcome: row.get::<Option<&str>, _>(11).map(str::parse).transpose()?,
                    failures_in_row: row.get::<Option<u32>, _>(12).unwrap_or_default(),
                    schedule_done: schedule_done(row.get::<Option<&str>, _>(13))?,
                })
            })
            .collect()
    }

    /// Counts up with every change of the devices, whoever made it.
    pub async fn devices_revision(&self) -> Result<i64, StoreError> {
        sqlx::query_scalar("select number from revision where subject = 'devices'")
            .fetch_one(&self.readers)
            .await
            .map_err(StoreError::of("read the revision of the devices"))
    }

    async fn routes(&self) -> Result<HashMap<i64, Vec<Route>>, StoreError> {
        let rows = sqlx::query(
            "select r.device_id, r.position, l.id, l.name, l.kind, l.address, coalesce(r.settings, l.settings), l.options
             from route r join line l on l.id = r.line_id order by r.device_id, r.position",
        )
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the routes"))?;
        let mut routes: HashMap<i64, Vec<Route>> = HashMap::new();
        for row in rows {
            routes.entry(row.get(0)).or_default().push(route(&row)?);
        }
        Ok(routes)
    }
}

/// A route: position, key, name, kind, address, settings and options from the second column on.
pub(super) fn route(row: &SqliteRow) -> Result<Route, StoreError> {
    Ok(Route {
        position: row.get(1),
        line: LineId(row.get(2)),
        line_name: row.get::<&str, _>(3).into(),
        address: line_address(row.get(4), row.get(5))?,
        settings: line_settings(row.get(6))?,
        options: line_options(row.get(7))?,
    })
}

/// A schedule as its columns hold it; none: the usual one.
pub(super) fn schedule(text: Option<&str>) -> Result<Schedule, StoreError> {
    let text = text.unwrap_or(USUAL_SCHEDULE);
    text.parse().map_err(|_| StoreError::Text {
        what: "a schedule",
        got: text.to_owned(),
    })
}

/// A clock policy as its columns hold it; none: off.
pub(super) fn clock_policy(text: Option<&str>) -> Result<ClockPolicy, StoreError> {
    let parsed = text.map(|text| {
        text.parse().map_err(|_| StoreError::Text {
            what: "a clock policy",
            got: text.to_owned(),
        })
    });
    parsed.unwrap_or(Ok(ClockPolicy::Off))
}

/// The group of a device: key, name and limit in columns 14 to 16.
fn group(row: &SqliteRow) -> Option<Group> {
    Some(Group {
        id: row.get::<Option<i64>, _>(14)?,
        name: row.get::<Option<&str>, _>(15)?.into(),
        sessions: row.get(16),
    })
}

/// Column `schedule_done`: seconds by entry.
fn schedule_done(text: Option<&str>) -> Result<HashMap<String, Timestamp>, StoreError> {
    let seconds: HashMap<String, i64> = json("when schedules were done", text.unwrap_or("{}"))?;
    Ok(seconds.into_iter().map(|(entry, at)| (entry, instant(at))).collect())
}

/// A line's address as columns `kind` and `address` hold it.
pub(super) fn line_address(kind: &str, address: &str) -> Result<LineAddress, StoreError> {
    LineAddress::of(kind, address).map_err(|_| StoreError::Text {
        what: "an address of a line",
        got: format!("{kind}:{address}"),
    })
}

/// Options as column `options` holds them.
pub(super) fn line_options(text: &str) -> Result<LineOptions, StoreError> {
    text.parse().map_err(|_| StoreError::Text {
        what: "options of a line",
        got: text.to_owned(),
    })
}

/// Settings as columns `settings` hold them.
pub(super) fn line_settings(text: Option<String>) -> Result<Option<LineSettings>, StoreError> {
    text.map(|text| {
        text.parse().map_err(|_| StoreError::Text {
            what: "line settings",
            got: text.clone(),
        })
    })
    .transpose()
}

/// JSON as a text column holds it.
pub(super) fn json<T: serde::de::DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Text {
        what,
        got: text.to_owned(),
    })
}
