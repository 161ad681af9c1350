//! How large the store is, how it grew, and what room its disk has.

use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;
use nix::sys::statvfs::statvfs;
use sqlx::Row as _;

use super::error::StoreError;
use super::lock::beside;
use super::writer::{Tx, Write};
use super::{Store, instant};

/// Length of a day, seconds.
const DAY_S: i64 = 86_400;

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

/// Bytes of the disk that the store is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// What this process may still write.
    pub free: u64,
    /// All of it.
    pub total: u64,
}

/// How large the store was on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeDay {
    /// When the day began, UTC.
    pub day: Timestamp,
    /// Of the main file.
    pub bytes: u64,
    /// Of these, free.
    pub free: u64,
}

struct Look {
    day: i64,
    size: Size,
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

    /// The room on its disk; none: the system does not say.
    pub fn disk(&self) -> Option<Disk> {
        let found = statvfs(&*self.path).ok()?;
        let block: u64 = found.fragment_size();
        Some(Disk {
            free: block.saturating_mul(found.blocks_available()),
            total: block.saturating_mul(found.blocks()),
        })
    }

    /// Keeps how large it is today, in the place of what was kept earlier today.
    pub async fn note_size(&self, size: Size) -> Result<(), StoreError> {
        let day = self.now().as_second().div_euclid(DAY_S);
        self.queue.write(Look { day, size }).await
    }

    /// How large it was on the last so many days that were looked at, oldest first.
    pub async fn size_days(&self, days: u32) -> Result<Vec<SizeDay>, StoreError> {
        let rows = sqlx::query("select day, bytes, free from store_size order by day desc limit $1")
            .bind(days)
            .fetch_all(&self.readers)
            .await
            .map_err(StoreError::of("read how large the database was"))?;
        let number = |value: i64| u64::try_from(value).unwrap_or_default();
        let day = |row: &sqlx::sqlite::SqliteRow| SizeDay {
            day: instant(row.get::<i64, _>(0).saturating_mul(DAY_S)),
            bytes: number(row.get(1)),
            free: number(row.get(2)),
        };
        Ok(rows.iter().rev().map(day).collect())
    }
}

/// By how many bytes what is stored grows a day, by the first and the last of `days`; none: they are of one day.
pub fn growth(days: &[SizeDay]) -> Option<i64> {
    let (first, last) = (days.first()?, days.last()?);
    let apart = last.day.as_second().saturating_sub(first.day.as_second()) / DAY_S;
    let used = |day: &SizeDay| i64::try_from(day.bytes.saturating_sub(day.free)).unwrap_or(i64::MAX);
    used(last).saturating_sub(used(first)).checked_div(apart)
}

#[async_trait]
impl Write for Look {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let whole = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        sqlx::query(
            "insert into store_size (day, bytes, free) values ($1, $2, $3)
             on conflict (day) do update set bytes = excluded.bytes, free = excluded.free",
        )
        .bind(self.day)
        .bind(whole(self.size.database))
        .bind(whole(self.size.free))
        .execute(&mut tx.conn)
        .await
        .map(drop)
        .map_err(StoreError::of("keep how large the database is"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_of_what_is_stored_and_needs_two_days() {
        let day = |number: i64, bytes, free| SizeDay {
            day: instant(number * DAY_S),
            bytes,
            free,
        };
        assert_eq!(growth(&[]), None);
        assert_eq!(growth(&[day(1, 100, 0)]), None);
        assert_eq!(growth(&[day(1, 100, 60), day(2, 100, 50), day(5, 100, 20)]), Some(10));
        assert_eq!(growth(&[day(1, 100, 0), day(3, 100, 40)]), Some(-20));
    }
}
