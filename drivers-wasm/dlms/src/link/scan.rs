//! Finds frames in what came (IEC 62056-46, section 6.4: frame format type 3, no byte stuffing).

use dlms_cosem_rs::transport::hdlc::{Frame, decode_frame};

/// The shortest frame with its flags: format, two addresses of one byte, control, check.
const SHORTEST: usize = 9;
const FLAG: u8 = 0x7E;

/// What bytes from the line amount to.
#[derive(Debug)]
pub enum Scan<'a> {
    /// A whole frame with good checks, and how many bytes up to its end.
    Whole(Frame<'a>, usize),
    /// So many more bytes may complete a frame; those before `keep` are none of it.
    Lacks { need: usize, keep: usize },
}

/// The first whole frame in `bytes`, whatever stands before it.
///
/// A flag inside a frame is tried, too: only the length and two checks tell where a frame begins.
pub fn scan(bytes: &[u8]) -> Scan<'_> {
    let mut lacking = None;
    let flags = bytes.iter().enumerate().filter(|(_, byte)| **byte == FLAG);
    for (at, _) in flags {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = match rest {
            [_, high, low, ..] if high & 0xF0 == 0xA0 => usize::from(high & 0x07) << 8 | usize::from(*low),
            [_, _, _, ..] => continue,
            _ => SHORTEST - 2,
        };
        if rest.len() < length + 2 {
            let need = (length + 2).saturating_sub(rest.len());
            // The frame that would be complete first: noise may look like the head of a long one.
            if lacking.is_none_or(|(least, _)| need < least) {
                lacking = Some((need, at));
            }
            continue;
        }
        if let Ok((frame, used)) = decode_frame(rest) {
            return Scan::Whole(frame, at + used);
        }
    }
    let first = bytes.iter().position(|byte| *byte == FLAG).unwrap_or(bytes.len());
    match lacking {
        Some((need, _)) => Scan::Lacks { need, keep: first },
        None => Scan::Lacks {
            need: SHORTEST,
            keep: bytes.len(),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::unhex;

    use super::*;

    const UA: &str = "7ea01e210373c37a818012050180060180070400000001080400000001533b7e";

    #[test]
    fn frames_are_found_behind_noise_and_behind_one_another() {
        let one = unhex(UA).unwrap();
        for (name, bytes, end) in [
            ("alone", one.clone(), one.len()),
            (
                "behind noise",
                [&[0, 0xFF, 0x7E, 0x11][..], &one].concat(),
                one.len() + 4,
            ),
            ("sharing a flag", [&one[..], &one[1..]].concat(), one.len()),
            ("behind a spare flag", [&[0x7E][..], &one].concat(), one.len() + 1),
        ] {
            let Scan::Whole(frame, used) = scan(&bytes) else {
                panic!("{name}: {:?}", scan(&bytes))
            };
            assert_eq!((frame.information.len(), used), (21, end), "{name}");
        }
    }

    #[test]
    fn what_is_lacking_is_counted() {
        let one = unhex(UA).unwrap();
        for cut in 3..one.len() {
            let Scan::Lacks { need, keep } = scan(&one[..cut]) else {
                panic!("{cut} bytes are a frame")
            };
            assert_eq!((need, keep), (one.len() - cut, 0), "{cut}");
        }
        let mut broken = one;
        broken[10] ^= 1;
        assert!(matches!(scan(&broken), Scan::Lacks { .. }));
    }

    proptest! {
        #[test]
        fn no_bytes_panic_or_ask_for_nothing(bytes in prop::collection::vec(prop_oneof![Just(0x7Eu8), Just(0xA0), any::<u8>()], 0..80)) {
            match scan(&bytes) {
                Scan::Whole(_, used) => prop_assert!(used <= bytes.len()),
                Scan::Lacks { need, keep } => {
                    prop_assert!(need > 0 && need < 2_100);
                    prop_assert!(keep <= bytes.len());
                }
            }
        }
    }
}
