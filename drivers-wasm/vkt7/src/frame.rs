//! Frames of the ВКТ-7: a Modbus RTU envelope with deviations ("Реализация протокола обмена для связи с ВКТ-7").
//!
//! Read request `addr 03 start count crc`, answer `addr 03 N data crc`; write request
//! `addr 10 start count N data crc`, answer `addr 10 start count crc`; refusal `addr fn|80 code service crc`, 6 bytes.
//! Start and count are big-endian, the check sum is CRC-16/MODBUS, low byte first. The answer does not say which
//! register was read.

use std::fmt;

use uzel_driver_sdk::checksum::crc16_modbus;

/// Function "read".
pub const READ: u8 = 0x03;
/// Function "write".
pub const WRITE: u8 = 0x10;
/// The bit that turns a function into a refusal.
const REFUSAL: u8 = 0x80;
/// The shortest answer: a refusal, or a read answer of one byte.
pub const SHORTEST: usize = 6;

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<'a> {
    /// Data of a read.
    Data(&'a [u8]),
    /// A write was taken; the register comes back.
    Echo {
        /// The register written.
        register: u16,
    },
    /// The device refuses.
    Refusal {
        /// The function refused.
        function: u8,
        /// 2 unknown element or type, 3 no data, 5 scheme changed or list too long, 6 no such request, 7 no outputs.
        code: u8,
    },
}

impl fmt::Display for Answer<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(data) => write!(to, "{} bytes of data", data.len()),
            Self::Echo { register } => write!(to, "write of {register:#06x} taken"),
            Self::Refusal { function, code } => write!(to, "function {function:#04x} refused with {code}"),
        }
    }
}

/// Why bytes are no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Fewer bytes than the frame needs.
    #[error("frame needs {need} bytes, got {got}")]
    Short {
        /// Bytes that the frame needs.
        need: usize,
        /// Bytes that came.
        got: usize,
    },
    /// Bytes behind the frame.
    #[error("frame ends after {need} bytes, got {got}")]
    Long {
        /// Length of the frame.
        need: usize,
        /// Bytes that came.
        got: usize,
    },
    /// Another device, or the frame's start was lost.
    #[error("answer comes from address {got}, asked {want}")]
    Address {
        /// First byte of the answer.
        got: u8,
        /// Address asked.
        want: u8,
    },
    /// A function that no answer has.
    #[error("function of the answer is {got:#04x}, expected 0x03, 0x10, 0x83 or 0x90")]
    Function {
        /// Second byte of the answer.
        got: u8,
    },
    /// The check sum differs.
    #[error("check sum is {got:#06x}, computed {want:#06x}")]
    Check {
        /// Check sum of the frame.
        got: u16,
        /// Check sum of its bytes.
        want: u16,
    },
}

/// A read request; some masters leave the count out, and the device answers all the same.
pub fn read_request(address: u8, register: u16, count: Option<u16>) -> Vec<u8> {
    let mut frame = vec![address, READ];
    frame.extend(register.to_be_bytes());
    if let Some(count) = count {
        frame.extend(count.to_be_bytes());
    }
    seal(frame)
}

/// A write request. `declared` is the byte count on the wire, which is false for two requests of this protocol.
pub fn write_request(address: u8, register: u16, declared: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![address, WRITE];
    frame.extend(register.to_be_bytes());
    frame.extend([0, 0, declared]);
    frame.extend(payload);
    seal(frame)
}

fn seal(mut frame: Vec<u8>) -> Vec<u8> {
    let check = crc16_modbus(&frame);
    frame.extend(check.to_le_bytes());
    frame
}

/// Length of the whole answer that starts with `bytes`, of which at least three must be there.
pub fn length(address: u8, bytes: &[u8]) -> Result<usize, FrameError> {
    let &[got, function, third, ..] = bytes else {
        return Err(FrameError::Short {
            need: SHORTEST,
            got: bytes.len(),
        });
    };
    if got != address {
        return Err(FrameError::Address { got, want: address });
    }
    match function {
        READ => Ok(usize::from(third) + 5),
        WRITE => Ok(8),
        _ if function == READ | REFUSAL || function == WRITE | REFUSAL => Ok(SHORTEST),
        got => Err(FrameError::Function { got }),
    }
}

/// Takes one whole answer apart.
pub fn decode(address: u8, bytes: &[u8]) -> Result<Answer<'_>, FrameError> {
    let need = length(address, bytes)?;
    let got = bytes.len();
    if got > need {
        return Err(FrameError::Long { need, got });
    }
    let short = FrameError::Short { need, got };
    let (body, check) = bytes.split_last_chunk::<2>().ok_or(short.clone())?;
    if got < need {
        return Err(short);
    }
    let (got, want) = (u16::from_le_bytes(*check), crc16_modbus(body));
    if got != want {
        return Err(FrameError::Check { got, want });
    }
    match body {
        [_, READ, _, data @ ..] => Ok(Answer::Data(data)),
        [_, WRITE, high, low, ..] => Ok(Answer::Echo {
            register: u16::from_be_bytes([*high, *low]),
        }),
        [_, function, code, ..] => Ok(Answer::Refusal {
            function: function & !REFUSAL,
            code: *code,
        }),
        _ => Err(short),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::unhex;

    use super::*;

    #[test]
    fn requests_are_those_of_the_document() {
        let cases = [
            (
                "session start",
                write_request(0, 0x3fff, 0xcc, &[0x80, 0, 0, 0]),
                "00103FFF0000CC800000006454",
            ),
            ("read data", read_request(0, 0x3ffe, Some(0)), "00033FFE000029FF"),
            ("clock without count", read_request(0, 0x3ffb, None), "00033FFBA057"),
            (
                "outputs",
                write_request(0, 0x3fee, 1, &[0, 1]),
                "00103FEE000001000143B1",
            ),
        ];
        for (name, got, want) in cases {
            assert_eq!(got, unhex(want).unwrap(), "{name}");
        }
    }

    #[test]
    fn decode_judges_every_line_condition() {
        let cases: &[(&str, &str, Result<Answer, FrameError>)] = &[
            ("data", "000303 02C000 B59F", Ok(Answer::Data(&[2, 0xc0, 0]))),
            ("echo", "00103FFF0000FDFC", Ok(Answer::Echo { register: 0x3fff })),
            (
                "refused read",
                "0083053FB28C",
                Ok(Answer::Refusal { function: 3, code: 5 }),
            ),
            (
                "refused write",
                "0090033F40E9",
                Ok(Answer::Refusal { function: 16, code: 3 }),
            ),
            ("cut", "000303 02C0", Err(FrameError::Short { need: 8, got: 5 })),
            ("two bytes", "0003", Err(FrameError::Short { need: 6, got: 2 })),
            (
                "more behind it",
                "0083053FB28C 00",
                Err(FrameError::Long { need: 6, got: 7 }),
            ),
            (
                "other address",
                "010303 02C000 B59F",
                Err(FrameError::Address { got: 1, want: 0 }),
            ),
            (
                "line noise",
                "00FF03 02C000 B59F",
                Err(FrameError::Function { got: 0xff }),
            ),
            (
                "one bit",
                "000303 03C000 B59F",
                Err(FrameError::Check {
                    got: 0x9fb5,
                    want: 0x5eb4,
                }),
            ),
        ];
        for (name, hex, want) in cases {
            let bytes = unhex(hex).unwrap();
            let got = decode(0, &bytes);
            if let (Err(FrameError::Check { got, .. }), Err(FrameError::Check { got: want, .. })) = (&got, want) {
                assert_eq!(got, want, "{name}");
                continue;
            }
            assert_eq!(&got, want, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(address: u8, bytes: Vec<u8>) {
            let _ = decode(address, &bytes);
        }

        #[test]
        fn decode_undoes_encode(address: u8, data in proptest::collection::vec(any::<u8>(), 0..=255)) {
            let mut frame = vec![address, READ, u8::try_from(data.len()).unwrap()];
            frame.extend(&data);
            let frame = seal(frame);
            prop_assert_eq!(decode(address, &frame), Ok(Answer::Data(&data)));
        }

        #[test]
        fn a_changed_byte_is_never_taken_for_whole(at in 0_usize..8, bit in 0_u8..8) {
            let mut frame = seal(vec![7, WRITE, 0x3f, 0xfb, 0, 0]);
            frame[at] ^= 1 << bit;
            prop_assert!(decode(7, &frame).is_err());
        }
    }
}
