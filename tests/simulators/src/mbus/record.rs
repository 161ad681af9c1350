//! Data records of M-Bus (EN 13757-3; docs/protocols: M-Bus, section 3): DIF, DIFE, VIF and data.

use crate::civil;
use jiff::civil::{Date, DateTime};

/// The data of a record, in the coding that the meter uses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Data {
    Int16(i64),
    Int32(i64),
    Int48(i64),
    /// Packed decimals of so many bytes.
    Bcd(i64, usize),
    /// Type G.
    Date(Date),
    /// Type F.
    DateTime(DateTime),
    /// Type I.
    Moment(DateTime),
}

/// A record with the function "instantaneous value".
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record {
    pub storage: u32,
    pub tariff: u32,
    pub vif: &'static [u8],
    pub data: Data,
}

impl Record {
    pub fn now(vif: &'static [u8], data: Data) -> Self {
        Self {
            storage: 0,
            tariff: 0,
            vif,
            data,
        }
    }

    pub fn at(self, storage: u32) -> Self {
        Self { storage, ..self }
    }

    pub fn tariff(self, tariff: u32) -> Self {
        Self { tariff, ..self }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.information();
        bytes.extend_from_slice(self.vif);
        bytes.extend(self.data.bytes());
        bytes
    }

    /// DIF and as many DIFE as storage and tariff need.
    fn information(&self) -> Vec<u8> {
        let (mut storage, mut tariff) = (self.storage, self.tariff);
        let low = |value: u32, mask: u32| u8::try_from(value & mask).unwrap_or(0);
        let mut bytes = vec![self.data.code() | low(storage, 1) << 6];
        storage >>= 1;
        while storage > 0 || tariff > 0 {
            if let Some(last) = bytes.last_mut() {
                *last |= 0x80;
            }
            bytes.push(low(storage, 0x0F) | low(tariff, 3) << 4);
            (storage, tariff) = (storage >> 4, tariff >> 2);
        }
        bytes
    }
}

/// An inverse compact profile (VIFE 13): values a month apart, newest first, behind the value that `base` is. All have
/// the coding of the base.
pub fn months_before(base: &Record, values: &[Data]) -> Vec<u8> {
    // Absolute values; days or months; the coding. 254 is "a month".
    let mut elements = vec![0x30 | base.data.code(), 254];
    elements.extend(values.iter().flat_map(|value| value.bytes()));
    let mut bytes = base.information();
    if let Some(first) = bytes.first_mut() {
        *first = *first & 0xF0 | 0x0D;
    }
    bytes.extend_from_slice(base.vif);
    if let Some(last) = bytes.last_mut() {
        *last |= 0x80;
    }
    bytes.extend([0x13, u8::try_from(elements.len()).unwrap_or(0)]);
    bytes.extend(elements);
    bytes
}

impl Data {
    fn code(self) -> u8 {
        match self {
            Self::Int16(_) | Self::Date(_) => 0x2,
            Self::Int32(_) | Self::DateTime(_) => 0x4,
            Self::Int48(_) | Self::Moment(_) => 0x6,
            Self::Bcd(_, 3) => 0xB,
            Self::Bcd(..) => 0xC,
        }
    }

    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Int16(int) => cut(int, 2),
            Self::Int32(int) => cut(int, 4),
            Self::Int48(int) => cut(int, 6),
            Self::Bcd(int, size) => bcd(int, size),
            Self::Date(date) => type_g(date).to_vec(),
            Self::DateTime(at) => {
                let byte = |number: i8| u8::try_from(number).unwrap_or(0);
                let [day, month] = type_g(at.date());
                // The century bits of the hour byte stay 0: years below 81 are 2000 and up.
                vec![byte(at.minute()), byte(at.hour()), day, month]
            }
            Self::Moment(at) => {
                let byte = |number: i8| u8::try_from(number).unwrap_or(0);
                let [day, month] = type_g(at.date());
                vec![byte(at.second()), byte(at.minute()), byte(at.hour()), day, month, 0]
            }
        }
    }
}

fn cut(int: i64, size: usize) -> Vec<u8> {
    let mut bytes = int.to_le_bytes().to_vec();
    bytes.truncate(size);
    bytes
}

/// Non-negative decimals, least significant byte first.
pub fn bcd(int: i64, size: usize) -> Vec<u8> {
    let mut rest = u64::try_from(int).unwrap_or(0);
    let mut digit = || {
        let digit = u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        digit
    };
    (0..size).map(|_| digit() | digit() << 4).collect()
}

fn type_g(date: Date) -> [u8; 2] {
    let year = u8::try_from(date.year() - 2000).unwrap_or(0);
    let byte = |number: i8| u8::try_from(number).unwrap_or(0);
    [
        byte(date.day()) | (year & 0x07) << 5,
        byte(date.month()) | (year >> 3) << 4,
    ]
}

/// The date of type G, when there is such a day after 2000.
fn date_of(day: u8, month: u8) -> Option<Date> {
    let year = day >> 5 | month >> 4 << 3;
    civil::checked_date(2000 + i16::from(year), month & 0x0F, day & 0x1F)
}

fn time_of(date: Date, hour: u8, minute: u8, second: u8) -> Option<DateTime> {
    let [hour, minute, second] = [hour, minute, second].map(|part| i8::try_from(part).unwrap_or(-1));
    date.at(0, 0, 0, 0)
        .with()
        .hour(hour)
        .minute(minute)
        .second(second)
        .build()
        .ok()
}

/// Date and time of type F that came from outside; bits that say "invalid", "every" or "summer time" are refused.
pub fn type_f(bytes: &[u8]) -> Option<DateTime> {
    let &[minute, hour, day, month] = bytes else {
        return None;
    };
    time_of(date_of(day, month)?, hour, minute, 0)
}

/// Date and time of type I that came from outside, likewise.
pub fn type_i(bytes: &[u8]) -> Option<DateTime> {
    let &[second, minute, hour, day, month, _] = bytes else {
        return None;
    };
    time_of(date_of(day, month)?, hour, minute, second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;
    use jiff::civil::{date, datetime};

    #[test]
    fn records_match_published_ones() {
        let cases = [
            // kamstrup_multical_601 of libmbus' test frames.
            (Record::now(&[0x06], Data::Int32(0x91E7)), "04 06 E7 91 00 00"),
            (Record::now(&[0x06], Data::Int32(0x8251)).at(1), "44 06 51 82 00 00"),
            (
                Record::now(&[0x6C], Data::Date(date(2010, 12, 31))).at(1),
                "42 6C 5F 1C",
            ),
            (
                Record::now(&[0x14], Data::Int32(0)).at(1).tariff(1),
                "C4 10 14 00 00 00 00",
            ),
            (Record::now(&[0x06], Data::Int32(0)).tariff(2), "84 20 06 00 00 00 00"),
            (Record::now(&[0x78], Data::Bcd(6_855_817, 4)), "0C 78 17 58 85 06"),
            // itron_cf_51.
            (
                Record::now(&[0x6D], Data::DateTime(datetime(2012, 1, 24, 13, 24, 0, 0))),
                "04 6D 18 0D 98 11",
            ),
            // The rule of section 3 at a storage number of two DIFE.
            (Record::now(&[0x06], Data::Int32(0)).at(120), "84 8C 03 06 00 00 00 00"),
        ];
        for (record, bytes) in cases {
            assert_eq!(hex::text(&record.bytes()), bytes);
        }
        // EN 13757-3, annex of compact profiles: storage 8, two values before the base.
        let base = Record::now(&[0x13], Data::Int32(10)).at(8);
        let profile = months_before(&base, &[Data::Int32(7), Data::Int32(5)]);
        assert_eq!(hex::text(&profile), "8D 04 93 13 0A 34 FE 07 00 00 00 05 00 00 00");
    }
}
