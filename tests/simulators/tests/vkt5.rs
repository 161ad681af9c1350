//! A simulated ВКТ-5 answers in the forms of the document, and what it archives is consistent.

use jiff::ToSpan as _;
use jiff::civil::{DateTime, datetime};
use meter_sim::{Meter, TruthKind, TruthRecord, Vkt5, Vkt5Builder, Vkt5Firmware, hex};
use std::time::Duration;

const NOW: DateTime = datetime(2026, 11, 20, 10, 20, 0, 0);

fn meter() -> Vkt5Builder {
    Vkt5::builder().clock(NOW).address(0)
}

fn ask(meter: &mut impl Meter, question: &str) -> Vec<u8> {
    let replies = meter.on_bytes(Duration::ZERO, &hex::bytes(question).unwrap());
    assert_eq!(replies.len(), 1, "{question}");
    replies[0].bytes.clone()
}

/// The questions of the maker's own program, as a real device was asked, with the lengths of its answers.
#[test]
fn answers_are_as_long_as_those_of_a_real_device() {
    let mut meter = meter().link().into_meter();
    let version = ask(&mut meter, "00030E0000018733");
    assert_eq!(hex::bytes("000302007D45A5").unwrap(), version);
    for (question, length) in [
        ("00030A00000047C3", 65),
        ("00030B00000AC638", 15),
        ("00031400000041EB", 35),
        ("0003001C000085DD", 49),
        ("00030401000014EB", 47),
        ("0003801C0000AC1D", 77),
        ("00031500000441D4", 21),
        ("00031600000EC197", 33),
    ] {
        assert_eq!(ask(&mut meter, question).len(), length, "{question}");
    }
    assert_eq!(
        ask(&mut meter, "000300380000C5D6")[..3],
        [0, 0x83, 0],
        "input 2 is not in use"
    );
}

#[test]
fn a_date_selects_a_record_or_none() {
    // The constructed questions of the document, for 2024-03-21 14h.
    let (date, hour) = ("01100B0000040807E800030015000E5119", "0104401C00142403");
    let then = datetime(2024, 3, 21, 15, 0, 0, 0);
    let mut meter = meter().address(1).clock(then).link().into_meter();
    assert_eq!(ask(&mut meter, hour)[..3], [1, 0x84, 2], "no date was written");
    assert_eq!(ask(&mut meter, date), hex::bytes("01100B000004C3EE").unwrap());
    assert_eq!(ask(&mut meter, hour)[..3], [1, 4, 44]);
    meter.shift_clock(-60);
    assert_eq!(ask(&mut meter, hour)[..3], [1, 0x84, 2], "the hour is not over");
}

#[test]
fn old_firmware_tells_no_version_and_has_no_regulators() {
    let mut meter = meter().firmware(Vkt5Firmware::Old).address(1).link().into_meter();
    assert_eq!(ask(&mut meter, "01030E00000186E2"), hex::bytes("01030020F0").unwrap());
    let refused = ask(&mut meter, "0110150000041041B000004190000041A8000041880000A490");
    assert_eq!(refused[..3], [1, 0x90, 9]);
}

#[test]
fn set_points_are_kept() {
    let mut meter = meter().address(1).regulators().link().into_meter();
    let written = ask(&mut meter, "0110150000041041B000004190000041A8000041880000A490");
    assert_eq!(written, hex::bytes("011015000004C5C6").unwrap());
    let read = ask(&mut meter, "0103150000044005");
    assert_eq!(read[3..19], hex::bytes("41B000004190000041A8000041880000").unwrap());
}

#[tokio::test]
async fn days_are_sums_of_hours_and_totals_of_both() {
    let meter = meter().two_inputs().start_tcp().await.unwrap();
    let (hours, days) = (meter.truth(TruthKind::Hourly), meter.truth(TruthKind::Daily));
    assert_eq!((hours.len(), days.len()), (1_080, 45));
    let sum = |records: &[TruthRecord], name: &str| {
        let yesterday = NOW.date().saturating_sub(1.day()).at(0, 0, 0, 0);
        let within = records
            .iter()
            .filter(|record| yesterday <= record.start && record.end <= NOW.date().at(0, 0, 0, 0));
        let values = within.flat_map(|record| &record.values);
        let of_name = values.filter(|value| value.name == name && value.input == 2);
        of_name.filter_map(|value| value.value).sum::<f64>()
    };
    for name in ["M1", "W2", "NoPowerCnt"] {
        assert!((sum(&hours, name) - sum(&days, name)).abs() < 1e-3, "{name}");
    }
    assert!(sum(&days, "M1") > 1.0);
}
