//! The extended frame (M4 note, section 4): `10 NT 90 id 00 length function data CRC`. `length` counts function and data,
//! little-endian; the CRC-16 (polynomial 0x1021 from 0, high byte first) runs from NT to the last data byte. A reply
//! repeats the id of its request.

use uzel_driver_sdk::checksum::crc16_xmodem;

use crate::legacy::frame::{JUNK, REFUSAL, START};

/// Third byte of every extended frame.
pub const EXTENDED: u8 = 0x90;
/// Longest data of a reply that is waited for: a longer length is noise. A meter sends a few records at a time.
pub const LONGEST: usize = 8_192;
/// Bytes of a reply without data.
pub const SHORTEST: u32 = 10;
/// Bytes from the start to the end of the length, and of the CRC.
const HEAD: usize = 7;
const TAIL: usize = 2;

/// What the bytes that came so far are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan<'a> {
    /// The start of a reply: so many bytes more are needed before more can be said.
    Need(usize),
    /// A whole reply: its data.
    Data(&'a [u8]),
    /// A whole refusal: its code.
    Refused(u8),
    /// So many bytes answer an earlier request.
    Late(usize),
    /// No reply.
    Noise(&'static str),
}

/// A request.
pub fn request(nt: u8, id: u8, function: u8, data: &[u8]) -> Vec<u8> {
    let [low, high] = u16::try_from(data.len() + 1).unwrap_or(u16::MAX).to_le_bytes();
    let mut bytes = vec![START, nt, EXTENDED, id, 0, low, high, function];
    bytes.extend_from_slice(data);
    let crc = crc16_xmodem(bytes.get(1..).unwrap_or_default());
    bytes.extend(crc.to_be_bytes());
    bytes
}

/// Judges the bytes that came after request `id` to `nt` for `function`. Up to [`JUNK`] bytes before the frame are passed
/// over.
pub fn scan(bytes: &[u8], nt: u8, id: u8, function: u8) -> Scan<'_> {
    let mut need: Option<usize> = None;
    let mut noise = "nothing came";
    for skip in 0..=JUNK {
        match judge(bytes.get(skip..).unwrap_or_default(), nt, id, function) {
            Scan::Noise(why) => {
                if skip == 0 {
                    noise = why;
                }
            }
            Scan::Need(count) => need = Some(need.map_or(count, |least| least.min(count))),
            Scan::Late(used) => return Scan::Late(skip + used),
            whole => return whole,
        }
    }
    need.map_or(Scan::Noise(noise), Scan::Need)
}

fn judge(frame: &[u8], nt: u8, id: u8, function: u8) -> Scan<'_> {
    for (place, want, why) in [
        (0, START, "frame does not start with 10"),
        (1, nt, "frame is from another NT"),
        (2, EXTENDED, "frame is not an extended one"),
    ] {
        match frame.get(place) {
            None => return Scan::Need(HEAD + 1 + TAIL - frame.len()),
            Some(got) if *got != want => return Scan::Noise(why),
            Some(_) => {}
        }
    }
    let Some(&[_, _, _, answers, _, low, high]) = frame.first_chunk::<HEAD>() else {
        return Scan::Need((HEAD + 1 + TAIL).saturating_sub(frame.len()));
    };
    let len = usize::from(u16::from_le_bytes([low, high]));
    if !(1..=LONGEST).contains(&len) {
        return Scan::Noise("frame has an impossible length");
    }
    let whole = HEAD + len + TAIL;
    let (Some(body), Some(crc)) = (frame.get(HEAD..HEAD + len), frame.get(HEAD + len..whole)) else {
        return Scan::Need(whole - frame.len());
    };
    let checked = frame.get(1..HEAD + len).unwrap_or_default();
    if crc != crc16_xmodem(checked).to_be_bytes() {
        return Scan::Noise("check sum is wrong");
    }
    if answers != id {
        return Scan::Late(whole);
    }
    match body {
        &[REFUSAL, code] => Scan::Refused(code),
        [answered, data @ ..] if *answered == function => Scan::Data(data),
        _ => Scan::Noise("frame answers another function"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::unhex;

    use super::*;

    #[test]
    fn scan_judges_every_line_condition() {
        let hex = |text: &str| unhex(text).unwrap();
        let ident = hex("10 FF 90 00 00 04 00 3F 54 2C 10 AC 5A");
        let refused = hex("10 FF 90 03 00 02 00 21 00 1E 92");
        assert_eq!(scan(&ident, 0xff, 0, 0x3f), Scan::Data(&[0x54, 0x2c, 0x10]));
        assert_eq!(scan(&refused, 0xff, 3, 0x72), Scan::Refused(0));
        assert_eq!(scan(&refused, 0xff, 4, 0x72), Scan::Late(11));
        assert_eq!(scan(&refused, 0x05, 3, 0x72), Scan::Noise("frame is from another NT"));
        assert_eq!(scan(&[], 0xff, 0, 0x3f), Scan::Need(10));
        assert_eq!(scan(&ident[..9], 0xff, 0, 0x3f), Scan::Need(4));
        assert_eq!(
            scan(&ident, 0xff, 0, 0x72),
            Scan::Noise("frame answers another function")
        );
        let junk = [&[0, 0xff][..], &ident].concat();
        assert_eq!(scan(&junk, 0xff, 0, 0x3f), Scan::Data(&[0x54, 0x2c, 0x10]));
        let mut bad = ident.clone();
        bad[9] ^= 1;
        assert_eq!(scan(&bad, 0xff, 0, 0x3f), Scan::Noise("check sum is wrong"));
        let mut long = ident;
        long[6] = 0x7f;
        assert_eq!(
            scan(&long, 0xff, 0, 0x3f),
            Scan::Noise("frame has an impossible length")
        );
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_none_are_waited_for_without_end(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Scan::Need(count) = scan(&bytes, 0xff, 7, 0x72) {
                prop_assert!(count > 0 && count + bytes.len() <= HEAD + LONGEST + TAIL + JUNK);
            }
        }

        #[test]
        fn reading_undoes_writing(
            nt in 0u8..100, id: u8, function in 0x22u8.., data in proptest::collection::vec(any::<u8>(), 0..200),
            junk in proptest::collection::vec(0x11u8.., 0..=JUNK),
        ) {
            let frame = [junk, request(nt, id, function, &data)].concat();
            prop_assert_eq!(scan(&frame, nt, id, function), Scan::Data(&data));
            for cut in 0..frame.len() {
                prop_assert!(matches!(scan(&frame[..cut], nt, id, function), Scan::Need(_)), "cut at {}", cut);
            }
        }

        #[test]
        fn a_mutated_frame_is_never_taken(
            data in proptest::collection::vec(any::<u8>(), 0..100), at: proptest::sample::Index, flip in 1u8..,
        ) {
            let mut frame = request(5, 9, 0x72, &data);
            let at = at.index(frame.len());
            frame[at] ^= flip;
            // The attribute byte is covered by the sum; nothing of a frame can change unseen.
            prop_assert!(!matches!(scan(&frame, 5, 9, 0x72), Scan::Data(_) | Scan::Refused(_)));
        }
    }
}
