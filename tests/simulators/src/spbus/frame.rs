//! Frames and texts of the magistral protocol, as the maker's note tells them (docs/protocols: SPbus, sections 2 and 3).

const DLE: u8 = 0x10;

/// A request without its stuffing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Destination and source.
    pub addresses: Option<(u8, u8)>,
    pub function: u8,
    pub head: Vec<u8>,
    /// Blocks of fields.
    pub blocks: Vec<Vec<String>>,
}

/// What a buffer holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A whole request, and the bytes up to its end.
    Request(Request, usize),
    /// Bytes to be thrown away.
    Junk(usize),
    More,
}

/// Looks at the front of a buffer.
pub fn parse(buffer: &[u8]) -> Parsed {
    let Some(start) = buffer.windows(2).position(|pair| pair == [DLE, 0x01]) else {
        // The last byte may be half of a start.
        return match buffer.len() {
            0 | 1 => Parsed::More,
            count => Parsed::Junk(count - 1),
        };
    };
    if start > 0 {
        return Parsed::Junk(start);
    }
    let body = &buffer[2..];
    let mut parts: Vec<Vec<u8>> = vec![Vec::new()];
    let mut at = 0;
    while at < body.len() {
        match (body[at], body.get(at + 1)) {
            (DLE, None) => return Parsed::More,
            (DLE, Some(&DLE)) => {
                parts.last_mut().expect("one part at least").push(DLE);
                at += 2;
            }
            (DLE, Some(0x1F | 0x02)) => {
                parts.push(Vec::new());
                at += 2;
            }
            (DLE, Some(0x03)) => {
                let Some(check) = body.get(at + 2..at + 4) else {
                    return Parsed::More;
                };
                let used = at + 6;
                let is_whole = crc(&body[..at + 4]) == 0 && check.len() == 2;
                return match request(&parts).filter(|_| is_whole) {
                    Some(request) => Parsed::Request(request, used),
                    None => Parsed::Junk(2),
                };
            }
            (DLE, Some(_)) => return Parsed::Junk(2),
            (byte, _) => {
                parts.last_mut().expect("one part at least").push(byte);
                at += 1;
            }
        }
    }
    Parsed::More
}

fn request(parts: &[Vec<u8>]) -> Option<Request> {
    let [addresses, control, data] = parts else { return None };
    let addresses = match addresses.as_slice() {
        [] => None,
        &[dad, sad] => Some((dad, sad)),
        _ => return None,
    };
    let (function, head) = control.split_first()?;
    let blocks = data.split(|byte| *byte == 0x0C).filter(|block| !block.is_empty());
    let fields = |block: &[u8]| -> Option<Vec<String>> {
        let rest = block.strip_prefix(&[0x09])?;
        Some(rest.split(|byte| *byte == 0x09).map(from_866).collect())
    };
    Some(Request {
        addresses,
        function: *function,
        head: head.to_vec(),
        blocks: blocks.map(fields).collect::<Option<_>>()?,
    })
}

/// An answer with its stuffing and check bytes, behind the FF FF that meters send.
pub fn answer(addresses: Option<(u8, u8)>, function: u8, head: &[u8], blocks: &[Vec<String>]) -> Vec<u8> {
    let mut body = Vec::new();
    if let Some((dad, sad)) = addresses {
        body.extend(doubled(&[dad, sad]));
    }
    body.extend([DLE, 0x1F, function]);
    body.extend(doubled(head));
    body.extend([DLE, 0x02]);
    for block in blocks {
        for field in block {
            body.push(0x09);
            body.extend(doubled(&to_866(field)));
        }
        body.push(0x0C);
    }
    body.extend([DLE, 0x03]);
    let check = crc(&body);
    body.extend(check.to_be_bytes());
    [vec![0xFF, 0xFF, DLE, 0x01], body].concat()
}

fn doubled(part: &[u8]) -> Vec<u8> {
    let twice = |byte: &u8| vec![*byte; if *byte == DLE { 2 } else { 1 }];
    part.iter().flat_map(twice).collect()
}

/// Polynomial 1021, beginning with 0, highest bit first.
pub fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc: u16, _| {
            let carry = crc & 0x8000 != 0;
            (crc << 1) ^ if carry { 0x1021 } else { 0 }
        })
    })
}

/// Code page 866, as far as meters use it.
const HIGH: &str = "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмноп";
const TAIL: &str = "рстуфхцчшщъыьэюя";

pub fn to_866(text: &str) -> Vec<u8> {
    let place = |list: &str, from: u8, letter: char| {
        let at = list.chars().position(|known| known == letter)?;
        u8::try_from(at).ok().map(|at| from + at)
    };
    let byte = |letter: char| match letter {
        '\0'..='\x7F' => letter as u8,
        _ => place(HIGH, 0x80, letter)
            .or_else(|| place(TAIL, 0xE0, letter))
            .unwrap_or(b'?'),
    };
    text.chars().map(byte).collect()
}

pub fn from_866(bytes: &[u8]) -> String {
    let letter = |byte: &u8| match *byte {
        low @ 0..=0x7F => Some(char::from(low)),
        high @ 0x80..=0xAF => HIGH.chars().nth(usize::from(high - 0x80)),
        tail @ 0xE0..=0xEF => TAIL.chars().nth(usize::from(tail - 0xE0)),
        _ => None,
    };
    bytes.iter().map(|byte| letter(byte).unwrap_or('?')).collect()
}
