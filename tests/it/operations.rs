//! A night of the one who keeps Uzel running: backup and restore, a changed configuration, a service manager, a stop.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use meter_sim::{Faults, Vkt7};
use serde_json::{Value as Json, json};
use system_tests::TestHost;

use crate::devices::{ON_DEMAND, devices, standing_clock, tcp, usual, word, young};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn stderr(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Starts a read and waits until its session talks.
async fn begin_reading(host: &TestHost, device: i64) {
    let (status, answer) = host.post(&format!("/api/v1/devices/{device}/read-now"), &usual()).await;
    assert_eq!(status, 202, "{answer}");
    host.until("a session that talks", async |host| {
        let health = host.get("/api/v1/health").await;
        (health["sessions_open"] == 1).then_some(())
    })
    .await;
}

async fn device_count(host: &TestHost) -> usize {
    host.get("/api/v1/devices").await["items"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_taken_while_meters_are_read_and_brings_the_day_back() {
    let meter = young(3).seed(51).start_tcp().await.unwrap();
    let line = tcp(&meter);
    let rows = [["meter", "vkt7", &line, "", "hourly daily", "address=1"]];
    let mut host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let device = host.device("meter").await;
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "complete", "{session}");

    let told = host.uzel(&["backup", "night.sqlite", "--config", "uzel.toml"]);
    assert!(told.contains("integrity and references in order"), "{told}");
    let records = session["records_added"].to_string();
    let counted = told
        .lines()
        .find(|line| line.trim_start().starts_with("record "))
        .unwrap();
    assert!(counted.ends_with(&records), "{told}");
    let again = host.try_uzel(&["backup", "night.sqlite", "--config", "uzel.toml"]);
    assert!(
        !again.status.success() && stderr(&again).contains("--force"),
        "{}",
        stderr(&again)
    );
    host.uzel(&["backup", "night.sqlite", "--force", "--config", "uzel.toml"]);

    let refused = host.try_uzel(&["restore", "night.sqlite", "--config", "uzel.toml"]);
    assert!(
        !refused.status.success() && stderr(&refused).contains("stop it first"),
        "{}",
        stderr(&refused)
    );
    let second = host.try_uzel(&["serve", "--config", "uzel.toml"]);
    assert!(
        !second.status.success() && stderr(&second).contains("stop it first"),
        "{}",
        stderr(&second)
    );
    host.uzel(&[
        "device",
        "add",
        "--config",
        "uzel.toml",
        "--name",
        "wrong",
        "--driver",
        "vkt7",
        "--line",
        &line,
    ]);
    assert_eq!(device_count(&host).await, 2);
    assert!(host.stop(), "{}", host.log());

    let told = host.uzel(&["restore", "night.sqlite", "--config", "uzel.toml"]);
    assert!(told.contains("is kept as"), "{told}");
    host.spawn();
    assert_eq!(device_count(&host).await, 1);
    let shown = host.get(&format!("/api/v1/devices/{device}")).await;
    let held: u64 = shown["archives"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["records"].as_u64().unwrap())
        .sum();
    assert_eq!(Some(held), session["records_added"].as_u64());
    assert!(host.stop(), "{}", host.log());
    host.uzel(&["vacuum", "--config", "uzel.toml"]);
}

/// A meter whose every answer takes its time, and the file that makes it a device.
async fn slow_meter(seed: u64) -> (meter_sim::Handle, String) {
    let meter = Vkt7::builder()
        .seed(seed)
        .clock(standing_clock())
        .start_tcp()
        .await
        .unwrap();
    meter.set_faults(Faults::new().delay(Duration::from_millis(60)));
    let line = tcp(&meter);
    let rows = [["meter", "vkt7", &line, "", "hourly", "address=1"]];
    (meter, devices(&rows))
}

/// A device whose session lasts, because every answer takes its time.
async fn slow_host(config: &str) -> (meter_sim::Handle, TestHost, i64) {
    let (meter, devices) = slow_meter(52).await;
    let host = TestHost::start_with(&devices, config);
    let device = host.device("meter").await;
    (meter, host, device)
}

fn rewrite(host: &TestHost, from: &str, to: &str) {
    let file = host.folder().join("uzel.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(&file, text.replace(from, to)).unwrap();
}

async fn logged(host: &TestHost, text: &str) {
    host.until(&format!("{text:?} in the log"), async |host| {
        host.log().contains(text).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_configuration_is_taken_over_and_no_session_is_dropped() {
    let (meter, host, device) = slow_host(ON_DEMAND).await;
    begin_reading(&host, device).await;
    rewrite(&host, "scheduled = false", "scheduled = 7\n[retention]\nhour = 99");
    host.signal("HUP");
    logged(&host, "the old one stays").await;
    let log = host.log();
    assert!(
        log.contains("retention.hour is 99") && log.contains("section polling"),
        "every fault is told: {log}"
    );

    rewrite(
        &host,
        "scheduled = 7\n[retention]\nhour = 99",
        "scheduled = true\nsession_s = 900",
    );
    rewrite(&host, "127.0.0.1:0", "127.0.0.1:1");
    host.signal("HUP");
    logged(&host, "the configuration was read anew").await;
    let log = host.log();
    assert!(log.contains("polling.scheduled is true now, was false"), "{log}");
    assert!(log.contains("polling.session_s is 900 now, was 1800"), "{log}");
    assert!(
        log.contains("http.listen is") && log.contains("which the next start takes over"),
        "{log}"
    );
    meter.set_faults(Faults::new());
    let session = host.session_ended(device).await;
    assert_eq!(
        (word(&session), &session["reason"]),
        ("complete", &json!("read-now")),
        "{session}"
    );
    let due = host.get(&format!("/api/v1/devices/{device}")).await["next_poll_at"].clone();
    assert!(due.is_string(), "it is polled from now on: {due}");
}

/// The next message to the service manager that has `part` in it; every one on the way to it is kept.
fn await_message(socket: &UnixDatagram, part: &str, all: &mut Vec<String>) {
    let mut bytes = [0; 4096];
    loop {
        let length = socket
            .recv(&mut bytes)
            .unwrap_or_else(|error| panic!("{part} did not come: {error}; {all:?}"));
        let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
        let is_it = text.lines().any(|line| line.starts_with(part));
        all.push(text);
        if is_it {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_manager_is_told_of_start_life_reload_and_stop_and_a_stop_ends_sessions_properly() {
    let (_meter, devices) = slow_meter(53).await;
    let mut host = TestHost::prepare(&devices, ON_DEMAND);
    let path = host.folder().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let variables = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "8000000")];
    host.spawn_with(&[], &variables);
    let mut all = Vec::new();
    await_message(&socket, "READY=1", &mut all);
    for _ in 0..3 {
        await_message(&socket, "WATCHDOG=1", &mut all);
    }
    host.signal("HUP");
    await_message(&socket, "RELOADING=1", &mut all);
    assert!(all.last().unwrap().contains("MONOTONIC_USEC="), "{all:?}");
    await_message(&socket, "READY=1", &mut all);

    let device = host.device("meter").await;
    begin_reading(&host, device).await;
    assert!(host.stop(), "{}", host.log());
    await_message(&socket, "STOPPING=1", &mut all);
    let log = host.log();
    assert!(!log.contains("did not end within"), "{log}");
    let outcome: Option<String> = sqlx::query_scalar("select outcome from session order by id desc limit 1")
        .fetch_one(&host.pool().await)
        .await
        .unwrap();
    assert_eq!(outcome.as_deref(), Some("cancelled"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_of_a_silent_meter_says_whom_to_call_and_is_exported() {
    let meter = young(2).seed(54).start_tcp().await.unwrap();
    let line = tcp(&meter);
    let rows = [["meter", "vkt7", &line, "", "clock", "address=1 timeout_ms=200"]];
    let host = TestHost::start_with(&devices(&rows), ON_DEMAND);
    let device = host.device("meter").await;
    assert_eq!(word(&host.read_now(device, &usual()).await), "complete");
    meter.set_faults(Faults::new().deaf(1.0));
    assert_eq!(word(&host.read_now(device, &usual()).await), "no-answer");

    let silent = host.get("/api/v1/sessions?cause=meter-silent").await;
    assert_eq!(silent["items"].as_array().unwrap().len(), 1, "{silent}");
    let health: Json = host.get(&format!("/api/v1/devices/{device}/health")).await;
    assert_eq!(health["success_share"], json!(0.5));
    assert_eq!(health["causes"], json!([{ "cause": "meter-silent", "sessions": 1 }]));
    let last_contact = host.get("/api/v1/sessions?cause=meter-silent&limit=1").await["items"][0]["started_at"].clone();
    assert!(health["last_contact_at"].as_str() < last_contact.as_str(), "{health}");
    let lines = host.get("/api/v1/lines").await;
    assert_eq!(lines["items"][0]["last_session"]["outcome"], "no-answer");
    let table = reqwest::get(format!("{}/api/v1/sessions.csv", host.address()))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(table.contains(",no-answer,meter-silent,"), "{table}");
}
