//! What other programs follow: the change feed, records in bulk.

use std::time::Duration;

use super::*;

/// Every page of the feed.
async fn follow(api: &TestApi, limit: usize) -> (Vec<Json>, String) {
    let (mut items, mut after) = (Vec::new(), String::new());
    loop {
        let page = api.json(&format!("/api/v1/changes?limit={limit}{after}")).await;
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        let next = page["next"].as_str().unwrap().to_owned();
        if page["more"] == json!(false) {
            return (items, next);
        }
        after = format!("&after={next}");
    }
}

#[tokio::test]
async fn every_record_and_every_version_comes_once_in_the_order_in_which_it_came() {
    let api = filled().await;
    let (all, end) = follow(&api, 7).await;
    assert_eq!(all.len(), 20, "19 hours, and a second version of one");
    let keys: Vec<i64> = all.iter().map(|item| item["record"].as_i64().unwrap()).collect();
    assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?}");
    let last = &all[19];
    assert_eq!(
        (&last["version"], &last["start"]),
        (&json!(2), &json!(ago(20).to_string()))
    );
    assert_eq!(last["device"]["name"], "Котёл 001");
    assert_eq!(last["values"].as_array().unwrap().len(), 3);
    assert_eq!(last["values"][0]["value"], json!(0.01));
    assert_eq!(last["values"][1]["quality"], "absent");
    assert_eq!(last["conditions"][0]["series"], last["values"][1]["series"]);
    let page = api.json("/api/v1/changes?limit=1").await;
    assert_eq!(page["series"][0]["quantity"], "temperature");
    let rest = api.json(&format!("/api/v1/changes?after={end}")).await;
    assert_eq!(
        (&rest["items"], &rest["next"], &rest["more"]),
        (&json!([]), &json!(end), &json!(false))
    );
    let newest = api.json("/api/v1/changes?after=newest").await;
    assert_eq!((&newest["items"], &newest["next"]), (&json!([]), &json!(end)));
}

#[tokio::test]
async fn who_waits_gets_what_is_stored_meanwhile() {
    let api = filled().await;
    let (_, end) = follow(&api, 100).await;
    let path = format!("/api/v1/changes?after={end}&wait=30");
    let waits = api.get(&path);
    let stores = async {
        let session = begin(&api.store, DeviceId(3)).await;
        let stored = batch(DeviceId(3), session, vec![hour(1, 7)]);
        api.store.put_records(stored).await.unwrap();
    };
    let (answer, ()) = tokio::join!(waits, stores);
    let page = answer.json();
    assert_eq!(page["items"].as_array().unwrap().len(), 1, "{page}");
    assert_eq!(page["items"][0]["device"]["id"], 3);
    let begun = std::time::Instant::now();
    let nothing = api.json("/api/v1/changes?after=newest&wait=1").await;
    assert_eq!(nothing["items"], json!([]));
    // Not sooner; how much later is the machine's.
    assert!(begun.elapsed() >= Duration::from_secs(1), "it did not wait");
}

#[tokio::test]
async fn a_cursor_of_another_copy_is_told_and_nonsense_is_refused() {
    let api = filled().await;
    for (query, status, code) in [
        ("after=20-00000000", 409, "conflict"),
        ("after=21-00000000", 409, "conflict"),
        ("after=x", 400, "bad-query"),
        ("after=1", 400, "bad-query"),
        ("after=0-0%27%20or%201", 200, ""),
        ("limit=0", 400, "bad-query"),
        ("wait=31", 400, "bad-query"),
        ("wait=-1", 400, "bad-query"),
        ("site=1", 400, "bad-query"),
    ] {
        let answer = api.get(&format!("/api/v1/changes?{query}")).await;
        assert_eq!(answer.status, status, "{query}: {answer:?}");
        if status != 200 {
            assert_eq!(answer.json()["code"], code, "{query}");
        }
    }
}

/// Rows of a table behind its head.
fn rows(answer: &Answer) -> Vec<Row> {
    let text = unchunked(&answer.body);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

type Row = std::collections::HashMap<String, String>;

/// A body without the lengths of its pieces.
fn unchunked(body: &str) -> String {
    let (mut bytes, mut text) = (body.as_bytes(), Vec::new());
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let length = std::str::from_utf8(&bytes[..end]).unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        text.extend_from_slice(&bytes[end + 2..end + 2 + length]);
        bytes = &bytes[end + 2 + length + 2..];
        if length == 0 {
            break;
        }
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn records_in_bulk_are_a_value_a_row_and_no_text_is_a_formula() {
    let api = filled().await;
    let mut device = new_device(8);
    device.name = "=cmd|' /C calc'!A1".to_owned();
    api.store.import(vec![device]).await.unwrap();
    let session = begin(&api.store, DeviceId(6)).await;
    let stored = batch(DeviceId(6), session, vec![hour(1, -5), hour(2, -6)]);
    api.store.put_records(stored).await.unwrap();
    let answer = api.get("/api/v1/records.csv?archive=hourly").await;
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    let all = rows(&answer);
    assert_eq!(all.len(), 19 * 3 + 2 * 3);
    let first = &all[0];
    assert_eq!(
        (first["device"].as_str(), first["starts_at"].as_str()),
        ("Котёл 001", ago(20).to_string().as_str())
    );
    assert_eq!(
        (first["value"].as_str(), first["version"].as_str()),
        ("0.01", "2"),
        "the current version"
    );
    assert_eq!((all[1]["value"].as_str(), all[1]["quality"].as_str()), ("", "absent"));
    assert_eq!(
        (all[2]["text"].as_str(), all[2]["condition_codes"].as_str()),
        ("0x1f", "02")
    );
    let injected = &all[19 * 3];
    assert_eq!(injected["device"], "'=cmd|' /C calc'!A1");
    assert_eq!(injected["value"], "-0.06", "a number stays one");
    for (query, want) in [
        (format!("from={}&to={}", ago(3), ago(1)), 2 * 3 + 3),
        ("device=6".to_owned(), 6),
        ("device=99".to_owned(), 0),
        ("site=1".to_owned(), 19 * 3),
        ("organisation=1&node=1".to_owned(), 19 * 3),
        ("point=1".to_owned(), 19 * 3),
    ] {
        let answer = api.get(&format!("/api/v1/records.csv?archive=hourly&{query}")).await;
        assert_eq!(rows(&answer).len(), want, "{query}");
    }
    for query in [
        "",
        "archive=weekly",
        "archive=hourly&from=now",
        "archive=hourly&site=%27",
    ] {
        assert_eq!(
            api.get(&format!("/api/v1/records.csv?{query}")).await.status,
            400,
            "{query}"
        );
    }
}

#[tokio::test]
async fn who_leaves_stops_his_export() {
    let api = filled().await;
    // More than what sockets hold: an export that is not read does not end.
    for part in 0..8 {
        let records = (0..2_000).map(|n| hour(100 + part * 2_000 + n, n)).collect();
        api.store
            .put_records(batch(DeviceId(1), SessionId(1), records))
            .await
            .unwrap();
    }
    let request = format!(
        "GET /api/v1/records.csv?archive=hourly HTTP/1.1\r\nhost: {}\r\n\r\n",
        api.address
    );
    let mut readers = Vec::new();
    for _ in 0..crate::limits::BULK_EXPORTS {
        let mut stream = TcpStream::connect(api.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.read_exact(&mut [0; 64]).await.unwrap();
        readers.push(stream);
    }
    let refused = api.get("/api/v1/records.csv?archive=hourly").await;
    assert_eq!((refused.status, &refused.json()["code"]), (503, &json!("busy")));
    drop(readers);
    let mut tries = 0;
    while api.get("/api/v1/records.csv?archive=hourly&device=99").await.status != 200 {
        tries += 1;
        assert!(tries < 1_000, "exports that nobody reads go on");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
