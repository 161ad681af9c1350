//! Polling as people order it: other ways to a device, groups, schedules.

use meter_sim::{Faults, Vkt7};
use serde_json::json;
use sqlx::Row as _;
use system_tests::{TestHost, parts};

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

#[tokio::test(flavor = "multi_thread")]
async fn a_program_talks_to_the_meter_through_a_tunnel_while_polling_of_its_line_waits() {
    let meter = young(1).link().start_tcp().await.unwrap();
    let line = tcp(&meter);
    let csv = format!(
        "name,driver,line,tasks,config\nboiler,vkt7,{line},clock hourly,address=1\n\
         neighbour,vkt7,{line},clock,address=1\n"
    );
    let host = TestHost::start_with(&csv, ON_DEMAND);
    let (device, neighbour) = (host.device("boiler").await, host.device("neighbour").await);
    let path = format!("/api/v1/devices/{device}/tunnel");
    assert_eq!(host.post(&path, &json!({"minutes": 0})).await.0, 400);
    let (status, tunnel) = host.post(&path, &json!({"minutes": 30})).await;
    assert_eq!(status, 202, "{tunnel}");
    assert_eq!(host.post(&path, &json!({"minutes": 30})).await.0, 409, "one at a time");
    // Whatever drives the meter: here our own program, as the maker's would.
    let through = format!("tcp:{}", tunnel["address"].as_str().unwrap());
    let driver = parts::drivers_folder().join("vkt7.wasm");
    let read = [
        "read",
        "--driver",
        driver.to_str().unwrap(),
        "--line",
        &through,
        "--set",
        "address=1",
        "--what",
        "clock,hourly",
        "--format",
        "json",
    ];
    let read: serde_json::Value = serde_json::from_str(&host.uzel(&read)).unwrap();
    assert_eq!(read["outcome"], "complete", "{read}");
    // The neighbour on the same line waits until the tunnel is closed.
    let order = format!("/api/v1/devices/{neighbour}/read-now");
    assert_eq!(host.post(&order, &json!({"what": ["clock"]})).await.0, 202);
    let sessions = host.get(&format!("/api/v1/sessions?device={device}")).await;
    let session = &sessions["items"][0];
    assert_eq!(
        (&session["reason"], &session["outcome"]),
        (&json!("tunnel"), &json!(null)),
        "{session}"
    );
    assert_eq!(
        host.get(&format!("/api/v1/sessions?device={neighbour}")).await["items"],
        json!([])
    );
    let status = host.delete(&format!("/api/v1/sessions/{}", session["id"])).await;
    assert!((200..300).contains(&status), "{status}");
    assert_eq!(host.session_ended(neighbour).await["outcome"], "complete");
    let ended = host.session_ended(device).await;
    assert_eq!(ended["outcome"], "cancelled");
    assert!(ended["bytes_received"].as_u64() > Some(100), "{ended}");
    let shown = host.get(&format!("/api/v1/devices/{device}")).await;
    assert_eq!(
        shown["state"], "new",
        "a tunnel says nothing of how the device fares: {shown}"
    );
}
