//! Meters of the magistral protocol: captured requests are taken, answers have the shape of the note, archives add up.

use jiff::ToSpan as _;
use jiff::civil::{DateTime, datetime};
use meter_sim::{Disguise, Faulty, Meter, Spbus, SpbusBuilder, TruthKind, TruthRecord, hex};
use std::time::Duration;

const NOW: DateTime = DateTime::constant(2026, 3, 15, 10, 20, 30, 0);

fn meter(builder: SpbusBuilder) -> Faulty<Box<dyn Meter>> {
    builder.clock(NOW).link().into_meter()
}

/// The bytes that come back for bytes in hex.
fn say(meter: &mut impl Meter, request: &str) -> Vec<u8> {
    let bytes = hex::bytes(request).unwrap();
    meter
        .on_bytes(Duration::ZERO, &bytes)
        .into_iter()
        .flat_map(|reply| reply.bytes)
        .collect()
}

/// Whether bytes hold a text; ASCII only.
fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn captured_requests_are_answered() {
    // From public programs: 099 without addresses, 061 and 003, the structure of days, a slice of days.
    let mut heat = meter(Spbus::spt961());
    let answer = say(&mut heat, "10 01 10 1F 1D 10 02 09 30 09 39 39 0C 10 03 6B 50");
    assert_eq!(answer[..9], [0xFF, 0xFF, 0x10, 0x01, 0x10, 0x1F, 0x03, 0x10, 0x02]);
    assert!(holds(&answer, "\t0\t099\x0c\t961.2v02\x0c"));
    let answer = say(&mut heat, "10 01 10 1F 1D 10 02 09 30 09 33 0C 10 03 74 D3");
    assert!(
        holds(&answer, "\t0\t003\x0c\t1050001299\x0c"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    let mut zero = meter(Spbus::spt961().address(0));
    let answer = say(
        &mut zero,
        "10 01 00 00 10 1F 19 10 02 09 30 09 36 35 35 33 32 0C 10 03 8E 0D",
    );
    assert!(holds(&answer, "\t0\t72\x0c") && holds(&answer, "\t1\t201\x0c") && holds(&answer, "\t1\t401\x0c"));
    let slice = "10 01 00 00 10 1F 18 10 02 09 30 09 36 35 35 33 32 0C 09 31 34 09 31 30 09 32 30 31 33 09 30 09 30 09 30 0C 10 03 FB C6";
    let answer = say(&mut zero, slice);
    assert!(
        holds(&answer, "\t14\t10\t2013\t0\t0\t0\x0c\t0\t0\t0\t0\t0\t0\x0c"),
        "before its ring"
    );
    assert_eq!((heat.requests(), zero.requests()), (2, 2));
}

#[test]
fn an_own_port_is_open_after_its_sign_on_only() {
    const ASK: &str = "10 01 10 1F 1D 10 02 09 30 09 39 39 0C 10 03 6B 50";
    let mut port = meter(Spbus::spt961().own_port(9_600));
    let mut at = |seconds: u64, baud: u32, request: &str| {
        port.tune(baud);
        let replies = port.on_bytes(Duration::from_secs(seconds), &hex::bytes(request).unwrap());
        replies.into_iter().flat_map(|reply| reply.bytes).collect::<Vec<u8>>()
    };
    // CR LF, /?! and ACK 0 5 3 with parity bits.
    let (wake, sign_on, option) = ("8D 0A", "AF 3F 21 8D 0A", "06 30 35 33 8D 0A");
    assert!(at(1, 9_600, ASK).is_empty(), "closed");
    assert!(at(2, 300, sign_on).is_empty(), "not woken");
    assert!(at(3, 300, wake).is_empty());
    assert!(at(6, 9_600, sign_on).is_empty(), "at another speed");
    let named = at(6, 300, sign_on);
    let text: Vec<u8> = named.iter().map(|byte| byte & 0x7F).collect();
    assert_eq!(String::from_utf8_lossy(&text), "/LGK5SPT96115123\r\n");
    assert!(named.iter().all(|byte| byte.count_ones() % 2 == 0), "even parity");
    assert_eq!(at(7, 300, option), [6]);
    assert!(at(8, 9_600, ASK).is_empty(), "too early");
    assert!(at(9, 300, ASK).is_empty(), "too slow");
    assert!(!at(10, 9_600, ASK).is_empty());
    assert!(at(131, 9_600, ASK).is_empty(), "closed again");
}

#[test]
fn who_is_not_meant_or_not_understood_is_silent() {
    let mut other = meter(Spbus::spt961().address(5).behind_gateway());
    assert!(say(&mut other, "10 01 10 1F 1D 10 02 09 30 09 39 39 0C 10 03 6B 50").is_empty());
    assert!(say(&mut other, "10 01 18 18 10 1F 1D 10 02 09 30 09 36 33 0C 10 03 22 51").is_empty());
    let mut meant = meter(Spbus::spt961().address(24));
    assert!(
        say(&mut meant, "10 01 18 18 10 1F 1D 10 02 09 30 09 36 33 0C 10 03 22 50").is_empty(),
        "check bytes"
    );
    let answer = say(&mut meant, "10 01 18 18 10 1F 1D 10 02 09 30 09 36 33 0C 10 03 22 51");
    assert!(holds(&answer, "\t0\t063\x0c"));
    // An address of 16 is doubled, and the head comes back.
    let mut sixteen = meter(Spbus::spt961().address(16));
    let answer = say(
        &mut sixteen,
        "10 01 10 10 80 10 1F 1D 10 02 09 30 09 36 30 0C 10 03 C7 20",
    );
    assert!(answer.starts_with(&[0xFF, 0xFF, 0x10, 0x01, 0x80, 0x10, 0x10, 0x10, 0x1F, 0x03]));
    let mut first = meter(Spbus::spt961());
    let answer = say(
        &mut first,
        "10 01 01 80 10 1F 1D 53 30 10 02 09 30 09 39 39 0C 10 03 61 81",
    );
    assert!(holds(&answer, "\x10\x1f\x03S0\x10\x02"));
    let mut disguised = meter(Spbus::spt961());
    disguised.disguise(Some(Disguise::Model));
    assert!(holds(
        &say(&mut disguised, "10 01 10 1F 1D 10 02 09 30 09 39 39 0C 10 03 6B 50"),
        "544v01"
    ));
}

#[test]
fn days_are_the_sums_of_their_hours_and_rings_are_as_deep_as_described() {
    let handle_truth = |kind| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let meter = Spbus::spt962().clock(NOW).settlement(25, 10).start_tcp().await.unwrap();
            let truth: Vec<TruthRecord> = meter.truth(kind);
            meter.shutdown().await;
            truth
        })
    };
    let [hours, days, months] = [TruthKind::Hourly, TruthKind::Daily, TruthKind::Monthly].map(handle_truth);
    assert!(
        (1_000..=1_080).contains(&hours.len()),
        "{} hours, but for those without power",
        hours.len()
    );
    assert_eq!((days.len(), months.len()), (360, 12));
    assert_eq!(days.last().unwrap().end, datetime(2026, 3, 15, 10, 0, 0, 0));
    assert_eq!(months.last().unwrap().end, datetime(2026, 2, 25, 10, 0, 0, 0));
    let digits = |record: &TruthRecord, name: &str| {
        let value = record.values.iter().find(|value| value.name == name).unwrap();
        value.digits.unwrap().0
    };
    for day in days.iter().rev().take(40) {
        let of_day = hours
            .iter()
            .filter(|hour| day.start <= hour.start && hour.end <= day.end);
        let sum: i64 = of_day.map(|hour| digits(hour, "т1.M")).sum();
        assert_eq!(digits(day, "т1.M"), sum, "{}", day.start);
        assert_eq!(day.end, day.start.saturating_add(1.day()));
    }
    for pair in days.windows(2) {
        let grown = digits(&pair[1], "т1.Mи") - digits(&pair[0], "т1.Mи");
        assert_eq!(grown, digits(&pair[1], "т1.M"), "the running total at {}", pair[1].end);
    }
}
