//! The data field of a record: codings and values (EN 13757-3, table of DIF codes, annex A).

use uzel_driver_sdk::bytes::{self, Reader};

use crate::date::{Stamp, time_of_day};

/// How the bytes of a data field are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// There are none.
    Nothing,
    /// Signed, little-endian, up to 8 bytes.
    Integer,
    /// IEEE 754 single, little-endian.
    Real,
    /// Decimal digits, least significant pair first; the highest nibble F is a minus sign.
    Bcd,
    /// The same with the sign in the length byte.
    NegativeBcd,
    /// ISO 8859-1, last character first.
    Text,
    /// A binary block.
    Bytes,
    /// A number of which the meter does not say for sure how it is coded.
    Unknown,
    /// Answers that should be equal differ, so there is nothing to rely on.
    Unsettled,
}

/// How long a data field is.
pub enum Length {
    /// Always so many bytes.
    Fixed(Coding, usize),
    /// As the length byte says, see [`variable`].
    Variable,
}

/// The coding of the low four bits of a DIF; 0F is no coding and taken as none.
pub fn coding(dif: u8) -> Length {
    match dif {
        0x01..=0x04 => Length::Fixed(Coding::Integer, dif.into()),
        0x05 => Length::Fixed(Coding::Real, 4),
        0x06 => Length::Fixed(Coding::Integer, 6),
        0x07 => Length::Fixed(Coding::Integer, 8),
        0x09..=0x0c => Length::Fixed(Coding::Bcd, usize::from(dif) - 8),
        0x0d => Length::Variable,
        0x0e => Length::Fixed(Coding::Bcd, 6),
        _ => Length::Fixed(Coding::Nothing, 0),
    }
}

/// Coding and length of a length byte (LVAR). None when it is reserved.
pub fn variable(lvar: u8) -> Option<(Coding, usize)> {
    let length = usize::from(lvar);
    match lvar {
        0x00..=0xbf => Some((Coding::Text, length)),
        0xc0..=0xcf => Some((Coding::Bcd, length - 0xc0)),
        0xd0..=0xdf => Some((Coding::NegativeBcd, length - 0xd0)),
        0xe0..=0xef => Some((Coding::Bytes, length - 0xe0)),
        0xf0..=0xf4 => Some((Coding::Bytes, 4 * (length - 0xec))),
        0xf5..=0xff => None,
    }
}

/// A decoded value.
#[derive(Debug, Clone)]
pub enum Data<'a> {
    Nothing,
    Number(i64),
    Real(f64),
    Text(String),
    /// In the order of the line.
    Bytes(&'a [u8]),
    Bits(u64),
    Stamp(Stamp),
    /// What came is no value of its kind: the meter's own bytes in the order of the line, see [`digits`].
    Invalid(&'a [u8]),
    /// Answers that should be equal differ.
    Unsettled,
}

/// What a data field is expected to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// A number.
    Number,
    /// Flags.
    Flags,
    /// A name made of digits.
    Identity,
    /// A date of two bytes.
    Date,
    /// A date with time, or a time of day.
    DateTime,
    /// Either, by length.
    AnyDate,
}

/// Reads a data field.
pub fn decode(coding: Coding, bytes: &[u8], expected: Expected) -> Data<'_> {
    let invalid = || Data::Invalid(bytes);
    let dates = !matches!(expected, Expected::Number | Expected::Flags | Expected::Identity);
    match coding {
        Coding::Nothing => Data::Nothing,
        Coding::Integer if dates => date(bytes, expected).unwrap_or_else(invalid),
        Coding::Integer if expected == Expected::Flags => unsigned(bytes).map_or_else(invalid, Data::Bits),
        Coding::Integer => integer(bytes).map_or_else(invalid, |number| match expected {
            Expected::Identity => Data::Text(format!("{number:08}")),
            _ => Data::Number(number),
        }),
        Coding::Real => match Reader::new(bytes).f32_le() {
            Ok(real) if real.is_finite() => Data::Real(real.into()),
            _ => invalid(),
        },
        Coding::Bcd | Coding::NegativeBcd if expected == Expected::Identity => Data::Text(digits(bytes)),
        Coding::Bcd => bcd(bytes).map_or_else(invalid, Data::Number),
        Coding::NegativeBcd => match bcd(bytes) {
            Some(number @ 0..) => Data::Number(-number),
            _ => invalid(),
        },
        Coding::Text => Data::Text(text(bytes)),
        Coding::Bytes => Data::Bytes(bytes),
        Coding::Unknown => invalid(),
        Coding::Unsettled => Data::Unsettled,
    }
}

fn date(bytes: &[u8], expected: Expected) -> Option<Data<'static>> {
    match (expected, bytes.len()) {
        (Expected::Date | Expected::AnyDate, 2) | (Expected::DateTime | Expected::AnyDate, 4 | 6) => {
            Stamp::decode(bytes).map(Data::Stamp)
        }
        (Expected::DateTime | Expected::AnyDate, 3) => time_of_day(bytes).map(Data::Text),
        _ => None,
    }
}

/// Little-endian, up to 8 bytes.
fn unsigned(bytes: &[u8]) -> Option<u64> {
    let fits = (1..=8).contains(&bytes.len());
    fits.then(|| {
        bytes
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    })
}

/// Little-endian, signed, up to 8 bytes. The most negative number stands for "no value".
fn integer(bytes: &[u8]) -> Option<i64> {
    let number = unsigned(bytes)?;
    let unused = 64 - 8 * u32::try_from(bytes.len()).ok()?;
    let signed = (number << unused).cast_signed();
    (signed != i64::MIN).then_some(signed >> unused)
}

/// Up to 18 decimal digits, least significant pair first. None when a nibble is no digit, but for an F in front, which
/// is a minus sign.
fn bcd(bytes: &[u8]) -> Option<i64> {
    let (&first, behind) = bytes.split_last()?;
    let negative = first >> 4 == 0x0f;
    let mut number = two_digits(if negative { first & 0x0f } else { first })?;
    for byte in behind.iter().rev() {
        number = number.checked_mul(100)?.checked_add(two_digits(*byte)?)?;
    }
    Some(if negative { -number } else { number })
}

fn two_digits(byte: u8) -> Option<i64> {
    let (tens, ones) = (byte >> 4, byte & 0x0f);
    (tens <= 9 && ones <= 9).then(|| i64::from(10 * tens + ones))
}

/// Bytes as hexadecimal digits, the last byte first: BCD as one reads it.
pub fn digits(bytes: &[u8]) -> String {
    let mut digits = bytes::digits(bytes.iter().rev().copied());
    digits.make_ascii_uppercase();
    digits
}

/// ISO 8859-1, last character first.
pub fn text(bytes: &[u8]) -> String {
    bytes.iter().rev().map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::{hex, unhex};

    fn show(data: &Data<'_>) -> String {
        match data {
            Data::Nothing => "nothing".to_owned(),
            Data::Number(number) => number.to_string(),
            Data::Real(real) => format!("{real:?}"),
            Data::Text(text) => format!("{text:?}"),
            Data::Bytes(bytes) => hex(bytes),
            Data::Bits(bits) => format!("{bits:b}"),
            Data::Stamp(stamp) => stamp.text(),
            Data::Invalid(bytes) => format!("invalid {}", digits(bytes)),
            Data::Unsettled => "unsettled".to_owned(),
        }
    }

    #[test]
    fn values_are_read_or_called_invalid() {
        use Coding::*;
        use Expected::{AnyDate, Date, DateTime, Flags, Identity};
        let number = Expected::Number;
        let cases = [
            ("no data", Nothing, "", number, "nothing"),
            ("8 bits", Integer, "fe", number, "-2"),
            ("24 bits", Integer, "be ff ff", number, "-66"),
            ("32 bits", Integer, "e7 91 00 00", number, "37351"),
            ("48 bits", Integer, "0a 00 01 00 fa 01", number, "2173253517322"),
            ("64 bits", Integer, "ff ff ff ff ff ff ff ff", number, "-1"),
            ("most negative 8", Integer, "80", number, "invalid 80"),
            ("most negative 32", Integer, "00 00 00 80", number, "invalid 80000000"),
            (
                "most negative 64",
                Integer,
                "00 00 00 00 00 00 00 80",
                number,
                "invalid 8000000000000000",
            ),
            ("flags are not signed", Integer, "80", Flags, "10000000"),
            ("real", Real, "b4 e3 d7 42", number, "107.94473266601563"),
            ("not a number", Real, "00 00 c0 7f", number, "invalid 7FC00000"),
            ("bcd", Bcd, "27 04 85 02", number, "2850427"),
            ("negative bcd", Bcd, "18 00 f0", number, "-18"),
            ("negative bcd of one byte", Bcd, "f5", number, "-5"),
            (
                "no bcd: ELS_Elster-F96-Plus",
                Bcd,
                "bd eb dd dd",
                number,
                "invalid DDDDEBBD",
            ),
            ("no bcd: a minus in the middle", Bcd, "0f 00", number, "invalid 000F"),
            ("bcd of no bytes", Bcd, "", number, "invalid "),
            (
                "bcd of 18 digits",
                Bcd,
                "99 99 99 99 99 99 99 99 99",
                number,
                "999999999999999999",
            ),
            (
                "bcd too long",
                Bcd,
                "99 99 99 99 99 99 99 99 99 99",
                number,
                "invalid 99999999999999999999",
            ),
            ("sign in the length byte", NegativeBcd, "18 00", number, "-18"),
            ("two signs", NegativeBcd, "18 f0", number, "invalid F018"),
            ("text", Text, "35 35 37 36 37 30 41 4c 39 30", number, "\"09LA076755\""),
            ("bytes", Bytes, "17 3e d1", number, "17 3e d1"),
            ("number as a name", Bcd, "76 00 05 21", Identity, "\"21050076\""),
            ("name with other digits", Bcd, "e5 02 00 05", Identity, "\"050002E5\""),
            (
                "binary number as a name",
                Integer,
                "91 7b 6f 01",
                Identity,
                "\"24083345\"",
            ),
            ("date", Integer, "bf 15", Date, "2013-05-31"),
            ("date and time", Integer, "22 10 8d 11", DateTime, "2012-01-13T16:34:00"),
            ("time of day", Integer, "1e 05 08", DateTime, "\"08:05:30\""),
            ("date of a start", Integer, "bf 15", AnyDate, "2013-05-31"),
            ("date not set", Integer, "00 00", Date, "invalid 0000"),
            (
                "four bytes are no date",
                Integer,
                "22 10 8d 11",
                Date,
                "invalid 118D1022",
            ),
            ("two bytes are no time", Integer, "bf 15", DateTime, "invalid 15BF"),
        ];
        for (name, coding, bytes, expected, want) in cases {
            let bytes = unhex(bytes).unwrap();
            let data = decode(coding, &bytes, expected);
            assert_eq!(show(&data), want, "{name}");
        }
    }

    #[test]
    fn length_bytes_are_as_in_the_table() {
        let cases = [
            (0x0a, Some((Coding::Text, 10))),
            (0xbf, Some((Coding::Text, 191))),
            (0xc4, Some((Coding::Bcd, 4))),
            (0xd4, Some((Coding::NegativeBcd, 4))),
            (0xe8, Some((Coding::Bytes, 8))),
            (0xf0, Some((Coding::Bytes, 16))),
            (0xf4, Some((Coding::Bytes, 32))),
            (0xf5, None),
        ];
        for (lvar, want) in cases {
            assert_eq!(variable(lvar), want, "{lvar:02x}");
        }
    }

    proptest! {
        #[test]
        fn integers_of_any_length_come_back(number in i32::MIN + 1.., length in 4usize..=8) {
            let bytes = i64::from(number).to_le_bytes();
            prop_assert_eq!(integer(&bytes[..length]), Some(i64::from(number)));
        }

        #[test]
        fn bcd_comes_back(number in -9_999_999i64..=99_999_999) {
            let digits = if number < 0 { format!("F{:07}", -number) } else { format!("{number:08}") };
            let bytes: Vec<u8> = unhex(&digits).unwrap().into_iter().rev().collect();
            prop_assert_eq!(bcd(&bytes), Some(number));
        }
    }
}
