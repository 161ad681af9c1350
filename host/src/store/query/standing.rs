//! What says how a device fares: its last sessions, how far its archives reach, what is wrong in their newest records.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::of_keys;
use crate::model::{Outcome, RecordKind, Scope};
use crate::store::rows::Rows;
use crate::store::{Store, StoreError, instant};

static STATES: Rows = Rows::new(
    "select d.id, t.last_session_id, t.last_outcome, t.failures_in_row, t.last_good_at from device d
     left join device_state t on t.device_id = d.id where d.id in (values",
    1,
    ")",
);
static REACH: Rows = Rows::new(
    "select a.device_id, a.kind, a.last_end from archive a where a.device_id in (values",
    1,
    ")",
);
// Of the devices whose last session of their own failed: the last one that brought something, the first after it that
// did not, and the last that did not.
static FAILING: Rows = Rows::new(
    "with t (id) as (values",
    1,
    "), g as (select t.id as device,
         (select z.id from session z where z.device_id = t.id and z.outcome in ('complete', 'partial')
              and z.reason not in ('tunnel', 'by-hand') order by z.id desc limit 1) as good,
         (select y.id from session y where y.device_id = t.id
              and y.outcome not in ('complete', 'partial', 'cancelled', 'no-slot', 'storage', 'interrupted')
              and y.reason not in ('tunnel', 'by-hand') order by y.id desc limit 1) as bad from t)
     select g.device, b.id, b.outcome, b.detail, b.driver_version, l.name, l.address, q.ended_at_ms,
         (select f.started_at_ms from session f where f.device_id = g.device and f.id > coalesce(g.good, 0)
              and f.outcome not in ('complete', 'partial', 'cancelled', 'no-slot', 'storage', 'interrupted')
              and f.reason not in ('tunnel', 'by-hand') order by f.id limit 1)
     from g join session b on b.id = g.bad join line l on l.id = b.line_id left join session q on q.id = g.good",
);
static NEWEST: Rows = Rows::new(
    "select a.device_id, a.kind, r.id, r.starts_at, r.ends_at, r.session_id, c.code, c.category, c.effect, c.duration_s
     from archive a join record r on r.id = (select x.id from record x where x.device_id = a.device_id and x.kind = a.kind
         and x.current = 1 order by x.starts_at desc limit 1)
     join condition c on c.record_id = r.id and (c.effect is null or c.effect <> 'information')
     where a.kind not in ('totals', 'yearly') and a.device_id in (values",
    1,
    ") order by a.device_id, a.kind, c.ordinal",
);
// Since when records have such situations without one that has none, 60 days back at most; and whether hours of the
// same time have some.
static SINCE: Rows = Rows::new(
    "with t (id) as (values",
    1,
    "), n as (select r.id, r.device_id, r.kind, r.starts_at, r.ends_at, coalesce(
         (select x.starts_at from record x where x.device_id = r.device_id and x.kind = r.kind and x.current = 1
              and x.starts_at < r.starts_at and x.starts_at > r.starts_at - 5184000
              and not exists (select 1 from condition c where c.record_id = x.id and (c.effect is null or c.effect <> 'information'))
              order by x.starts_at desc limit 1), r.starts_at - 5184000) as normal from t join record r on r.id = t.id)
     select n.id,
         (select min(x.starts_at) from record x where x.device_id = n.device_id and x.kind = n.kind and x.current = 1
              and x.starts_at > n.normal),
         exists (select 1 from record x join condition c on c.record_id = x.id
              where x.device_id = n.device_id and x.kind = 'hourly' and x.current = 1 and x.starts_at >= n.starts_at
              and x.starts_at < n.ends_at and (c.effect is null or c.effect <> 'information'))
     from n",
);
static HEAT: Rows = Rows::new(
    "select a.device_id, s.input, s.pipe, s.unit, v.value
     from archive a join record r on r.id = (select x.id from record x where x.device_id = a.device_id and x.kind = 'daily'
         and x.current = 1 order by x.starts_at desc limit 1)
     join value v on v.record_id = r.id join series s on s.id = v.series_id
     where a.kind = 'daily' and s.quantity = 'heat-energy' and s.aggregate = 'sum' and s.tariff = 0 and v.value is not null
         and a.device_id in (values",
    1,
    ")",
);

/// How a device fares, as far as the store knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standing {
    /// Its last session, running or ended.
    pub last_session: Option<i64>,
    /// Outcome of the last session that ended.
    pub last_outcome: Option<Outcome>,
    /// Sessions since the last that brought something.
    pub failures_in_row: u32,
    /// End of the last session that ended complete.
    pub last_good_at: Option<Timestamp>,
    /// End of the newest record of each archive, and of current values and totals.
    pub reach: Vec<(RecordKind, Timestamp)>,
    /// Why it is not read; none: its last session of its own brought something.
    pub failing: Option<Failing>,
    /// Newest records that have abnormal situations, without those that are only information.
    pub abnormal: Vec<Abnormal>,
    /// Heat of its newest day, gigacalories; only of devices with trouble.
    pub heat_day_gcal: Option<f64>,
}

/// Sessions that bring nothing, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Failing {
    /// The last of them.
    pub session: i64,
    /// How it ended.
    pub outcome: Outcome,
    /// What exactly was wrong.
    pub detail: Option<String>,
    /// Version of its driver.
    pub driver_version: String,
    /// Name and address of its line.
    pub line: (String, String),
    /// End of the last session that brought something.
    pub contact_at: Option<Timestamp>,
    /// Start of the first of them.
    pub first_at: Timestamp,
}

/// A newest record with abnormal situations.
#[derive(Debug, Clone, PartialEq)]
pub struct Abnormal {
    /// Of which archive.
    pub kind: RecordKind,
    /// Which session brought it.
    pub session: i64,
    /// Start of the record.
    pub starts_at: Timestamp,
    /// End of the record.
    pub ends_at: Timestamp,
    /// Start of the first of the records without a normal one between.
    pub since: Timestamp,
    /// Whether hours of the same time have some too.
    pub hours_tell: bool,
    /// In the order of the record.
    pub situations: Vec<Situation>,
}

/// One abnormal situation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    /// The meter's own code.
    pub code: String,
    /// From the vocabulary; none when undocumented.
    pub category: Option<String>,
    /// `counted`, `stopped`, `constant-used`; none when undocumented.
    pub effect: Option<String>,
    /// How long it held, seconds.
    pub duration_s: Option<i64>,
}

impl Store {
    /// How devices fare. Keys of devices that are not there are left out.
    pub async fn standings(&self, devices: &[i64]) -> Result<HashMap<i64, Standing>, StoreError> {
        let readers = &self.readers;
        let mut found = HashMap::new();
        for row in of_keys(readers, &STATES, devices, "read how devices fare").await? {
            found.insert(row.get(0), standing(&row)?);
        }
        for row in of_keys(readers, &REACH, devices, "read how far archives reach").await? {
            if let Some(standing) = found.get_mut(&row.get::<i64, _>(0)) {
                standing
                    .reach
                    .push((row.get::<&str, _>(1).parse()?, instant(row.get(2))));
            }
        }
        let failing = found.iter().filter(|(_, standing)| standing.failures_in_row > 0);
        let failing: Vec<i64> = failing.map(|(device, _)| *device).collect();
        for row in of_keys(readers, &FAILING, &failing, "read why devices are not read").await? {
            if let Some(standing) = found.get_mut(&row.get::<i64, _>(0)) {
                standing.failing = Some(fails(&row)?);
            }
        }
        self.find_abnormal(devices, &mut found).await?;
        self.find_heat(&mut found).await?;
        Ok(found)
    }

    async fn find_abnormal(&self, devices: &[i64], found: &mut HashMap<i64, Standing>) -> Result<(), StoreError> {
        let mut newest: HashMap<i64, (i64, Abnormal)> = HashMap::new();
        for row in of_keys(&self.readers, &NEWEST, devices, "read abnormal situations").await? {
            let kind = row.get::<&str, _>(1).parse()?;
            let entry = newest
                .entry(row.get(2))
                .or_insert_with(|| (row.get(0), abnormal(kind, &row)));
            entry.1.situations.push(Situation {
                code: row.get(6),
                category: row.get(7),
                effect: row.get(8),
                duration_s: row.get(9),
            });
        }
        let records: Vec<i64> = newest.keys().copied().collect();
        for row in of_keys(&self.readers, &SINCE, &records, "read since when it is abnormal").await? {
            if let Some((_, abnormal)) = newest.get_mut(&row.get::<i64, _>(0)) {
                abnormal.since = row.get::<Option<i64>, _>(1).map_or(abnormal.starts_at, instant);
                abnormal.hours_tell = row.get::<i64, _>(2) != 0;
            }
        }
        for (device, abnormal) in newest.into_values() {
            if let Some(standing) = found.get_mut(&device) {
                standing.abnormal.push(abnormal);
            }
        }
        Ok(())
    }

    async fn find_heat(&self, found: &mut HashMap<i64, Standing>) -> Result<(), StoreError> {
        let in_trouble = |standing: &Standing| standing.failing.is_some() || !standing.abnormal.is_empty();
        let devices = found.iter().filter(|(_, standing)| in_trouble(standing));
        let devices: Vec<i64> = devices.map(|(device, _)| *device).collect();
        // Of an input the heat as a whole; where the device has none such, the largest of its pipes.
        let mut inputs: HashMap<(i64, i64), (bool, f64)> = HashMap::new();
        for row in of_keys(&self.readers, &HEAT, &devices, "read the heat of a day").await? {
            let Some(gcal) = gigacalories(row.get(4), row.get(3)) else {
                continue;
            };
            let is_whole = row.get::<Option<&str>, _>(2).is_none();
            let of_input = inputs.entry((row.get(0), row.get(1))).or_insert((is_whole, gcal));
            if (is_whole, gcal) > *of_input {
                *of_input = (is_whole, gcal);
            }
        }
        for ((device, _), (_, gcal)) in inputs {
            if let Some(standing) = found.get_mut(&device) {
                *standing.heat_day_gcal.get_or_insert_default() += gcal;
            }
        }
        Ok(())
    }

    /// Devices whose sessions began or ended since `last`, the newest session that was known, and `open`, those that
    /// ran then. Gives the devices, the newest session and those that run now.
    pub async fn devices_read_since(
        &self,
        last: i64,
        open: &BTreeSet<i64>,
    ) -> Result<(BTreeSet<i64>, i64, BTreeSet<i64>), StoreError> {
        static OF_SESSIONS: Rows = Rows::new("select device_id from session where id in (values", 1, ")");
        let what = "look for new sessions";
        let fresh: Vec<(i64, i64)> = sqlx::query_as("select id, device_id from session where id > $1")
            .bind(last)
            .fetch_all(&self.readers)
            .await
            .map_err(StoreError::of(what))?;
        let running: Vec<(i64,)> = sqlx::query_as("select id from session where outcome is null")
            .fetch_all(&self.readers)
            .await
            .map_err(StoreError::of(what))?;
        let running: BTreeSet<i64> = running.into_iter().map(|(id,)| id).collect();
        let ended: Vec<i64> = open.difference(&running).copied().collect();
        let rows = of_keys(&self.readers, &OF_SESSIONS, &ended, what).await?;
        let mut devices: BTreeSet<i64> = rows.iter().map(|row| row.get(0)).collect();
        devices.extend(fresh.iter().map(|(_, device)| *device));
        let newest = fresh.iter().map(|(id, _)| *id).max().unwrap_or(last);
        Ok((devices, newest, running))
    }

    /// Nodes of a scope; none: all.
    pub async fn nodes_of(&self, scope: Scope) -> Result<Option<std::collections::HashSet<i64>>, StoreError> {
        let Some(account) = scope.key() else {
            return Ok(None);
        };
        let nodes: Vec<i64> =
            sqlx::query_scalar("select node_id from account_node where account_id = $1 and role & $2 <> 0")
                .bind(account)
                .bind(scope.roles)
                .fetch_all(&self.readers)
                .await
                .map_err(StoreError::of("read the nodes of an account"))?;
        Ok(Some(nodes.into_iter().collect()))
    }
}

fn standing(row: &SqliteRow) -> Result<Standing, StoreError> {
    Ok(Standing {
        last_session: row.get(1),
        last_outcome: row.get::<Option<&str>, _>(2).map(str::parse).transpose()?,
        failures_in_row: row.get::<Option<u32>, _>(3).unwrap_or_default(),
        last_good_at: row.get::<Option<i64>, _>(4).map(instant),
        ..Standing::default()
    })
}

fn fails(row: &SqliteRow) -> Result<Failing, StoreError> {
    let ms = |ms| Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(Failing {
        session: row.get(1),
        outcome: row.get::<&str, _>(2).parse()?,
        detail: row.get(3),
        driver_version: row.get(4),
        line: (row.get(5), row.get(6)),
        contact_at: row.get::<Option<i64>, _>(7).map(ms),
        first_at: row.get::<Option<i64>, _>(8).map_or(Timestamp::UNIX_EPOCH, ms),
    })
}

fn abnormal(kind: RecordKind, row: &SqliteRow) -> Abnormal {
    let starts_at = instant(row.get(3));
    Abnormal {
        kind,
        session: row.get(5),
        starts_at,
        ends_at: instant(row.get(4)),
        since: starts_at,
        hours_tell: false,
        situations: Vec::new(),
    }
}

/// Heat in one unit, to be compared and added up for a rank; no stored value is made of it. 1 Gcal is 4.1868 GJ (GOST
/// 8.417, the international calorie).
fn gigacalories(value: f64, unit: &str) -> Option<f64> {
    const GJ: f64 = 1.0 / 4.1868;
    let factor = match unit {
        "Gcal" => 1.0,
        "GJ" => GJ,
        "MJ" => GJ / 1e3,
        "kJ" => GJ / 1e6,
        "MWh" => 3.6 * GJ,
        "kWh" => 3.6 * GJ / 1e3,
        "Wh" => 3.6 * GJ / 1e6,
        _ => return None,
    };
    Some(value * factor).filter(|gcal| *gcal > 0.0)
}
