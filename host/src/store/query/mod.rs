//! What people and programs ask of the store: pages of sites, devices, records, sessions.
//!
//! Pages are keyset pages: each function takes the key after which the page begins and how many rows it may have.

mod caller;
mod device;
mod diagnostic;
mod health;
mod line;
mod line_talk;
mod record;
mod series;
mod session;
mod site;

pub use caller::{CallerQuery, CallerRow};
pub use device::{ArchiveInfo, Clock, DeviceInfo, DevicePoint, DeviceQuery};
pub use diagnostic::{EventRow, SettingRow};
pub use health::{Talk, Whose};
pub use line::{LineDevice, LineInfo};
pub use line_talk::TalkSums;
pub use record::{Cell, ConditionRow, Order, RecordQuery, RecordRow};
pub use series::{PointRow, SeriesQuery, SeriesRow, SeriesValue};
pub use session::{SessionBrief, SessionDetail, SessionPage, SessionQuery};
pub use site::SiteRow;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteArguments, SqliteRow};

use super::error::StoreError;
use super::rows::Rows;
use super::value::add;

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
