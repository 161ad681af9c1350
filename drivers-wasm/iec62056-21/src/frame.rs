//! Frames of modes A to C (sections 6.3 and 6.5 of the standard), characters without their parity bit:
//! `STX data ETX BCC`, `SOH command STX data ETX BCC`, `EOT` for `ETX` where another block follows, `ACK` and `NAK`. BCC is
//! the XOR of all behind the first control character.

/// Begins a frame with a command.
pub const SOH: u8 = 0x01;
/// Begins data.
pub const STX: u8 = 0x02;
/// Ends the last block.
pub const ETX: u8 = 0x03;
/// Ends a block that another follows.
pub const EOT: u8 = 0x04;
/// Taken.
pub const ACK: u8 = 0x06;
/// Not understood, or refused.
pub const NAK: u8 = 0x15;
/// Ends the programming mode: `B0`.
pub const BREAK: [u8; 5] = [SOH, b'B', b'0', ETX, 0x71];

/// Why a frame cannot be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("check character is {got:02x}, computed {want:02x}")]
    Check { got: u8, want: u8 },
    #[error("character {at} of the data is {got:02x}, expected text")]
    Character { at: usize, got: u8 },
}

/// What a meter answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Ack,
    Nak,
    Block(Block),
}

impl Answer {
    /// What came, for messages.
    pub fn word(&self) -> &str {
        match self {
            Self::Ack => "ACK",
            Self::Nak => "NAK",
            Self::Block(block) => &block.data,
        }
    }
}

/// Data of one frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// `P0` and the like; none behind a bare STX.
    pub command: Option<[u8; 2]>,
    /// Printable characters and line ends only.
    pub data: String,
    /// No block follows.
    pub is_last: bool,
}

/// How far the bytes are a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scan {
    /// Not yet: more has to come.
    Need,
    /// An answer, and how many bytes it took.
    Whole(Answer, usize),
    /// A frame, but not as it was sent.
    Bad(FrameError),
}

/// Whether an answer may end with this character, or with the one behind it.
pub fn may_end(byte: u8) -> bool {
    matches!(byte, ETX | EOT | ACK | NAK)
}

/// Looks for the first answer; what is in front of it is passed over.
pub fn scan(bytes: &[u8]) -> Scan {
    let is_start = |byte: &u8| matches!(*byte, SOH | STX | ACK | NAK);
    let Some(start) = bytes.iter().position(is_start) else {
        return Scan::Need;
    };
    let rest = bytes.get(start..).unwrap_or_default();
    match rest.first() {
        Some(&ACK) => Scan::Whole(Answer::Ack, start + 1),
        Some(&NAK) => Scan::Whole(Answer::Nak, start + 1),
        _ => block(rest, start),
    }
}

fn block(bytes: &[u8], start: usize) -> Scan {
    let Some(end) = bytes.iter().position(|byte| matches!(*byte, ETX | EOT)) else {
        return Scan::Need;
    };
    let (Some(covered), Some(&got)) = (bytes.get(1..=end), bytes.get(end + 1)) else {
        return Scan::Need;
    };
    let want = bcc(covered);
    if got != want {
        return Scan::Bad(FrameError::Check { got, want });
    }
    let body = covered.get(..covered.len() - 1).unwrap_or_default();
    let (command, data) = match (bytes.first(), body) {
        (Some(&SOH), &[c, d, ref rest @ ..]) => (Some([c, d]), rest.strip_prefix(&[STX]).unwrap_or(rest)),
        _ => (None, body),
    };
    if let Some(at) = data.iter().position(|byte| !is_text(*byte)) {
        let got = data.get(at).copied().unwrap_or_default();
        return Scan::Bad(FrameError::Character { at, got });
    }
    let block = Block {
        command,
        data: data.iter().map(|byte| char::from(*byte)).collect(),
        is_last: covered.last() == Some(&ETX),
    };
    Scan::Whole(Answer::Block(block), start + end + 2)
}

fn is_text(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | b'\t' | 0x20..=0x7e)
}

/// XOR of seven bits.
pub fn bcc(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte) & 0x7f
}

/// `/?address!`: who is there.
pub fn sign_on(address: &str) -> Vec<u8> {
    format!("/?{address}!\r\n").into_bytes()
}

/// The option select message: normal protocol, a speed by its character, `0` for the readout or `1` for programming.
pub fn select(speed: u8, mode: u8) -> Vec<u8> {
    vec![ACK, b'0', speed, mode, b'\r', b'\n']
}

/// A frame with a command and data.
pub fn command(command: [u8; 2], data: &str) -> Vec<u8> {
    let mut frame = vec![SOH];
    frame.extend(command);
    frame.push(STX);
    frame.extend(data.bytes());
    frame.push(ETX);
    let check = bcc(frame.get(1..).unwrap_or_default());
    frame.push(check);
    frame
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frames_are_those_of_the_standard() {
        assert_eq!(sign_on("12345678"), b"/?12345678!\r\n");
        assert_eq!(select(b'5', b'0'), b"\x06050\r\n");
        assert_eq!(command(*b"R1", "1.8.0()"), b"\x01R1\x021.8.0()\x03\x5a");
        assert_eq!(command(*b"W1", "0.9.1(121314)"), b"\x01W1\x020.9.1(121314)\x03\x5a");
        assert_eq!(bcc(b"B0\x03"), 0x71);
    }

    #[test]
    fn every_state_of_an_answer_is_told() {
        let block = |command: Option<&[u8; 2]>, data: &str, is_last| {
            Answer::Block(Block {
                command: command.copied(),
                data: data.to_owned(),
                is_last,
            })
        };
        let cases: [(&str, &[u8], Scan); 8] = [
            ("nothing", b"", Scan::Need),
            ("taken", b"\x06", Scan::Whole(Answer::Ack, 1)),
            ("refused behind noise", b"\x7f\x15", Scan::Whole(Answer::Nak, 2)),
            ("cut", b"\x021.8.0(1)\x03", Scan::Need),
            ("whole", b"\x02(1)\x03\x33", Scan::Whole(block(None, "(1)", true), 6)),
            ("a part", b"\x02(1)\x04\x34", Scan::Whole(block(None, "(1)", false), 6)),
            (
                "a command",
                b"\x01P0\x02()\x03\x60",
                Scan::Whole(block(Some(b"P0"), "()", true), 8),
            ),
            (
                "noise",
                b"\x02(2)\x03\x33",
                Scan::Bad(FrameError::Check { got: 0x33, want: 0x30 }),
            ),
        ];
        for (name, bytes, want) in cases {
            assert_eq!(scan(bytes), want, "{name}");
        }
        let broken = scan(b"\x02(\x00)\x03\x02");
        assert_eq!(broken, Scan::Bad(FrameError::Character { at: 1, got: 0 }));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Scan::Whole(_, used) = scan(&bytes) {
                prop_assert!(used <= bytes.len());
            }
        }

        #[test]
        fn decode_undoes_encode(data in "[ -~]{0,60}") {
            let frame = command(*b"R5", &data);
            let whole = Block { command: Some(*b"R5"), data, is_last: true };
            prop_assert_eq!(scan(&frame), Scan::Whole(Answer::Block(whole), frame.len()));
        }
    }
}
