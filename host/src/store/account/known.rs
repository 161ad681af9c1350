//! Who a token belongs to, with all that decides what he may do.

use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::grant;
use super::key::words;
use crate::limits;
use crate::model::{AccountId, AccountKind, Grant, GrantOn, Right};
use crate::store::error::StoreError;
use crate::store::{Store, instant};

/// An account that is signed in, or whose key was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its key.
    pub account: AccountId,
    /// As it signs in.
    pub name: String,
    /// For people.
    pub title: String,
    /// Of whom.
    pub kind: AccountKind,
    /// What it is granted.
    pub grants: Vec<Grant>,
    /// Whether it signed in with a one-time secret: all that it may do is choose a password.
    pub must_change: bool,
    /// Whether codes are asked for.
    pub has_code: bool,
    /// How it signed in.
    pub sign_in: Option<KnownSignIn>,
    /// Which key it showed.
    pub key: Option<KnownKey>,
}

/// A sign-in that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSignIn {
    /// Its key.
    pub id: i64,
    /// When it began.
    pub begun_at: Timestamp,
    /// When it was last used, about.
    pub seen_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
}

/// A key that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownKey {
    /// Its key.
    pub id: i64,
    /// It has no others.
    pub rights: Vec<Right>,
    /// Networks that it may come from; none: any.
    pub addresses: Vec<String>,
    /// When it was last used, about.
    pub used_at: Option<Timestamp>,
}

/// What a sign-in is judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Password {
    /// Whose.
    pub account: AccountId,
    /// PHC format.
    pub hash: String,
    /// Whether a code is asked for as well.
    pub has_code: bool,
}

impl Store {
    /// Whether there is any account.
    pub async fn has_accounts(&self) -> Result<bool, StoreError> {
        sqlx::query_scalar("select exists (select 1 from account)")
            .fetch_one(&self.readers)
            .await
            .map_err(StoreError::of("look whether there are accounts"))
    }

    /// The password of the person with this name, if it may sign in.
    pub async fn password(&self, name: &str) -> Result<Option<Password>, StoreError> {
        let row = sqlx::query(
            "select a.id, p.hash, exists (select 1 from account_code c where c.account_id = a.id and c.confirmed_at is not null)
             from account a join account_password p on p.account_id = a.id
             where a.name = $1 and a.enabled = 1 and a.kind = 'person' and (p.ends_at is null or p.ends_at > $2)",
        )
        .bind(name)
        .bind(self.now().as_second())
        .fetch_optional(&self.readers)
        .await
        .map_err(StoreError::of("read a password"))?;
        Ok(row.map(|row| Password {
            account: AccountId(row.get(0)),
            hash: row.get(1),
            has_code: row.get(2),
        }))
    }

    /// Who signed in with a token, given its SHA-256; none: nobody, or it has ended.
    pub async fn known_by_sign_in(&self, token: &[u8]) -> Result<Option<Known>, StoreError> {
        let now = self.now().as_second();
        let row = sqlx::query(
            "select a.id, a.name, a.title, a.kind, s.by_provider = 0 and coalesce(p.one_time, 0),
                 exists (select 1 from account_code c where c.account_id = a.id and c.confirmed_at is not null),
                 s.id, s.begun_at, s.seen_at, s.ends_at
             from sign_in s join account a on a.id = s.account_id left join account_password p on p.account_id = a.id
             where s.token = $1 and a.enabled = 1 and s.ends_at > $2 and s.seen_at > $3",
        )
        .bind(token)
        .bind(now)
        .bind(now - limits::SIGN_IN_IDLE_S)
        .fetch_optional(&self.readers)
        .await
        .map_err(StoreError::of("find who is signed in"))?;
        let Some(row) = row else { return Ok(None) };
        let sign_in = KnownSignIn {
            id: row.get(6),
            begun_at: instant(row.get(7)),
            seen_at: instant(row.get(8)),
            ends_at: instant(row.get(9)),
        };
        let known = self.known(&row).await?;
        Ok(Some(Known {
            sign_in: Some(sign_in),
            ..known
        }))
    }

    /// Whose key this is, given its SHA-256; none: nobody's, or it holds no more.
    pub async fn known_by_key(&self, token: &[u8]) -> Result<Option<Known>, StoreError> {
        let row = sqlx::query(
            "select a.id, a.name, a.title, a.kind, 0, 0, k.id, k.rights, k.addresses, k.used_at
             from api_key k join account a on a.id = k.account_id
             where k.token = $1 and a.enabled = 1 and k.revoked_at is null and (k.ends_at is null or k.ends_at > $2)",
        )
        .bind(token)
        .bind(self.now().as_second())
        .fetch_optional(&self.readers)
        .await
        .map_err(StoreError::of("find whose key it is"))?;
        let Some(row) = row else { return Ok(None) };
        let key = KnownKey {
            id: row.get(6),
            rights: words(row.get(7)).iter().filter_map(|word| Right::of(word)).collect(),
            addresses: words(row.get(8)),
            used_at: row.get::<Option<i64>, _>(9).map(instant),
        };
        let known = self.known(&row).await?;
        Ok(Some(Known {
            key: Some(key),
            ..known
        }))
    }

    async fn known(&self, row: &SqliteRow) -> Result<Known, StoreError> {
        let account: i64 = row.get(0);
        Ok(Known {
            account: AccountId(account),
            name: row.get(1),
            title: row.get(2),
            kind: AccountKind::of(row.get(3)).unwrap_or(AccountKind::Person),
            grants: grant::of(&mut self.reader().await?.conn, account).await?,
            must_change: row.get(4),
            has_code: row.get(5),
            sign_in: None,
            key: None,
        })
    }
}

impl Known {
    /// Whether a right is beyond the key that was shown.
    fn is_kept_from(&self, right: Right) -> bool {
        self.key.as_ref().is_some_and(|key| !key.rights.contains(&right))
    }

    /// Whether it has a right over everything.
    pub fn has_everywhere(&self, right: Right) -> bool {
        let gives = |grant: &Grant| grant.on == GrantOn::Everything && grant.role.has(right);
        !self.is_kept_from(right) && self.grants.iter().any(gives)
    }

    /// Whether it has a right over anything at all.
    pub fn has_somewhere(&self, right: Right) -> bool {
        !self.is_kept_from(right) && self.grants.iter().any(|grant| grant.role.has(right))
    }

    /// Sum of the bits of the roles that give it a right.
    pub fn roles(&self, right: Right) -> i64 {
        if self.is_kept_from(right) { 0 } else { right.roles() }
    }

    /// The vendors whose drivers it sees.
    pub fn vendors(&self) -> Vec<String> {
        if self.is_kept_from(Right::SeeDrivers) {
            return Vec::new();
        }
        let vendor = |grant: &Grant| match &grant.on {
            GrantOn::Vendor(vendor) if grant.role.has(Right::SeeDrivers) => Some(vendor.clone()),
            _ => None,
        };
        self.grants.iter().filter_map(vendor).collect()
    }
}
