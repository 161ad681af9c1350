//! Records, versions, views.

use super::*;
use crate::model::{Absence, Condition, DeviceEvent, Effect, Setting, Severity, Span};
use crate::store::{Coverage, Stored};

fn columns() -> Arc<[Column]> {
    Arc::from([column("t1", 1, Some(2)), column("t2", 1, None)])
}

fn stored(added: u64, same: u64, changed: u64) -> Stored {
    Stored { added, same, changed }
}

fn low_flow() -> Condition {
    Condition {
        code: "02".to_owned(),
        category: Some("flow-below-min".to_owned()),
        effect: Some(Effect::Stopped),
        point: 1,
        column: Some(1),
        duration_s: Some(60),
    }
}

#[tokio::test]
async fn the_same_batch_twice_adds_nothing() {
    let f = Fixture::new().await;
    let mut first = hour(0, vec![fixed(4217), fixed(-3)]);
    first.conditions = vec![low_flow()];
    let mut odd = hour(1, vec![fixed(0), fixed(1)]);
    odd.cells[0].value = Value::Bits(0x1f);
    odd.cells[1] = Cell {
        value: Value::Absent,
        quality: Quality::Absent,
        code: Some("50".to_owned()),
    };
    let batch = f.batch(&columns(), vec![first, odd]);
    assert_eq!(f.store.put_records(batch.clone()).await.unwrap(), stored(2, 0, 0));
    assert_eq!(f.store.put_records(batch).await.unwrap(), stored(0, 2, 0));
    assert_eq!(f.count("select count(*) from value").await, 4);
    assert_eq!(f.count("select count(*) from incident").await, 0);
    assert_eq!(f.count("select records from archive").await, 2);
}

#[tokio::test]
async fn a_record_that_comes_back_different_is_a_version_and_an_incident() {
    let f = Fixture::new().await;
    let mut record = hour(0, vec![fixed(4217), fixed(5)]);
    f.store
        .put_records(f.batch(&columns(), vec![record.clone()]))
        .await
        .unwrap();
    record.cells[0] = fixed(4218);
    record.conditions = vec![low_flow()];
    let again = f
        .store
        .put_records(f.batch(&columns(), vec![record.clone()]))
        .await
        .unwrap();
    assert_eq!(again, stored(0, 0, 1));
    assert_eq!(
        f.texts("select text from v_incident where kind = 'record-changed'")
            .await,
        ["t1 was 42.17, is 42.18; conditions were [], are [02]"]
    );
    assert_eq!(
        f.texts("select version || ' ' || current || ' ' || value from record r join value v on v.record_id = r.id where v.series_id = 1 order by version").await,
        ["1 0 42.17", "2 1 42.18"]
    );
    assert_eq!(
        f.texts("select column_id || ' ' || value || ' ' || condition_codes from v_record_hourly order by series_id")
            .await,
        ["t1 42.18 02", "t2 0.05 02"]
    );
    let third = f.store.put_records(f.batch(&columns(), vec![record])).await.unwrap();
    assert_eq!(third, stored(0, 1, 0));
}

#[tokio::test]
async fn what_only_the_stored_record_has_is_kept_in_its_next_version() {
    let f = Fixture::new().await;
    let (one, two): (Arc<[Column]>, Arc<[Column]>) =
        (Arc::from([column("t1", 1, None)]), Arc::from([column("t1", 2, None)]));
    let mut first = hour(0, vec![fixed(100)]);
    first.conditions = vec![Condition {
        column: Some(0),
        ..low_flow()
    }];
    f.store.put_records(f.batch(&one, vec![first.clone()])).await.unwrap();
    let second = hour(0, vec![fixed(200)]);
    let done = f.store.put_records(f.batch(&two, vec![second.clone()])).await.unwrap();
    assert_eq!(done, stored(0, 0, 1));
    assert_eq!(
        f.texts("select kind || ' ' || text from incident").await,
        ["columns-added t1"]
    );
    assert_eq!(
        f.texts("select input || ' ' || value || ' ' || coalesce(condition_codes, '-') || ' ' || version from v_record_hourly order by input").await,
        ["1 1.0 02 2", "2 2.0 - 2"]
    );
    for (columns, record) in [(&one, first), (&two, second)] {
        let done = f.store.put_records(f.batch(columns, vec![record])).await.unwrap();
        assert_eq!(done, stored(0, 1, 0), "a subset of the columns is the same record");
    }
}

#[tokio::test]
async fn an_interval_twice_in_one_batch_is_compared_with_itself() {
    let f = Fixture::new().await;
    let records = vec![
        hour(0, vec![fixed(1), fixed(2)]),
        hour(0, vec![fixed(1), fixed(2)]),
        hour(0, vec![fixed(3), fixed(2)]),
    ];
    assert_eq!(
        f.store.put_records(f.batch(&columns(), records)).await.unwrap(),
        stored(1, 1, 1)
    );
}

#[tokio::test]
async fn a_series_keeps_the_most_decimals_and_numbers_stay_exact() {
    let f = Fixture::new().await;
    let cell = |digits, decimals| Cell {
        value: Value::Fixed { digits, decimals },
        ..fixed(0)
    };
    let first = hour(0, vec![cell(123_456_789_012_345, 9), cell(5, 1)]);
    let second = hour(1, vec![cell(1, 0), cell(-1, 3)]);
    f.store.put_records(f.batch(&columns(), vec![first])).await.unwrap();
    f.store.put_records(f.batch(&columns(), vec![second])).await.unwrap();
    assert_eq!(
        f.texts("select column_id || ' ' || decimals from series order by id")
            .await,
        ["t1 9", "t2 3"]
    );
    let values: Vec<f64> = sqlx::query_scalar("select value from value order by record_id, series_id")
        .fetch_all(&f.store.readers)
        .await
        .unwrap();
    assert_eq!(values, [123_456.789_012_345, 0.5, 1.0, -0.001]);
}

#[tokio::test]
async fn a_batch_of_the_wrong_shape_is_refused_and_its_neighbours_are_stored() {
    let f = Fixture::new().await;
    let short = f.batch(&columns(), vec![hour(0, vec![fixed(1)])]);
    let twice = f.batch(
        &Arc::from([column("t1", 1, None), column("t1", 1, None)]),
        vec![hour(0, vec![fixed(1), fixed(2)])],
    );
    let mut nobody = f.batch(&columns(), vec![hour(2, vec![fixed(1), fixed(2)])]);
    nobody.session = SessionId(999);
    let good = f.batch(&columns(), vec![hour(1, vec![fixed(1), fixed(2)])]);
    let (short, twice, nobody, good) = tokio::join!(
        f.store.put_records(short),
        f.store.put_records(twice),
        f.store.put_records(nobody),
        f.store.put_records(good)
    );
    assert!(matches!(short, Err(StoreError::Malformed { .. })), "{short:?}");
    assert!(matches!(twice, Err(StoreError::Malformed { .. })), "{twice:?}");
    assert!(matches!(nobody, Err(StoreError::Query { .. })), "{nobody:?}");
    assert_eq!(good.unwrap(), stored(1, 0, 0));
    assert_eq!(f.count("select count(*) from record").await, 1);
}

#[tokio::test]
async fn coverage_tells_records_and_absences_that_end_after_an_instant() {
    let f = Fixture::new().await;
    let records = (0..4).map(|i| hour(i, vec![fixed(i), fixed(i)])).collect();
    f.store.put_records(f.batch(&columns(), records)).await.unwrap();
    let gone = Span {
        start: at(-9 * HOUR),
        end: at(3 * HOUR),
    };
    let hourly = ArchiveKind::Hourly;
    for _ in 0..2 {
        let put = f
            .store
            .put_absence(f.device, f.session, hourly, gone, Absence::Overwritten);
        put.await.unwrap();
    }
    let span = |from, to| Span {
        start: at(from * HOUR),
        end: at(to * HOUR),
    };
    assert_eq!(
        f.store
            .reader()
            .await
            .unwrap()
            .coverage(f.device, hourly, at(2 * HOUR))
            .await
            .unwrap(),
        Coverage {
            records: vec![span(2, 3), span(3, 4)],
            absences: vec![(gone, Absence::Overwritten)],
        }
    );
    assert_eq!(f.texts("select reason from v_gap_absence").await, ["overwritten"]);
    let daily = f
        .store
        .reader()
        .await
        .unwrap()
        .coverage(f.device, ArchiveKind::Daily, at(0))
        .await
        .unwrap();
    assert_eq!(daily, Coverage::default());
}

#[tokio::test]
async fn the_resume_token_comes_with_its_records_and_only_for_the_same_driver() {
    let f = Fixture::new().await;
    let hourly = ArchiveKind::Hourly;
    let mut batch = f.batch(&columns(), vec![hour(0, vec![fixed(1), fixed(2)])]);
    batch.resume = Some((hourly, "w".to_owned(), vec![7]));
    f.store.put_records(batch).await.unwrap();
    let kept = Some(("w".to_owned(), vec![7]));
    assert_eq!(
        f.store
            .reader()
            .await
            .unwrap()
            .resume(f.device, "d1", hourly)
            .await
            .unwrap(),
        kept
    );
    for other in ["d0", "d2"] {
        assert_eq!(
            f.store
                .reader()
                .await
                .unwrap()
                .resume(f.device, other, hourly)
                .await
                .unwrap(),
            None,
            "{other}"
        );
    }
    f.store.put_resume(f.device, "d2", hourly, "x", &[8]).await.unwrap();
    let kept = Some(("x".to_owned(), vec![8]));
    assert_eq!(
        f.store
            .reader()
            .await
            .unwrap()
            .resume(f.device, "d2", hourly)
            .await
            .unwrap(),
        kept
    );
    f.store.clear_resume(f.device, hourly).await.unwrap();
    assert_eq!(
        f.store
            .reader()
            .await
            .unwrap()
            .resume(f.device, "d2", hourly)
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn events_settings_and_clock_are_kept() {
    let f = Fixture::new().await;
    let event = |code: &str| DeviceEvent {
        at: at(0),
        label: "2026-11-20T14:00:00".parse().unwrap(),
        code: code.to_owned(),
        severity: Severity::Warning,
        began: Some(true),
        point: 0,
        text: String::new(),
    };
    let put = async |codes: [&str; 2]| {
        f.store
            .put_events(f.device, f.session, &codes.map(event))
            .await
            .unwrap()
    };
    assert_eq!(put(["1", "2"]).await, 2);
    assert_eq!(put(["2", "3"]).await, 1);
    let setting = |digits| Setting {
        id: "g-min".to_owned(),
        title: "Least flow".to_owned(),
        value: fixed(digits).value,
        unit: Some("t/h".to_owned()),
        writable: false,
    };
    for digits in [10, 10, 25] {
        let put = f
            .store
            .put_settings(f.device, f.session, at(0), &[setting(digits)])
            .await;
        put.unwrap();
    }
    assert_eq!(
        f.texts("select kind || ' ' || text from v_incident").await,
        ["setting-changed g-min was 0.1, is 0.25"]
    );
    assert_eq!(
        f.texts("select setting_id || ' ' || value from setting_history order by read_at")
            .await,
        ["g-min 0.25"],
        "of one moment the last reading stays"
    );
    f.store
        .put_clock(f.device, f.session, at(0), -12_500, 400)
        .await
        .unwrap();
    assert_eq!(f.count("select offset_ms from clock_reading").await, -12_500);
}
