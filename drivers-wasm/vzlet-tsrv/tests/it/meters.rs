//! Meters for tests: a few weeks of records whose bytes follow from array and time.

use serde_json::json;
use uzel_driver_sdk::calendar::{DAY, HOUR, civil, days, reckon};
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::wire::Wire;
use uzel_driver_sdk::{ArchiveKind, CivilTime, Driver, Failure, Row, Window};
use vzlet_tsrv::VzletTsrv;

use crate::far::{Array, Far, Step};

/// What all clocks show: 2024-11-15 14:37:05.
pub const NOW: i64 = 1_731_681_425;
pub const SERIAL: u32 = 802_485;

pub fn at(day: u8, hour: u8) -> CivilTime {
    CivilTime {
        year: 2024,
        month: 11,
        day,
        hour,
        minute: 0,
        second: 0,
    }
}

pub fn window(begin: CivilTime, end: CivilTime) -> Window {
    Window { begin, end }
}

/// A record with its time; the rest are numbers that are finite as floats, too.
pub fn record(array: u16, time: i64, size: usize) -> Vec<u8> {
    let mut bytes = u32::try_from(time).unwrap().to_be_bytes().to_vec();
    let mut word = u64::try_from(time).unwrap() ^ u64::from(array) << 40;
    while bytes.len() < size {
        word = word.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23) ^ 0x55;
        bytes.push(word.to_le_bytes()[6] & 0x3f);
    }
    bytes
}

/// An array of `count` records up to the clock.
pub fn array(number: u16, size: usize, step: Step, count: i64) -> Array {
    let mut array = Array::new(size, step);
    for back in 0..count {
        let end = match step {
            Step::Hour => (NOW.div_euclid(HOUR) - back) * HOUR,
            Step::Day => (NOW.div_euclid(DAY) - back) * DAY,
            Step::Month => days(2024, 11 - back, 1) * DAY,
        };
        array.records.insert(end - 1, record(number, end - 1, size));
    }
    array
}

fn put_number(far: &mut Far, function: u8, at: u16, number: i64) {
    far.put(function, at, &u32::try_from(number).unwrap().to_be_bytes());
}

/// A ТСРВ-024М with two of three heat systems.
pub fn tsrv024m() -> Far {
    let mut far = Far::new(b"VZLJOT 76.30.03.19\0\0\0\x40");
    put_number(&mut far, 4, 0x8000, NOW);
    put_number(&mut far, 4, 0x8002, SERIAL.into());
    far.put(4, 0x0045, &[0, 1, 0, 4, 0, 0]);
    far.put(3, 0x0272, &[0, 0, 0, 1]);
    for (number, size, step, count) in [
        (0, 172, Step::Hour, 400),
        (3, 172, Step::Hour, 400),
        (9, 18, Step::Hour, 400),
        (18, 78, Step::Hour, 400),
        (1, 172, Step::Day, 60),
        (4, 172, Step::Day, 60),
        (10, 18, Step::Day, 60),
        (19, 78, Step::Day, 60),
        (2, 172, Step::Month, 10),
        (5, 172, Step::Month, 10),
        (11, 18, Step::Month, 10),
        (20, 78, Step::Month, 10),
    ] {
        far.arrays.insert(number, array(number, size, step, count));
    }
    far
}

/// A ТСРВ-034 whose second channel archives its volume.
pub fn tsrv034() -> Far {
    let mut far = Far::new(b"VZLJOT 63.01.03.35 \0\0\x23");
    put_number(&mut far, 3, 0x8010, NOW);
    put_number(&mut far, 3, 0x8000, SERIAL.into());
    far.put(3, 0x0053, &[0, 0, 1, 0, 0, 0]);
    for (number, size, step, count) in [
        (0, 53, Step::Hour, 400),
        (1, 60, Step::Day, 50),
        (2, 60, Step::Month, 10),
    ] {
        far.arrays.insert(number, array(number, size, step, count));
    }
    far
}

/// A meter of the family ТСРВ-02x with records of this size, which refuses what it does not have.
pub fn tsrv02x(name: &[u8], size: usize) -> Far {
    let mut far = Far::new(name);
    put_number(&mut far, 3, 0x8002, NOW);
    put_number(&mut far, 3, 0x8000, SERIAL.into());
    for (number, step) in [(1, Step::Hour), (2, Step::Day), (3, Step::Month)] {
        let mut array = array(number, size, step, 9);
        array.refuses = Some(3);
        far.arrays.insert(number, array);
    }
    far
}

/// A session with a meter.
pub struct Talked {
    pub driver: VzletTsrv,
    pub line: Wire<Far>,
}

impl Talked {
    pub fn identify(far: Far) -> Result<(Self, uzel_driver_sdk::Identity), Failure> {
        Self::told(far, "auto")
    }

    pub fn told(far: Far, model: &str) -> Result<(Self, uzel_driver_sdk::Identity), Failure> {
        let framing = if far.is_ascii { "ascii" } else { "rtu" };
        let config = json!({"framing": framing, "model": model, "timeout_ms": 500}).to_string();
        let mut line = Wire::new(far);
        let mut driver = VzletTsrv::default();
        let identity = driver.identify(&mut line, &config)?;
        Ok((Self { driver, line }, identity))
    }

    pub fn read(&mut self, kind: ArchiveKind, windows: &[Window]) -> (Collected, Result<(), Failure>) {
        let mut out = Collected::default();
        let read = self.driver.read_archive(&mut self.line, kind, windows, None, &mut out);
        (out, read)
    }
}

pub fn rows(out: &Collected) -> impl Iterator<Item = &Row> {
    out.tables.iter().flat_map(|table| &table.rows)
}

/// Day and hour of all labels.
pub fn labels(out: &Collected) -> Vec<(u8, u8)> {
    rows(out)
        .map(|row| row.label.unwrap())
        .map(|label| (label.day, label.hour))
        .collect()
}

/// What a row should have: the values of a record by the same tables.
pub fn time_of(label: CivilTime) -> i64 {
    assert_eq!(civil(reckon(label)), label);
    reckon(label) - 1
}
