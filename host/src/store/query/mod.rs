//! What people and programs ask of the store: pages of sites, devices, records, sessions.
//!
//! Pages are keyset pages: each function takes the key after which the page begins and how many rows it may have.

mod audit;
mod bulk;
mod caller;
mod device;
mod diagnostic;
mod feed;
mod health;
mod line;
mod line_talk;
mod place;
mod point;
mod record;
mod series;
mod session;
mod setting;
mod site;
mod standing;
mod strip;

pub use audit::{AuditQuery, AuditRow};
pub use bulk::{BulkDevice, BulkQuery};
pub use caller::{CallerQuery, CallerRow};
pub use device::{ArchiveInfo, Clock, DeviceInfo, DevicePoint, DeviceQuery};
pub use diagnostic::{EventQuery, EventRow, SettingRow};
pub use feed::{FeedRow, RecordMark};
pub use health::{Talk, Whose};
pub use line::{LineDevice, LineInfo};
pub use line_talk::TalkSums;
pub use place::{PlaceDevice, PlaceNode, PlacePoint, PlaceSite, Places};
pub use point::Serving;
pub use record::{Cell, ConditionRow, Order, RecordQuery, RecordRow};
pub use series::{PointRow, SeriesQuery, SeriesRow, SeriesValue};
pub use session::{SessionBrief, SessionDetail, SessionPage, SessionQuery};
pub use setting::{SettingAt, SettingChange};
pub use site::SiteRow;
pub use standing::{Abnormal, Failing, Situation, Standing};
pub use strip::{OddCell, Strip, StripQuery, StripRow};

use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{QueryBuilder, Sqlite, SqlitePool};

use super::error::StoreError;
use super::rows::Rows;
use super::value::add;
use crate::model::Scope;

/// Leaves out what is not of the devices of `scope`, by a column `device_id`.
fn of_devices(sql: &mut QueryBuilder<Sqlite>, scope: Scope) {
    sql.push(" and device_id in (select d.id from device d where d.node_id in (select node_id from account_node where account_id = ")
        .push_bind(scope.key())
        .push(" and role & ")
        .push_bind(scope.roles)
        .push(" <> 0))");
}

/// The rows of a statement over a list of keys.
async fn of_keys(
    readers: &SqlitePool,
    statement: &'static Rows,
    keys: &[i64],
    what: &'static str,
) -> Result<Vec<SqliteRow>, StoreError> {
    let mut rows = Vec::new();
    for (sql, piece) in statement.pieces(keys) {
        let mut arguments = SqliteArguments::default();
        for key in piece {
            add(&mut arguments, *key)?;
        }
        let found = sqlx::query_with(sql, arguments).fetch_all(readers).await;
        rows.extend(found.map_err(StoreError::of(what))?);
    }
    Ok(rows)
}
