//! Frames of the three kinds (Modbus over Serial Line V1.02, sections 2.5.1 and 2.5.2; Messaging on TCP/IP V1.0b, 3.1.3).

use std::str::FromStr;

/// How a slave is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModbusFraming {
    #[default]
    Rtu,
    Ascii,
    Tcp,
}

impl FromStr for ModbusFraming {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "rtu" => Ok(Self::Rtu),
            "ascii" => Ok(Self::Ascii),
            "tcp" => Ok(Self::Tcp),
            other => Err(format!("framing is {other:?}, expected rtu, ascii or tcp")),
        }
    }
}

/// A question whose check is right.
#[derive(Debug, PartialEq, Eq)]
pub struct Question {
    pub unit: u8,
    /// Function and data.
    pub pdu: Vec<u8>,
    /// Of Modbus TCP.
    pub transaction: u16,
}

/// What stands at the beginning of a buffer.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed {
    Short,
    /// So many bytes are no question.
    Garbage(usize),
    Whole(Question, usize),
}

/// The longest frame of each kind, and more.
const LONGEST: usize = 600;

pub fn parse(framing: ModbusFraming, bytes: &[u8]) -> Parsed {
    if bytes.len() > LONGEST {
        return Parsed::Garbage(bytes.len());
    }
    match framing {
        ModbusFraming::Rtu => parse_rtu(bytes),
        ModbusFraming::Ascii => parse_ascii(bytes),
        ModbusFraming::Tcp => parse_tcp(bytes),
    }
}

fn parse_rtu(bytes: &[u8]) -> Parsed {
    let length = match bytes.get(1) {
        None => return Parsed::Short,
        Some(1..=6) => 8,
        Some(16) => match bytes.get(6) {
            None => return Parsed::Short,
            Some(count) => 9 + usize::from(*count),
        },
        Some(20) => match bytes.get(2) {
            None => return Parsed::Short,
            Some(count) => 5 + usize::from(*count),
        },
        Some(17) => 4,
        Some(43) => 7,
        // Archives of Взлёт: by index or by time.
        Some(65) => match bytes.get(6) {
            None => return Parsed::Short,
            Some(0) => 11,
            Some(_) => 15,
        },
        Some(_) => return Parsed::Garbage(1),
    };
    let Some((body, check)) = bytes.get(..length).and_then(|frame| frame.split_last_chunk::<2>()) else {
        return Parsed::Short;
    };
    if crc(body).to_le_bytes() != *check {
        return Parsed::Garbage(1);
    }
    Parsed::Whole(question(body, 0), length)
}

fn parse_ascii(bytes: &[u8]) -> Parsed {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        return Parsed::Short;
    };
    let line = String::from_utf8_lossy(&bytes[..end]);
    let Some((_, digits)) = line.trim_end().rsplit_once(':') else {
        return Parsed::Garbage(end + 1);
    };
    match crate::hex::bytes(digits) {
        Ok(body) if body.len() > 2 && sum(&body) == 0 => Parsed::Whole(question(&body[..body.len() - 1], 0), end + 1),
        _ => Parsed::Garbage(end + 1),
    }
}

fn parse_tcp(bytes: &[u8]) -> Parsed {
    let &[
        number_high,
        number_low,
        protocol_high,
        protocol_low,
        length_high,
        length_low,
        ref rest @ ..,
    ] = bytes
    else {
        return Parsed::Short;
    };
    let length = usize::from(u16::from_be_bytes([length_high, length_low]));
    if (protocol_high, protocol_low) != (0, 0) || !(2..=254).contains(&length) {
        // Out of step: a real slave closes the connection.
        return Parsed::Garbage(bytes.len());
    }
    match rest.get(..length) {
        None => Parsed::Short,
        Some(body) => Parsed::Whole(
            question(body, u16::from_be_bytes([number_high, number_low])),
            6 + length,
        ),
    }
}

fn question(body: &[u8], transaction: u16) -> Question {
    Question {
        unit: body[0],
        pdu: body[1..].to_vec(),
        transaction,
    }
}

/// An answer as it leaves.
pub fn answer(framing: ModbusFraming, question: &Question, pdu: &[u8]) -> Vec<u8> {
    let mut body = vec![question.unit];
    body.extend(pdu);
    match framing {
        ModbusFraming::Rtu => {
            let check = crc(&body).to_le_bytes();
            body.extend(check);
            body
        }
        ModbusFraming::Ascii => {
            body.push(sum(&body).wrapping_neg());
            let digits: String = body.iter().map(|byte| format!("{byte:02X}")).collect();
            format!(":{digits}\r\n").into_bytes()
        }
        ModbusFraming::Tcp => {
            let length = u16::try_from(body.len()).unwrap_or(u16::MAX);
            let mut frame = [question.transaction, 0, length].map(u16::to_be_bytes).concat();
            frame.extend(body);
            frame
        }
    }
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

pub fn crc(bytes: &[u8]) -> u16 {
    let mut crc: u16 = 0xFFFF;
    for byte in bytes {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            let odd = crc % 2 == 1;
            crc /= 2;
            if odd {
                crc ^= 0xA001;
            }
        }
    }
    crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_of_every_kind_are_known_and_answered() {
        let pdu = vec![3, 0x4B, 0x2D, 0, 0x7D];
        let want = |transaction| Question {
            unit: 0x72,
            pdu: pdu.clone(),
            transaction,
        };
        let rtu = [0x72, 3, 0x4B, 0x2D, 0, 0x7D, 9, 5];
        assert_eq!(parse(ModbusFraming::Rtu, &rtu), Parsed::Whole(want(0), 8));
        assert_eq!(parse(ModbusFraming::Rtu, &rtu[..7]), Parsed::Short);
        assert_eq!(
            parse(ModbusFraming::Rtu, &[0x72, 3, 0x4B, 0x2D, 0, 0x7C, 9, 5]),
            Parsed::Garbage(1)
        );
        let line = b":72034B2D007D96\r\n";
        assert_eq!(parse(ModbusFraming::Ascii, line), Parsed::Whole(want(0), line.len()));
        let tcp = [0xC5, 0xEE, 0, 0, 0, 6, 0x72, 3, 0x4B, 0x2D, 0, 0x7D];
        assert_eq!(parse(ModbusFraming::Tcp, &tcp), Parsed::Whole(want(0xC5EE), 12));
        assert_eq!(answer(ModbusFraming::Rtu, &want(0), &pdu), rtu);
        assert_eq!(answer(ModbusFraming::Ascii, &want(0), &pdu), line);
        assert_eq!(answer(ModbusFraming::Tcp, &want(0xC5EE), &pdu), tcp);
    }
}
