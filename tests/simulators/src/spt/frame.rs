//! Legacy frames `10 NT FN data CS 16`, and as much of the extended frame as a legacy meter answers
//! (docs/protocols: Logika M4, sections 3 and 4).

const START: u8 = 0x10;
const END: u8 = 0x16;

/// Data bytes of an ordinary request, and of the second step of a setting write.
pub const DATA: usize = 4;
pub const SETTING_DATA: usize = 64;

/// Marks an extended frame in the place of the function.
const EXTENDED: u8 = 0x90;

/// What stands at the beginning of the buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    Short,
    /// Not the start of a frame: drop one byte.
    Junk,
    /// Checksum or end is wrong, but the frame has the length of one.
    Broken {
        nt: u8,
        used: usize,
    },
    Legacy {
        nt: u8,
        function: u8,
        data: Vec<u8>,
        used: usize,
    },
    Extended {
        nt: u8,
        id: u8,
        function: u8,
        data: Vec<u8>,
        used: usize,
    },
}

/// Judges a buffer; `data_bytes` is the length of legacy data that is expected now.
pub fn parse(bytes: &[u8], data_bytes: usize) -> Parsed {
    match bytes {
        [] => Parsed::Short,
        [START] | [START, _] => Parsed::Short,
        [START, nt, EXTENDED, rest @ ..] => parse_extended(*nt, rest),
        [START, nt, function, rest @ ..] => {
            let used = data_bytes + 5;
            let Some((data, tail)) = rest.split_at_checked(data_bytes) else {
                return Parsed::Short;
            };
            let &[check, end, ..] = tail else { return Parsed::Short };
            if check != checksum(*nt, *function, data) || end != END {
                return Parsed::Broken { nt: *nt, used };
            }
            Parsed::Legacy {
                nt: *nt,
                function: *function,
                data: data.to_vec(),
                used,
            }
        }
        _ => Parsed::Junk,
    }
}

/// Longest body of an extended request: a longer one is noise in the length.
const EXTENDED_MAX: usize = 1024;

fn parse_extended(nt: u8, rest: &[u8]) -> Parsed {
    let &[id, _, low, high, ref body @ ..] = rest else {
        return Parsed::Short;
    };
    let length = usize::from(u16::from_le_bytes([low, high]));
    let used = 7 + length + 2;
    if length == 0 || length > EXTENDED_MAX {
        return Parsed::Junk;
    }
    let Some((content, &[crc_high, crc_low, ..])) = body.split_at_checked(length) else {
        return Parsed::Short;
    };
    let header = [nt, EXTENDED, id, rest.get(1).copied().unwrap_or_default(), low, high];
    let want = crc16(header.iter().chain(content));
    match content {
        [function, data @ ..] if want == u16::from_be_bytes([crc_high, crc_low]) => Parsed::Extended {
            nt,
            id,
            function: *function,
            data: data.to_vec(),
            used,
        },
        _ => Parsed::Broken { nt, used },
    }
}

/// A legacy answer.
pub fn legacy(nt: u8, function: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![START, nt, function];
    bytes.extend_from_slice(data);
    bytes.extend([checksum(nt, function, data), END]);
    bytes
}

/// An extended answer.
pub fn extended(nt: u8, id: u8, function: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 1)
        .expect("an answer that its length can tell")
        .to_le_bytes();
    let mut bytes = vec![START, nt, EXTENDED, id, 0, length[0], length[1], function];
    bytes.extend_from_slice(data);
    let crc = crc16(bytes.iter().skip(1));
    bytes.extend(crc.to_be_bytes());
    bytes
}

fn checksum(nt: u8, function: u8, data: &[u8]) -> u8 {
    !data
        .iter()
        .fold(nt.wrapping_add(function), |sum, byte| sum.wrapping_add(*byte))
}

/// CRC-16 with polynomial 1021, initial value 0 ("123456789" gives 31C3).
fn crc16<'a>(bytes: impl Iterator<Item = &'a u8>) -> u16 {
    bytes.fold(0u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ 0x1021
            }
        })
    })
}

/// The float of these meters: little-endian, exponent in the last byte, sign on top of the mantissa.
pub fn r32(value: f32) -> [u8; 4] {
    let bits = value.to_bits();
    let sign = bits & 0x8000_0000;
    let exponent = (bits >> 23) & 0xFF;
    let mantissa = bits & 0x007F_FFFF;
    ((exponent << 24) | (sign >> 8) | mantissa).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    #[test]
    fn floats_match_the_captured_ones() {
        let cases = [
            (6.25, "00 00 48 81"),
            (0.74, "A4 70 3D 7E"),
            (4.5, "00 00 10 81"),
            (-2.5, "00 00 A0 80"),
            (1.0, "00 00 00 7F"),
            (0.0, "00 00 00 00"),
        ];
        for (value, bytes) in cases {
            assert_eq!(hex::text(&r32(value)), bytes, "{value}");
        }
    }

    #[test]
    fn parse_judges_every_line_condition() {
        let bytes = |text| hex::bytes(text).unwrap();
        let cases = [
            (
                "session",
                "10 FF 3F 01 00 00 00 C0 16",
                Parsed::Legacy {
                    nt: 0xFF,
                    function: 0x3F,
                    data: vec![1, 0, 0, 0],
                    used: 9,
                },
            ),
            (
                "bad check",
                "10 FF 3F 01 00 00 00 C1 16",
                Parsed::Broken { nt: 0xFF, used: 9 },
            ),
            (
                "bad end",
                "10 FF 3F 01 00 00 00 C0 17",
                Parsed::Broken { nt: 0xFF, used: 9 },
            ),
            ("cut", "10 FF 3F 01 00 00 00 C0", Parsed::Short),
            ("junk", "11 FF 3F", Parsed::Junk),
            (
                "extended session",
                "10 FF 90 00 00 05 00 3F 00 00 00 00 D9 19",
                Parsed::Extended {
                    nt: 0xFF,
                    id: 0,
                    function: 0x3F,
                    data: vec![0; 4],
                    used: 14,
                },
            ),
        ];
        for (name, text, want) in cases {
            assert_eq!(parse(&bytes(text), DATA), want, "{name}");
        }
        assert_eq!(legacy(0xFF, 0x21, &[3]), bytes("10 FF 21 03 DC 16"));
    }
}
