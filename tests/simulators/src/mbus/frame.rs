//! Link layer of wired M-Bus (EN 13757-2; docs/protocols: M-Bus, section 1).

/// The single character of acknowledgement.
pub const ACK: u8 = 0xE5;

const SHORT: u8 = 0x10;
const LONG: u8 = 0x68;
const END: u8 = 0x16;

/// What stands at the beginning of the buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    More,
    /// Not the start of a frame: drop one byte.
    Junk,
    Frame {
        control: u8,
        address: u8,
        user: Vec<u8>,
        used: usize,
    },
}

/// Judges a buffer. `user` is CI and what follows; empty for a short frame.
pub fn parse(bytes: &[u8]) -> Parsed {
    match bytes {
        [] => Parsed::More,
        [SHORT, control, address, check, end, ..] => {
            if *end != END || *check != control.wrapping_add(*address) {
                return Parsed::Junk;
            }
            Parsed::Frame {
                control: *control,
                address: *address,
                user: Vec::new(),
                used: 5,
            }
        }
        [SHORT, ..] => Parsed::More,
        [LONG, length, again, start, rest @ ..] => {
            if length != again || *start != LONG || *length < 3 {
                return Parsed::Junk;
            }
            parse_long(usize::from(*length), rest)
        }
        [LONG, ..] => Parsed::More,
        _ => Parsed::Junk,
    }
}

fn parse_long(length: usize, rest: &[u8]) -> Parsed {
    let Some((body, tail)) = rest.split_at_checked(length) else {
        return Parsed::More;
    };
    let &[check, end, ..] = tail else { return Parsed::More };
    match body {
        [control, address, user @ ..] if check == sum(body) && end == END => Parsed::Frame {
            control: *control,
            address: *address,
            user: user.to_vec(),
            used: length + 6,
        },
        _ => Parsed::Junk,
    }
}

/// A long frame; `user` is at most 253 bytes.
pub fn long(control: u8, address: u8, user: &[u8]) -> Vec<u8> {
    let mut body = vec![control, address];
    body.extend_from_slice(user);
    let length = u8::try_from(body.len()).expect("a telegram was packed to fit a frame");
    let mut bytes = vec![LONG, length, length, LONG];
    bytes.extend_from_slice(&body);
    bytes.extend([sum(&body), END]);
    bytes
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    #[test]
    fn parse_judges_every_line_condition() {
        let cases = [
            (
                "reset",
                "10 40 01 41 16",
                Parsed::Frame {
                    control: 0x40,
                    address: 1,
                    user: vec![],
                    used: 5,
                },
            ),
            ("bad check", "10 40 01 42 16", Parsed::Junk),
            ("bad end", "10 40 01 41 17", Parsed::Junk),
            ("cut", "10 40 01 41", Parsed::More),
            ("lengths differ", "68 0B 0C 68 73", Parsed::Junk),
            ("too short", "68 02 02 68 73", Parsed::Junk),
            ("cut in the body", "68 03 03 68 53 01", Parsed::More),
            ("junk", "00 10 40", Parsed::Junk),
            (
                "application reset",
                "68 03 03 68 53 01 50 A4 16",
                Parsed::Frame {
                    control: 0x53,
                    address: 1,
                    user: vec![0x50],
                    used: 9,
                },
            ),
        ];
        for (name, text, want) in cases {
            assert_eq!(parse(&hex::bytes(text).unwrap()), want, "{name}");
        }
    }
}
