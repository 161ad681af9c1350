//! Frames: address, function, data, CRC-16 of Modbus with its low byte first ("Протокол обмена", frame of a message).
//!
//! Silence ends a frame on a wire, but converters tear it apart; so the end is told by the length that the frame itself
//! names. A refusal has a service byte behind its code; devices that leave it out are understood, too.

use uzel_driver_sdk::checksum::crc16_modbus;

/// Function of reading current values.
pub const READ_CURRENT: u8 = 0x03;
/// Function of reading archives.
pub const READ_ARCHIVE: u8 = 0x04;
/// Function of writing.
pub const WRITE: u8 = 0x10;
/// Bit of a function that says that the answer is a refusal.
const REFUSAL: u8 = 0x80;
/// The shortest answer: a refusal without service byte, or a read without data.
pub const SHORTEST: usize = 5;
/// Bytes of noise before an answer that are passed over: a line driver that lets go makes one or two.
const MOST_NOISE: usize = 3;

/// What is asked of a device, and which answers fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub function: u8,
    /// What follows the function.
    pub body: Vec<u8>,
    /// Bytes of data that the answer may have. A write is answered by its own first four bytes.
    pub lengths: Vec<usize>,
}

/// What came for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Data(Vec<u8>),
    /// The write was taken.
    Done,
    /// The device refuses, with this code.
    Refused(u8),
}

/// What stands at the beginning of a buffer.
#[derive(Debug, PartialEq, Eq)]
pub enum Scan {
    /// So many bytes more.
    Need(usize),
    Reply(Reply),
    /// A whole frame of so many bytes that does not answer this request.
    Stray(usize),
    Bad(FrameError),
}

/// Why bytes are no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("address is {got}, expected {want}")]
    Address { got: u8, want: u8 },
    #[error("function is {got:#04x}, expected 0x03, 0x04, 0x10 or a refusal of them")]
    Function { got: u8 },
    #[error("CRC is {got:#06x}, computed {want:#06x}")]
    Check { got: u16, want: u16 },
}

/// A whole frame.
pub fn wrap(address: u8, request: &Request) -> Vec<u8> {
    let mut frame = vec![address, request.function];
    frame.extend(&request.body);
    frame.extend(crc16_modbus(&frame).to_le_bytes());
    frame
}

/// Looks for the answer, behind a little noise if need be.
pub fn scan(address: u8, request: &Request, bytes: &[u8]) -> Scan {
    let mut need = None;
    let mut wrong = None;
    for noise in 0..=MOST_NOISE {
        let Some(frame) = bytes.get(noise..).filter(|frame| !frame.is_empty()) else {
            break;
        };
        match frame_at(address, request, frame) {
            Scan::Need(more) => need = Some(need.map_or(more, |need: usize| need.min(more))),
            Scan::Bad(error) => wrong = wrong.or(Some(error)),
            Scan::Stray(length) => return Scan::Stray(noise + length),
            Scan::Reply(reply) => return Scan::Reply(reply),
        }
    }
    match (need, wrong) {
        (None, Some(error)) if bytes.len() >= SHORTEST => Scan::Bad(error),
        (need, _) => Scan::Need(need.unwrap_or(SHORTEST.saturating_sub(bytes.len())).max(1)),
    }
}

fn frame_at(address: u8, request: &Request, frame: &[u8]) -> Scan {
    let &[got, ref rest @ ..] = frame else {
        return Scan::Need(SHORTEST);
    };
    if got != address {
        return Scan::Bad(FrameError::Address { got, want: address });
    }
    let Some((&function, data)) = rest.split_first() else {
        return Scan::Need(SHORTEST - frame.len());
    };
    let lengths = match function {
        READ_CURRENT | READ_ARCHIVE => match data.first() {
            Some(count) => [SHORTEST + usize::from(*count); 2],
            None => return Scan::Need(SHORTEST - frame.len()),
        },
        WRITE => [8, 8],
        _ if [READ_CURRENT, READ_ARCHIVE, WRITE].contains(&(function ^ REFUSAL)) => [5, 6],
        got => return Scan::Bad(FrameError::Function { got }),
    };
    let mut wrong = FrameError::Function { got: function };
    for length in lengths {
        let Some((body, check)) = frame.get(..length).and_then(|frame| frame.split_last_chunk::<2>()) else {
            return Scan::Need(length - frame.len());
        };
        let (got, want) = (u16::from_le_bytes(*check), crc16_modbus(body));
        if got == want {
            let reply = reply(request, function, body.get(2..).unwrap_or_default());
            return reply.map_or(Scan::Stray(length), Scan::Reply);
        }
        wrong = FrameError::Check { got, want };
    }
    Scan::Bad(wrong)
}

/// What a whole frame answers; none: another request.
fn reply(request: &Request, function: u8, body: &[u8]) -> Option<Reply> {
    if function == request.function | REFUSAL {
        return body.first().map(|code| Reply::Refused(*code));
    }
    if function != request.function {
        return None;
    }
    if function == WRITE {
        return (request.body.get(..4) == Some(body)).then_some(Reply::Done);
    }
    let data = body.get(1..)?;
    request
        .lengths
        .contains(&data.len())
        .then(|| Reply::Data(data.to_vec()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::unhex;

    use super::*;

    fn date() -> Request {
        Request {
            function: READ_CURRENT,
            body: vec![0x0b, 0, 0, 0x0a],
            lengths: vec![10],
        }
    }

    /// A real clock of 2015, and real refusals.
    const SHOWN: &str = "00 03 0a 07 df 00 06 00 02 00 10 00 1e d5 d5";

    #[test]
    fn answers_are_found_and_everything_else_is_named() {
        let shown = Scan::Reply(Reply::Data(unhex("07df 0006 0002 0010 001e").unwrap()));
        let cases: [(&str, &str, Scan); 9] = [
            ("whole", SHOWN, shown),
            ("refused", "00 83 05 00 f2 9c", Scan::Reply(Reply::Refused(5))),
            (
                "refused by five bytes",
                "00 83 05 d0 f3",
                Scan::Reply(Reply::Refused(5)),
            ),
            (
                "behind noise",
                "ff ff 00 83 05 00 f2 9c",
                Scan::Reply(Reply::Refused(5)),
            ),
            ("begun", "00 03 0a 07 df", Scan::Need(10)),
            ("a service byte may follow", "00 83 05 00 f2", Scan::Need(1)),
            ("the version", "00 03 02 00 7d 45 a5", Scan::Stray(7)),
            (
                "another address",
                "01 03 00 20 f0 00 00 00",
                Scan::Bad(FrameError::Address { got: 1, want: 0 }),
            ),
            ("nothing", "", Scan::Need(5)),
        ];
        for (name, bytes, want) in cases {
            let bytes = unhex(bytes).unwrap();
            let got = scan(0, &date(), &bytes);
            // A frame may begin behind noise as long as bytes may come.
            match (&got, &want) {
                (Scan::Need(_), Scan::Bad(_)) => {}
                _ => assert_eq!(got, want, "{name}"),
            }
        }
        assert_eq!(wrap(0, &date()), unhex("00 03 0b 00 00 0a c6 38").unwrap());
    }

    #[test]
    fn a_write_is_answered_by_its_own_beginning() {
        let request = Request {
            function: WRITE,
            body: unhex("0b 00 00 04 08 07 e8 00 03 00 15 00 0e").unwrap(),
            lengths: Vec::new(),
        };
        assert_eq!(
            wrap(1, &request),
            unhex("01 10 0b 00 00 04 08 07 e8 00 03 00 15 00 0e 51 19").unwrap()
        );
        let echo = |text| scan(1, &request, &unhex(text).unwrap());
        assert_eq!(echo("01 10 0b 00 00 04 c3 ee"), Scan::Reply(Reply::Done));
        assert_eq!(
            echo("01 10 15 00 00 04 c5 c6"),
            Scan::Stray(8),
            "the echo of another write"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_scanned(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Scan::Need(more) = scan(0, &date(), &bytes) {
                prop_assert!(more > 0);
            }
        }

        #[test]
        fn an_answer_with_one_wrong_bit_is_none(bit in 0usize..15 * 8) {
            let mut frame = unhex(SHOWN).unwrap();
            frame[bit / 8] ^= 1 << (bit % 8);
            let found = scan(0, &date(), &frame);
            prop_assert!(!matches!(found, Scan::Reply(_)), "{found:?}");
        }
    }
}
