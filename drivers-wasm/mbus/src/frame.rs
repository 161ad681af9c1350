//! Frames of the wired link layer (EN 13757-2, format class FT 1.2 of EN 60870-5-1).
//!
//! Acknowledgement `E5`; short frame `10 C A CS 16`; long frame `68 L L 68 C A CI data… CS 16`, where L counts C to the
//! last data byte (3 to 255) and CS is the low byte of the sum of the same bytes. A control frame is a long one
//! without data.

use uzel_driver_sdk::checksum::sum8;

/// The acknowledgement.
pub const ACK: u8 = 0xe5;
/// Resets the link of a slave: it answers with an acknowledgement and expects the frame count bit 1 next.
pub const SND_NKE: u8 = 0x40;
/// Sends data to a slave, frame count bit 0 and not valid.
pub const SND_UD: u8 = 0x53;
/// Asks for user data (class 2), frame count bit 0.
pub const REQ_UD2: u8 = 0x5b;
/// The frame count bit.
pub const FCB: u8 = 0x20;
/// Bytes of a long frame around those that L counts.
const AROUND: usize = 6;
/// The longest frame.
pub const MAX: usize = 255 + AROUND;

const START_SHORT: u8 = 0x10;
const START_LONG: u8 = 0x68;
const STOP: u8 = 0x16;
/// RSP_UD, the answer with user data: low half of the control byte; above it the bits ACD and DFC.
const RSP_UD: u8 = 0x08;

/// A long frame from a slave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Response<'a> {
    /// Address field: 0 to 250; 253 where a slave answers as the selected one.
    pub address: u8,
    /// Control information: what the data are.
    pub ci: u8,
    /// Up to 252 bytes.
    pub data: &'a [u8],
    /// Bytes of the whole frame.
    pub length: usize,
}

/// What is wrong with a long frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// More bytes may make it whole.
    #[error("frame needs {need} bytes, got {got}")]
    Short { need: usize, got: usize },
    /// It is no long frame.
    #[error("frame starts with {got:02x}, expected 68")]
    Start { got: u8 },
    /// The two length bytes or the second start byte are not as they must be.
    #[error("frame head is 68 {first:02x} {second:02x} {start:02x}, expected 68 L L 68 with L from 03")]
    Head { first: u8, second: u8, start: u8 },
    #[error("check byte is {got:02x}, computed {want:02x}")]
    Check { got: u8, want: u8 },
    #[error("frame ends with {got:02x}, expected 16")]
    Stop { got: u8 },
    /// A frame that only a master sends, or none of the standard.
    #[error("control byte is {got:02x}, expected RSP_UD 08, 18, 28 or 38")]
    Control { got: u8 },
}

/// A short frame.
pub fn short(control: u8, address: u8) -> [u8; 5] {
    [START_SHORT, control, address, control.wrapping_add(address), STOP]
}

/// A long frame. `data` beyond 252 bytes are cut: no message of this driver comes near.
pub fn long(control: u8, address: u8, ci: u8, data: &[u8]) -> Vec<u8> {
    let data = data.get(..252).unwrap_or(data);
    let length = u8::try_from(data.len() + 3).unwrap_or(u8::MAX);
    let mut frame = vec![START_LONG, length, length, START_LONG, control, address, ci];
    frame.extend_from_slice(data);
    let check = sum8(frame.get(4..).unwrap_or_default());
    frame.extend([check, STOP]);
    frame
}

/// Number of bytes before the first place at which a long frame may begin: noise of the line.
pub fn noise_before(bytes: &[u8]) -> usize {
    let may_begin = |at: &usize| {
        !matches!(
            decode(bytes.get(*at..).unwrap_or_default()),
            Err(FrameError::Start { .. } | FrameError::Head { .. })
        )
    };
    (0..bytes.len()).find(may_begin).unwrap_or(bytes.len())
}

/// Reads the long frame that `bytes` begin with, and judges all that the link layer lets one judge.
pub fn decode(bytes: &[u8]) -> Result<Response<'_>, FrameError> {
    let got = bytes.len();
    if let Some(&got) = bytes.first().filter(|byte| **byte != START_LONG) {
        return Err(FrameError::Start { got });
    }
    let &[_, first, second, start, ref rest @ ..] = bytes else {
        return Err(FrameError::Short { need: 4, got });
    };
    if first != second || start != START_LONG || first < 3 {
        return Err(FrameError::Head { first, second, start });
    }
    let need = usize::from(first) + AROUND;
    let Some((body, &[check, stop, ..])) = rest.split_at_checked(first.into()) else {
        return Err(FrameError::Short { need, got });
    };
    let want = sum8(body);
    if check != want {
        return Err(FrameError::Check { got: check, want });
    }
    if stop != STOP {
        return Err(FrameError::Stop { got: stop });
    }
    let &[control, address, ci, ref data @ ..] = body else {
        return Err(FrameError::Short { need, got });
    };
    if control & 0x0f != RSP_UD || control & 0xc0 != 0 {
        return Err(FrameError::Control { got: control });
    }
    Ok(Response {
        address,
        ci,
        data,
        length: need,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::{hex, unhex};

    #[test]
    fn requests_are_as_published() {
        assert_eq!(hex(&short(SND_NKE, 1)), "10 40 01 41 16");
        assert_eq!(hex(&short(REQ_UD2 | FCB, 1)), "10 7b 01 7c 16");
        assert_eq!(hex(&short(REQ_UD2, 1)), "10 5b 01 5c 16");
        assert_eq!(hex(&short(REQ_UD2 | FCB, 254)), "10 7b fe 79 16");
    }

    #[test]
    fn decode_judges_every_line_condition() {
        let cases: &[(&str, &str, Result<usize, FrameError>)] = &[
            ("whole", "68 04 04 68 08 01 70 02 7b 16", Ok(10)),
            ("whole with more behind", "68 04 04 68 08 01 70 02 7b 16 ff", Ok(10)),
            ("access demand and data flow bits", "68 03 03 68 38 01 70 a9 16", Ok(9)),
            ("nothing", "", Err(FrameError::Short { need: 4, got: 0 })),
            (
                "cut",
                "68 04 04 68 08 01 70 02 7b",
                Err(FrameError::Short { need: 10, got: 9 }),
            ),
            ("acknowledgement", "e5", Err(FrameError::Start { got: 0xe5 })),
            (
                "lengths differ",
                "68 04 05 68 08",
                Err(FrameError::Head {
                    first: 4,
                    second: 5,
                    start: 0x68,
                }),
            ),
            (
                "too short to hold a control information field",
                "68 02 02 68 08 01 09 16",
                Err(FrameError::Head {
                    first: 2,
                    second: 2,
                    start: 0x68,
                }),
            ),
            (
                "flipped bit",
                "68 04 04 68 08 01 70 03 7b 16",
                Err(FrameError::Check { got: 0x7b, want: 0x7c }),
            ),
            (
                "another last byte",
                "68 04 04 68 08 01 70 02 7b 17",
                Err(FrameError::Stop { got: 0x17 }),
            ),
            (
                "sent by a master: manual_frame4 of the corpus",
                "68 06 06 68 53 fe 51 01 7a 08 25 16",
                Err(FrameError::Control { got: 0x53 }),
            ),
        ];
        for (name, bytes, want) in cases {
            let bytes = unhex(bytes).unwrap();
            let got = decode(&bytes).map(|response| response.length);
            assert_eq!(&got, want, "{name}");
        }
    }

    #[test]
    fn noise_before_a_frame_is_counted() {
        let cases = [
            ("68 04 04 68", 0),
            ("00 ff 68 04 04 68", 2),
            ("68 68 04 04 68", 1),
            ("68 04 05 68 68 04", 3),
            ("e5", 1),
            ("", 0),
        ];
        for (bytes, want) in cases {
            assert_eq!(noise_before(&unhex(bytes).unwrap()), want, "{bytes}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode(&bytes);
            prop_assert!(noise_before(&bytes) <= bytes.len());
        }

        #[test]
        fn decode_undoes_long(address: u8, ci: u8, data in proptest::collection::vec(any::<u8>(), 0..=252)) {
            let frame = long(0x08, address, ci, &data);
            let length = frame.len();
            prop_assert_eq!(decode(&frame), Ok(Response { address, ci, data: &data, length }));
        }
    }
}
