//! Organisations, sites, nodes, points and lines: found by name, or made.

use std::collections::HashMap;

use sqlx::Row as _;

use super::{NewDevice, NewPoint, NewRoute, NewSite};
use crate::store::error::StoreError;
use crate::store::writer::Tx;

/// What this import has found or made already.
pub(super) struct Places {
    organisations: HashMap<String, i64>,
    nodes: HashMap<(i64, String), i64>,
}

impl Places {
    pub(super) fn new() -> Self {
        Self {
            organisations: HashMap::new(),
            nodes: HashMap::new(),
        }
    }

    /// The node of a device. Notes in `changes` what of the site became other.
    pub(super) async fn node(
        &mut self,
        tx: &mut Tx,
        device: &NewDevice,
        changes: &mut Vec<String>,
    ) -> Result<i64, StoreError> {
        let organisation = self.organisation(tx, &device.organisation).await?;
        let site = site(tx, organisation, &device.site, changes).await?;
        let key = (site, device.node.clone());
        if let Some(id) = self.nodes.get(&key) {
            return Ok(*id);
        }
        let id = node(tx, site, &device.node).await?;
        self.nodes.insert(key, id);
        Ok(id)
    }

    async fn organisation(&mut self, tx: &mut Tx, name: &str) -> Result<i64, StoreError> {
        if let Some(id) = self.organisations.get(name) {
            return Ok(*id);
        }
        let what = "find or make an organisation";
        sqlx::query("insert into organisation (name) values ($1) on conflict do nothing")
            .bind(name)
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of(what))?;
        let id = sqlx::query_scalar("select id from organisation where name = $1")
            .bind(name)
            .fetch_one(&mut tx.conn)
            .await
            .map_err(StoreError::of(what))?;
        self.organisations.insert(name.to_owned(), id);
        Ok(id)
    }
}

async fn site(tx: &mut Tx, organisation: i64, site: &NewSite, changes: &mut Vec<String>) -> Result<i64, StoreError> {
    let what = "find or make a site";
    let made: Option<i64> = sqlx::query_scalar(
        "insert into site (organisation_id, name, address, time_zone, latitude, longitude)
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing returning id",
    )
    .bind(organisation)
    .bind(site.name.as_str())
    .bind(site.address.as_deref())
    .bind(site.time_zone.as_str())
    .bind(site.latitude)
    .bind(site.longitude)
    .fetch_optional(&mut tx.conn)
    .await
    .map_err(StoreError::of(what))?;
    if let Some(id) = made {
        return Ok(id);
    }
    let row = sqlx::query(
        "select id, address, time_zone, latitude, longitude from site where organisation_id = $1 and name = $2",
    )
    .bind(organisation)
    .bind(site.name.as_str())
    .fetch_one(&mut tx.conn)
    .await
    .map_err(StoreError::of(what))?;
    let id: i64 = row.get(0);
    let old: (Option<String>, String, Option<f64>, Option<f64>) = (row.get(1), row.get(2), row.get(3), row.get(4));
    // What the row leaves out stays as it is.
    let new = (
        site.address.clone().or_else(|| old.0.clone()),
        site.time_zone.clone(),
        site.latitude.or(old.2),
        site.longitude.or(old.3),
    );
    if new != old {
        sqlx::query("update site set address = $1, time_zone = $2, latitude = $3, longitude = $4 where id = $5")
            .bind(&new.0)
            .bind(&new.1)
            .bind(new.2)
            .bind(new.3)
            .bind(id)
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("update a site"))?;
        changes.push("site".to_owned());
    }
    Ok(id)
}

async fn node(tx: &mut Tx, site: i64, name: &str) -> Result<i64, StoreError> {
    let what = "find or make a node";
    sqlx::query("insert into node (site_id, name) values ($1, $2) on conflict do nothing")
        .bind(site)
        .bind(name)
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of(what))?;
    sqlx::query_scalar("select id from node where site_id = $1 and name = $2")
        .bind(site)
        .bind(name)
        .fetch_one(&mut tx.conn)
        .await
        .map_err(StoreError::of(what))
}

/// The point of this name at a node. Its resource and purpose become what is said here.
pub(super) async fn point(
    tx: &mut Tx,
    node: i64,
    point: &NewPoint,
    changes: &mut Vec<String>,
) -> Result<i64, StoreError> {
    let what = "find or make a point";
    let made: Option<i64> = sqlx::query_scalar(
        "insert into point (node_id, name, resource, purpose) values ($1, $2, $3, $4)
         on conflict do nothing returning id",
    )
    .bind(node)
    .bind(point.name.as_str())
    .bind(point.resource.as_str())
    .bind(point.purpose.as_str())
    .fetch_optional(&mut tx.conn)
    .await
    .map_err(StoreError::of(what))?;
    if let Some(id) = made {
        return Ok(id);
    }
    let (id, resource, purpose): (i64, String, String) =
        sqlx::query_as("select id, resource, purpose from point where node_id = $1 and name = $2")
            .bind(node)
            .bind(point.name.as_str())
            .fetch_one(&mut tx.conn)
            .await
            .map_err(StoreError::of(what))?;
    if resource != point.resource || purpose != point.purpose {
        sqlx::query("update point set resource = $1, purpose = $2 where id = $3")
            .bind(point.resource.as_str())
            .bind(point.purpose.as_str())
            .bind(id)
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("update a point"))?;
        changes.push("points".to_owned());
    }
    Ok(id)
}

/// The line of a route, with the options said here. A line of this name gets this address, a line of this address this
/// name; the error says which two lines stand against each other. Notes in `changes` that the options became other.
pub(super) async fn line(
    tx: &mut Tx,
    route: &NewRoute,
    changes: &mut Vec<String>,
) -> Result<Result<i64, String>, StoreError> {
    let id = match find_line(tx, route).await? {
        Ok(id) => id,
        Err(reason) => return Ok(Err(reason)),
    };
    if let Some(options) = route.options {
        let done = sqlx::query("update line set options = $1 where id = $2 and options <> $1")
            .bind(options.to_string())
            .bind(id)
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("set the options of a line"))?;
        if done.rows_affected() > 0 {
            changes.push("line".to_owned());
        }
    }
    Ok(Ok(id))
}

async fn find_line(tx: &mut Tx, route: &NewRoute) -> Result<Result<i64, String>, StoreError> {
    let what = "find or make a line";
    let (kind, address) = (route.address.kind(), route.address.address());
    let there: Option<(i64, String)> = sqlx::query_as("select id, name from line where kind = $1 and address = $2")
        .bind(kind)
        .bind(address)
        .fetch_optional(&mut tx.conn)
        .await
        .map_err(StoreError::of(what))?;
    let name = match (&route.line, &there) {
        (None, Some((id, _))) => return Ok(Ok(*id)),
        (Some(name), Some((id, there))) if name == there => return Ok(Ok(*id)),
        (Some(name), _) => name.as_str(),
        (None, None) => address,
    };
    let named: Option<(i64, String)> = sqlx::query_as("select id, address from line where name = $1")
        .bind(name)
        .fetch_optional(&mut tx.conn)
        .await
        .map_err(StoreError::of(what))?;
    let (sql, id) = match (there, named) {
        (Some((_, other)), Some((_, elsewhere))) => {
            return Ok(Err(format!(
                "line {name:?} is at {elsewhere}, and {address} is line {other:?}"
            )));
        }
        (Some((id, _)), None) | (None, Some((id, _))) => (
            "update line set name = $1, kind = $2, address = $3 where id = $4 returning id",
            Some(id),
        ),
        (None, None) => (
            "insert into line (name, kind, address) values ($1, $2, $3) returning id",
            None,
        ),
    };
    let query = sqlx::query_scalar(sql).bind(name).bind(kind).bind(address);
    let query = match id {
        Some(id) => query.bind(id),
        None => query,
    };
    let id: i64 = query.fetch_one(&mut tx.conn).await.map_err(StoreError::of(what))?;
    Ok(Ok(id))
}
