//! Grants of accounts.

use serde_json::{Value as Json, json};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::fault::AccountFault;
use crate::model::{Grant, GrantOn, Role};
use crate::store::error::StoreError;

/// A grant as columns: role, organisation, site, node, vendor.
pub(super) fn grant(row: &SqliteRow, from: usize) -> Option<Grant> {
    let key = |index: usize| row.get::<Option<i64>, _>(from + index);
    let on = match (key(1), key(2), key(3), row.get::<Option<String>, _>(from + 4)) {
        (Some(organisation), ..) => GrantOn::Organisation(organisation),
        (_, Some(site), ..) => GrantOn::Site(site),
        (_, _, Some(node), _) => GrantOn::Node(node),
        (.., Some(vendor)) => GrantOn::Vendor(vendor),
        _ => GrantOn::Everything,
    };
    Some(Grant {
        role: Role::of_bit(row.get(from))?,
        on,
    })
}

pub(super) fn administers_everything(grant: &Grant) -> bool {
    grant.role == Role::Administrator && grant.on == GrantOn::Everything
}

/// The grants of an account.
pub(super) async fn of(conn: &mut SqliteConnection, account: i64) -> Result<Vec<Grant>, StoreError> {
    let rows = sqlx::query(
        "select role, organisation_id, site_id, node_id, vendor from account_grant where account_id = $1 order by id",
    )
    .bind(account)
    .fetch_all(conn)
    .await
    .map_err(StoreError::of("read the grants of an account"))?;
    Ok(rows.iter().filter_map(|row| grant(row, 0)).collect())
}

/// These, and no others.
pub(super) async fn put(conn: &mut SqliteConnection, account: i64, grants: &[Grant]) -> Result<(), StoreError> {
    let what = "grant roles to an account";
    sqlx::query("delete from account_grant where account_id = $1")
        .bind(account)
        .execute(&mut *conn)
        .await
        .map_err(StoreError::of(what))?;
    for grant in grants {
        let (mut organisation, mut site, mut node, mut vendor) = (None, None, None, None);
        match &grant.on {
            GrantOn::Everything => {}
            GrantOn::Organisation(id) => organisation = Some(*id),
            GrantOn::Site(id) => site = Some(*id),
            GrantOn::Node(id) => node = Some(*id),
            GrantOn::Vendor(name) => vendor = Some(name.as_str()),
        }
        sqlx::query(
            "insert into account_grant (account_id, role, organisation_id, site_id, node_id, vendor)
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(account)
        .bind(grant.role.bit())
        .bind(organisation)
        .bind(site)
        .bind(node)
        .bind(vendor)
        .execute(&mut *conn)
        .await
        .map_err(StoreError::of(what))?;
    }
    Ok(())
}

/// The first thing that a grant names and that is not there.
pub(super) async fn missing(conn: &mut SqliteConnection, grants: &[Grant]) -> Result<Option<AccountFault>, StoreError> {
    for grant in grants {
        let (what, id, sql) = match &grant.on {
            GrantOn::Organisation(id) => ("organisation", *id, "select id from organisation where id = $1"),
            GrantOn::Site(id) => ("site", *id, "select id from site where id = $1"),
            GrantOn::Node(id) => ("node", *id, "select id from node where id = $1"),
            GrantOn::Everything | GrantOn::Vendor(_) => continue,
        };
        let found: Option<i64> = sqlx::query_scalar(sql)
            .bind(id)
            .fetch_optional(&mut *conn)
            .await
            .map_err(StoreError::of("find what is granted"))?;
        if found.is_none() {
            return Ok(Some(AccountFault::NoSubject { what, id }));
        }
    }
    Ok(None)
}

/// Whether nobody but this person administers everything.
pub(super) async fn is_last_administrator(conn: &mut SqliteConnection, account: i64) -> Result<bool, StoreError> {
    let everything = "select a.id from account a join account_grant g on g.account_id = a.id
         where a.kind = 'person' and a.enabled = 1 and g.role = 1 and g.organisation_id is null and g.site_id is null
             and g.node_id is null and g.vendor is null";
    let all: Vec<i64> = sqlx::query_scalar(everything)
        .fetch_all(conn)
        .await
        .map_err(StoreError::of("find who administers everything"))?;
    Ok(all.contains(&account) && all.iter().all(|id| *id == account))
}

/// For the audit.
pub(super) fn shown(grants: &[Grant]) -> Json {
    let one = |grant: &Grant| {
        let on = match &grant.on {
            GrantOn::Everything => json!("everything"),
            GrantOn::Organisation(id) => json!({ "organisation": id }),
            GrantOn::Site(id) => json!({ "site": id }),
            GrantOn::Node(id) => json!({ "node": id }),
            GrantOn::Vendor(name) => json!({ "vendor": name }),
        };
        json!({ "role": grant.role.word(), "on": on })
    };
    Json::Array(grants.iter().map(one).collect())
}
