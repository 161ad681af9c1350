//! Modems call the host: each way of greeting, the list of unknown callers, the newest connection.

mod storm;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use meter_sim::{AdapterText, Caller, Faults, Modem};
use serde_json::{Value as Json, json};
use system_tests::TestHost;

use crate::devices::{ON_DEMAND, assert_no_incident, assert_whole, usual, word, young};
use crate::judge::{Judge, Model};

const IMEI: &str = "868441036775234";

/// Devices of name and line; their lines wait as for a local network.
fn devices(rows: &[(&str, &str)]) -> String {
    devices_that_wait(rows, 1_000)
}

/// Devices whose answers are waited for so long.
fn devices_that_wait(rows: &[(&str, &str)], timeout_ms: u32) -> String {
    let rows = rows.iter().map(|(name, line)| {
        format!(
            "{name},vkt7,{line},latency=100 silence=50,clock totals hourly daily monthly,address=1 timeout_ms={timeout_ms},\
             Europe/Moscow\n"
        )
    });
    format!(
        "name,driver,line,line_options,tasks,config,zone\n{}",
        rows.collect::<String>()
    )
}

fn listener(name: &str, greeting: &str, more: &str) -> String {
    format!("[[listeners]]\nname = '{name}'\nlisten = '127.0.0.1:0'\ngreeting = '{greeting}'\n{more}\n")
}

/// Where a listener listens.
async fn address(host: &TestHost, name: &str) -> SocketAddr {
    let found = seen(host, name).await;
    found["listen"].as_str().unwrap().parse().unwrap()
}

/// A listener as the API shows it.
async fn seen(host: &TestHost, name: &str) -> Json {
    let listeners = host.get("/api/v1/listeners").await;
    let all = listeners["items"].as_array().unwrap();
    let found = all.iter().find(|listener| listener["name"] == name);
    found.unwrap_or_else(|| panic!("{name} is not in {listeners}")).clone()
}

async fn connected(host: &TestHost, name: &str, count: u64) {
    host.until(&format!("{count} callers at {name}"), async |host| {
        (seen(host, name).await["connected"].as_u64() == Some(count)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_greeting_leads_to_the_meter() {
    let every = Duration::from_millis(900);
    let beat = [0xB5, 0xBC, 0xBD, 0xBE, 0xBF];
    let modems = [
        ("none", "127.0.1.7", Modem::silent().from(Ipv4Addr::new(127, 0, 1, 7))),
        (
            "fixed",
            "12345678",
            Modem::greeting("12345678").behind(*b"+++\r\nATZ\r\n"),
        ),
        ("text", "boiler-7", Modem::greeting("boiler-7\r\n").split()),
        ("pattern", "4711", Modem::greeting("\u{2}ID=4711;V=2\n")),
        ("irz", IMEI, Modem::irz(IMEI).heartbeat(beat, every).interrupts()),
        ("irz", "868441036775242", Modem::irz("868441036775242").split().glues()),
        ("wrx", IMEI, Modem::wrx(IMEI).split()),
        ("assv", "4040442", Modem::assv("4040442")),
        (
            "dtu",
            "1001",
            Modem::greeting("LOGIN:1001").heartbeat(*b"ping", every).prefixes(),
        ),
    ];
    let names: Vec<String> = (0..modems.len()).map(|number| format!("meter-{number}")).collect();
    let lines: Vec<String> = modems
        .iter()
        .map(|(listener, identity, _)| format!("incoming:{listener}/{identity}"))
        .collect();
    let rows: Vec<_> = names
        .iter()
        .zip(&lines)
        .map(|(name, line)| (name.as_str(), line.as_str()))
        .collect();
    let config = [
        ON_DEMAND.to_owned(),
        listener("none", "none", ""),
        listener("fixed", "fixed", "length = 8"),
        listener("text", "text", r#"delimiter = "\r\n""#),
        listener(
            "pattern",
            "pattern",
            "prefix = 'hex:02'\npattern = 'ID=(?<id>[0-9]+);V=[0-9]\\n'",
        ),
        // A busy machine may take its time between two bytes of a greeting.
        listener("irz", "irz-atm", "pause_ms = 2000"),
        listener("wrx", "teleofis-wrx", ""),
        listener("assv", "assv-030", ""),
        listener(
            "dtu",
            "dtu",
            "prefix = 'LOGIN:'\nstrip_each_packet = true\nheartbeats = ['ping']",
        ),
    ];
    let host = TestHost::start_with(&devices(&rows), &config.join("\n"));
    let pool = host.pool().await;
    let mut callers = Vec::new();
    for (number, (listener, _, modem)) in (0u64..).zip(modems) {
        let meter = young(2).seed(300 + number).link();
        callers.push(meter.call(address(&host, listener).await, modem));
    }
    for (name, caller) in names.iter().zip(&callers) {
        let device = host.device(name).await;
        let session = host.read_now(device, &usual()).await;
        assert_eq!(word(&session), "complete", "{name}: {session}\n{}", host.log());
        assert_whole(&Judge::of(Model::Vkt7, caller.meter()), &pool, device).await;
        assert_eq!(caller.calls(), 1, "{name}: the connection stayed");
    }
    // A second session has the same connection.
    let again = host.read_now(host.device(&names[7]).await, &usual()).await;
    assert_eq!((word(&again), callers[7].calls()), ("complete", 1), "{again}");
    assert_no_incident(&pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_caller_is_listed_then_approved_then_bound_then_read_then_refused() {
    let host = TestHost::start_with(&devices(&[]), &listener("gprs", "irz-atm", ""));
    let server = address(&host, "gprs").await;
    let caller = young(1)
        .seed(41)
        .link()
        .call(server, Modem::irz(IMEI).again(Duration::from_millis(200)));
    let liar = young(1)
        .link()
        .call(server, Modem::greeting("GET / HTTP/1.1\r\n\r\n").once());
    let listed = async |host: &TestHost, identity: &str| {
        let callers = host.get("/api/v1/callers?listener=gprs&limit=10").await;
        let all = callers["items"].as_array().unwrap().clone();
        all.into_iter().find(|caller| caller["identity"] == identity)
    };
    let new = host
        .until("the caller in the list", async |host| listed(host, IMEI).await)
        .await;
    assert_eq!(
        (&new["state"], &new["connected"], &new["signal_csq"], &new["devices"]),
        (&json!("new"), &json!(true), &json!(16), &json!([])),
        "{new}"
    );
    assert!(
        new["greeting"].as_str().unwrap().starts_with("41 54 24 49 4D 45 49 3D"),
        "{new}"
    );
    assert_eq!(new["line"], json!(format!("incoming:gprs/{IMEI}")));
    let bad = host
        .until("the liar in the list", async |host| listed(host, "?127.0.0.1").await)
        .await;
    assert!(bad["fault"].as_str().unwrap().contains("expected AT$IMEI="), "{bad}");
    assert_eq!(liar.calls(), 1);

    let name = format!("gprs/{IMEI}");
    assert!(host.uzel(&["caller", "list", "--config", "uzel.toml"]).contains(&name));
    host.uzel(&["caller", "approve", &name, "--config", "uzel.toml"]);
    let approved = listed(&host, IMEI).await.unwrap();
    assert_eq!(approved["state"], json!("approved"));
    assert_eq!(caller.requests(), 0, "nobody reads what no device names");

    let line = format!("incoming:{name}");
    let add = [
        "device", "add", "--name", "boiler-7", "--driver", "vkt7", "--line", &line,
    ];
    host.uzel(&[&add[..], &["--set", "address=1", "--config", "uzel.toml"]].concat());
    let device = host.device("boiler-7").await;
    let session = host.session_ended(device).await;
    assert_eq!(word(&session), "complete", "{session}");
    let bound = listed(&host, IMEI).await.unwrap();
    assert_eq!(bound["devices"][0]["name"], json!("boiler-7"), "{bound}");
    host.until("the bytes of the session", async |host| {
        let bytes = listed(host, IMEI).await?["bytes_received"].as_i64()?;
        (bytes >= session["bytes_received"].as_i64()?).then_some(())
    })
    .await;

    let path = format!("/api/v1/callers/{}/refuse", new["id"]);
    let (status, refused) = host.post(&path, &json!({})).await;
    assert_eq!((status, &refused["state"]), (200, &json!("refused")), "{refused}");
    host.until("the refusal", async |host| {
        let gprs = seen(host, "gprs").await;
        (gprs["connected"] == json!(0) && gprs["turned_away"].as_u64() > Some(0)).then_some(())
    })
    .await;
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "line-refused", "{session}");
    let (status, _) = host.post("/api/v1/callers/999999/approve", &json!({})).await;
    assert_eq!(status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_connection_of_a_caller_wins() {
    let config = [ON_DEMAND.to_owned(), listener("gprs", "irz-atm", "return_s = 0")].join("\n");
    let line = format!("incoming:gprs/{IMEI}");
    let host = TestHost::start_with(&devices(&[("meter", &line)]), &config);
    let (device, server) = (host.device("meter").await, address(&host, "gprs").await);

    let silent = host.read_now(device, &usual()).await;
    assert_eq!(word(&silent), "modem-silent", "{silent}");
    assert!(
        silent["detail"].as_str().unwrap().contains("was never heard"),
        "{silent}"
    );

    let meter = || young(1).seed(51).serial("00051051");
    let slow = meter().faults(Faults::new().delay(Duration::from_millis(300))).link();
    let old = slow.call(server, Modem::irz(IMEI).once());
    connected(&host, "gprs", 1).await;
    let (status, _) = host.post(&format!("/api/v1/devices/{device}/read-now"), &usual()).await;
    assert_eq!(status, 202);
    host.until("the first questions", async |_| (old.requests() > 1).then_some(()))
        .await;
    let new = meter().link().call(server, Modem::irz(IMEI).once());
    let cut = host
        .until("the end of the old session", async |host| {
            let sessions = host
                .get(&format!("/api/v1/sessions?device={device}&outcome=line-closed"))
                .await;
            sessions["items"].get(0).cloned()
        })
        .await;
    assert!(
        cut["detail"]
            .as_str()
            .unwrap()
            .contains("replaced by a newer connection"),
        "{cut}"
    );
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "complete", "{session}");
    assert!(new.requests() > 0);
    assert_whole(&Judge::of(Model::Vkt7, new.meter()), &host.pool().await, device).await;
    assert_eq!(seen(&host, "gprs").await["replaced"], json!(1));

    new.hang_up();
    connected(&host, "gprs", 0).await;
    let gone = host.read_now(device, &usual()).await;
    assert_eq!(word(&gone), "modem-silent", "{gone}");
    assert!(
        gone["detail"].as_str().unwrap().contains("it was last heard at 20"),
        "{gone}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_modem_that_comes_back_is_read_at_once() {
    let line = format!("incoming:gprs/{IMEI}");
    let config = listener("gprs", "irz-atm", "return_s = 0");
    let host = TestHost::start_with(&devices(&[("meter", &line)]), &config);
    let device = host.device("meter").await;
    let silent = host.session_ended(device).await;
    assert_eq!((word(&silent), &silent["reason"]), ("modem-silent", &json!("schedule")));
    // After these the next try is a quarter of an hour away, longer than this test waits.
    for _ in 0..4 {
        assert_eq!(word(&host.read_now(device, &usual()).await), "modem-silent");
    }
    let caller = young(1)
        .seed(91)
        .link()
        .call(address(&host, "gprs").await, Modem::irz(IMEI));
    let read = host
        .until("a session by schedule", async |host| {
            let sessions = host
                .get(&format!("/api/v1/sessions?device={device}&outcome=complete"))
                .await;
            sessions["items"].get(0).cloned()
        })
        .await;
    assert_eq!(read["reason"], json!("schedule"), "{read}");
    assert!(caller.requests() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_modem_that_stalls_or_fell_silent_is_let_go_and_may_come_back() {
    let config = [
        ON_DEMAND.to_owned(),
        listener("gprs", "irz-atm", "return_s = 0\nidle_s = 2\ngreeting_s = 3"),
    ];
    let line = format!("incoming:gprs/{IMEI}");
    let host = TestHost::start_with(&devices(&[("meter", &line)]), &config.join("\n"));
    let (device, server) = (host.device("meter").await, address(&host, "gprs").await);
    let beat = [0xB5, 0xBC, 0xBD, 0xBE, 0xBF];
    let modem = || Modem::irz(IMEI).heartbeat(beat, Duration::from_millis(300));
    let stalls = young(1).link().call(server, Modem::irz(IMEI).stalls_after(5).once());
    host.until("the end of the greeting that never ends", async |host| {
        (seen(host, "gprs").await["bad_greetings"] == json!(1)).then_some(())
    })
    .await;
    drop(stalls);
    let caller = young(1).seed(61).link().call(server, modem());
    connected(&host, "gprs", 1).await;
    caller.freeze();
    connected(&host, "gprs", 0).await;
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "modem-silent", "{session}");
    let back = young(1).seed(61).link().call(server, modem());
    connected(&host, "gprs", 1).await;
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "complete", "{session}");
    assert!(back.requests() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_adapter_says_in_the_meters_place_names_the_failure() {
    let config = [ON_DEMAND.to_owned(), listener("assv", "assv-030", "")].join("\n");
    let rows = [("busy", "incoming:assv/1000"), ("failed", "incoming:assv/2000")];
    let host = TestHost::start_with(&devices(&rows), &config);
    let server = address(&host, "assv").await;
    let texts = [("1000", AdapterText::Busy), ("2000", AdapterText::Failed)];
    let callers: Vec<Caller> = texts
        .into_iter()
        .map(|(identity, text)| young(1).link().call(server, Modem::assv(identity).says(text)))
        .collect();
    for (name, outcome, words) in [("busy", "line-busy", "«Занято»"), ("failed", "no-answer", "«Ошибка»")]
    {
        let session = host.read_now(host.device(name).await, &usual()).await;
        assert_eq!(word(&session), outcome, "{session}");
        assert!(session["detail"].as_str().unwrap().contains(words), "{session}");
    }
    assert!(callers.iter().all(|caller| caller.calls() == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_come_late_are_not_taken_for_others() {
    let config = [ON_DEMAND.to_owned(), listener("gprs", "irz-atm", "")].join("\n");
    let line = format!("incoming:gprs/{IMEI}");
    let host = TestHost::start_with(&devices_that_wait(&[("meter", &line)], 200), &config);
    let (device, server) = (host.device("meter").await, address(&host, "gprs").await);
    let late = Faults::new().seed(5).late(0.02).duplicate(0.02);
    let caller = young(1).seed(71).faults(late).link().call(server, Modem::irz(IMEI));
    let judge = Judge::of(Model::Vkt7, caller.meter());
    host.until("everything the meter holds", async |host| {
        (word(&host.read_now(device, &usual()).await) == "complete").then_some(())
    })
    .await;
    let pool = host.pool().await;
    assert_whole(&judge, &pool, device).await;
    assert_no_incident(&pool).await;
}
