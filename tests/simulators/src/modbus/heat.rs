//! РЕГИСТР-1, the invented heat meter of `examples/modbus-map.toml`: registers, an hourly ring, days by selection, months as
//! records of a file.

use super::truth::History;
use crate::civil;
use crate::clock::SimClock;
use crate::meter::Disguise;
use jiff::civil::DateTime;
use std::sync::Arc;

/// Hours in the ring and days behind the window.
pub const HOURS: usize = 1488;
pub const DAYS: u16 = 366;
/// Months in the file.
pub const MONTHS: u16 = 60;

const MODEL: u16 = 0x5231;
const RING: u16 = 0x1000;
const SELECT: u16 = 112;
const WINDOW: u16 = 128;
const REPORT_DAY: u16 = 200;
/// Registers of a record of any archive.
const RECORD: u16 = 8;
/// A number that no meter of a test has.
const OTHER_SERIAL: u32 = 99_999_999;

/// The meter.
pub struct Heat {
    pub serial: u32,
    pub clock: SimClock,
    pub history: Arc<History>,
    pub disguise: Option<Disguise>,
    pub selected: u16,
    pub report_day: u16,
}

fn high_first(number: u32) -> [u16; 2] {
    let [a, b, c, d] = number.to_be_bytes();
    [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]
}

fn bcd(number: i8) -> u16 {
    let number = u16::from(number.unsigned_abs());
    number / 10 * 16 + number % 10
}

/// Year, month; day, hour: two decimal digits each.
fn stamp(at: DateTime) -> [u16; 2] {
    let year = (at.year() % 100).to_le_bytes()[0].cast_signed();
    [bcd(year) << 8 | bcd(at.month()), bcd(at.day()) << 8 | bcd(at.hour())]
}

fn amounts(sums: [i64; 2]) -> [[u16; 2]; 2] {
    sums.map(|sum| high_first(u32::try_from(sum).unwrap_or(u32::MAX)))
}

fn signed(digits: i64) -> u16 {
    i16::try_from(digits).unwrap_or(i16::MAX).cast_unsigned()
}

impl Heat {
    pub fn register(&self, at: u16) -> Option<u16> {
        let part = |registers: &[u16], first: u16| registers.get(usize::from(at - first)).copied();
        match at {
            0..=3 => part(&self.head(), 0),
            16..=21 => part(&self.now(), 16),
            32..=40 => part(&self.current(), 32),
            64..=69 => part(&self.totals(), 64),
            96 | 97 => part(&self.ring(), 96),
            SELECT => Some(self.selected),
            WINDOW..=135 => part(&self.day(self.selected), WINDOW),
            REPORT_DAY => Some(self.report_day),
            RING.. => {
                let place = at - RING;
                let record = self.hour(usize::from(place / RECORD))?;
                record.get(usize::from(place % RECORD)).copied()
            }
            _ => None,
        }
    }

    /// Whether it was taken; none: nothing is written there.
    pub fn store(&mut self, at: u16, value: u16) -> Option<bool> {
        let (register, is_taken) = match at {
            SELECT => (&mut self.selected, (1..=DAYS).contains(&value)),
            REPORT_DAY => (&mut self.report_day, (1..=28).contains(&value)),
            _ => return None,
        };
        if is_taken {
            *register = value;
        }
        Some(is_taken)
    }

    fn head(&self) -> [u16; 4] {
        let model = MODEL + u16::from(self.disguise == Some(Disguise::Model));
        let serial = if self.disguise == Some(Disguise::Serial) {
            OTHER_SERIAL
        } else {
            self.serial
        };
        let [high, low] = high_first(serial);
        [model, high, low, 0x0102]
    }

    fn now(&self) -> [u16; 6] {
        let now = self.clock.now();
        let small = |number: i8| u16::from(number.unsigned_abs());
        [
            now.year().unsigned_abs(),
            small(now.month()),
            small(now.day()),
            small(now.hour()),
            small(now.minute()),
            small(now.second()),
        ]
    }

    fn current(&self) -> [u16; 9] {
        let hour = self.history.shown(self.clock.now_hour());
        let [high, low] = high_first(u32::try_from(hour.volume).unwrap_or(u32::MAX));
        [signed(hour.t1), signed(hour.t2), low, high, 3, 0, 0, 0, 5]
    }

    fn totals(&self) -> [u16; 6] {
        let [volume, heat] = self.history.totals(self.clock.now_hour());
        let [low, high] = amounts([volume, heat]);
        [0, 0, low[0], low[1], high[0], high[1]]
    }

    /// The place of the newest hour, and how many there are.
    fn ring(&self) -> [u16; 2] {
        let recorded = self.history.recorded(self.clock.now_hour());
        let newest = recorded.len().saturating_sub(1) % HOURS;
        [newest, recorded.len().min(HOURS)].map(|number| u16::try_from(number).unwrap_or(u16::MAX))
    }

    fn hour(&self, place: usize) -> Option<[u16; 8]> {
        if place >= HOURS {
            return None;
        }
        let recorded = self.history.recorded(self.clock.now_hour());
        // The newest number that falls into this place.
        let newest = recorded.len().checked_sub(1)?;
        let number = newest.checked_sub((newest + HOURS - place) % HOURS);
        let Some(&hour) = number.and_then(|number| recorded.get(number)) else {
            return Some([0xFFFF; 8]);
        };
        let values = self.history.hour(hour)?;
        let [volume, heat] = amounts([values.volume, values.heat]);
        let [year, day] = stamp(civil::civil_of_hour(hour + 1));
        let (t1, t2) = (signed(values.t1), signed(values.t2));
        Some([year, day, t1, t2, volume[0], volume[1], heat[0], heat[1]])
    }

    /// The window: day `number`, 1 is the last that ended.
    fn day(&self, number: u16) -> [u16; 8] {
        let today = civil::day_of(self.clock.now_hour());
        let day = today - i64::from(number);
        let Some(sums) = self.history.day(day).filter(|_| number > 0) else {
            return [number, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF];
        };
        let [volume, heat] = amounts(sums);
        let [year, day] = stamp(civil::civil_of_hour((day + 1) * civil::DAY_H));
        [number, year, day, volume[0], volume[1], heat[0], heat[1], 0]
    }

    /// Record `number` of file 4, 0 is the last month that ended.
    pub fn file(&self, file: u16, number: u16) -> Option<[u16; 8]> {
        if file != 4 || number >= MONTHS {
            return None;
        }
        let (end, sums) = *self.history.months(self.clock.now()).iter().rev().nth(number.into())?;
        let [volume, heat] = amounts(sums);
        let [year, day] = stamp(end);
        Some([year, day, volume[0], volume[1], heat[0], heat[1], 0, 0])
    }
}
