//! A meter in conversation: what travels, and the application in it.

use super::apdu::Application;
use super::data::Take;
use super::hdlc::{Event, Link};
use crate::meter::{Disguise, Meter, Reply};
use std::time::Duration;

/// How a meter is spoken to.
pub(super) enum Way {
    Hdlc(Link),
    /// Its number, and what came.
    Wrapper(u16, Vec<u8>),
}

/// One meter.
pub struct Dlms {
    way: Way,
    application: Application,
    requests: u64,
}

impl Dlms {
    pub(super) fn new(way: Way, application: Application) -> Self {
        Self {
            way,
            application,
            requests: 0,
        }
    }

    fn hdlc(&mut self, bytes: &[u8]) -> Vec<Reply> {
        let Way::Hdlc(link) = &mut self.way else {
            return Vec::new();
        };
        link.feed(bytes);
        let mut replies = Vec::new();
        while let Some(event) = link.next() {
            self.requests += 1;
            let frame = match event {
                Event::Send(frame) => Some(frame),
                Event::Reset(frame) => {
                    self.application.reset();
                    Some(frame)
                }
                Event::Question(apdu) => {
                    let answer = self.application.answer(link.client(), &apdu);
                    answer.map(|answer| link.answer(&answer))
                }
            };
            replies.extend(frame.map(Reply::now));
        }
        replies
    }

    fn wrapper(&mut self, bytes: &[u8]) -> Vec<Reply> {
        let Way::Wrapper(own, buffer) = &mut self.way else {
            return Vec::new();
        };
        buffer.extend_from_slice(bytes);
        let mut replies = Vec::new();
        while let Some((used, client, to, apdu)) = pdu(buffer) {
            buffer.drain(..used);
            if to != *own {
                continue;
            }
            self.requests += 1;
            if let Some(answer) = self.application.answer(client, &apdu) {
                let length = u16::try_from(answer.len()).expect("an answer is short");
                let head = [1, *own, client, length].map(u16::to_be_bytes).concat();
                replies.push(Reply::now([head, answer].concat()));
            }
        }
        // What is no head never becomes one.
        if !buffer.is_empty() && buffer.first() != Some(&0) || buffer.get(1).is_some_and(|version| *version != 1) {
            buffer.clear();
        }
        replies
    }
}

/// Bytes used, who asks, who is asked, and the APDU.
fn pdu(buffer: &[u8]) -> Option<(usize, u16, u16, Vec<u8>)> {
    let mut take = Take(buffer);
    take.expect(&[0, 1])?;
    let (client, to, length) = (take.wide()?, take.wide()?, take.wide()?);
    let apdu = take.bytes(length.into())?.to_vec();
    Some((buffer.len() - take.0.len(), client, to, apdu))
}

impl Meter for Dlms {
    fn on_bytes(&mut self, _now: Duration, bytes: &[u8]) -> Vec<Reply> {
        match self.way {
            Way::Hdlc(_) => self.hdlc(bytes),
            Way::Wrapper(..) => self.wrapper(bytes),
        }
    }

    fn requests(&self) -> u64 {
        self.requests
    }

    fn disguise(&mut self, as_other: Option<Disguise>) {
        self.application.objects.disguise = as_other;
    }

    fn shift_clock(&mut self, seconds: i64) {
        self.application.objects.clock.advance(seconds);
    }
}
