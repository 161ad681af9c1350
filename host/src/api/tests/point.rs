//! The archive of a point, its totals, its files; settings as they were; the journal's filters.

use super::*;
use crate::export::Lang;

/// Meter time is the site's: Moscow, three hours ahead.
fn period() -> String {
    format!("kind=hourly&from={}&to={}", ago(20), ago(0))
}

#[tokio::test]
async fn a_point_has_its_archive_column_by_column() {
    let api = filled().await;
    let archive = api.json(&format!("/api/v1/points/1/archive?{}", period())).await;
    let starts: Vec<i64> = serde_json::from_value(archive["starts"].clone()).unwrap();
    assert_eq!(starts.len(), 19);
    assert_eq!(starts[0], ago(20).as_second());
    assert_eq!(starts.iter().sum::<i64>(), ago(1).as_second());
    assert_eq!(archive["lengths"], json!([{ "rows": 19, "value": 3600 }]));
    let columns: Vec<&Json> = archive["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["id"])
        .collect();
    assert_eq!(columns, ["t1", "t2", "s"]);
    assert_eq!(archive["values"][0][18], 42.01);
    assert_eq!(archive["values"][1][18], Json::Null);
    assert_eq!(archive["versions"], json!([{ "row": 0, "version": 2 }]));
    let absent = json!({ "column": 1, "row": 0, "rows": 19, "quality": "absent", "code": "50", "text": null });
    assert!(archive["marks"].as_array().unwrap().contains(&absent), "{archive}");
    assert_eq!(archive["conditions"][0]["title"]["en"], "low flow");
    assert_eq!(
        archive["condition_runs"],
        json!([{ "row": 0, "rows": 19, "conditions": [0] }])
    );
    assert_eq!(archive["gaps"][0]["start"], ago(5).to_string());
    assert_eq!(archive["devices"][0]["rows"], 19);
    assert_eq!(archive["truncated"], false);
}

#[tokio::test]
async fn columns_are_chosen_by_their_series_and_what_makes_no_sense_is_refused() {
    let api = filled().await;
    let one = api
        .json(&format!("/api/v1/points/1/archive?{}&series=2", period()))
        .await;
    assert_eq!(
        (one["columns"].as_array().unwrap().len(), &one["columns"][0]["id"]),
        (1, &json!("t2"))
    );
    for (query, status) in [
        (
            "/api/v1/points/1/archive?kind=hourly&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
            400,
        ),
        (
            "/api/v1/points/1/archive?kind=hourly&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&series=t1",
            400,
        ),
        (
            "/api/v1/points/9/archive?kind=hourly&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z",
            404,
        ),
        (
            "/api/v1/points/1/totals?kind=current&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z",
            400,
        ),
        (
            "/api/v1/points/1/archive.csv?kind=hourly&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&lang=de",
            400,
        ),
    ] {
        assert_eq!(api.get(query).await.status, status, "{query}");
    }
}

#[tokio::test]
async fn a_point_is_written_as_text_in_the_language_of_whoever_asks() {
    let api = filled().await;
    let answer = api
        .get(&format!("/api/v1/points/1/archive.csv?{}&lang=ru", period()))
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    let lines: Vec<&str> = answer.body.lines().collect();
    assert_eq!(lines.len(), 20);
    assert!(
        lines[0].contains("начало;конец;t1, °C;t2, °C;s, °C;НС;качество"),
        "{}",
        lines[0]
    );
    assert!(
        lines[19].contains(";42,01;;0x1f;02 low flow;t2: значения нет (50)"),
        "{}",
        lines[19]
    );
    let book = api
        .get(&format!("/api/v1/points/1/archive.xlsx?{}&lang=en", period()))
        .await;
    assert_eq!(book.status, 200);
    assert!(book.body.starts_with("PK"), "a workbook is a package");
    assert_eq!("de".parse::<Lang>().unwrap_err(), "\"de\", expected ru or en");
}

/// A device with a daily archive and totals that were read at noon.
#[tokio::test]
async fn totals_stand_beside_the_sums_between_their_readings() {
    let api = TestApi::start().await;
    api.store.import(vec![new_device(1)]).await.unwrap();
    let session = begin(&api.store, DeviceId(1)).await;
    let column = |id: &str, aggregate| Column {
        id: id.to_owned(),
        quantity: "heat-energy".to_owned(),
        unit: "Gcal".to_owned(),
        point: 1,
        tariff: 0,
        pipe: None,
        aggregate,
        decimals: Some(2),
    };
    let record = |kind, start, end, digits| Record {
        kind,
        starts_at: start,
        ends_at: end,
        label: None,
        length_s: None,
        cells: vec![Cell {
            value: Value::Fixed { digits, decimals: 2 },
            quality: Quality::Good,
            code: None,
        }],
        conditions: Vec::new(),
    };
    let put = async |column: Column, records: Vec<Record>| {
        let batch = RecordBatch {
            device: DeviceId(1),
            session,
            columns: Arc::from([column]),
            records,
            resume: None,
        };
        api.store.put_records(batch).await.unwrap();
    };
    let hours = (1..=10).map(|hours| {
        record(
            RecordKind::Archive(ArchiveKind::Hourly),
            ago(hours),
            ago(hours - 1),
            100,
        )
    });
    put(column("Q", Aggregate::Sum), hours.collect()).await;
    let totals = [(10, 50_000), (1, 50_900)].map(|(at, digits)| record(RecordKind::Totals, ago(at), ago(at), digits));
    put(column("QI", Aggregate::Total), totals.to_vec()).await;
    let found = api
        .json(&format!(
            "/api/v1/points/1/totals?kind=hourly&from={}&to={}",
            ago(10),
            ago(0)
        ))
        .await;
    let one = &found["items"][0];
    assert_eq!((&one["total_id"], &one["sum_id"]), (&json!("QI"), &json!("Q")));
    assert_eq!(
        (&one["difference"], &one["sum"], &one["intervals"]),
        (&json!(9.0), &json!(9.0), &json!(9))
    );
    assert_eq!(one["agrees"], true);
    let worse = record(RecordKind::Totals, ago(0), ago(0), 53_000);
    put(column("QI", Aggregate::Total), vec![worse]).await;
    let found = api
        .json(&format!(
            "/api/v1/points/1/totals?kind=hourly&from={}&to={}",
            ago(10),
            ago(0)
        ))
        .await;
    assert_eq!(found["items"][0]["agrees"], false);
}

#[tokio::test]
async fn settings_are_told_as_they_were_and_the_journal_is_filtered() {
    let api = filled().await;
    let session = begin(&api.store, DeviceId(1)).await;
    let setting = Setting {
        id: "g".to_owned(),
        title: "Least flow".to_owned(),
        value: Value::Fixed {
            digits: 40,
            decimals: 2,
        },
        unit: None,
        writable: false,
    };
    api.store
        .put_settings(DeviceId(1), session, ago(0), std::slice::from_ref(&setting))
        .await
        .unwrap();
    // The same again is no change.
    api.store
        .put_settings(DeviceId(1), session, ago(-1), &[setting])
        .await
        .unwrap();
    let then = api.json(&format!("/api/v1/devices/1/settings?at={}", ago(1))).await;
    assert_eq!(then["items"][0]["value"], 0.25);
    let changes = api.walk("/api/v1/devices/1/settings/changes", 1).await;
    let shown: Vec<_> = changes
        .iter()
        .map(|one| (&one["is_first"], &one["before"], &one["value"]))
        .collect();
    assert_eq!(
        shown,
        [
            (&json!(false), &json!(0.25), &json!(0.4)),
            (&json!(true), &Json::Null, &json!(0.25))
        ]
    );
    let count = async |query: &str| api.walk(&format!("/api/v1/devices/1/events?{query}"), 100).await.len();
    assert_eq!(count("severity=alarm").await, 7);
    assert_eq!(count("severity=info").await, 0);
    assert_eq!(count("q=3").await, 1);
    assert_eq!(count(&format!("from={}", ago(2))).await, 0);
    assert_eq!(api.get("/api/v1/devices/1/events?severity=bad").await.status, 400);
}

#[tokio::test]
async fn a_host_without_a_park_replays_nothing() {
    let api = filled().await;
    assert_eq!(api.post("/api/v1/sessions/1/replay", &json!({})).await.status, 404);
    assert_eq!(api.post("/api/v1/sessions/999/replay", &json!({})).await.status, 404);
}
