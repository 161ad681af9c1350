//! What was done, for those who look it up.

use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::model::Scope;
use crate::store::{Store, StoreError, instant};

/// Which deeds.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Only by the account, or the part of the host, of this name.
    pub who: Option<String>,
    /// Only deeds that begin so: `device.` or `device.create`.
    pub deed: Option<String>,
    /// Only about this kind of objects.
    pub subject: Option<String>,
    /// Only about the object with this key.
    pub id: Option<String>,
    /// Only from here on.
    pub from: Option<Timestamp>,
    /// Only before.
    pub to: Option<Timestamp>,
    /// Older than this one.
    pub after: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

/// A deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its key.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Key of the account that did it.
    pub account: Option<i64>,
    /// Who did it.
    pub who: String,
    /// From which address.
    pub from: String,
    /// What was done.
    pub deed: String,
    /// Kind of the object.
    pub subject: String,
    /// Its key.
    pub subject_id: String,
    /// As people know it.
    pub subject_name: String,
    /// What it was, JSON.
    pub before: Option<String>,
    /// What it is, JSON.
    pub after: Option<String>,
}

impl Store {
    /// What was done with the objects of `scope`, the newest first. What is of no place at all, such as an account or a
    /// driver, is for those only who have everything.
    pub async fn audit(&self, scope: Scope, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        let rows = sqlx::query(
            "with mine (node_id) as (select node_id from account_node where account_id = $9 and role & $10 <> 0)
             select id, at, account_id, who, from_address, deed, subject, subject_id, subject_name, before, after from audit
             where id < $1 and ($2 is null or who = $2) and ($3 is null or substr(deed, 1, length($3)) = $3)
                 and ($4 is null or subject = $4) and ($5 is null or subject_id = $5)
                 and ($6 is null or at >= $6) and ($7 is null or at < $7)
                 and ($9 is null or case subject
                     when 'node' then cast(subject_id as integer) in mine
                     when 'site' then cast(subject_id as integer) in (select site_id from account_site
                         where account_id = $9 and role & $10 <> 0)
                     when 'point' then exists (select 1 from point p
                         where p.id = cast(subject_id as integer) and p.node_id in mine)
                     when 'device' then exists (select 1 from device d
                         where d.id = cast(subject_id as integer) and d.node_id in mine)
                     when 'session' then exists (select 1 from session x join device d on d.id = x.device_id
                         where x.id = cast(subject_id as integer) and d.node_id in mine)
                     when 'control' then exists (select 1 from control_order c join device d on d.id = c.device_id
                         where c.id = cast(subject_id as integer) and d.node_id in mine)
                     else 0 end)
             order by id desc limit $8",
        )
        .bind(query.after.unwrap_or(i64::MAX))
        .bind(query.who.as_deref())
        .bind(query.deed.as_deref())
        .bind(query.subject.as_deref())
        .bind(query.id.as_deref())
        .bind(query.from.map(Timestamp::as_second))
        .bind(query.to.map(Timestamp::as_second))
        .bind(query.limit)
        .bind(scope.key())
        .bind(scope.roles)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read what was done"))?;
        Ok(rows.iter().map(row).collect())
    }
}

fn row(row: &SqliteRow) -> AuditRow {
    AuditRow {
        id: row.get(0),
        at: instant(row.get(1)),
        account: row.get(2),
        who: row.get(3),
        from: row.get(4),
        deed: row.get(5),
        subject: row.get(6),
        subject_id: row.get(7),
        subject_name: row.get(8),
        before: row.get(9),
        after: row.get(10),
    }
}
