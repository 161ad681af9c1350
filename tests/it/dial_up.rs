//! Meters behind telephone numbers: read whole over a call, failures told apart, the call always ended.

use std::sync::Arc;
use std::time::Duration;

use meter_sim::{Far, Faults, Hayes, ModemEvent, PhoneBook};
use serde_json::{Value as Json, json};
use system_tests::session::Read;
use system_tests::{TestHost, parts};
use uzel::driver::Driver;
use uzel::model::{Outcome, Task};
use uzel::session::Transport;

use crate::devices::{ON_DEMAND, assert_no_incident, assert_whole, devices, stored, usual, word, young};
use crate::judge::{Judge, Model};
use crate::telephone::{NUMBER, book, ends, hung_up, number, pool, port, transport, until};

/// A read of the clock, and what ends it.
fn read(driver: Arc<Driver>, config: Json, transport: &Arc<Transport>, to: &str) -> Read {
    let mut read = Read::new(driver, number(to), config).task(Task::Clock);
    read.transport = transport.clone();
    read
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meter_is_read_whole_over_a_call() {
    let meter = young(2).seed(71).start_tcp().await.unwrap();
    let modem = Hayes::new(&book(&meter)).start_pty().unwrap();
    let line = format!("modem:gsm/{NUMBER}");
    let row = [
        "meter",
        "vkt7",
        &line,
        "",
        "clock totals hourly daily monthly",
        "address=1",
    ];
    let config = format!("{ON_DEMAND}\n{}", pool("gsm", &[&modem], "profile = 'gsm'"));
    let host = TestHost::start_with(&devices(&[row]), &config);
    let (device, pool) = (host.device("meter").await, host.pool().await);
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "complete", "{session}");
    assert_whole(&Judge::of(Model::Vkt7, &meter), &pool, device).await;
    assert_no_incident(&pool).await;
    assert_eq!(ends(&modem), [hung_up(NUMBER)]);
    assert!(modem.events().contains(&ModemEvent::Escaped));
    assert!(
        modem
            .events()
            .contains(&ModemEvent::Command("AT+CBST=71,0,1".to_owned()))
    );

    let shown = host.get(&format!("/api/v1/sessions/{}", session["id"])).await;
    let (on_line_s, wall_ms) = (shown["on_line_s"].as_u64().unwrap(), shown["wall_ms"].as_u64().unwrap());
    assert!((1..=wall_ms.div_ceil(1_000)).contains(&on_line_s), "{shown}");
    let counted: i64 = sqlx::query_scalar("select sum(on_line_s) from v_session")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(u64::try_from(counted).unwrap(), on_line_s);
    let metrics = reqwest::get(format!("{}/metrics", host.address()))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    for line in [
        "uzel_modem_calls_total{pool=\"gsm\",result=\"connected\"} 1".to_owned(),
        format!("uzel_modem_on_line_seconds_total{{pool=\"gsm\"}} {on_line_s}"),
    ] {
        assert!(metrics.contains(&line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_of_a_call_has_its_outcome() {
    let book = PhoneBook::new();
    let failures = [
        ("1", Far::Says("BUSY".to_owned()), "line-busy", "said \"BUSY\""),
        (
            "2",
            Far::Says("NO ANSWER".to_owned()),
            "modem-silent",
            "said \"NO ANSWER\"",
        ),
        (
            "3",
            Far::Says("NO CARRIER".to_owned()),
            "no-carrier",
            "said \"NO CARRIER\"",
        ),
        ("4", Far::Silent, "modem-silent", "said nothing for 5 s after ATDT4"),
        // The last one: the modem rests then.
        (
            "5",
            Far::Says("+CME ERROR: 30".to_owned()),
            "modem-fault",
            "said \"+CME ERROR: 30\"",
        ),
    ];
    for (number, far, ..) in &failures {
        book.put(number, far.clone());
    }
    let modem = Hayes::new(&book).start_pty().unwrap();
    let lost = Hayes::new(&book).registered_after(None).start_pty().unwrap();
    let mute = Hayes::new(&book).mute().start_pty().unwrap();
    let config = [
        ON_DEMAND.to_owned(),
        pool("p", &[&modem], "dial_s = 5\nfailed_calls_an_hour = 2"),
        pool("lost", &[&lost], "profile = 'gsm'\nregistration_s = 0"),
        pool("mute", &[&mute], "reply_ms = 300\nguard_ms = 100"),
    ];
    let names = ["p/1", "p/2", "p/3", "p/4", "p/5", "lost/1", "mute/1", "none/1"];
    let lines = names.map(|name| format!("modem:{name}"));
    let rows = names.iter().zip(&lines);
    let rows: Vec<_> = rows
        .map(|(name, line)| [*name, "vkt7", line, "", "clock", "address=1"])
        .collect();
    let host = TestHost::start_with(&devices(&rows), &config.join("\n"));
    let read = async |name: &str| host.read_now(host.device(name).await, &usual()).await;

    for (number, _, outcome, words) in &failures {
        let session = read(&format!("p/{number}")).await;
        let detail = session["detail"].as_str().unwrap_or_default();
        assert_eq!(word(&session), *outcome, "{session}");
        assert!(detail.contains(words) && detail.contains(&port(&modem)), "{detail}");
        let events = modem.events();
        let last = events.last().unwrap();
        assert_eq!(*last, ModemEvent::Command("ATH".to_owned()), "the end of {session}");
        if *number == "1" {
            // Once more, and then it is left alone.
            assert_eq!(word(&read("p/1").await), "line-busy");
            let refused = read("p/1").await;
            let detail = refused["detail"].as_str().unwrap();
            assert!(
                word(&refused) == "line-busy" && detail.contains("not dialled again, 2 calls"),
                "{refused}"
            );
            let dialled = ModemEvent::Dialled("1".to_owned());
            assert_eq!(modem.events().iter().filter(|event| **event == dialled).count(), 2);
        }
    }
    for (name, words) in [
        ("p/3", "it rests until"),
        ("lost/1", "has no network: got \"+CREG: 0,2\""),
        ("mute/1", "does not reply to ATH"),
        (
            "none/1",
            "there is no pool of modems \"none\", the configuration has these: lost, mute, p",
        ),
    ] {
        let session = read(name).await;
        let detail = session["detail"].as_str().unwrap_or_default();
        assert_eq!(word(&session), "modem-fault", "{session}");
        assert!(detail.contains(words), "{detail}");
    }
    let health = host.get("/api/v1/health").await;
    let resting: Vec<_> = health["modems_resting"]
        .as_array()
        .unwrap()
        .iter()
        .map(|modem| &modem["modem"])
        .collect();
    assert_eq!(
        resting,
        [&json!(port(&lost)), &json!(port(&mute)), &json!(port(&modem))]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_ended_whatever_ends_its_session() {
    let meter = young(1).seed(72).start_tcp().await.unwrap();
    let book = book(&meter);
    book.put("2", Far::Silent);
    let modem = Hayes::new(&book).start_pty().unwrap();
    let transport = transport(&[&modem]);
    let vkt7 = || read(parts::driver("vkt7"), json!({ "address": 1 }), &transport, NUMBER);

    meter.set_faults(Faults::new().silence(1.0));
    let cut = vkt7();
    let cancel = cut.cancel.clone();
    let session = tokio::spawn(cut.run());
    until("a question over the call", || meter.requests() > 0).await;
    cancel.cancel();
    let (report, _) = session.await.unwrap();
    assert_eq!(report.outcome, Outcome::Cancelled, "{:?}", report.detail);
    assert_eq!(ends(&modem), [hung_up(NUMBER)], "cancelled in the call");
    assert!(
        report.on_line > Duration::ZERO && report.faults.is_empty(),
        "{:?}",
        report.faults
    );

    let dialling = read(parts::driver("vkt7"), json!({ "address": 1 }), &transport, "2");
    let cancel = dialling.cancel.clone();
    let session = tokio::spawn(dialling.run());
    until("the dialling", || {
        modem.events().contains(&ModemEvent::Dialled("2".to_owned()))
    })
    .await;
    cancel.cancel();
    let (report, _) = session.await.unwrap();
    assert_eq!(report.outcome, Outcome::Cancelled, "{:?}", report.detail);
    transport.modems().hung_up().await;
    assert!(!modem.is_in_call());
    assert_eq!(
        modem.events().last(),
        Some(&ModemEvent::Command("ATH".to_owned())),
        "cancelled while dialling"
    );

    let misbehave = Driver::load_file(parts::runtime(), &parts::hostile_file("misbehave")).unwrap();
    let trapping = read(Arc::new(misbehave), json!({ "how": "panic" }), &transport, NUMBER);
    let (report, _) = trapping.task(Task::Current).run().await;
    assert_eq!(report.outcome, Outcome::DriverTrap, "{:?}", report.detail);
    assert_eq!(ends(&modem), [hung_up(NUMBER), hung_up(NUMBER)], "a driver that traps");

    meter.set_faults(Faults::new());
    let (report, _) = vkt7().run().await;
    assert_eq!(report.outcome, Outcome::Complete, "{:?}", report.detail);
    assert_eq!(ends(&modem).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_a_killed_host_left_is_ended_by_the_next() {
    let meter = young(1).seed(73).start_tcp().await.unwrap();
    let modem = Hayes::new(&book(&meter)).start_pty().unwrap();
    let line = format!("modem:gsm/{NUMBER}");
    let row = ["meter", "vkt7", &line, "", "clock daily", "address=1 timeout_ms=500"];
    let config = format!("{ON_DEMAND}\n{}", pool("gsm", &[&modem], "reply_ms = 1000"));
    let mut host = TestHost::start_with(&devices(&[row]), &config);
    let device = host.device("meter").await;
    meter.set_faults(Faults::new().silence(1.0));
    let (status, answer) = host.post(&format!("/api/v1/devices/{device}/read-now"), &usual()).await;
    assert_eq!(status, 202, "{answer}");
    until("a question over the call", || meter.requests() > 0).await;
    host.kill();
    assert!(modem.is_in_call(), "a pseudo-terminal has no DTR that falls");

    meter.set_faults(Faults::new());
    host.spawn();
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "complete", "{session}");
    assert_eq!(ends(&modem), [hung_up(NUMBER), hung_up(NUMBER)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_modems_serve_three_numbers() {
    let book = PhoneBook::new();
    let mut meters = Vec::new();
    for number in ["1", "2", "3"] {
        let meter = young(1)
            .seed(80)
            .serial(format!("0000000{number}"))
            .start_tcp()
            .await
            .unwrap();
        book.put(number, Far::Meter(meter.addr()));
        book.set_after(number, Duration::from_millis(300));
        meters.push(meter);
    }
    // One on a serial port; one behind a converter, which echoes and says numbers whatever it is told.
    let modems = [
        Hayes::new(&book).start_pty().unwrap(),
        Hayes::new(&book)
            .stubborn()
            .start_tcp_at("127.0.0.1:0".parse().unwrap())
            .await
            .unwrap(),
    ];
    let transport = transport(&[&modems[0], &modems[1]]);
    let sessions = ["1", "2", "3"].map(|number| {
        let read = read(parts::driver("vkt7"), json!({ "address": 1 }), &transport, number);
        let serial = format!("0000000{number}");
        tokio::spawn(read.serial(&serial).task(Task::Current).run())
    });
    for session in sessions {
        let (report, _) = session.await.unwrap();
        assert_eq!(report.outcome, Outcome::Complete, "{:?}", report.detail);
    }
    let mut calls = Vec::new();
    for modem in &modems {
        let mut up = None;
        for event in modem.events() {
            match event {
                ModemEvent::Connected(number) => assert_eq!(up.replace(number), None, "one call at a time"),
                ModemEvent::HungUp(number) => {
                    assert_eq!(up.take(), Some(number.clone()));
                    calls.push(number);
                }
                ModemEvent::CarrierLost(number) => panic!("{number} lost its carrier"),
                _ => {}
            }
        }
        assert!(!ends(modem).is_empty(), "both are used");
    }
    calls.sort();
    assert_eq!(calls, ["1", "2", "3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_lost_in_an_answer_costs_only_the_rest() {
    let meter = young(3).seed(74).start_tcp().await.unwrap();
    let book = book(&meter);
    // In the middle of the hours.
    book.set_drop(NUMBER, Some((4_000, 6_000)));
    let modem = Hayes::new(&book).seed(3).start_pty().unwrap();
    let line = format!("modem:gsm/{NUMBER}");
    let row = [
        "meter",
        "vkt7",
        &line,
        "",
        "hourly daily monthly",
        "address=1 timeout_ms=500",
    ];
    let host = TestHost::start_with(
        &devices(&[row]),
        &format!("{ON_DEMAND}\n{}", pool("gsm", &[&modem], "")),
    );
    let (device, pool) = (host.device("meter").await, host.pool().await);
    let cut = host.read_now(device, &usual()).await;
    assert_eq!(word(&cut), "line-closed", "{cut}");
    let trace = host
        .get(&format!("/api/v1/sessions/{}/trace", cut["id"]))
        .await
        .to_string();
    assert!(trace.contains("lost the carrier: it said NO CARRIER"), "{trace}");
    assert_eq!(ends(&modem), [ModemEvent::CarrierLost(NUMBER.to_owned())]);
    let first = stored(&pool, device).await.len();
    assert!(first > 10, "{first} records before the carrier was lost");

    book.set_drop(NUMBER, None);
    let rest = host.read_now(device, &usual()).await;
    assert_eq!(word(&rest), "complete", "{rest}");
    assert_whole(&Judge::of(Model::Vkt7, &meter), &pool, device).await;
    let all = stored(&pool, device).await.len();
    assert_eq!(
        rest["records_added"].as_u64(),
        u64::try_from(all - first).ok(),
        "nothing was read again"
    );
    assert_eq!(ends(&modem).last(), Some(&hung_up(NUMBER)));
    assert_no_incident(&pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_reads_over_a_modem_too() {
    let meter = young(1).seed(75).start_tcp().await.unwrap();
    let modem = Hayes::new(&book(&meter)).start_pty().unwrap();
    let row = ["meter", "vkt7", "tcp:127.0.0.1:1", "", "clock", "address=1"];
    let host = TestHost::prepare(&devices(&[row]), &pool("gsm", &[&modem], ""));
    let driver = parts::driver_file("vkt7").display().to_string();
    let line = format!("modem:gsm/{NUMBER}");
    let arguments = [
        "read",
        "--config",
        "uzel.toml",
        "--driver",
        &driver,
        "--line",
        &line,
        "--set",
        "address=1",
    ];
    let read = [&arguments[..], &["--what", "clock", "--format", "json"]].concat();
    let printed: Json = serde_json::from_str(&host.uzel(&read)).unwrap();
    assert_eq!(printed["outcome"], "complete");
    assert_eq!(ends(&modem), [hung_up(NUMBER)]);
}
