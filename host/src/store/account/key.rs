//! Keys of programs.

use jiff::Timestamp;
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::change::Did;
use super::fault::AccountFault;
use crate::limits;
use crate::model::AccountId;
use crate::store::error::StoreError;
use crate::store::{Store, instant};

/// A new key.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// For people.
    pub name: String,
    /// SHA-256 of it.
    pub token: Vec<u8>,
    /// How it begins.
    pub shown: String,
    /// Words: it has no others, whatever its account has.
    pub rights: Vec<String>,
    /// Networks that it may come from; none: any.
    pub addresses: Vec<String>,
    /// Until when it holds; none: until it is revoked.
    pub ends_at: Option<i64>,
}

/// A key as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its key.
    pub id: i64,
    /// For people.
    pub name: String,
    /// How it begins.
    pub shown: String,
    /// Words: it has no others.
    pub rights: Vec<String>,
    /// Networks that it may come from; none: any.
    pub addresses: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it holds.
    pub ends_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, about.
    pub used_at: Option<Timestamp>,
    /// From where.
    pub used_from: Option<String>,
}

impl Store {
    /// The keys of an account, the newest first.
    pub async fn account_keys(&self, account: AccountId) -> Result<Vec<KeyInfo>, StoreError> {
        let rows = sqlx::query(
            "select id, name, shown, rights, addresses, created_at, ends_at, revoked_at, used_at, used_from
             from api_key where account_id = $1 order by id desc",
        )
        .bind(account.0)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the keys of an account"))?;
        Ok(rows.iter().map(key).collect())
    }
}

fn key(row: &SqliteRow) -> KeyInfo {
    let at = |index| row.get::<Option<i64>, _>(index).map(instant);
    KeyInfo {
        id: row.get(0),
        name: row.get(1),
        shown: row.get(2),
        rights: words(row.get(3)),
        addresses: words(row.get(4)),
        created_at: instant(row.get(5)),
        ends_at: at(6),
        revoked_at: at(7),
        used_at: at(8),
        used_from: row.get(9),
    }
}

/// Words between blanks.
pub(super) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

pub(super) async fn add(
    conn: &mut SqliteConnection,
    account: i64,
    new: &NewKey,
    at: i64,
) -> Result<Result<Did, AccountFault>, StoreError> {
    let what = "keep a key";
    let held: i64 = sqlx::query_scalar(
        "select count(*) from api_key where account_id = $1 and revoked_at is null and (ends_at is null or ends_at > $2)",
    )
    .bind(account)
    .bind(at)
    .fetch_one(&mut *conn)
    .await
    .map_err(StoreError::of(what))?;
    if held >= i64::from(limits::KEYS_OF_ACCOUNT) {
        return Ok(Err(AccountFault::TooMany(limits::KEYS_OF_ACCOUNT)));
    }
    let id: i64 = sqlx::query_scalar(
        "insert into api_key (account_id, name, token, shown, rights, addresses, created_at, ends_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) returning id",
    )
    .bind(account)
    .bind(&new.name)
    .bind(&new.token)
    .bind(&new.shown)
    .bind(new.rights.join(" "))
    .bind(new.addresses.join(" "))
    .bind(at)
    .bind(new.ends_at)
    .fetch_one(conn)
    .await
    .map_err(StoreError::of(what))?;
    Ok(Ok(Did {
        after: Some(json!({
            "key": id, "name": new.name, "begins": new.shown, "rights": new.rights, "addresses": new.addresses,
            "ends_at": new.ends_at,
        })),
        key: id,
        ..Did::only("account.add-key")
    }))
}

pub(super) async fn revoke(
    conn: &mut SqliteConnection,
    account: i64,
    id: i64,
    at: i64,
) -> Result<Result<Did, AccountFault>, StoreError> {
    let revoked =
        sqlx::query("update api_key set revoked_at = $3 where id = $2 and account_id = $1 and revoked_at is null")
            .bind(account)
            .bind(id)
            .bind(at)
            .execute(conn)
            .await
            .map_err(StoreError::of("revoke a key"))?;
    Ok(if revoked.rows_affected() == 0 {
        Err(AccountFault::NoKey(id))
    } else {
        Ok(Did {
            before: Some(json!({ "key": id })),
            ..Did::only("account.revoke-key")
        })
    })
}

/// Gives a program a key with the rights of another one, which holds no longer than `until`.
pub(super) async fn rotate(
    conn: &mut SqliteConnection,
    account: i64,
    old: i64,
    (token, shown): (&[u8], &str),
    until: i64,
    at: i64,
) -> Result<Result<Did, AccountFault>, StoreError> {
    let row = sqlx::query(
        "select name, rights, addresses, ends_at, created_at from api_key
         where id = $2 and account_id = $1 and revoked_at is null and (ends_at is null or ends_at > $3)",
    )
    .bind(account)
    .bind(old)
    .bind(at)
    .fetch_optional(&mut *conn)
    .await
    .map_err(StoreError::of("find a key"))?;
    let Some(row) = row else {
        return Ok(Err(AccountFault::NoKey(old)));
    };
    let (ends_at, created_at): (Option<i64>, i64) = (row.get(3), row.get(4));
    let new = NewKey {
        name: row.get(0),
        token: token.to_vec(),
        shown: shown.to_owned(),
        rights: words(row.get(1)),
        addresses: words(row.get(2)),
        // It holds as long as the old one was made for.
        ends_at: ends_at.map(|ends_at| at + (ends_at - created_at).max(0)),
    };
    let did = match add(conn, account, &new, at).await? {
        Ok(did) => did,
        Err(fault) => return Ok(Err(fault)),
    };
    sqlx::query("update api_key set ends_at = min(coalesce(ends_at, $2), $2) where id = $1")
        .bind(old)
        .bind(until)
        .execute(conn)
        .await
        .map_err(StoreError::of("end a key"))?;
    Ok(Ok(Did {
        before: Some(json!({ "key": old, "ends_at": until })),
        deed: "account.rotate-key",
        ..did
    }))
}
