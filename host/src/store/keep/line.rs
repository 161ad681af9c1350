//! Lines in their table.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::form::NewLine;
use super::{conflict, taken};
use crate::store::error::StoreError;
use crate::store::plan;

/// A line, and how many devices in use are reached over it.
pub(super) const SELECT: &str = "select l.*, null as parent, null as parent_name,
     (select count(distinct r.device_id) from route r join device d on d.id = r.device_id
      where r.line_id = l.id and d.archived_at is null) as children
     from line l where l.id = $1";

/// What a row of [`SELECT`] says.
pub(super) fn form(row: &SqliteRow) -> Result<NewLine, StoreError> {
    Ok(NewLine {
        name: row.get("name"),
        address: plan::line_address(row.get("kind"), row.get("address"))?,
        settings: plan::line_settings(row.get("settings"))?,
        options: plan::line_options(row.get("options"))?,
    })
}

/// Another line of the same name, or at the same address.
pub(super) async fn in_the_way(
    conn: &mut SqliteConnection,
    own: Option<i64>,
    line: &NewLine,
) -> Result<(), StoreError> {
    let what = "look for a line";
    let named: Option<bool> =
        sqlx::query_scalar("select archived_at is not null from line where name = $1 and id is not $2")
            .bind(&line.name)
            .bind(own)
            .fetch_optional(&mut *conn)
            .await
            .map_err(StoreError::of(what))?;
    if let Some(archived) = named {
        return Err(conflict("name", taken(&format!("line {:?}", line.name), archived)));
    }
    let there: Option<(String, bool)> = sqlx::query_as(
        "select name, archived_at is not null from line where kind = $1 and address = $2 and id is not $3",
    )
    .bind(line.address.kind())
    .bind(line.address.address())
    .bind(own)
    .fetch_optional(conn)
    .await
    .map_err(StoreError::of(what))?;
    match there {
        None => Ok(()),
        Some((other, archived)) => {
            let how = if archived { ", which is archived" } else { "" };
            Err(conflict(
                "address",
                format!("line {} belongs to {other:?}{how}", line.address),
            ))
        }
    }
}

/// Makes one. Gives its key.
pub(super) async fn insert(conn: &mut SqliteConnection, line: &NewLine) -> Result<i64, StoreError> {
    sqlx::query_scalar(
        "insert into line (name, kind, address, settings, options) values ($1, $2, $3, $4, $5) returning id",
    )
    .bind(&line.name)
    .bind(line.address.kind())
    .bind(line.address.address())
    .bind(line.settings.map(|settings| settings.to_string()))
    .bind(line.options.to_string())
    .fetch_one(conn)
    .await
    .map_err(StoreError::of("insert a line"))
}

/// Makes one what is said here.
pub(super) async fn update(conn: &mut SqliteConnection, id: i64, line: &NewLine) -> Result<(), StoreError> {
    sqlx::query("update line set name = $1, kind = $2, address = $3, settings = $4, options = $5 where id = $6")
        .bind(&line.name)
        .bind(line.address.kind())
        .bind(line.address.address())
        .bind(line.settings.map(|settings| settings.to_string()))
        .bind(line.options.to_string())
        .bind(id)
        .execute(conn)
        .await
        .map(drop)
        .map_err(StoreError::of("change a line"))
}
