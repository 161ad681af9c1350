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

    /// Cuts stretches that overlap, in the order of time: whoever came later serves the point from then on.
    fn apart(mut all: Vec<Self>) -> Vec<Self> {
        let begins: Vec<Timestamp> = all.iter().map(|serving| serving.from).collect();
        for (serving, next) in all.iter_mut().zip(begins.into_iter().skip(1)) {
            serving.to = Some(serving.to.map_or(next, |to| to.min(next)));
        }
        all.retain(|serving| serving.to.is_none_or(|to| serving.from < to));
        all
    }
}

impl Store {
    /// The devices that have served a point, one after the other, in the order of time.
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
        let all = rows.iter().map(|row| Serving {
            device: DeviceId(row.get(0)),
            name: row.get(1),
            serial: row.get(2),
            model: row.get(3),
            driver: row.get(4),
            input: row.get(5),
            from: instant(row.get(6)),
            to: row.get::<Option<i64>, _>(7).map(instant),
        });
        Ok(Serving::apart(all.collect()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_came_later_serves_the_point() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let serving = |device, from, to: Option<i64>| Serving {
            device: DeviceId(device),
            name: String::new(),
            serial: None,
            model: None,
            driver: String::new(),
            input: 1,
            from: at(from),
            to: to.map(at),
        };
        let all = vec![
            serving(1, 0, Some(10)),
            serving(2, 0, None),
            serving(3, 50, Some(80)),
            serving(4, 90, None),
        ];
        let apart: Vec<_> = Serving::apart(all).iter().map(|one| (one.device.0, one.to)).collect();
        assert_eq!(apart, [(2, Some(at(50))), (3, Some(at(80))), (4, None)]);
    }
}
