//! The legacy frame (M4 note, section 3): request `10 NT FN data CS 16`, reply `10 NT FN data CS 16` or
//! `10 NT 21 code CS 16`. `CS` is the inverted low byte of the sum of NT, FN and data. Nothing is stuffed, and no
//! length stands in a frame: it follows from the function.

use uzel_driver_sdk::checksum::sum8;

/// First byte of a frame.
pub const START: u8 = 0x10;
/// Last byte of a frame.
pub const END: u8 = 0x16;
/// Function of a refusal.
pub const REFUSAL: u8 = 0x21;
/// Bytes that lines leave at a change of direction and that spoil nothing: fewer than any frame has.
pub const JUNK: usize = 3;

/// Start, NT, function, checksum, end.
const AROUND: usize = 5;

/// What the bytes that came so far are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan<'a> {
    /// The start of a reply: so many bytes more are needed before more can be said.
    Need(usize),
    /// A whole reply: its data.
    Data(&'a [u8]),
    /// A whole refusal: its code.
    Refused(u8),
    /// No reply to this request.
    Noise(&'static str),
}

/// A request with its four bytes of arguments.
pub fn request(nt: u8, function: u8, data: [u8; 4]) -> [u8; 9] {
    let [d0, d1, d2, d3] = data;
    [START, nt, function, d0, d1, d2, d3, check(nt, function, &data), END]
}

/// The second step of a write: 64 bytes of data.
pub fn block(nt: u8, function: u8, data: &[u8; 64]) -> Vec<u8> {
    let mut bytes = vec![START, nt, function];
    bytes.extend_from_slice(data);
    bytes.extend([check(nt, function, data), END]);
    bytes
}

/// Judges the bytes that came after a request to `nt` for `function`, whose reply carries `len` data bytes.
///
/// Up to [`JUNK`] bytes before the frame are passed over.
pub fn scan(bytes: &[u8], nt: u8, function: u8, len: usize) -> Scan<'_> {
    let mut need = None;
    for skip in 0..=JUNK {
        let frame = bytes.get(skip..).unwrap_or_default();
        match judge(frame, nt, function, len) {
            Scan::Noise(_) => {}
            Scan::Need(count) => need = Some(need.map_or(count, |least: usize| least.min(count))),
            whole => return whole,
        }
    }
    if let Some(count) = need.filter(|_| bytes.len() < JUNK + AROUND + len) {
        return Scan::Need(count);
    }
    match judge(bytes, nt, function, len) {
        Scan::Noise(why) => Scan::Noise(why),
        _ => Scan::Noise("frame is not whole"),
    }
}

fn judge(frame: &[u8], nt: u8, function: u8, len: usize) -> Scan<'_> {
    let short = |whole: usize| Scan::Need(whole.saturating_sub(frame.len()));
    let Some((&start, rest)) = frame.split_first() else {
        return short(AROUND);
    };
    if start != START {
        return Scan::Noise("frame does not start with 10");
    }
    let Some((&from, rest)) = rest.split_first() else {
        return short(AROUND);
    };
    if from != nt {
        return Scan::Noise("frame is from another NT");
    }
    let Some((&answered, body)) = rest.split_first() else {
        return short(AROUND);
    };
    let len = match answered {
        REFUSAL => 1,
        _ if answered == function => len,
        _ => return Scan::Noise("frame answers another function"),
    };
    let Some((data, tail)) = body.split_at_checked(len) else {
        return short(AROUND + len);
    };
    let &[got, end, ..] = tail else {
        return short(AROUND + len);
    };
    if end != END {
        return Scan::Noise("frame does not end with 16");
    }
    if got != check(nt, answered, data) {
        return Scan::Noise("check byte is wrong");
    }
    match (answered, data) {
        (REFUSAL, &[code, ..]) => Scan::Refused(code),
        _ => Scan::Data(data),
    }
}

fn check(nt: u8, function: u8, data: &[u8]) -> u8 {
    !sum8(data).wrapping_add(nt).wrapping_add(function)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scan_judges_every_line_condition() {
        let session: &[u8] = &[0x10, 0xff, 0x3f, 0x54, 0x2b, 0x03, 0x3f, 0x16];
        let ident = Scan::Data(&[0x54, 0x2b, 0x03]);
        let cases: &[(&str, &[u8], Scan)] = &[
            ("whole", session, ident),
            ("nothing yet", &[], Scan::Need(5)),
            ("half", &session[..5], Scan::Need(3)),
            (
                "junk before",
                &[0x00, 0xff, 0x10, 0xff, 0x3f, 0x54, 0x2b, 0x03, 0x3f, 0x16],
                ident,
            ),
            ("refused", &[0x10, 0xff, 0x21, 0x03, 0xdc, 0x16], Scan::Refused(3)),
            ("junk then a part", &[0x00, 0x10, 0xff, 0x21, 0x03], Scan::Need(2)),
            (
                "bad check",
                &[0x10, 0xff, 0x3f, 0x54, 0x2b, 0x03, 0x3e, 0x16],
                Scan::Noise("check byte is wrong"),
            ),
            (
                "bad end",
                &[0x10, 0xff, 0x3f, 0x54, 0x2b, 0x03, 0x3f, 0x17],
                Scan::Noise("frame does not end with 16"),
            ),
            (
                "another function",
                &[0x10, 0xff, 0x48, 0, 0, 0, 0, 0, 0, 0, 0],
                Scan::Noise("frame answers another function"),
            ),
            (
                "another NT",
                &[0x10, 0x05, 0x3f, 0x54, 0x2b, 0x03, 0x3f, 0x16],
                Scan::Noise("frame is from another NT"),
            ),
            (
                "too much junk",
                &[1, 2, 3, 4, 0x10, 0xff, 0x3f, 0x54],
                Scan::Noise("frame does not start with 10"),
            ),
        ];
        for (name, bytes, want) in cases {
            // A case that needs one byte more than it has may still become a frame behind junk.
            let got = scan(bytes, 0xff, 0x3f, 3);
            assert_eq!(&got, want, "{name}");
        }
    }

    #[test]
    fn requests_are_those_of_the_captures() {
        assert_eq!(
            request(0xff, 0x3f, [1, 0, 0, 0]),
            [0x10, 0xff, 0x3f, 1, 0, 0, 0, 0xc0, 0x16]
        );
        assert_eq!(
            request(0xff, 0x48, [0x73, 4, 5, 0x12]),
            [0x10, 0xff, 0x48, 0x73, 4, 5, 0x12, 0x2a, 0x16]
        );
        let mut text = [0x20; 64];
        (text[0], text[63]) = (0x37, 0);
        let sent = block(0xff, 0x44, &text);
        assert_eq!((sent.len(), &sent[66..]), (69, &[0, 0xc5, 0x16][..]));
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_none_are_waited_for_without_end(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            if let Scan::Need(count) = scan(&bytes, 0xff, 0x48, 68) {
                prop_assert!(count > 0 && count + bytes.len() <= JUNK + AROUND + 68);
            }
        }

        #[test]
        fn reading_undoes_writing(
            nt in 0u8..100, function in 0x22u8.., data: [u8; 64], junk in proptest::collection::vec(0x11u8.., 0..=JUNK),
        ) {
            let frame = [junk, block(nt, function, &data)].concat();
            prop_assert_eq!(scan(&frame, nt, function, 64), Scan::Data(&data));
            for cut in 0..frame.len() {
                prop_assert!(matches!(scan(&frame[..cut], nt, function, 64), Scan::Need(_)), "cut at {}", cut);
            }
        }
    }
}
