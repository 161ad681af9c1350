//! How large the store is.

use std::path::Path;

use super::Store;
use super::error::StoreError;
use super::lock::beside;

/// Bytes of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Of the main file.
    pub database: u64,
    /// Of the write-ahead log beside it.
    pub log: u64,
    /// Of the main file, how many are free: new rows take them before the file grows.
    pub free: u64,
}

impl Store {
    /// How large it is now.
    pub async fn size(&self) -> Result<Size, StoreError> {
        let (free_pages, page_size): (i64, i64) =
            sqlx::query_as("select freelist_count, page_size from pragma_freelist_count, pragma_page_size")
                .fetch_one(&self.readers)
                .await
                .map_err(StoreError::of("look at the size of the database"))?;
        // What is not there takes nothing: the log is made with the first write.
        let bytes = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
        Ok(Size {
            database: bytes(&self.path),
            log: bytes(&beside(&self.path, "-wal")),
            free: u64::try_from(free_pages.saturating_mul(page_size)).unwrap_or_default(),
        })
    }
}
