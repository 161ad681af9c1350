//! Out of use, and back.

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::object::{count_change, expect_revision, read};
use super::{Doer, Kind, conflict, history, kept_device, missing};
use crate::store::Store;
use crate::store::audit::{self, Done};
use crate::store::error::StoreError;
use crate::store::writer::{Tx, Write};

/// So many of what is in the way are named.
const NAMED: usize = 10;

struct SetArchived {
    doer: Doer,
    kind: Kind,
    id: i64,
    revision: Option<i64>,
    /// Into the archive, else back into use.
    away: bool,
    at: i64,
}

impl Store {
    /// Takes an object out of use. `revision`: only when it still has this one.
    ///
    /// # Errors
    /// `Refused` when something in use hangs on it: the error names that.
    pub async fn archive(&self, doer: &Doer, kind: Kind, id: i64, revision: Option<i64>) -> Result<(), StoreError> {
        self.set_archived(doer, kind, id, revision, true).await
    }

    /// Takes an object into use again.
    ///
    /// # Errors
    /// `Refused` when what it hangs on is archived.
    pub async fn restore(&self, doer: &Doer, kind: Kind, id: i64, revision: Option<i64>) -> Result<(), StoreError> {
        self.set_archived(doer, kind, id, revision, false).await
    }

    async fn set_archived(
        &self,
        doer: &Doer,
        kind: Kind,
        id: i64,
        revision: Option<i64>,
        away: bool,
    ) -> Result<(), StoreError> {
        let write = SetArchived {
            doer: doer.clone(),
            kind,
            id,
            revision,
            away,
            at: self.now().as_second(),
        };
        self.queue.write(write).await
    }
}

#[async_trait]
impl Write for SetArchived {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let (conn, kind, id) = (&mut tx.conn, self.kind, self.id);
        let (name, revision, is_away) = standing(conn, kind, id).await?;
        expect_revision(kind, id, revision, self.revision)?;
        if is_away == self.away {
            let how = if is_away { "is archived" } else { "is in use" };
            return Err(conflict("", format!("{kind} {name:?} {how} already")));
        }
        let (sql, what) = if self.away { on_it(kind) } else { below_it(kind) };
        let in_the_way: Vec<String> = sqlx::query_scalar(sql)
            .bind(id)
            .fetch_all(&mut *conn)
            .await
            .map_err(StoreError::of("look for what is in the way"))?;
        if !in_the_way.is_empty() {
            return Err(conflict("", reason(&format!("{kind} {name:?}"), what, &in_the_way)));
        }
        let sql = format!("update {} set archived_at = $1 where id = $2", kind.table());
        sqlx::query(AssertSqlSafe(sql))
            .bind(self.away.then_some(self.at))
            .bind(id)
            .execute(&mut *conn)
            .await
            .map_err(StoreError::of("archive or restore"))?;
        if kind == Kind::Device {
            if self.away {
                history::end_routes(conn, id, self.at).await?;
            } else {
                history::begin_routes(conn, id, self.at).await?;
            }
            count_change(conn).await?;
        }
        let done = Done {
            deed: deed(kind, self.away),
            subject: kind.word(),
            id: id.to_string(),
            name,
            before: Some(serde_json::json!({ "archived": is_away })),
            after: Some(serde_json::json!({ "archived": self.away })),
        };
        audit::note(conn, self.at, &self.doer.actor, &done).await
    }
}

/// Name, revision, and whether it is archived.
async fn standing(conn: &mut SqliteConnection, kind: Kind, id: i64) -> Result<(String, i64, bool), StoreError> {
    if kind == Kind::Device {
        let kept = kept_device(conn, id).await?.ok_or_else(|| missing(kind, id))?;
        return Ok((kept.device.name, kept.revision, kept.archived_at.is_some()));
    }
    let kept = read(conn, kind, id).await?.ok_or_else(|| missing(kind, id))?;
    Ok((kept.form.name().to_owned(), kept.revision, kept.archived_at.is_some()))
}

/// Names of what hangs on an object and is in use, and what that is.
fn on_it(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Organisation => (
            "select name from site where organisation_id = $1 and archived_at is null order by name",
            "sites in use",
        ),
        Kind::Site => (
            "select name from node where site_id = $1 and archived_at is null order by name",
            "nodes in use",
        ),
        Kind::Node => (
            "select name from device where node_id = $1 and archived_at is null order by name",
            "devices in use",
        ),
        Kind::Point => (
            "select distinct d.name from device_point c join device d on d.id = c.device_id
             where c.point_id = $1 and c.valid_to is null and d.archived_at is null order by d.name",
            "devices that serve it",
        ),
        Kind::Line => (
            "select distinct d.name from route r join device d on d.id = r.device_id
             where r.line_id = $1 and d.archived_at is null order by d.name",
            "devices that are reached over it",
        ),
        Kind::Group => (
            "select name from device where poll_group_id = $1 and archived_at is null order by name",
            "devices in it",
        ),
        Kind::Device => ("select name from device where id = $1 and false", ""),
    }
}

/// Names of what an object hangs on and is archived.
fn below_it(kind: Kind) -> (&'static str, &'static str) {
    let sql = match kind {
        Kind::Site => {
            "select o.name from site s join organisation o on o.id = s.organisation_id
             where s.id = $1 and o.archived_at is not null"
        }
        Kind::Node => {
            "select s.name from node n join site s on s.id = n.site_id where n.id = $1 and s.archived_at is not null"
        }
        Kind::Point => {
            "select n.name from point p join node n on n.id = p.node_id where p.id = $1 and n.archived_at is not null"
        }
        Kind::Device => {
            "select n.name from device d join node n on n.id = d.node_id where d.id = $1 and n.archived_at is not null
             union all
             select l.name from route r join line l on l.id = r.line_id
             where r.device_id = $1 and l.archived_at is not null
             union all
             select g.name from device d join poll_group g on g.id = d.poll_group_id
             where d.id = $1 and g.archived_at is not null
             union all
             select p.name from device_point c join point p on p.id = c.point_id
             where c.device_id = $1 and c.valid_to is null and p.archived_at is not null"
        }
        Kind::Organisation | Kind::Line | Kind::Group => "select name from organisation where id = $1 and false",
    };
    (sql, "archived things that it hangs on")
}

fn reason(object: &str, what: &str, names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(NAMED).map(|name| format!("{name:?}")).collect();
    let more = names.len().saturating_sub(NAMED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{object} has {what}: {}{more}", shown.join(", "))
}

fn deed(kind: Kind, away: bool) -> &'static str {
    match (kind, away) {
        (Kind::Organisation, true) => "organisation.archive",
        (Kind::Organisation, false) => "organisation.restore",
        (Kind::Site, true) => "site.archive",
        (Kind::Site, false) => "site.restore",
        (Kind::Node, true) => "node.archive",
        (Kind::Node, false) => "node.restore",
        (Kind::Point, true) => "point.archive",
        (Kind::Point, false) => "point.restore",
        (Kind::Line, true) => "line.archive",
        (Kind::Line, false) => "line.restore",
        (Kind::Group, true) => "group.archive",
        (Kind::Group, false) => "group.restore",
        (Kind::Device, true) => "device.archive",
        (Kind::Device, false) => "device.restore",
    }
}
