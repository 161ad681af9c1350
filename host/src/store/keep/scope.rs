//! Whether somebody may change something of a place.

use sqlx::SqliteConnection;

use crate::model::Scope;
use crate::store::error::StoreError;

/// Where something is made or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Place {
    /// Outside every organisation: new organisations, lines, groups.
    Everywhere,
    /// Anywhere in an organisation.
    Organisation(i64),
    /// Anywhere in a site.
    Site(i64),
    /// In a node.
    Node(i64),
}

/// Whether `scope` has a whole place, and not only something in it.
pub(in crate::store) async fn has(conn: &mut SqliteConnection, scope: Scope, place: Place) -> Result<bool, StoreError> {
    let Some(account) = scope.key() else { return Ok(true) };
    let (organisation, site, node) = match place {
        Place::Everywhere => (None, None, None),
        Place::Organisation(id) => (Some(id), None, None),
        Place::Site(id) => (None, Some(id), None),
        Place::Node(id) => (None, None, Some(id)),
    };
    sqlx::query_scalar(
        "select exists (select 1 from account_grant g where g.account_id = $1 and g.role & $2 <> 0 and (
             (g.organisation_id is null and g.site_id is null and g.node_id is null and g.vendor is null)
             or g.organisation_id = $3
             or g.organisation_id = (select s.organisation_id from site s where s.id = $4)
             or g.organisation_id = (select s.organisation_id from node n join site s on s.id = n.site_id where n.id = $5)
             or g.site_id = $4
             or g.site_id = (select n.site_id from node n where n.id = $5)
             or g.node_id = $5))",
    )
    .bind(account)
    .bind(scope.roles)
    .bind(organisation)
    .bind(site)
    .bind(node)
    .fetch_one(conn)
    .await
    .map_err(StoreError::of("see whose a place is"))
}
