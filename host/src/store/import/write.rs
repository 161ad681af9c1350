//! One device of an import into the tables.

use std::collections::BTreeMap;

use sqlx::Row as _;

use super::place::{self, Places};
use super::{Change, Imported, NewDevice};
use crate::model::DeviceId;
use crate::store::error::StoreError;
use crate::store::writer::Tx;

/// Adds or changes a device. The inner error is a fault of the row.
pub(super) async fn device(
    tx: &mut Tx,
    places: &mut Places,
    device: &NewDevice,
    at: i64,
) -> Result<Result<Imported, (&'static str, String)>, StoreError> {
    let mut changes = Vec::new();
    let node = places.node(tx, device, &mut changes).await?;
    let group = match group(tx, device).await? {
        Ok(group) => group,
        Err(reason) => return Ok(Err(("group", reason))),
    };
    let (id, added) = match find(tx, device, (node, group), &mut changes).await? {
        Some(id) => (id, false),
        None => (insert(tx, device, (node, group)).await?, true),
    };
    if let Err(reason) = put_routes(tx, id, device, &mut changes).await? {
        return Ok(Err(("line", reason)));
    }
    put_points(tx, id, node, device, at, &mut changes).await?;
    changes.dedup();
    let change = match (added, changes.is_empty()) {
        (true, _) => Change::Added,
        (false, true) => Change::Unchanged,
        (false, false) => Change::Updated(changes),
    };
    Ok(Ok(Imported {
        device: DeviceId(id),
        name: device.name.clone(),
        change,
    }))
}

/// The key of the device's group, if it names one.
async fn group(tx: &mut Tx, device: &NewDevice) -> Result<Result<Option<i64>, String>, StoreError> {
    let Some(name) = &device.group else { return Ok(Ok(None)) };
    let id: Option<i64> = sqlx::query_scalar("select id from poll_group where name = $1")
        .bind(name)
        .fetch_optional(&mut tx.conn)
        .await
        .map_err(StoreError::of("find a group"))?;
    Ok(match id {
        Some(id) => Ok(Some(id)),
        None => Err(format!("there is no group {name:?}: make it with `uzel group set`")),
    })
}

fn schedule_text(device: &NewDevice) -> Option<String> {
    device.schedule.as_ref().map(ToString::to_string)
}

fn policy_text(device: &NewDevice) -> Option<String> {
    device.clock_policy.map(|policy| policy.to_string())
}

/// Keys of the node and the group of a device.
type Belongs = (i64, Option<i64>);

async fn insert(tx: &mut Tx, device: &NewDevice, (node, group): Belongs) -> Result<i64, StoreError> {
    sqlx::query_scalar(
        "insert into device (node_id, driver, name, serial, model, enabled, clock_rule, config, schedule, poll_group_id,
             clock_policy)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning id",
    )
    .bind(node)
    .bind(device.driver.as_str())
    .bind(device.name.as_str())
    .bind(device.serial.as_deref())
    .bind(device.model.as_deref())
    .bind(i64::from(device.enabled))
    .bind(device.clock_rule.as_deref())
    .bind(device.config.to_string())
    .bind(schedule_text(device))
    .bind(group)
    .bind(policy_text(device))
    .fetch_one(&mut tx.conn)
    .await
    .map_err(StoreError::of("insert a device"))
}

/// The device of this name, changed to what is said here. Serial number and model that are not said stay.
async fn find(
    tx: &mut Tx,
    device: &NewDevice,
    (node, group): Belongs,
    changes: &mut Vec<String>,
) -> Result<Option<i64>, StoreError> {
    let row = sqlx::query(
        "select id, node_id, driver, serial, model, enabled, clock_rule, config, schedule, poll_group_id, clock_policy
         from device where name = $1",
    )
    .bind(device.name.as_str())
    .fetch_optional(&mut tx.conn)
    .await
    .map_err(StoreError::of("find a device"))?;
    let Some(row) = row else { return Ok(None) };
    let id: i64 = row.get(0);
    let (old_serial, old_model): (Option<String>, Option<String>) = (row.get(3), row.get(4));
    let serial = device.serial.clone().or_else(|| old_serial.clone());
    let model = device.model.clone().or_else(|| old_model.clone());
    let old_config: Option<serde_json::Value> = serde_json::from_str(row.get(7)).ok();
    let before = changes.len();
    for (key, is_other) in [
        ("node", row.get::<i64, _>(1) != node),
        ("driver", row.get::<&str, _>(2) != device.driver),
        ("serial", serial != old_serial),
        ("model", model != old_model),
        ("enabled", (row.get::<i64, _>(5) != 0) != device.enabled),
        ("clock_rule", row.get::<Option<String>, _>(6) != device.clock_rule),
        ("config", old_config.as_ref() != Some(&device.config)),
        ("schedule", row.get::<Option<String>, _>(8) != schedule_text(device)),
        ("group", row.get::<Option<i64>, _>(9) != group),
        ("clock_policy", row.get::<Option<String>, _>(10) != policy_text(device)),
    ] {
        if is_other {
            changes.push(key.to_owned());
        }
    }
    if changes.len() > before {
        sqlx::query(
            "update device set node_id = $1, driver = $2, serial = $3, model = $4, enabled = $5, clock_rule = $6,
                 config = $7, schedule = $8, poll_group_id = $9, clock_policy = $10 where id = $11",
        )
        .bind(node)
        .bind(device.driver.as_str())
        .bind(serial)
        .bind(model)
        .bind(i64::from(device.enabled))
        .bind(device.clock_rule.as_deref())
        .bind(device.config.to_string())
        .bind(schedule_text(device))
        .bind(group)
        .bind(policy_text(device))
        .bind(id)
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("update a device"))?;
    }
    Ok(Some(id))
}

async fn put_routes(
    tx: &mut Tx,
    id: i64,
    device: &NewDevice,
    changes: &mut Vec<String>,
) -> Result<Result<(), String>, StoreError> {
    let mut new: Vec<(i64, Option<String>)> = Vec::with_capacity(device.routes.len());
    for route in &device.routes {
        match place::line(tx, route, changes).await? {
            Ok(line) => new.push((line, route.settings.map(|settings| settings.to_string()))),
            Err(reason) => return Ok(Err(reason)),
        }
    }
    let old: Vec<(i64, Option<String>)> =
        sqlx::query_as("select line_id, settings from route where device_id = $1 order by position")
            .bind(id)
            .fetch_all(&mut tx.conn)
            .await
            .map_err(StoreError::of("read the routes of a device"))?;
    if old == new {
        return Ok(Ok(()));
    }
    sqlx::query("delete from route where device_id = $1")
        .bind(id)
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("replace the routes of a device"))?;
    for (position, (line, settings)) in (0i64..).zip(new) {
        sqlx::query("insert into route (device_id, position, line_id, settings) values ($1, $2, $3, $4)")
            .bind(id)
            .bind(position)
            .bind(line)
            .bind(settings)
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("insert a route"))?;
    }
    changes.push("line".to_owned());
    Ok(Ok(()))
}

/// Which point each input serves. An input that served another point until now ends there; its series follow.
async fn put_points(
    tx: &mut Tx,
    id: i64,
    node: i64,
    device: &NewDevice,
    at: i64,
    changes: &mut Vec<String>,
) -> Result<(), StoreError> {
    let old: BTreeMap<u8, i64> =
        sqlx::query_as("select input, point_id from device_point where device_id = $1 and valid_to is null")
            .bind(id)
            .fetch_all(&mut tx.conn)
            .await
            .map_err(StoreError::of("read the points of a device"))?
            .into_iter()
            .collect();
    let mut new = BTreeMap::new();
    for point in &device.points {
        new.insert(point.input, place::point(tx, node, point, changes).await?);
    }
    if old == new {
        return Ok(());
    }
    let what = "change the points of a device";
    for input in old
        .iter()
        .filter(|(input, point)| new.get(input) != Some(point))
        .map(|(input, _)| input)
    {
        sqlx::query("update device_point set valid_to = $1 where device_id = $2 and input = $3 and valid_to is null")
            .bind(at)
            .bind(id)
            .bind(input)
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of(what))?;
    }
    for (input, point) in new.iter().filter(|(input, point)| old.get(input) != Some(point)) {
        // An input that is named for the first time has served its point ever since: archives reach back.
        let valid_from = if old.contains_key(input) { at } else { 0 };
        sqlx::query(
            "insert into device_point (device_id, input, point_id, valid_from) values ($1, $2, $3, $4)
             on conflict (device_id, input, valid_from) do update set point_id = excluded.point_id, valid_to = null",
        )
        .bind(id)
        .bind(input)
        .bind(point)
        .bind(valid_from)
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of(what))?;
    }
    sqlx::query(
        "update series set point_id = (select p.point_id from device_point p
             where p.device_id = series.device_id and p.input = series.input and p.valid_to is null)
         where device_id = $1",
    )
    .bind(id)
    .execute(&mut tx.conn)
    .await
    .map_err(StoreError::of(what))?;
    changes.push("points".to_owned());
    Ok(())
}
