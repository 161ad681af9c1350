//! Devices with all that a list of them shows.

use std::collections::{HashMap, HashSet};

use futures::TryStreamExt as _;
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::of_keys;
use super::session::{self, SessionBrief};
use crate::model::{ClockPolicy, DeviceId, Outcome, RecordKind, Schedule, Scope};
use crate::store::rows::Rows;
use crate::store::{Route, Store, StoreError, instant, plan};

static DEVICES: Rows = Rows::new(
    "select d.id, d.name, d.serial, d.model, d.enabled, s.id, s.name, s.time_zone, s.address, n.id, n.name, d.driver,
         d.config, coalesce(d.schedule, g.schedule), g.name, d.clock_rule, t.last_session_id, t.last_outcome, t.last_good_at,
         coalesce(d.clock_policy, g.clock_policy), d.revision, d.archived_at
     from device d join node n on n.id = d.node_id join site s on s.id = n.site_id
     left join poll_group g on g.id = d.poll_group_id left join device_state t on t.device_id = d.id where d.id in (values",
    1,
    ") order by d.name",
);
static POINTS: Rows = Rows::new(
    "select c.device_id, p.id, p.name, p.resource, p.purpose, c.input from device_point c
     join point p on p.id = c.point_id where c.valid_to is null and c.device_id in (values",
    1,
    ") order by c.input",
);
static ROUTES: Rows = Rows::new(
    "select r.device_id, r.position, l.id, l.name, l.kind, l.address, coalesce(r.settings, l.settings), l.options from route r
     join line l on l.id = r.line_id where r.device_id in (values",
    1,
    ") order by r.position",
);
static ARCHIVES: Rows = Rows::new(
    "select a.device_id, a.kind, a.records, a.first_start, a.last_end,
         (select count(*) from record r join condition c on c.record_id = r.id
          where r.device_id = a.device_id and r.kind = a.kind and r.starts_at >= a.last_end - 86400 and r.current = 1
              and (c.effect is null or c.effect <> 'information'))
     from archive a where a.device_id in (values",
    1,
    ") order by a.kind",
);
static CLOCKS: Rows = Rows::new(
    "select c.device_id, c.offset_ms, c.uncertainty_ms, c.at_ms from clock_reading c
     where c.id = (select x.id from clock_reading x where x.device_id = c.device_id order by x.at_ms desc, x.id desc limit 1)
         and c.device_id in (values",
    1,
    ")",
);

/// Which devices.
#[derive(Debug, Clone, Default)]
pub struct DeviceQuery {
    /// Part of the name, serial number, model, site or its address, in any case of letters.
    pub text: Option<String>,
    /// Only of this site.
    pub site: Option<i64>,
    /// Those that are archived, else those in use.
    pub archived: bool,
    /// Names above this one.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

/// A device.
#[derive(Debug, Clone)]
pub struct DeviceInfo {
    /// Its key.
    pub id: DeviceId,
    /// Unique.
    pub name: String,
    /// Serial number, when known.
    pub serial: Option<String>,
    /// Id of a model in the driver's description, when known.
    pub model: Option<String>,
    /// Whether it is polled.
    pub enabled: bool,
    /// Key and name of the site.
    pub site: (i64, String),
    /// Zone of the site, IANA name.
    pub time_zone: String,
    /// Postal address of the site.
    pub address: Option<String>,
    /// Key and name of the node.
    pub node: (i64, String),
    /// What its inputs serve now.
    pub points: Vec<DevicePoint>,
    /// Id of its driver.
    pub driver: String,
    /// Ways to it in order.
    pub routes: Vec<Route>,
    /// For the driver, secrets in clear: mask them before they are shown.
    pub config: serde_json::Value,
    /// When it is read, and what.
    pub schedule: Schedule,
    /// Whether its clock is set.
    pub clock_policy: ClockPolicy,
    /// Name of its group.
    pub group: Option<String>,
    /// What the store has of it.
    pub archives: Vec<ArchiveInfo>,
    /// Its clock as it was read last.
    pub clock: Option<Clock>,
    /// The last session, running or ended.
    pub last_session: Option<SessionBrief>,
    /// Outcome of the last session that ended.
    pub last_outcome: Option<Outcome>,
    /// End of the last session that ended complete.
    pub last_good_at: Option<Timestamp>,
    /// Counts its changes.
    pub revision: i64,
    /// Since when it is out of use.
    pub archived_at: Option<Timestamp>,
}

/// What an input of a device serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevicePoint {
    /// Key of the point.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// `heat`, …
    pub resource: String,
    /// `commercial` or `technological`.
    pub purpose: String,
    /// Of the device.
    pub input: u8,
}

/// What the store has of one archive, or of current values or totals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveInfo {
    /// Which.
    pub kind: RecordKind,
    /// How many intervals.
    pub records: i64,
    /// Start of the first.
    pub first_start: Timestamp,
    /// End of the last.
    pub last_end: Timestamp,
    /// Abnormal situations in its last 24 hours, without those that are only information.
    pub conditions_24h: i64,
}

/// A device's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Device minus true time.
    pub offset_ms: i64,
    /// Give or take.
    pub uncertainty_ms: i64,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Devices of `scope` in the order of their names.
    pub async fn devices(&self, scope: Scope, query: &DeviceQuery) -> Result<Vec<DeviceInfo>, StoreError> {
        let keys = self.device_keys(scope, query).await?;
        self.device_infos(&keys).await
    }

    /// One device; none when there is no such.
    pub async fn device(&self, device: DeviceId) -> Result<Option<DeviceInfo>, StoreError> {
        Ok(self.device_infos(&[device.0]).await?.pop())
    }

    /// Whether there is such a device.
    pub async fn has_device(&self, device: DeviceId) -> Result<bool, StoreError> {
        Ok(self.device_name(device).await?.is_some())
    }

    /// The name of a device; none: there is no such device.
    pub async fn device_name(&self, device: DeviceId) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar("select name from device where id = $1")
            .bind(device.0)
            .fetch_optional(&self.readers)
            .await
            .map_err(StoreError::of("find a device"))
    }

    /// Keys of the devices of `scope`; none: of every device, whichever there will be.
    pub async fn device_ids(&self, scope: Scope) -> Result<Option<HashSet<i64>>, StoreError> {
        if scope == Scope::EVERYTHING {
            return Ok(None);
        }
        let keys: Vec<i64> = sqlx::query_scalar(
            "select id from device where node_id in (select node_id from account_node where account_id = $1 and role & $2 <> 0)",
        )
        .bind(scope.key())
        .bind(scope.roles)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("find the devices of an account"))?;
        Ok(Some(keys.into_iter().collect()))
    }

    /// Looks through the devices here and not in the database: SQLite knows the cases of Latin letters only.
    async fn device_keys(&self, scope: Scope, query: &DeviceQuery) -> Result<Vec<i64>, StoreError> {
        let wanted = query.text.as_deref().unwrap_or_default().trim().to_lowercase();
        let mut rows = sqlx::query(
            "select d.id, d.name, d.serial, d.model, s.name, s.address from device d
             join node n on n.id = d.node_id join site s on s.id = n.site_id
             where d.name > $1 and ($2 is null or s.id = $2) and (d.archived_at is not null) = $5
                 and ($3 is null or n.id in (select node_id from account_node where account_id = $3 and role & $4 <> 0))
             order by d.name",
        )
        .bind(query.after.as_deref().unwrap_or_default())
        .bind(query.site)
        .bind(scope.key())
        .bind(scope.roles)
        .bind(query.archived)
        .fetch(&self.readers);
        let what = "look through the devices";
        let mut keys = Vec::new();
        while let Some(row) = rows.try_next().await.map_err(StoreError::of(what))? {
            let matches = wanted.is_empty()
                || (1..6).any(|index| {
                    row.get::<Option<&str>, _>(index)
                        .is_some_and(|text| text.to_lowercase().contains(&wanted))
                });
            if matches {
                keys.push(row.get(0));
                if keys.len() >= usize::try_from(query.limit).unwrap_or(usize::MAX) {
                    break;
                }
            }
        }
        Ok(keys)
    }

    async fn device_infos(&self, keys: &[i64]) -> Result<Vec<DeviceInfo>, StoreError> {
        let readers = &self.readers;
        let mut points = by_device(&of_keys(readers, &POINTS, keys, "read points").await?, point)?;
        let mut routes = by_device(&of_keys(readers, &ROUTES, keys, "read routes").await?, plan::route)?;
        let mut archives = by_device(&of_keys(readers, &ARCHIVES, keys, "read archives").await?, archive)?;
        let mut clocks = by_device(&of_keys(readers, &CLOCKS, keys, "read clocks").await?, clock)?;
        let rows = of_keys(readers, &DEVICES, keys, "read devices").await?;
        let last: Vec<i64> = rows.iter().filter_map(|row| row.get::<Option<i64>, _>(16)).collect();
        let mut sessions = session::briefs(readers, &last).await?;
        let mut devices = Vec::with_capacity(rows.len());
        for row in &rows {
            let id: i64 = row.get(0);
            let last_session: Option<i64> = row.get(16);
            devices.push(DeviceInfo {
                id: DeviceId(id),
                name: row.get(1),
                serial: row.get(2),
                model: row.get(3),
                enabled: row.get::<i64, _>(4) != 0,
                site: (row.get(5), row.get(6)),
                time_zone: row.get(7),
                address: row.get(8),
                node: (row.get(9), row.get(10)),
                points: points.remove(&id).unwrap_or_default(),
                driver: row.get(11),
                routes: routes.remove(&id).unwrap_or_default(),
                config: plan::json("a configuration", row.get(12))?,
                schedule: plan::schedule(row.get(13))?,
                clock_policy: plan::clock_policy(row.get(19))?,
                group: row.get(14),
                archives: archives.remove(&id).unwrap_or_default(),
                clock: clocks.remove(&id).and_then(|mut clocks| clocks.pop()),
                last_session: last_session.and_then(|session| sessions.remove(&session)),
                last_outcome: row.get::<Option<&str>, _>(17).map(str::parse).transpose()?,
                last_good_at: row.get::<Option<i64>, _>(18).map(instant),
                revision: row.get(20),
                archived_at: row.get::<Option<i64>, _>(21).map(instant),
            });
        }
        // Pieces of the list are each in order; the whole must be.
        devices.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(devices)
    }
}

/// Rows by the device in their first column.
fn by_device<T>(
    rows: &[SqliteRow],
    read: impl Fn(&SqliteRow) -> Result<T, StoreError>,
) -> Result<HashMap<i64, Vec<T>>, StoreError> {
    let mut found: HashMap<i64, Vec<T>> = HashMap::new();
    for row in rows {
        found.entry(row.get(0)).or_default().push(read(row)?);
    }
    Ok(found)
}

fn point(row: &SqliteRow) -> Result<DevicePoint, StoreError> {
    Ok(DevicePoint {
        id: row.get(1),
        name: row.get(2),
        resource: row.get(3),
        purpose: row.get(4),
        input: row.get(5),
    })
}

fn archive(row: &SqliteRow) -> Result<ArchiveInfo, StoreError> {
    Ok(ArchiveInfo {
        kind: row.get::<&str, _>(1).parse()?,
        records: row.get(2),
        first_start: instant(row.get(3)),
        last_end: instant(row.get(4)),
        conditions_24h: row.get(5),
    })
}

fn clock(row: &SqliteRow) -> Result<Clock, StoreError> {
    Ok(Clock {
        offset_ms: row.get(1),
        uncertainty_ms: row.get(2),
        at: Timestamp::from_millisecond(row.get(3)).unwrap_or(Timestamp::UNIX_EPOCH),
    })
}
