//! Frames of a Teleofis WRX and of an АССВ-030, written from their descriptions.

/// CRC with polynomial 1021, not reflected, from `init`.
fn crc16(init: u16, bytes: &[u8]) -> u16 {
    bytes.iter().fold(init, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ 0x1021
            }
        })
    })
}

/// A WRX frame around a body, its check added.
fn wrx(body: &[u8]) -> Vec<u8> {
    let check = crc16(0xFFFF, body);
    let mut frame = vec![0xC0];
    for byte in body.iter().copied().chain(check.to_le_bytes()) {
        match byte {
            0xC0 => frame.extend([0xC4, 0xC1]),
            0xC2 => frame.extend([0xC4, 0xC3]),
            0xC4 => frame.extend([0xC4, 0xC4]),
            _ => frame.push(byte),
        }
    }
    frame.push(0xC2);
    frame
}

/// The server's question who calls, and its acknowledgement.
pub fn wrx_question() -> Vec<u8> {
    wrx(&[&[0, 6, 0, 20][..], &[0; 20]].concat())
}

pub fn wrx_acknowledgement() -> Vec<u8> {
    wrx(&[&[0, 6, 1, 20][..], &[0; 20]].concat())
}

/// The modem's answer on its main channel.
pub fn wrx_answer(imei: &str) -> Vec<u8> {
    let mut data = vec![1];
    data.extend(
        format!(
            "{imei:<15.15}{:<17}{:<10}{:<16}",
            "WRX700-V2 01.02.0", "HW1.000000", "0123456789ABCDEF"
        )
        .bytes(),
    );
    data.resize(62, 0);
    data.push(1);
    wrx(&[&[0, 7, 0, 63][..], &data].concat())
}

/// An envelope of an АССВ-030; answers have no code behind the function.
pub fn assv(function: u8, data: &[u8]) -> Vec<u8> {
    let mut inside = vec![0, 0, 0x10, 0x1F, function, 0x10, 0x02];
    for byte in data {
        inside.push(*byte);
        if *byte == 0x10 {
            inside.push(0x10);
        }
    }
    inside.extend([0x10, 0x03]);
    let check = crc16(0, &inside);
    [&[0x10, 0x01][..], &inside, &check.to_be_bytes()].concat()
}

/// The adapter's own data: identity, clock, kernel, driver.
pub fn assv_info(identity: &str) -> Vec<u8> {
    let mut data = identity.as_bytes().to_vec();
    data.resize(9, 0);
    data.extend([0x35, 0x0E, 0x0E, 0x04, 0x0F, 0x1C, 0x1F, 0x0B, 0, 0, 1]);
    assv(0x3F, &data)
}

/// The first whole envelope in `bytes`: function, data, and how many bytes it took with all before it.
pub fn assv_first(bytes: &[u8]) -> Option<(u8, Vec<u8>, usize)> {
    let begin = bytes.windows(2).position(|pair| pair == [0x10, 0x01])?;
    let head = bytes.get(begin + 4..begin + 7)?;
    let function = *head.last()?;
    let mut at = begin + 7;
    // The code of a question.
    while bytes.get(at..at + 2)? != [0x10, 0x02] {
        at += 1;
    }
    at += 2;
    let mut data = Vec::new();
    loop {
        match (*bytes.get(at)?, *bytes.get(at + 1)?) {
            (0x10, 0x03) => break,
            (0x10, 0x10) => {
                data.push(0x10);
                at += 2;
            }
            (byte, _) => {
                data.push(byte);
                at += 1;
            }
        }
    }
    let check = bytes.get(at + 2..at + 4)?;
    let want = crc16(0, bytes.get(begin + 2..at + 2)?);
    // A damaged question is one that nobody understood.
    let function = if check == want.to_be_bytes() { function } else { 0 };
    Some((function, data, at + 4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    fn bytes(text: &str) -> Vec<u8> {
        hex::bytes(text).unwrap()
    }

    #[test]
    fn frames_are_as_published() {
        assert_eq!(
            wrx_question(),
            bytes(&format!("C0 00 06 00 14 {} E7 48 C2", "00 ".repeat(20)))
        );
        assert_eq!(
            wrx_acknowledgement(),
            bytes(&format!("C0 00 06 01 14 {} 3F 25 C2", "00 ".repeat(20)))
        );
        let answer = wrx_answer("868441036775234");
        assert_eq!(answer.len(), 71);
        assert!(answer.starts_with(&bytes("C0 00 07 00 3F 01 38 36 38 34")));
        assert_eq!(
            assv(0x7F, &[0x09, 0x0C]),
            bytes("10 01 00 00 10 1F 7F 10 02 09 0C 10 03 52 01")
        );
        let question = bytes("10 01 00 00 10 1F 28 00 10 02 01 04 10 10 00 00 02 75 0B 10 03 8C 7A");
        assert_eq!(
            assv_first(&question),
            Some((0x28, bytes("01 04 10 00 00 02 75 0B"), question.len()))
        );
        assert_eq!(assv_first(&question[..question.len() - 1]), None);
    }
}
