//! A ВКТ-9 answers the public examples, and its pages lead from record to record.

use jiff::civil::{DateTime, datetime};
use meter_sim::{Disguise, Meter, TruthKind, TruthRecord, Vkt9, hex};
use std::time::Duration;

const NOW: DateTime = datetime(2024, 3, 21, 14, 30, 45, 0);

/// The answer to bytes in hex.
fn say(meter: &mut impl Meter, request: &str) -> String {
    let bytes = hex::bytes(request).unwrap();
    let replies = meter.on_bytes(Duration::ZERO, &bytes);
    assert_eq!(replies.len(), 1, "{request}");
    hex::text(&replies[0].bytes).replace(' ', "")
}

#[test]
fn examples_are_answered() {
    let mut meter = Vkt9::builder().clock(NOW).link().into_meter();
    assert_eq!(say(&mut meter, "010300000002C40B"), "0103040001E240E2A3");
    assert_eq!(
        say(&mut meter, "0103000200066408"),
        "01030C001800030015000E001E002D743B"
    );
    assert!(say(&mut meter, "010400290011E1CE").starts_with("010422"));
    // The day of the request runs: there is no record of it, and the page behind the last is empty.
    let found = say(&mut meter, "0142011803153901");
    assert!(found.starts_with("014201180315"), "{found}");
    meter.disguise(Some(Disguise::Model));
    assert!(say(&mut meter, "0142011803153901").starts_with("01C201"));
    let mut busy = Vkt9::builder().clock(NOW).busy(1).link().into_meter();
    assert_eq!(say(&mut busy, "010300000002C40B"), "018306C132");
    assert_eq!(say(&mut busy, "010300000002C40B"), "0103040001E240E2A3");
}

#[tokio::test]
async fn days_are_the_sums_of_their_hours() {
    let meter = Vkt9::builder().seed(3).clock(NOW).start_tcp().await.unwrap();
    let (hours, days) = (meter.truth(TruthKind::Hourly), meter.truth(TruthKind::Daily));
    assert!(
        (1_000..=1_080).contains(&hours.len()) && days.len() == 365,
        "{} {}",
        hours.len(),
        days.len()
    );
    let heat = |record: &TruthRecord| {
        record
            .values
            .iter()
            .find(|value| value.name == "Q")
            .unwrap()
            .value
            .unwrap()
    };
    for day in days.iter().rev().take(40) {
        let of_day = hours
            .iter()
            .filter(|hour| day.start <= hour.start && hour.end <= day.end);
        let sum: f64 = of_day.map(heat).sum();
        assert!((heat(day) - sum).abs() < 0.001, "{}: {} {sum}", day.start, heat(day));
    }
    meter.shutdown().await;
}
