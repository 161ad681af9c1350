//! Lines, and what stands on them.

use std::collections::HashMap;

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::of_keys;
use super::session::{self, SessionBrief};
use crate::model::{LineAddress, LineId, LineOptions, Scope};
use crate::store::rows::Rows;
use crate::store::{Store, StoreError, instant, plan};

static LINES: Rows = Rows::new(
    "select l.id, l.name, l.kind, l.address, l.settings, l.options,
         (select x.id from session x where x.line_id = l.id and x.outcome is not null order by x.id desc limit 1),
         l.revision, l.archived_at
     from line l where l.id in (values",
    1,
    ")",
);
static DEVICES: Rows = Rows::new(
    "select r.line_id, d.id, d.name, r.position from route r join device d on d.id = r.device_id
     where d.archived_at is null and r.line_id in (values",
    1,
    ") order by d.name",
);

/// A line.
#[derive(Debug, Clone)]
pub struct LineInfo {
    /// Its key.
    pub id: LineId,
    /// Unique.
    pub name: String,
    /// Where it is.
    pub address: LineAddress,
    /// `9600-8N1`; none: the drivers' own.
    pub settings: Option<String>,
    /// What it needs beside.
    pub options: LineOptions,
    /// The devices that are reached over it, in the order of their names.
    pub devices: Vec<LineDevice>,
    /// The last session that ended.
    pub last_session: Option<SessionBrief>,
    /// Counts its changes.
    pub revision: i64,
    /// Since when it is out of use.
    pub archived_at: Option<jiff::Timestamp>,
}

/// A device on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineDevice {
    /// Its key.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Which of its ways this is, from 0.
    pub position: u32,
}

impl Store {
    /// Lines over which devices of `scope` are reached, those in use or those that are archived, in the order of their
    /// names, after the name `after`. Of each only what is of those devices.
    pub async fn lines(
        &self,
        scope: Scope,
        archived: bool,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<LineInfo>, StoreError> {
        let keys: Vec<i64> = sqlx::query_scalar(
            "select id from line where name > $1 and (archived_at is not null) = $5 and ($3 is null or id in (
                 select r.line_id from route r join device d on d.id = r.device_id where d.node_id in (
                     select node_id from account_node where account_id = $3 and role & $4 <> 0)))
             order by name limit $2",
        )
        .bind(after.unwrap_or_default())
        .bind(limit)
        .bind(scope.key())
        .bind(scope.roles)
        .bind(archived)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("find lines"))?;
        self.line_infos(scope, &keys).await
    }

    /// One line, with what is of the devices of `scope`; none when there is no such.
    pub async fn line(&self, scope: Scope, line: LineId) -> Result<Option<LineInfo>, StoreError> {
        Ok(self.line_infos(scope, &[line.0]).await?.pop())
    }

    /// Where a line of `scope` is: one that nobody uses, or over which some of its devices are reached. None: there is no
    /// such, or it is none of theirs.
    pub async fn line_address(&self, scope: Scope, line: i64) -> Result<Option<LineAddress>, StoreError> {
        let row: Option<(String, String)> = sqlx::query_as(
            "select kind, address from line where id = $1 and ($2 is null
                 or not exists (select 1 from route where line_id = $1)
                 or exists (select 1 from route r join device d on d.id = r.device_id
                     join account_node a on a.node_id = d.node_id where r.line_id = $1 and a.account_id = $2
                         and a.role & $3 <> 0))",
        )
        .bind(line)
        .bind(scope.key())
        .bind(scope.roles)
        .fetch_optional(&self.readers)
        .await
        .map_err(StoreError::of("find a line"))?;
        row.map(|(kind, address)| plan::line_address(&kind, &address))
            .transpose()
    }

    /// Whether somebody of `scope` may talk at an address: there is no line, or it is one for [`Self::line_address`].
    pub async fn may_call(&self, scope: Scope, address: &LineAddress) -> Result<bool, StoreError> {
        let there: Option<i64> = sqlx::query_scalar("select id from line where kind = $1 and address = $2")
            .bind(address.kind())
            .bind(address.address())
            .fetch_optional(&self.readers)
            .await
            .map_err(StoreError::of("find the line of an address"))?;
        match there {
            None => Ok(true),
            Some(line) => Ok(self.line_address(scope, line).await?.is_some()),
        }
    }

    async fn line_infos(&self, scope: Scope, keys: &[i64]) -> Result<Vec<LineInfo>, StoreError> {
        let rows = of_keys(&self.readers, &LINES, keys, "read lines").await?;
        let own = self.device_ids(scope).await?;
        let is_own = |device: i64| own.as_ref().is_none_or(|own| own.contains(&device));
        let mut devices: HashMap<i64, Vec<LineDevice>> = HashMap::new();
        for row in of_keys(&self.readers, &DEVICES, keys, "read the devices of lines").await? {
            if !is_own(row.get(1)) {
                continue;
            }
            devices.entry(row.get(0)).or_default().push(LineDevice {
                id: row.get(1),
                name: row.get(2),
                position: row.get(3),
            });
        }
        let last: Vec<i64> = rows.iter().filter_map(|row| row.get::<Option<i64>, _>(6)).collect();
        let mut sessions = session::briefs(&self.readers, &last).await?;
        let mut lines = Vec::with_capacity(rows.len());
        for row in &rows {
            let last: Option<i64> = row.get(6);
            lines.push(LineInfo {
                devices: devices.remove(&row.get(0)).unwrap_or_default(),
                last_session: last
                    .and_then(|id| sessions.remove(&id))
                    .filter(|session| is_own(session.device.0)),
                ..line(row)?
            });
        }
        // Pieces of the list are in the order of their keys; the whole is in that of the names.
        lines.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(lines)
    }
}

fn line(row: &SqliteRow) -> Result<LineInfo, StoreError> {
    Ok(LineInfo {
        id: LineId(row.get(0)),
        name: row.get(1),
        address: plan::line_address(row.get(2), row.get(3))?,
        settings: row.get(4),
        options: plan::line_options(row.get(5))?,
        devices: Vec::new(),
        last_session: None,
        revision: row.get(7),
        archived_at: row.get::<Option<i64>, _>(8).map(instant),
    })
}
