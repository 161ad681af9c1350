//! APDUs of a meter that speaks unasked, put together from what comes: in HDLC frames, in the wrapper, in long frames of
//! M-Bus (EN 13757-3: control information 00 to 1F numbers the segments of a DLMS message), or bare, between two silences.

use super::APDU_MAX;
use super::scan::{Scan, scan};
use super::wrapper;

/// Bytes kept while nothing is whole: frames are shorter, the wrapper is the longest.
const HEARD_MAX: usize = APDU_MAX + wrapper::HEAD;
/// What may stand before an APDU (IEC 62056-46, section 5.3.2).
const LLC: [[u8; 3]; 2] = [[0xE6, 0xE7, 0x00], [0xE6, 0xE6, 0x00]];
/// Of a long frame of M-Bus: its start, its end, and the bytes of its ends.
const START: u8 = 0x68;
const STOP: u8 = 0x16;
const ENDS: usize = 6;
/// Of its control information: nothing else than a segment of DLMS, the last one, its number.
const NO_DLMS: u8 = 0xE0;
const IS_LAST: u8 = 0x10;
const NUMBER: u8 = 0x0F;

/// What APDUs travel in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frames {
    Hdlc,
    Wrapper,
    Mbus,
    Plain,
}

/// What came and is no whole APDU yet.
#[derive(Debug)]
pub struct Ear {
    frames: Frames,
    heard: Vec<u8>,
    parts: Vec<u8>,
    /// The number of the next segment, where they have numbers.
    segment: u8,
}

impl Ear {
    pub fn new(frames: Frames) -> Self {
        Self {
            frames,
            heard: Vec::new(),
            parts: Vec::new(),
            segment: 0,
        }
    }

    /// Whether nothing is waited for the rest of.
    pub fn is_empty(&self) -> bool {
        self.heard.is_empty()
    }

    pub fn hear(&mut self, bytes: &[u8]) {
        if self.heard.len() > HEARD_MAX {
            self.heard.clear();
        }
        self.heard.extend(bytes);
    }

    /// The next whole APDU; after a silence, where nothing else ends one.
    pub fn next(&mut self, is_silent: bool) -> Option<Vec<u8>> {
        let apdu = match self.frames {
            Frames::Hdlc => self.hdlc(),
            Frames::Mbus => self.mbus(),
            Frames::Wrapper => self.wrapped(),
            Frames::Plain => is_silent.then(|| std::mem::take(&mut self.heard)),
        };
        // What a silence cut has no end, and its beginning would hide that of the next.
        if is_silent && apdu.is_none() {
            self.heard.clear();
        }
        let apdu = apdu.filter(|apdu| !apdu.is_empty())?;
        let bare = LLC.iter().find_map(|llc| apdu.strip_prefix(llc));
        Some(bare.map(<[u8]>::to_vec).unwrap_or(apdu))
    }

    fn hdlc(&mut self) -> Option<Vec<u8>> {
        loop {
            match scan(&self.heard) {
                Scan::Whole(frame, used) => {
                    let (is_last, body) = (!frame.segmented, frame.information.to_vec());
                    // Its last flag may be the next frame's first.
                    self.heard.drain(..used.saturating_sub(1));
                    let is_first = LLC.iter().any(|llc| body.starts_with(llc));
                    if let Some(apdu) = self.put(is_first, is_last, &body) {
                        return Some(apdu);
                    }
                }
                Scan::Lacks { keep, .. } => {
                    self.heard.drain(..keep.min(self.heard.len()));
                    return None;
                }
            }
        }
    }

    fn mbus(&mut self) -> Option<Vec<u8>> {
        loop {
            match long(&self.heard) {
                Ok((body, used)) => {
                    let body = body.to_vec();
                    self.heard.drain(..used.min(self.heard.len()));
                    // Control, address, control information, the two ends of the DLMS connection.
                    let &[_, _, information, _, _, ref segment @ ..] = body.as_slice() else {
                        continue;
                    };
                    let number = information & NUMBER;
                    if information & NO_DLMS != 0 || number != 0 && number != self.segment {
                        self.parts.clear();
                        continue;
                    }
                    self.segment = number + 1;
                    let whole = self.put(number == 0, information & IS_LAST != 0, segment);
                    if whole.is_some() {
                        return whole;
                    }
                }
                Err(keep) => {
                    self.heard.drain(..keep.min(self.heard.len()));
                    return None;
                }
            }
        }
    }

    /// Appends a segment; gives the whole behind its last. One whose first did not come is dropped.
    fn put(&mut self, is_first: bool, is_last: bool, segment: &[u8]) -> Option<Vec<u8>> {
        if is_first {
            self.parts.clear();
        } else if self.parts.is_empty() || self.parts.len() > APDU_MAX {
            self.parts.clear();
            return None;
        }
        self.parts.extend(segment);
        is_last.then(|| std::mem::take(&mut self.parts))
    }

    fn wrapped(&mut self) -> Option<Vec<u8>> {
        while let Ok(head) = wrapper::head(&self.heard) {
            if head.version != wrapper::VERSION {
                self.heard.remove(0);
                continue;
            }
            let whole = self.heard.get(wrapper::HEAD..wrapper::HEAD + head.length)?.to_vec();
            self.heard.drain(..(wrapper::HEAD + head.length).min(self.heard.len()));
            return Some(whole);
        }
        None
    }
}

/// The first long frame with a good sum: what it holds, and how many bytes up to its end; else how many are none of one.
fn long(bytes: &[u8]) -> Result<(&[u8], usize), usize> {
    let mut lacking = None;
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == START) {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = match rest {
            [_, length, again, START, ..] if length == again => usize::from(*length),
            [_, _, _, _, ..] => continue,
            _ => ENDS,
        };
        match rest.get(..length + ENDS) {
            None => {
                lacking.get_or_insert(at);
            }
            Some([_, _, _, _, body @ .., check, STOP])
                if body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)) == *check =>
            {
                return Ok((body, at + length + ENDS));
            }
            Some(_) => {}
        }
    }
    Err(lacking.unwrap_or(bytes.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::unhex;

    use super::*;

    /// A long frame with a segment.
    fn segment(information: u8, bytes: &[u8]) -> Vec<u8> {
        let body = [&[0x53, 0xFF, information, 0x01, 0x67], bytes].concat();
        let length = u8::try_from(body.len()).unwrap();
        let sum = body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        [&[START, length, length, START], &body[..], &[sum, STOP]].concat()
    }

    fn all(frames: Frames, bytes: &[u8], cut: usize) -> Vec<Vec<u8>> {
        let mut ear = Ear::new(frames);
        let mut told = Vec::new();
        for chunk in bytes.chunks(cut) {
            ear.hear(chunk);
            while let Some(apdu) = ear.next(false) {
                told.push(apdu);
            }
        }
        told.extend(ear.next(true));
        told
    }

    #[test]
    fn segments_are_put_together_and_one_without_its_beginning_is_dropped() {
        let (first, last) = (segment(0x00, &[1, 2]), segment(0x11, &[3]));
        let noise = vec![START, 9, 9, START, 0x11, START];
        let cases = [
            ([first.clone(), last.clone()].concat(), vec![vec![1, 2, 3]]),
            (
                [last.clone(), first.clone(), last.clone()].concat(),
                vec![vec![1, 2, 3]],
            ),
            (
                [first.clone(), first.clone(), last.clone()].concat(),
                vec![vec![1, 2, 3]],
            ),
            ([first.clone(), segment(0x12, &[3])].concat(), vec![]),
            (
                [noise, segment(0x10, &[7]), segment(0x10, &[8])].concat(),
                vec![vec![7], vec![8]],
            ),
            (segment(0x72, &[7]), vec![]),
        ];
        for (bytes, want) in cases {
            for cut in [1, 5, 600] {
                assert_eq!(all(Frames::Mbus, &bytes, cut), want, "{bytes:x?} by {cut}");
            }
        }
        let mut broken = first;
        broken[8] ^= 4;
        assert_eq!(all(Frames::Mbus, &[broken, last].concat(), 7), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn frames_that_share_a_flag_are_both_heard() {
        let one =
            unhex("7E a027010201105a87e6e7000f40000000090c07e4020f06011922ff8000000201060000157eea5e 7E").unwrap();
        let told = all(Frames::Hdlc, &[&one[..], &one[1..], &[0x7E], &one].concat(), 11);
        assert_eq!(told, vec![one[12..one.len() - 3].to_vec(); 3]);
    }

    #[test]
    fn the_wrapper_and_a_silence_end_an_apdu() {
        let apdu = [0x0F, 1, 2];
        let wrapped = [&[0, 1, 0, 1, 0, 16, 0, 3], &apdu[..]].concat();
        assert_eq!(
            all(Frames::Wrapper, &[&[7, 7], &wrapped[..], &wrapped].concat(), 4),
            [apdu, apdu]
        );
        assert_eq!(all(Frames::Wrapper, &wrapped[..9], 4), Vec::<Vec<u8>>::new());
        assert_eq!(all(Frames::Plain, &[&LLC[0], &apdu[..]].concat(), 2), [apdu]);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(prop_oneof![Just(0x7Eu8), Just(START), Just(0), any::<u8>()], 0..200)) {
            for frames in [Frames::Hdlc, Frames::Mbus, Frames::Wrapper, Frames::Plain] {
                all(frames, &bytes, 7);
            }
        }
    }
}
