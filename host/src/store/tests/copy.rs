//! Backup, restore, vacuum.

use std::path::PathBuf;

use super::*;
use crate::store::HostLock;
use crate::store::copy::{self, Content, CopyError};

/// A store with hours of one device.
async fn filled() -> Fixture {
    let f = Fixture::new().await;
    let columns: Arc<[Column]> = Arc::new([column("t1", 1, None)]);
    let hours = (0..100).map(|index| hour(index, vec![fixed(index)])).collect();
    f.store.put_records(f.batch(&columns, hours)).await.unwrap();
    f
}

fn database(f: &Fixture) -> PathBuf {
    f.dir.path().join("uzel.sqlite")
}

fn rows(content: &Content, table: &str) -> i64 {
    content.rows.iter().find(|(name, _)| name == table).unwrap().1
}

#[tokio::test]
async fn a_backup_of_an_open_store_is_whole_and_a_name_that_is_taken_is_not_written_over() {
    let f = filled().await;
    let copy = f.dir.path().join("copy.sqlite");
    let seen = std::sync::Mutex::new(Vec::new());
    let tell = |progress| seen.lock().unwrap().push(progress);
    let content = copy::backup(&database(&f), &copy, false, &tell).await.unwrap();
    assert_eq!((rows(&content, "record"), rows(&content, "value")), (100, 100));
    assert_eq!(seen.lock().unwrap().last(), Some(&copy::Progress::Verifying));
    assert_eq!(copy::verify(&copy).await.unwrap(), content);

    let refused = copy::backup(&database(&f), &copy, false, &|_| ()).await;
    assert!(matches!(refused, Err(CopyError::Exists { .. })), "{refused:?}");
    f.store.add_device(&new_device("boiler-8", 2)).await.unwrap();
    let content = copy::backup(&database(&f), &copy, true, &|_| ()).await.unwrap();
    assert_eq!(rows(&content, "device"), 2);
    let left: Vec<_> = std::fs::read_dir(f.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("copy"))
        .collect();
    assert_eq!(left, ["copy.sqlite"], "nothing is left beside it");
}

#[tokio::test]
async fn a_restore_is_refused_while_anybody_has_the_database_and_keeps_the_old_one_aside() {
    let f = filled().await;
    let (path, copy) = (database(&f), f.dir.path().join("copy.sqlite"));
    copy::backup(&path, &copy, false, &|_| ()).await.unwrap();
    f.store.add_device(&new_device("boiler-8", 2)).await.unwrap();
    let refused = copy::restore(&copy, &path, &|_| ()).await;
    assert!(matches!(refused, Err(CopyError::InUse { .. })), "{refused:?}");
    f.store.close().await;
    let lock = HostLock::take(&path).unwrap();
    let refused = copy::restore(&copy, &path, &|_| ()).await;
    assert!(matches!(refused, Err(CopyError::Lock(_))), "{refused:?}");
    drop(lock);

    let restored = copy::restore(&copy, &path, &|_| ()).await.unwrap();
    assert_eq!(rows(&restored.content, "device"), 1);
    let aside = restored.aside.expect("the old one is kept");
    assert_eq!(rows(&copy::verify(&aside).await.unwrap(), "device"), 2);
    let store = open(&f.dir).await.unwrap();
    assert_eq!(store.poll_plan().await.unwrap().len(), 1);
    store.close().await;
}

#[tokio::test]
async fn what_is_damaged_or_foreign_or_newer_is_not_put_in_place() {
    let f = filled().await;
    let (path, copy) = (database(&f), f.dir.path().join("copy.sqlite"));
    copy::backup(&path, &copy, false, &|_| ()).await.unwrap();
    f.store.close().await;
    let whole = std::fs::read(&copy).unwrap();
    let before = std::fs::read(&path).unwrap();

    let mut damaged = whole.clone();
    let middle = damaged.len() / 2 / 4096 * 4096;
    damaged[middle..middle + 20_000].fill(0x55);
    let orphans = f.dir.path().join("orphans.sqlite");
    std::fs::write(&orphans, &whole).unwrap();
    let mut conn = sqlx::ConnectOptions::connect(
        &sqlx::sqlite::SqliteConnectOptions::new()
            .filename(&orphans)
            .foreign_keys(false),
    )
    .await
    .unwrap();
    sqlx::query("delete from session").execute(&mut conn).await.unwrap();
    sqlx::Connection::close(conn).await.unwrap();
    for (name, bytes) in [
        ("damaged", damaged),
        ("orphans", std::fs::read(&orphans).unwrap()),
        ("text", b"this is no database".repeat(300)),
        ("empty", Vec::new()),
    ] {
        std::fs::write(&copy, bytes).unwrap();
        let refused = copy::restore(&copy, &path, &|_| ()).await.unwrap_err();
        assert!(
            matches!(
                refused,
                CopyError::Damaged { .. } | CopyError::Foreign { .. } | CopyError::Database { .. }
            ),
            "{name}: {refused:?}"
        );
    }
    let missing = copy::restore(&f.dir.path().join("none"), &path, &|_| ()).await;
    assert!(matches!(missing, Err(CopyError::NotThere { .. })), "{missing:?}");
    assert!(copy::verify(&path).await.is_ok());
    assert_eq!(std::fs::read(&path).unwrap().len(), before.len());
}

#[tokio::test]
async fn a_vacuum_gives_back_what_is_free() {
    let f = filled().await;
    let mut end = session_end(f.session, Outcome::NoAnswer);
    end.trace = super::long_trace();
    f.store.end_session(end).await.unwrap();
    f.store.prune(crate::store::Old::Traces, at(HOUR)).await.unwrap();
    assert!(matches!(
        copy::vacuum(&database(&f)).await,
        Err(CopyError::InUse { .. })
    ));
    f.store.close().await;
    let (before, after) = copy::vacuum(&database(&f)).await.unwrap();
    assert!(after + 600_000 < before, "{before} {after}");
    let store = open(&f.dir).await.unwrap();
    assert_eq!(store.poll_plan().await.unwrap().len(), 1);
    store.close().await;
}
