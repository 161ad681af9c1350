//! One device into the tables.

use sqlx::Row as _;

use super::place::{self, Fault, Places};
use super::{Change, Imported, NewDevice, points};
use crate::model::{DeviceId, Scope};
use crate::store::error::StoreError;
use crate::store::keep::{self, Doer, Kind, Place, Refusal, has_place};
use crate::store::writer::Tx;

/// Which device is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Target {
    /// The one of the name, or a new one. What is not said of serial number, model and site stays; sites, points and lines
    /// become what is said of them.
    ByName,
    /// A new one. Sites, points and lines that are there have to be what is said of them.
    New,
    /// This one, when it still has the revision; otherwise as a new one.
    Known {
        /// Its key.
        id: i64,
        /// Of the device.
        revision: i64,
    },
}

impl Target {
    /// Whether sites, points and lines become what is said of them.
    pub(super) fn changes_others(self) -> bool {
        self == Self::ByName
    }

    fn known(self) -> Option<i64> {
        match self {
            Self::Known { id, .. } => Some(id),
            Self::ByName | Self::New => None,
        }
    }
}

/// Devices on their way into the tables.
pub(in crate::store) struct Writing<'a> {
    doer: &'a Doer,
    target: Target,
    places: Places,
    /// When changes are said to be, Unix seconds.
    at: i64,
}

/// A device that is there already.
struct There {
    id: i64,
    node: i64,
}

impl<'a> Writing<'a> {
    /// Writes for `doer` as of `at`.
    pub(in crate::store) fn new(doer: &'a Doer, target: Target, at: i64) -> Self {
        Self {
            doer,
            target,
            places: Places::new(),
            at,
        }
    }

    /// Adds or changes a device. The inner error is a fault of what was said.
    pub(in crate::store) async fn device(
        &mut self,
        tx: &mut Tx,
        device: &NewDevice,
    ) -> Result<Result<Imported, Fault>, StoreError> {
        let there = match self.find(tx, device).await? {
            Ok(there) => there,
            Err(fault) => return Ok(Err(fault)),
        };
        let mut changes = Vec::new();
        let scope = self.doer.scope;
        if let Some(there) = &there
            && !has_place(&mut tx.conn, scope, Place::Node(there.node)).await?
        {
            return Ok(Err(place::foreign(device)));
        }
        let (target, places) = (self.target, &mut self.places);
        let node = match places.node(tx, device, (target, scope), &mut changes).await? {
            Ok(node) => node,
            Err(fault) => return Ok(Err(fault)),
        };
        let group = match group(tx, device).await? {
            Ok(group) => group,
            Err(reason) => return Ok(Err(("group", reason))),
        };
        let (id, added) = match &there {
            Some(there) => {
                update(tx, there.id, device, (node, group), self.target, &mut changes).await?;
                (there.id, false)
            }
            None => (insert(tx, device, (node, group)).await?, true),
        };
        if let Err(fault) = self.put_routes(tx, id, device, &mut changes).await? {
            return Ok(Err(fault));
        }
        if let Err(fault) = points::put(tx, (id, node), device, (self.target, self.at), &mut changes).await? {
            return Ok(Err(fault));
        }
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

    /// The device that is meant, if it is there.
    async fn find(&self, tx: &mut Tx, device: &NewDevice) -> Result<Result<Option<There>, Fault>, StoreError> {
        let named: Option<(i64, i64, bool)> =
            sqlx::query_as("select id, node_id, archived_at is not null from device where name = $1")
                .bind(device.name.as_str())
                .fetch_optional(&mut tx.conn)
                .await
                .map_err(StoreError::of("find a device"))?;
        let taken = |archived| Err(("name", keep::taken(&format!("device {:?}", device.name), archived)));
        let found = match (self.target, named) {
            (_, Some((id, _, archived)))
                if self.target.known() != Some(id) && (archived || self.target != Target::ByName) =>
            {
                taken(archived)
            }
            (Target::ByName, Some((id, node, _))) => Ok(Some(There { id, node })),
            (Target::Known { id, revision }, _) => {
                let sql = "select node_id, revision, archived_at is not null from device where id = $1";
                let row: Option<(i64, i64, bool)> = sqlx::query_as(sql)
                    .bind(id)
                    .fetch_optional(&mut tx.conn)
                    .await
                    .map_err(StoreError::of("find a device"))?;
                let (node, is, archived) = row.ok_or_else(|| keep::missing(Kind::Device, id))?;
                if archived {
                    let reason = format!("device {:?} is archived: restore it first", device.name);
                    return Ok(Err(("", reason)));
                }
                if is != revision {
                    let (kind, expected) = (Kind::Device, revision);
                    return Err(StoreError::Refused(Refusal::Changed { kind, id, expected, is }));
                }
                Ok(Some(There { id, node }))
            }
            (Target::ByName | Target::New, _) => Ok(None),
        };
        Ok(found)
    }

    async fn put_routes(
        &self,
        tx: &mut Tx,
        id: i64,
        device: &NewDevice,
        changes: &mut Vec<String>,
    ) -> Result<Result<(), Fault>, StoreError> {
        let mut new: Vec<(i64, Option<String>)> = Vec::with_capacity(device.routes.len());
        for route in &device.routes {
            let mut target = self.target;
            // Before anything is said of the line: to whom it is foreign learns neither its name nor its address.
            for line in place::meant_lines(tx, route).await? {
                if !is_his(tx, self.doer.scope, line, id).await? {
                    let reason = format!("line {} belongs to somebody else", route.address);
                    return Ok(Err(("line", reason)));
                }
                if !is_whole(tx, self.doer.scope, line).await? {
                    target = Target::New;
                }
            }
            let line = match place::line(tx, route, target, changes).await? {
                Ok(line) => line,
                Err(fault) => return Ok(Err(fault)),
            };
            new.push((line, route.settings.map(|settings| settings.to_string())));
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
        keep::end_routes(&mut tx.conn, id, self.at).await?;
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
        keep::begin_routes(&mut tx.conn, id, self.at).await?;
        changes.push("line".to_owned());
        Ok(Ok(()))
    }
}

/// Whether somebody may lead a way to a device over a line: one that nobody uses, or over which he reaches devices.
async fn is_his(tx: &mut Tx, scope: Scope, line: i64, device: i64) -> Result<bool, StoreError> {
    let Some(account) = scope.key() else { return Ok(true) };
    sqlx::query_scalar(
        "select not exists (select 1 from route where line_id = $1 and device_id <> $4)
             or exists (select 1 from route r join device d on d.id = r.device_id
                 join account_node a on a.node_id = d.node_id and a.account_id = $2 and a.role & $3 <> 0
                 where r.line_id = $1 and r.device_id <> $4)",
    )
    .bind(line)
    .bind(account)
    .bind(scope.roles)
    .bind(device)
    .fetch_one(&mut tx.conn)
    .await
    .map_err(StoreError::of("see whose a line is"))
}

/// Whether somebody has every device of a line: only then it becomes what he says of it.
async fn is_whole(tx: &mut Tx, scope: Scope, line: i64) -> Result<bool, StoreError> {
    let Some(account) = scope.key() else { return Ok(true) };
    sqlx::query_scalar(
        "select not exists (select 1 from route r join device d on d.id = r.device_id where r.line_id = $1
             and d.node_id not in (select node_id from account_node where account_id = $2 and role & $3 <> 0))",
    )
    .bind(line)
    .bind(account)
    .bind(scope.roles)
    .fetch_one(&mut tx.conn)
    .await
    .map_err(StoreError::of("see whether a line is whole"))
}

/// The key of the device's group, if it names one.
async fn group(tx: &mut Tx, device: &NewDevice) -> Result<Result<Option<i64>, String>, StoreError> {
    let Some(name) = &device.group else { return Ok(Ok(None)) };
    let found: Option<(i64, bool)> =
        sqlx::query_as("select id, archived_at is not null from poll_group where name = $1")
            .bind(name)
            .fetch_optional(&mut tx.conn)
            .await
            .map_err(StoreError::of("find a group"))?;
    Ok(match found {
        Some((id, false)) => Ok(Some(id)),
        Some((_, true)) => Err(format!("group {name:?} is archived: restore it first")),
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

/// Changes a device to what is said here.
async fn update(
    tx: &mut Tx,
    id: i64,
    device: &NewDevice,
    (node, group): Belongs,
    target: Target,
    changes: &mut Vec<String>,
) -> Result<(), StoreError> {
    let row = sqlx::query(
        "select name, node_id, driver, serial, model, enabled, clock_rule, config, schedule, poll_group_id, clock_policy
         from device where id = $1",
    )
    .bind(id)
    .fetch_one(&mut tx.conn)
    .await
    .map_err(StoreError::of("read a device"))?;
    let (old_serial, old_model): (Option<String>, Option<String>) = (row.get(3), row.get(4));
    let (mut serial, mut model) = (device.serial.clone(), device.model.clone());
    if target == Target::ByName {
        serial = serial.or_else(|| old_serial.clone());
        model = model.or_else(|| old_model.clone());
    }
    let old_config: Option<serde_json::Value> = serde_json::from_str(row.get(7)).ok();
    let before = changes.len();
    for (key, is_other) in [
        ("name", row.get::<&str, _>(0) != device.name),
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
    if changes.len() == before {
        return Ok(());
    }
    sqlx::query(
        "update device set node_id = $1, driver = $2, serial = $3, model = $4, enabled = $5, clock_rule = $6,
             config = $7, schedule = $8, poll_group_id = $9, clock_policy = $10, name = $11 where id = $12",
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
    .bind(device.name.as_str())
    .bind(id)
    .execute(&mut tx.conn)
    .await
    .map(drop)
    .map_err(StoreError::of("update a device"))
}
