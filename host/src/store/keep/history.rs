//! What was the way to a device when, and which device served a point.

use jiff::Timestamp;
use sqlx::{Row as _, SqliteConnection};

use crate::model::{DeviceId, Scope};
use crate::store::error::StoreError;
use crate::store::{Store, instant};

/// A way to a device, and when it was one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteSpan {
    /// Since when; none: since before this was kept.
    pub from: Option<Timestamp>,
    /// Until when; none: it is one.
    pub to: Option<Timestamp>,
    /// From 0.
    pub position: u32,
    /// Key and name of the line.
    pub line: (i64, String),
    /// Kind and address of the line, as they are now.
    pub address: String,
    /// Instead of the line's own.
    pub settings: Option<String>,
}

/// What an input served, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointSpan {
    /// Since when; none: ever since.
    pub from: Option<Timestamp>,
    /// Until when; none: it does.
    pub to: Option<Timestamp>,
    /// Of the device.
    pub input: u8,
    /// Key and name of the point.
    pub point: (i64, String),
}

/// One meter in the place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The other device: key and name.
    pub device: (i64, String),
    /// When it changed.
    pub at: Timestamp,
}

/// What happened with a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceHistory {
    /// Newest first.
    pub routes: Vec<RouteSpan>,
    /// Newest first.
    pub points: Vec<PointSpan>,
    /// What it took the place of.
    pub replaced: Option<Replacement>,
    /// What took its place.
    pub replaced_by: Option<Replacement>,
}

/// A device that serves or served a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointDevice {
    /// Key and name.
    pub device: (i64, String),
    /// Serial number, when known.
    pub serial: Option<String>,
    /// Id of a model, when known.
    pub model: Option<String>,
    /// Id of its driver.
    pub driver: String,
    /// Which of its inputs.
    pub input: u8,
    /// Since when; none: ever since.
    pub from: Option<Timestamp>,
    /// Until when; none: it does.
    pub to: Option<Timestamp>,
    /// Since when the device is out of use.
    pub archived_at: Option<Timestamp>,
}

/// The begin of a span as it is kept: 0 is ever since.
fn begin(seconds: i64) -> Option<Timestamp> {
    (seconds != 0).then(|| instant(seconds))
}

impl Store {
    /// What happened with a device.
    pub async fn device_history(&self, device: DeviceId) -> Result<DeviceHistory, StoreError> {
        let mut reader = self.reader().await?;
        let conn = &mut *reader.conn;
        let routes = sqlx::query(
            "select h.valid_from, h.valid_to, h.position, l.id, l.name, l.kind || ':' || l.address, h.settings
             from route_history h join line l on l.id = h.line_id where h.device_id = $1
             order by h.valid_from desc, h.position",
        )
        .bind(device.0)
        .fetch_all(&mut *conn)
        .await
        .map_err(StoreError::of("read the routes that a device had"))?;
        let points = sqlx::query(
            "select c.valid_from, c.valid_to, c.input, p.id, p.name from device_point c join point p on p.id = c.point_id
             where c.device_id = $1 order by c.valid_from desc, c.input",
        )
        .bind(device.0)
        .fetch_all(&mut *conn)
        .await
        .map_err(StoreError::of("read the points that a device had"))?;
        let replacement = |row: sqlx::sqlite::SqliteRow| Replacement {
            device: (row.get(0), row.get(1)),
            at: instant(row.get(2)),
        };
        let replaced = sqlx::query(
            "select id, name, coalesce(replaced_at, 0) from device where replaced_by = $1 order by replaced_at desc limit 1",
        )
        .bind(device.0)
        .fetch_optional(&mut *conn)
        .await
        .map_err(StoreError::of("read what a device replaced"))?;
        let replaced_by = sqlx::query(
            "select n.id, n.name, coalesce(d.replaced_at, 0) from device d join device n on n.id = d.replaced_by
             where d.id = $1",
        )
        .bind(device.0)
        .fetch_optional(&mut *conn)
        .await
        .map_err(StoreError::of("read what replaced a device"))?;
        Ok(DeviceHistory {
            routes: routes.iter().map(route).collect(),
            points: points
                .iter()
                .map(|row| PointSpan {
                    from: begin(row.get(0)),
                    to: row.get::<Option<i64>, _>(1).map(instant),
                    input: row.get(2),
                    point: (row.get(3), row.get(4)),
                })
                .collect(),
            replaced: replaced.map(replacement),
            replaced_by: replaced_by.map(replacement),
        })
    }

    /// The devices of `scope` that serve or served a point, newest first.
    pub async fn point_devices(&self, scope: Scope, point: i64) -> Result<Vec<PointDevice>, StoreError> {
        let rows = sqlx::query(
            "select d.id, d.name, d.serial, d.model, d.driver, c.input, c.valid_from, c.valid_to, d.archived_at
             from device_point c join device d on d.id = c.device_id where c.point_id = $1
                 and ($2 is null or d.node_id in (select node_id from account_node where account_id = $2 and role & $3 <> 0))
             order by c.valid_from desc, d.id desc",
        )
        .bind(point)
        .bind(scope.key())
        .bind(scope.roles)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the devices of a point"))?;
        let device = |row: &sqlx::sqlite::SqliteRow| PointDevice {
            device: (row.get(0), row.get(1)),
            serial: row.get(2),
            model: row.get(3),
            driver: row.get(4),
            input: row.get(5),
            from: begin(row.get(6)),
            to: row.get::<Option<i64>, _>(7).map(instant),
            archived_at: row.get::<Option<i64>, _>(8).map(instant),
        };
        Ok(rows.iter().map(device).collect())
    }
}

fn route(row: &sqlx::sqlite::SqliteRow) -> RouteSpan {
    RouteSpan {
        from: begin(row.get(0)),
        to: row.get::<Option<i64>, _>(1).map(instant),
        position: row.get(2),
        line: (row.get(3), row.get(4)),
        address: row.get(5),
        settings: row.get(6),
    }
}

/// The ways to a device end at `at`. What began at that second or later never was.
pub(in crate::store) async fn end_routes(conn: &mut SqliteConnection, device: i64, at: i64) -> Result<(), StoreError> {
    let what = "end the routes of a device";
    sqlx::query("delete from route_history where device_id = $1 and valid_to is null and valid_from >= $2")
        .bind(device)
        .bind(at)
        .execute(&mut *conn)
        .await
        .map_err(StoreError::of(what))?;
    sqlx::query("update route_history set valid_to = $2 where device_id = $1 and valid_to is null")
        .bind(device)
        .bind(at)
        .execute(conn)
        .await
        .map(drop)
        .map_err(StoreError::of(what))
}

/// The ways to a device are from `at` on what table `route` says.
pub(in crate::store) async fn begin_routes(
    conn: &mut SqliteConnection,
    device: i64,
    at: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert or replace into route_history (device_id, valid_from, position, line_id, settings)
         select device_id, $2, position, line_id, settings from route where device_id = $1",
    )
    .bind(device)
    .bind(at)
    .execute(conn)
    .await
    .map(drop)
    .map_err(StoreError::of("begin the routes of a device"))
}
