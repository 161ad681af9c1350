//! Devices as people keep them: everything that was said of each, with secrets in clear.

use std::collections::HashMap;

use serde_json::{Value as Json, json};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::SecretKeys;
use crate::model::{DeviceId, Scope};
use crate::store::error::StoreError;
use crate::store::import::{NewDevice, NewPoint, NewRoute, NewSite};
use crate::store::plan::{json as parsed, line_address, line_options, line_settings};
use crate::store::{Store, instant};

/// Stands for a secret wherever a configuration is shown.
const MASK: &str = "••";

/// A device as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptDevice {
    /// Its key.
    pub id: DeviceId,
    /// Key of its node.
    pub node: i64,
    /// What was said of it; its routes carry names and options of their lines.
    pub device: NewDevice,
    /// Keys of its lines, in the order of its routes.
    pub lines: Vec<i64>,
    /// Keys of its points, in the order of `device.points`.
    pub points: Vec<i64>,
    /// Counts its changes.
    pub revision: i64,
    /// Since when it is out of use.
    pub archived_at: Option<jiff::Timestamp>,
    /// Which device took its place.
    pub replaced_by: Option<DeviceId>,
}

impl Store {
    /// A device as it is kept; none: there is none of this key.
    pub async fn kept_device(&self, id: DeviceId) -> Result<Option<KeptDevice>, StoreError> {
        let mut reader = self.reader().await?;
        one(&mut reader.conn, id.0).await
    }

    /// Every device of `scope` that is in use, in the order of their keys.
    pub async fn kept_devices(&self, scope: Scope) -> Result<Vec<KeptDevice>, StoreError> {
        let mut reader = self.reader().await?;
        let mut kept = some(&mut reader.conn, scope, (i64::MIN, i64::MAX)).await?;
        kept.retain(|kept| kept.archived_at.is_none());
        Ok(kept)
    }
}

/// One device, archived or not.
pub(in crate::store) async fn one(conn: &mut SqliteConnection, id: i64) -> Result<Option<KeptDevice>, StoreError> {
    Ok(some(conn, Scope::EVERYTHING, (id, id)).await?.pop())
}

/// Devices with keys from `first` to `last`.
async fn some(
    conn: &mut SqliteConnection,
    scope: Scope,
    (first, last): (i64, i64),
) -> Result<Vec<KeptDevice>, StoreError> {
    let mut routes = routes(conn, (first, last)).await?;
    let mut points = points(conn, (first, last)).await?;
    let rows = sqlx::query(
        "select d.*, o.name as organisation, s.name as site, s.address, s.time_zone, s.latitude, s.longitude,
             n.name as node, g.name as poll_group
         from device d join node n on n.id = d.node_id join site s on s.id = n.site_id
         join organisation o on o.id = s.organisation_id left join poll_group g on g.id = d.poll_group_id
         where d.id between $1 and $2
             and ($3 is null or d.node_id in (select node_id from account_node where account_id = $3 and role & $4 <> 0))
         order by d.id",
    )
    .bind(first)
    .bind(last)
    .bind(scope.key())
    .bind(scope.roles)
    .fetch_all(conn)
    .await
    .map_err(StoreError::of("read devices as they are kept"))?;
    let mut kept = Vec::with_capacity(rows.len());
    for row in &rows {
        let id: i64 = row.get("id");
        let (lines, routes) = routes.remove(&id).unwrap_or_default().into_iter().unzip();
        let (point_keys, points) = points.remove(&id).unwrap_or_default().into_iter().unzip();
        kept.push(KeptDevice {
            id: DeviceId(id),
            node: row.get("node_id"),
            lines,
            points: point_keys,
            revision: row.get("revision"),
            archived_at: row.get::<Option<i64>, _>("archived_at").map(instant),
            replaced_by: row.get::<Option<i64>, _>("replaced_by").map(DeviceId),
            device: device(row, routes, points)?,
        });
    }
    Ok(kept)
}

fn device(row: &SqliteRow, routes: Vec<NewRoute>, points: Vec<NewPoint>) -> Result<NewDevice, StoreError> {
    Ok(NewDevice {
        name: row.get("name"),
        driver: row.get("driver"),
        organisation: row.get("organisation"),
        site: NewSite {
            name: row.get("site"),
            address: row.get("address"),
            time_zone: row.get("time_zone"),
            latitude: row.get("latitude"),
            longitude: row.get("longitude"),
        },
        node: row.get("node"),
        routes,
        serial: row.get("serial"),
        model: row.get("model"),
        enabled: row.get::<i64, _>("enabled") != 0,
        clock_rule: row.get("clock_rule"),
        config: parsed("a configuration", row.get("config"))?,
        schedule: optional(row, "schedule")?,
        clock_policy: optional(row, "clock_policy")?,
        group: row.get("poll_group"),
        points,
    })
}

fn optional<T: std::str::FromStr>(row: &SqliteRow, column: &'static str) -> Result<Option<T>, StoreError> {
    let text: Option<&str> = row.get(column);
    let parsed = text.map(|text| {
        text.parse().map_err(|_| StoreError::Text {
            what: column,
            got: text.to_owned(),
        })
    });
    parsed.transpose()
}

type Keyed<T> = HashMap<i64, Vec<(i64, T)>>;

async fn routes(conn: &mut SqliteConnection, (first, last): (i64, i64)) -> Result<Keyed<NewRoute>, StoreError> {
    let rows = sqlx::query(
        "select r.device_id, l.id, l.name, l.kind, l.address, r.settings, l.options from route r
         join line l on l.id = r.line_id where r.device_id between $1 and $2 order by r.device_id, r.position",
    )
    .bind(first)
    .bind(last)
    .fetch_all(conn)
    .await
    .map_err(StoreError::of("read routes as they are kept"))?;
    let mut found: Keyed<NewRoute> = HashMap::new();
    for row in &rows {
        let route = NewRoute {
            line: Some(row.get(2)),
            address: line_address(row.get(3), row.get(4))?,
            settings: line_settings(row.get(5))?,
            options: Some(line_options(row.get(6))?),
        };
        found.entry(row.get(0)).or_default().push((row.get(1), route));
    }
    Ok(found)
}

async fn points(conn: &mut SqliteConnection, (first, last): (i64, i64)) -> Result<Keyed<NewPoint>, StoreError> {
    let rows = sqlx::query(
        "select c.device_id, p.id, c.input, p.name, p.resource, p.purpose from device_point c
         join point p on p.id = c.point_id where c.valid_to is null and c.device_id between $1 and $2
         order by c.device_id, c.input",
    )
    .bind(first)
    .bind(last)
    .fetch_all(conn)
    .await
    .map_err(StoreError::of("read points as they are kept"))?;
    let mut found: Keyed<NewPoint> = HashMap::new();
    for row in &rows {
        let point = NewPoint {
            input: row.get(2),
            name: row.get(3),
            resource: row.get(4),
            purpose: row.get(5),
        };
        found.entry(row.get(0)).or_default().push((row.get(1), point));
    }
    Ok(found)
}

/// A device for the audit: without secrets.
pub(in crate::store) fn shown(device: &NewDevice, secrets: &SecretKeys) -> Json {
    let keys = secrets.get(&device.driver);
    let mut config = device.config.clone();
    for (key, value) in config.as_object_mut().into_iter().flatten() {
        let is_secret = keys.map_or(value.is_string(), |keys| keys.contains(key));
        if is_secret {
            *value = MASK.into();
        }
    }
    let routes: Vec<Json> = device
        .routes
        .iter()
        .map(|route| {
            json!({ "line": route.line, "address": route.address.to_string(),
                "settings": route.settings.map(|settings| settings.to_string()) })
        })
        .collect();
    let points: Vec<Json> = device
        .points
        .iter()
        .map(|point| json!({ "input": point.input, "name": point.name }))
        .collect();
    json!({
        "name": device.name, "driver": device.driver, "model": device.model, "serial": device.serial,
        "organisation": device.organisation, "site": device.site.name, "node": device.node, "enabled": device.enabled,
        "clock_rule": device.clock_rule, "config": config, "routes": routes, "points": points, "group": device.group,
        "schedule": device.schedule.as_ref().map(ToString::to_string),
        "clock_policy": device.clock_policy.map(|policy| policy.to_string()),
    })
}
