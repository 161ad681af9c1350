//! Sign-ins that were refused: who was tried, from where, why.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{Row as _, SqliteConnection};

use crate::limits;
use crate::store::error::StoreError;
use crate::store::writer::{Tx, Write};
use crate::store::{Store, instant};

/// Why a sign-in was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedWhy {
    /// The password was not right, or the account may not sign in.
    Password,
    /// The code of the second factor was not right.
    Code,
    /// It came before the wait was over.
    TooEarly,
    /// The provider of identities, or what it said.
    Provider,
}

/// A sign-in that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The name that was tried. It is kept only where it is one of an account: people type passwords into the wrong field.
    pub name: String,
    /// From which address.
    pub from: String,
    /// Why.
    pub why: RefusedWhy,
    /// So many before it came too fast to be written down.
    pub not_written: u32,
}

/// Refused sign-ins of one name from one address, within an hour of each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedSignIns {
    /// Their key.
    pub id: i64,
    /// Key and name of the account; none: nobody has the name.
    pub account: Option<(i64, String)>,
    /// From which address.
    pub from: String,
    /// `wrong-password`, `wrong-code`, `unknown-name`, `too-early`, `provider`, `not-written`.
    pub why: String,
    /// The first.
    pub began_at: Timestamp,
    /// The last.
    pub last_at: Timestamp,
    /// How many.
    pub count: i64,
}

struct Note(Refused, i64);

impl RefusedWhy {
    fn word(self, is_account: bool) -> &'static str {
        match self {
            Self::Password if !is_account => "unknown-name",
            Self::Password => "wrong-password",
            Self::Code => "wrong-code",
            Self::TooEarly => "too-early",
            Self::Provider => "provider",
        }
    }
}

impl Store {
    /// Writes down that a sign-in was refused. At most [`limits::REFUSED_ROWS`] rows are kept.
    pub async fn refused_sign_in(&self, refused: Refused) -> Result<(), StoreError> {
        let note = Note(refused, self.now().as_second());
        self.queue.write_ahead(note).await
    }

    /// Refused sign-ins, those that began last first, older than `after`.
    pub async fn refused_sign_ins(&self, after: Option<i64>, limit: u32) -> Result<Vec<RefusedSignIns>, StoreError> {
        let rows = sqlx::query(
            "select r.id, a.id, a.name, r.from_address, r.why, r.began_at, r.last_at, r.count
             from refused_sign_in r left join account a on a.id = r.account_id
             where r.id < $1 order by r.id desc limit $2",
        )
        .bind(after.unwrap_or(i64::MAX))
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read refused sign-ins"))?;
        let read = rows.iter().map(|row| RefusedSignIns {
            id: row.get(0),
            account: row.get::<Option<i64>, _>(1).map(|id| (id, row.get(2))),
            from: row.get(3),
            why: row.get(4),
            began_at: instant(row.get(5)),
            last_at: instant(row.get(6)),
            count: row.get(7),
        });
        Ok(read.collect())
    }
}

#[async_trait]
impl Write for Note {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let Self(refused, at) = self;
        let conn = &mut tx.conn;
        let account: Option<i64> = sqlx::query_scalar("select id from account where name = $1")
            .bind(&refused.name)
            .fetch_optional(&mut *conn)
            .await
            .map_err(StoreError::of("find whose name was tried"))?;
        let why = refused.why.word(account.is_some());
        put(conn, (account, &refused.from, why), 1, *at).await?;
        if refused.not_written > 0 {
            put(conn, (None, "", "not-written"), refused.not_written, *at).await?;
        }
        Ok(())
    }
}

/// Counts refused sign-ins with those of the last hour that are alike, or begins a row.
async fn put(
    conn: &mut SqliteConnection,
    (account, from, why): (Option<i64>, &str, &str),
    count: u32,
    at: i64,
) -> Result<(), StoreError> {
    let what = "write down a refused sign-in";
    let counted = sqlx::query(
        "update refused_sign_in set count = count + $5, last_at = $4
         where account_id is $1 and from_address = $2 and why = $3 and last_at > $4 - $6",
    )
    .bind(account)
    .bind(from)
    .bind(why)
    .bind(at)
    .bind(count)
    .bind(limits::REFUSED_TOGETHER_S)
    .execute(&mut *conn)
    .await
    .map_err(StoreError::of(what))?;
    if counted.rows_affected() > 0 {
        return Ok(());
    }
    sqlx::query(
        "insert into refused_sign_in (account_id, from_address, why, began_at, last_at, count)
         values ($1, $2, $3, $4, $4, $5)",
    )
    .bind(account)
    .bind(from)
    .bind(why)
    .bind(at)
    .bind(count)
    .execute(&mut *conn)
    .await
    .map_err(StoreError::of(what))?;
    sqlx::query("delete from refused_sign_in where id <= (select max(id) from refused_sign_in) - $1")
        .bind(limits::REFUSED_ROWS)
        .execute(conn)
        .await
        .map(drop)
        .map_err(StoreError::of(what))
}
