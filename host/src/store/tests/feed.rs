//! The order in which records came.

use super::*;
use crate::model::Scope;

/// So many batches of each writer.
const BATCHES: i64 = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_follows_the_keys_misses_nothing_whoever_writes() {
    let f = Fixture::new().await;
    // As a command beside the host: another writer of the same file.
    let beside = open(&f.dir).await.unwrap();
    let other = beside.add_device(&new_device("boiler-8", 2)).await.unwrap().device;
    let session = begin(&beside, other).await;
    let columns: Arc<[Column]> = Arc::from([column("t1", 1, None)]);
    let writes = |store: Store, device, session| {
        let columns = columns.clone();
        tokio::spawn(async move {
            for batch in 0..BATCHES {
                let records = (0..5).map(|n| hour(batch * 5 + n, vec![fixed(n)])).collect();
                let batch = RecordBatch {
                    device,
                    session,
                    columns: columns.clone(),
                    records,
                    resume: None,
                };
                store.put_records(batch).await.unwrap();
            }
        })
    };
    let first = writes(f.store.clone(), f.device, f.session);
    let second = writes(beside.clone(), other, session);
    let (mut after, mut seen) = (0, Vec::new());
    while !(first.is_finished() && second.is_finished() && f.store.newest_record().await.unwrap() == after) {
        let upto = f.store.newest_record().await.unwrap();
        let rows = f.store.feed(Scope::EVERYTHING, after, upto, 7).await.unwrap();
        assert!(rows.iter().all(|row| row.record.cells.len() == 1), "{rows:?}");
        after = rows.last().map_or(after, |last| last.record.id);
        seen.extend(rows.iter().map(|row| (row.record.device, row.record.start)));
        tokio::task::yield_now().await;
    }
    assert_eq!(seen.len(), 10 * usize::try_from(BATCHES).unwrap());
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 10 * usize::try_from(BATCHES).unwrap(), "some came twice");
    beside.close().await;
}
