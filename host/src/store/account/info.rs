//! Accounts as their administrators see them.

use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::grant::grant;
use crate::limits;
use crate::model::{AccountId, AccountKind, Grant};
use crate::store::error::StoreError;
use crate::store::{Store, instant};

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountInfo {
    /// Its key.
    pub id: AccountId,
    /// As it signs in.
    pub name: String,
    /// Of whom.
    pub kind: AccountKind,
    /// For people.
    pub title: String,
    /// Whether it may sign in.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it has yet to choose a password, and until when its one-time secret holds.
    pub one_time_until: Option<Timestamp>,
    /// Whether codes are asked for.
    pub has_code: bool,
    /// How many sign-ins hold.
    pub sign_ins: i64,
    /// When it was last seen, about.
    pub seen_at: Option<Timestamp>,
    /// What it is granted.
    pub grants: Vec<GrantInfo>,
}

/// A grant with the name of what it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantInfo {
    /// Role and over what.
    pub grant: Grant,
    /// Name of the organisation, site or node.
    pub name: Option<String>,
}

impl Store {
    /// Accounts in the order of their keys, above `after`.
    pub async fn accounts(&self, after: i64, limit: u32) -> Result<Vec<AccountInfo>, StoreError> {
        let now = self.now().as_second();
        let rows = sqlx::query(
            "select a.id, a.name, a.kind, a.title, a.enabled, a.created_at,
                 (select p.ends_at from account_password p where p.account_id = a.id and p.one_time = 1),
                 exists (select 1 from account_code c where c.account_id = a.id and c.confirmed_at is not null),
                 (select count(*) from sign_in s where s.account_id = a.id and s.ends_at > $3 and s.seen_at > $4),
                 max(coalesce((select max(s.seen_at) from sign_in s where s.account_id = a.id), 0),
                     coalesce((select max(k.used_at) from api_key k where k.account_id = a.id), 0))
             from account a where a.id > $1 order by a.id limit $2",
        )
        .bind(after)
        .bind(limit)
        .bind(now)
        .bind(now - limits::SIGN_IN_IDLE_S)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read accounts"))?;
        let mut accounts = Vec::with_capacity(rows.len());
        for row in &rows {
            let grants = self.grants(row.get(0)).await?;
            accounts.push(account(row, grants));
        }
        Ok(accounts)
    }

    /// One account; none when there is no such.
    pub async fn account(&self, id: AccountId) -> Result<Option<AccountInfo>, StoreError> {
        let found = self.accounts(id.0.saturating_sub(1), 1).await?;
        Ok(found.into_iter().find(|account| account.id == id))
    }

    /// The account with a name; none when there is no such.
    pub async fn account_named(&self, name: &str) -> Result<Option<AccountInfo>, StoreError> {
        let id: Option<i64> = sqlx::query_scalar("select id from account where name = $1")
            .bind(name)
            .fetch_optional(&self.readers)
            .await
            .map_err(StoreError::of("find an account"))?;
        match id {
            Some(id) => self.account(AccountId(id)).await,
            None => Ok(None),
        }
    }

    /// The grants of an account with the names of what they are over.
    pub async fn grants(&self, account: i64) -> Result<Vec<GrantInfo>, StoreError> {
        let rows = sqlx::query(
            "select g.role, g.organisation_id, g.site_id, g.node_id, g.vendor, coalesce(o.name, s.name, n.name)
             from account_grant g left join organisation o on o.id = g.organisation_id
             left join site s on s.id = g.site_id left join node n on n.id = g.node_id
             where g.account_id = $1 order by g.id",
        )
        .bind(account)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the grants of an account"))?;
        let info = |row: &SqliteRow| {
            Some(GrantInfo {
                grant: grant(row, 0)?,
                name: row.get(5),
            })
        };
        Ok(rows.iter().filter_map(info).collect())
    }
}

fn account(row: &SqliteRow, grants: Vec<GrantInfo>) -> AccountInfo {
    AccountInfo {
        id: AccountId(row.get(0)),
        name: row.get(1),
        kind: AccountKind::of(row.get(2)).unwrap_or(AccountKind::Person),
        title: row.get(3),
        enabled: row.get(4),
        created_at: instant(row.get(5)),
        one_time_until: row.get::<Option<i64>, _>(6).map(instant),
        has_code: row.get(7),
        sign_ins: row.get(8),
        seen_at: Some(row.get::<i64, _>(9)).filter(|at| *at > 0).map(instant),
        grants,
    }
}
