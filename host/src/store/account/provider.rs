//! Accounts of those who sign in by what a provider of identities says.

use async_trait::async_trait;
use serde_json::json;
use sqlx::SqliteConnection;

use super::change::{NewAccount, create};
use crate::model::{AccountId, AccountKind, Actor, Grant, GrantOn, Role};
use crate::store::Store;
use crate::store::audit::{Done, note};
use crate::store::error::StoreError;
use crate::store::writer::{Tx, Write};

/// Somebody whom a provider of identities has said to be somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provided {
    /// Which provider.
    pub issuer: String,
    /// Whom it means, whatever his name is.
    pub subject: String,
    /// His name, as accounts have them.
    pub name: String,
    /// Whether he may take the account that has this name.
    pub may_take: bool,
    /// Role over everything of an account that is made for him; none: none is made.
    pub role: Option<Role>,
    /// From which address.
    pub from: String,
}

/// Why somebody is not signed in although the provider knows him.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderFault {
    /// There is none, and none is made.
    #[error("there is no account {0:?}")]
    NoAccount(String),
    /// The configuration does not name it.
    #[error("account {0:?} may not be taken by what a provider says")]
    NotListed(String),
    /// It is another one's.
    #[error("account {0:?} is of another subject of the provider")]
    OtherSubject(String),
    /// It may not sign in, or it is a program's.
    #[error("account {0:?} may not sign in")]
    Disabled(String),
}

struct Find(Provided, i64);

type Found = Result<(AccountId, String), ProviderFault>;

impl Store {
    /// The account of somebody, and its name: the one that he has had before, else the one of his name, else a new one.
    pub async fn account_of_provider(&self, provided: Provided) -> Result<Found, StoreError> {
        let find = Find(provided, self.now().as_second());
        self.queue.write_ahead(find).await
    }
}

#[async_trait]
impl Write for Find {
    type Answer = Found;

    async fn run(&self, tx: &mut Tx) -> Result<Found, StoreError> {
        let Self(provided, at) = self;
        let conn = &mut tx.conn;
        let linked: Option<(i64, String, bool)> = sqlx::query_as(
            "select a.id, a.name, a.enabled = 1 and a.kind = 'person' from account_provider p
             join account a on a.id = p.account_id where p.issuer = $1 and p.subject = $2",
        )
        .bind(&provided.issuer)
        .bind(&provided.subject)
        .fetch_optional(&mut *conn)
        .await
        .map_err(StoreError::of("find who a provider means"))?;
        if let Some((id, name, may_enter)) = linked {
            return Ok(if may_enter {
                Ok((AccountId(id), name))
            } else {
                Err(ProviderFault::Disabled(name))
            });
        }
        let name = &provided.name;
        let named: Option<(i64, bool, bool)> = sqlx::query_as(
            "select id, enabled = 1 and kind = 'person',
                 exists (select 1 from account_provider p where p.account_id = account.id)
             from account where name = $1",
        )
        .bind(name)
        .fetch_optional(&mut *conn)
        .await
        .map_err(StoreError::of("find the account of a name"))?;
        let id = match (named, provided.role) {
            (Some((_, _, true)), _) => return Ok(Err(ProviderFault::OtherSubject(name.clone()))),
            (Some(_), _) if !provided.may_take => return Ok(Err(ProviderFault::NotListed(name.clone()))),
            (Some((_, false, _)), _) => return Ok(Err(ProviderFault::Disabled(name.clone()))),
            (Some((id, ..)), _) => id,
            (None, None) => return Ok(Err(ProviderFault::NoAccount(name.clone()))),
            (None, Some(role)) => match create(conn, &new(provided, role), &actor(provided), *at).await? {
                Ok(id) => id.0,
                Err(_) => return Ok(Err(ProviderFault::NoAccount(name.clone()))),
            },
        };
        link(conn, id, provided, *at).await?;
        Ok(Ok((AccountId(id), name.clone())))
    }
}

fn new(provided: &Provided, role: Role) -> NewAccount {
    NewAccount {
        name: provided.name.clone(),
        kind: AccountKind::Person,
        title: provided.name.clone(),
        grants: vec![Grant {
            role,
            on: GrantOn::Everything,
        }],
        one_time: None,
    }
}

/// Nobody is signed in yet: the host does it.
fn actor(provided: &Provided) -> Actor {
    Actor {
        from: provided.from.clone(),
        ..Actor::host()
    }
}

/// From now on the subject is known as this account, whatever its name.
async fn link(conn: &mut SqliteConnection, id: i64, provided: &Provided, at: i64) -> Result<(), StoreError> {
    sqlx::query("insert into account_provider (account_id, issuer, subject, linked_at) values ($1, $2, $3, $4)")
        .bind(id)
        .bind(&provided.issuer)
        .bind(&provided.subject)
        .bind(at)
        .execute(&mut *conn)
        .await
        .map_err(StoreError::of("link an account to a provider"))?;
    let done = Done {
        deed: "account.link-provider",
        subject: "account",
        id: id.to_string(),
        name: provided.name.clone(),
        before: None,
        after: Some(json!({ "issuer": provided.issuer, "subject": provided.subject })),
    };
    note(conn, at, &actor(provided), &done).await
}
