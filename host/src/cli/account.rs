//! `uzel account`: accounts, for whoever has lost the way in.

use std::io::Write;

use super::args::AccountCommand;
use crate::credential::{self, CredentialError};
use crate::limits;
use crate::model::{AccountKind, Actor, Grant, GrantOn, Role};
use crate::store::{AccountChange, AccountFault, AccountInfo, GrantInfo, NewAccount, Store, StoreError};

/// The account that a new store gets.
pub const FIRST: &str = "administrator";

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum AccountCommandError {
    /// There is no such account.
    #[error("there is no account {0:?}")]
    NoAccount(String),
    /// The account cannot be changed so.
    #[error(transparent)]
    Fault(#[from] AccountFault),
    /// No secret could be made.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The output could not be written.
    #[error("the output could not be written")]
    Write(#[from] std::io::Error),
}

/// Carries one command out.
pub async fn run(
    store: &Store,
    command: AccountCommand,
    out: &mut (dyn Write + Send),
) -> Result<(), AccountCommandError> {
    match command {
        AccountCommand::List { .. } => list(store, out).await,
        AccountCommand::Add { name, title, role, .. } => {
            let name = name.trim().to_lowercase();
            let secret = add(store, &name, title.as_deref(), role, &Actor::command_line()).await?;
            told(out, &name, &secret)
        }
        AccountCommand::Reset { name, .. } => {
            let account = named(store, &name).await?;
            let secret = credential::one_time()?;
            let reset = AccountChange::Reset {
                hash: credential::hash(&secret)?,
                ends_at: ends_at(store),
                and_code: true,
            };
            store
                .change_account(account.id, reset, &Actor::command_line())
                .await??;
            told(out, &account.name, &secret)
        }
        AccountCommand::Disable { name, .. } => enable(store, &name, false, out).await,
        AccountCommand::Enable { name, .. } => enable(store, &name, true, out).await,
    }
}

/// Makes the first account: it administers everything. Gives its one-time secret.
pub async fn first(store: &Store) -> Result<String, AccountCommandError> {
    add(store, FIRST, Some("Administrator"), Role::Administrator, &Actor::host()).await
}

async fn add(
    store: &Store,
    name: &str,
    title: Option<&str>,
    role: Role,
    actor: &Actor,
) -> Result<String, AccountCommandError> {
    let secret = credential::one_time()?;
    let new = NewAccount {
        name: name.to_owned(),
        kind: AccountKind::Person,
        title: title.unwrap_or(name).to_owned(),
        grants: vec![Grant {
            role,
            on: GrantOn::Everything,
        }],
        one_time: Some((credential::hash(&secret)?, ends_at(store))),
    };
    store.create_account(new, actor).await??;
    Ok(secret)
}

fn ends_at(store: &Store) -> i64 {
    store.now().as_second().saturating_add(limits::ONE_TIME_S)
}

async fn named(store: &Store, name: &str) -> Result<AccountInfo, AccountCommandError> {
    let found = store.account_named(&name.trim().to_lowercase()).await?;
    found.ok_or_else(|| AccountCommandError::NoAccount(name.to_owned()))
}

async fn enable(
    store: &Store,
    name: &str,
    enabled: bool,
    out: &mut (dyn Write + Send),
) -> Result<(), AccountCommandError> {
    let account = named(store, name).await?;
    let change = AccountChange::Describe {
        title: None,
        enabled: Some(enabled),
    };
    store
        .change_account(account.id, change, &Actor::command_line())
        .await??;
    let done = if enabled {
        "may sign in again"
    } else {
        "may sign in no more"
    };
    Ok(writeln!(out, "{} {done}", account.name)?)
}

fn told(out: &mut (dyn Write + Send), name: &str, secret: &str) -> Result<(), AccountCommandError> {
    Ok(writeln!(
        out,
        "sign in as {name} with the one-time secret {secret} within three days and choose a password"
    )?)
}

async fn list(store: &Store, out: &mut (dyn Write + Send)) -> Result<(), AccountCommandError> {
    let mut after = 0;
    loop {
        let page = store.accounts(after, 100).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id.0;
        for account in &page {
            let grants: Vec<String> = account.grants.iter().map(granted).collect();
            let state = if account.enabled { "" } else { "\tdisabled" };
            writeln!(
                out,
                "{}\t{}\t{}\t{}{state}",
                account.name,
                account.kind.word(),
                account.title,
                grants.join(", ")
            )?;
        }
    }
}

fn granted(info: &GrantInfo) -> String {
    let role = info.grant.role.word();
    let name = info.name.as_deref().unwrap_or_default();
    match &info.grant.on {
        GrantOn::Everything => format!("{role} over everything"),
        GrantOn::Organisation(_) => format!("{role} over organisation {name:?}"),
        GrantOn::Site(_) => format!("{role} over site {name:?}"),
        GrantOn::Node(_) => format!("{role} over node {name:?}"),
        GrantOn::Vendor(vendor) => format!("{role} {vendor:?}"),
    }
}
