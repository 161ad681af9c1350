//! Dates and times in registers.

use uzel_driver_sdk::CivilTime;

use crate::number::{Number, Order, Type, decode};
use uzel_driver_sdk::calendar;
use uzel_driver_sdk::modbus::pdu::{Area, Span};

/// Years that a device in use can show.
const YEARS: std::ops::RangeInclusive<u16> = 1_990..=2_189;

/// Where a date and time is, and how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    pub area: Area,
    /// Address, or within a record the register from its start.
    pub at: u16,
    pub layout: Layout,
    pub order: Order,
}

/// How a date and time is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// Seconds since 1970 of the device's own calendar, 32 bits.
    Unix,
    /// One part a register.
    Registers(Vec<Part>),
    /// One part a byte.
    Bytes(Vec<Part>),
    /// One part a byte, two decimal digits.
    Bcd(Vec<Part>),
}

/// One part of a date and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Skipped,
}

/// What stands where a date is expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shown {
    Time(CivilTime),
    /// All bits 0 or all 1: nothing was ever written here.
    Blank,
    /// No day of the calendar.
    Impossible,
}

impl Layout {
    /// `unix`, `registers:YMDhms`, `bytes:DMYh`, `bcd:smhDMY`; `-` is a part that says nothing.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "unix" {
            return Some(Self::Unix);
        }
        let (form, letters) = text.split_once(':')?;
        let parts: Vec<_> = letters.chars().map(part).collect::<Option<_>>()?;
        let is_once = |wanted: Part| parts.iter().filter(|part| **part == wanted).count() == 1;
        let is_date = [Part::Year, Part::Month, Part::Day].into_iter().all(is_once);
        let is_clear = |wanted: Part| parts.iter().filter(|part| **part == wanted).count() <= 1;
        let is_time = [Part::Hour, Part::Minute, Part::Second].into_iter().all(is_clear);
        if !is_date || !is_time || parts.len() > 16 {
            return None;
        }
        match form {
            "registers" => Some(Self::Registers(parts)),
            "bytes" => Some(Self::Bytes(parts)),
            "bcd" => Some(Self::Bcd(parts)),
            _ => None,
        }
    }

    /// Registers that it takes.
    pub fn registers(&self) -> u16 {
        let count = match self {
            Self::Unix => 2,
            Self::Registers(parts) => parts.len(),
            Self::Bytes(parts) | Self::Bcd(parts) => parts.len().div_ceil(2),
        };
        u16::try_from(count).unwrap_or(u16::MAX)
    }
}

fn part(letter: char) -> Option<Part> {
    Some(match letter {
        'Y' => Part::Year,
        'M' => Part::Month,
        'D' => Part::Day,
        'h' => Part::Hour,
        'm' => Part::Minute,
        's' => Part::Second,
        '-' => Part::Skipped,
        _ => return None,
    })
}

impl Shown {
    /// The time, if it is one.
    pub fn time(self) -> Option<CivilTime> {
        match self {
            Self::Time(time) => Some(time),
            Self::Blank | Self::Impossible => None,
        }
    }
}

impl Stamp {
    pub fn span(&self) -> Span {
        Span {
            area: self.area,
            at: self.at,
            count: self.layout.registers(),
        }
    }

    /// Whether it tells seconds.
    pub fn has_seconds(&self) -> bool {
        match &self.layout {
            Layout::Unix => true,
            Layout::Registers(parts) | Layout::Bytes(parts) | Layout::Bcd(parts) => parts.contains(&Part::Second),
        }
    }

    /// Reads the registers of the stamp. A year below 100 is one of this century; hour 24 is the next day's 0.
    pub fn decode(&self, bytes: &[u8]) -> Shown {
        let is_all = |value: u8| bytes.iter().all(|byte| *byte == value);
        if is_all(0) || is_all(0xff) {
            return Shown::Blank;
        }
        let numbers: Vec<u16> = match &self.layout {
            Layout::Unix => return self.unix(bytes),
            Layout::Registers(_) => {
                let registers = bytes.as_chunks::<2>().0.iter();
                registers.map(|register| u16::from_be_bytes(*register)).collect()
            }
            Layout::Bytes(_) => bytes.iter().map(|byte| u16::from(*byte)).collect(),
            Layout::Bcd(_) => {
                let digits = bytes.iter().map(|byte| (u16::from(byte >> 4), u16::from(byte & 0x0f)));
                let number = |(high, low)| {
                    if high < 10 && low < 10 {
                        high * 10 + low
                    } else {
                        u16::MAX
                    }
                };
                digits.map(number).collect()
            }
        };
        let parts: &[Part] = match &self.layout {
            Layout::Registers(parts) | Layout::Bytes(parts) | Layout::Bcd(parts) => parts,
            Layout::Unix => &[],
        };
        shown(parts, &numbers)
    }

    fn unix(&self, bytes: &[u8]) -> Shown {
        match decode(Type::U32, self.order, 0, &[], bytes) {
            Number::Whole(seconds) => {
                let time = calendar::civil(seconds);
                if YEARS.contains(&time.year) {
                    Shown::Time(time)
                } else {
                    Shown::Impossible
                }
            }
            _ => Shown::Impossible,
        }
    }
}

fn shown(parts: &[Part], numbers: &[u16]) -> Shown {
    let get = |wanted: Part| {
        let place = parts.iter().position(|part| *part == wanted);
        place.map_or(Some(0), |place| numbers.get(place).copied())
    };
    let all = [
        Part::Year,
        Part::Month,
        Part::Day,
        Part::Hour,
        Part::Minute,
        Part::Second,
    ]
    .map(get);
    let [
        Some(year),
        Some(month),
        Some(day),
        Some(hour),
        Some(minute),
        Some(second),
    ] = all
    else {
        return Shown::Impossible;
    };
    let year = if year < 100 { year + 2_000 } else { year };
    let small = |number: u16| u8::try_from(number).unwrap_or(u8::MAX);
    let time = CivilTime {
        year,
        month: small(month),
        day: small(day),
        hour: small(hour),
        minute: small(minute),
        second: small(second),
    };
    let is_day = (1..=calendar::days_in_month(time.year, time.month)).contains(&time.day.into());
    let is_midnight = (time.hour, time.minute, time.second) == (24, 0, 0);
    if !is_day || !YEARS.contains(&time.year) || time.minute > 59 || time.second > 59 || time.hour > 23 && !is_midnight
    {
        return Shown::Impossible;
    }
    // The calendar turns 24:00 into the next day's 0:00.
    Shown::Time(calendar::civil(calendar::reckon(time)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::unhex;

    use super::*;

    fn read(layout: &str, bytes: &str) -> String {
        let stamp = Stamp {
            area: Area::Holding,
            at: 0,
            layout: Layout::parse(layout).unwrap(),
            order: Order::Abcd,
        };
        match stamp.decode(&unhex(bytes).unwrap()) {
            Shown::Time(t) => format!("{}-{}-{} {}:{}:{}", t.year, t.month, t.day, t.hour, t.minute, t.second),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn every_layout_is_read() {
        let cases = [
            ("unix", "69 1e d4 b0", "2025-11-20 8:43:28"),
            ("registers:hmDMY", "000d 002d 000a 0003 07e8", "2024-3-10 13:45:0"),
            ("bytes:DMYh", "1f 0c 19 18", "2026-1-1 0:0:0"),
            ("bcd:msDhYM", "59 30 28 23 26 02", "2026-2-28 23:59:30"),
            ("bytes:DMYh", "1f 02 19 00", "Impossible"),
            ("bcd:YMDh", "26 1a 01 00", "Impossible"),
            ("registers:YMD", "ffff 0002 001d", "Impossible"),
            ("bytes:DMYh", "ff ff ff ff", "Blank"),
            ("bytes:DMYh", "1f 0c", "Impossible"),
        ];
        for (layout, bytes, want) in cases {
            assert_eq!(read(layout, bytes), want, "{layout} {bytes}");
        }
        for wrong in ["bcd:hm", "bcd:YYMD", "dos", "bytes:YMDx", "unix:"] {
            assert_eq!(Layout::parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_time_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            for layout in ["unix", "registers:YMDhms", "bytes:DMYh", "bcd:smhDMY"] {
                let stamp = Stamp { area: Area::Holding, at: 0, layout: Layout::parse(layout).unwrap(), order: Order::Abcd };
                if let Shown::Time(time) = stamp.decode(&bytes) {
                    prop_assert_eq!(calendar::civil(calendar::reckon(time)), time);
                }
            }
        }
    }
}
