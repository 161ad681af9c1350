//! Polling as people order it: other ways to a device, groups, schedules.

use meter_sim::{Faults, Vkt7};
use serde_json::json;
use sqlx::Row as _;
use system_tests::TestHost;

use crate::devices::{ON_DEMAND, standing_clock, tcp, young};

/// An address at which nobody listens.
fn dead_end() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    format!("tcp:{}", listener.local_addr().expect("an address"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_not_reached_is_tried_over_its_next_route() {
    let meter = young(2).link().start_tcp().await.unwrap();
    let csv = format!(
        "name,driver,line,tasks,config\nboiler,vkt7,{} {},clock hourly,address=1\n",
        dead_end(),
        tcp(&meter)
    );
    let host = TestHost::start_with(&csv, ON_DEMAND);
    let device = host.device("boiler").await;
    let last = host.read_now(device, &json!({"what": []})).await;
    let sessions = host
        .until("a complete session", async |host| {
            let sessions = host.get(&format!("/api/v1/sessions?device={device}")).await;
            let items = sessions["items"].as_array()?.clone();
            (items.first()?["outcome"] == "complete").then_some(items)
        })
        .await;
    let outcomes: Vec<_> = sessions.iter().rev().map(|session| &session["outcome"]).collect();
    assert_eq!(outcomes, ["line-refused", "complete"], "{last}");
    assert_ne!(sessions[0]["line"], sessions[1]["line"]);
    let pool = host.pool().await;
    let sql = "select count(*) as n, min(session_id) as session from record where kind = 'hourly'";
    let row = sqlx::query(sql).fetch_one(&pool).await.unwrap();
    assert!(row.get::<i64, _>("n") > 0);
    assert_eq!(
        row.get::<i64, _>("session"),
        sessions[0]["id"],
        "the record knows its route"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_has_no_more_sessions_at_once_than_it_may() {
    let mut csv = "name,driver,line,group,config\n".to_owned();
    let mut meters = Vec::new();
    for number in 0..4 {
        let meter = young(1).seed(number).link().start_tcp().await.unwrap();
        csv.push_str(&format!("meter-{number},vkt7,{},gsm,address=1\n", tcp(&meter)));
        meters.push(meter);
    }
    let mut host = TestHost::prepare("name,driver,line\n", "");
    let schedule = "H 2 * * *: clock hourly within 10m";
    host.uzel(&[
        "group",
        "set",
        "gsm",
        "--schedule",
        schedule,
        "--sessions",
        "1",
        "--config",
        "uzel.toml",
    ]);
    std::fs::write(host.folder().join("devices.csv"), csv).unwrap();
    host.uzel(&["device", "import", "devices.csv", "--config", "uzel.toml"]);
    let list = host.uzel(&["group", "list", "--config", "uzel.toml"]);
    assert_eq!(list, format!("gsm\t4 devices\t{schedule}\tat most 1 at once\n"));
    host.spawn();
    // Devices that were never read are due at once, whatever their calendar says.
    for number in 0..4 {
        let device = host.device(&format!("meter-{number}")).await;
        assert_eq!(host.session_ended(device).await["outcome"], "complete");
        let shown = host.get(&format!("/api/v1/devices/{device}")).await;
        assert_eq!(
            (&shown["poll"]["schedule"], &shown["poll"]["group"]),
            (&json!(schedule), &json!("gsm"))
        );
        assert!(!shown["next_poll_at"].is_null(), "{shown}");
    }
    let pool = host.pool().await;
    let sql = "select count(*) from session a join session b on b.id > a.id and b.started_at_ms < a.ended_at_ms";
    let overlaps: i64 = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
    assert_eq!(overlaps, 0, "sessions of the group ran at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_meter_is_only_looked_for_until_it_answers_again() {
    let silent = Vkt7::builder()
        .clock(standing_clock())
        .faults(Faults::new().silence(1.0))
        .link()
        .start_tcp()
        .await
        .unwrap();
    let csv = format!(
        "name,driver,line,tasks,config\nboiler,vkt7,{},clock hourly,address=1 timeout_ms=100 attempts=1\n",
        tcp(&silent)
    );
    let host = TestHost::start_with(&csv, ON_DEMAND);
    let device = host.device("boiler").await;
    for _ in 0..4 {
        assert_eq!(
            host.read_now(device, &json!({"what": []})).await["outcome"],
            "no-answer"
        );
    }
    silent.set_faults(Faults::new());
    let again = host.read_now(device, &json!({"what": ["clock", "hourly"]})).await;
    assert_eq!(again["outcome"], "complete", "a look that is answered goes on: {again}");
    assert!(again["records_added"].as_u64() > Some(0), "{again}");
}
