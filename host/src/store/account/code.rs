//! The second factor.

use async_trait::async_trait;
use sqlx::{Row as _, SqliteConnection};

use super::change::Did;
use super::fault::AccountFault;
use crate::model::AccountId;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::writer::{Tx, Write};

/// The second factor of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// 160 bits.
    pub secret: Vec<u8>,
    /// Whether a code of it came: only then codes are asked for.
    pub is_confirmed: bool,
}

struct Use(AccountId, i64);

impl Store {
    /// The second factor of an account; none: it has none, not even one that waits for its first code.
    pub async fn account_code(&self, account: AccountId) -> Result<Option<Code>, StoreError> {
        let row = sqlx::query("select secret, confirmed_at from account_code where account_id = $1")
            .bind(account.0)
            .fetch_optional(&self.readers)
            .await
            .map_err(StoreError::of("read a second factor"))?;
        Ok(row.map(|row| Code {
            secret: row.get(0),
            is_confirmed: row.get::<Option<i64>, _>(1).is_some(),
        }))
    }

    /// Takes the code of a step; false: it, or a later one, was taken before.
    pub async fn use_code(&self, account: AccountId, step: i64) -> Result<bool, StoreError> {
        self.queue.write_ahead(Use(account, step)).await
    }
}

#[async_trait]
impl Write for Use {
    type Answer = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        let used = sqlx::query("update account_code set used_step = $2 where account_id = $1 and used_step < $2")
            .bind(self.0.0)
            .bind(self.1)
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("take a code"))?;
        Ok(used.rows_affected() > 0)
    }
}

pub(super) async fn ask(conn: &mut SqliteConnection, account: i64, secret: &[u8]) -> Result<(), StoreError> {
    // One that is in use stays in use until it is removed: whoever found an open screen must not replace it.
    sqlx::query(
        "insert into account_code (account_id, secret, confirmed_at, used_step) values ($1, $2, null, 0)
         on conflict (account_id) do update set secret = excluded.secret, used_step = 0
             where confirmed_at is null",
    )
    .bind(account)
    .bind(secret)
    .execute(conn)
    .await
    .map(drop)
    .map_err(StoreError::of("keep a second factor"))
}

pub(super) async fn confirm(
    conn: &mut SqliteConnection,
    account: i64,
    step: i64,
    at: i64,
) -> Result<Result<Did, AccountFault>, StoreError> {
    let confirmed = sqlx::query(
        "update account_code set confirmed_at = $3, used_step = $2
         where account_id = $1 and confirmed_at is null and used_step < $2",
    )
    .bind(account)
    .bind(step)
    .bind(at)
    .execute(conn)
    .await
    .map_err(StoreError::of("confirm a second factor"))?;
    Ok(if confirmed.rows_affected() == 0 {
        Err(AccountFault::NoCode)
    } else {
        Ok(Did::only("account.second-factor"))
    })
}

pub(super) async fn remove(conn: &mut SqliteConnection, account: i64) -> Result<(), StoreError> {
    sqlx::query("delete from account_code where account_id = $1")
        .bind(account)
        .execute(conn)
        .await
        .map(drop)
        .map_err(StoreError::of("remove a second factor"))
}
