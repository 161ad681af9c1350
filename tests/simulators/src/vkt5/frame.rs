//! Frames of a ВКТ-5: address, function, data, CRC-16 of Modbus with its low byte first.

/// A question whose check is right.
#[derive(Debug, PartialEq, Eq)]
pub struct Question {
    pub address: u8,
    pub function: u8,
    /// High and low byte of the array's address.
    pub array: [u8; 2],
    /// The four bytes behind the function, which a write's answer repeats.
    pub head: [u8; 4],
    /// What is written.
    pub data: Vec<u8>,
}

/// What stands at the beginning of a buffer.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed {
    Short,
    /// A byte that begins no question.
    Garbage,
    Whole(Question, usize),
}

pub fn parse(bytes: &[u8]) -> Parsed {
    let length = match (bytes.get(1), bytes.get(6)) {
        (None, _) | (Some(0x10), None) => return Parsed::Short,
        (Some(0x03 | 0x04), _) => 8,
        (Some(0x10), Some(count)) => 9 + usize::from(*count),
        (Some(_), _) => return Parsed::Garbage,
    };
    let Some((body, check)) = bytes.get(..length).and_then(|frame| frame.split_last_chunk::<2>()) else {
        return Parsed::Short;
    };
    if crc(body).to_le_bytes() != *check {
        return Parsed::Garbage;
    }
    let head = [body[2], body[3], body[4], body[5]];
    let question = Question {
        address: body[0],
        function: body[1],
        array: [head[0], head[1]],
        head,
        data: body.get(7..).unwrap_or_default().to_vec(),
    };
    Parsed::Whole(question, length)
}

/// Data of a read, or the head of a write.
pub fn answer(question: &Question, data: &[u8]) -> Vec<u8> {
    let mut frame = vec![question.address, question.function];
    if question.function == 0x10 {
        frame.extend(question.head);
    } else {
        frame.extend(u8::try_from(data.len()).ok());
        frame.extend(data);
    }
    closed(frame)
}

/// A refusal with its service byte.
pub fn refusal(question: &Question, code: u8) -> Vec<u8> {
    closed(vec![question.address, question.function | 0x80, code, 0])
}

/// How other devices refuse.
pub fn plain_refusal(question: &Question, code: u8) -> Vec<u8> {
    closed(vec![question.address, question.function | 0x80, code])
}

fn closed(mut frame: Vec<u8>) -> Vec<u8> {
    frame.extend(crc(&frame).to_le_bytes());
    frame
}

fn crc(bytes: &[u8]) -> u16 {
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
