//! Frames that a ВКТ-7 takes and gives (docs/protocols: ВКТ-7, sections 1 and 2): Modbus RTU with
//! deviations. Requests may stand behind any number of FF.

/// The input buffer of firmware 2.0 and later.
pub const MAX_FRAME: usize = 264;

/// A request whose CRC is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    Read {
        start: u16,
    },
    /// The 3FFF write which declares CC bytes and carries four.
    SessionStart,
    Write {
        start: u16,
        data: Vec<u8>,
    },
}

/// What stands at the beginning of the buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// More bytes are needed.
    Short,
    /// Nothing that the meter would answer.
    Garbage,
    Frame {
        address: u8,
        request: Request,
        used: usize,
    },
}

/// Judges a buffer without its leading FF.
pub fn parse(bytes: &[u8]) -> Parsed {
    let &[address, function, high, low, ref rest @ ..] = bytes else {
        return Parsed::Short;
    };
    let start = u16::from_be_bytes([high, low]);
    match function {
        0x03 => parse_read(bytes, address, start),
        0x10 => {
            let Some(&declared) = rest.get(2) else {
                return Parsed::Short;
            };
            parse_write(bytes, address, start, declared)
        }
        _ => Parsed::Garbage,
    }
}

fn parse_read(bytes: &[u8], address: u8, start: u16) -> Parsed {
    // A captured 3FFB read came without the count field and was answered.
    let used = if start == 0x3FFB && sealed(bytes, 6) { 6 } else { 8 };
    match bytes.len() < used {
        true => Parsed::Short,
        false if sealed(bytes, used) => Parsed::Frame {
            address,
            request: Request::Read { start },
            used,
        },
        false => Parsed::Garbage,
    }
}

fn parse_write(bytes: &[u8], address: u8, start: u16, declared: u8) -> Parsed {
    if start == 0x3FFF && declared == 0xCC && sealed(bytes, 13) {
        return Parsed::Frame {
            address,
            request: Request::SessionStart,
            used: 13,
        };
    }
    // Outputs declare one byte and carry two.
    let payload = if start == 0x3FEE { 2 } else { usize::from(declared) };
    let used = payload + 9;
    if used > MAX_FRAME {
        return Parsed::Garbage;
    }
    match (bytes.len() < used, bytes.get(7..7 + payload)) {
        (false, Some(data)) if sealed(bytes, used) => Parsed::Frame {
            address,
            request: Request::Write {
                start,
                data: data.to_vec(),
            },
            used,
        },
        (false, _) => Parsed::Garbage,
        (true, _) => Parsed::Short,
    }
}

/// The first `length` bytes end with their own CRC.
fn sealed(bytes: &[u8], length: usize) -> bool {
    let Some((body, crc)) = length
        .checked_sub(2)
        .and_then(|at| bytes.get(..length)?.split_at_checked(at))
    else {
        return false;
    };
    crc16(body).to_le_bytes() == crc
}

/// Appends the CRC, low byte first.
pub fn seal(mut bytes: Vec<u8>) -> Vec<u8> {
    let crc = crc16(&bytes);
    bytes.extend(crc.to_le_bytes());
    bytes
}

/// A read answer; `data` is at most 255 bytes.
pub fn data_answer(address: u8, data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(data.len()).expect("the list was checked to fit a byte count");
    let mut bytes = vec![address, 0x03, length];
    bytes.extend_from_slice(data);
    seal(bytes)
}

/// The echo of a write.
pub fn echo(address: u8, start: u16) -> Vec<u8> {
    let [high, low] = start.to_be_bytes();
    seal(vec![address, 0x10, high, low, 0, 0])
}

/// An exception: six bytes, the service byte repeats the high byte of the start address.
pub fn exception(address: u8, function: u8, code: u8, start: u16) -> Vec<u8> {
    seal(vec![address, function | 0x80, code, start.to_be_bytes()[0]])
}

/// CRC-16 of Modbus: initial FFFF, reflected polynomial A001.
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        let place = usize::from(crc.to_le_bytes()[0] ^ byte);
        (crc >> 8) ^ TABLE[place]
    })
}

const TABLE: [u16; 256] = table();

const fn table() -> [u16; 256] {
    let mut table = [0u16; 256];
    let mut n = 0;
    while n < 256 {
        let mut crc = n as u16;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xA001 } else { crc >> 1 };
            bit += 1;
        }
        table[n] = crc;
        n += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    #[test]
    fn parse_judges_every_line_condition() {
        let read = |start, used| Parsed::Frame {
            address: 0,
            request: Request::Read { start },
            used,
        };
        let cases = [
            ("read", "00 03 3F FE 00 00 29 FF", read(0x3FFE, 8)),
            ("clock without count", "00 03 3F FB A0 57", read(0x3FFB, 6)),
            ("cut", "00 03 3F FE 00 00 29", Parsed::Short),
            ("bad crc", "00 03 3F FE 00 00 29 FE", Parsed::Garbage),
            ("other function", "00 04 3F FE 00 00 29 FE", Parsed::Garbage),
            (
                "session start",
                "00 10 3F FF 00 00 CC 80 00 00 00 64 54",
                Parsed::Frame {
                    address: 0,
                    request: Request::SessionStart,
                    used: 13,
                },
            ),
            (
                "type",
                "00 10 3F FD 00 00 02 01 00 71 42",
                Parsed::Frame {
                    address: 0,
                    request: Request::Write {
                        start: 0x3FFD,
                        data: vec![1, 0],
                    },
                    used: 11,
                },
            ),
            (
                "outputs",
                "00 10 3F EE 00 00 01 00 01 43 B1",
                Parsed::Frame {
                    address: 0,
                    request: Request::Write {
                        start: 0x3FEE,
                        data: vec![0, 1],
                    },
                    used: 11,
                },
            ),
        ];
        for (name, bytes, want) in cases {
            assert_eq!(parse(&hex::bytes(bytes).unwrap()), want, "{name}");
        }
    }

    #[test]
    fn answers_match_the_published_frames() {
        assert_eq!(echo(0, 0x3FFF), hex::bytes("00 10 3F FF 00 00 FD FC").unwrap());
        assert_eq!(echo(7, 0x3FFF), hex::bytes("07 10 3F FF 00 00 FC 4B").unwrap());
        assert_eq!(exception(0, 3, 5, 0x3FFE), hex::bytes("00 83 05 3F B2 8C").unwrap());
        assert_eq!(exception(0, 0x10, 3, 0x3FFB), hex::bytes("00 90 03 3F 40 E9").unwrap());
    }
}
