//! Simulated ТСРВ answer as the notes say, and what they archive is consistent.

use jiff::ToSpan as _;
use jiff::civil::{DateTime, datetime};
use meter_sim::{Disguise, Handle, Meter, ModbusFraming, TruthKind, TruthRecord, Tsrv, TsrvBuilder};
use std::time::Duration;

const NOW: DateTime = datetime(2026, 11, 1, 10, 20, 0, 0);

/// Asks with Modbus TCP around; gives function and data of the answer.
fn ask(meter: &mut impl Meter, pdu: &[u8]) -> Vec<u8> {
    let length = u8::try_from(pdu.len() + 1).unwrap();
    let question = [&[0, 7, 0, 0, 0, length, 1], pdu].concat();
    let replies = meter.on_bytes(Duration::ZERO, &question);
    assert_eq!(replies.len(), 1, "{pdu:x?}");
    replies[0].bytes[7..].to_vec()
}

/// A question for records by time.
fn records(array: u8, count: u8, at: DateTime) -> [u8; 12] {
    let small = |number: i8| number.unsigned_abs();
    let year = u8::try_from(at.year() - 2_000).unwrap();
    [
        0x41,
        0,
        array,
        0,
        count,
        1,
        small(at.second()),
        small(at.minute()),
        small(at.hour()),
        small(at.day()),
        small(at.month()),
        year,
    ]
}

fn standing(builder: TsrvBuilder) -> impl Meter {
    builder.framing(ModbusFraming::Tcp).clock(NOW).link().into_meter()
}

#[test]
fn records_exceptions_and_zeros_are_served() {
    let hole = datetime(2026, 10, 31, 4, 0, 0, 0);
    let mut meter = standing(
        Tsrv::tsrv024m()
            .without_hours(hole, hole.saturating_add(1.hour()))
            .busy(1),
    );
    assert_eq!(ask(&mut meter, &[0x11]), [0x91, 6], "busy once");
    let name = ask(&mut meter, &[0x11]);
    assert_eq!(&name[2..20], b"VZLJOT 76.30.03.19");
    let at = datetime(2026, 10, 31, 6, 0, 0, 0);
    let hour = ask(&mut meter, &records(0, 1, at));
    assert_eq!((hour.len(), &hour[..2]), (174, &[0x41, 172][..]));
    let time = i64::from(u32::from_be_bytes(*hour[2..].first_chunk().unwrap()));
    let end = jiff::tz::Offset::UTC.to_timestamp(at.saturating_add(1.hour())).unwrap();
    assert_eq!(time, end.as_second() - 1);
    // A time within the hour means the hour.
    assert_eq!(ask(&mut meter, &records(0, 1, at.saturating_add(20.minutes()))), hour);
    let missing = ask(&mut meter, &records(0, 1, hole));
    assert!(missing[2..].iter().all(|byte| *byte == 0) && missing.len() == 174);
    assert_eq!(ask(&mut meter, &records(0, 2, at)), [0xC1, 3], "too many bytes");
    assert_eq!(ask(&mut meter, &records(30, 1, at)), [0xC1, 2], "no such array");
    assert_eq!(ask(&mut meter, &records(9, 14, at))[..2], [0x41, 252]);
    assert_eq!(ask(&mut meter, &[7, 0, 0]), [0x87, 1]);
    assert_eq!(ask(&mut meter, &[4, 0x90, 0, 0, 2]), [0x84, 2]);
    let entries = ask(&mut meter, &[0x41, 0, 12, 0, 2, 0, 0, 0]);
    assert_eq!((entries.len(), entries[6] & 0x1F), (12, 25));
    meter.disguise(Some(Disguise::Model));
    assert_eq!(&ask(&mut meter, &[0x11])[2..20], b"VZLJOT 76.63.00.08");
}

#[test]
fn every_model_has_records_of_its_own_size() {
    let at = datetime(2026, 10, 30, 0, 0, 0, 0);
    let models = [
        (Tsrv::tsrv023(), 1, 250, 250),
        (Tsrv::tsrv024m_plus(), 0, 186, 186),
        (Tsrv::tsrv034(), 0, 53, 60),
        (Tsrv::tsrv043(), 0, 149, 178),
    ];
    for (builder, first, hours, days) in models {
        let mut meter = standing(builder);
        assert_eq!(ask(&mut meter, &records(first, 1, at))[1], hours);
        assert_eq!(ask(&mut meter, &records(first + 1, 1, at))[1], days);
    }
    let mut meter = standing(Tsrv::tsrv034());
    assert_eq!(ask(&mut meter, &records(0, 4, at)).len(), 2 + 4 * 53);
}

fn value(record: &TruthRecord, name: &str, input: u8) -> f64 {
    let found = record
        .values
        .iter()
        .find(|value| (value.name, value.input) == (name, input));
    found.unwrap_or_else(|| panic!("no {name} of {input}")).value.unwrap()
}

async fn started(builder: TsrvBuilder) -> Handle {
    builder.clock(NOW).start_tcp().await.unwrap()
}

#[tokio::test]
async fn days_are_sums_of_hours_and_growing_totals_grow_by_them() {
    let meter = started(Tsrv::tsrv024m().contract(25, 8)).await;
    let (hours, days) = (meter.truth(TruthKind::Hourly), meter.truth(TruthKind::Daily));
    assert_eq!((hours.len(), days.len()), (1_488, 366));
    let day = days.last().unwrap();
    assert_eq!(day.start, datetime(2026, 10, 31, 8, 0, 0, 0));
    let within = hours
        .iter()
        .filter(|hour| day.start <= hour.start && hour.end <= day.end);
    let mass: f64 = within.map(|hour| value(hour, "M1", 1)).sum();
    assert!((mass - value(day, "M1", 1)).abs() < 1e-3, "{mass}");
    let before = &days[days.len() - 2];
    let grown = value(day, "M итог", 1) - value(before, "M итог", 1);
    assert!((grown - mass).abs() < 1e-3, "{grown}");
    let month = meter.truth(TruthKind::Monthly).pop().unwrap();
    assert_eq!(
        (month.start, month.end),
        (datetime(2026, 9, 25, 8, 0, 0, 0), datetime(2026, 10, 25, 8, 0, 0, 0))
    );
    assert!(
        hours.iter().any(|hour| hour.ns.iter().any(|ns| ns.code == 25)),
        "a year has its situations"
    );
    assert!(
        hours.windows(2).any(|pair| pair[0].end < pair[1].start),
        "and hours without power"
    );

    let meter = started(Tsrv::tsrv034()).await;
    let hours = meter.truth(TruthKind::Hourly);
    assert_eq!((hours.len(), meter.truth(TruthKind::Daily).len()), (1_080, 60));
    let last = hours.last().unwrap();
    let totals = meter.truth(TruthKind::TotalsNow).pop().unwrap();
    assert_eq!(
        value(last, "W4", 0) * 1_000.0,
        value(&totals, "W4", 0),
        "GJ and MJ of one moment"
    );
    assert!(hours.is_sorted_by(|before, after| value(before, "W4", 0) <= value(after, "W4", 0)));
}
