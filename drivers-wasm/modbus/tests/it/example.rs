//! The device of `examples/modbus-map.toml`, with hours, days and months that are functions of their dates.

use serde_json::json;
use uzel_driver_sdk::{CivilTime, Fixed, Value};

use crate::far::{Device, Framing};

pub const MAP: &str = include_str!("../../../../examples/modbus-map.toml");
/// 2026-03-20 10:20:30.
pub const CLOCK: [u16; 6] = [2026, 3, 20, 10, 20, 30];
/// The newest hour ends here, in hours of March 2026.
const NOW: u32 = 19 * 24 + 10;
/// Hours in the ring; the newest is in this place.
pub const HOURS: u32 = 300;
const NEWEST: u32 = 120;

pub fn config(framing: Framing) -> String {
    json!({"map": "own", "map_text": MAP, "framing": framing.name(), "timeout_ms": 200, "attempts": 4}).to_string()
}

pub fn at(month: u8, day: u8, hour: u8) -> CivilTime {
    CivilTime {
        year: 2026,
        month,
        day,
        hour,
        minute: 0,
        second: 0,
    }
}

fn bcd(number: u32) -> u16 {
    u16::try_from(number / 10 * 16 + number % 10).unwrap()
}

/// Year, month, day and hour in two registers.
fn stamp(time: CivilTime) -> [u16; 2] {
    let pair = |high: u8, low: u8| bcd(high.into()) << 8 | bcd(low.into());
    [pair(26, time.month), pair(time.day, time.hour)]
}

/// Days and hours of March and of the two months before, by hours of March.
pub fn label(hours: i64) -> CivilTime {
    let (mut day, hour) = (hours.div_euclid(24) + 1, hours.rem_euclid(24));
    let mut month = 3;
    if day < 1 {
        (day, month) = (day + 28, 2);
    }
    if day < 1 {
        (day, month) = (day + 31, 1);
    }
    at(month, u8::try_from(day).unwrap(), u8::try_from(hour).unwrap())
}

/// What is counted in an interval with this label: volume, heat.
pub fn counted(label: CivilTime) -> [u32; 2] {
    let number = u32::from(label.month) * 10_000 + u32::from(label.day) * 100 + u32::from(label.hour);
    [70_000 + number, number * 3]
}

fn long(number: u32) -> [u16; 2] {
    [
        u16::try_from(number >> 16).unwrap(),
        u16::try_from(number & 0xffff).unwrap(),
    ]
}

pub fn whole(digits: impl Into<i64>, decimals: u8) -> Value {
    Value::Fixed(Fixed {
        digits: digits.into(),
        decimals,
    })
}

/// What an hour's row must be.
pub fn hour_values(label: CivilTime) -> [Value; 4] {
    let [volume, heat] = counted(label);
    let t1 = 7_000 + i64::from(label.hour);
    [whole(t1, 2), whole(4_000, 2), whole(volume, 3), whole(heat, 4)]
}

pub fn device(framing: Framing) -> Device {
    let mut device = Device::new(framing);
    device.put(0, &[0x5231, 0x0001, 0xe240, 0x0102]);
    device.put(16, &CLOCK);
    device.put(32, &[7_123, 0x8000, 0xd687, 0x0012, 3, 0, 0, 0, 0x0005]);
    device.put(64, &[0, 0, 0x0012, 0xd687]);
    device.put(68, &long(4_217));
    device.put(96, &[u16::try_from(NEWEST).unwrap(), u16::try_from(HOURS).unwrap()]);
    for back in 0..HOURS {
        let place = (NEWEST + 1_488 - back) % 1_488;
        let label = label(i64::from(NOW) - i64::from(back));
        let [volume, heat] = counted(label).map(long);
        let record = [stamp(label), [7_000 + u16::from(label.hour), 4_000], volume, heat].concat();
        device.put(u16::try_from(0x1000 + place * 8).unwrap(), &record);
    }
    days(&mut device);
    months(&mut device);
    device.put(200, &[25]);
    device.ranges.insert(200, (1, 28));
    device
}

/// 40 days back from the 20th of March; the 5th of March was never written.
fn days(device: &mut Device) {
    let ends = (0..41)
        .map(|back| label((19 - back) * 24))
        .filter(|label| (label.month, label.day) != (3, 6));
    let records = (1u16..).zip(ends).map(|(number, label)| {
        let [volume, heat] = counted(label).map(long);
        let record = [&[number][..], &stamp(label), &volume, &heat, &[0]].concat();
        (number, record)
    });
    let mut records: std::collections::BTreeMap<_, _> = records.collect();
    for number in 41..=366 {
        records.insert(number, vec![0xffff; 8]);
    }
    // An empty record repeats its number too: the rest says that it is empty.
    for (number, record) in &mut records {
        record[0] = *number;
    }
    device.put(112, &[0]);
    device.put(128, &[0; 8]);
    device.windows.insert(112, (128, records));
}

/// The ends of February and of January.
fn months(device: &mut Device) {
    for (record, label) in [at(3, 1, 0), at(2, 1, 0)].into_iter().enumerate() {
        let [volume, heat] = counted(label).map(long);
        let registers = [&stamp(label)[..], &volume, &heat, &[0, 0]].concat();
        device.files.insert((4, u16::try_from(record).unwrap()), registers);
    }
}
