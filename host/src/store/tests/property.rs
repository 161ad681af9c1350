//! The store against a model in memory, over random batches.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config as TestConfig, TestRunner};
use sqlx::Row as _;

use super::*;
use crate::store::Stored;

/// Columns of a random batch are some of these: the bits of a mask.
fn columns(mask: u8) -> Vec<Column> {
    let all = [column("a", 0, None), column("b", 1, Some(1)), column("c", 2, None)];
    let chosen = all.into_iter().enumerate().filter(|(bit, _)| mask & (1 << bit) != 0);
    chosen.map(|(_, column)| column).collect()
}

/// One random record: hour, and a small number per column; 0 is absent, 1 is a doubtful 2.
type Row = (i64, [u8; 3]);

fn cell(number: u8) -> Cell {
    match number {
        0 => Cell {
            value: Value::Absent,
            quality: Quality::Absent,
            code: None,
        },
        1 => Cell {
            quality: Quality::Doubtful,
            ..fixed(2)
        },
        _ => fixed(i64::from(number)),
    }
}

/// What the store should hold of one hour: cells by column of each version.
type Versions = Vec<BTreeMap<String, u8>>;

fn put(model: &mut BTreeMap<i64, Versions>, mask: u8, rows: &[Row]) -> Stored {
    let mut stored = Stored::default();
    let columns = columns(mask);
    for (hour, numbers) in rows {
        let new: BTreeMap<String, u8> = columns
            .iter()
            .map(|c| c.id.clone())
            .zip(numbers.iter().copied())
            .collect();
        let versions = model.entry(*hour).or_default();
        match versions.last() {
            None => {
                stored.added += 1;
                versions.push(new);
            }
            Some(last) if new.iter().all(|(id, number)| last.get(id) == Some(number)) => stored.same += 1,
            Some(last) => {
                stored.changed += 1;
                let mut whole = last.clone();
                whole.extend(new);
                versions.push(whole);
            }
        }
    }
    stored
}

async fn held(store: &Store) -> BTreeMap<i64, Versions> {
    let rows = sqlx::query(
        "select r.starts_at, r.version, s.column_id, v.value, v.quality from record r
         join value v on v.record_id = r.id join series s on s.id = v.series_id",
    )
    .fetch_all(&store.readers)
    .await
    .unwrap();
    let mut held: BTreeMap<i64, BTreeMap<i64, BTreeMap<String, u8>>> = BTreeMap::new();
    for row in rows {
        let hour = (row.get::<i64, _>(0) - at(0).as_second()) / HOUR;
        let number = match (row.get::<Option<f64>, _>(3), row.get::<i64, _>(4)) {
            (None, 3) => 0,
            (Some(_), 1) => 1,
            (Some(value), 0) => (value * 100.0).round() as u8,
            other => panic!("{other:?}"),
        };
        held.entry(hour)
            .or_default()
            .entry(row.get(1))
            .or_default()
            .insert(row.get(2), number);
    }
    held.into_iter()
        .map(|(hour, versions)| (hour, versions.into_values().collect()))
        .collect()
}

#[test]
fn random_batches_leave_what_a_simple_model_leaves() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let row = (0i64..6, prop::array::uniform3(0u8..4));
    let batch = (1u8..8, prop::collection::vec(row, 1..8));
    let batches = prop::collection::vec(batch, 1..8);
    let mut runner = TestRunner::new(TestConfig::with_cases(32));
    let result = runner.run(&batches, |batches| {
        runtime.block_on(async {
            let f = Fixture::new().await;
            let mut model = BTreeMap::new();
            for (mask, rows) in &batches {
                let want = put(&mut model, *mask, rows);
                let columns: Arc<[Column]> = columns(*mask).into();
                let cells = |numbers: &[u8; 3]| numbers.iter().take(columns.len()).map(|n| cell(*n)).collect();
                let records = rows
                    .iter()
                    .map(|(index, numbers)| hour(*index, cells(numbers)))
                    .collect();
                let got = f.store.put_records(f.batch(&columns, records)).await.unwrap();
                prop_assert_eq!(
                    (got.added, got.same, got.changed),
                    (want.added, want.same, want.changed)
                );
            }
            prop_assert_eq!(held(&f.store).await, model);
            prop_assert_eq!(
                f.count("select count(*) from record where current = 1").await,
                f.count("select sum(records) from archive").await
            );
            Ok(())
        })
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
