//! A simulated DLMS meter answers the recorded questions of another implementation, and what it archives is consistent.

use jiff::civil::{DateTime, datetime};
use meter_sim::{Dlms, DlmsTransport, Meter, TruthKind, TruthRecord, hex};
use std::time::Duration;

const NOW: DateTime = datetime(2026, 11, 1, 0, 20, 0, 0);

/// Sends bytes; gives what comes back.
fn ask(meter: &mut impl Meter, text: &str) -> Vec<u8> {
    let replies = meter.on_bytes(Duration::ZERO, &hex::bytes(text).unwrap());
    assert_eq!(replies.len(), 1, "{text}");
    replies[0].bytes.clone()
}

/// Questions of Gurux's client, as recorded.
const SNRM: &str = "7ea0070321930f017e";
const AARQ: &str = "7ea02b032110fbafe6e600601da109060760857405080101be10040e01000000065f1f0400421e5d00c8e58f7e";
const CAPTURED: &str = "7ea0190321326fd8e6e600c001c100070100630100ff03008c907e";
const AGAIN: &str = "7ea00703213117877e";
const DISC: &str = "7ea00703215303c77e";

#[test]
fn recorded_questions_are_answered_and_what_was_lost_is_sent_again() {
    let mut meter = Dlms::builder().clock(NOW).link().into_meter();
    let lost = ask(&mut meter, CAPTURED);
    assert_eq!(lost[5], 0x1F, "disconnected before SNRM");
    assert_eq!(ask(&mut meter, SNRM)[5], 0x73);
    let aare = ask(&mut meter, AARQ);
    assert_eq!(aare[5], 0x30, "N(R) 1, N(S) 0, final");
    assert_eq!(aare[8..11], [0xE6, 0xE7, 0x00]);
    assert!(
        aare.windows(5).any(|part| part == [0xA2, 3, 2, 1, 0]),
        "accepted: {aare:x?}"
    );
    let objects = ask(&mut meter, CAPTURED);
    let status_clock = hex::bytes("c401c1000104020412000809060000010000ff0f02120000").unwrap();
    assert_eq!(
        objects[11..11 + status_clock.len()],
        status_clock,
        "as the recorded meter answers"
    );
    // The client asks again with its N(R) unchanged.
    assert_eq!(ask(&mut meter, AGAIN), objects);
    assert_eq!(ask(&mut meter, DISC)[5], 0x73);
    assert_eq!(ask(&mut meter, DISC)[5], 0x1F, "it was disconnected");
}

#[test]
fn a_wrapper_carries_the_same() {
    let link = Dlms::builder().transport(DlmsTransport::Wrapper).clock(NOW).link();
    let mut meter = link.into_meter();
    let get = "0001 0010 0001 000d c001c100080000010000ff0200";
    assert_eq!(ask(&mut meter, get)[8..], [0xD8, 1, 1], "no association");
    ask(
        &mut meter,
        "000100100001001f601da109060760857405080101be10040e01000000065f1f0400421e5dffff",
    );
    let clock = ask(&mut meter, get);
    assert_eq!(clock[8..16], [0xC4, 1, 0xC1, 0, 9, 12, 0x07, 0xEA]);
}

#[tokio::test]
async fn counters_of_days_and_months_are_those_of_their_last_hours() {
    let meter = Dlms::builder().seed(4).clock(NOW).start_tcp().await.unwrap();
    let counter = |record: &TruthRecord| {
        let found = record.values.iter().find(|value| value.name == "1.0.1.8.0");
        found.unwrap().digits.unwrap().0
    };
    let hours = meter.truth(TruthKind::Hourly);
    let days = meter.truth(TruthKind::Daily);
    assert_eq!((hours.len(), days.len()), (1_440, 366));
    let mut compared = 0;
    for day in days.iter().chain(&meter.truth(TruthKind::Monthly)) {
        for hour in hours.iter().filter(|hour| hour.end == day.end) {
            assert_eq!(counter(hour), counter(day), "{}", day.end);
            compared += 1;
        }
    }
    assert!(compared > 50, "{compared}");
    let breaks = hours.iter().filter(|hour| !hour.ns.is_empty()).count();
    assert!(breaks > 0, "there are breaks of power");
}
