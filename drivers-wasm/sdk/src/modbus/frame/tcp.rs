//! Frames on TCP: transaction number, protocol 0, length, unit (Modbus Messaging on TCP/IP V1.0b, section 3.1.3).
//!
//! The number tells the answer to this question from a late one to an earlier question.

use super::{FrameError, Scan};

/// Transaction, protocol, length.
const HEAD: usize = 6;
/// Unit and 253 bytes.
const LONGEST: usize = 254;

/// A whole frame.
pub fn wrap(transaction: u16, unit: u8, pdu: &[u8]) -> Vec<u8> {
    let length = u16::try_from(pdu.len() + 1).unwrap_or(u16::MAX);
    let mut frame = Vec::with_capacity(HEAD + 1 + pdu.len());
    for word in [transaction, 0, length] {
        frame.extend(word.to_be_bytes());
    }
    frame.push(unit);
    frame.extend(pdu);
    frame
}

/// Looks at the first frame of the bytes that have come.
pub fn scan(transaction: u16, unit: u8, bytes: &[u8]) -> Scan {
    let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else {
        return Scan::Need(HEAD + 1 - bytes.len());
    };
    let [
        number_high,
        number_low,
        protocol_high,
        protocol_low,
        length_high,
        length_low,
    ] = *head;
    let length = usize::from(u16::from_be_bytes([length_high, length_low]));
    if (protocol_high, protocol_low) != (0, 0) {
        return Scan::Bad(FrameError::Form {
            what: "protocol is not 0",
        });
    }
    if !(2..=LONGEST).contains(&length) {
        return Scan::Bad(FrameError::Form {
            what: "length is not 2 to 254",
        });
    }
    let Some((&got, pdu)) = rest.get(..length).and_then(<[u8]>::split_first) else {
        return Scan::Need(length.saturating_sub(rest.len()).max(1));
    };
    if u16::from_be_bytes([number_high, number_low]) != transaction {
        return Scan::Stray(HEAD + length);
    }
    if got != unit {
        return Scan::Bad(FrameError::Unit { got, want: unit });
    }
    Scan::Pdu(pdu.to_vec())
}

#[cfg(test)]
mod tests {
    use crate::bytes::unhex;

    use super::*;

    #[test]
    fn the_answer_is_told_from_earlier_ones() {
        assert_eq!(
            wrap(0xc5ee, 0x72, &[3, 0x4b, 0x2d, 0, 0x7d]),
            unhex("c5ee 0000 0006 72 03 4b2d 007d").unwrap()
        );
        let cases = [
            (
                "whole",
                "0001 0000 0005 fe 03 02 fe3e",
                Scan::Pdu(vec![3, 2, 0xfe, 0x3e]),
            ),
            (
                "of an earlier question",
                "0000 0000 0005 fe 03 02 fe3e",
                Scan::Stray(11),
            ),
            (
                "of another unit",
                "0001 0000 0005 01 03 02 fe3e",
                Scan::Bad(FrameError::Unit { got: 1, want: 254 }),
            ),
            ("half a head", "0001 0000", Scan::Need(3)),
            ("half an answer", "0001 0000 0005 fe 03", Scan::Need(3)),
            (
                "another protocol",
                "0001 0001 0005 fe 03 02 fe3e",
                Scan::Bad(FrameError::Form {
                    what: "protocol is not 0",
                }),
            ),
            (
                "too long",
                "0001 0000 0105 fe 03 02 fe3e",
                Scan::Bad(FrameError::Form {
                    what: "length is not 2 to 254",
                }),
            ),
        ];
        for (name, bytes, want) in cases {
            assert_eq!(scan(1, 254, &unhex(bytes).unwrap()), want, "{name}");
        }
    }
}
