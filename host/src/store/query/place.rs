//! All places in use at once: organisations, sites, nodes, points and devices with what their lists and the search show.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::store::plan::USUAL_SCHEDULE;
use crate::store::{Store, StoreError};

/// Everything that stands somewhere. Each list is in the order of its names.
#[derive(Debug, Default)]
pub struct Places {
    /// Key and name.
    pub organisations: Vec<(i64, String)>,
    /// Buildings and plants.
    pub sites: Vec<PlaceSite>,
    /// Metering nodes.
    pub nodes: Vec<PlaceNode>,
    /// Metering points.
    pub points: Vec<PlacePoint>,
    /// Devices.
    pub devices: Vec<PlaceDevice>,
}

/// A site.
#[derive(Debug, Clone)]
pub struct PlaceSite {
    /// Its key.
    pub id: i64,
    /// Key of its organisation.
    pub organisation: i64,
    /// Unique in the organisation.
    pub name: String,
    /// Postal address.
    pub address: Option<String>,
    /// IANA name.
    pub time_zone: String,
    /// Degrees: north, east.
    pub coordinates: Option<(f64, f64)>,
}

/// A node.
#[derive(Debug, Clone)]
pub struct PlaceNode {
    /// Its key.
    pub id: i64,
    /// Key of its site.
    pub site: i64,
    /// Unique in the site.
    pub name: String,
}

/// A point.
#[derive(Debug, Clone)]
pub struct PlacePoint {
    /// Its key.
    pub id: i64,
    /// Key of its node.
    pub node: i64,
    /// Unique in the node.
    pub name: String,
    /// `heat`, …
    pub resource: String,
}

/// A device.
#[derive(Debug, Clone)]
pub struct PlaceDevice {
    /// Its key.
    pub id: i64,
    /// Key of its node.
    pub node: i64,
    /// Unique.
    pub name: String,
    /// Serial number, when known.
    pub serial: Option<String>,
    /// Id of a model in the driver's description, when known.
    pub model: Option<String>,
    /// Id of its driver.
    pub driver: String,
    /// Whether it is polled.
    pub enabled: bool,
    /// When it is read, and what.
    pub schedule: String,
    /// Key, name and address of the line that is tried first.
    pub line: Option<(i64, String, String)>,
}

impl Store {
    /// All places.
    pub async fn places(&self) -> Result<Places, StoreError> {
        let organisations = "select id, name from organisation where archived_at is null order by name";
        let sites = "select id, organisation_id, name, address, time_zone, latitude, longitude from site where archived_at is null order by name";
        let nodes = "select id, site_id, name from node where archived_at is null order by name";
        let points = "select id, node_id, name, resource from point where archived_at is null order by name";
        let devices =
            "select d.id, d.node_id, d.name, d.serial, d.model, d.driver, d.enabled, coalesce(d.schedule, g.schedule),
                 l.id, l.name, l.address
             from device d left join poll_group g on g.id = d.poll_group_id
             left join route r on r.device_id = d.id and r.position = 0 left join line l on l.id = r.line_id
             where d.archived_at is null order by d.name";
        Ok(Places {
            organisations: self.whole(organisations, |row| (row.get(0), row.get(1))).await?,
            sites: self.whole(sites, site).await?,
            nodes: self.whole(nodes, node).await?,
            points: self.whole(points, point).await?,
            devices: self.whole(devices, device).await?,
        })
    }

    async fn whole<T>(&self, sql: &'static str, read: impl Fn(&SqliteRow) -> T) -> Result<Vec<T>, StoreError> {
        let rows = sqlx::query(sql).fetch_all(&self.readers).await;
        Ok(rows.map_err(StoreError::of("read places"))?.iter().map(read).collect())
    }
}

fn site(row: &SqliteRow) -> PlaceSite {
    PlaceSite {
        id: row.get(0),
        organisation: row.get(1),
        name: row.get(2),
        address: row.get(3),
        time_zone: row.get(4),
        coordinates: row.get::<Option<f64>, _>(5).zip(row.get::<Option<f64>, _>(6)),
    }
}

fn node(row: &SqliteRow) -> PlaceNode {
    PlaceNode {
        id: row.get(0),
        site: row.get(1),
        name: row.get(2),
    }
}

fn point(row: &SqliteRow) -> PlacePoint {
    PlacePoint {
        id: row.get(0),
        node: row.get(1),
        name: row.get(2),
        resource: row.get(3),
    }
}

fn device(row: &SqliteRow) -> PlaceDevice {
    let line: Option<i64> = row.get(8);
    PlaceDevice {
        id: row.get(0),
        node: row.get(1),
        name: row.get(2),
        serial: row.get(3),
        model: row.get(4),
        driver: row.get(5),
        enabled: row.get::<i64, _>(6) != 0,
        schedule: row
            .get::<Option<String>, _>(7)
            .unwrap_or_else(|| USUAL_SCHEDULE.to_owned()),
        line: line.map(|line| (line, row.get(9), row.get(10))),
    }
}
