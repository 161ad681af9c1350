//! Organisations, sites, nodes, points and lines: found by name, or made.

use std::collections::HashMap;

use sqlx::Row as _;

use super::write::Target;
use super::{NewDevice, NewPoint, NewRoute, NewSite};
use crate::model::Scope;
use crate::store::error::StoreError;
use crate::store::keep::{Place, has_place};
use crate::store::writer::Tx;

/// A fault: which part of a device, and what is wrong.
pub(super) type Fault = (&'static str, String);

/// What this import has found or made already.
pub(super) struct Places {
    organisations: HashMap<String, i64>,
}

impl Places {
    pub(super) fn new() -> Self {
        Self {
            organisations: HashMap::new(),
        }
    }

    /// The node of a device, when it is in `scope`. Notes in `changes` what of the site became other.
    pub(super) async fn node(
        &mut self,
        tx: &mut Tx,
        device: &NewDevice,
        (target, scope): (Target, Scope),
        changes: &mut Vec<String>,
    ) -> Result<Result<i64, Fault>, StoreError> {
        let organisation = self.organisation(tx, &device.organisation).await?;
        let before = changes.len();
        let site = site(tx, organisation, &device.site, changes).await?;
        let id = node(tx, site, &device.node).await?;
        // Before anything is said of the place: to whom it is foreign it is as if it were not there.
        if !has_place(&mut tx.conn, scope, Place::Node(id)).await? {
            return Ok(Err(foreign(device)));
        }
        let may_change = target.changes_others() && has_place(&mut tx.conn, scope, Place::Site(site)).await?;
        if changes.len() > before && !may_change {
            let name = &device.site.name;
            let reason =
                format!("site {name:?} is there with another address, time zone or coordinates: change the site");
            return Ok(Err(("site", reason)));
        }
        if let Some(what) = archived(tx, id).await? {
            return Ok(Err(("node", format!("{what} is archived: restore it first"))));
        }
        Ok(Ok(id))
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

/// That a device stands where somebody else keeps things.
pub(super) fn foreign(device: &NewDevice) -> Fault {
    let reason = format!("{:?} is none of the places that you keep", device.node);
    ("node", reason)
}

/// What of a place is archived: the node, its site or its organisation.
async fn archived(tx: &mut Tx, node: i64) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar(
        "select case when o.archived_at is not null then 'organisation ' || o.name
                     when s.archived_at is not null then 'site ' || s.name else 'node ' || n.name end
         from node n join site s on s.id = n.site_id join organisation o on o.id = s.organisation_id
         where n.id = $1 and (n.archived_at is not null or s.archived_at is not null or o.archived_at is not null)",
    )
    .bind(node)
    .fetch_optional(&mut tx.conn)
    .await
    .map_err(StoreError::of("see whether a place is archived"))
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

/// The point of this name at a node. Its resource and purpose become what is said here, or have to be that.
pub(super) async fn point(
    tx: &mut Tx,
    node: i64,
    point: &NewPoint,
    target: Target,
    changes: &mut Vec<String>,
) -> Result<Result<i64, Fault>, StoreError> {
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
        return Ok(Ok(id));
    }
    let (id, resource, purpose, archived): (i64, String, String, bool) = sqlx::query_as(
        "select id, resource, purpose, archived_at is not null from point where node_id = $1 and name = $2",
    )
    .bind(node)
    .bind(point.name.as_str())
    .fetch_one(&mut tx.conn)
    .await
    .map_err(StoreError::of(what))?;
    let name = &point.name;
    if archived {
        return Ok(Err(("points", format!("point {name:?} is archived: restore it first"))));
    }
    if resource == point.resource && purpose == point.purpose {
        return Ok(Ok(id));
    }
    if !target.changes_others() {
        let reason = format!("point {name:?} is there as {resource}, {purpose}: change the point");
        return Ok(Err(("points", reason)));
    }
    sqlx::query("update point set resource = $1, purpose = $2 where id = $3")
        .bind(point.resource.as_str())
        .bind(point.purpose.as_str())
        .bind(id)
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("update a point"))?;
    changes.push("points".to_owned());
    Ok(Ok(id))
}

/// The line of a route, with the options said here. Of an import, a line of this name gets this address, and a line of this
/// address this name; otherwise both have to be so. The error says which two lines stand against each other. Notes in
/// `changes` that the options became other.
pub(super) async fn line(
    tx: &mut Tx,
    route: &NewRoute,
    target: Target,
    changes: &mut Vec<String>,
) -> Result<Result<i64, Fault>, StoreError> {
    let id = match find_line(tx, route, target).await? {
        Ok(id) => id,
        Err(reason) => return Ok(Err(("line", reason))),
    };
    let Some(options) = route.options else {
        return Ok(Ok(id));
    };
    let (name, is): (String, String) = sqlx::query_as("select name, options from line where id = $1")
        .bind(id)
        .fetch_one(&mut tx.conn)
        .await
        .map_err(StoreError::of("read the options of a line"))?;
    if is == options.to_string() {
        return Ok(Ok(id));
    }
    let uses: i64 = sqlx::query_scalar("select count(*) from route where line_id = $1")
        .bind(id)
        .fetch_one(&mut tx.conn)
        .await
        .map_err(StoreError::of("count the devices of a line"))?;
    if uses > 0 && !target.changes_others() {
        let reason = format!("line {name:?} has the options {is:?}, not \"{options}\": change the line");
        return Ok(Err(("line", reason)));
    }
    sqlx::query("update line set options = $1 where id = $2")
        .bind(options.to_string())
        .bind(id)
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("set the options of a line"))?;
    changes.push("line".to_owned());
    Ok(Ok(id))
}

/// Keys of the lines that a route may mean: at its address, or of its name.
pub(super) async fn meant_lines(tx: &mut Tx, route: &NewRoute) -> Result<Vec<i64>, StoreError> {
    let address = route.address.address();
    sqlx::query_scalar("select id from line where (kind = $1 and address = $2) or name = $3")
        .bind(route.address.kind())
        .bind(address)
        .bind(route.line.as_deref().unwrap_or(address))
        .fetch_all(&mut tx.conn)
        .await
        .map_err(StoreError::of("find the lines of a route"))
}

async fn find_line(tx: &mut Tx, route: &NewRoute, target: Target) -> Result<Result<i64, String>, StoreError> {
    let what = "find or make a line";
    let (kind, address) = (route.address.kind(), route.address.address());
    let there: Option<(i64, String, bool)> =
        sqlx::query_as("select id, name, archived_at is not null from line where kind = $1 and address = $2")
            .bind(kind)
            .bind(address)
            .fetch_optional(&mut tx.conn)
            .await
            .map_err(StoreError::of(what))?;
    let name = match (&route.line, &there) {
        (_, Some((_, name, true))) => {
            return Ok(Err(format!(
                "line {name:?} at {} is archived: restore it first",
                route.address
            )));
        }
        (None, Some((id, ..))) => return Ok(Ok(*id)),
        (Some(name), Some((id, there, _))) if name == there => return Ok(Ok(*id)),
        (Some(_), Some((_, there, _))) if !target.changes_others() => {
            return Ok(Err(format!("line {} belongs to {there:?}", route.address)));
        }
        (Some(name), _) => name.as_str(),
        (None, None) => address,
    };
    let named: Option<(i64, String)> = sqlx::query_as("select id, address from line where name = $1")
        .bind(name)
        .fetch_optional(&mut tx.conn)
        .await
        .map_err(StoreError::of(what))?;
    let (sql, id) = match (there, named) {
        (Some((_, other, _)), Some((_, elsewhere))) => {
            return Ok(Err(format!(
                "line {name:?} is at {elsewhere}, and {address} is line {other:?}"
            )));
        }
        (None, Some((_, elsewhere))) if !target.changes_others() => {
            return Ok(Err(format!("line {name:?} is at {elsewhere}, not at {address}")));
        }
        (Some((id, ..)), None) | (None, Some((id, _))) => (
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
