//! Tagged values as the meters write them (docs/protocols: Logika M4, section 4.1).

use jiff::civil::DateTime;

/// One value as it goes out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tagged {
    /// No data.
    None,
    Whole(u32),
    Float(f32),
    /// Whole units and a fraction.
    Total(f64),
    Flags(u128, usize),
}

impl Tagged {
    /// The number as a reader gets it.
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Whole(number) => Some(number.into()),
            Self::Float(number) => Some(number.into()),
            Self::Total(number) => Some(number.trunc() + f64::from(number.fract() as f32)),
            Self::None | Self::Flags(..) => None,
        }
    }

    pub fn write(self, bytes: &mut Vec<u8>) {
        match self {
            Self::None => put(bytes, 0x05, &[]),
            Self::Whole(number) => put(bytes, 0x41, &number.to_le_bytes()),
            Self::Float(number) => put(bytes, 0x43, &number.to_le_bytes()),
            Self::Total(number) => {
                let (whole, part) = (number.trunc() as i32, number.fract() as f32);
                put(bytes, 0x44, &[whole.to_le_bytes(), part.to_le_bytes()].concat());
            }
            Self::Flags(flags, count) => {
                put(bytes, 0x4B, flags.to_le_bytes().get(..count).unwrap_or_default());
            }
        }
    }
}

/// Adds a tag with its length as in ASN.1.
pub fn put(bytes: &mut Vec<u8>, tag: u8, payload: &[u8]) {
    bytes.push(tag);
    match payload.len() {
        short @ ..=0x7F => bytes.push(short as u8),
        middle @ ..=0xFF => bytes.extend([0x81, middle as u8]),
        long => {
            bytes.push(0x82);
            bytes.extend((long as u16).to_be_bytes());
        }
    }
    bytes.extend_from_slice(payload);
}

pub fn put_time(bytes: &mut Vec<u8>, at: DateTime) {
    put(bytes, 0x47, &[0, at.second() as u8, at.minute() as u8, at.hour() as u8]);
}

pub fn put_date(bytes: &mut Vec<u8>, at: DateTime) {
    let weekday = at.weekday().to_monday_zero_offset() as u8;
    put(bytes, 0x48, &[at.day() as u8, at.month() as u8, year(at), weekday]);
}

/// The label of a moment: year, month, day, hour, minute, second, milliseconds, cut to `length` bytes.
pub fn label(at: DateTime, length: usize) -> Vec<u8> {
    let mut whole = vec![
        year(at),
        at.month() as u8,
        at.day() as u8,
        at.hour() as u8,
        at.minute() as u8,
        at.second() as u8,
        0,
        0,
    ];
    whole.truncate(length);
    whole
}

/// The moment that a label names: fields that are not there are the first of their kind.
pub fn moment(label: &[u8]) -> Option<DateTime> {
    let field = |place: usize, least: u8| label.get(place).copied().unwrap_or(least) as i8;
    let year = 2000 + i16::from(*label.first()?);
    DateTime::new(year, field(1, 1), field(2, 1), field(3, 0), field(4, 0), field(5, 0), 0).ok()
}

fn year(at: DateTime) -> u8 {
    (at.year() - 2000).clamp(0, 255) as u8
}

/// One tag of a request, and what follows it.
pub fn take(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [tag, length @ 0..=0x7F, rest @ ..] = bytes else {
        return None;
    };
    let (payload, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((*tag, payload, rest))
}

/// Windows-1251, as far as the meters' texts go.
pub fn cp1251(text: &str) -> Vec<u8> {
    let byte = |letter: char| match letter {
        'А'..='я' => (letter as u32 - 'А' as u32 + 0xC0) as u8,
        _ if letter.is_ascii() => letter as u8,
        _ => b'?',
    };
    text.chars().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    #[test]
    fn values_are_written_as_captured() {
        let cases = [
            (Tagged::None, "05 00"),
            (Tagged::Float(12.5), "43 04 00 00 48 41"),
            (Tagged::Total(1234.5), "44 08 D2 04 00 00 00 00 00 3F"),
            (Tagged::Flags(0b10 | 1 << 49, 8), "4B 08 02 00 00 00 00 00 02 00"),
            (Tagged::Whole(9), "41 04 09 00 00 00"),
        ];
        for (value, bytes) in cases {
            let mut got = Vec::new();
            value.write(&mut got);
            assert_eq!(hex::text(&got), bytes, "{value:?}");
        }
        assert_eq!(cp1251("НС05+"), [0xCD, 0xD1, 0x30, 0x35, 0x2B]);
        assert_eq!(moment(&[0x11, 5]), DateTime::new(2017, 5, 1, 0, 0, 0, 0).ok());
    }
}
