//! Tagged values (M4 note, section 4.1): tag, length as in ASN.1 BER, payload.

use uzel_driver_sdk::{CivilTime, Fixed, Value};

pub const OCTETS: u8 = 0x04;
pub const NULL: u8 = 0x05;
pub const TEXT: u8 = 0x16;
pub const SEQUENCE: u8 = 0x30;
pub const UNSIGNED: u8 = 0x41;
pub const SIGNED: u8 = 0x42;
pub const FLOAT: u8 = 0x43;
pub const TOTAL: u8 = 0x44;
pub const OPERATIVE: u8 = 0x45;
pub const ACK: u8 = 0x46;
pub const TIME: u8 = 0x47;
pub const DATE: u8 = 0x48;
pub const LABEL: u8 = 0x49;
pub const NUMBER: u8 = 0x4a;
pub const FLAGS: u8 = 0x4b;
pub const ERROR: u8 = 0x55;

/// One tag with its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag<'a> {
    pub kind: u8,
    pub bytes: &'a [u8],
}

/// All tags of a reply or of a sequence; none where a length does not fit the bytes.
pub fn all(mut bytes: &[u8]) -> Option<Vec<Tag<'_>>> {
    let mut tags = Vec::new();
    while !bytes.is_empty() {
        let (tag, rest) = first(bytes)?;
        tags.push(tag);
        bytes = rest;
    }
    Some(tags)
}

fn first(bytes: &[u8]) -> Option<(Tag<'_>, &[u8])> {
    let (len, rest) = match *bytes {
        [_, len @ 0..=0x7f, ref rest @ ..] => (usize::from(len), rest),
        [_, 0x81, len, ref rest @ ..] => (usize::from(len), rest),
        [_, 0x82, high, low, ref rest @ ..] => (usize::from(u16::from_be_bytes([high, low])), rest),
        _ => return None,
    };
    let (payload, rest) = rest.split_at_checked(len)?;
    let tag = Tag {
        kind: *bytes.first()?,
        bytes: payload,
    };
    Some((tag, rest))
}

/// Adds a tag with a payload of less than 128 bytes.
pub fn put(request: &mut Vec<u8>, kind: u8, payload: &[u8]) {
    let payload = payload.get(..payload.len().min(0x7f)).unwrap_or_default();
    request.push(kind);
    request.push(u8::try_from(payload.len()).unwrap_or(0));
    request.extend_from_slice(payload);
}

impl Tag<'_> {
    /// As a cell. What is no number, text or flags has no value.
    pub fn value(&self) -> Value {
        match self.kind {
            UNSIGNED | SIGNED => match self.whole() {
                Some(digits) => Value::Fixed(Fixed { digits, decimals: 0 }),
                None => Value::Absent,
            },
            FLOAT | TOTAL => match self.number() {
                Some(number) => Value::Float(number),
                None => Value::Absent,
            },
            TEXT => Value::Text(self.text()),
            FLAGS => match self.flags() {
                // The flags that do not fit are said as conditions, by their codes.
                Some(flags) => Value::Bits(low_64(flags)),
                None => Value::Absent,
            },
            _ => Value::Absent,
        }
    }

    /// The whole number of 41 and 42: 1, 2 or 4 bytes, little-endian.
    pub fn whole(&self) -> Option<i64> {
        let signed = self.kind == SIGNED;
        match (self.bytes, signed) {
            (&[b0], false) => Some(b0.into()),
            (&[b0], true) => Some(i8::from_le_bytes([b0]).into()),
            (&[b0, b1], false) => Some(u16::from_le_bytes([b0, b1]).into()),
            (&[b0, b1], true) => Some(i16::from_le_bytes([b0, b1]).into()),
            (&[b0, b1, b2, b3], false) => Some(u32::from_le_bytes([b0, b1, b2, b3]).into()),
            (&[b0, b1, b2, b3], true) => Some(i32::from_le_bytes([b0, b1, b2, b3]).into()),
            _ => None,
        }
    }

    /// The number of 43, or of 44, which is whole units and a fraction; none where it is not finite.
    pub fn number(&self) -> Option<f64> {
        let number = match (self.kind, self.bytes) {
            (FLOAT, &[b0, b1, b2, b3]) => f64::from(f32::from_le_bytes([b0, b1, b2, b3])),
            (TOTAL, &[i0, i1, i2, i3, f0, f1, f2, f3]) => {
                f64::from(i32::from_le_bytes([i0, i1, i2, i3])) + f64::from(f32::from_le_bytes([f0, f1, f2, f3]))
            }
            _ => return None,
        };
        number.is_finite().then_some(number)
    }

    /// The text of 16, windows-1251.
    pub fn text(&self) -> String {
        let text: String = self.bytes.iter().map(|byte| cp1251(*byte)).collect();
        text.trim_matches(|c: char| c == '\0' || c.is_whitespace()).to_owned()
    }

    /// The flags of 4B: bit n in byte n / 8; at most 16 bytes.
    pub fn flags(&self) -> Option<u128> {
        if self.kind != FLAGS || self.bytes.len() > 16 {
            return None;
        }
        let mut flags = [0; 16];
        for (place, byte) in flags.iter_mut().zip(self.bytes) {
            *place = *byte;
        }
        Some(u128::from_le_bytes(flags))
    }

    /// Hour, minute, second of 47.
    pub fn time(&self) -> Option<(u8, u8, u8)> {
        match (self.kind, self.bytes) {
            (TIME, &[_, second, minute, hour]) => Some((hour, minute, second)),
            _ => None,
        }
    }

    /// Year, month, day of 48.
    pub fn date(&self) -> Option<(u16, u8, u8)> {
        match (self.kind, self.bytes) {
            (DATE, &[day, month, year, _]) => Some((2_000 + u16::from(year), month, day)),
            _ => None,
        }
    }

    /// The label of 49: fields that are not there are the first of their kind. None for an empty one.
    pub fn label(&self) -> Option<CivilTime> {
        let field = |place: usize, least: u8| self.bytes.get(place).copied().unwrap_or(least);
        let year = *self.bytes.first().filter(|_| self.kind == LABEL)?;
        Some(CivilTime {
            year: 2_000 + u16::from(year),
            month: field(1, 1),
            day: field(2, 1),
            hour: field(3, 0),
            minute: field(4, 0),
            second: field(5, 0),
        })
    }
}

/// Date and time, as one moment.
pub fn moment(date: &Tag, time: &Tag) -> Option<CivilTime> {
    let ((year, month, day), (hour, minute, second)) = (date.date()?, time.time()?);
    Some(CivilTime {
        year,
        month,
        day,
        hour,
        minute,
        second,
    })
}

/// The low 64 flags.
pub fn low_64(flags: u128) -> u64 {
    let [low, ..]: [u64; 2] = [flags & u128::from(u64::MAX), flags >> 64].map(|half| u64::try_from(half).unwrap_or(0));
    low
}

/// A character of windows-1251, as far as the meters' texts need it; `?` for the others.
fn cp1251(byte: u8) -> char {
    match byte {
        0..0x80 => char::from(byte),
        0xa8 => 'Ё',
        0xb8 => 'ё',
        0xb9 => '№',
        0xb0 => '°',
        0xb2 => 'І',
        0xc0.. => char::from_u32(0x0410 + u32::from(byte - 0xc0)).unwrap_or('?'),
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(kind: u8, bytes: &[u8]) -> Tag<'_> {
        Tag { kind, bytes }
    }

    #[test]
    fn lengths_are_those_of_ber() {
        let long = [&[OCTETS, 0x81, 0x80][..], &[7; 128]].concat();
        assert_eq!(all(&long).unwrap(), [one(OCTETS, &[7; 128])]);
        let longer = [&[OCTETS, 0x82, 0x01, 0x00][..], &[7; 256]].concat();
        assert_eq!(all(&longer).unwrap()[0].bytes.len(), 256);
        assert_eq!(all(&[NULL, 0, ACK, 0]).unwrap().len(), 2);
        for wrong in [
            &[0x41][..],
            &[0x41, 4, 0],
            &[0x41, 0x83, 0, 0, 1, 0],
            &[0x41, 0x81],
            &[0x41, 0x80],
        ] {
            assert_eq!(all(wrong), None, "{wrong:02x?}");
        }
    }

    #[test]
    fn every_kind_has_its_value() {
        assert!(matches!(one(NULL, &[]).value(), Value::Absent));
        assert!(matches!(
            one(SIGNED, &[0xfe, 0xff]).value(),
            Value::Fixed(Fixed {
                digits: -2,
                decimals: 0
            })
        ));
        assert!(matches!(one(FLOAT, &[0, 0, 0x48, 0x41]).value(), Value::Float(12.5)));
        assert!(
            matches!(one(FLOAT, &[0, 0, 0xc0, 0x7f]).value(), Value::Absent),
            "not a number"
        );
        let total = one(TOTAL, &[0xd2, 4, 0, 0, 0, 0, 0, 0x3f]);
        assert!(matches!(total.value(), Value::Float(1234.5)));
        assert_eq!(one(TEXT, &[0xcd, 0xd1, 0x30, 0x35, 0x2b]).text(), "НС05+");
        assert_eq!(one(FLAGS, &[0, 0, 0, 0, 0, 0, 0, 0, 1]).flags(), Some(1 << 64));
        assert_eq!(one(FLAGS, &[0; 17]).flags(), None);
    }

    #[test]
    fn labels_may_be_short() {
        let label = |bytes: &[u8]| {
            one(LABEL, bytes)
                .label()
                .map(|at| (at.year, at.month, at.day, at.hour, at.second))
        };
        assert_eq!(label(&[0x11, 5]), Some((2017, 5, 1, 0, 0)));
        assert_eq!(label(&[0x0f, 9, 0x1d, 0x0f, 0x0f, 1, 0, 0]), Some((2015, 9, 29, 15, 1)));
        assert_eq!(label(&[]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for tag in all(&bytes).unwrap_or_default() {
                let _ = (tag.value(), tag.text(), tag.flags(), tag.label(), tag.time(), tag.date());
                let _ = all(tag.bytes);
            }
        }

        #[test]
        fn what_is_put_is_found(kind: u8, payload in proptest::collection::vec(any::<u8>(), 0..128)) {
            let mut bytes = Vec::new();
            put(&mut bytes, kind, &payload);
            put(&mut bytes, NULL, &[]);
            prop_assert_eq!(all(&bytes).unwrap(), [one(kind, &payload), one(NULL, &[])]);
        }
    }
}
