//! What a database file holds, and what must hold of it at any time.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{Row as _, SqlitePool};
use system_tests::TestHost;

use super::town::Cells;

/// A record as the store has it.
#[derive(Debug, PartialEq)]
pub struct Stored {
    starts_at: i64,
    pub cells: Cells,
    /// Label, qualities, texts and abnormal situations.
    rest: String,
}

/// What a database file holds: by device, archive and end of the interval.
pub struct Content {
    pub records: BTreeMap<(String, String, i64), Stored>,
    /// Sessions without an end.
    pub running: BTreeSet<i64>,
    /// Sessions that were found without an end.
    interrupted: BTreeSet<i64>,
}

impl Content {
    /// Reads the file of a host that does not run, and checks what must hold at any time.
    pub async fn read(host: &TestHost) -> Self {
        let pool = host.pool().await;
        let sound: String = sqlx::query_scalar("pragma integrity_check")
            .fetch_one(&pool)
            .await
            .expect("a database");
        assert_eq!(sound, "ok");
        let broken = sqlx::query("pragma foreign_key_check")
            .fetch_all(&pool)
            .await
            .expect("a database");
        assert!(broken.is_empty(), "{} rows refer to nothing", broken.len());
        for (what, sql) in [
            ("records that came back different", "select count(*) from incident"),
            (
                "second versions",
                "select count(*) from record where version <> 1 or current <> 1",
            ),
            (
                "wrong summaries",
                "select count(*) from archive a where a.records <> (select count(*) from record r
                 where r.device_id = a.device_id and r.kind = a.kind)",
            ),
            (
                "values of no record or no series",
                "select count(*) from value v where not exists (select 1 from record r where r.id = v.record_id)
                 or not exists (select 1 from series s where s.id = v.series_id)",
            ),
            (
                "records without cells",
                "select count(*) from record r where not exists (select 1 from value v where v.record_id = r.id)",
            ),
        ] {
            let count: i64 = sqlx::query_scalar(sql).fetch_one(&pool).await.expect("a database");
            assert_eq!(count, 0, "{what}");
        }
        let content = Self {
            records: records(&pool).await,
            running: sessions(&pool, "select id from session where outcome is null").await,
            interrupted: sessions(&pool, "select id from session where outcome = 'interrupted'").await,
        };
        pool.close().await;
        content
    }

    /// Nothing is in the store that the meters do not hold.
    pub fn assert_part_of(&self, whole: &Self, round: usize) {
        for (key, record) in &self.records {
            assert_eq!(Some(record), whole.records.get(key), "round {round}: {key:?}");
        }
    }

    /// What was durable before is there, and sessions that were cut are called so.
    pub fn assert_follows(&self, before: Option<&Self>, round: usize) {
        let Some(before) = before else {
            assert_eq!(
                self.interrupted,
                BTreeSet::new(),
                "round {round}: interrupted sessions in a new store"
            );
            return;
        };
        for key in before.records.keys() {
            assert!(self.records.contains_key(key), "round {round}: {key:?} is lost");
        }
        let cut: BTreeSet<i64> = before.interrupted.union(&before.running).copied().collect();
        assert_eq!(
            self.interrupted, cut,
            "round {round}: interrupted sessions, and those that were cut"
        );
    }
}

async fn sessions(pool: &SqlitePool, sql: &'static str) -> BTreeSet<i64> {
    sqlx::query_scalar(sql)
        .fetch_all(pool)
        .await
        .expect("a database")
        .into_iter()
        .collect()
}

async fn records(pool: &SqlitePool) -> BTreeMap<(String, String, i64), Stored> {
    let rows = sqlx::query(
        "select d.name, r.kind, r.ends_at, r.starts_at, s.column_id, s.input, s.tariff, v.value,
             coalesce(r.label, '') || ' ' || coalesce((select group_concat(c.code || '/' || c.input, ' ') from
                 (select * from condition where record_id = r.id order by ordinal) c), ''),
             v.quality || coalesce(v.text, '') || coalesce(v.code, '')
         from record r join device d on d.id = r.device_id join value v on v.record_id = r.id
         join series s on s.id = v.series_id order by r.id, s.column_id, s.input, s.tariff",
    )
    .fetch_all(pool)
    .await
    .expect("a database");
    let mut records: BTreeMap<_, Stored> = BTreeMap::new();
    for row in rows {
        let key = (row.get(0), row.get(1), row.get(2));
        let starts_at = row.get(3);
        let record = records.entry(key).or_insert_with(|| Stored {
            starts_at,
            cells: Cells::new(),
            rest: row.get(8),
        });
        assert_eq!(record.starts_at, starts_at, "two intervals end at one moment");
        record.rest.push(' ');
        record.rest.push_str(row.get(9));
        let twice = record.cells.insert((row.get(4), row.get(5), row.get(6)), row.get(7));
        assert!(twice.is_none(), "a cell is there twice");
    }
    records
}
