//! Simulated Modbus slaves answer as the standard says, and what they archive is consistent.

use jiff::ToSpan as _;
use jiff::civil::{DateTime, datetime};
use meter_sim::{ModbusFraming, ModbusSlave, TruthKind, TruthRecord};
use std::time::Duration;

const NOW: DateTime = datetime(2026, 11, 1, 0, 20, 0, 0);

/// Asks over Modbus TCP; gives function and data of the answer.
fn ask(slave: &mut impl meter_sim::Meter, pdu: &[u8]) -> Vec<u8> {
    let length = u8::try_from(pdu.len() + 1).unwrap();
    let question = [&[0, 7, 0, 0, 0, length, 1], pdu].concat();
    let replies = slave.on_bytes(Duration::ZERO, &question);
    assert_eq!(replies.len(), 1, "{pdu:x?}");
    assert_eq!(replies[0].bytes[..4], [0, 7, 0, 0]);
    replies[0].bytes[7..].to_vec()
}

#[test]
fn registers_exceptions_selection_and_files_are_served() {
    let link = ModbusSlave::heat().framing(ModbusFraming::Tcp).clock(NOW).link();
    let mut slave = link.into_meter();
    assert_eq!(
        ask(&mut slave, &[3, 0, 0, 0, 4]),
        [3, 8, 0x52, 0x31, 0, 1, 0xE2, 0x40, 1, 2]
    );
    assert_eq!(ask(&mut slave, &[3, 0, 2, 0, 4]), [0x83, 2], "a hole");
    assert_eq!(ask(&mut slave, &[3, 0, 0, 0, 126]), [0x83, 3], "too many");
    assert_eq!(ask(&mut slave, &[7, 0, 0]), [0x87, 1], "no such function");
    assert_eq!(ask(&mut slave, &[6, 0, 112, 0, 1]), [6, 0, 112, 0, 1]);
    let window = ask(&mut slave, &[3, 0, 128, 0, 3]);
    assert_eq!(window, [3, 6, 0, 1, 0x26, 0x11, 0x01, 0x00], "yesterday ended today");
    let month = ask(&mut slave, &[20, 7, 6, 0, 4, 0, 0, 0, 2]);
    assert_eq!(month, [20, 6, 5, 6, 0x26, 0x11, 0x01, 0x00]);
    assert_eq!(ask(&mut slave, &[6, 0, 200, 0, 29]), [0x86, 3], "out of range");
}

#[tokio::test]
async fn days_and_months_are_sums_of_hours() {
    let meter = ModbusSlave::heat().clock(NOW).start_tcp().await.unwrap();
    let sum = |records: &[TruthRecord], from: DateTime, to: DateTime| {
        let within = records.iter().filter(|record| from <= record.start && record.end <= to);
        let volume = within
            .flat_map(|record| &record.values)
            .filter(|value| value.name == "V");
        volume.map(|value| value.digits.unwrap().0).sum::<i64>()
    };
    let (hours, days) = (meter.truth(TruthKind::Hourly), meter.truth(TruthKind::Daily));
    assert_eq!((hours.len(), days.len()), (1_488, 366));
    let yesterday = days.last().unwrap();
    assert_eq!(sum(&days, yesterday.start, NOW), sum(&hours, yesterday.start, NOW));
    let month = meter.truth(TruthKind::Monthly).pop().unwrap();
    assert_eq!(
        (month.start, month.end),
        (
            NOW.date().at(0, 0, 0, 0).saturating_sub(1.month()),
            NOW.date().at(0, 0, 0, 0)
        )
    );
    assert_eq!(
        sum(std::slice::from_ref(&month), month.start, NOW),
        sum(&days, month.start, NOW)
    );
}

#[test]
fn a_regulator_takes_what_is_in_range() {
    let mut slave = ModbusSlave::regulator()
        .framing(ModbusFraming::Tcp)
        .clock(NOW)
        .link()
        .into_meter();
    assert_eq!(
        ask(&mut slave, &[3, 0x08, 0x0B, 0, 4]),
        [3, 8, 0, 65, 1, 10, 0, 1, 0, 5]
    );
    assert_eq!(ask(&mut slave, &[6, 0x2B, 0xAB, 0, 210]), [6, 0x2B, 0xAB, 0, 210]);
    assert_eq!(ask(&mut slave, &[3, 0x2B, 0xAB, 0, 1]), [3, 2, 0, 210]);
    assert_eq!(ask(&mut slave, &[6, 0x2B, 0xAB, 1, 0xC2]), [0x86, 3]);
    assert_eq!(
        ask(&mut slave, &[6, 0x10, 0x68, 0, 0]),
        [0x86, 3],
        "manual is not entered by the line"
    );
}
