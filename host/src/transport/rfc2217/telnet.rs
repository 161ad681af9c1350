//! Telnet (RFC 854, RFC 855): data with commands in between. Pure: bytes come in, data and events go out.

use std::mem;

use crate::limits;

pub(super) const IAC: u8 = 0xFF;
const SE: u8 = 0xF0;
const SB: u8 = 0xFA;

/// Offer or demand of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    /// The sender does it, or offers to.
    Will,
    /// The sender does not.
    Wont,
    /// The other side shall.
    Do,
    /// The other side shall not.
    Dont,
}

const VERBS: [(u8, Verb); 4] = [
    (0xFB, Verb::Will),
    (0xFC, Verb::Wont),
    (0xFD, Verb::Do),
    (0xFE, Verb::Dont),
];

impl Verb {
    fn of(byte: u8) -> Option<Self> {
        VERBS.iter().find(|(code, _)| *code == byte).map(|(_, verb)| *verb)
    }

    /// The three bytes that say so of `option`.
    pub(super) fn say(self, option: u8) -> [u8; 3] {
        let code = VERBS
            .iter()
            .find(|(_, verb)| *verb == self)
            .map_or(IAC, |(code, _)| *code);
        [IAC, code, option]
    }
}

/// Something between the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// An offer or a demand.
    Option(Verb, u8),
    /// What an option says: its code and the rest, escapes undone. Never empty.
    Subnegotiation(Vec<u8>),
}

/// Takes a stream apart, wherever it is cut.
#[derive(Debug, Default)]
pub(super) struct Decoder(State);

#[derive(Debug, Default)]
enum State {
    #[default]
    Data,
    /// After IAC.
    Command,
    /// After IAC and a verb.
    Verb(Verb),
    /// Inside a subnegotiation.
    Inside(Vec<u8>),
    /// Inside a subnegotiation, after IAC.
    InsideCommand(Vec<u8>),
}

impl Decoder {
    /// Takes bytes up to the end of the next event; adds the data among them to `data`. None: all are taken. Commands
    /// without meaning for a byte pipe are dropped; a subnegotiation beyond [`limits::SUBNEGOTIATION_BYTES`] is too, and
    /// what follows is data again.
    pub(super) fn next(&mut self, bytes: &mut &[u8], data: &mut Vec<u8>) -> Option<Event> {
        while let Some((byte, rest)) = bytes.split_first() {
            *bytes = rest;
            self.0 = match mem::take(&mut self.0) {
                State::Data if *byte == IAC => State::Command,
                State::Data => {
                    data.push(*byte);
                    State::Data
                }
                State::Command => command(*byte, data),
                State::Verb(verb) => return Some(Event::Option(verb, *byte)),
                State::Inside(said) if *byte == IAC => State::InsideCommand(said),
                State::Inside(said) => inside(said, *byte),
                State::InsideCommand(said) => match *byte {
                    IAC => inside(said, IAC),
                    SE if said.is_empty() => State::Data,
                    SE => return Some(Event::Subnegotiation(said)),
                    // Its end was lost: this is the next command already.
                    other => command(other, data),
                },
            };
        }
        None
    }
}

fn command(byte: u8, data: &mut Vec<u8>) -> State {
    match byte {
        IAC => {
            data.push(IAC);
            State::Data
        }
        SB => State::Inside(Vec::new()),
        // The rest are for people at terminals.
        other => Verb::of(other).map_or(State::Data, State::Verb),
    }
}

fn inside(mut said: Vec<u8>, byte: u8) -> State {
    if said.len() >= limits::SUBNEGOTIATION_BYTES {
        return State::Data;
    }
    said.push(byte);
    State::Inside(said)
}

/// Adds data so that no byte of it is taken for a command.
pub(super) fn escape(data: &[u8], out: &mut Vec<u8>) {
    for byte in data {
        out.push(*byte);
        if *byte == IAC {
            out.push(IAC);
        }
    }
}

/// Adds what an option says.
pub(super) fn subnegotiation(said: &[u8], out: &mut Vec<u8>) {
    out.extend([IAC, SB]);
    escape(said, out);
    out.extend([IAC, SE]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(parts: &[&[u8]]) -> (Vec<u8>, Vec<Event>) {
        let (mut data, mut events, mut decoder) = (Vec::new(), Vec::new(), Decoder::default());
        for mut part in parts.iter().copied() {
            while let Some(event) = decoder.next(&mut part, &mut data) {
                events.push(event);
            }
        }
        (data, events)
    }

    #[test]
    fn a_stream_is_taken_apart() {
        let said = |bytes: &[u8]| Event::Subnegotiation(bytes.to_vec());
        type Case<'a> = (&'a str, &'a [u8], &'a [u8], &'a [Event]);
        let cases: &[Case<'_>] = &[
            ("data", &[1, 2, 3], &[1, 2, 3], &[]),
            ("a doubled 255 is one", &[1, 255, 255, 2], &[1, 255, 2], &[]),
            (
                "what ser2net says first",
                &[255, 251, 3, 255, 253, 44, 7],
                &[7],
                &[Event::Option(Verb::Will, 3), Event::Option(Verb::Do, 44)],
            ),
            (
                "refusals",
                &[255, 254, 44, 255, 252, 0],
                &[],
                &[Event::Option(Verb::Dont, 44), Event::Option(Verb::Wont, 0)],
            ),
            (
                "a subnegotiation between data",
                &[5, 255, 250, 44, 107, 0, 255, 240, 6],
                &[5, 6],
                &[said(&[44, 107, 0])],
            ),
            (
                "255 in a subnegotiation",
                &[255, 250, 44, 107, 255, 255, 255, 240],
                &[],
                &[said(&[44, 107, 255])],
            ),
            ("an empty subnegotiation", &[255, 250, 255, 240, 9], &[9], &[]),
            ("a command for terminals", &[255, 241, 1], &[1], &[]),
            (
                "a subnegotiation without its end",
                &[255, 250, 44, 1, 255, 253, 0, 8],
                &[8],
                &[Event::Option(Verb::Do, 0)],
            ),
        ];
        for (name, bytes, data, events) in cases {
            assert_eq!(decode(&[bytes]), (data.to_vec(), events.to_vec()), "{name}");
        }
    }

    #[test]
    fn data_before_an_event_is_there_when_it_comes() {
        let (mut data, mut decoder, mut bytes) = (Vec::new(), Decoder::default(), &[5, 255, 253, 0, 6][..]);
        assert_eq!(decoder.next(&mut bytes, &mut data), Some(Event::Option(Verb::Do, 0)));
        assert_eq!((&*data, bytes), (&[5][..], &[6][..]));
    }

    #[test]
    fn a_subnegotiation_that_never_ends_takes_no_more_than_its_limit() {
        let mut bytes = vec![255, 250];
        bytes.extend(vec![1; limits::SUBNEGOTIATION_BYTES + 1]);
        bytes.extend([2, 3]);
        assert_eq!(decode(&[&bytes]), (vec![2, 3], Vec::new()));
    }

    /// Bytes among which those with a meaning are frequent.
    fn telling() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![Just(IAC), Just(SB), Just(SE), Just(0xFD), any::<u8>()];
        prop::collection::vec(byte, 0..400)
    }

    proptest! {
        #[test]
        fn any_data_comes_back(data in telling(), said in prop::collection::vec(any::<u8>(), 1..200)) {
            let mut bytes = Vec::new();
            escape(&data, &mut bytes);
            subnegotiation(&said, &mut bytes);
            escape(&data, &mut bytes);
            let both = [&*data, &*data].concat();
            prop_assert_eq!(decode(&[&bytes]), (both, vec![Event::Subnegotiation(said)]));
        }

        #[test]
        fn where_a_stream_is_cut_changes_nothing(bytes in telling(), cut: prop::sample::Index) {
            let (head, tail) = bytes.split_at(cut.index(bytes.len() + 1));
            prop_assert_eq!(decode(&[head, tail]), decode(&[&bytes]));
        }
    }
}
