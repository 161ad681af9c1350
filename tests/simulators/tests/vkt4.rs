//! A ВКТ-4 listens as the manual says, and its archives add up.

use jiff::civil::{DateTime, datetime};
use meter_sim::{Disguise, Meter, TruthKind, TruthRecord, Vkt4, Vkt4Model, hex};
use std::time::Duration;

const NOW: DateTime = datetime(2024, 3, 21, 14, 20, 0, 0);
const WAKE: &str = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";

/// The answers to bytes in hex, each as hex.
fn say(meter: &mut impl Meter, at_s: u64, request: &str) -> Vec<String> {
    let bytes = hex::bytes(request).unwrap();
    let replies = meter.on_bytes(Duration::from_secs(at_s), &bytes);
    replies
        .iter()
        .map(|reply| hex::text(&reply.bytes).replace(' ', ""))
        .collect()
}

#[test]
fn only_a_selected_meter_answers() {
    let mut meter = Vkt4::builder(Vkt4Model::Pressures).clock(NOW).link().into_meter();
    let kind = "100141000000000000BE16";
    assert!(say(&mut meter, 0, kind).is_empty(), "nobody woke it");
    assert_eq!(say(&mut meter, 1, &format!("{WAKE}{kind}")), ["100141000108B516"]);
    assert_eq!(say(&mut meter, 2, kind).len(), 1, "it stays selected");
    assert!(say(&mut meter, 40, kind).is_empty(), "for half a minute");
    assert!(
        say(&mut meter, 41, &format!("{WAKE}100241000000000000BD16")).is_empty(),
        "another was selected"
    );
    assert!(say(&mut meter, 42, kind).is_empty(), "so this one waits");
    assert_eq!(say(&mut meter, 43, &format!("{WAKE}{kind}")).len(), 1);
    assert!(
        say(&mut meter, 44, "100141000000000000BF16").is_empty(),
        "a wrong check byte"
    );
    assert_eq!(
        say(&mut meter, 45, "10014F000000000000B016"),
        ["1001C400074F000000000000E516"]
    );
    meter.disguise(Some(Disguise::Model));
    assert_eq!(say(&mut meter, 46, kind), ["100141000107B616"]);
    assert_eq!(meter.requests(), 5);
}

#[test]
fn records_come_in_a_frame_each_or_are_said_to_be_missing() {
    let (from, to) = (datetime(2024, 3, 21, 12, 0, 0, 0), datetime(2024, 3, 21, 13, 0, 0, 0));
    let mut new = Vkt4::builder(Vkt4Model::Pressures)
        .clock(NOW)
        .without_hours(from, to)
        .link()
        .into_meter();
    // Two hours from 12 h on.
    let said = say(&mut new, 0, &format!("{WAKE}10014207E803150C02A816"));
    assert_eq!(said.len(), 2);
    assert!(said[0].starts_with("1001C2000507E803150C"), "{said:?}");
    assert!(
        said[1].starts_with("100142005207E803150D") && said[1].len() == 2 * 89,
        "{said:?}"
    );
    let mut old = Vkt4::builder(Vkt4Model::Vkt4).clock(NOW).link().into_meter();
    let said = say(&mut old, 0, &format!("{WAKE}10014207E803150C01A916"));
    assert!(said[0].starts_with("100142003107E803150C"), "{said:?}");
    let said = say(&mut old, 0, "10014307E803140001B516");
    assert!(said[0].starts_with("100143003B07E8031400"), "{said:?}");
    // The manual of the old meter prints a length of 6 for seven bytes.
    let said = say(&mut old, 0, "10014F000000000000B016");
    assert!(said[0].starts_with("1001C400064F") && said[0].len() == 28, "{said:?}");
}

#[tokio::test]
async fn days_are_the_sums_of_their_hours() {
    let meter = Vkt4::builder(Vkt4Model::Pressures)
        .seed(3)
        .clock(NOW)
        .start_tcp()
        .await
        .unwrap();
    let (hours, days) = (meter.truth(TruthKind::Hourly), meter.truth(TruthKind::Daily));
    assert!(
        (1_000..=1_080).contains(&hours.len()) && days.len() == 45,
        "{} {}",
        hours.len(),
        days.len()
    );
    let volume = |record: &TruthRecord| {
        let found = record.values.iter().find(|value| value.name == "V1").unwrap();
        found.value.unwrap()
    };
    let mut situations = 0;
    for day in days.iter().rev().take(40) {
        let of_day = || {
            hours
                .iter()
                .filter(|hour| day.start <= hour.start && hour.end <= day.end)
        };
        let sum: f64 = of_day().map(volume).sum();
        assert!(
            (volume(day) - sum).abs() < 0.001,
            "{}: {} {sum}",
            day.start,
            volume(day)
        );
        assert_eq!(day.ns.is_empty(), of_day().all(|hour| hour.ns.is_empty()));
        situations += day.ns.len();
    }
    assert!(situations > 5, "{situations}");
    assert_eq!(hours.last().unwrap().start, datetime(2024, 3, 21, 13, 0, 0, 0));
    meter.shutdown().await;
}
