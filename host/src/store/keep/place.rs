//! Organisations, sites, nodes and points in their tables.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::form::Form;
use super::{Kind, conflict, taken};
use crate::store::error::StoreError;

/// One object with what it belongs to, and how much hangs on it.
pub(super) fn select(kind: Kind) -> &'static str {
    match kind {
        Kind::Organisation => {
            "select o.*, null as parent, null as parent_name,
                 (select count(*) from site s where s.organisation_id = o.id and s.archived_at is null) as children
             from organisation o where o.id = $1"
        }
        Kind::Site => {
            "select s.*, o.id as parent, o.name as parent_name,
                 (select count(*) from node n where n.site_id = s.id and n.archived_at is null) as children
             from site s join organisation o on o.id = s.organisation_id where s.id = $1"
        }
        Kind::Node => {
            "select n.*, s.id as parent, s.name as parent_name,
                 (select count(*) from device d where d.node_id = n.id and d.archived_at is null) as children
             from node n join site s on s.id = n.site_id where n.id = $1"
        }
        _ => {
            "select p.*, n.id as parent, n.name as parent_name,
                 (select count(*) from device_point c join device d on d.id = c.device_id
                  where c.point_id = p.id and c.valid_to is null and d.archived_at is null) as children
             from point p join node n on n.id = p.node_id where p.id = $1"
        }
    }
}

/// What a row of [`select`] says.
pub(super) fn form(kind: Kind, row: &SqliteRow) -> Form {
    let name = row.get("name");
    match kind {
        Kind::Organisation => Form::Organisation { name },
        Kind::Site => Form::Site {
            organisation: row.get("organisation_id"),
            name,
            address: row.get("address"),
            time_zone: row.get("time_zone"),
            latitude: row.get("latitude"),
            longitude: row.get("longitude"),
        },
        Kind::Node => Form::Node {
            site: row.get("site_id"),
            name,
        },
        _ => Form::Point {
            node: row.get("node_id"),
            name,
            resource: row.get("resource"),
            purpose: row.get("purpose"),
        },
    }
}

/// Another object of the same name in the same place.
pub(super) async fn in_the_way(conn: &mut SqliteConnection, own: Option<i64>, form: &Form) -> Result<(), StoreError> {
    let (sql, parent) = match form {
        Form::Site { organisation, .. } => (
            "select archived_at is not null from site where name = $1 and organisation_id = $2 and id is not $3",
            Some(*organisation),
        ),
        Form::Node { site, .. } => (
            "select archived_at is not null from node where name = $1 and site_id = $2 and id is not $3",
            Some(*site),
        ),
        Form::Point { node, .. } => (
            "select archived_at is not null from point where name = $1 and node_id = $2 and id is not $3",
            Some(*node),
        ),
        _ => (
            "select archived_at is not null from organisation where name = $1 and $2 is null and id is not $3",
            None,
        ),
    };
    let there: Option<bool> = sqlx::query_scalar(sql)
        .bind(form.name())
        .bind(parent)
        .bind(own)
        .fetch_optional(conn)
        .await
        .map_err(StoreError::of("look for the name of a place"))?;
    match there {
        None => Ok(()),
        Some(archived) => {
            let what = format!("{} {:?}", form.kind(), form.name());
            Err(conflict("name", taken(&what, archived)))
        }
    }
}

/// Makes one. Gives its key.
pub(super) async fn insert(conn: &mut SqliteConnection, form: &Form) -> Result<i64, StoreError> {
    let query = match form {
        Form::Site {
            organisation,
            name,
            address,
            time_zone,
            latitude,
            longitude,
        } => sqlx::query_scalar(
            "insert into site (organisation_id, name, address, time_zone, latitude, longitude)
             values ($1, $2, $3, $4, $5, $6) returning id",
        )
        .bind(organisation)
        .bind(name)
        .bind(address)
        .bind(time_zone)
        .bind(latitude)
        .bind(longitude),
        Form::Node { site, name } => {
            sqlx::query_scalar("insert into node (site_id, name) values ($1, $2) returning id")
                .bind(site)
                .bind(name)
        }
        Form::Point {
            node,
            name,
            resource,
            purpose,
        } => sqlx::query_scalar(
            "insert into point (node_id, name, resource, purpose) values ($1, $2, $3, $4) returning id",
        )
        .bind(node)
        .bind(name)
        .bind(resource)
        .bind(purpose),
        other => sqlx::query_scalar("insert into organisation (name) values ($1) returning id").bind(other.name()),
    };
    query.fetch_one(conn).await.map_err(StoreError::of("insert a place"))
}

/// Makes one what is said here. Nodes and points stay where they are.
pub(super) async fn update(conn: &mut SqliteConnection, id: i64, form: &Form) -> Result<(), StoreError> {
    let query = match form {
        Form::Site {
            organisation,
            name,
            address,
            time_zone,
            latitude,
            longitude,
        } => sqlx::query(
            "update site set organisation_id = $1, name = $2, address = $3, time_zone = $4, latitude = $5, longitude = $6
             where id = $7",
        )
        .bind(organisation)
        .bind(name)
        .bind(address)
        .bind(time_zone)
        .bind(latitude)
        .bind(longitude)
        .bind(id),
        Form::Node { name, .. } => sqlx::query("update node set name = $1 where id = $2").bind(name).bind(id),
        Form::Point {
            name,
            resource,
            purpose,
            ..
        } => sqlx::query("update point set name = $1, resource = $2, purpose = $3 where id = $4")
            .bind(name)
            .bind(resource)
            .bind(purpose)
            .bind(id),
        other => sqlx::query("update organisation set name = $1 where id = $2")
            .bind(other.name())
            .bind(id),
    };
    query
        .execute(conn)
        .await
        .map(drop)
        .map_err(StoreError::of("change a place"))
}
