//! Frames of the magistral protocol (SPbus note, section 2):
//! `10 01 [DAD SAD] 10 1F FNC head 10 02 data 10 03 CRC CRC`.
//!
//! A byte 10 inside a part is doubled. The CRC goes over everything behind `10 01` up to and including `10 03`, high
//! byte first. A frame without addresses is for, or from, whoever is alone on the wire.

use uzel_driver_sdk::bytes::hex;
use uzel_driver_sdk::checksum::crc16_xmodem;

const DLE: u8 = 0x10;
const SOH: u8 = 0x01;
const ISI: u8 = 0x1f;
const STX: u8 = 0x02;
/// The last byte before the check bytes.
pub const ETX: u8 = 0x03;
/// Bytes of a head at most (SPbus note, section 2).
const HEAD_MAX: usize = 80;

/// Who is meant and who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    pub dad: u8,
    pub sad: u8,
}

/// A frame without its stuffing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub addresses: Option<Addresses>,
    pub function: u8,
    /// A tag that the meter gives back.
    pub head: Vec<u8>,
    pub data: Vec<u8>,
}

/// Why bytes are no frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("byte {got:#04x} after 10 in the {part}, expected {want}")]
    Control {
        part: &'static str,
        got: u8,
        want: &'static str,
    },
    #[error("{got} address bytes, expected none or 2")]
    Addresses { got: usize },
    #[error("head has {got} bytes, expected at most 80")]
    Head { got: usize },
    #[error("check bytes are {got:#06x}, computed {want:#06x}")]
    Check { got: u16, want: u16 },
}

/// What bytes from a line amount to so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scan {
    /// No frame yet, and none that is broken.
    Open,
    /// All but so many check bytes are there.
    Lacks(usize),
    /// A whole frame, and how many bytes it and all before it took.
    Whole(Frame, usize),
    /// What began as a frame is none.
    Broken(FrameError),
}

/// The bytes of a frame.
pub fn encode(frame: &Frame) -> Vec<u8> {
    let mut bytes = vec![DLE, SOH];
    if let Some(Addresses { dad, sad }) = frame.addresses {
        stuff(&[dad, sad], &mut bytes);
    }
    bytes.extend([DLE, ISI, frame.function]);
    stuff(&frame.head, &mut bytes);
    bytes.extend([DLE, STX]);
    stuff(&frame.data, &mut bytes);
    bytes.extend([DLE, ETX]);
    let crc = crc16_xmodem(bytes.get(2..).unwrap_or_default());
    bytes.extend(crc.to_be_bytes());
    bytes
}

fn stuff(part: &[u8], bytes: &mut Vec<u8>) {
    for byte in part {
        bytes.push(*byte);
        if *byte == DLE {
            bytes.push(DLE);
        }
    }
}

/// Looks for the first whole frame. Meters send FF FF before it, and a line adds junk: every `10 01` is tried.
pub fn scan(bytes: &[u8]) -> Scan {
    let mut found = Scan::Open;
    for (at, pair) in bytes.windows(2).enumerate() {
        if pair != [DLE, SOH] {
            continue;
        }
        let behind = bytes.get(at + 2..).unwrap_or_default();
        match decode(behind) {
            Ok(Decoded::Whole(frame, used)) => return Scan::Whole(frame, at + 2 + used),
            Ok(Decoded::Lacks(count)) => found = Scan::Lacks(count),
            Ok(Decoded::Open) => found = Scan::Open,
            // An earlier start that still goes on may hold what looks like another one.
            Err(error) if !matches!(found, Scan::Lacks(_)) => found = Scan::Broken(error),
            Err(_) => {}
        }
    }
    found
}

enum Decoded {
    Whole(Frame, usize),
    Lacks(usize),
    Open,
}

/// Reads one frame behind its `10 01`.
fn decode(bytes: &[u8]) -> Result<Decoded, FrameError> {
    let mut at = 0;
    let Some(addresses) = part(bytes, &mut at, ISI, "addresses", "1f or 10")? else {
        return Ok(Decoded::Open);
    };
    let addresses = match *addresses.as_slice() {
        [] => None,
        [dad, sad] => Some(Addresses { dad, sad }),
        ref other => return Err(FrameError::Addresses { got: other.len() }),
    };
    let Some(function) = bytes.get(at).copied() else {
        return Ok(Decoded::Open);
    };
    at += 1;
    let Some(head) = part(bytes, &mut at, STX, "head", "02 or 10")? else {
        return Ok(Decoded::Open);
    };
    if head.len() > HEAD_MAX {
        return Err(FrameError::Head { got: head.len() });
    }
    let Some(data) = part(bytes, &mut at, ETX, "data", "03 or 10")? else {
        return Ok(Decoded::Open);
    };
    let (covered, rest) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
    let &[high, low, ..] = rest else {
        return Ok(Decoded::Lacks(2 - rest.len()));
    };
    let (got, want) = (u16::from_be_bytes([high, low]), crc16_xmodem(covered));
    if got != want {
        return Err(FrameError::Check { got, want });
    }
    let frame = Frame {
        addresses,
        function,
        head,
        data,
    };
    Ok(Decoded::Whole(frame, at + 2))
}

/// The bytes up to `10 end`, without their stuffing; none when they are not all there. `at` moves behind the end.
fn part(
    bytes: &[u8],
    at: &mut usize,
    end: u8,
    part: &'static str,
    want: &'static str,
) -> Result<Option<Vec<u8>>, FrameError> {
    let mut plain = Vec::new();
    loop {
        let rest = bytes.get(*at..).unwrap_or_default();
        match *rest {
            [DLE, DLE, ..] => {
                plain.push(DLE);
                *at += 2;
            }
            [DLE, byte, ..] if byte == end => {
                *at += 2;
                return Ok(Some(plain));
            }
            [DLE, got, ..] => return Err(FrameError::Control { part, got, want }),
            [DLE] | [] => return Ok(None),
            [byte, ..] => {
                plain.push(byte);
                *at += 1;
            }
        }
    }
}

/// Bytes for a failure's text: the first of them.
pub fn shown(bytes: &[u8]) -> String {
    const SHOWN: usize = 24;
    let more = if bytes.len() > SHOWN { " …" } else { "" };
    format!("{}{more}", hex(bytes.get(..SHOWN).unwrap_or(bytes)))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::unhex;

    use super::*;

    #[test]
    fn scan_judges_every_line_condition() {
        let whole = unhex("10 01 10 1F 1D 10 02 09 30 09 39 39 0C 10 03 6B 50").unwrap();
        let frame = Frame {
            addresses: None,
            function: 0x1d,
            head: Vec::new(),
            data: b"\t0\t99\x0c".to_vec(),
        };
        let with = |edit: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = whole.clone();
            edit(&mut bytes);
            bytes
        };
        let cases: &[(&str, Vec<u8>, Scan)] = &[
            ("whole", whole.clone(), Scan::Whole(frame.clone(), 17)),
            (
                "behind FF FF",
                with(&|b| drop(b.splice(0..0, [0xff, 0xff]))),
                Scan::Whole(frame.clone(), 19),
            ),
            (
                "behind a false start",
                with(&|b| drop(b.splice(0..0, [0x10, 0x01, 0x10, 0x55]))),
                Scan::Whole(frame, 21),
            ),
            ("nothing", Vec::new(), Scan::Open),
            ("cut in the data", with(&|b| b.truncate(9)), Scan::Open),
            ("cut before the check bytes", with(&|b| b.truncate(15)), Scan::Lacks(2)),
            ("cut between them", with(&|b| b.truncate(16)), Scan::Lacks(1)),
            (
                "bad check bytes",
                with(&|b| b[16] = 0x51),
                Scan::Broken(FrameError::Check {
                    got: 0x6b51,
                    want: 0x6b50,
                }),
            ),
            (
                "one address",
                with(&|b| b.insert(2, 7)),
                Scan::Broken(FrameError::Addresses { got: 1 }),
            ),
        ];
        for (name, bytes, want) in cases {
            assert_eq!(&scan(bytes), want, "{name}");
        }
    }

    fn any_frame() -> impl Strategy<Value = Frame> {
        let addresses = proptest::option::of(any::<(u8, u8)>());
        let function = any::<u8>().prop_filter("a function is never 10", |byte| *byte != DLE);
        (addresses, function, vec(any::<u8>(), 0..8), vec(any::<u8>(), 0..200)).prop_map(
            |(addresses, function, head, data)| Frame {
                addresses: addresses.map(|(dad, sad)| Addresses { dad, sad }),
                function,
                head,
                data,
            },
        )
    }

    proptest! {
        #[test]
        fn a_frame_survives_the_line(frame in any_frame()) {
            let bytes = encode(&frame);
            let count = bytes.len();
            prop_assert_eq!(scan(&bytes), Scan::Whole(frame, count));
        }

        #[test]
        fn a_changed_byte_is_no_frame(frame in any_frame(), at in any::<prop::sample::Index>(), change in 1u8..) {
            let mut bytes = encode(&frame);
            let at = at.index(bytes.len());
            bytes[at] ^= change;
            prop_assert!(!matches!(scan(&bytes), Scan::Whole(found, _) if found != frame));
        }

        #[test]
        fn no_bytes_panic(bytes in vec(prop_oneof![any::<u8>(), Just(DLE), 0u8..4, Just(ISI)], 0..300)) {
            scan(&bytes);
        }
    }
}
