//! HDLC, the meter's side (IEC 62056-46): answers SNRM, DISC, I and RR in normal response mode with a window of 1. What was
//! not heard is sent again when the client asks with RR.

use super::data::Take;

/// Information bytes of a frame that the meter sends and takes.
const INFORMATION: usize = 128;
const FLAG: u8 = 0x7E;
/// What UA carries: 128 bytes and a window of 1 both ways.
const PARAMETERS: &[u8] = &[
    0x81, 0x80, 0x12, 5, 1, 0x80, 6, 1, 0x80, 7, 4, 0, 0, 0, 1, 8, 4, 0, 0, 0, 1,
];

/// A frame as it came.
struct Frame {
    is_segment: bool,
    destination: Vec<u8>,
    source: Vec<u8>,
    control: u8,
    information: Vec<u8>,
}

/// What stands in a buffer.
enum Found {
    Frame(Frame, usize),
    /// So many bytes are no frame and never will be.
    Noise(usize),
    More,
}

/// The meter's end of the link.
pub struct Link {
    address: Vec<u8>,
    client: Vec<u8>,
    is_connected: bool,
    /// Next N(S) and N(R).
    vs: u8,
    vr: u8,
    /// Parts of a question so far, and of an answer still to be sent.
    question: Vec<u8>,
    answer: Vec<Vec<u8>>,
    last: Vec<u8>,
    buffer: Vec<u8>,
}

/// What a frame is to the meter.
pub enum Event {
    /// To be sent at once.
    Send(Vec<u8>),
    /// A question that came whole, without its three bytes in front.
    Question(Vec<u8>),
    /// The client connected or disconnected: what was agreed on is void.
    Reset(Vec<u8>),
}

impl Link {
    /// `address` has one byte of 7 bits, two or four.
    pub fn new(address: &[u8]) -> Self {
        let last = address.len().saturating_sub(1);
        let ended = address.iter().enumerate();
        Self {
            address: ended.map(|(at, byte)| byte << 1 | u8::from(at == last)).collect(),
            client: Vec::new(),
            is_connected: false,
            vs: 0,
            vr: 0,
            question: Vec::new(),
            answer: Vec::new(),
            last: Vec::new(),
            buffer: Vec::new(),
        }
    }

    /// The number of the client that speaks.
    pub fn client(&self) -> u16 {
        self.client.first().map_or(0, |byte| u16::from(byte >> 1))
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next thing that happened, if anything did.
    pub fn next(&mut self) -> Option<Event> {
        loop {
            match find(&self.buffer) {
                Found::More => return None,
                Found::Noise(count) => drop(self.buffer.drain(..count)),
                Found::Frame(frame, used) => {
                    self.buffer.drain(..used);
                    if frame.destination == self.address
                        && let Some(event) = self.take(frame)
                    {
                        return Some(event);
                    }
                }
            }
        }
    }

    fn take(&mut self, frame: Frame) -> Option<Event> {
        let control = frame.control;
        match control {
            0x93 => {
                (self.is_connected, self.vs, self.vr) = (true, 0, 0);
                self.client = frame.source;
                self.forget();
                Some(Event::Reset(self.frame(0x73, false, PARAMETERS)))
            }
            0x53 => {
                let answer = if self.is_connected { 0x73 } else { 0x1F };
                self.is_connected = false;
                self.client = frame.source;
                self.forget();
                Some(Event::Reset(self.frame(answer, false, &[])))
            }
            _ if frame.source != self.client || !self.is_connected => {
                self.client = frame.source;
                Some(Event::Send(self.frame(0x1F, false, &[])))
            }
            _ if control & 1 == 0 => self.information(&frame),
            _ if control & 0x0F == 1 => Some(Event::Send(self.ready(control >> 5))),
            _ => None,
        }
    }

    fn information(&mut self, frame: &Frame) -> Option<Event> {
        let ns = frame.control >> 1 & 7;
        if ns != self.vr {
            // It came before: the answer was lost.
            return (ns == (self.vr + 7) % 8 && !self.last.is_empty()).then(|| Event::Send(self.last.clone()));
        }
        self.vr = (self.vr + 1) % 8;
        self.question.extend(&frame.information);
        if frame.is_segment {
            self.last = self.frame(self.vr << 5 | 0x11, false, &[]);
            return Some(Event::Send(self.last.clone()));
        }
        let question = std::mem::take(&mut self.question);
        question
            .strip_prefix(&[0xE6, 0xE6, 0x00])
            .map(|apdu| Event::Question(apdu.to_vec()))
    }

    /// Answers RR: the next part, the last one again, or nothing to send.
    fn ready(&mut self, nr: u8) -> Vec<u8> {
        let was_lost = nr == (self.vs + 7) % 8 && !self.last.is_empty();
        if was_lost {
            return self.last.clone();
        }
        if self.answer.is_empty() || nr != self.vs {
            return self.frame(self.vr << 5 | 0x11, false, &[]);
        }
        self.part()
    }

    /// The first part of an answer; the rest waits for RR.
    pub fn answer(&mut self, apdu: &[u8]) -> Vec<u8> {
        let whole = [&[0xE6, 0xE7, 0x00], apdu].concat();
        self.answer = whole.chunks(INFORMATION).rev().map(<[u8]>::to_vec).collect();
        self.part()
    }

    fn part(&mut self) -> Vec<u8> {
        let part = self.answer.pop().unwrap_or_default();
        let control = self.vr << 5 | 0x10 | self.vs << 1;
        self.vs = (self.vs + 1) % 8;
        self.last = self.frame(control, !self.answer.is_empty(), &part);
        self.last.clone()
    }

    fn forget(&mut self) {
        self.question.clear();
        self.answer.clear();
        self.last.clear();
    }

    fn frame(&self, control: u8, is_segment: bool, information: &[u8]) -> Vec<u8> {
        let mut head = [&self.client[..], &self.address, &[control]].concat();
        let checks = if information.is_empty() { 2 } else { 4 };
        let length = u16::try_from(2 + head.len() + checks + information.len()).expect("a frame is short");
        let format = 0xA000 | u16::from(is_segment) << 11 | length;
        head.splice(..0, format.to_be_bytes());
        let mut body = head;
        if !information.is_empty() {
            body.extend(check(&body).to_le_bytes());
            body.extend(information);
        }
        body.extend(check(&body).to_le_bytes());
        [&[FLAG], &body[..], &[FLAG]].concat()
    }
}

/// Frames (UI) with a message that nobody asked for, to everybody, in segments.
pub fn unasked(lsdu: &[u8]) -> Vec<u8> {
    const SEGMENT: usize = 128;
    const UI: u8 = 0x13;
    let mut link = Link::new(&[1]);
    link.client = vec![0xFF];
    let mut segments = lsdu.chunks(SEGMENT).peekable();
    let mut bytes = Vec::new();
    while let Some(segment) = segments.next() {
        bytes.extend(link.frame(UI, segments.peek().is_some(), segment));
    }
    bytes
}

fn find(buffer: &[u8]) -> Found {
    let Some(begin) = buffer.iter().position(|byte| *byte == FLAG) else {
        return if buffer.is_empty() {
            Found::More
        } else {
            Found::Noise(buffer.len())
        };
    };
    if begin > 0 {
        return Found::Noise(begin);
    }
    let Some(&[high, low]) = buffer.get(1..3).and_then(|format| format.first_chunk::<2>()) else {
        return Found::More;
    };
    if high & 0xF0 != 0xA0 {
        return Found::Noise(1);
    }
    let length = usize::from(high & 7) << 8 | usize::from(low);
    let Some(body) = buffer.get(1..=length) else {
        // A head that noise made may promise more than ever comes: another flag further on decides.
        let other = buffer.iter().skip(1).position(|byte| *byte == FLAG).map(|at| at + 1);
        return match other.map(|at| (at, find(&buffer[at..]))) {
            Some((at, Found::Frame(frame, used))) => Found::Frame(frame, at + used),
            _ => Found::More,
        };
    };
    match parse(body, high & 8 != 0) {
        // The flag behind it may be the one in front of the next.
        Some(frame) => Found::Frame(frame, length + 1),
        None => Found::Noise(1),
    }
}

fn parse(body: &[u8], is_segment: bool) -> Option<Frame> {
    let (content, sum) = body.split_last_chunk::<2>()?;
    if check(content).to_le_bytes() != *sum {
        return None;
    }
    let mut take = Take(content);
    take.bytes(2)?;
    let (destination, source) = (address(&mut take)?, address(&mut take)?);
    let control = take.byte()?;
    let head = content.len() - take.0.len();
    let mut information = Vec::new();
    if !take.0.is_empty() {
        let sum = take.bytes(2)?;
        if check(&content[..head]).to_le_bytes() != sum {
            return None;
        }
        information = take.0.to_vec();
    }
    Some(Frame {
        is_segment,
        destination,
        source,
        control,
        information,
    })
}

fn address(take: &mut Take) -> Option<Vec<u8>> {
    let mut address = Vec::new();
    while address.len() < 4 {
        let byte = take.byte()?;
        address.push(byte);
        if byte & 1 == 1 {
            return Some(address);
        }
    }
    None
}

/// CRC-16 of X.25: polynomial 0x1021 reflected, begun with ones and inverted.
fn check(bytes: &[u8]) -> u16 {
    let sum = bytes.iter().fold(0xFFFFu16, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte), |sum, _| {
            if sum & 1 == 1 { sum >> 1 ^ 0x8408 } else { sum >> 1 }
        })
    });
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    #[test]
    fn frames_are_those_of_a_recorded_conversation() {
        let mut link = Link::new(&[1]);
        link.feed(&hex::bytes("7ea0070321930f017e").unwrap());
        let Some(Event::Reset(ua)) = link.next() else {
            panic!("no answer to SNRM")
        };
        let want = "7ea01e210373c37a818012050180060180070400000001080400000001533b7e";
        assert_eq!(ua, hex::bytes(want).unwrap());
        assert!(link.next().is_none());
    }
}
