//! Questions and answers as bytes (meter.md, "Line"). No I/O: tested by tables.

/// What an answer carries.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// Fields, separated by `;`.
    Fields(&'a str),
    /// The meter's code for why not.
    Refused(&'a str),
}

/// Why bytes are no answer to the question.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("no frame from # to CR LF among {0} bytes")]
    Shape(usize),
    #[error("check sum is {got:?}, computed {want:04X}")]
    Check { got: String, want: u16 },
    #[error("answer to another question: {0:?}")]
    Other(String),
}

/// The bytes of a question: `01T` becomes `#01T*A065` and CR LF.
pub fn question(body: &str) -> Vec<u8> {
    format!("#{body}*{:04X}\r\n", crc(body.as_bytes())).into_bytes()
}

/// Takes the answer to the question `body` out of what came: noise before it does no harm.
pub fn answer<'a>(bytes: &'a [u8], body: &str) -> Result<Answer<'a>, FrameError> {
    let shape = FrameError::Shape(bytes.len());
    let start = bytes.iter().rposition(|byte| *byte == b'#').map_or(0, |at| at + 1);
    let text = bytes.get(start..).and_then(|rest| std::str::from_utf8(rest).ok());
    let Some((content, got)) = text.and_then(|text| text.strip_suffix("\r\n")?.rsplit_once('*')) else {
        return Err(shape);
    };
    let want = crc(content.as_bytes());
    if got != format!("{want:04X}") {
        return Err(FrameError::Check {
            got: got.to_owned(),
            want,
        });
    }
    let rest = content.strip_prefix(body);
    let fields = rest.and_then(|rest| rest.strip_prefix('=')).map(Answer::Fields);
    let refused = || rest.and_then(|rest| rest.strip_prefix('!')).map(Answer::Refused);
    fields
        .or_else(refused)
        .ok_or_else(|| FrameError::Other(content.to_owned()))
}

/// CRC-16/MODBUS.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| (crc >> 1) ^ (0xA001 * (crc & 1)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_judged_in_every_line_condition() {
        assert_eq!(question("01T"), b"#01T*A065\r\n");
        let whole = question("01T=2026-02-01T10:20:30");
        let with = |before: &[u8], frame: &[u8]| [before, frame].concat();
        let cases: &[(&str, Vec<u8>, Result<Answer, FrameError>)] = &[
            ("noise", with(b"\xFF#0", &question("01T=7")), Ok(Answer::Fields("7"))),
            ("refused", question("01T!1"), Ok(Answer::Refused("1"))),
            ("cut", whole[..9].to_vec(), Err(FrameError::Shape(9))),
            ("nothing", Vec::new(), Err(FrameError::Shape(0))),
            ("no text", with(b"#\xFF", b"*0000\r\n"), Err(FrameError::Shape(9))),
            ("late", question("01C=1"), Err(FrameError::Other("01C=1".to_owned()))),
            (
                "another meter",
                question("02T=1"),
                Err(FrameError::Other("02T=1".to_owned())),
            ),
            (
                "bad check",
                b"#01T=7*0000\r\n".to_vec(),
                Err(FrameError::Check {
                    got: "0000".to_owned(),
                    want: crc(b"01T=7"),
                }),
            ),
        ];
        for (name, bytes, want) in cases {
            assert_eq!(&answer(bytes, "01T"), want, "{name}");
        }
        assert_eq!(answer(&whole, "01T"), Ok(Answer::Fields("2026-02-01T10:20:30")));
    }
}
