//! Frames of ПРИМЕР-1 (`examples/meter.md`, "Line"): `#`, text, `*`, CRC in hex, CR LF.

/// The longest question has 27 bytes.
const LONGEST: usize = 64;

/// Takes whole questions out of a buffer; what is none is dropped.
pub fn questions(buffer: &mut Vec<u8>) -> Vec<String> {
    let mut found = Vec::new();
    while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
        let line: Vec<u8> = buffer.drain(..=end).collect();
        found.extend(question(&line));
    }
    if buffer.len() > LONGEST {
        buffer.clear();
    }
    found
}

fn question(line: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(line);
    let (_, frame) = text.rsplit_once('#')?;
    let (body, check) = frame.strip_suffix("\r\n")?.split_once('*')?;
    (check == checksum(body)).then(|| body.to_owned())
}

/// A frame around a text.
pub fn answer(body: &str) -> Vec<u8> {
    format!("#{body}*{}\r\n", checksum(body)).into_bytes()
}

/// CRC-16/MODBUS, most significant digit first.
fn checksum(text: &str) -> String {
    let mut sum: u16 = 0xFFFF;
    for byte in text.bytes() {
        sum ^= u16::from(byte);
        for _ in 0..8 {
            let odd = sum % 2 == 1;
            sum /= 2;
            if odd {
                sum ^= 0xA001;
            }
        }
    }
    format!("{sum:04X}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_come_split_and_glued_and_damaged_ones_are_dropped() {
        // The check value of CRC-16/MODBUS.
        assert_eq!(checksum("123456789"), "4B37");
        let mut buffer = b"noise#01T*A065\r\n#01T*A066\r\n#01I".to_vec();
        assert_eq!(questions(&mut buffer), ["01T"]);
        buffer.extend_from_slice(b"*A9A5\r\n");
        assert_eq!(questions(&mut buffer), ["01I"]);
        assert!(buffer.is_empty());
        assert!(questions(&mut vec![0xFF; 100]).is_empty());
    }
}
