//! A far end that answers with the recorded bytes of another implementation: of HDLC frames only the sequence numbers are
//! made anew, of APDUs only the number of the request.

use std::collections::VecDeque;

use dlms_cosem_rs::codec::Encode;
use dlms_cosem_rs::transport::hdlc::{Address, Control, Frame, decode_frame};
use serde_json::Value as Json;
use uzel_driver_sdk::Instant;
use uzel_driver_sdk::bytes::unhex;

use conversations::FarEnd;

/// What a question is about: class, name and attribute.
type Asked = [u8; 9];

/// What was in a frame or a wrapper, and whether more of it followed in the next.
type Content = (bool, Vec<u8>);

/// One recorded conversation.
pub struct Recorded {
    is_hdlc: bool,
    /// By question: the answers in their order.
    answers: Vec<(Asked, Vec<Content>)>,
    hello: Content,
    bye: Content,
    /// Answers still to come to the question at hand.
    queue: VecDeque<Content>,
    /// What the clock shows, for it was not asked for.
    clock: [u8; 12],
    ns: u8,
    nr: u8,
}

const CLOCK: Asked = [0, 8, 0, 0, 1, 0, 0, 255, 2];

fn bytes(json: &Json) -> Vec<u8> {
    unhex(json.as_str().unwrap()).unwrap()
}

impl Recorded {
    pub fn new(session: &Json, clock: [u8; 12]) -> Self {
        let is_hdlc = session["transport"] == "hdlc";
        let mut recorded = Self {
            is_hdlc,
            answers: Vec::new(),
            hello: Content::default(),
            bye: Content::default(),
            queue: VecDeque::new(),
            clock,
            ns: 0,
            nr: 0,
        };
        for exchange in session["exchanges"].as_array().unwrap() {
            let (asked, answer) = (bytes(&exchange["tx"]), recorded.content(&bytes(&exchange["rx"])));
            let asked = recorded.content(&asked);
            let apdu = asked.1.strip_prefix(&[0xE6, 0xE6, 0]).unwrap_or(&asked.1);
            match apdu {
                [0x60, ..] => recorded.hello = answer,
                [0x62, ..] => recorded.bye = answer,
                [0xC0, 1, _, rest @ ..] => {
                    recorded.answers.push((*rest.first_chunk().unwrap(), vec![answer]));
                }
                _ => {
                    if let Some((_, more)) = recorded.answers.last_mut() {
                        more.push(answer);
                    }
                }
            }
        }
        recorded
    }

    /// Information of a frame, or the APDU of a wrapper.
    fn content(&self, bytes: &[u8]) -> Content {
        if self.is_hdlc {
            let frame = decode_frame(bytes).unwrap().0;
            (frame.segmented, frame.information.to_vec())
        } else {
            (false, bytes[8..].to_vec())
        }
    }

    /// The content of the answer.
    fn reply(&mut self, apdu: &[u8]) -> Content {
        let llc = |apdu: &[u8]| {
            let head: &[u8] = if self.is_hdlc { &[0xE6, 0xE7, 0] } else { &[] };
            (false, [head, apdu].concat())
        };
        match apdu {
            [0x60, ..] => self.hello.clone(),
            [0x62, ..] => self.bye.clone(),
            [0xC0, 1, invoke, rest @ ..] => {
                let asked: Asked = *rest.first_chunk().unwrap();
                if asked == CLOCK {
                    return llc(&[&[0xC4, 1, *invoke, 0, 9, 12], &self.clock[..]].concat());
                }
                let known = self.answers.iter().find(|(known, _)| *known == asked);
                let Some((_, answers)) = known else {
                    return llc(&[0xC4, 1, *invoke, 1, 4]);
                };
                self.queue = answers.iter().cloned().collect();
                self.queued(*invoke)
            }
            [0xC0, 2, invoke, ..] => self.queued(*invoke),
            other => panic!("nobody recorded {other:x?}"),
        }
    }

    fn queued(&mut self, invoke: u8) -> Content {
        let (segmented, mut content) = self.queue.pop_front().unwrap();
        let at = if content.starts_with(&[0xE6, 0xE7, 0]) { 5 } else { 2 };
        content[at] = invoke;
        (segmented, content)
    }

    fn frame(&self, control: Control, segmented: bool, information: &[u8]) -> Vec<u8> {
        let frame = Frame {
            segmented,
            destination: Address::client(16),
            source: Address::Single(1),
            control,
            information,
        };
        let mut bytes = Vec::new();
        frame.encode(&mut bytes).unwrap();
        bytes
    }

    fn information(&mut self, (segmented, content): &Content) -> Vec<u8> {
        let control = Control::I {
            ns: self.ns,
            nr: self.nr,
            pf: true,
        };
        self.ns = (self.ns + 1) % 8;
        self.frame(control, *segmented, content)
    }

    fn hdlc(&mut self, bytes: &[u8]) -> Vec<u8> {
        let frame = decode_frame(bytes).unwrap().0;
        match frame.control {
            Control::Snrm => {
                (self.ns, self.nr) = (0, 0);
                self.frame(Control::Ua, false, &[])
            }
            Control::Disc => self.frame(Control::Ua, false, &[]),
            Control::Rr { .. } => {
                let content = self.queue.pop_front().unwrap();
                self.information(&content)
            }
            Control::I { .. } => {
                self.nr = (self.nr + 1) % 8;
                let apdu = frame.information.strip_prefix(&[0xE6, 0xE6, 0]).unwrap();
                let content = self.reply(apdu);
                self.information(&content)
            }
            other => panic!("{other:?}"),
        }
    }
}

impl FarEnd for Recorded {
    fn answer(&mut self, bytes: &[u8], _: Instant) -> Vec<(Instant, Vec<u8>)> {
        let answer = if self.is_hdlc {
            self.hdlc(bytes)
        } else {
            let (_, apdu) = self.reply(&bytes[8..]);
            let length = u16::try_from(apdu.len()).unwrap().to_be_bytes();
            [&[0, 1, 0, 1, 0, 16], &length[..], &apdu].concat()
        };
        vec![(10, answer)]
    }
}
