//! The views are as `docs/database.md` has them.

use sqlx::ConnectOptions as _;

use super::*;

const DOCUMENT: &str = include_str!("../../../../docs/database.md");

#[tokio::test]
async fn every_column_of_every_view_is_documented() {
    let f = Fixture::new().await;
    let views = f.texts("select name from sqlite_master where type = 'view'").await;
    assert!(views.len() >= 7, "{views:?}");
    for view in views {
        assert!(DOCUMENT.contains(&format!("`{view}`")), "{view} is not documented");
        let columns: Vec<String> = sqlx::query_scalar("select name from pragma_table_info($1)")
            .bind(&view)
            .fetch_all(&f.store.readers)
            .await
            .unwrap();
        assert!(!columns.is_empty(), "{view} has no columns");
        for column in columns {
            assert!(
                DOCUMENT.contains(&format!("`{column}`")),
                "{view}.{column} is not documented"
            );
        }
    }
}

#[tokio::test]
async fn who_opens_the_file_read_only_sees_what_is_committed_and_changes_nothing() {
    let f = Fixture::new().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(f.dir.path().join("uzel.sqlite"))
        .read_only(true);
    let mut reader = options.connect().await.unwrap();
    let columns: Arc<[Column]> = Arc::from([column("t1", 1, None)]);
    let stored = f.batch(&columns, vec![hour(0, vec![fixed(4217)])]);
    f.store.put_records(stored).await.unwrap();
    let value: f64 = sqlx::query_scalar("select value from v_record_hourly")
        .fetch_one(&mut reader)
        .await
        .unwrap();
    assert!((value - 42.17).abs() < 1e-9);
    for sql in [
        "update device set name = 'x'",
        "delete from v_record",
        "drop table record",
    ] {
        assert!(sqlx::query(sql).execute(&mut reader).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn every_example_runs() {
    let f = Fixture::new().await;
    let columns: Arc<[Column]> = Arc::from([column("t1", 1, None)]);
    f.store
        .put_records(f.batch(&columns, vec![hour(0, vec![fixed(4217)])]))
        .await
        .unwrap();
    let blocks: Vec<&str> = DOCUMENT
        .split("```sql\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    for view in f.texts("select name from sqlite_master where type = 'view'").await {
        let is_used = |block: &&str| block.split_whitespace().any(|word| word == view);
        assert!(blocks.iter().any(is_used), "{view} has no example");
    }
    for block in blocks {
        let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(block))
            .fetch_all(&f.store.readers)
            .await;
        assert!(rows.is_ok(), "{block}: {rows:?}");
    }
    assert_eq!(
        f.texts("select max(case when pipe = 'supply' then value end) || ' ' || site from v_record_hourly")
            .await,
        ["42.17 School 5"]
    );
}
