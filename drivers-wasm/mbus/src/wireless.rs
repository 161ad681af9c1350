//! Telegrams of wireless M-Bus as a receiver passes them on (EN 13757-4): `L C M M id id id id version medium CI data`.
//!
//! Some receivers leave the check sums in, most take them out. Format A has one behind the first 10 bytes and behind
//! every 16 of the rest, and L does not count them; format B has one behind 126 bytes and at the end, and L does.

use uzel_driver_sdk::bytes::Reader;
use uzel_driver_sdk::checksum::crc16_en13757;

use crate::header::{self, Header};

/// Length, control, manufacturer, number, version and medium.
const HEAD: usize = 10;
/// Bytes of a block of format A, without its check sum.
const BLOCK: usize = 16;
/// Bytes of the first part of format B, without its check sum.
const FIRST_PART: usize = 126;
const CHECK: usize = 2;
/// The longest telegram: 256 bytes and the check sums of format A.
pub const MAX: usize = 256 + 17 * CHECK;

/// A telegram without its check sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Who sends. Access number and status are those of the layers above.
    pub sender: Header,
    /// Control information: what the data are.
    pub ci: u8,
    pub data: Vec<u8>,
    /// Check sums were there, and right.
    pub is_proved: bool,
    /// Bytes of it on the line.
    pub length: usize,
}

/// What is wrong with a telegram.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WirelessError {
    /// More bytes may make it whole.
    #[error("telegram needs {need} bytes, got {got}")]
    Short { need: usize, got: usize },
    /// It is none that a meter sends.
    #[error(
        "telegram begins with L {length:02x} and C {control:02x}, expected L from 0a and C 08, 18, 28, 38, 44 or 46"
    )]
    Start { length: u8, control: u8 },
    #[error("a check sum of the telegram is wrong")]
    Check,
}

/// Reads the telegram that `bytes` begin with.
pub fn decode(bytes: &[u8]) -> Result<Frame, WirelessError> {
    let got = bytes.len();
    let &[length, control, m0, m1, d, c, b, a, version, medium, ..] = bytes else {
        return Err(WirelessError::Short { need: HEAD, got });
    };
    if usize::from(length) < HEAD || !matches!(control, 0x08 | 0x18 | 0x28 | 0x38 | 0x44 | 0x46) {
        return Err(WirelessError::Start { length, control });
    }
    let sender = Header {
        id: header::id([d, c, b, a]),
        manufacturer: Some(u16::from_le_bytes([m0, m1])),
        version: Some(version),
        medium: Some(medium),
        access: 0,
        status: 0,
        is_fixed: false,
    };
    let counted = usize::from(length) + 1;
    let (body, is_proved, length) = match format_a(bytes, counted)? {
        Some((body, length)) => (body, true, length),
        None => {
            let whole = bytes
                .get(..counted)
                .ok_or(WirelessError::Short { need: counted, got })?;
            match format_b(whole) {
                Some(body) => (body, true, counted),
                None => (whole.get(HEAD..).unwrap_or_default().to_vec(), false, counted),
            }
        }
    };
    let Some((&ci, data)) = body.split_first() else {
        return Err(WirelessError::Short { need: HEAD + 1, got });
    };
    Ok(Frame {
        sender,
        ci,
        data: data.to_vec(),
        is_proved,
        length,
    })
}

/// The body of format A and its length on the line. None where there is no check sum behind the head.
fn format_a(bytes: &[u8], counted: usize) -> Result<Option<(Vec<u8>, usize)>, WirelessError> {
    let mut reader = Reader::new(bytes);
    let is_checked = |block: &[u8], check: [u8; 2]| crc16_en13757(block).to_be_bytes() == check;
    let head = reader.take(HEAD).unwrap_or_default();
    if !reader.array().is_ok_and(|check| is_checked(head, check)) {
        return Ok(None);
    }
    let left = counted - HEAD;
    let need = counted + CHECK * (1 + left.div_ceil(BLOCK));
    let mut body = Vec::with_capacity(left);
    while body.len() < left {
        let short = |_| WirelessError::Short { need, got: bytes.len() };
        let block = reader.take(BLOCK.min(left - body.len())).map_err(short)?;
        if !is_checked(block, reader.array().map_err(short)?) {
            return Err(WirelessError::Check);
        }
        body.extend_from_slice(block);
    }
    Ok(Some((body, need)))
}

/// The body of format B. None where its check sums are not there.
fn format_b(whole: &[u8]) -> Option<Vec<u8>> {
    let checked = |part: &[u8]| {
        let (data, check) = part.split_last_chunk::<CHECK>()?;
        (crc16_en13757(data).to_be_bytes() == *check).then(|| data.to_vec())
    };
    let (first, second) = whole.split_at_checked(FIRST_PART + CHECK).unwrap_or((whole, &[]));
    let mut data = checked(first)?;
    if !second.is_empty() {
        data.extend(checked(second)?);
    }
    data.get(HEAD..).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::{hex, unhex};

    /// The example of EN 13757-4, format B.
    const EXAMPLE: &str = "14 44 ae 0c 78 56 34 12 01 07 8c 20 27 78 0b 13 43 65 87 7a c5";
    const BODY: &str = "20 27 78 0b 13 43 65 87";

    /// The same telegram in format A.
    fn in_format_a() -> Vec<u8> {
        let plain = unhex(EXAMPLE).unwrap();
        let mut head = plain[..10].to_vec();
        head[0] = 18;
        let mut bytes = head.clone();
        bytes.extend(crc16_en13757(&head).to_be_bytes());
        bytes.extend(&plain[10..19]);
        bytes.extend(crc16_en13757(&plain[10..19]).to_be_bytes());
        bytes
    }

    #[test]
    fn telegrams_with_and_without_check_sums_say_the_same() {
        let mut plain = unhex(EXAMPLE).unwrap();
        plain.truncate(19);
        plain[0] = 18;
        for (name, bytes, is_proved) in [
            ("format A", in_format_a(), true),
            ("format B", unhex(EXAMPLE).unwrap(), true),
            ("plain", plain, false),
        ] {
            let mut with_more = bytes.clone();
            with_more.extend([0x44; 5]);
            let frame = decode(&with_more).unwrap();
            assert_eq!(
                (frame.sender.id.as_str(), frame.sender.medium),
                ("12345678", Some(7)),
                "{name}"
            );
            assert_eq!(
                (frame.ci, hex(&frame.data).as_str(), frame.is_proved),
                (0x8c, BODY, is_proved),
                "{name}"
            );
            assert_eq!(frame.length, bytes.len(), "{name}");
        }
    }

    #[test]
    fn damage_is_named() {
        let mut damaged = in_format_a();
        damaged[15] ^= 1;
        assert_eq!(decode(&damaged), Err(WirelessError::Check));
        assert_eq!(
            decode(&in_format_a()[..20]),
            Err(WirelessError::Short { need: 23, got: 20 })
        );
        assert_eq!(decode(&[0x14, 0x44]), Err(WirelessError::Short { need: 10, got: 2 }));
        let start = WirelessError::Start {
            length: 0x14,
            control: 0x40,
        };
        assert_eq!(decode(&[0x14, 0x40, 0, 0, 0, 0, 0, 0, 0, 0]), Err(start));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), length: u8) {
            let mut bytes = bytes;
            let _ = decode(&bytes);
            bytes.splice(..bytes.len().min(2), [length, 0x44]);
            let _ = decode(&bytes);
        }
    }
}
