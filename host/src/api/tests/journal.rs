//! The journal filtered and exported; lines, and how well the talk goes.

use super::*;

/// A session of `device` over line 1, so many minutes ago, that ended so.
async fn session(api: &TestApi, device: i64, minutes: i64, outcome: Outcome, detail: &str) -> SessionId {
    let started_at = Timestamp::now() - jiff::SignedDuration::from_mins(minutes);
    let new = NewSession {
        device: DeviceId(device),
        line: LineId(device),
        driver: "hm1".to_owned(),
        driver_version: "1.0.0".to_owned(),
        driver_digest: "d1".to_owned(),
        reason: Reason::Schedule,
        started_at,
    };
    let session = api.store.begin_session(new).await.unwrap();
    let end = SessionEnd {
        ended_at: started_at + jiff::SignedDuration::from_secs(9),
        outcome,
        detail: Some(detail.to_owned()).filter(|text| !text.is_empty()),
        identity: end(session).identity.filter(|_| outcome == Outcome::Complete),
        counters: Counters {
            exchanges: 10,
            retries: 2,
            wall_ms: 9_000,
            ..Counters::default()
        },
        ..end(session)
    };
    api.store.end_session(end).await.unwrap();
    session
}

/// Devices 1 to 3; seven sessions, the first the oldest.
async fn journal() -> TestApi {
    let api = TestApi::start().await;
    api.store.import((1..=3).map(new_device).collect()).await.unwrap();
    session(&api, 1, 60 * 24 * 9, Outcome::Complete, "").await;
    session(&api, 1, 50, Outcome::NoAnswer, "The METER is silent").await;
    session(&api, 1, 40, Outcome::Garbled, "=1+1").await;
    session(&api, 1, 30, Outcome::Complete, "").await;
    session(&api, 2, 20, Outcome::ModemSilent, "number 112").await;
    session(&api, 2, 10, Outcome::Cancelled, "").await;
    begin(&api.store, DeviceId(3)).await;
    api
}

fn ids(page: &Json) -> Vec<i64> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_i64().unwrap()).collect()
}

/// An instant so many minutes ago, as a query has it.
fn minutes_ago(minutes: i64) -> String {
    (Timestamp::now() - jiff::SignedDuration::from_mins(minutes)).to_string()
}

#[tokio::test]
async fn the_journal_is_filtered_by_all_that_a_dispatcher_asks_for() {
    let api = journal().await;
    let (from, to) = (minutes_ago(45), minutes_ago(15));
    for (query, want) in [
        ("", vec![7, 6, 5, 4, 3, 2, 1]),
        ("device=1", vec![4, 3, 2, 1]),
        ("line=2", vec![6, 5]),
        ("outcome=complete", vec![4, 1]),
        ("cause=meter-silent", vec![2]),
        ("cause=modem", vec![5]),
        ("cause=garbled&device=1", vec![3]),
        ("cause=cancelled", vec![6]),
        ("cause=driver", vec![]),
        ("q=meter%20IS", vec![2]),
        ("q=КОТЁЛ%20002", vec![6, 5]),
        ("q=127.0.0.1:2", vec![6, 5]),
        ("q=nothing", vec![]),
        (&format!("from={from}&to={to}"), vec![5, 4, 3]),
        (&format!("from={from}&cause=garbled"), vec![3]),
        (&format!("to={}", minutes_ago(60 * 24 * 30)), vec![]),
    ] {
        let query = query
            .replace('К', "%D0%9A")
            .replace('О', "%D0%9E")
            .replace('Т', "%D0%A2");
        let query = query.replace('Ё', "%D0%81").replace('Л', "%D0%9B");
        let page = api.json(&format!("/api/v1/sessions?{query}")).await;
        assert_eq!((ids(&page), &page["next"]), (want.clone(), &Json::Null), "{query}");
        let walked = api.walk(&format!("/api/v1/sessions?{query}"), 1).await;
        assert_eq!(walked.len(), want.len(), "{query} by 1");
    }
    let silent = api.json("/api/v1/sessions/2").await;
    assert_eq!(
        (&silent["cause"], &silent["retries"]),
        (&json!("meter-silent"), &json!(2))
    );
    assert_eq!(api.json("/api/v1/sessions/4").await["cause"], Json::Null);
    for query in ["cause=weather", "outcome=fine", "from=yesterday", "colour=red"] {
        assert_eq!(
            api.get(&format!("/api/v1/sessions?{query}")).await.status,
            400,
            "{query}"
        );
    }
}

/// The rows of an answer in CSV, which comes in parts of unknown length.
fn table(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body.lines().filter(|line| line.contains(',')).collect()
}

#[tokio::test]
async fn the_journal_is_exported_as_it_is_filtered_and_no_text_becomes_a_formula() {
    let api = journal().await;
    let answer = api.get("/api/v1/sessions.csv?device=1").await;
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    let rows = table(&answer);
    assert!(
        rows[0].starts_with("id,started_at,ended_at,device_id,device,"),
        "{}",
        rows[0]
    );
    let keys: Vec<_> = rows[1..].iter().map(|row| row.split(',').next().unwrap()).collect();
    assert_eq!(keys, ["4", "3", "2", "1"]);
    assert!(rows[2].contains(",garbled,garbled,'=1+1,10,2,"), "{}", rows[2]);
    assert!(!answer.body.contains("secret"), "{}", answer.body);

    let rest = api.get("/api/v1/sessions.csv?limit=2&after=6").await;
    let rows = table(&rest);
    assert!(rows[1].starts_with("5,") && rows[2].starts_with("4,"), "{rows:?}");
    assert_eq!(rows.len(), 3);
    assert_eq!(
        table(&api.get("/api/v1/sessions.csv?cause=driver").await).len(),
        1,
        "a head alone"
    );
    assert_eq!(api.get("/api/v1/sessions.csv?limit=0").await.status, 400);
}

#[tokio::test]
async fn an_export_goes_on_over_many_pages() {
    let api = journal().await;
    let count = 2 * i64::from(crate::limits::EXPORT_PAGE) + 10;
    let sessions = (0..count).map(|_| begin(&api.store, DeviceId(2)));
    for session in futures::future::join_all(sessions).await {
        assert!(session.0 > 0);
    }
    let answer = api.get("/api/v1/sessions.csv").await;
    let keys: Vec<i64> = table(&answer)[1..]
        .iter()
        .map(|row| row.split(',').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(i64::try_from(keys.len()).unwrap(), count + 7);
    assert!(keys.is_sorted_by(|a, b| a > b), "newest first, each once");
}

#[tokio::test]
async fn health_tells_a_silent_meter_from_a_silent_modem_and_a_rejected_answer() {
    let api = journal().await;
    let meter = api.json("/api/v1/devices/1/health").await;
    assert_eq!((&meter["sessions"], &meter["complete"]), (&json!(3), &json!(1)));
    assert_eq!(meter["success_share"], json!(1.0 / 3.0));
    assert_eq!(meter["retry_share"], json!(0.2));
    assert_eq!(meter["busy_s"], json!(27.0));
    let causes = meter["causes"].as_array().unwrap();
    assert!(
        causes.contains(&json!({ "cause": "meter-silent", "sessions": 1 })),
        "{causes:?}"
    );
    assert!(
        causes.contains(&json!({ "cause": "garbled", "sessions": 1 })),
        "{causes:?}"
    );
    assert_eq!(meter["last_session"]["id"], 4);
    assert_eq!(meter["last_contact_at"], meter["last_session"]["ended_at"]);
    let longer = api.json("/api/v1/devices/1/health?days=10").await;
    assert_eq!(
        (&longer["sessions"], &longer["success_share"]),
        (&json!(4), &json!(0.5))
    );

    let modem = api.json("/api/v1/lines/2/health").await;
    assert_eq!(modem["sessions"], 2);
    assert_eq!(modem["success_share"], json!(0.0), "what was cancelled does not count");
    assert_eq!(modem["last_contact_at"], Json::Null);
    let outcomes = modem["outcomes"].as_array().unwrap();
    assert!(
        outcomes.contains(&json!({ "outcome": "modem-silent", "sessions": 1 })),
        "{outcomes:?}"
    );

    let never = api.json("/api/v1/devices/3/health").await;
    assert_eq!((&never["sessions"], &never["success_share"]), (&json!(0), &Json::Null));
    for (path, status) in [
        ("devices/9/health", 404),
        ("lines/9/health", 404),
        ("lines/9", 404),
        ("devices/1/health?days=0", 400),
    ] {
        assert_eq!(api.get(&format!("/api/v1/{path}")).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn lines_are_listed_with_their_devices_and_how_they_fared() {
    let api = journal().await;
    let mut second = new_device(1);
    second.name = "Насос".to_owned();
    api.store.add_device(&second).await.unwrap();
    let lines = api.walk("/api/v1/lines", 2).await;
    assert_eq!(lines.len(), 3);
    let first = api.json("/api/v1/lines/1").await;
    assert!(lines.contains(&first), "{lines:?}");
    assert_eq!(
        (&first["kind"], &first["address"], &first["options"]),
        (&json!("tcp"), &json!("127.0.0.1:1"), &json!(""))
    );
    let names: Vec<_> = first["devices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|device| &device["name"])
        .collect();
    assert_eq!(names, ["Котёл 001", "Насос"]);
    assert_eq!(first["last_session"]["outcome"], "complete");
    assert_eq!(
        api.json("/api/v1/lines/3").await["last_session"],
        Json::Null,
        "it still runs"
    );
}
