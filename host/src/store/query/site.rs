//! Sites.

use sqlx::Row as _;

use crate::model::Scope;
use crate::store::{NewSite, Store, StoreError, instant};

/// A site.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteRow {
    /// Its key.
    pub id: i64,
    /// Key and name of the organisation.
    pub organisation: (i64, String),
    /// Unique in the organisation.
    pub name: String,
    /// Postal address.
    pub address: Option<String>,
    /// IANA name.
    pub time_zone: String,
    /// Degrees, north is positive.
    pub latitude: Option<f64>,
    /// Degrees, east is positive.
    pub longitude: Option<f64>,
    /// Devices in use that stand there.
    pub devices: i64,
    /// Counts its changes.
    pub revision: i64,
    /// Since when it is out of use.
    pub archived_at: Option<jiff::Timestamp>,
}

impl Store {
    /// Sites of `scope`, only those that are archived or are not where that is said, with keys above `after`, in the order of their keys.
    pub async fn sites(
        &self,
        scope: Scope,
        archived: Option<bool>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<SiteRow>, StoreError> {
        let rows = sqlx::query(
            "select s.id, o.id, o.name, s.name, s.address, s.time_zone, s.latitude, s.longitude,
                 (select count(*) from node n join device d on d.node_id = n.id
                     where n.site_id = s.id and d.archived_at is null and ($3 is null or n.id in (
                         select node_id from account_node where account_id = $3 and role & $4 <> 0))),
                 s.revision, s.archived_at
             from site s join organisation o on o.id = s.organisation_id 
             where s.id > $1 and ($5 is null or (s.archived_at is not null) = $5)
                 and ($3 is null or s.id in (select site_id from account_site where account_id = $3 and role & $4 <> 0))
             order by s.id limit $2",
        )
        .bind(after)
        .bind(limit)
        .bind(scope.key())
        .bind(scope.roles)
        .bind(archived)
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read sites"))?;
        Ok(rows
            .iter()
            .map(|row| SiteRow {
                id: row.get(0),
                organisation: (row.get(1), row.get(2)),
                name: row.get(3),
                address: row.get(4),
                time_zone: row.get(5),
                latitude: row.get(6),
                longitude: row.get(7),
                devices: row.get(8),
                revision: row.get(9),
                archived_at: row.get::<Option<i64>, _>(10).map(instant),
            })
            .collect())
    }
    /// One site, archived or not; none when there is no such.
    pub async fn site(&self, id: i64) -> Result<Option<SiteRow>, StoreError> {
        let found = self.sites(Scope::EVERYTHING, None, id.saturating_sub(1), 1).await?;
        Ok(found.into_iter().find(|site| site.id == id))
    }
    /// Organisation, site and name of a node of `scope`; none: there is no such, or it is none of theirs.
    pub async fn place_of_node(
        &self,
        scope: Scope,
        node: i64,
    ) -> Result<Option<(String, NewSite, String)>, StoreError> {
        let row = sqlx::query(
            "select o.name, s.name, s.address, s.time_zone, s.latitude, s.longitude, n.name from node n
             join site s on s.id = n.site_id join organisation o on o.id = s.organisation_id
             where n.id = $1
                 and ($2 is null or n.id in (select node_id from account_node where account_id = $2 and role & $3 <> 0))",
        )
        .bind(node)
        .bind(scope.key())
        .bind(scope.roles)
        .fetch_optional(&self.readers)
        .await
        .map_err(StoreError::of("find a node"))?;
        Ok(row.map(|row| (row.get(0), new_site(&row, 1), row.get(6))))
    }

    /// The site of this name, of an organisation of that name.
    pub async fn site_named(&self, organisation: &str, name: &str) -> Result<Option<NewSite>, StoreError> {
        let row = sqlx::query(
            "select s.name, s.address, s.time_zone, s.latitude, s.longitude from site s
             join organisation o on o.id = s.organisation_id where o.name = $1 and s.name = $2",
        )
        .bind(organisation)
        .bind(name)
        .fetch_optional(&self.readers)
        .await
        .map_err(StoreError::of("find a site"))?;
        Ok(row.map(|row| new_site(&row, 0)))
    }
}

/// A site whose name is in column `first`, and what is said of it in the next ones.
fn new_site(row: &sqlx::sqlite::SqliteRow, first: usize) -> NewSite {
    NewSite {
        name: row.get(first),
        address: row.get(first + 1),
        time_zone: row.get(first + 2),
        latitude: row.get(first + 3),
        longitude: row.get(first + 4),
    }
}
