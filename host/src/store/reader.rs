//! Several questions in a row over one connection: to take one from the pool and to give it back costs more than a
//! question.

use sqlx::Sqlite;
use sqlx::pool::PoolConnection;

use super::Store;
use super::error::StoreError;

/// A connection that reads. There are few of them: ask and drop it.
pub struct Reader {
    pub(super) conn: PoolConnection<Sqlite>,
}

impl Store {
    /// Waits for a connection.
    pub async fn reader(&self) -> Result<Reader, StoreError> {
        let conn = self.readers.acquire().await;
        conn.map(|conn| Reader { conn })
            .map_err(StoreError::of("take a connection that reads"))
    }
}
