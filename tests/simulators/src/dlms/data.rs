//! A-XDR values as meters write them (IEC 62056-53, annex A), and a reader of what a client sends.

use crate::civil;
use jiff::civil::DateTime;

/// Six numbers of a logical name.
pub type Name = [u8; 6];

pub const CLOCK: Name = [0, 0, 1, 0, 0, 255];

/// `0.0.1.0.0.255` of five numbers.
pub const fn name(a: u8, b: u8, c: u8, d: u8, e: u8) -> Name {
    [a, b, c, d, e, 255]
}

fn count(tag: u8, count: usize) -> Vec<u8> {
    let mut bytes = vec![tag];
    bytes.extend(length(count));
    bytes
}

/// A length: one byte below 128, else how many bytes follow and they.
pub fn length(length: usize) -> Vec<u8> {
    let wide = u16::try_from(length).expect("no value here has 64 KiB");
    match wide {
        ..=0x7F => vec![wide.to_le_bytes()[0]],
        0x80..=0xFF => vec![0x81, wide.to_le_bytes()[0]],
        _ => [&[0x82], &wide.to_be_bytes()[..]].concat(),
    }
}

pub fn array(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![0x01];
    let wide = u16::try_from(parts.len()).expect("no array here is that long");
    bytes.extend(length(wide.into()));
    bytes.extend(parts.concat());
    bytes
}

pub fn structure(parts: &[Vec<u8>]) -> Vec<u8> {
    [count(0x02, parts.len()), parts.concat()].concat()
}

pub fn octets(bytes: &[u8]) -> Vec<u8> {
    [count(0x09, bytes.len()), bytes.to_vec()].concat()
}

pub fn unsigned8(number: u8) -> Vec<u8> {
    vec![0x11, number]
}

pub fn integer8(number: i8) -> Vec<u8> {
    [&[0x0F], &number.to_be_bytes()[..]].concat()
}

pub fn unsigned16(number: u16) -> Vec<u8> {
    [&[0x12], &number.to_be_bytes()[..]].concat()
}

pub fn integer32(number: i32) -> Vec<u8> {
    [&[0x05], &number.to_be_bytes()[..]].concat()
}

pub fn unsigned32(number: u32) -> Vec<u8> {
    [&[0x06], &number.to_be_bytes()[..]].concat()
}

pub fn enumerated(number: u8) -> Vec<u8> {
    vec![0x16, number]
}

pub const NULL: &[u8] = &[0x00];

/// Moscow: 180 minutes ahead of UTC, by the sign of the standard.
const DEVIATION: i16 = -180;

/// The 12 bytes of a date-time.
pub fn stamp(at: DateTime) -> [u8; 12] {
    let small = |number: i8| number.unsigned_abs();
    let [year_high, year_low] = at.year().to_be_bytes();
    let [dev_high, dev_low] = DEVIATION.to_be_bytes();
    [
        year_high,
        year_low,
        small(at.month()),
        small(at.day()),
        small(at.weekday().to_monday_one_offset()),
        small(at.hour()),
        small(at.minute()),
        small(at.second()),
        0,
        dev_high,
        dev_low,
        0,
    ]
}

/// A date-time from a client, in seconds; none where it is none.
pub fn unstamp(bytes: &[u8]) -> Option<i64> {
    let &[year_high, year_low, month, day, _, hour, minute, second, ..] = bytes else {
        return None;
    };
    let date = civil::checked_date(i16::from_be_bytes([year_high, year_low]), month, day)?;
    let small = |number: u8, end: u8| i8::try_from(number).ok().filter(|_| number < end);
    let at = date.at(small(hour, 24)?, small(minute, 60)?, small(second, 60)?, 0);
    (bytes.len() == 12).then(|| civil::seconds_of(at))
}

/// Reads what a client sent, front to back.
pub struct Take<'a>(pub &'a [u8]);

impl<'a> Take<'a> {
    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    pub fn byte(&mut self) -> Option<u8> {
        self.bytes(1).and_then(|bytes| bytes.first().copied())
    }

    pub fn wide(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.bytes(2)?.try_into().ok()?))
    }

    pub fn long(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.bytes(4)?.try_into().ok()?))
    }

    pub fn length(&mut self) -> Option<usize> {
        Some(match self.byte()? {
            0x81 => self.byte()?.into(),
            0x82 => self.wide()?.into(),
            short @ ..=0x7F => short.into(),
            _ => return None,
        })
    }

    /// Passes over these bytes; none where others stand.
    pub fn expect(&mut self, want: &[u8]) -> Option<()> {
        (self.bytes(want.len())? == want).then_some(())
    }
}
