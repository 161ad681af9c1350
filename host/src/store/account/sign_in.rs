//! Who is signed in.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;
use sqlx::{Row as _, SqliteConnection};

use crate::limits;
use crate::model::{AccountId, Actor};
use crate::store::audit::{Done, note};
use crate::store::error::StoreError;
use crate::store::writer::{Tx, Write};
use crate::store::{Store, instant};

/// Somebody signs in.
#[derive(Debug, Clone)]
pub struct NewSignIn {
    /// Who.
    pub account: AccountId,
    /// SHA-256 of the token.
    pub token: Vec<u8>,
    /// When it ends, however much it is used.
    pub ends_at: i64,
    /// From where.
    pub from: String,
    /// What the browser says of itself.
    pub agent: String,
    /// Whether a provider of identities has said who it is: then no one-time secret stands for a password to choose.
    pub by_provider: bool,
}

/// A sign-in that stays when all others of its account end. Its old token is worth nothing any more: whoever had it, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stays {
    /// Its key.
    pub sign_in: i64,
    /// SHA-256 of its new token.
    pub token: Vec<u8>,
}

/// A sign-in as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInInfo {
    /// Its key.
    pub id: i64,
    /// When it began.
    pub begun_at: Timestamp,
    /// When it was last used, about.
    pub seen_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// From where.
    pub from: String,
    /// What the browser says of itself.
    pub agent: String,
}

struct Begin(NewSignIn, Actor, i64);

/// A sign-in or a key was used.
enum Seen {
    SignIn(i64),
    Key(i64, String),
}

struct Touch(Seen, i64);

impl Store {
    /// Signs somebody in; those that ended are forgotten, and the oldest of too many.
    pub async fn sign_in(&self, new: NewSignIn, actor: &Actor) -> Result<i64, StoreError> {
        let begin = Begin(new, actor.clone(), self.now().as_second());
        self.queue.write_ahead(begin).await
    }

    /// Writes down that a sign-in was used now.
    pub async fn saw_sign_in(&self, id: i64) -> Result<(), StoreError> {
        let touch = Touch(Seen::SignIn(id), self.now().as_second());
        self.queue.write_ahead(touch).await
    }

    /// Writes down that a key was used now.
    pub async fn saw_key(&self, id: i64, from: &str) -> Result<(), StoreError> {
        let touch = Touch(Seen::Key(id, from.to_owned()), self.now().as_second());
        self.queue.write_ahead(touch).await
    }

    /// The sign-ins of an account that hold, the newest first.
    pub async fn sign_ins(&self, account: AccountId) -> Result<Vec<SignInInfo>, StoreError> {
        let now = self.now().as_second();
        let rows = sqlx::query(
            "select id, begun_at, seen_at, ends_at, from_address, agent from sign_in
             where account_id = $1 and ends_at > $2 and seen_at > $3 order by id desc",
        )
        .bind(account.0)
        .bind(now)
        .bind(now - limits::SIGN_IN_IDLE_S)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read sign-ins"))?;
        Ok(rows
            .iter()
            .map(|row| SignInInfo {
                id: row.get(0),
                begun_at: instant(row.get(1)),
                seen_at: instant(row.get(2)),
                ends_at: instant(row.get(3)),
                from: row.get(4),
                agent: row.get(5),
            })
            .collect())
    }
}

#[async_trait]
impl Write for Begin {
    type Answer = i64;

    async fn run(&self, tx: &mut Tx) -> Result<i64, StoreError> {
        let Self(new, actor, at) = self;
        let conn = &mut tx.conn;
        let what = "sign somebody in";
        sqlx::query(
            "delete from sign_in where ends_at <= $2 or seen_at <= $3 or id in (select id from sign_in where account_id = $1
                 order by id desc limit -1 offset $4)",
        )
        .bind(new.account.0)
        .bind(at)
        .bind(at - limits::SIGN_IN_IDLE_S)
        .bind(limits::SIGN_INS_OF_ACCOUNT - 1)
        .execute(&mut *conn)
        .await
        .map_err(StoreError::of(what))?;
        let id = sqlx::query_scalar(
            "insert into sign_in (account_id, token, begun_at, seen_at, ends_at, from_address, agent, by_provider)
             values ($1, $2, $3, $3, $4, $5, $6, $7) returning id",
        )
        .bind(new.account.0)
        .bind(&new.token)
        .bind(at)
        .bind(new.ends_at)
        .bind(&new.from)
        .bind(&new.agent)
        .bind(new.by_provider)
        .fetch_one(&mut *conn)
        .await
        .map_err(StoreError::of(what))?;
        let done = Done {
            deed: "account.sign-in",
            subject: "account",
            id: new.account.to_string(),
            name: actor.who.clone(),
            before: None,
            after: Some(json!({ "agent": new.agent, "by_provider": new.by_provider })),
        };
        note(conn, *at, actor, &done).await?;
        Ok(id)
    }
}

#[async_trait]
impl Write for Touch {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let query = match &self.0 {
            Seen::SignIn(id) => sqlx::query("update sign_in set seen_at = max(seen_at, $2) where id = $1")
                .bind(*id)
                .bind(self.1),
            Seen::Key(id, from) => sqlx::query("update api_key set used_at = $2, used_from = $3 where id = $1")
                .bind(*id)
                .bind(self.1)
                .bind(from),
        };
        query
            .execute(&mut tx.conn)
            .await
            .map(drop)
            .map_err(StoreError::of("write down who was seen"))
    }
}

/// Ends one sign-in of an account, or all. Gives how many there were.
pub(super) async fn end(conn: &mut SqliteConnection, account: i64, one: Option<i64>) -> Result<u64, StoreError> {
    sqlx::query("delete from sign_in where account_id = $1 and ($2 is null or id = $2)")
        .bind(account)
        .bind(one)
        .execute(conn)
        .await
        .map(|ended| ended.rows_affected())
        .map_err(StoreError::of("sign somebody out"))
}

/// Ends every sign-in of an account but the one that stays, which goes on under its new token.
pub(super) async fn renew(conn: &mut SqliteConnection, account: i64, stays: Option<&Stays>) -> Result<(), StoreError> {
    let what = "renew a sign-in";
    sqlx::query("delete from sign_in where account_id = $1 and ($2 is null or id <> $2)")
        .bind(account)
        .bind(stays.map(|stays| stays.sign_in))
        .execute(&mut *conn)
        .await
        .map_err(StoreError::of(what))?;
    let Some(stays) = stays else { return Ok(()) };
    sqlx::query("update sign_in set token = $3 where account_id = $1 and id = $2")
        .bind(account)
        .bind(stays.sign_in)
        .bind(&stays.token)
        .execute(conn)
        .await
        .map(drop)
        .map_err(StoreError::of(what))
}
