//! What happens when things go wrong: full disk, sudden end, a newer file.

use async_trait::async_trait;

use super::*;
use crate::store::PauseCause;
use crate::store::writer::{Tx, Write};

/// Bounds the file to what it has now and `more` pages: a full disk.
struct MorePages(i64);

#[async_trait]
impl Write for MorePages {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let pages: i64 = sqlx::query_scalar("pragma page_count")
            .fetch_one(&mut tx.conn)
            .await
            .unwrap();
        let sql = format!("pragma max_page_count = {}", pages + self.0);
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .execute(&mut tx.conn)
            .await
            .unwrap();
        Ok(())
    }
}

fn columns() -> Arc<[Column]> {
    (0..20).map(|i| column(&format!("c{i}"), 1, None)).collect()
}

fn hours(from: i64, to: i64) -> Vec<Record> {
    (from..to)
        .map(|i| hour(i, (0..20).map(|c| fixed(i * 100 + c)).collect()))
        .collect()
}

#[tokio::test]
async fn a_full_disk_keeps_what_was_acknowledged_and_goes_on_when_there_is_room() {
    let f = Fixture::new().await;
    let columns = columns();
    f.store.put_records(f.batch(&columns, hours(0, 10))).await.unwrap();
    f.store.queue.write(MorePages(20)).await.unwrap();
    let (mut acknowledged, mut refused) = (10, None);
    for day in 1..100 {
        match f
            .store
            .put_records(f.batch(&columns, hours(day * 24, day * 24 + 24)))
            .await
        {
            Ok(stored) => acknowledged += i64::try_from(stored.added).unwrap(),
            Err(error) => {
                refused = Some(error);
                break;
            }
        }
    }
    let error = refused.expect("20 pages are not enough for 100 days");
    assert!(error.is_storage_unavailable(), "{error:?}");
    assert_eq!(f.store.pause().map(|pause| pause.cause), Some(PauseCause::Full));
    assert_eq!(f.count("select count(*) from record").await, acknowledged);
    assert_eq!(f.count("select count(*) from value").await, acknowledged * 20);
    let still = f.store.put_records(f.batch(&columns, hours(5000, 5024))).await;
    assert!(still.is_err_and(|error| error.is_storage_unavailable()));
    f.store.queue.write(MorePages(100_000)).await.unwrap();
    f.store.put_records(f.batch(&columns, hours(5000, 5024))).await.unwrap();
    assert!(!f.store.is_paused());
    assert_eq!(f.count("select count(*) from record").await, acknowledged + 24);
    assert_eq!(f.texts("pragma integrity_check").await, ["ok"]);
}

#[tokio::test]
async fn closing_writes_what_waits_and_what_was_acknowledged_is_there_after_a_sudden_end() {
    let f = Fixture::new().await;
    let columns = columns();
    let (store, batch) = (f.store.clone(), f.batch(&columns, hours(0, 100)));
    let waiting = tokio::spawn(async move { store.put_records(batch).await });
    let acknowledged = f.store.put_records(f.batch(&columns, hours(100, 200))).await.unwrap();
    assert_eq!(acknowledged.added, 100);
    f.store.close().await;
    let late = f.store.put_records(f.batch(&columns, hours(200, 201))).await;
    assert!(matches!(late, Err(StoreError::Closed)), "{late:?}");
    let first = waiting.await.unwrap().map_or(0, |stored| stored.added);
    let store = open(&f.dir).await.unwrap();
    let there: i64 = sqlx::query_scalar("select count(*) from record")
        .fetch_one(&store.readers)
        .await
        .unwrap();
    assert_eq!(there, i64::try_from(acknowledged.added + first).unwrap());
}

#[tokio::test]
async fn a_writer_that_dies_in_the_middle_leaves_whole_groups() {
    let f = Fixture::new().await;
    let columns = columns();
    let writes: Vec<_> = (0..50)
        .map(|day| {
            let (store, batch) = (f.store.clone(), f.batch(&columns, hours(day * 24, day * 24 + 24)));
            tokio::spawn(async move { store.put_records(batch).await })
        })
        .collect();
    let first = f.store.put_records(f.batch(&columns, hours(5000, 5024))).await;
    let task = f.store.writer.lock().await.take().unwrap();
    task.abort();
    let _ = task.await;
    let mut acknowledged = i64::from(first.is_ok());
    for write in writes {
        acknowledged += i64::from(write.await.unwrap().is_ok());
    }
    let store = open(&f.dir).await.unwrap();
    let ask = async |sql: &'static str| -> i64 { sqlx::query_scalar(sql).fetch_one(&store.readers).await.unwrap() };
    let records = ask("select count(*) from record").await;
    assert!(
        records >= acknowledged * 24,
        "{records} records, {acknowledged} batches acknowledged"
    );
    assert_eq!(records % 24, 0);
    assert_eq!(ask("select count(*) from value").await, records * 20);
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_refused_by_name() {
    let f = Fixture::new().await;
    sqlx::query("select 1").execute(&f.store.readers).await.unwrap();
    f.store.close().await;
    let path = f.dir.path().join("uzel.sqlite");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let mut conn = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::query(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (9999, 'later', 1, x'00', 0)",
    )
    .execute(&mut conn)
    .await
    .unwrap();
    sqlx::Connection::close(conn).await.unwrap();
    let refused = open(&f.dir).await.err().unwrap();
    assert!(matches!(refused, StoreError::Newer { found: 9999, .. }), "{refused}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("uzel.sqlite");
    std::fs::write(&path, "this is no database, it only lies in its place\n".repeat(50)).unwrap();
    assert!(open(&dir).await.is_err());
    assert!(
        std::fs::read_to_string(&path)
            .unwrap()
            .starts_with("this is no database")
    );
}

async fn beside(f: &Fixture) -> sqlx::SqliteConnection {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(f.dir.path().join("uzel.sqlite"));
    sqlx::ConnectOptions::connect(&options).await.unwrap()
}

#[tokio::test]
async fn a_file_that_another_program_locks_pauses_the_store_and_its_release_is_noticed_without_a_write() {
    let f = Fixture::new().await;
    let columns = columns();
    f.store.put_records(f.batch(&columns, hours(0, 10))).await.unwrap();
    let mut other = beside(&f).await;
    sqlx::query("begin exclusive").execute(&mut other).await.unwrap();
    let refused = f.store.put_records(f.batch(&columns, hours(10, 20))).await.unwrap_err();
    assert!(refused.is_storage_unavailable(), "{refused:?}");
    let pause = f.store.pause().expect("the store is paused");
    assert_eq!(pause.cause, PauseCause::Locked);
    assert!(pause.detail.contains("locked"), "{}", pause.detail);
    assert_eq!(f.count("select count(*) from record").await, 10, "reading goes on");

    sqlx::query("rollback").execute(&mut other).await.unwrap();
    f.store.resumed().await;
    assert_eq!(f.store.pause(), None);
    f.store.put_records(f.batch(&columns, hours(10, 20))).await.unwrap();
    assert_eq!(f.count("select count(*) from record").await, 20);
}
