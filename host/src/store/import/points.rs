//! What the inputs of a device serve.

use std::collections::BTreeMap;

use super::NewDevice;
use super::place::{self, Fault};
use super::write::Target;
use crate::store::error::StoreError;
use crate::store::writer::Tx;

/// Which point each input serves. An input that served another point until now ends there; its series follow.
pub(super) async fn put(
    tx: &mut Tx,
    (id, node): (i64, i64),
    device: &NewDevice,
    (target, at): (Target, i64),
    changes: &mut Vec<String>,
) -> Result<Result<(), Fault>, StoreError> {
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
        match place::point(tx, node, point, target, changes).await? {
            Ok(key) => new.insert(point.input, key),
            Err(fault) => return Ok(Err(fault)),
        };
    }
    if old == new {
        return Ok(Ok(()));
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
    Ok(Ok(()))
}
