//! ASCII frames: a colon, every byte as two hexadecimal digits, LRC, CR LF (Modbus over Serial Line V1.02, section 2.5.2).

use super::{FrameError, Scan};

/// Two's complement of the sum of all bytes.
fn lrc(bytes: &[u8]) -> u8 {
    bytes
        .iter()
        .fold(0u8, |sum, byte| sum.wrapping_add(*byte))
        .wrapping_neg()
}

/// A whole frame.
pub fn wrap(unit: u8, pdu: &[u8]) -> Vec<u8> {
    let mut body = vec![unit];
    body.extend(pdu);
    body.push(lrc(&body));
    let mut frame = String::from(":");
    for byte in body {
        frame.push_str(&format!("{byte:02X}"));
    }
    frame.push_str("\r\n");
    frame.into_bytes()
}

/// Looks at a line that has come; what stands before its last colon is noise.
pub fn scan(unit: u8, bytes: &[u8]) -> Scan {
    let form = |what| Scan::Bad(FrameError::Form { what });
    let Some(line) = bytes.strip_suffix(b"\n") else {
        return Scan::Need(1);
    };
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let Some(colon) = line.iter().rposition(|byte| *byte == b':') else {
        return form("no colon");
    };
    let Some(body) = digits(line.get(colon + 1..).unwrap_or_default()) else {
        return form("not two hexadecimal digits a byte");
    };
    let Some((check, body)) = body.split_last() else {
        return form("empty line");
    };
    if *check != lrc(body) {
        let (got, want) = (u16::from(*check), u16::from(lrc(body)));
        return Scan::Bad(FrameError::Check { got, want });
    }
    match body.split_first() {
        Some((got, pdu)) if *got == unit => Scan::Pdu(pdu.to_vec()),
        Some((got, _)) => Scan::Bad(FrameError::Unit { got: *got, want: unit }),
        None => form("empty line"),
    }
}

fn digits(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    if rest.is_empty() { bytes.collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_faults_named() {
        assert_eq!(wrap(0x72, &[3, 0x4b, 0x2d, 0, 0x7d]), b":72034B2D007D96\r\n");
        let form = |what| Scan::Bad(FrameError::Form { what });
        let cases: [(&[u8], Scan); 7] = [
            (b":0183027A\r\n", Scan::Pdu(vec![0x83, 2])),
            (b"noise:01:0183027a\n", Scan::Pdu(vec![0x83, 2])),
            (b":0183", Scan::Need(1)),
            (b":0183027B\r\n", Scan::Bad(FrameError::Check { got: 0x7b, want: 0x7a })),
            (b":02830279\r\n", Scan::Bad(FrameError::Unit { got: 2, want: 1 })),
            (b"0183027A\r\n", form("no colon")),
            (b":018302A\r\n", form("not two hexadecimal digits a byte")),
        ];
        for (line, want) in cases {
            assert_eq!(scan(1, line), want, "{}", String::from_utf8_lossy(line));
        }
    }
}
