//! Which rows of a profile are asked for (IEC 62056-62, section 5.2.3): by the range of their stamps, or by their numbers.

use crate::column::Captured;
use crate::stamp;

pub const BY_RANGE: u8 = 1;
pub const BY_ENTRY: u8 = 2;

/// How the ends of a range are written: as strings of 12 bytes, which is usual, or under the tag of a date-time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    Octets,
    DateTime,
}

/// Rows with stamps `from` to `to`, both included, all columns; stamps are of `clock`.
pub fn range(clock: &Captured, tag: Tag, from: i64, to: i64) -> Vec<u8> {
    let mut bytes = vec![0x02, 0x04, 0x02, 0x04, 0x12];
    bytes.extend(clock.class.to_be_bytes());
    bytes.extend([0x09, 0x06]);
    bytes.extend(clock.name.0);
    bytes.push(0x0F);
    bytes.extend(clock.attribute.to_be_bytes());
    bytes.push(0x12);
    bytes.extend(clock.element.to_be_bytes());
    for end in [from, to] {
        match tag {
            Tag::Octets => bytes.extend([0x09, 0x0C]),
            Tag::DateTime => bytes.push(0x19),
        }
        bytes.extend(stamp::plain(end));
    }
    bytes.extend([0x01, 0x00]);
    bytes
}

/// Rows `from` to `to`, both included and counted from 1, all columns.
pub fn entries(from: u32, to: u32) -> Vec<u8> {
    let mut bytes = vec![0x02, 0x04, 0x06];
    bytes.extend(from.to_be_bytes());
    bytes.push(0x06);
    bytes.extend(to.to_be_bytes());
    bytes.extend([0x12, 0x00, 0x01, 0x12, 0x00, 0x00]);
    bytes
}

#[cfg(test)]
mod tests {
    use uzel_driver_sdk::bytes::unhex;
    use uzel_driver_sdk::calendar::{DAY, HOUR, days};

    use super::*;
    use crate::column::CLOCK;
    use crate::name;

    #[test]
    fn selections_are_written_as_the_standard_shows_them() {
        let clock = Captured {
            class: CLOCK,
            name: name::CLOCK,
            attribute: 2,
            element: 0,
        };
        let day = days(2025, 3, 30) * DAY;
        let want = "02 04 02 04 12 0008 09 06 0000010000FF 0F 02 12 0000 09 0C 07E9031E07000000FF8000FF \
                    09 0C 07E9031E07170000FF8000FF 01 00";
        assert_eq!(range(&clock, Tag::Octets, day, day + 23 * HOUR), unhex(want).unwrap());
        let tagged = range(&clock, Tag::DateTime, day, day);
        assert_eq!(tagged.get(20..22), Some(&[0x19, 0x07][..]));
        let want = "02 04 06 00000005 06 0000000E 12 0001 12 0000";
        assert_eq!(entries(5, 14), unhex(want).unwrap());
    }
}
