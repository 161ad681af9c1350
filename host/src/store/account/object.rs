//! Which roles an account has over an object that a request names.

use std::collections::BTreeMap;

use sqlx::Row as _;

use crate::model::AccountId;
use crate::store::Store;
use crate::store::error::StoreError;

/// What a key of a request is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// An owner of sites.
    Organisation,
    /// A building or plant.
    Site,
    /// A place in it.
    Node,
    /// What is measured there.
    Point,
    /// A calculator or meter.
    Device,
    /// One column of its archives.
    Series,
    /// One version of a row of them.
    Record,
    /// A conversation with it.
    Session,
    /// An order to change it.
    Control,
    /// The way to devices.
    Line,
    /// A modem that called.
    Caller,
}

/// The roles over an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Over {
    /// Sum of the bits of the roles over any part of it: enough to see it.
    pub any: i64,
    /// Sum of the bits of the roles over the whole of it: a line that others' devices hang on is not one's own.
    pub whole: i64,
}

impl Object {
    /// The nodes on which an object stands.
    fn nodes(self) -> &'static str {
        match self {
            Self::Organisation => {
                "with stands (node_id) as (select n.id from node n join site s on s.id = n.site_id where s.organisation_id = $1)"
            }
            Self::Site => "with stands (node_id) as (select id from node where site_id = $1)",
            Self::Node => "with stands (node_id) as (select id from node where id = $1)",
            Self::Point => "with stands (node_id) as (select node_id from point where id = $1)",
            Self::Device => "with stands (node_id) as (select node_id from device where id = $1)",
            Self::Series => {
                "with stands (node_id) as (select d.node_id from series x join device d on d.id = x.device_id where x.id = $1)"
            }
            Self::Record => {
                "with stands (node_id) as (select d.node_id from record x join device d on d.id = x.device_id where x.id = $1)"
            }
            Self::Session => {
                "with stands (node_id) as (select d.node_id from session x join device d on d.id = x.device_id where x.id = $1)"
            }
            Self::Control => {
                "with stands (node_id) as (select d.node_id from control_order x join device d on d.id = x.device_id
                     where x.id = $1)"
            }
            Self::Line => {
                "with stands (node_id) as (select distinct d.node_id from route r join device d on d.id = r.device_id
                     where r.line_id = $1)"
            }
            Self::Caller => {
                "with stands (node_id) as (select distinct d.node_id from caller c
                     join line l on l.kind = 'incoming' and l.address = c.listener || '/' || c.identity
                     join route r on r.line_id = l.id join device d on d.id = r.device_id where c.id = $1)"
            }
        }
    }

    /// What is granted over the object itself, which may have no node yet.
    fn itself(self) -> Option<&'static str> {
        match self {
            Self::Organisation => Some(
                "select g.role from account_grant g where g.account_id = $2 and g.organisation_id = $1
                     and exists (select 1 from organisation where id = $1)",
            ),
            Self::Site => Some(
                "select g.role from account_grant g join site s on s.id = $1
                 where g.account_id = $2 and (g.site_id = s.id or g.organisation_id = s.organisation_id)",
            ),
            _ => None,
        }
    }
}

/// The roles over each node.
const ROLES: &str = " select t.node_id, coalesce(g.role, 0) from stands t join node n on n.id = t.node_id
    join site s on s.id = n.site_id left join account_grant g on g.account_id = $2 and (g.node_id = n.id
        or g.site_id = s.id or g.organisation_id = s.organisation_id
        or (g.node_id is null and g.site_id is null and g.organisation_id is null and g.vendor is null))";

impl Store {
    /// The roles of an account over an object. None at all over what is not there.
    pub async fn roles_over(&self, account: AccountId, object: Object, id: i64) -> Result<Over, StoreError> {
        let what = "look who has an object";
        let sql = format!("{}{ROLES}", object.nodes());
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .bind(account.0)
            .fetch_all(&self.readers)
            .await
            .map_err(StoreError::of(what))?;
        let mut nodes: BTreeMap<i64, i64> = BTreeMap::new();
        for row in &rows {
            *nodes.entry(row.get(0)).or_default() |= row.get::<i64, _>(1);
        }
        let any = nodes.values().fold(0, |any, roles| any | roles);
        let whole = nodes.values().copied().reduce(|whole, roles| whole & roles);
        let Some(itself) = object.itself() else {
            return Ok(Over {
                any,
                whole: whole.unwrap_or_default(),
            });
        };
        let granted: Vec<i64> = sqlx::query_scalar(itself)
            .bind(id)
            .bind(account.0)
            .fetch_all(&self.readers)
            .await
            .map_err(StoreError::of(what))?;
        // To have every node of a place is not to have the place.
        let whole = granted.iter().fold(0, |whole, role| whole | role);
        Ok(Over {
            any: any | whole,
            whole,
        })
    }
}
