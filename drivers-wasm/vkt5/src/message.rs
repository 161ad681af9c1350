//! What is asked of a ВКТ-5, and what its service answers mean ("Протокол обмена", tables of arrays and of answers). All
//! numbers are big-endian.

use std::fmt;

use uzel_driver_sdk::bytes::{Reader, Short};
use uzel_driver_sdk::{CivilTime, calendar};

use crate::frame::{READ_ARCHIVE, READ_CURRENT, Request, WRITE};

/// Codes of arrays: the low six bits of an address' high byte.
mod array {
    pub const INPUT: u8 = 0x00;
    pub const EXTRA: u8 = 0x03;
    pub const INPUT_NS: u8 = 0x04;
    pub const EXTRA_NS: u8 = 0x07;
    pub const SCHEME: u8 = 0x0a;
    pub const DATE: u8 = 0x0b;
    pub const VERSION: u8 = 0x0e;
    pub const REQUISITES: u8 = 0x0f;
    pub const INTERVAL: u8 = 0x14;
    pub const SET_POINTS: u8 = 0x15;
    pub const PROGRAMME: u8 = 0x16;
}

/// Bytes of both regulators' weekly programme.
pub const PROGRAMME_BYTES: usize = 28;
/// Bytes of the set points.
pub const SET_POINT_BYTES: usize = 16;

/// Where values are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Current,
    Totals,
    Hourly,
    Daily,
}

impl Source {
    fn function(self) -> u8 {
        match self {
            Self::Current | Self::Totals => READ_CURRENT,
            Self::Hourly | Self::Daily => READ_ARCHIVE,
        }
    }

    /// Bits 7 and 6 of an address.
    fn bits(self) -> u8 {
        match self {
            Self::Current | Self::Daily => 0,
            Self::Hourly => 0x40,
            Self::Totals => 0x80,
        }
    }

    /// Whether it holds the records of dates.
    pub fn is_archive(self) -> bool {
        matches!(self, Self::Hourly | Self::Daily)
    }

    /// For the journal.
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Totals => "totals",
            Self::Hourly => "hourly",
            Self::Daily => "daily",
        }
    }
}

fn read(source: Source, array: u8, low: u8, count: u8, lengths: Vec<usize>) -> Request {
    Request {
        function: source.function(),
        body: vec![source.bits() | array, low, 0, count],
        lengths,
    }
}

/// The count of an archive's question by the document. For current values the maker's own program sends 0 (captured).
fn count(source: Source, documented: usize) -> u8 {
    let documented = u8::try_from(documented).unwrap_or_default();
    if source.is_archive() { documented } else { 0 }
}

/// Array 00: what a heat input with `pipes` pipes measures.
pub fn input(source: Source, number: u8, pipes: usize, lengths: Vec<usize>) -> Request {
    let count = count(source, (pipes * 3 + 4) * 2);
    read(source, array::INPUT, number.saturating_mul(28), count, lengths)
}

/// Array 04: abnormal situations of a heat input.
pub fn input_ns(source: Source, number: u8, pipes: usize, lengths: Vec<usize>) -> Request {
    read(source, array::INPUT_NS, number, count(source, pipes * 9 + 2), lengths)
}

/// Array 03: additional temperatures.
pub fn extra(source: Source, length: usize) -> Request {
    read(source, array::EXTRA, 0, 6, vec![length])
}

/// Array 07: abnormal situations of additional temperatures.
pub fn extra_ns(source: Source, length: usize) -> Request {
    read(source, array::EXTRA_NS, 0, 6, vec![length])
}

/// Array 0A: which pipe belongs to which heat input, and what is measured there.
pub fn scheme() -> Request {
    read(Source::Current, array::SCHEME, 0, 0, vec![56, 58, 59, 60])
}

/// Array 0E: the firmware.
pub fn version() -> Request {
    read(Source::Current, array::VERSION, 0, 1, vec![0, 2])
}

/// Array 0B: the clock.
pub fn clock() -> Request {
    read(Source::Current, array::DATE, 0, 10, vec![10])
}

/// Array 0F: what the device is called by its owner.
pub fn requisites() -> Request {
    read(Source::Current, array::REQUISITES, 0, 0, vec![17])
}

/// Array 14: from when to when there are archives.
pub fn interval() -> Request {
    read(Source::Current, array::INTERVAL, 0, 0, vec![20, 30])
}

/// Array 15: day and night temperatures of both regulators.
pub fn set_points() -> Request {
    read(Source::Current, array::SET_POINTS, 0, 4, vec![SET_POINT_BYTES])
}

/// Array 16: the weekly programme of both regulators. The count is the captured one.
pub fn programme() -> Request {
    read(Source::Current, array::PROGRAMME, 0, 14, vec![PROGRAMME_BYTES])
}

fn write(array: u8, data: &[u8]) -> Request {
    let mut body = vec![array, 0, 0, 4, u8::try_from(data.len()).unwrap_or_default()];
    body.extend(data);
    Request {
        function: WRITE,
        body,
        lengths: Vec::new(),
    }
}

/// The date of the records that are read next.
pub fn set_date(date: CivilTime) -> Request {
    let words = [date.year, date.month.into(), date.day.into(), date.hour.into()];
    write(array::DATE, &words.map(u16::to_be_bytes).concat())
}

/// Day and night temperatures of both regulators, °C.
pub fn set_set_points(points: [f32; 4]) -> Request {
    write(array::SET_POINTS, &points.map(f32::to_be_bytes).concat())
}

/// The weekly programme of both regulators.
pub fn set_programme(hours: &[u8; PROGRAMME_BYTES]) -> Request {
    write(array::PROGRAMME, hours)
}

/// What a refusal means (table of error codes).
pub fn refusal(code: u8) -> String {
    let meaning = match code {
        0 => "the heat input is not used",
        1 => "the pipe is not used",
        2 => "no data for the date",
        3 => "outside of the settings memory",
        4 => "no such record",
        5 => "the archive is empty",
        6 => "no such key",
        7 => "the request is not supported",
        8 => "the flash memory could not be written",
        9 => "writing of settings is closed",
        _ => "not in the documents",
    };
    format!("error {code} ({meaning})")
}

/// Whether a refusal says that there is no record.
pub fn is_no_record(code: u8) -> bool {
    matches!(code, 2 | 4 | 5)
}

/// Why data are no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    #[error(transparent)]
    Short(#[from] Short),
    #[error("the clock shows {year}-{month:02}-{day:02} {hour:02}:{minute:02}, which is no time")]
    Time {
        year: u16,
        month: u16,
        day: u16,
        hour: u16,
        minute: u16,
    },
}

/// The firmware: major and minor number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u8,
    pub minor: u8,
}

impl Version {
    /// Firmware up to 4.06.01 has no data in its answer: none. 7D is 7.13; before 6.07 there is a major number only.
    pub fn parse(data: &[u8]) -> Option<Self> {
        let byte = *data.get(1)?;
        Some(match (byte >> 4, byte & 0x0f) {
            (0, major) => Self { major, minor: 0 },
            (major, minor) => Self { major, minor },
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.major, self.minor)
    }
}

/// Year, month, day, hour and minute, a word each.
pub fn time(reader: &mut Reader) -> Result<CivilTime, MessageError> {
    let mut word = || reader.u16_be();
    let (year, month, day, hour, minute) = (word()?, word()?, word()?, word()?, word()?);
    let small = |word: u16| u8::try_from(word).unwrap_or(u8::MAX);
    let time = CivilTime {
        year,
        month: small(month),
        day: small(day),
        hour: small(hour),
        minute: small(minute),
        second: 0,
    };
    let wrong = MessageError::Time {
        year,
        month,
        day,
        hour,
        minute,
    };
    calendar::seconds(time).map(|_| time).ok_or(wrong)
}

/// Where the archives begin; from firmware 6 on also when they were last reset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub start: CivilTime,
    pub end: CivilTime,
    pub reset: Option<CivilTime>,
}

impl Interval {
    pub fn parse(data: &[u8]) -> Result<Self, MessageError> {
        let mut reader = Reader::new(data);
        let (start, end) = (time(&mut reader)?, time(&mut reader)?);
        // A reset that never was is no date.
        let reset = time(&mut reader).ok();
        Ok(Self { start, end, reset })
    }
}

/// What the owner has entered to tell devices apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requisites {
    pub organisation: String,
    pub district: u8,
    pub device: u8,
    pub kind: u8,
}

impl Requisites {
    pub fn parse(data: &[u8]) -> Result<Self, MessageError> {
        let mut reader = Reader::new(data);
        let organisation = reader.array::<13>()?;
        let shown = organisation.iter().filter(|byte| byte.is_ascii_graphic());
        let (district, device) = (reader.u8()?, reader.u8()?);
        let _protection = reader.u8()?;
        Ok(Self {
            organisation: shown.map(|byte| char::from(*byte)).collect(),
            district,
            device,
            kind: reader.u8()?,
        })
    }

    /// What tells this device from others, if anything was entered.
    pub fn serial(&self) -> Option<String> {
        let is_blank = self.organisation.chars().all(|letter| letter == '0');
        let is_entered = |number: u8| number != 0 && number != u8::MAX;
        let is_any = !is_blank || is_entered(self.district) || is_entered(self.device);
        is_any.then(|| format!("{}-{}-{}", self.organisation, self.district, self.device))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::unhex;

    use super::*;

    #[test]
    fn versions_are_two_nibbles_or_one_or_none() {
        let shown = |data: &[u8]| Version::parse(data).map(|version| version.to_string());
        assert_eq!(shown(&[0, 0x7d]).as_deref(), Some("7.13"));
        assert_eq!(shown(&[0, 0x67]).as_deref(), Some("6.07"));
        assert_eq!(shown(&[0, 5]).as_deref(), Some("5.00"));
        assert_eq!(shown(&[]), None);
    }

    #[test]
    fn an_owner_who_entered_nothing_gives_no_serial_number() {
        let parse = |text: &str| Requisites::parse(&unhex(text).unwrap()).unwrap();
        let blank = parse("30303030303030303030303030 00 00 00 05");
        assert_eq!(blank.serial(), None);
        let entered = parse("31323334353637383930313233 02 07 00 05");
        assert_eq!(entered.serial().as_deref(), Some("1234567890123-2-7"));
    }

    #[test]
    fn a_time_that_cannot_be_is_named() {
        let data = unhex("07df 000d 0002 0010 001e").unwrap();
        let error = time(&mut Reader::new(&data)).unwrap_err();
        assert_eq!(error.to_string(), "the clock shows 2015-13-02 16:30, which is no time");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(data in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = Interval::parse(&data);
            let _ = Version::parse(&data);
            let _ = Requisites::parse(&data).map(|requisites| requisites.serial());
        }
    }
}
