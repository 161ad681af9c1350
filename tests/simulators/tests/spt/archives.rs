//! Every archive against the truth.

use crate::host::{Host, NOW, value_at};
use jiff::civil::datetime;
use meter_sim::{Handle, Spt, SptBuilder, SptUnits, TruthKind};

/// Reads every label of both archives and compares with the truth; gives the count of records.
fn compare(make: impl Fn() -> SptBuilder, truth: &Handle, offsets: &[usize], inputs: u8, hour: u8) -> usize {
    let mut host = Host::at(make());
    let mut count = 0;
    for input in 1..=inputs {
        host.open(input);
        for (function, kind) in [(0x48, TruthKind::Hourly), (0x59, TruthKind::Daily)] {
            for record in truth.truth(kind) {
                let end = record.end;
                let byte = |n: i16| u8::try_from(n).unwrap();
                let label = [
                    byte(end.year() - 1900),
                    byte(end.month().into()),
                    byte(end.day().into()),
                ];
                let last = if function == 0x48 { byte(end.hour().into()) } else { 0 };
                if function == 0x59 {
                    assert_eq!(end.hour(), i8::try_from(hour).unwrap());
                }
                let data = host.call(function, [label[0], label[1], label[2], last]).unwrap();
                let values: Vec<_> = record.values.iter().filter(|value| value.input == input).collect();
                assert_eq!(values.len(), offsets.len());
                for (value, offset) in values.iter().zip(offsets) {
                    assert_eq!(Some(value_at(&data, *offset)), value.value, "{} at {end}", value.name);
                }
                let bits = u32::from_le_bytes([data[0], data[1], data[2], 0]);
                let want = record
                    .ns
                    .iter()
                    .filter(|ns| ns.input == input)
                    .fold(0, |bits, ns| bits | 1 << ns.code);
                assert_eq!(bits, want, "НС at {end}");
                count += 1;
            }
        }
    }
    count
}

#[tokio::test]
async fn every_record_of_every_model_reads_as_the_truth() {
    let every_four = |from: usize, to: usize| (from..=to).step_by(4).collect::<Vec<_>>();
    let spt943 = || Spt::spt943().clock(NOW).settlement(25, 10).units(SptUnits::MpaGj);
    let truth = spt943().start_tcp().await.unwrap();
    let count = compare(spt943, &truth, &every_four(4, 64), 2, 10);
    assert!((2800..=2 * (1080 + 365)).contains(&count), "{count}");
    let spt942 = || Spt::spt942().clock(NOW).inputs(1);
    let truth = spt942().start_tcp().await.unwrap();
    assert!(compare(spt942, &truth, &every_four(4, 48), 1, 0) > 1400);
    let spt941 = || Spt::spt941_10().clock(NOW);
    let truth = spt941().start_tcp().await.unwrap();
    assert!(compare(spt941, &truth, &every_four(4, 40), 1, 0) > 1400);
}

#[test]
fn a_record_exists_only_when_its_interval_is_closed_in_the_ring_and_the_input_in_use() {
    let mut host = Host::at(
        Spt::spt943()
            .clock(NOW)
            .settlement(1, 23)
            .inputs(1)
            .without_hours(datetime(2026, 2, 2, 5, 0, 0, 0), datetime(2026, 2, 2, 6, 0, 0, 0)),
    );
    host.open(1);
    let cases = [
        ("the last closed hour", 0x48, [126, 2, 3, 10], true),
        ("the running hour", 0x48, [126, 2, 3, 11], false),
        ("the 23rd hour of yesterday", 0x48, [126, 2, 3, 0], true),
        ("no such hour", 0x48, [126, 2, 2, 24], false),
        ("a lost hour, labelled by its end", 0x48, [126, 2, 2, 6], false),
        ("the hour before it", 0x48, [126, 2, 2, 5], true),
        ("behind the ring", 0x48, [125, 12, 20, 10], false),
        ("the oldest of the ring", 0x48, [125, 12, 20, 11], true),
        ("today closes at 23", 0x59, [126, 2, 3, 0], false),
        ("yesterday is closed", 0x59, [126, 2, 2, 0], true),
        ("no such day", 0x59, [126, 2, 30, 0], false),
        ("months are not known to be served", 0x4D, [126, 1, 0, 0], false),
    ];
    for (name, function, data, exists) in cases {
        let got = host.call(function, data);
        assert_eq!(got.is_ok(), exists, "{name}");
        assert!(exists || got == Err(3), "{name}");
    }
    host.open(2);
    assert_eq!(host.call(0x48, [126, 2, 3, 10]), Err(3), "an input which is not in use");
}

#[tokio::test]
async fn months_are_served_on_request_and_close_on_the_settlement_day() {
    let builder = || Spt::spt943().clock(NOW).settlement(31, 10).month_archive();
    let months = builder().start_tcp().await.unwrap().truth(TruthKind::Monthly);
    assert!(months.len() >= 12, "{}", months.len());
    let mut host = Host::at(builder());
    host.open(1);
    for month in &months {
        let byte = |n: i16| u8::try_from(n).unwrap();
        let label = [byte(month.end.year() - 1900), byte(month.end.month().into()), 0, 0];
        let data = host.call(0x4D, label).unwrap();
        let q = month.values.iter().find(|value| (value.name, value.input) == ("Q", 1));
        assert_eq!(Some(value_at(&data, 56)), q.unwrap().value);
        // СР 31 is the last day of a shorter month.
        assert_eq!(
            (month.end.date(), month.end.hour()),
            (month.end.date().last_of_month(), 10)
        );
    }
    assert_eq!(host.call(0x4D, [126, 2, 0, 0]), Err(3), "February has not closed");
}
