//! Which devices serve a point, and since when.

use jiff::Timestamp;
use sqlx::Row as _;

use crate::model::DeviceId;
use crate::store::{Store, StoreError, instant};

/// A stretch of time in which an input of a device served a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serving {
    /// Which device.
    pub device: DeviceId,
    /// Its name.
    pub name: String,
    /// Its serial number.
    pub serial: Option<String>,
    /// Id of its model.
    pub model: Option<String>,
    /// Its driver.
    pub driver: String,
    /// Which input.
    pub input: u8,
    /// Since when.
    pub from: Timestamp,
    /// Until when; none: it serves it still.
    pub to: Option<Timestamp>,
}

impl Serving {
    /// The part of a span in which it served the point; none when there is no such part.
    pub fn within(&self, from: Timestamp, to: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let part = (from.max(self.from), to.min(self.to.unwrap_or(Timestamp::MAX)));
        (part.0 < part.1).then_some(part)
    }
}

impl Store {
    /// The devices that have served a point, in the order of time.
    pub async fn serving(&self, point: i64) -> Result<Vec<Serving>, StoreError> {
        let rows = sqlx::query(
            "select d.id, d.name, d.serial, d.model, d.driver, c.input, c.valid_from, c.valid_to
             from device_point c join device d on d.id = c.device_id
             where c.point_id = $1 order by c.valid_from, c.device_id, c.input",
        )
        .bind(point)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the devices of a point"))?;
        Ok(rows
            .iter()
            .map(|row| Serving {
                device: DeviceId(row.get(0)),
                name: row.get(1),
                serial: row.get(2),
                model: row.get(3),
                driver: row.get(4),
                input: row.get(5),
                from: instant(row.get(6)),
                to: row.get::<Option<i64>, _>(7).map(instant),
            })
            .collect())
    }

    /// Time zone of the site of a point.
    pub async fn zone_of_point(&self, point: i64) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar(
            "select s.time_zone from point p join node n on n.id = p.node_id join site s on s.id = n.site_id where p.id = $1",
        )
        .bind(point)
        .fetch_optional(&self.readers)
        .await
        .map_err(StoreError::of("read the time zone of a point"))
    }
}
