//! Several meters behind one telephone number are read in one call, and a call that is held is always ended.

use meter_sim::{Faults, Hayes, Link, Mbus, ModemEvent, ModemHandle};
use serde_json::json;
use system_tests::TestHost;

use crate::devices::{ON_DEMAND, assert_no_incident, devices, standing_clock, usual, word, young};
use crate::telephone::{NUMBER, book, ends, hung_up, pool, until};

/// The numbers that a modem dialled.
fn dialled(modem: &ModemHandle) -> Vec<String> {
    let number = |event| match event {
        ModemEvent::Dialled(number) => Some(number),
        _ => None,
    };
    modem.events().into_iter().filter_map(number).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_meters_behind_one_number_cost_one_call() {
    let links = [
        young(1).seed(91).address(1).rs485().link(),
        Mbus::heat().seed(92).clock(standing_clock()).primary(3).link(),
    ];
    let bus = Link::bus(links, Faults::new()).start_tcp().await.unwrap();
    let modem = Hayes::new(&book(&bus)).start_pty().unwrap();
    let line = format!("modem:gsm/{NUMBER}");
    let rows = [
        ["vkt7", "vkt7", &line, "", "clock totals", "address=1"],
        ["mbus", "mbus", &line, "", "clock totals", "address=3"],
    ];
    let config = pool("gsm", &[&modem], "hold_s = 30");
    let mut host = TestHost::start_with(&devices(&rows), &config);
    let mut counted_s = 0;
    for name in ["vkt7", "mbus"] {
        let session = host.session_ended(host.device(name).await).await;
        assert_eq!(word(&session), "complete", "{name}: {session}");
        let shown = host.get(&format!("/api/v1/sessions/{}", session["id"])).await;
        counted_s += shown["on_line_s"].as_u64().unwrap();
    }
    assert_eq!(dialled(&modem), [NUMBER], "one call for both");
    assert!(modem.is_in_call(), "it is held for the next one");
    assert_no_incident(&host.pool().await).await;
    // Each has its own time, begun seconds whole.
    assert!(counted_s >= 2, "{counted_s} s");

    assert!(host.stop(), "{}", host.log());
    assert_eq!(ends(&modem), [hung_up(NUMBER)], "a host that ends hangs up");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_nobody_goes_on_with_is_hung_up() {
    let meter = young(1).seed(93).start_tcp().await.unwrap();
    let modem = Hayes::new(&book(&meter)).start_pty().unwrap();
    let line = format!("modem:gsm/{NUMBER}");
    let row = ["meter", "vkt7", &line, "", "clock", "address=1"];
    let config = format!("{ON_DEMAND}\n{}", pool("gsm", &[&modem], "hold_s = 1"));
    let host = TestHost::start_with(&devices(&[row]), &config);
    let device = host.device("meter").await;
    let session = host.read_now(device, &usual()).await;
    assert_eq!(word(&session), "complete", "{session}");
    until("the end of the call", || ends(&modem) == [hung_up(NUMBER)]).await;
    // The next session has a call of its own.
    let session = host.read_now(device, &json!({"what": ["clock"]})).await;
    assert_eq!(word(&session), "complete", "{session}");
    until("the end of the second", || ends(&modem).len() == 2).await;
    assert_eq!(dialled(&modem), [NUMBER, NUMBER]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_call_makes_way_for_another_number() {
    let meter = young(1).seed(94).start_tcp().await.unwrap();
    let numbers = book(&meter);
    let other = young(1).seed(95).start_tcp().await.unwrap();
    numbers.put("2", meter_sim::Far::Meter(other.addr()));
    let modem = Hayes::new(&numbers).start_pty().unwrap();
    let lines = [format!("modem:gsm/{NUMBER}"), "modem:gsm/2".to_owned()];
    let rows = [
        ["first", "vkt7", &lines[0], "", "clock", "address=1"],
        ["second", "vkt7", &lines[1], "", "clock", "address=1"],
    ];
    let config = format!("{ON_DEMAND}\n{}", pool("gsm", &[&modem], "hold_s = 60"));
    let host = TestHost::start_with(&devices(&rows), &config);
    for name in ["first", "second"] {
        let session = host.read_now(host.device(name).await, &usual()).await;
        assert_eq!(word(&session), "complete", "{name}: {session}");
    }
    assert_eq!(dialled(&modem), [NUMBER, "2"]);
    assert_eq!(
        ends(&modem),
        [hung_up(NUMBER)],
        "the first made way, the second is held"
    );
}
