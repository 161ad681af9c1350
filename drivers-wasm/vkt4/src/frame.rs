//! Frames (VKT-4 note, section 2): request `10 NN CC data[6] CS 16`, answer `10 NN CC N(u16, high byte first) data[N] CS
//! 16`. `CS` makes the sum from the device number to itself zero. Nothing is stuffed.

use uzel_driver_sdk::checksum::sum8;

/// First byte of a frame.
pub const START: u8 = 0x10;
/// Last byte of a frame.
pub const END: u8 = 0x16;
/// Code of the answer to what the meter does not understand.
pub const REFUSAL: u8 = 0xc4;
/// Bytes that lines leave at a change of direction and that spoil nothing: fewer than any frame has.
pub const JUNK: usize = 3;
/// Data bytes of an answer at most: the longest known record has 87, totals of later firmware may be longer.
pub const DATA_MAX: usize = 256;

/// Start, device number, code, length.
const HEAD: usize = 5;
/// What is around the data.
const AROUND: usize = HEAD + 2;
/// A refusal repeats seven bytes; the manual of ВКТ-4 prints a length of 6 before them.
const SHORT_REFUSAL: usize = 6;

/// A whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    pub code: u8,
    pub data: &'a [u8],
}

/// What the bytes that came so far are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan<'a> {
    /// The start of an answer: so many bytes more are needed before more can be said.
    Need(usize),
    Whole(Frame<'a>),
    /// No answer of this device.
    Noise(&'static str),
}

/// A request with its six bytes of data.
pub fn request(device: u8, code: u8, data: [u8; 6]) -> [u8; 11] {
    let [d0, d1, d2, d3, d4, d5] = data;
    let sum = sum8(&[device, code, d0, d1, d2, d3, d4, d5]);
    [START, device, code, d0, d1, d2, d3, d4, d5, sum.wrapping_neg(), END]
}

/// Judges the bytes that came after a request to `device`. Up to [`JUNK`] bytes before the frame are passed over.
pub fn scan(bytes: &[u8], device: u8) -> Scan<'_> {
    let mut need: Option<usize> = None;
    let mut noise = "no frame";
    for skip in 0..=JUNK.min(bytes.len()) {
        match judge(bytes.get(skip..).unwrap_or_default(), device) {
            Scan::Need(count) => need = Some(need.map_or(count, |least| least.min(count))),
            Scan::Noise(why) if skip == 0 => noise = why,
            Scan::Noise(_) => {}
            whole => return whole,
        }
    }
    need.map_or(Scan::Noise(noise), Scan::Need)
}

fn judge(bytes: &[u8], device: u8) -> Scan<'_> {
    if bytes.first().is_some_and(|first| *first != START) {
        return Scan::Noise("no frame begins there");
    }
    if bytes.get(1).is_some_and(|number| *number != device) {
        return Scan::Noise("another device number answers");
    }
    let Some(&[_, _, code, high, low]) = bytes.first_chunk::<HEAD>() else {
        return Scan::Need(AROUND - bytes.len());
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > DATA_MAX {
        return Scan::Noise("the length is none that an answer has");
    }
    let is_short_refusal = code == REFUSAL && length == SHORT_REFUSAL;
    match ended(bytes, length, code) {
        Scan::Noise(_) if is_short_refusal => ended(bytes, length + 1, code),
        judged => judged,
    }
}

/// The frame, if it has so many bytes of data.
fn ended(bytes: &[u8], length: usize, code: u8) -> Scan<'_> {
    let total = AROUND + length;
    let Some((head, [_, end])) = bytes.get(..total).and_then(|frame| frame.split_last_chunk::<2>()) else {
        return Scan::Need(total.saturating_sub(bytes.len()));
    };
    let summed = bytes.get(1..total - 1).unwrap_or_default();
    if sum8(summed) != 0 {
        return Scan::Noise("the check byte is not that of the frame");
    }
    if *end != END {
        return Scan::Noise("the frame does not end where its length says");
    }
    Scan::Whole(Frame {
        code,
        data: head.get(HEAD..).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(device: u8, code: u8, length: u16, data: &[u8]) -> Vec<u8> {
        let [high, low] = length.to_be_bytes();
        let mut bytes = vec![START, device, code, high, low];
        bytes.extend_from_slice(data);
        let sum = sum8(bytes.get(1..).unwrap());
        bytes.extend([sum.wrapping_neg(), END]);
        bytes
    }

    #[test]
    fn every_condition_of_a_line_is_judged() {
        let whole = [0x10, 1, 0x41, 0, 1, 8, 0xb5, 0x16];
        let refusal = [0x4f, 0, 0, 0, 0, 0, 0];
        let frame = |code, data| Scan::Whole(Frame { code, data });
        let cases: Vec<(&str, Vec<u8>, Scan)> = vec![
            ("nothing", vec![], Scan::Need(7)),
            ("whole", whole.into(), frame(0x41, &[8])),
            ("junk before", [&[0xff, 0x00], &whole[..]].concat(), frame(0x41, &[8])),
            ("cut", whole[..6].into(), Scan::Need(2)),
            (
                "another device",
                answer(2, 0x41, 1, &[8]),
                Scan::Noise("another device number answers"),
            ),
            (
                "one bit",
                [&whole[..5], &[9, 0xb5, 0x16]].concat(),
                Scan::Noise("the check byte is not that of the frame"),
            ),
            ("refusal", answer(1, 0xc4, 7, &refusal), frame(0xc4, &refusal)),
            (
                "refusal of six",
                answer(1, 0xc4, 6, &refusal[..6]),
                frame(0xc4, &refusal[..6]),
            ),
            (
                "refusal that says six",
                answer(1, 0xc4, 6, &refusal),
                frame(0xc4, &refusal),
            ),
            (
                "endless",
                vec![0x10, 1, 0x42, 0xff, 0xff, 0, 0, 0],
                Scan::Noise("the length is none that an answer has"),
            ),
        ];
        for (name, bytes, want) in &cases {
            assert_eq!(&scan(bytes, 1), want, "{name}");
        }
        assert_eq!(request(1, 0x41, [0; 6]), [0x10, 1, 0x41, 0, 0, 0, 0, 0, 0, 0xbe, 0x16]);
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_none_are_waited_for_without_end(
            bytes in proptest::collection::vec(any::<u8>(), 0..160), device: u8,
        ) {
            if let Scan::Need(count) = scan(&bytes, device) {
                prop_assert!((1..=AROUND + DATA_MAX + 1).contains(&count));
            }
        }

        #[test]
        fn what_is_sent_whole_is_read_whole(
            device: u8, code in 0x41u8..0xc4, data in proptest::collection::vec(any::<u8>(), 0..120),
            junk in proptest::collection::vec(0x11u8.., 0..=JUNK),
        ) {
            let frame = answer(device, code, u16::try_from(data.len()).unwrap(), &data);
            let bytes = [junk, frame].concat();
            prop_assert_eq!(scan(&bytes, device), Scan::Whole(Frame { code, data: &data }));
        }

        #[test]
        fn a_changed_byte_is_seen(at in 0usize..88, by in 1u8.., data in proptest::collection::vec(any::<u8>(), 82)) {
            let mut bytes = answer(1, 0x42, 82, &data);
            if let Some(byte) = bytes.get_mut(at) {
                *byte = byte.wrapping_add(by);
            }
            prop_assert!(!matches!(scan(&bytes, 1), Scan::Whole(_)));
        }
    }
}
