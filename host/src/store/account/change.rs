//! Changes of accounts: each is done and written down in one transaction.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use sqlx::{Row as _, SqliteConnection};

use super::fault::AccountFault;
use super::key::{self, NewKey};
use super::sign_in::Stays;
use super::{code, grant, sign_in};
use crate::model::{AccountId, AccountKind, Actor, Grant};
use crate::store::Store;
use crate::store::audit::{Done, note};
use crate::store::error::StoreError;
use crate::store::writer::{Tx, Write};

/// A new account.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// As it signs in.
    pub name: String,
    /// Of whom.
    pub kind: AccountKind,
    /// For people.
    pub title: String,
    /// What it may.
    pub grants: Vec<Grant>,
    /// Hash of its one-time secret, and until when that holds. Persons only.
    pub one_time: Option<(String, i64)>,
}

/// What is done with an account.
#[derive(Debug, Clone)]
pub enum AccountChange {
    /// What people call it, whether it may sign in; none: as it was. One that may not is signed out.
    Describe {
        /// For people.
        title: Option<String>,
        /// Whether it may sign in.
        enabled: Option<bool>,
    },
    /// These are its grants, and no others.
    Grants(Vec<Grant>),
    /// It has a new one-time secret, is signed out everywhere, and has a second factor no more if `and_code`.
    Reset {
        /// Of the secret.
        hash: String,
        /// Until when it holds.
        ends_at: i64,
        /// Whether the second factor goes as well.
        and_code: bool,
    },
    /// It has chosen a password.
    Password {
        /// Of the password.
        hash: String,
        /// All that stays of its sign-ins.
        stays: Option<Stays>,
    },
    /// It is signed out: of one sign-in, or of all.
    SignOut(Option<i64>),
    /// A second factor is shown, and waits for its first code.
    AskCode(Vec<u8>),
    /// A code of this step came: from now on codes are asked for.
    ConfirmCode(i64, Option<Stays>),
    /// Codes are not asked for any more.
    RemoveCode(Option<Stays>),
    /// A program has a key.
    AddKey(NewKey),
    /// It has it no more.
    RevokeKey(i64),
    /// A new key takes the place of another, which holds until then at most.
    RotateKey {
        /// The old one.
        old: i64,
        /// Hash of the new one.
        token: Vec<u8>,
        /// How the new one begins.
        shown: String,
        /// When the old one ends.
        until: i64,
    },
}

struct Create(NewAccount, Actor, i64);

struct Change {
    account: AccountId,
    change: AccountChange,
    actor: Actor,
    at: i64,
}

/// What was done, for the audit, and the key of what was made.
pub(super) struct Did {
    pub(super) deed: &'static str,
    pub(super) before: Option<Json>,
    pub(super) after: Option<Json>,
    pub(super) key: i64,
}

impl Did {
    /// Something that is told by its name.
    pub(super) fn only(deed: &'static str) -> Self {
        Self {
            deed,
            before: None,
            after: None,
            key: 0,
        }
    }
}

impl Store {
    /// Makes an account.
    pub async fn create_account(
        &self,
        new: NewAccount,
        actor: &Actor,
    ) -> Result<Result<AccountId, AccountFault>, StoreError> {
        let at = self.now().as_second();
        self.queue.write_ahead(Create(new, actor.clone(), at)).await
    }

    /// Changes an account. Gives the key of what was made: of a key of a program.
    pub async fn change_account(
        &self,
        account: AccountId,
        change: AccountChange,
        actor: &Actor,
    ) -> Result<Result<i64, AccountFault>, StoreError> {
        let change = Change {
            account,
            change,
            actor: actor.clone(),
            at: self.now().as_second(),
        };
        self.queue.write_ahead(change).await
    }
}

#[async_trait]
impl Write for Create {
    type Answer = Result<AccountId, AccountFault>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Answer, StoreError> {
        let Self(new, actor, at) = self;
        create(&mut tx.conn, new, actor, *at).await
    }
}

/// Makes an account, in a write's transaction.
pub(super) async fn create(
    conn: &mut SqliteConnection,
    new: &NewAccount,
    actor: &Actor,
    at: i64,
) -> Result<Result<AccountId, AccountFault>, StoreError> {
    let what = "make an account";
    let taken: Option<i64> = sqlx::query_scalar("select id from account where name = $1")
        .bind(&new.name)
        .fetch_optional(&mut *conn)
        .await
        .map_err(StoreError::of(what))?;
    if taken.is_some() {
        return Ok(Err(AccountFault::NameTaken(new.name.clone())));
    }
    if let Some(fault) = grant::missing(conn, &new.grants).await? {
        return Ok(Err(fault));
    }
    let id: i64 = sqlx::query_scalar(
        "insert into account (name, kind, title, enabled, created_at) values ($1, $2, $3, 1, $4) returning id",
    )
    .bind(&new.name)
    .bind(new.kind.word())
    .bind(&new.title)
    .bind(at)
    .fetch_one(&mut *conn)
    .await
    .map_err(StoreError::of(what))?;
    grant::put(conn, id, &new.grants).await?;
    if let Some((hash, ends_at)) = &new.one_time {
        put_password(conn, id, hash, Some(*ends_at), at).await?;
    }
    let done = Done {
        deed: "account.create",
        subject: "account",
        id: id.to_string(),
        name: new.name.clone(),
        before: None,
        after: Some(json!({
            "kind": new.kind.word(), "title": new.title, "grants": grant::shown(&new.grants),
        })),
    };
    note(conn, at, actor, &done).await?;
    Ok(Ok(AccountId(id)))
}

#[async_trait]
impl Write for Change {
    type Answer = Result<i64, AccountFault>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Answer, StoreError> {
        let conn = &mut tx.conn;
        let row = sqlx::query("select name, kind from account where id = $1")
            .bind(self.account.0)
            .fetch_optional(&mut *conn)
            .await
            .map_err(StoreError::of("find an account"))?;
        let Some(row) = row else {
            return Ok(Err(AccountFault::NoAccount(self.account.0)));
        };
        let (name, kind): (String, String) = (row.get(0), row.get(1));
        if let Err(kind) = fits(&self.change, &kind) {
            return Ok(Err(AccountFault::OtherKind(kind)));
        }
        let did = match self.apply(conn).await? {
            Ok(did) => did,
            // Nothing was written: each change looks before it writes.
            Err(fault) => return Ok(Err(fault)),
        };
        let done = Done {
            deed: did.deed,
            subject: "account",
            id: self.account.to_string(),
            name,
            before: did.before,
            after: did.after,
        };
        note(conn, self.at, &self.actor, &done).await?;
        Ok(Ok(did.key))
    }
}

/// Whether a change is one for accounts of this kind; otherwise the kind.
fn fits(change: &AccountChange, kind: &str) -> Result<(), &'static str> {
    let of_persons = matches!(
        change,
        AccountChange::Reset { .. }
            | AccountChange::Password { .. }
            | AccountChange::AskCode(_)
            | AccountChange::ConfirmCode(..)
            | AccountChange::RemoveCode(_)
    );
    let of_machines = matches!(
        change,
        AccountChange::AddKey(_) | AccountChange::RevokeKey(_) | AccountChange::RotateKey { .. }
    );
    match AccountKind::of(kind) {
        Some(AccountKind::Machine) if of_persons => Err("machine"),
        Some(AccountKind::Person) if of_machines => Err("person"),
        _ => Ok(()),
    }
}

impl Change {
    async fn apply(&self, conn: &mut SqliteConnection) -> Result<Result<Did, AccountFault>, StoreError> {
        let (id, at) = (self.account.0, self.at);
        match &self.change {
            AccountChange::Describe { title, enabled } => describe(conn, id, title.as_deref(), *enabled).await,
            AccountChange::Grants(grants) => grants_of(conn, id, grants).await,
            AccountChange::Reset {
                hash,
                ends_at,
                and_code,
            } => {
                put_password(conn, id, hash, Some(*ends_at), at).await?;
                sign_in::end(conn, id, None).await?;
                if *and_code {
                    code::remove(conn, id).await?;
                }
                Ok(Ok(Did {
                    after: Some(json!({ "ends_at": ends_at, "second_factor_removed": and_code })),
                    ..Did::only("account.reset")
                }))
            }
            AccountChange::Password { hash, stays } => {
                put_password(conn, id, hash, None, at).await?;
                sign_in::renew(conn, id, stays.as_ref()).await?;
                Ok(Ok(Did::only("account.password")))
            }
            AccountChange::SignOut(one) => {
                let ended = sign_in::end(conn, id, *one).await?;
                match one {
                    Some(one) if ended == 0 => Ok(Err(AccountFault::NoSignIn(*one))),
                    _ => Ok(Ok(Did {
                        before: Some(json!({ "sign_ins": ended })),
                        ..Did::only("account.sign-out")
                    })),
                }
            }
            AccountChange::AskCode(secret) => {
                code::ask(conn, id, secret).await?;
                Ok(Ok(Did::only("account.ask-second-factor")))
            }
            AccountChange::ConfirmCode(step, stays) => {
                let confirmed = code::confirm(conn, id, *step, at).await?;
                if confirmed.is_ok() {
                    sign_in::renew(conn, id, stays.as_ref()).await?;
                }
                Ok(confirmed)
            }
            AccountChange::RemoveCode(stays) => {
                code::remove(conn, id).await?;
                sign_in::renew(conn, id, stays.as_ref()).await?;
                Ok(Ok(Did::only("account.remove-second-factor")))
            }
            AccountChange::AddKey(new) => key::add(conn, id, new, at).await,
            AccountChange::RevokeKey(one) => key::revoke(conn, id, *one, at).await,
            AccountChange::RotateKey {
                old,
                token,
                shown,
                until,
            } => key::rotate(conn, id, *old, (token, shown), *until, at).await,
        }
    }
}

async fn put_password(
    conn: &mut SqliteConnection,
    account: i64,
    hash: &str,
    ends_at: Option<i64>,
    at: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into account_password (account_id, hash, one_time, set_at, ends_at) values ($1, $2, $3, $4, $5)
         on conflict (account_id) do update set hash = excluded.hash, one_time = excluded.one_time,
             set_at = excluded.set_at, ends_at = excluded.ends_at",
    )
    .bind(account)
    .bind(hash)
    .bind(ends_at.is_some())
    .bind(at)
    .bind(ends_at)
    .execute(conn)
    .await
    .map(drop)
    .map_err(StoreError::of("keep a password"))
}

async fn describe(
    conn: &mut SqliteConnection,
    id: i64,
    title: Option<&str>,
    enabled: Option<bool>,
) -> Result<Result<Did, AccountFault>, StoreError> {
    let what = "change an account";
    if enabled == Some(false) && grant::is_last_administrator(conn, id).await? {
        return Ok(Err(AccountFault::LastAdministrator));
    }
    let row = sqlx::query("select title, enabled from account where id = $1")
        .bind(id)
        .fetch_one(&mut *conn)
        .await
        .map_err(StoreError::of(what))?;
    let (was, was_enabled): (String, bool) = (row.get(0), row.get(1));
    let (title, enabled) = (title.unwrap_or(&was), enabled.unwrap_or(was_enabled));
    sqlx::query("update account set title = $2, enabled = $3 where id = $1")
        .bind(id)
        .bind(title)
        .bind(enabled)
        .execute(&mut *conn)
        .await
        .map_err(StoreError::of(what))?;
    if !enabled {
        sign_in::end(conn, id, None).await?;
    }
    Ok(Ok(Did {
        before: Some(json!({ "title": was, "enabled": was_enabled })),
        after: Some(json!({ "title": title, "enabled": enabled })),
        ..Did::only("account.change")
    }))
}

async fn grants_of(
    conn: &mut SqliteConnection,
    id: i64,
    grants: &[Grant],
) -> Result<Result<Did, AccountFault>, StoreError> {
    if let Some(fault) = grant::missing(conn, grants).await? {
        return Ok(Err(fault));
    }
    if !grants.iter().any(grant::administers_everything) && grant::is_last_administrator(conn, id).await? {
        return Ok(Err(AccountFault::LastAdministrator));
    }
    let before = grant::of(conn, id).await?;
    grant::put(conn, id, grants).await?;
    Ok(Ok(Did {
        before: Some(grant::shown(&before)),
        after: Some(grant::shown(grants)),
        ..Did::only("account.grant")
    }))
}
