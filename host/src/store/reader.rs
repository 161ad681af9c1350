//! Several questions in a row over one connection: to take one from the pool and to give it back costs more than a
//! question.

use sqlx::Sqlite;
use sqlx::pool::PoolConnection;
use tokio::sync::OwnedSemaphorePermit;

use super::Store;
use super::error::StoreError;

/// A connection that reads. There are few of them: ask and drop it.
pub struct Reader {
    pub(super) conn: PoolConnection<Sqlite>,
    /// Given back behind the connection.
    _turn: Option<OwnedSemaphorePermit>,
}

impl Store {
    /// Waits for a connection.
    pub async fn reader(&self) -> Result<Reader, StoreError> {
        let conn = self.readers.acquire().await;
        conn.map(|conn| Reader { conn, _turn: None })
            .map_err(StoreError::of("take a connection that reads"))
    }

    /// Waits for a connection as one of thousands that begin at once, however long that takes: who looks at something
    /// meanwhile finds one of the others.
    pub async fn session_reader(&self) -> Result<Reader, StoreError> {
        let turn = self.session_readers.clone().acquire_owned().await.ok();
        let reader = self.reader().await?;
        Ok(Reader { _turn: turn, ..reader })
    }
}
