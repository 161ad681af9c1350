//! Groups in their table.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::{conflict, taken};
use crate::store::error::StoreError;
use crate::store::{NewGroup, plan};

/// A group, and how many devices in use it has.
pub(super) const SELECT: &str = "select g.*, null as parent, null as parent_name,
     (select count(*) from device d where d.poll_group_id = g.id and d.archived_at is null) as children
     from poll_group g where g.id = $1";

/// What a row of [`SELECT`] says.
pub(super) fn form(row: &SqliteRow) -> Result<NewGroup, StoreError> {
    Ok(NewGroup {
        name: row.get("name"),
        schedule: plan::schedule(row.get("schedule"))?,
        sessions: row.get("sessions"),
        clock_policy: plan::clock_policy(row.get("clock_policy"))?,
    })
}

/// Another group of the same name.
pub(super) async fn in_the_way(
    conn: &mut SqliteConnection,
    own: Option<i64>,
    group: &NewGroup,
) -> Result<(), StoreError> {
    let there: Option<bool> =
        sqlx::query_scalar("select archived_at is not null from poll_group where name = $1 and id is not $2")
            .bind(&group.name)
            .bind(own)
            .fetch_optional(conn)
            .await
            .map_err(StoreError::of("look for a group"))?;
    match there {
        None => Ok(()),
        Some(archived) => Err(conflict("name", taken(&format!("group {:?}", group.name), archived))),
    }
}

/// Makes one. Gives its key.
pub(super) async fn insert(conn: &mut SqliteConnection, group: &NewGroup) -> Result<i64, StoreError> {
    sqlx::query_scalar(
        "insert into poll_group (name, schedule, sessions, clock_policy) values ($1, $2, $3, $4) returning id",
    )
    .bind(&group.name)
    .bind(group.schedule.to_string())
    .bind(group.sessions)
    .bind(group.clock_policy.to_string())
    .fetch_one(conn)
    .await
    .map_err(StoreError::of("insert a group"))
}

/// Makes one what is said here.
pub(super) async fn update(conn: &mut SqliteConnection, id: i64, group: &NewGroup) -> Result<(), StoreError> {
    sqlx::query("update poll_group set name = $1, schedule = $2, sessions = $3, clock_policy = $4 where id = $5")
        .bind(&group.name)
        .bind(group.schedule.to_string())
        .bind(group.sessions)
        .bind(group.clock_policy.to_string())
        .bind(id)
        .execute(conn)
        .await
        .map(drop)
        .map_err(StoreError::of("change a group"))
}
