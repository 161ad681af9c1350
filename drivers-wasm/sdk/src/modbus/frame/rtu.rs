//! RTU frames: unit, request or answer, CRC-16 with its low byte first (Modbus over Serial Line V1.02, section 2.5.1).
//!
//! Silence ends a frame on a wire, but converters tear it apart; so the end is told by the length that the answer must have.

use crate::checksum::crc16_modbus;

use super::{FrameError, Scan};
use crate::modbus::pdu::Request;

/// Bytes around the answer: unit and CRC.
const AROUND: usize = 3;
/// An exception: unit, function, code, CRC.
const SHORTEST: usize = 5;
/// Bytes of noise before an answer that are passed over: a line driver that lets go makes one or two.
const MOST_NOISE: usize = 3;

/// A whole frame.
pub fn wrap(unit: u8, pdu: &[u8]) -> Vec<u8> {
    let mut frame = vec![unit];
    frame.extend(pdu);
    frame.extend(crc16_modbus(&frame).to_le_bytes());
    frame
}

/// Looks for the answer, behind a little noise if need be.
pub fn scan(unit: u8, request: &Request, bytes: &[u8]) -> Scan {
    let mut need = SHORTEST.saturating_sub(bytes.len());
    let mut wrong = None;
    for noise in 0..=MOST_NOISE {
        let Some(frame) = bytes.get(noise..).filter(|frame| !frame.is_empty()) else {
            break;
        };
        match frame_at(unit, request, frame) {
            Scan::Need(more) => need = if need == 0 { more } else { need.min(more) },
            Scan::Bad(error) => {
                wrong.get_or_insert(error);
            }
            found => return found,
        }
    }
    match wrong {
        Some(error) if need == 0 => Scan::Bad(error),
        _ => Scan::Need(need.max(1)),
    }
}

fn frame_at(unit: u8, request: &Request, frame: &[u8]) -> Scan {
    let Some((&got, pdu)) = frame.split_first() else {
        return Scan::Need(SHORTEST);
    };
    if got != unit {
        return Scan::Bad(FrameError::Unit { got, want: unit });
    }
    if !request.begins(pdu) {
        return Scan::Bad(match request.judge(pdu) {
            Err(error) => error.into(),
            Ok(_) => FrameError::Form { what: "it goes on" },
        });
    }
    let is_refusal = pdu.first().is_some_and(|function| *function != request.function());
    if !is_refusal {
        return match request.answer_length(pdu) {
            Ok(length) => whole(frame, length + AROUND),
            Err(least) => Scan::Need((least + AROUND).saturating_sub(frame.len()).max(1)),
        };
    }
    match (whole(frame, SHORTEST), request.returned_length(pdu)) {
        (Scan::Bad(_), Some(length)) => whole(frame, length + AROUND),
        (found, _) => found,
    }
}

/// The frame of this length, if it has come and its check is right.
fn whole(frame: &[u8], length: usize) -> Scan {
    let Some((body, check)) = frame.get(..length).and_then(|frame| frame.split_last_chunk::<2>()) else {
        return Scan::Need(length.saturating_sub(frame.len()));
    };
    let (got, want) = (u16::from_le_bytes(*check), crc16_modbus(body));
    if got != want {
        return Scan::Bad(FrameError::Check { got, want });
    }
    Scan::Pdu(body.get(1..).unwrap_or_default().to_vec())
}

#[cfg(test)]
mod tests {
    use crate::bytes::unhex;

    use super::*;
    use crate::modbus::pdu::{Area, PduError, Span};

    fn request(count: u16) -> Request {
        Request::Read(Span {
            area: Area::Holding,
            at: 0x2103,
            count,
        })
    }

    #[test]
    fn answers_are_found_and_everything_else_is_named() {
        let cases: [(&str, &str, Scan); 8] = [
            (
                "whole",
                "01 03 04 41 02 01 01 8f 9f",
                Scan::Pdu(vec![3, 4, 0x41, 2, 1, 1]),
            ),
            ("refused", "01 83 02 c0 f1", Scan::Pdu(vec![0x83, 2])),
            ("behind noise", "00 ff 01 83 02 c0 f1", Scan::Pdu(vec![0x83, 2])),
            ("begun", "01 03 04 41", Scan::Need(1)),
            ("more to come", "01 03 04 41 02", Scan::Need(4)),
            (
                "one bit",
                "01 03 04 41 03 01 01 8f 9f",
                Scan::Bad(FrameError::Check {
                    got: 0x9f8f,
                    want: 0x5fde,
                }),
            ),
            (
                "another unit",
                "02 03 04 41 02 01 01 8f 9f",
                Scan::Bad(FrameError::Unit { got: 2, want: 1 }),
            ),
            (
                "another count",
                "01 03 02 00 0c b8 41",
                Scan::Bad(PduError::Length { got: 6, want: 6 }.into()),
            ),
        ];
        for (name, bytes, want) in cases {
            let got = scan(1, &request(2), &unhex(bytes).unwrap());
            match (&got, &want) {
                (Scan::Bad(FrameError::Check { .. }), Scan::Bad(FrameError::Check { .. }))
                | (Scan::Bad(FrameError::Pdu(_)), Scan::Bad(FrameError::Pdu(_))) => {}
                _ => assert_eq!(got, want, "{name}"),
            }
        }
        assert_eq!(wrap(1, &[3, 8, 0x0b, 0, 4]), unhex("01 03 08 0b 00 04 37 ab").unwrap());
    }
}
